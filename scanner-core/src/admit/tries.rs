//! Wrong codes and wrong PINs: how many there were, and how long to wait after them.
//!
//! Five wrong within an hour: a minute; each five more: twice as long. Twenty: typed codes wait for
//! a supervisor, PINs for an hour. A right one in between changes nothing, or whoever has one good
//! code could guess on.
//!
//! Invariants: a try is on disk as a wrong one before it is looked at, so neither a kill nor a
//! restart gives one away; whoever tries holds the append lock, so no two processes count apart;
//! what is kept is bounded; a file that makes no sense counts as twenty wrong.

use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use crate::cache::files;
use crate::error::Cause;

const WINDOW_SECS: i64 = 3600;
const STRIKE: usize = 5;
const FIRST_WAIT_SECS: i64 = 60;
const WRONG_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TryKind {
    Codes,
    Pins,
}

impl TryKind {
    const fn file(self) -> &'static str {
        match self {
            Self::Codes => "codes.tries",
            Self::Pins => "pins.tries",
        }
    }
}

/// Nothing may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locked {
    For {
        secs: u32,
    },
    /// Until a supervisor says so.
    Supervisor,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tries {
    /// Of the last hour.
    wrong: Vec<Timestamp>,
    until: Option<Timestamp>,
    #[serde(default)]
    supervisor: bool,
}

/// One try, counted as wrong until it is taken back.
#[must_use]
pub(crate) struct Try {
    kind: TryKind,
    before: Tries,
}

impl Tries {
    pub(crate) fn load(dir: &Path, kind: TryKind, now: Timestamp) -> Result<Self, Cause> {
        let Some(bytes) = files::read(&dir.join(kind.file()))? else {
            return Ok(Self::default());
        };
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, file = kind.file(), "wrong tries could not be read");
            let mut tries = Self::default();
            for _ in 0..WRONG_MAX {
                tries.count(kind, now);
            }
            tries
        }))
    }

    pub(crate) fn locked(&self, now: Timestamp) -> Option<Locked> {
        if self.supervisor {
            return Some(Locked::Supervisor);
        }
        let wait = self.until?.millis_since(now);
        // A wait beyond the longest was written by a clock that was ahead: the tries still count.
        if wait <= 0 || wait > WINDOW_SECS * 1000 {
            return None;
        }
        let secs = u32::try_from(wait.div_euclid(1000) + i64::from(wait % 1000 > 0));
        Some(Locked::For {
            secs: secs.unwrap_or(u32::MAX),
        })
    }

    /// Wrong ones within the hour.
    pub(crate) fn wrong(&self, now: Timestamp) -> usize {
        let recent = |at: &&Timestamp| now.millis_since(**at) < WINDOW_SECS * 1000;
        self.wrong.iter().filter(recent).count()
    }

    fn count(&mut self, kind: TryKind, now: Timestamp) {
        self.wrong
            .retain(|at| now.millis_since(*at) < WINDOW_SECS * 1000);
        self.wrong.push(now);
        let strikes = self.wrong.len() / STRIKE;
        if self.wrong.len() >= WRONG_MAX {
            self.wrong.truncate(WRONG_MAX);
            match kind {
                TryKind::Codes => self.supervisor = true,
                TryKind::Pins => self.until = Some(now.plus_secs(WINDOW_SECS)),
            }
        } else if self.wrong.len().is_multiple_of(STRIKE) {
            let doubled = u32::try_from(strikes - 1).unwrap_or(0);
            self.until = Some(now.plus_secs(FIRST_WAIT_SECS << doubled));
        }
    }

    fn store(&self, dir: &Path, kind: TryKind) -> Result<(), Cause> {
        let text = serde_json::to_vec(self).map_err(|_| Cause::Inconsistent {
            table: "tries",
            row: kind.file().to_owned(),
            what: "not JSON",
        })?;
        files::write_atomically(&dir.join(kind.file()), &text)
    }
}

