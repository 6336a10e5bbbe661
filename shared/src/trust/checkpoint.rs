//! The checkpoint: where each log of an event ends, signed off after it by two authorities.
//!
//! Invariants: the roster's key and the snapshot's both stand behind it, and a key that is in both
//! counts for one of them only, so whoever steals one key signs nothing off; a log that it does not
//! name is not signed off at all; it covers what it names and says nothing about what came later.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::root::Root;
use super::statement::{Expected, Opened, Signed, Statement, StatementKind, TrustError};
use crate::ids::EventId;
use crate::log::{LogHead, LogId};
use crate::sync::message::LOGS_MAX;
use crate::sync::strict::bounded;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The newest roster and snapshot when it was signed.
    pub roster_version: u64,
    pub snapshot_version: u64,
    /// All logs, ascending by id, each with its end.
    #[serde(deserialize_with = "bounded::<LOGS_MAX, _, _>")]
    pub logs: Vec<(LogId, LogHead)>,
}

/// What a checkpoint says about a log that somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All that is held was signed off, and nothing more.
    Covered,
    /// More was signed off than is held. Whether what is held is the beginning of it, a head alone
    /// does not tell.
    ServerHasMore,
    /// The last entries that are held were not signed off.
    Uncovered { missing: u32 },
    /// Another history was signed off than the one that is held.
    Contradicts,
}

impl Checkpoint {
    /// Signatures first, then header, body and order, like every statement. `seen`: the highest
    /// version and its hash, where one is remembered.
    pub fn open(
        signed: &Signed,
        root: &Root,
        event: EventId,
        now: Timestamp,
        seen: Option<(u64, [u8; 32])>,
    ) -> Result<Opened<Self>, TrustError> {
        signed.check_size()?;
        verify_both(signed, root)?;
        let hash = signed.hash();
        let expected = Expected {
            kind: StatementKind::Checkpoint,
            event,
            now,
            seen,
        };
        expected.check(&signed.header()?, hash)?;
        let Statement { header, body } = signed.statement::<Self>()?;
        body.check()?;
        Ok(Opened { header, body, hash })
    }

    /// What readers rely on. A signer calls this before signing.
    pub fn check(&self) -> Result<(), TrustError> {
        if self.logs.len() > LOGS_MAX {
            return Err(TrustError::Malformed("too many logs"));
        }
        if !self.logs.is_sorted_by(|(one, _), (next, _)| one < next) {
            return Err(TrustError::Malformed("logs out of order"));
        }
        Ok(())
    }

    /// Where a log ends by it.
    pub fn end_of(&self, log: LogId) -> Option<LogHead> {
        let at = self.logs.binary_search_by_key(&log, |(id, _)| *id).ok()?;
        self.logs.get(at).map(|(_, head)| *head)
    }

    /// Entries in all logs.
    pub fn entries(&self) -> u64 {
        let ends = self.logs.iter();
        ends.map(|(_, head)| u64::from(head.next_seq)).sum()
    }

    /// Compares a log as it is held with what was signed off. `hash_at` gives the hash of what is
    /// held before a seq that is not past its end.
    pub fn compare(
        &self,
        log: LogId,
        held: LogHead,
        hash_at: impl FnOnce(u32) -> Option<[u8; 32]>,
    ) -> Coverage {
        let Some(end) = self.end_of(log) else {
            return match held.next_seq {
                0 => Coverage::Covered,
                missing => Coverage::Uncovered { missing },
            };
        };
        if held.next_seq < end.next_seq {
            return Coverage::ServerHasMore;
        }
        let there = if held.next_seq == end.next_seq {
            Some(held.hash)
        } else {
            hash_at(end.next_seq)
        };
        match (there, held.next_seq - end.next_seq) {
            (Some(hash), _) if hash != end.hash => Coverage::Contradicts,
            (Some(_), 0) => Coverage::Covered,
            (Some(_) | None, missing) => Coverage::Uncovered { missing },
        }
    }
}

/// Roster and snapshot must each reach their threshold, with no key counted for both of them. Sets
/// of signers can be split so exactly when they are large enough together, too.
fn verify_both(signed: &Signed, root: &Root) -> Result<(), TrustError> {
    root.roster.verify(signed)?;
    root.snapshot.verify(signed)?;
    let mut signers: BTreeSet<_> = root.roster.signers(signed)?.into_iter().collect();
    signers.extend(root.snapshot.signers(signed)?);
    let needed = usize::from(root.roster.threshold) + usize::from(root.snapshot.threshold);
    let valid = signers.len();
    if valid < needed {
        return Err(TrustError::Threshold { valid, needed });
    }
    Ok(())
}
