//! What device and server say to each other. Over HTTP: `POST /api/v1/gate/sync` and
//! `POST /api/v1/gate/segments`, bodies a `SignedRequest`, answers the response type.

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::strict::StrictError;
use crate::ids::{DeviceId, EventId};
use crate::log::{Genesis, LogId, LogSegment};
use crate::time::Timestamp;
use crate::trust::Signed;

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
        /// All logs that the sender has.
        vector: Vec<LogVector>,
        /// Logs the receiver may not know.
        geneses: Vec<Genesis>,
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
        vector: Vec<LogVector>,
        statements: StatementSet,
        geneses: Vec<Genesis>,
        /// Entries that the sender lacks, oldest first, as many as fit.
        segments: Vec<LogSegment>,
        /// More is waiting: ask again.
        more: bool,
        /// Entries that were refused, by log: nothing of that log after it was taken.
        refused: Vec<(LogId, String)>,
    },
}

/// Snapshot segments by hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentsRequest {
    V1 { hashes: Vec<[u8; 32]> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentsResponse {
    /// In the order asked; an unknown hash is left out.
    V1 { segments: Vec<([u8; 32], Vec<u8>)> },
}

/// A request with the device's name and signature over
/// "TKT1.request\0" ‖ device ‖ event ‖ sent (be i64 ms) ‖ BLAKE3(body).
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
        _key: &SigningKey,
        _device: DeviceId,
        _event: EventId,
        _sent: Timestamp,
        _body: &T,
    ) -> Self {
        unimplemented!()
    }
    /// The body's bytes, once the signature holds. Freshness of `sent` is the caller's to judge
    /// (a wrong clock must not lock a device out).
    pub fn verify(&self, _key: &VerifyingKey) -> Result<&[u8], StrictError> {
        unimplemented!()
    }
}