impl Try {
    /// Counts it as wrong, durably; `Err(Ok(..))` when none is allowed now.
    pub(crate) fn begin(
        dir: &Path,
        kind: TryKind,
        now: Timestamp,
    ) -> Result<Result<Self, Locked>, Cause> {
        let before = Tries::load(dir, kind, now)?;
        if let Some(locked) = before.locked(now) {
            return Ok(Err(locked));
        }
        let mut after = before.clone();
        after.count(kind, now);
        after.store(dir, kind)?;
        Ok(Ok(Self { kind, before }))
    }

    /// It was right.
    pub(crate) fn take_back(self, dir: &Path) -> Result<(), Cause> {
        self.before.store(dir, self.kind)
    }
}

/// A supervisor allows them again.
pub(crate) fn forgive(dir: &Path, kind: TryKind) -> Result<(), Cause> {
    Tries::default().store(dir, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    /// Wrong tries until nothing is allowed, each as soon as it may be; seconds of each wait.
    fn waits(dir: &Path, kind: TryKind) -> (Vec<u32>, usize) {
        let mut now = NOW;
        let mut waits = Vec::new();
        let mut tries = 0;
        loop {
            match Try::begin(dir, kind, now).expect("stored") {
                Ok(_wrong) => tries += 1,
                Err(Locked::For { secs }) if waits.len() < 4 => {
                    waits.push(secs);
                    now = now.plus_secs(i64::from(secs));
                }
                Err(_) => return (waits, tries),
            }
        }
    }

    #[test]
    fn five_wrong_cost_a_minute_and_each_five_more_twice_as_much() {
        // T6, corpus 100
        let dir = tempfile::tempdir().expect("a folder");
        let (waits, tries) = waits(dir.path(), TryKind::Codes);
        assert_eq!((waits, tries), (vec![60, 120, 240], 20));
        let later = NOW.plus_secs(3 * 3600);
        let kept = Tries::load(dir.path(), TryKind::Codes, later).expect("read");
        assert_eq!(
            kept.locked(later),
            Some(Locked::Supervisor),
            "no clock ends it"
        );
        forgive(dir.path(), TryKind::Codes).expect("stored");
        let kept = Tries::load(dir.path(), TryKind::Codes, later).expect("read");
        assert_eq!((kept.locked(later), kept.wrong(later)), (None, 0));
    }

    #[test]
    fn pins_wait_an_hour_after_twenty() {
        // V11
        let dir = tempfile::tempdir().expect("a folder");
        let (waits, tries) = waits(dir.path(), TryKind::Pins);
        assert_eq!(waits, [60, 120, 240, 3600]);
        assert_eq!(tries, 25, "after the hour the count begins anew");
    }

    #[test]
    fn a_right_one_gives_back_its_own_try_only() {
        // T6: one good code does not pay for guesses.
        let dir = tempfile::tempdir().expect("a folder");
        let begin = || {
            Try::begin(dir.path(), TryKind::Codes, NOW)
                .expect("stored")
                .ok()
        };
        for _ in 0..4 {
            assert!(begin().is_some());
        }
        begin()
            .expect("allowed")
            .take_back(dir.path())
            .expect("stored");
        assert!(begin().is_some(), "the fifth wrong one");
        assert!(begin().is_none());
    }

    #[test]
    fn a_file_that_makes_no_sense_is_twenty_wrong() {
        // T6
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("codes.tries"), "{}x").expect("written");
        let tries = Tries::load(dir.path(), TryKind::Codes, NOW).expect("read");
        assert_eq!(tries.locked(NOW), Some(Locked::Supervisor));
    }

    #[test]
    fn a_clock_set_back_does_not_lock_for_days_and_forgets_nothing() {
        // T6
        let dir = tempfile::tempdir().expect("a folder");
        for _ in 0..5 {
            assert!(
                Try::begin(dir.path(), TryKind::Codes, NOW)
                    .expect("stored")
                    .is_ok()
            );
        }
        let yesterday = NOW.plus_secs(-86_400);
        let tries = Tries::load(dir.path(), TryKind::Codes, yesterday).expect("read");
        assert_eq!(tries.locked(yesterday), None);
        assert_eq!(tries.wrong(yesterday), 5);
    }
}
