//! Logs as hash chains, single entries with their signature, and catch-up segments with one.
//!
//! One message, "TKT1.entry\0" ‖ log id ‖ previous hash ‖ body, is both what a device signs and
//! what BLAKE3 turns into the next hash. So a signature on an entry vouches for all before it.
//!
//! Invariants: only `verify_strict` accepts (batch verification can give two replicas two answers,
//! and they would disagree for ever); a head moves by whole verified entries or not at all.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::entry::{Entry, EntryError};
use crate::ids::{DeviceId, EventId};
use crate::limits::{APP_VERSION_BYTES_MAX, GENESIS_BYTES_MAX, LOG_SEGMENT_ENTRIES_MAX};
use crate::sync::strict::{self, bounded};

const DOMAIN: &[u8; 11] = b"TKT1.entry\0";
const MESSAGE_BYTES_MAX: usize = DOMAIN.len() + 16 + 32 + Entry::LEN_WITH_TARGET;

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
        strict::to_versioned(self)
    }

    /// Strict: nothing left over, canonical, bounded.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, ChainError> {
        let genesis: Self = strict::from_versioned(bytes, GENESIS_BYTES_MAX)
            .map_err(|_| ChainError::Malformed("genesis"))?;
        genesis.check()?;
        Ok(genesis)
    }

    /// For a genesis that came inside another message: the bounds that `from_wire` keeps.
    pub fn check(&self) -> Result<(), ChainError> {
        if self.app_version.len() > APP_VERSION_BYTES_MAX {
            return Err(ChainError::Malformed("app version"));
        }
        Ok(())
    }

    pub fn log_id(&self) -> LogId {
        self.names().0
    }

    /// The hash before entry 0: BLAKE3 of the genesis.
    pub fn head(&self) -> LogHead {
        self.names().1
    }

    fn names(&self) -> (LogId, LogHead) {
        let hash = *blake3::hash(&self.to_wire()).as_bytes();
        let (id, _) = hash.split_at(16);
        let mut log = LogId([0; 16]);
        log.0.copy_from_slice(id);
        (log, LogHead { next_seq: 0, hash })
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
    pub fn append(&self, log: LogId, entry: &Entry) -> Result<Self, ChainError> {
        self.after(entry, &Message::new(log, self, &entry.encode()?))
    }

    /// First 8 bytes of the hash, for version vectors: equal counts may hide different contents.
    pub fn short(&self) -> [u8; 8] {
        let mut short = [0; 8];
        short.copy_from_slice(&self.hash[..8]);
        short
    }

    fn after(&self, entry: &Entry, message: &Message) -> Result<Self, ChainError> {
        if entry.seq != self.next_seq {
            return Err(ChainError::Gap {
                expected: self.next_seq,
                found: entry.seq,
            });
        }
        Ok(Self {
            next_seq: entry
                .seq
                .checked_add(1)
                .ok_or(ChainError::Malformed("the log is full"))?,
            hash: *blake3::hash(message.as_bytes()).as_bytes(),
        })
    }
}

/// What is signed and hashed, on the stack.
struct Message {
    bytes: [u8; MESSAGE_BYTES_MAX],
    len: usize,
}

