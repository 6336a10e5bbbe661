//! What device and server say to each other. Over HTTP: `POST /api/v1/gate/sync`, `…/segments`,
//! `…/scan-keys` and `…/checkpoint`, bodies a `SignedRequest`, answers the response type.
//!
//! Every list has a bound, kept while reading; `from_wire` gives a message only when `check` holds.

use std::collections::BTreeSet;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::report::DeviceReport;
use super::strict::{self, StrictError, bounded};
use crate::ids::{DeviceId, EventId};
use crate::limits::{LOG_SEGMENT_ENTRIES_MAX, SYNC_BODY_BYTES_MAX};
use crate::log::{Entry, Genesis, LogId, LogSegment};
use crate::time::Timestamp;
use crate::trust::segment::SEGMENT_BYTES_MAX;
use crate::trust::statement::STATEMENT_BYTES_MAX;
use crate::trust::{Signed, WrappedScanKey};

/// Logs that one event can have: devices and their re-installs.
pub const LOGS_MAX: usize = 4096;
/// Log segments in one message.
pub const LOG_SEGMENTS_MAX: usize = 1024;
/// Snapshot segments asked for, or given, in one message: 256 of 16 KiB fit a body.
pub const SNAPSHOT_SEGMENTS_MAX: usize = 256;
/// Scan keys of one event: ids are one byte.
pub const SCAN_KEYS_MAX: usize = 256;
/// Why a log's entries were refused.
pub const REFUSAL_BYTES_MAX: usize = 256;

/// What the sender has of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogVector {
    pub log: LogId,
    pub next_seq: u32,
    /// First 8 bytes of the head hash: equal counts may hide different contents.
    pub head: [u8; 8],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncRequest {
    V1 {
        /// The sender's clock when it sent this.
        now: Timestamp,
        /// Versions of (root, keyring, roster, snapshot) held; 0 for none.
        held: [u64; 4],
        /// How the sender is, if it says: its own word, for people to look at.
        report: Option<DeviceReport>,
        /// All logs that the sender has.
        #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
        vector: Vec<LogVector>,
        /// Logs the receiver may not know.
        #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
        geneses: Vec<Genesis>,
        #[serde(deserialize_with = "bounded::<LOG_SEGMENTS_MAX, _, _>")]
        segments: Vec<LogSegment>,
    },
}

/// Newer statements than the ones held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementSet {
    pub root: Option<Signed>,
    pub keyring: Option<Signed>,
    pub roster: Option<Signed>,
    pub snapshot: Option<Signed>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SyncResponse {
    V1 {
        now: Timestamp,
        /// What the receiver durably has after this request: the sender's acknowledgement.
        #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
        vector: Vec<LogVector>,
        statements: StatementSet,
        #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
        geneses: Vec<Genesis>,
        /// Entries that the sender lacks, oldest first, as many as fit.
        #[serde(deserialize_with = "bounded::<LOG_SEGMENTS_MAX, _, _>")]
        segments: Vec<LogSegment>,
        /// More is waiting: ask again.
        more: bool,
        /// Entries that were refused, by log: nothing of that log after it was taken.
        #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
        refused: Vec<(LogId, String)>,
    },
}

/// Snapshot segments by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentsRequest {
    V1 {
        #[serde(deserialize_with = "bounded::<SNAPSHOT_SEGMENTS_MAX, _, _>")]
        hashes: Vec<[u8; 32]>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentsResponse {
    /// In the order asked; an unknown hash is left out, and so is what does not fit the body: ask
    /// again for those. An empty answer means that none is known.
    V1 {
        #[serde(deserialize_with = "bounded::<SNAPSHOT_SEGMENTS_MAX, _, _>")]
        segments: Vec<([u8; 32], Vec<u8>)>,
    },
}

/// The event's scan keys, for the device that asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScanKeysRequest {
    V1 {},
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScanKeysResponse {
    /// All that there are, each wrapped to the device.
    V1 {
        #[serde(deserialize_with = "bounded::<SCAN_KEYS_MAX, _, _>")]
        keys: Vec<WrappedScanKey>,
    },
}

/// Where the server has signed off that the event's logs end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckpointRequest {
    V1 {},
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckpointResponse {
    /// The newest one; `None` while nobody has signed any.
    V1 { checkpoint: Option<Signed> },
}

macro_rules! wire_form {
    ($($message:ident),+) => {$(
        impl $message {
            pub fn to_wire(&self) -> Vec<u8> {
                strict::to_wire(self)
            }
            /// Strict reading, at most `SYNC_BODY_BYTES_MAX`, then `check`.
            pub fn from_wire(bytes: &[u8]) -> Result<Self, StrictError> {
                let message: Self = strict::from_wire(bytes, SYNC_BODY_BYTES_MAX)?;
                message.check()?;
                Ok(message)
            }
        }
    )+};
}
wire_form!(
    SyncRequest,
    SyncResponse,
    SegmentsRequest,
    SegmentsResponse,
    ScanKeysRequest,
    ScanKeysResponse,
    CheckpointRequest,
    CheckpointResponse
);

impl SyncRequest {
    /// Bounds that senders and readers keep.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 {
            report,
            vector,
            geneses,
            segments,
            ..
        } = self;
        report.as_ref().map_or(Ok(()), DeviceReport::check)?;
        check_logs(vector, geneses, segments)
    }
}

impl SyncResponse {
    /// Bounds that senders and readers keep.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 {
            vector,
            geneses,
            segments,
            refused,
            ..
        } = self;
        check_logs(vector, geneses, segments)?;
        within(refused.len(), LOGS_MAX, "refusals")?;
        for (_, why) in refused {
            within(why.len(), REFUSAL_BYTES_MAX, "the text of a refusal")?;
        }
        Ok(())
    }
}

