//! From what was read to what was shown: steps 1 to 3 of a decision, over all that a reading may be.
//!
//! Invariant: what one reading costs is bounded, whatever it says.

use shared::admission::{Presented, Reason, present_chip};
use shared::time::Timestamp;

use super::Reading;
use super::scanner::Scanner;
use crate::chip::Chip;
use crate::input;

impl Scanner {
    /// A chip without a ticket of ours says nothing here.
    pub(super) fn present_chip(&mut self, chip: &Chip, now: Timestamp) -> Presented {
        self.not_genuine = false;
        let (Some(keys), Some(memory)) = (&self.book.keys, &chip.ticket) else {
            return Presented::Refused(Reason::NotATicket);
        };
        let issued = |serial| self.book.issued(serial);
        let now = self.corrected(now);
        present_chip(chip.uid, memory, self.identity.event, keys, &issued, now)
    }

    /// The first candidate that verifies, else the failure that came furthest.
    pub(super) fn present(&mut self, reading: &Reading, now: Timestamp) -> Presented {
        let Some(keys) = &self.book.keys else {
            return Presented::Refused(Reason::UnknownKey);
        };
        let event = self.identity.event;
        let issued = |serial| self.book.issued(serial);
        let text = (reading.text.as_str(), reading.keys.as_deref());
        let read = input::read(text, event, keys, &issued, self.corrected(now));
        // Not genuine only after two identical reads: one may be a misread.
        self.not_genuine = read.bad.is_some() && self.last_bad == read.bad;
        self.last_bad = read.bad;
        read.presented
    }
}
