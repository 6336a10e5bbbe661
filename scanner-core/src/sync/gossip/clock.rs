//! How wrong the own clock is, and what others' clocks may do to it.
//!
//! Invariants: no clock decides what is valid; a remote clock moves the own by 500 ms at most.

use std::collections::BTreeMap;

use shared::ids::DeviceId;
use shared::log::Hlc;

use super::input::Now;

/// A remote clock may move the own ahead by so much.
pub const AHEAD_MILLIS_MAX: u64 = 500;
/// A change of the median that is worth an entry.
const WORTH_TELLING_MILLIS: i64 = 1_000;
/// A step of the own wall clock that is more than jitter.
const STEP_MILLIS: i64 = 250;

/// What the peers' clocks say about the own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockView {
    /// The own clock minus the median of the peers'; `None` when none was heard.
    pub offset_millis: Option<i64>,
    pub peers: usize,
}

#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// Peer's clock minus the own.
    offsets: BTreeMap<DeviceId, i64>,
    told: i64,
    /// Wall minus monotonic, when last looked.
    base: Option<i64>,
    latest: Hlc,
}

impl Clocks {
    /// Notices a step of the wall clock: the offsets to the peers step with it.
    pub(super) fn look(&mut self, now: Now) {
        let base = now.wall.as_millis() - i64::try_from(now.millis).unwrap_or(i64::MAX);
        if let Some(before) = self.base.replace(base) {
            let step = base - before;
            if step.abs() >= STEP_MILLIS {
                for offset in self.offsets.values_mut() {
                    *offset = offset.saturating_sub(step);
                }
            } else {
                self.base = Some(before);
            }
        }
    }

    pub(super) fn hear(&mut self, peer: DeviceId, offset: i64) {
        self.offsets.insert(peer, offset);
    }

    /// Gives the offset when it has changed by more than is worth telling.
    pub(super) fn news(&mut self) -> Option<i64> {
        let offset = self.view().offset_millis?;
        if (offset - self.told).abs() < WORTH_TELLING_MILLIS {
            return None;
        }
        self.told = offset;
        Some(offset)
    }

    pub(super) fn view(&self) -> ClockView {
        let mut offsets: Vec<i64> = self.offsets.values().copied().collect();
        offsets.sort_unstable();
        ClockView {
            offset_millis: offsets.get(offsets.len() / 2).map(|offset| -offset),
            peers: offsets.len(),
        }
    }

    pub(super) fn see(&mut self, hlc: Hlc) {
        self.latest = self.latest.max(hlc);
    }

    /// What the next own entry must come after.
    pub(super) fn floor(&self, now: Now, unlimited: bool) -> Hlc {
        let own = u64::try_from(now.wall.as_millis()).unwrap_or(0);
        let limit = own.saturating_add(AHEAD_MILLIS_MAX);
        if unlimited || self.latest.millis <= limit {
            return self.latest;
        }
        Hlc {
            millis: limit,
            counter: 0,
        }
    }
}
