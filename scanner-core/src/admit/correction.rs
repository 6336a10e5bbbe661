//! By how much this device's clock is corrected before a window, a time of day or the age of the
//! list is judged by it.
//!
//! The last exchange measured how far the clock is off. Since then somebody may have set it. While
//! this process runs that shows as a step against the monotonic count; a step ahead may also be a
//! machine that slept, so of the two readings the one that believes the clock more is taken. Between
//! two processes nothing shows it, so there only a measure of the last minutes is good. A clock that
//! was set back, whoever looked, does not bring back what was over when the server was heard.
//!
//! Invariants: a clock within half a minute is left alone; entries always bear the clock as it is,
//! and the log says how far it is off.

use shared::time::Timestamp;

use crate::cache::SyncFacts;

/// A clock this far from the others' is not trusted.
pub(super) const CLOCK_SURE_MS: i64 = 30_000;
/// How old a measure may be, by this clock, when a process learns of it.
const FRESH_MS: i64 = 600_000;

/// Others' clocks minus this one, and when that was found, by this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Measure {
    offset_ms: Option<i64>,
    at: Option<Timestamp>,
}

impl Measure {
    fn fresh(self, now: Timestamp) -> Option<i64> {
        let age = now.millis_since(self.at?);
        self.offset_ms.filter(|_| (0..=FRESH_MS).contains(&age))
    }
}

#[derive(Debug, Default)]
pub(super) struct Correction {
    /// By the server, and by the peers.
    measures: [Measure; 2],
    /// What they came to when they were learnt, if that is known, and this clock minus the monotonic
    /// count then.
    learnt: Option<(Option<i64>, i64)>,
    /// How far the clock was set since.
    step_ms: i64,
}

impl Correction {
    /// To be called before each decision.
    pub(super) fn look(&mut self, sync: &SyncFacts, wall: Timestamp, monotonic_micros: u64) {
        let counted = i64::try_from(monotonic_micros / 1000).unwrap_or(i64::MAX);
        let base = wall.as_millis().saturating_sub(counted);
        let by_server = Measure {
            offset_ms: sync.clock_offset_ms,
            at: sync.clock_measured_at,
        };
        let by_peers = Measure {
            offset_ms: sync.peers_offset_ms,
            at: sync.peers_measured_at,
        };
        let measures = [by_server, by_peers];
        let (_, since) = match self.learnt {
            Some(learnt) if self.measures == measures => learnt,
            _ => {
                let fresh = measures.iter().find_map(|of| of.fresh(wall));
                *self.learnt.insert((fresh, base))
            }
        };
        self.measures = measures;
        self.step_ms = base.saturating_sub(since);
    }

    /// What is added to the clock's `now`.
    pub(super) fn ms(&self, now: Timestamp) -> i64 {
        let known = self.learnt.and_then(|(offset_ms, _)| offset_ms);
        let offset = known.map_or(0, |offset_ms| {
            let set = offset_ms.saturating_sub(self.step_ms);
            if self.step_ms < 0 || set.abs() < offset_ms.abs() {
                set
            } else {
                offset_ms
            }
        });
        let offset = if offset.abs() > CLOCK_SURE_MS {
            offset
        } else {
            0
        };
        let [by_server, _] = self.measures;
        let heard = by_server.at.zip(by_server.offset_ms);
        let heard = heard.map(|(at, offset)| at.plus_millis(offset).millis_since(now));
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
    fn an_old_measure_is_not_believed_by_a_process_that_begins() {
        // V3: somebody may have set the clock meanwhile.
        let begun = |offset, millis| {
            let mut correction = Correction::default();
            let now = NOW.plus_millis(millis);
            correction.look(&measured(offset), now, 7);
            correction.ms(now)
        };
        for offset in [2 * HOURS, -2 * HOURS] {
            assert_eq!(begun(offset, 0), offset);
            assert_eq!(begun(offset, FRESH_MS), offset);
        }
        assert_eq!(begun(-2 * HOURS, FRESH_MS + 1), 0);
        let behind = 2 * HOURS - FRESH_MS - 1;
        assert_eq!(
            begun(2 * HOURS, FRESH_MS + 1),
            behind,
            "not before the last contact"
        );
        assert_eq!(begun(2 * HOURS, 2 * HOURS + 60_000), 0, "set right at once");
        assert_eq!(
            begun(-2 * HOURS, 60_000 - 2 * HOURS),
            0,
            "set right at once"
        );
    }

    #[test]
    fn peers_tell_where_the_server_was_not_heard_of_late() {
        // V3, gossip.md 7
        let later = NOW.plus_millis(HOURS);
        let told = SyncFacts {
            peers_offset_ms: Some(-HOURS),
            peers_measured_at: Some(later),
            ..measured(2 * HOURS)
        };
        let mut correction = Correction::default();
        correction.look(&told, later, 0);
        assert_eq!(
            correction.ms(later),
            2 * HOURS - HOURS,
            "not before the last contact"
        );
        let told = SyncFacts {
            peers_offset_ms: Some(3 * HOURS),
            ..told
        };
        correction.look(&told, later, 0);
        assert_eq!(correction.ms(later), 3 * HOURS);
        let told = SyncFacts {
            clock_measured_at: Some(later),
            ..told
        };
        correction.look(&told, later, 0);
        assert_eq!(correction.ms(later), 2 * HOURS, "the server knows best");
    }

    #[test]
    fn what_another_process_learns_anew_is_believed_anew() {
        // V3
        let mut correction = Correction::default();
        correction.look(&SyncFacts::default(), NOW, 0);
        assert_eq!(correction.ms(NOW), 0, "nobody compared it");
        let set_back = NOW.plus_millis(-HOURS);
        correction.look(&SyncFacts::default(), set_back, 0);
        assert_eq!(correction.ms(set_back), 0, "nobody knows which was right");
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
