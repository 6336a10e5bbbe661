//! Logs as hash chains, single entries with their signature, and catch-up segments with one.

use ed25519_dalek::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, EntryError};
use crate::ids::{DeviceId, EventId};

/// BLAKE3(genesis)[..16].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogId(pub [u8; 16]);

impl std::fmt::Display for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl std::fmt::Debug for LogId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogId({self})")
    }
}

/// What a log begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    pub event: EventId,
    pub device: DeviceId,
    pub device_key: [u8; 32],
    /// Fresh per install or restore.
    pub incarnation: [u8; 16],
    pub app_version: String,
}

impl Genesis {
    /// Postcard, `V1` first.
    pub fn to_wire(&self) -> Vec<u8> {
        unimplemented!()
    }
    pub fn from_wire(_bytes: &[u8]) -> Result<Self, ChainError> {
        unimplemented!()
    }
    pub fn log_id(&self) -> LogId {
        unimplemented!()
    }
    /// The hash before entry 0: BLAKE3 of the genesis.
    pub fn head(&self) -> LogHead {
        unimplemented!()
    }
}

/// Where a log ends: the next seq and the hash of all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    pub next_seq: u32,
    pub hash: [u8; 32],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error(transparent)]
    Entry(#[from] EntryError),
    #[error("expected seq {expected}, found {found}")]
    Gap { expected: u32, found: u32 },
    #[error("the signature does not fit log, chain and body")]
    Signature,
    #[error("malformed: {0}")]
    Malformed(&'static str),
}

impl LogHead {
    /// The head after `entry`; refuses a gap.
    pub fn append(&self, _log: LogId, _entry: &Entry) -> Result<Self, ChainError> {
        unimplemented!()
    }
}

/// Live form: body and signature. Signed bytes: "TKT1.entry\0" ‖ log id ‖ previous hash ‖ body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedEntry {
    pub body: Vec<u8>,
    /// 64 bytes.
    pub signature: Vec<u8>,
}

impl SignedEntry {
    pub fn sign(
        _key: &SigningKey,
        _log: LogId,
        _head: &LogHead,
        _entry: &Entry,
    ) -> Result<(Self, LogHead), ChainError> {
        unimplemented!()
    }
    /// Strict verification on top of `head`; gives the entry and the new head.
    pub fn verify(
        &self,
        _key: &VerifyingKey,
        _log: LogId,
        _head: &LogHead,
    ) -> Result<(Entry, LogHead), ChainError> {
        unimplemented!()
    }
}

/// Catch-up form: consecutive bodies, and the signature of the last; the chain covers the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSegment {
    pub log: LogId,
    pub first_seq: u32,
    /// At most `LOG_SEGMENT_ENTRIES_MAX`, never empty.
    pub bodies: Vec<Vec<u8>>,
    /// Of the last entry, 64 bytes.
    pub signature: Vec<u8>,
}

impl LogSegment {
    /// Entries and the head after them, when they extend `head`. Entries at or before `head` are
    /// recomputed only if they start at it: the caller asks for the right start.
    pub fn verify(
        &self,
        _key: &VerifyingKey,
        _head: &LogHead,
    ) -> Result<(Vec<Entry>, LogHead), ChainError> {
        unimplemented!()
    }
}
