//! By how much this device's clock is corrected before a window, a time of day or the age of the
//! list is judged by it.
//!
//! The last exchange measured how far the clock is off. Since then somebody may have set it. While
//! this process runs that shows as a step against the monotonic count; a step ahead may also be a
//! machine that slept, so of the two readings the one that believes the clock more is taken. A clock
//! that was set back while nobody looked does not bring back what was over when the server was heard.
//!
//! Invariants: a clock within half a minute is left alone; entries always bear the clock as it is,
//! and the log says how far it is off.

use shared::time::Timestamp;

use crate::cache::SyncFacts;

/// A clock this far from the others' is not trusted.
pub(super) const CLOCK_SURE_MS: i64 = 30_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Measured {
    offset_ms: i64,
    at: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(super) struct Correction {
    /// What was measured, and this clock minus the monotonic count when that was learnt.
    learnt: Option<(Measured, i64)>,
    /// How far the clock was set since.
    step_ms: i64,
}

impl Correction {
    /// To be called before each decision.
    pub(super) fn look(&mut self, sync: &SyncFacts, wall: Timestamp, monotonic_micros: u64) {
        let counted = i64::try_from(monotonic_micros / 1000).unwrap_or(i64::MAX);
        let base = wall.as_millis().saturating_sub(counted);
        let measured = sync.clock_offset().map(|offset_ms| Measured {
            offset_ms,
            at: sync.clock_measured_at,
        });
        let same = self.learnt.filter(|(known, _)| Some(*known) == measured);
        let since = same.map_or(base, |(_, since)| since);
        self.learnt = measured.map(|measured| (measured, since));
        self.step_ms = base.saturating_sub(since);
    }

    /// What is added to the clock's `now`.
    pub(super) fn ms(&self, now: Timestamp) -> i64 {
        let Some((Measured { offset_ms, at }, _)) = self.learnt else {
            return 0;
        };
        let set = offset_ms.saturating_sub(self.step_ms);
        let offset = if self.step_ms < 0 || set.abs() < offset_ms.abs() {
            set
        } else {
            offset_ms
        };
        let offset = if offset.abs() > CLOCK_SURE_MS {
            offset
        } else {
            0
        };
        let heard = at.map(|at| at.plus_millis(offset_ms).millis_since(now));
        let behind = heard.filter(|heard| heard.saturating_sub(offset) > CLOCK_SURE_MS);
        behind.unwrap_or(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
    const HOURS: i64 = 3_600_000;

    /// Measured at `NOW` by this clock.
    fn measured(offset_ms: i64) -> SyncFacts {
        SyncFacts {
            clock_offset_ms: Some(offset_ms),
            clock_measured_at: Some(NOW),
            ..SyncFacts::default()
        }
    }

    /// The correction an hour later, when the clock was set by `set` meanwhile.
    fn an_hour_later(offset_ms: i64, set: i64) -> i64 {
        let mut correction = Correction::default();
        correction.look(&measured(offset_ms), NOW, 0);
        let now = NOW.plus_millis(HOURS + set);
        correction.look(&measured(offset_ms), now, 3_600_000_000);
        correction.ms(now)
    }

    #[test]
    fn a_clock_that_is_off_is_corrected_until_somebody_sets_it() {
        // V3
        for offset in [2 * HOURS, -2 * HOURS] {
            assert_eq!(an_hour_later(offset, 0), offset);
            assert_eq!(an_hour_later(offset, offset), 0, "it was set right");
        }
        assert_eq!(an_hour_later(29_000, 0), 0, "near enough");
        assert_eq!(an_hour_later(0, -2 * HOURS), 2 * HOURS, "set back");
        // The machine may have slept: its clock is believed.
        assert_eq!(an_hour_later(0, 2 * HOURS), 0);
    }

    #[test]
    fn what_another_process_learns_anew_is_believed_anew() {
        // V3
        let mut correction = Correction::default();
        correction.look(&SyncFacts::default(), NOW, 0);
        assert_eq!(correction.ms(NOW), 0, "nobody compared it");
        correction.look(&measured(0), NOW, 0);
        let later = NOW.plus_millis(-2 * HOURS);
        let again = SyncFacts {
            clock_offset_ms: Some(2 * HOURS),
            clock_measured_at: Some(later),
            ..SyncFacts::default()
        };
        correction.look(&again, later, 0);
        assert_eq!(correction.ms(later), 2 * HOURS);
    }

    #[test]
    fn time_never_goes_back_behind_the_last_contact() {
        // V3, token.md 4 (clock tampering, scanner): set back while no process ran.
        for offset in [0, 2 * HOURS, -2 * HOURS] {
            let mut correction = Correction::default();
            let set_back = NOW.plus_millis(-5 * HOURS);
            correction.look(&measured(offset), set_back, 7);
            let judged = set_back.plus_millis(correction.ms(set_back));
            assert_eq!(judged, NOW.plus_millis(offset));
        }
    }
}
