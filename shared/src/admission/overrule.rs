//! What people at the gate may do with a verdict (V11): take a step, force, undo. Pure.
//!
//! Invariants: what is no verified ticket of this event is never let in, by nobody; a device that
//! was evicted cannot be overruled into admitting; an overruled verdict still tells what failed.

use crate::log::{EntryKind, Target, TicketState, Use};

use super::explain::{forced_words, step_done_words};
use super::verdict::{Outcome, Reason, Verdict};

impl Reason {
    /// A supervisor may let in against it: a ticket is there, and the rules or its standing speak
    /// against it.
    pub const fn may_be_forced(self) -> bool {
        match self {
            Self::Ok
            | Self::Revoked
            | Self::Reissued
            | Self::Blocked
            | Self::Cancelled
            | Self::Unpaid
            | Self::Expired
            | Self::TooEarly
            | Self::TooLate
            | Self::WrongGate
            | Self::WrongClass
            | Self::Rule
            | Self::AlreadyUsed
            | Self::NeedsId
            | Self::NeedsAnswer
            | Self::NeedsPayment
            | Self::SnapshotTooOld => true,
            // No ticket, or none that can be believed; the device itself; or nobody to let in.
            Self::NotATicket
            | Self::Misread
            | Self::UnknownEvent
            | Self::UnknownKey
            | Self::BadSignature
            | Self::DeviceEvicted
            | Self::RateLimited
            | Self::NotInside => false,
        }
    }
}

/// A person did what `attention` asked for: it becomes an admission. Others stay as they are.
pub fn confirm(verdict: &mut Verdict, language: &str) {
    if verdict.verdict != Outcome::Attention || !verdict.also.iter().all(|reason| reason.is_step())
    {
        return;
    }
    verdict.verdict = Outcome::Admit;
    verdict.also.insert(0, verdict.reason);
    verdict.reason = Reason::Ok;
    step_done_words(language, verdict.earlier.is_some()).clone_into(&mut verdict.explanation);
}

/// A supervisor lets in. `None` when nobody may.
///
/// The kind says how to record it: what would have been admitted anyway is an ordinary admission.
pub fn force(verdict: &Verdict, language: &str) -> Option<(Verdict, EntryKind)> {
    let all = verdict.also.iter().chain([&verdict.reason]);
    if verdict.serial.is_none() || !all.copied().all(Reason::may_be_forced) {
        return None;
    }
    if verdict.verdict == Outcome::Admit {
        return Some((verdict.clone(), EntryKind::Admit));
    }
    let mut forced = verdict.clone();
    forced.verdict = Outcome::Admit;
    forced.also.insert(0, verdict.reason);
    forced.reason = Reason::Ok;
    forced_words(language).clone_into(&mut forced.explanation);
    Some((forced, EntryKind::Forced))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnnulError {
    #[error("there is no such use of this ticket")]
    Unknown,
    #[error("it was taken back already")]
    Done,
    #[error("an undo stays")]
    Undo,
}

/// The use that an undo names: the given one, or else the latest that stands.
pub fn annul(state: &TicketState, which: Option<Target>) -> Result<Use, AnnulError> {
    let standing = |use_: &&Use| !is_undone(state, use_);
    let Some(target) = which else {
        let moves = state.uses().iter().rev();
        let latest = moves
            .filter(|use_| use_.kind != EntryKind::Undo)
            .find(standing);
        return latest.copied().ok_or(AnnulError::Unknown);
    };
    let named = |use_: &&Use| (use_.log, use_.seq) == (target.log, target.seq);
    let use_ = state.uses().iter().find(named).ok_or(AnnulError::Unknown)?;
    if use_.kind == EntryKind::Undo {
        return Err(AnnulError::Undo);
    }
    if standing(&use_) {
        Ok(*use_)
    } else {
        Err(AnnulError::Done)
    }
}

fn is_undone(state: &TicketState, use_: &Use) -> bool {
    let Use { log, seq, .. } = *use_;
    let undos = state
        .uses()
        .iter()
        .filter(|undo| undo.kind == EntryKind::Undo);
    let mut targets = undos.filter_map(|undo| undo.target);
    targets.any(|target| target == Target { log, seq })
}
