//! Codes that turn, as one gate sees them: the last step of each ticket, and what the crowd's
//! phones say of this device's clock. The rule itself is `shared::admission`.
//!
//! Phones keep good time. When most of the last guests' codes are off by more than half a minute
//! in the same way, this device's clock is wrong and not theirs: then the moment is not judged any
//! more and somebody is told. One phone with a wrong clock changes no median, and each ticket has
//! one vote, so that one guest cannot move it by trying again.
//!
//! Invariants: only codes that are proven to be of their step are counted, good or late; what is
//! remembered is bounded; nothing here is needed after a restart, since a code is good for a
//! minute only.

use std::collections::{HashMap, VecDeque};
use std::path::Path;

use shared::admission::{GateClock, Outcome, Presented, Turn, Verdict};
use shared::ticket::chain::{STEP_SECS, chain_start, step_time, steps};
use shared::ticket::{Payload, Token};
use shared::time::Timestamp;

use crate::cache::SyncFacts;

/// Votes of the crowd that are kept.
const VOTES_MAX: usize = 50;
/// Fewer tickets than this say nothing: a few guests with old screenshots must not switch off what
/// keeps them out.
const VOTES_MIN: usize = 10;
/// A clock further off than this is wrong.
const CLOCK_SURE_MS: i64 = 30_000;
/// What a clock is trusted to that nobody ever compared, and the most that an old comparison adds.
const UNCERTAIN_SECS: i64 = 30;
/// A quartz clock may lose a second in so many: 100 ppm.
const SECONDS_A_DRIFT: i64 = 10_000;
/// Tickets whose last step is kept, and for how long: much longer than a code is good.
const STEPS_MAX: usize = 8192;
const STEPS_KEPT_SECS: i64 = 600;
/// How long a human step may take after the code was shown: an ID is looked at.
const PATIENCE_SECS: i64 = 300;
/// Tells other processes (`kiosk status`) what this one sees.
const FILE: &str = "clock.alarm";

#[derive(Debug, Default)]
pub(crate) struct Rotation {
    steps: HashMap<(u32, u8), (u16, Timestamp)>,
    /// Serial, and the middle of its step minus this clock.
    votes: VecDeque<(u32, i64)>,
    /// The code that a person is asked about, and when it was shown.
    asked: Option<(Token, Timestamp)>,
    /// What another process wrote down, until this one knows better.
    told: Option<i64>,
}

impl Rotation {
    pub(super) fn load(dir: &Path) -> Self {
        let told = std::fs::read_to_string(dir.join(FILE)).ok();
        Self {
            told: told.and_then(|text| text.trim().parse().ok()),
            ..Self::default()
        }
    }

    /// Counts a proven code, whatever becomes of it, and writes down when the alarm changes.
    pub(super) fn note(
        &mut self,
        dir: &Path,
        payload: &Payload,
        token: &Token,
        epoch: Timestamp,
        now: Timestamp,
    ) {
        let Some(step) = token.step() else {
            return;
        };
        // The chain stands still at both ends: such a code says nothing of a clock.
        if step <= 1 || steps(payload.not_before, payload.not_after) == Some(step) {
            return;
        }
        if self.votes.is_empty() && self.told.take().is_some() {
            // The process that told is gone, and somebody may have set the clock since.
            remove(dir);
        }
        let start = chain_start(epoch, payload);
        let middle = step_time(start, step).plus_millis(STEP_SECS * 500);
        self.votes.retain(|(serial, _)| *serial != payload.serial);
        if self.votes.len() == VOTES_MAX {
            self.votes.pop_front();
        }
        self.votes
            .push_back((payload.serial, middle.millis_since(now)));
        self.tell(dir);
    }

    /// What the rule wants to know. `confirmed`: a person has done what was asked about this code.
    pub(super) fn turn(
        &self,
        payload: &Payload,
        token: &Token,
        sync: &SyncFacts,
        confirmed: bool,
        now: Timestamp,
    ) -> Turn {
        let asked = self.asked.is_some_and(|(asked, at)| {
            asked == *token && (0..=PATIENCE_SECS * 1000).contains(&now.millis_since(at))
        });
        let last = self.steps.get(&(payload.serial, payload.generation));
        Turn {
            last_step: last.map(|(step, _)| *step),
            clock: if (confirmed && asked) || self.own_alarm().is_some() {
                GateClock::Wrong
            } else {
                clock(sync, now)
            },
        }
    }

