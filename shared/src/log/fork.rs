//! Two bodies at one place of a log: the proof, and what hangs on branches.
//!
//! Invariants: a proof convinces anybody who has the genesis, and nobody else can make one: both
//! sides are signed by the log's own key on top of the same hash. A branch vouches for itself in
//! the same way: its signature covers the hash that it says it stands on.

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::chain::{ChainError, Genesis, LogHead, LogSegment};
use super::entry::Entry;

/// Consecutive entries on top of a hash that the receiver need not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Hash of all before the first entry.
    pub previous: [u8; 32],
    pub segment: LogSegment,
}

impl Branch {
    pub const fn foot(&self) -> LogHead {
        LogHead {
            next_seq: self.segment.first_seq,
            hash: self.previous,
        }
    }

    /// The writer did sign these entries on top of that hash.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(Vec<Entry>, LogHead), ChainError> {
        self.segment.verify(key, &self.foot())
    }
}

/// The writer signed two different entries on top of the same hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForkProof {
    pub genesis: Genesis,
    /// Hash of all that both sides have in common.
    pub previous: [u8; 32],
    /// Both begin at the same seq. The one whose first body is smaller comes first.
    pub left: LogSegment,
    pub right: LogSegment,
}

impl ForkProof {
    /// In canonical order; says nothing yet about whether it holds.
    pub fn new(genesis: Genesis, previous: [u8; 32], one: LogSegment, other: LogSegment) -> Self {
        let (left, right) = if one.bodies.first() <= other.bodies.first() {
            (one, other)
        } else {
            (other, one)
        };
        Self {
            genesis,
            previous,
            left,
            right,
        }
    }

    /// Where the log splits: the last head that both sides share.
    pub const fn at(&self) -> LogHead {
        LogHead {
            next_seq: self.left.first_seq,
            hash: self.previous,
        }
    }

    pub fn branches(&self) -> [Branch; 2] {
        [&self.left, &self.right].map(|segment| Branch {
            previous: self.previous,
            segment: segment.clone(),
        })
    }

    /// Strict: order, log, place, difference, and both signatures by the genesis' key.
    pub fn verify(&self) -> Result<(), ChainError> {
        self.genesis.check()?;
        let log = self.genesis.log_id();
        if self.left.log != log || self.right.log != log {
            return Err(ChainError::Malformed("a proof about another log"));
        }
        if self.left.first_seq != self.right.first_seq {
            return Err(ChainError::Malformed("a proof about two places"));
        }
        if self.left.bodies.first() >= self.right.bodies.first() {
            return Err(ChainError::Malformed("a proof without a difference"));
        }
        let key = VerifyingKey::from_bytes(&self.genesis.device_key)
            .map_err(|_| ChainError::Malformed("the device key"))?;
        let foot = self.at();
        self.left.verify(&key, &foot)?;
        self.right.verify(&key, &foot)?;
        Ok(())
    }
}
