//! The envelope that root, keyring, roster, snapshot and checkpoint share.
//!
//! Reading goes outside in: size, signatures, header, body. Nothing that is not signed by enough
//! keys is parsed beyond the envelope.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::authority::{Authority, KeyId};
use crate::ids::EventId;
use crate::sync::strict::{self, StrictError, Wire, bounded};
use crate::ticket::keys::KeyError;
use crate::ticket::sign::checked;
use crate::time::Timestamp;

/// A manifest of 16 million tickets with seats and names needs less.
pub const STATEMENT_BYTES_MAX: usize = 2 * 1024 * 1024;
pub const SIGNATURES_MAX: usize = 16;
const DOMAIN: &[u8] = b"TKT1.statement\0";
/// Lengths, version, key ids and signatures around the statement.
const ENVELOPE_BYTES_MAX: usize = 16 + SIGNATURES_MAX * 96;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatementKind {
    Root,
    Keyring,
    Roster,
    Snapshot,
    /// Not gossiped: who wants one asks the server for it.
    Checkpoint,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub kind: StatementKind,
    pub event: EventId,
    /// Starts at 1, rises by at least one.
    pub version: u64,
    pub created: Timestamp,
    pub expires: Timestamp,
    /// Hash of the version before; `None` exactly for version 1.
    pub previous: Option<[u8; 32]>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement<T> {
    pub header: Header,
    pub body: T,
}

/// The statement's exact bytes and who signed them. Wire form: postcard, `V1` first; `bytes` is
/// postcard, `V1` first, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub bytes: Vec<u8>,
    /// Each an Ed25519 signature (64 bytes) over "TKT1.statement\0" ‖ `bytes`.
    #[serde(deserialize_with = "bounded::<SIGNATURES_MAX, _, _>")]
    pub signatures: Vec<(KeyId, Vec<u8>)>,
}

impl Signed {
    /// BLAKE3 of the statement's bytes (not of the signatures): names this version.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.bytes).as_bytes()
    }
    /// Strict: nothing left over, re-encoding equals.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, TrustError> {
        Ok(strict::from_versioned(
            bytes,
            STATEMENT_BYTES_MAX + ENVELOPE_BYTES_MAX,
        )?)
    }
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_versioned(self)
    }
    /// What it says it is, before anything is verified: to know by which keys to check it.
    pub fn kind(&self) -> Result<StatementKind, TrustError> {
        Ok(self.header()?.kind)
    }
    /// Which version it says it is, before anything is verified: to tell what is worth a look.
    pub fn version(&self) -> Result<u64, TrustError> {
        Ok(self.header()?.version)
    }
    /// What a signature covers.
    pub(super) fn message(&self) -> Vec<u8> {
        [DOMAIN, &self.bytes].concat()
    }
    pub(super) fn check_size(&self) -> Result<(), TrustError> {
        if self.bytes.len() > STATEMENT_BYTES_MAX || self.signatures.len() > SIGNATURES_MAX {
            return Err(TrustError::Malformed("too large"));
        }
        Ok(())
    }
    /// The header alone; whether the rest is canonical shows in `statement`.
    pub(super) fn header(&self) -> Result<Header, TrustError> {
        let (Wire::V1(header), _) = postcard::take_from_bytes::<Wire<Header>>(&self.bytes)
            .map_err(|_| TrustError::Malformed("header"))?;
        Ok(header)
    }
    pub(super) fn statement<T: Serialize + DeserializeOwned>(
        &self,
    ) -> Result<Statement<T>, TrustError> {
        Ok(strict::from_versioned(&self.bytes, STATEMENT_BYTES_MAX)?)
    }
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