impl SegmentsRequest {
    /// Bounds that senders and readers keep.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 { hashes } = self;
        within(hashes.len(), SNAPSHOT_SEGMENTS_MAX, "hashes")
    }
}

impl SegmentsResponse {
    /// Bounds that senders and readers keep. The hashes are checked by `trust::Segment::open`.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 { segments } = self;
        within(segments.len(), SNAPSHOT_SEGMENTS_MAX, "segments")?;
        for (_, wire) in segments {
            within(wire.len(), SEGMENT_BYTES_MAX, "the bytes of a segment")?;
        }
        Ok(())
    }
}

impl ScanKeysRequest {
    /// Bounds that senders and readers keep: there are none.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 {} = self;
        Ok(())
    }
}

impl ScanKeysResponse {
    /// Bounds that senders and readers keep. The lengths are checked when a key is unwrapped.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 { keys } = self;
        within(keys.len(), SCAN_KEYS_MAX, "scan keys")
    }
}

impl CheckpointRequest {
    /// Bounds that senders and readers keep: there are none.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 {} = self;
        Ok(())
    }
}

impl CheckpointResponse {
    /// Bounds that senders and readers keep. What it says is judged by `trust::Checkpoint::open`.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 { checkpoint } = self;
        let bytes = checkpoint.as_ref().map_or(0, |of| of.bytes.len());
        within(bytes, STATEMENT_BYTES_MAX, "the bytes of a checkpoint")
    }
}

pub(super) fn within(count: usize, max: usize, what: &'static str) -> Result<(), StrictError> {
    if count > max {
        return Err(StrictError::Bounds(what));
    }
    Ok(())
}

fn check_logs(
    vector: &[LogVector],
    geneses: &[Genesis],
    segments: &[LogSegment],
) -> Result<(), StrictError> {
    within(vector.len(), LOGS_MAX, "logs")?;
    within(geneses.len(), LOGS_MAX, "geneses")?;
    within(segments.len(), LOG_SEGMENTS_MAX, "log segments")?;
    let logs: BTreeSet<LogId> = vector.iter().map(|known| known.log).collect();
    if logs.len() != vector.len() {
        return Err(StrictError::Bounds("a log is listed twice"));
    }
    for genesis in geneses {
        genesis
            .check()
            .map_err(|_| StrictError::Bounds("a genesis"))?;
    }
    segments.iter().try_for_each(check_log_segment)
}

pub(super) fn check_log_segment(segment: &LogSegment) -> Result<(), StrictError> {
    if segment.bodies.is_empty() {
        return Err(StrictError::Bounds("an empty log segment"));
    }
    within(segment.bodies.len(), LOG_SEGMENT_ENTRIES_MAX, "entries")?;
    for body in &segment.bodies {
        within(body.len(), Entry::LEN_WITH_TARGET, "the bytes of an entry")?;
    }
    let entries = u32::try_from(segment.bodies.len()).unwrap_or(u32::MAX);
    if segment.first_seq.checked_add(entries).is_none() {
        return Err(StrictError::Bounds("seq past its end"));
    }
    if segment.signature.len() != Signature::BYTE_SIZE {
        return Err(StrictError::Bounds("the length of a signature"));
    }
    Ok(())
}

/// A request with the device's name and signature over
/// "TKT1.request\0" ‖ device ‖ event ‖ sent (be i64 ms) ‖ BLAKE3(body).
/// Wire form: postcard, `V1` first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRequest {
    pub device: DeviceId,
    pub event: EventId,
    pub sent: Timestamp,
    pub body: Vec<u8>,
    pub signature: Vec<u8>,
}

impl SignedRequest {
    pub fn sign<T: Serialize>(
        key: &SigningKey,
        device: DeviceId,
        event: EventId,
        sent: Timestamp,
        body: &T,
    ) -> Self {
        let body = strict::to_wire(body);
        let signature = key.sign(&signed_bytes(device, event, sent, &body));
        Self {
            device,
            event,
            sent,
            body,
            signature: signature.to_bytes().to_vec(),
        }
    }
    /// The body's bytes, once the signature holds. Freshness of `sent` is the caller's to judge
    /// (a wrong clock must not lock a device out).
    pub fn verify(&self, key: &VerifyingKey) -> Result<&[u8], StrictError> {
        let signature =
            Signature::from_slice(&self.signature).map_err(|_| StrictError::Signature)?;
        let message = signed_bytes(self.device, self.event, self.sent, &self.body);
        key.verify_strict(&message, &signature)
            .map_err(|_| StrictError::Signature)?;
        Ok(&self.body)
    }
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_versioned(self)
    }
    /// Strict reading, at most `SYNC_BODY_BYTES_MAX`. Nothing is verified yet.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, StrictError> {
        strict::from_versioned(bytes, SYNC_BODY_BYTES_MAX)
    }
    /// The parsed body, once the signature holds; not yet checked against the message's bounds.
    pub fn open<T: Serialize + DeserializeOwned>(
        &self,
        key: &VerifyingKey,
    ) -> Result<T, StrictError> {
        strict::from_wire(self.verify(key)?, SYNC_BODY_BYTES_MAX)
    }
}

const REQUEST_DOMAIN: &[u8] = b"TKT1.request\0";

fn signed_bytes(device: DeviceId, event: EventId, sent: Timestamp, body: &[u8]) -> Vec<u8> {
    [
        REQUEST_DOMAIN,
        device.as_bytes(),
        event.as_bytes(),
        &sent.as_millis().to_be_bytes(),
        blake3::hash(body).as_bytes(),
    ]
    .concat()
}