    /// If the code was good but a person has to do something first, it stays good meanwhile.
    pub(super) fn ask(&mut self, presented: &Presented, verdict: &Verdict, now: Timestamp) {
        if let (Outcome::Attention, Presented::Ticket { token, .. }) = (verdict.verdict, presented)
            && token.step().is_some()
        {
            self.asked = Some((*token, now));
        }
    }

    /// An entry or exit by this code is on disk.
    pub(super) fn used(&mut self, payload: &Payload, token: &Token, now: Timestamp) {
        let Some(step) = token.step() else {
            return;
        };
        if self.steps.len() >= STEPS_MAX {
            self.steps
                .retain(|_, (_, at)| now.millis_since(*at).abs() < STEPS_KEPT_SECS * 1000);
        }
        if self.steps.len() >= STEPS_MAX {
            self.steps.clear();
        }
        let last = self
            .steps
            .entry((payload.serial, payload.generation))
            .or_insert((step, now));
        *last = (last.0.max(step), now);
    }

    /// How far the crowd's phones are ahead of this clock, when that is an alarm.
    pub(crate) fn alarm(&self) -> Option<i64> {
        if self.votes.len() < VOTES_MIN {
            return self.told;
        }
        self.own_alarm()
    }

    fn own_alarm(&self) -> Option<i64> {
        if self.votes.len() < VOTES_MIN {
            return None;
        }
        let mut offsets: Vec<i64> = self.votes.iter().map(|(_, offset)| *offset).collect();
        offsets.sort_unstable();
        let median = offsets[offsets.len() / 2];
        (median.abs() > CLOCK_SURE_MS).then_some(median)
    }

    /// The file is for people who look from elsewhere; a gate that cannot write it goes on.
    fn tell(&mut self, dir: &Path) {
        if self.votes.len() < VOTES_MIN || self.own_alarm().is_some() == self.told.is_some() {
            return;
        }
        self.told = self.own_alarm();
        match self.told {
            Some(offset) => {
                tracing::warn!(offset, "the guests' phones say that this clock is wrong");
                if let Err(error) = std::fs::write(dir.join(FILE), offset.to_string()) {
                    tracing::warn!(%error, "the clock alarm could not be written down");
                }
            }
            None => remove(dir),
        }
    }
}

fn remove(dir: &Path) {
    if let Err(error) = std::fs::remove_file(dir.join(FILE)) {
        tracing::warn!(%error, "the clock alarm could not be taken back");
    }
}

/// What the last comparison with the server says of this clock.
fn clock(sync: &SyncFacts, now: Timestamp) -> GateClock {
    let secs = match (sync.clock_offset_ms, sync.last_success) {
        (Some(offset), _) if offset.abs() > CLOCK_SURE_MS => return GateClock::Wrong,
        (Some(offset), Some(heard)) => {
            let age = now.millis_since(heard).abs() / 1000;
            let drift = (age / SECONDS_A_DRIFT).min(UNCERTAIN_SECS);
            (offset.abs() + 999) / 1000 + drift
        }
        (Some(_) | None, _) => UNCERTAIN_SECS,
    };
    let secs = secs.clamp(0, UNCERTAIN_SECS);
    GateClock::Within {
        secs: u32::try_from(secs).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn facts(offset: Option<i64>, age_secs: i64) -> SyncFacts {
        SyncFacts {
            clock_offset_ms: offset,
            last_success: offset.map(|_| NOW.plus_secs(-age_secs)),
            ..SyncFacts::default()
        }
    }

    #[test]
    fn a_clock_is_as_sure_as_its_last_comparison() {
        // T9
        let within = |secs| GateClock::Within { secs };
        assert_eq!(clock(&facts(None, 0), NOW), within(30));
        assert_eq!(clock(&facts(Some(40), 5), NOW), within(1));
        assert_eq!(clock(&facts(Some(-1_200), 5), NOW), within(2));
        assert_eq!(clock(&facts(Some(0), 86_400), NOW), within(8));
        assert_eq!(clock(&facts(Some(0), 365 * 86_400), NOW), within(30));
        assert_eq!(clock(&facts(Some(30_000), 86_400), NOW), within(30));
        assert_eq!(clock(&facts(Some(-30_001), 0), NOW), GateClock::Wrong);
    }
}