impl Expected {
    /// Kind and event first: a version says nothing about another event's statement. Then the
    /// version, because a fork is an alarm and must not hide behind an expiry.
    pub(super) fn check(&self, header: &Header, hash: [u8; 32]) -> Result<(), TrustError> {
        if header.kind != self.kind {
            return Err(TrustError::Kind);
        }
        if header.event != self.event {
            return Err(TrustError::Event);
        }
        if header.version == 0 || (header.version == 1) != header.previous.is_none() {
            return Err(TrustError::Malformed("version and previous hash"));
        }
        self.check_version(header, hash)?;
        if self.now > header.expires {
            return Err(TrustError::Expired(header.expires));
        }
        Ok(())
    }

    fn check_version(&self, header: &Header, hash: [u8; 32]) -> Result<(), TrustError> {
        let Some((seen, seen_hash)) = self.seen else {
            return Ok(());
        };
        let offered = header.version;
        if offered < seen {
            return Err(TrustError::Rollback { offered, seen });
        }
        if offered == seen && hash != seen_hash {
            return Err(TrustError::Fork(seen));
        }
        // The direct successor names the version that it follows: if that is not the one seen
        // here, somebody was shown another version `seen`.
        if seen.checked_add(1) == Some(offered) && header.previous != Some(seen_hash) {
            return Err(TrustError::Fork(seen));
        }
        Ok(())
    }
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
    #[error("version {offered} came where only {expected} may follow")]
    Skipped { expected: u64, offered: u64 },
    #[error("a key is unusable: {0}")]
    Key(&'static str),
    #[error("the root is not the one that this device was enrolled with")]
    RootPin,
}

impl From<StrictError> for TrustError {
    fn from(error: StrictError) -> Self {
        Self::Malformed(match error {
            StrictError::Malformed => "malformed",
            StrictError::Trailing => "bytes left over",
            StrictError::NotCanonical => "not in canonical form",
            StrictError::TooLarge(_) => "too large",
            StrictError::Bounds(what) => what,
            StrictError::Signature => "signature",
        })
    }
}

impl From<KeyError> for TrustError {
    fn from(error: KeyError) -> Self {
        Self::Key(match error {
            KeyError::NotAPoint => "it is not on the curve",
            KeyError::NonCanonical => "it is not in canonical form",
            KeyError::SmallOrder => "it is of small order",
            KeyError::Torsioned => "it is not in the prime-order group",
        })
    }
}

/// Signs with each key in turn, and verifies before it releases. Refuses what every reader would refuse whatever the authority: no
/// key, a key twice, version 0, a statement over `STATEMENT_BYTES_MAX`.
pub fn seal<T: Serialize>(
    statement: &Statement<T>,
    keys: &[&SigningKey],
) -> Result<Signed, TrustError> {
    let header = &statement.header;
    if header.version == 0 || (header.version == 1) != header.previous.is_none() {
        return Err(TrustError::Malformed("version and previous hash"));
    }
    if keys.is_empty() {
        return Err(TrustError::Threshold {
            valid: 0,
            needed: 1,
        });
    }
    let mut signed = Signed {
        bytes: strict::to_versioned(statement),
        signatures: Vec::with_capacity(keys.len()),
    };
    let message = signed.message();
    for key in keys {
        let id = KeyId::of(key.verifying_key().as_bytes());
        if signed.signatures.iter().any(|(signer, _)| *signer == id) {
            return Err(TrustError::Key("it signs twice"));
        }
        let signature = checked(key, &message)
            .map_err(|_| TrustError::Key("its fresh signature does not verify"))?;
        signed.signatures.push((id, signature.to_vec()));
    }
    signed.check_size()?;
    Ok(signed)
}

/// Signatures first, then header, then body. What the body means (`Manifest::check`,
/// `Roster::check`, `TrustedKeys::load`) is judged after this.
pub fn open<T: Serialize + DeserializeOwned>(
    signed: &Signed,
    authority: &Authority,
    expected: &Expected,
) -> Result<Opened<T>, TrustError> {
    signed.check_size()?;
    authority.verify(signed)?;
    let hash = signed.hash();
    expected.check(&signed.header()?, hash)?;
    let Statement { header, body } = signed.statement()?;
    Ok(Opened { header, body, hash })
}
