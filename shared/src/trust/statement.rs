//! The envelope that root, keyring, roster and snapshot share.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::ids::EventId;
use crate::time::Timestamp;

/// BLAKE3(public key)[..16].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId(pub [u8; 16]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementKind {
    Root,
    Keyring,
    Roster,
    Snapshot,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub kind: StatementKind,
    pub event: EventId,
    /// Starts at 1, rises by at least one.
    pub version: u64,
    pub created: Timestamp,
    pub expires: Timestamp,
    /// Hash of the version before; `None` for the first.
    pub previous: Option<[u8; 32]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement<T> {
    pub header: Header,
    pub body: T,
}

/// The statement's exact bytes and who signed them. Wire form: postcard, `V1` first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub bytes: Vec<u8>,
    /// Each an Ed25519 signature (64 bytes) over "TKT1.statement\0" ‖ `bytes`.
    pub signatures: Vec<(KeyId, Vec<u8>)>,
}

impl Signed {
    /// BLAKE3 of the statement's bytes (not of the signatures): names this version.
    pub fn hash(&self) -> [u8; 32] {
        unimplemented!()
    }
    /// Strict: nothing left over, re-encoding equals.
    pub fn from_wire(_bytes: &[u8]) -> Result<Self, TrustError> {
        unimplemented!()
    }
    pub fn to_wire(&self) -> Vec<u8> {
        unimplemented!()
    }
}

/// Who may sign a kind, and how many of them must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    pub keys: Vec<[u8; 32]>,
    pub threshold: u8,
}

/// What the reader insists on.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    pub kind: StatementKind,
    pub event: EventId,
    pub now: Timestamp,
    /// Highest version and its hash seen so far.
    pub seen: Option<(u64, [u8; 32])>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<T> {
    pub header: Header,
    pub body: T,
    pub hash: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    #[error("not a statement: {0}")]
    Malformed(&'static str),
    #[error("signed by {valid} of the {needed} keys that must sign")]
    Threshold { valid: usize, needed: usize },
    #[error("the statement is of another kind")]
    Kind,
    #[error("the statement is of another event")]
    Event,
    #[error("the statement expired at {0}")]
    Expired(Timestamp),
    #[error("version {offered} is older than {seen}, which was seen before")]
    Rollback { offered: u64, seen: u64 },
    #[error("two statements carry version {0}")]
    Fork(u64),
    #[error("a key is unusable: {0}")]
    Key(&'static str),
    #[error("the root is not the one that this device was enrolled with")]
    RootPin,
}

/// Signs with each key in turn.
pub fn seal<T: Serialize>(
    _statement: &Statement<T>,
    _keys: &[&SigningKey],
) -> Result<Signed, TrustError> {
    unimplemented!()
}

/// Signatures first, then header, then body.
pub fn open<T: Serialize + DeserializeOwned>(
    _signed: &Signed,
    _authority: &Authority,
    _expected: &Expected,
) -> Result<Opened<T>, TrustError> {
    unimplemented!()
}
