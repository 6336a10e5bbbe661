//! From a typed code to its ticket. The one slow hash of this crate.
//!
//! Invariants: check digits first, then the limits, then the hash; a wrong code costs the same time
//! and gets the same words whatever it is near; no code is kept or logged.

use shared::admission::{Presented, Untyped};
use shared::ticket::TypedCode;
use shared::time::Timestamp;

use super::scanner::Scanner;
use super::shown::{Evidence, Shown};
use super::tries::{self, Locked, Try, TryKind};
use crate::error::Cause;
use crate::input::Typed;
use crate::status::TriesView;

impl Scanner {
    /// The ticket of a typed code, counted as a try.
    pub(super) fn look_up(&mut self, typed: Typed, now: Timestamp) -> Result<Shown, Cause> {
        let Typed::Code(code) = typed else {
            return Ok(self.found_nothing(Untyped::Misread));
        };
        if !self.is_attended() {
            return Ok(self.found_nothing(Untyped::Unattended));
        }
        // Nothing is looked up without a list, so nothing is guessed either.
        if self.book.snapshot.is_none() {
            return Ok(self.found_nothing(Untyped::Unknown));
        }
        // Whoever tries is alone with this data: two processes would count apart.
        self.open_log()?;
        let dir = self.cache.dir().to_path_buf();
        let attempt = match Try::begin(&dir, TryKind::Codes, now)? {
            Ok(attempt) => attempt,
            Err(Locked::For { secs }) => return Ok(self.found_nothing(Untyped::Wait { secs })),
            Err(Locked::Supervisor) => return Ok(self.found_nothing(Untyped::Supervisor)),
        };
        let shown = self.find_by_code(code);
        if shown.payload().is_some() {
            attempt.take_back(&dir)?;
        }
        Ok(shown)
    }

    pub(crate) fn tries(&self, now: Timestamp) -> Result<TriesView, Cause> {
        let dir = self.cache.dir();
        let codes = tries::load(dir, TryKind::Codes, now)?;
        let pins = tries::load(dir, TryKind::Pins, now)?;
        Ok(TriesView {
            wrong_codes: codes.wrong(now),
            wrong_pins: pins.wrong(now),
            codes_locked: codes.locked(now).is_some(),
        })
    }

    /// Two tickets with one code, which chance gives to an event of a million, are nobody's: the
    /// holder's name finds them.
    pub(super) fn find_by_code(&self, code: TypedCode) -> Shown {
        let event = self.identity.event;
        let proof = code.proof(event);
        let found = self.book.with_code(proof.code_index(event));
        let payload = match found[..] {
            [serial] => self.book.payload(serial),
            _ => None,
        };
        match payload {
            Some(payload) => Shown {
                presented: Presented::Found { payload },
                evidence: Evidence::Typed(proof),
                words: None,
            },
            None => self.found_nothing(Untyped::Unknown),
        }
    }

    pub(super) fn found_nothing(&self, why: Untyped) -> Shown {
        Shown {
            presented: why.presented(),
            evidence: Evidence::Nothing,
            words: Some(why.explain(self.language())),
        }
    }
}
