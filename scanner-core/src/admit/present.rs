//! From what was read to what was shown: steps 1 to 3 of a decision, over all that a reading may be.
//!
//! Invariant: what one reading costs is bounded, whatever it says.

use shared::admission::{Presented, Reason, present_chip, present_listed};
use shared::time::Timestamp;

use super::Reading;
use super::scanner::Scanner;
use crate::chip::Chip;
use crate::input;

/// Signatures checked for one reading, whatever layouts could explain it.
const VERIFIES_MAX: usize = 3;

impl Scanner {
    /// A chip without a ticket of ours says nothing here.
    pub(super) fn present_chip(&mut self, chip: &Chip, now: Timestamp) -> Presented {
        self.not_genuine = false;
        let (Some(keys), Some(memory)) = (&self.book.keys, &chip.ticket) else {
            return Presented::Refused(Reason::NotATicket);
        };
        let issued = |serial| self.book.issued(serial);
        present_chip(chip.uid, memory, self.identity.event, keys, &issued, now)
    }

    /// The first candidate that verifies, else the failure that came furthest.
    pub(super) fn present(&mut self, reading: &Reading, now: Timestamp) -> Presented {
        let Some(keys) = &self.book.keys else {
            return Presented::Refused(Reason::UnknownKey);
        };
        let event = self.identity.event;
        let issued = |serial| self.book.issued(serial);
        let mut furthest = Reason::NotATicket;
        let mut verifies = 0;
        let mut bad = None;
        for candidate in input::candidates(&reading.text, reading.keys.as_deref()) {
            match present_listed(&candidate, event, keys, &issued, now) {
                Presented::Refused(reason) => {
                    if reason == Reason::BadSignature {
                        verifies += 1;
                        bad.get_or_insert_with(|| blake3::hash(candidate.as_bytes()));
                    }
                    if progress(reason) > progress(furthest) {
                        furthest = reason;
                    }
                }
                ticket @ (Presented::Ticket { .. } | Presented::Found { .. }) => {
                    self.last_bad = None;
                    self.not_genuine = false;
                    return ticket;
                }
            }
            if verifies == VERIFIES_MAX {
                break;
            }
        }
        // Not genuine only after two identical reads: one may be a misread.
        self.not_genuine = bad.is_some() && self.last_bad == bad;
        self.last_bad = bad;
        Presented::Refused(furthest)
    }
}

/// How far a text came on the way to a ticket: the most telling failure is shown.
fn progress(reason: Reason) -> u8 {
    match reason {
        Reason::Reissued => 5,
        Reason::BadSignature => 4,
        Reason::UnknownKey => 3,
        Reason::UnknownEvent => 2,
        Reason::Misread => 1,
        _ => 0,
    }
}