impl Message {
    /// `body` is canonical, so never longer than `Entry::LEN_WITH_TARGET`.
    fn new(log: LogId, head: &LogHead, body: &[u8]) -> Self {
        let mut bytes = [0; MESSAGE_BYTES_MAX];
        let mut len = 0;
        for part in [&DOMAIN[..], &log.0, &head.hash, body] {
            bytes[len..len + part.len()].copy_from_slice(part);
            len += part.len();
        }
        Self { bytes, len }
    }
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
    fn verify(&self, key: &VerifyingKey, signature: &[u8]) -> Result<(), ChainError> {
        let signature = Signature::from_slice(signature).map_err(|_| ChainError::Signature)?;
        key.verify_strict(self.as_bytes(), &signature)
            .map_err(|_| ChainError::Signature)
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
    /// Signs `entry` on top of `head` and gives the head after it.
    ///
    /// Unlike a ticket, the result is not verified before release. The check guards against faults
    /// in the computation that would give the key away; whoever can induce them holds the device,
    /// and with it a key that the roster can cut off. It would double the cost of every scan.
    pub fn sign(
        key: &SigningKey,
        log: LogId,
        head: &LogHead,
        entry: &Entry,
    ) -> Result<(Self, LogHead), ChainError> {
        let body = entry.encode()?;
        let message = Message::new(log, head, &body);
        let after = head.after(entry, &message)?;
        let signature = key.sign(message.as_bytes()).to_bytes().to_vec();
        Ok((Self { body, signature }, after))
    }

    /// Strict verification on top of `head`; gives the entry and the new head.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        log: LogId,
        head: &LogHead,
    ) -> Result<(Entry, LogHead), ChainError> {
        let entry = Entry::decode(&self.body)?;
        let message = Message::new(log, head, &self.body);
        let after = head.after(&entry, &message)?;
        message.verify(key, &self.signature)?;
        Ok((entry, after))
    }
}

/// Catch-up form: consecutive bodies, and the signature of the last; the chain covers the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSegment {
    pub log: LogId,
    pub first_seq: u32,
    /// At most `LOG_SEGMENT_ENTRIES_MAX`, never empty.
    #[serde(deserialize_with = "bounded::<LOG_SEGMENT_ENTRIES_MAX, _, _>")]
    pub bodies: Vec<Vec<u8>>,
    /// Of the last entry, 64 bytes.
    pub signature: Vec<u8>,
}

impl LogSegment {
    /// From stored entries: consecutive bodies, and the stored signature of the last of them.
    /// Checks shape and order, not signatures: those were checked when the entries were stored.
    pub fn new(log: LogId, bodies: Vec<Vec<u8>>, signature: Vec<u8>) -> Result<Self, ChainError> {
        check_count(&bodies)?;
        if signature.len() != Signature::BYTE_SIZE {
            return Err(ChainError::Malformed("signature length"));
        }
        let first_seq = match bodies.first() {
            Some(body) => Entry::decode(body)?.seq,
            None => return Err(EMPTY),
        };
        let mut expected = first_seq;
        for body in &bodies {
            let found = Entry::decode(body)?.seq;
            if found != expected {
                return Err(ChainError::Gap { expected, found });
            }
            expected = expected
                .checked_add(1)
                .ok_or(ChainError::Malformed("the log is full"))?;
        }
        Ok(Self {
            log,
            first_seq,
            bodies,
            signature,
        })
    }

    /// Entries and the head after them, when they extend `head`: all of them or none.
    ///
    /// A segment that starts before or after `head` is a `Gap`: the caller asks for the right start.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        head: &LogHead,
    ) -> Result<(Vec<Entry>, LogHead), ChainError> {
        check_count(&self.bodies)?;
        if self.first_seq != head.next_seq {
            return Err(ChainError::Gap {
                expected: head.next_seq,
                found: self.first_seq,
            });
        }
        let mut entries = Vec::with_capacity(self.bodies.len());
        let mut after = *head;
        let mut last = None;
        for body in &self.bodies {
            let entry = Entry::decode(body)?;
            let message = Message::new(self.log, &after, body);
            after = after.after(&entry, &message)?;
            entries.push(entry);
            last = Some(message);
        }
        // Last, because it costs five hundred times a link.
        last.ok_or(EMPTY)?.verify(key, &self.signature)?;
        Ok((entries, after))
    }
}

const EMPTY: ChainError = ChainError::Malformed("an empty segment");

fn check_count(bodies: &[Vec<u8>]) -> Result<(), ChainError> {
    match bodies.len() {
        0 => Err(EMPTY),
        1..=LOG_SEGMENT_ENTRIES_MAX => Ok(()),
        _ => Err(ChainError::Malformed("too many entries")),
    }
}
