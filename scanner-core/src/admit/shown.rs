//! What was shown to the gate, and what an entry can say of it.

use shared::admission::{Direction, Presented, Untyped, Verdict};
use shared::log::{DecisionFlags, EntryKind, Target};
use shared::ticket::{Payload, ScanProof, Token};
use shared::time::Timestamp;

use super::scanner::Scanner;
use super::{Reading, ScanOptions};
use crate::error::Cause;
use crate::input::{self, Typed};

/// What was shown, looked up, or named; and what proves it.
pub(super) struct Shown {
    pub(super) presented: Presented,
    pub(super) evidence: Evidence,
    /// In place of the sentence that the rule finds.
    pub(super) words: Option<String>,
}

/// What an entry can carry of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The ticket's own code.
    Token(Token),
    /// Its typed code.
    Typed(ScanProof),
    /// A wristband or card that stands for it.
    Medium(ScanProof),
    /// Somebody's word.
    Nothing,
}

impl Shown {
    pub(super) fn scanned(presented: Presented) -> Self {
        let evidence = match &presented {
            Presented::Ticket { token, .. } => Evidence::Token(*token),
            Presented::Found { .. } | Presented::Refused(_) => Evidence::Nothing,
        };
        Self {
            presented,
            evidence,
            words: None,
        }
    }

    /// The code itself, for the record of codes that turn.
    pub(super) fn code(&self) -> Option<(Payload, Token)> {
        match (&self.presented, &self.evidence) {
            (Presented::Ticket { payload, .. }, Evidence::Token(token)) => Some((*payload, *token)),
            _ => None,
        }
    }

    /// The ticket, if there is one.
    pub(super) fn payload(&self) -> Option<&Payload> {
        match &self.presented {
            Presented::Ticket { payload, .. } | Presented::Found { payload } => Some(payload),
            Presented::Refused(_) => None,
        }
    }
}

/// What to write down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) kind: EntryKind,
    pub(super) serial: u32,
    pub(super) generation: u8,
    pub(super) proof: ScanProof,
    /// Besides those of the moment.
    pub(super) flags: DecisionFlags,
    pub(super) target: Option<Target>,
}

impl Fact {
    /// A step that the verdict asked for and a person did is told in the entry.
    pub(super) fn after(self, verdict: &Verdict, options: ScanOptions) -> Self {
        if options.confirmed && verdict.also.iter().any(|reason| reason.is_step()) {
            let flags = self.flags.with(DecisionFlags::CONFIRMED);
            return Self { flags, ..self };
        }
        self
    }
}

impl Scanner {
    /// A ticket, a typed code, or neither.
    pub(super) fn look_at(&mut self, reading: &Reading, now: Timestamp) -> Result<Shown, Cause> {
        // A medium's number may look like a code; it is known by its hash, which costs nothing.
        if let Some(typed) = input::typed(&reading.text, reading.keys.as_deref())
            && !self.is_medium(&reading.text)
        {
            return self.look_up(typed, now);
        }
        Ok(Shown::scanned(self.present(reading, now)))
    }

    /// The same for a supervisor, whose typed codes are not counted.
    pub(super) fn look_at_for_supervisor(&mut self, reading: &Reading, now: Timestamp) -> Shown {
        let typed = input::typed(&reading.text, reading.keys.as_deref());
        match typed.filter(|_| !self.is_medium(&reading.text)) {
            Some(Typed::Code(code)) => self.find_by_code(code),
            Some(Typed::Slip) => self.found_nothing(Untyped::Misread),
            None => Shown::scanned(self.present(reading, now)),
        }
    }

    /// What an entry says of the ticket that the verdict is about: the one in hand, what was added
    /// to it, or what a medium stands for.
    pub(super) fn admission(
        &self,
        evidence: Evidence,
        verdict: &Verdict,
        direction: Direction,
    ) -> Option<Fact> {
        let (serial, generation) = (verdict.serial?, verdict.generation?);
        let (proof, flags) = match evidence {
            Evidence::Token(token) => (
                ScanProof::of_token(self.identity.event, &token),
                DecisionFlags::default(),
            ),
            Evidence::Typed(proof) => (proof, DecisionFlags::TYPED),
            Evidence::Medium(proof) => (proof, DecisionFlags::default()),
            Evidence::Nothing => (ScanProof([0; 8]), DecisionFlags::default()),
        };
        let (kind, target) = match direction {
            Direction::In => (EntryKind::Admit, None),
            // An exit names the admission that it closes.
            Direction::Out => (EntryKind::Exit, self.open_admission(serial)),
        };
        Some(Fact {
            kind,
            serial,
            generation,
            proof,
            flags,
            target,
        })
    }

    fn open_admission(&self, serial: u32) -> Option<Target> {
        let state = self.book.state.ticket(serial)?;
        let open = state.open_admission()?;
        Some(Target {
            log: open.log,
            seq: open.seq,
        })
    }
}
