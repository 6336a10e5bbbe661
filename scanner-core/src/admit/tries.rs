//! The files that count wrong codes and wrong PINs on this device. After twenty, typed codes wait for
//! a supervisor, PINs for an hour; how long before that is `shared::admission::tries`.
//!
//! Invariants: a try is on disk as a wrong one before it is looked at, so neither a kill nor a
//! restart gives one away; whoever tries holds the append lock, so no two processes count apart;
//! a file that makes no sense counts as twenty wrong.

use std::path::Path;

pub(crate) use shared::admission::tries::Locked;
use shared::admission::tries::{Ends, Tries};
use shared::time::Timestamp;

use crate::cache::files;
use crate::error::Cause;

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
    const fn ends(self) -> Ends {
        match self {
            Self::Codes => Ends::BySupervisor,
            Self::Pins => Ends::AfterAnHour,
        }
    }
}

/// One try, counted as wrong until it is taken back.
#[must_use]
pub(crate) struct Try {
    kind: TryKind,
    before: Tries,
}

/// What was counted so far.
pub(crate) fn load(dir: &Path, kind: TryKind, now: Timestamp) -> Result<Tries, Cause> {
    let Some(bytes) = files::read(&dir.join(kind.file()))? else {
        return Ok(Tries::default());
    };
    Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::warn!(%error, file = kind.file(), "wrong tries could not be read");
        Tries::exhausted(kind.ends(), now)
    }))
}

fn store(tries: &Tries, dir: &Path, kind: TryKind) -> Result<(), Cause> {
    let text = serde_json::to_vec(tries).map_err(|_| Cause::Inconsistent {
        table: "tries",
        row: kind.file().to_owned(),
        what: "not JSON",
    })?;
    files::write_atomically(&dir.join(kind.file()), &text)
}

impl Try {
    /// Counts it as wrong, durably; `Err(Ok(..))` when none is allowed now.
    pub(crate) fn begin(
        dir: &Path,
        kind: TryKind,
        now: Timestamp,
    ) -> Result<Result<Self, Locked>, Cause> {
        let before = load(dir, kind, now)?;
        if let Some(locked) = before.locked(now) {
            return Ok(Err(locked));
        }
        let mut after = before.clone();
        after.count(kind.ends(), now);
        store(&after, dir, kind)?;
        Ok(Ok(Self { kind, before }))
    }

    /// It was right.
    pub(crate) fn take_back(self, dir: &Path) -> Result<(), Cause> {
        store(&self.before, dir, self.kind)
    }
}

/// Wrong codes and wrong PINs of the last hour, for the report to the server.
pub(crate) fn wrong_tries(dir: &Path, now: Timestamp) -> Result<(u32, u32), Cause> {
    let wrong = |kind| -> Result<u32, Cause> {
        let wrong = load(dir, kind, now)?.wrong(now);
        Ok(u32::try_from(wrong).unwrap_or(u32::MAX))
    };
    Ok((wrong(TryKind::Codes)?, wrong(TryKind::Pins)?))
}

/// A supervisor allows them again.
pub(crate) fn forgive(dir: &Path, kind: TryKind) -> Result<(), Cause> {
    store(&Tries::default(), dir, kind)
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
        let kept = load(dir.path(), TryKind::Codes, later).expect("read");
        assert_eq!(
            kept.locked(later),
            Some(Locked::Supervisor),
            "no clock ends it"
        );
        forgive(dir.path(), TryKind::Codes).expect("stored");
        let kept = load(dir.path(), TryKind::Codes, later).expect("read");
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
        let tries = load(dir.path(), TryKind::Codes, NOW).expect("read");
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
        let tries = load(dir.path(), TryKind::Codes, yesterday).expect("read");
        assert_eq!(tries.locked(yesterday), None);
        assert_eq!(tries.wrong(yesterday), 5);
    }
}
