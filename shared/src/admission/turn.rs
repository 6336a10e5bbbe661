//! Whether a code that turns is of this moment. What it proves is checked in `present`: the reveal
//! is of the signed chain. Here is what only the gate knows: the time, and what it saw before.
//!
//! Invariants: a still code has no moment and is not judged here; the same step is good once at a
//! gate, and an earlier one never after a later one; a gate that cannot trust its clock judges the
//! order only, because a crowd is not turned away for the gate's fault.

use crate::ticket::Payload;
use crate::ticket::chain::{chain_start, step_time};
use crate::time::Timestamp;

/// How far from the gate's time a step may begin. A code is shown for 30 s; the rest is for the
/// phone's clock and the guest's hand.
pub const TOLERANCE_SECS: i64 = 45;

/// What the gate knows besides the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The step of this ticket that was let in or out here last.
    pub last_step: Option<u16>,
    pub clock: GateClock,
}

/// What the gate says of its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateClock {
    /// Right, give or take so much.
    Within { secs: u32 },
    /// Known to be wrong: no moment is judged by it.
    Wrong,
}

impl Default for GateClock {
    fn default() -> Self {
        Self::Within { secs: 0 }
    }
}

/// Why a code is not good now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untimely {
    /// Of an earlier moment: a screenshot, or a page that stands still.
    Past,
    /// Of a moment to come: the phone's clock is ahead.
    Ahead,
    /// Not later than one that was let in or out here.
    Repeated,
}

/// Judges a proven step. `None`: it is of this moment.
pub(super) fn judge(
    payload: &Payload,
    epoch: Timestamp,
    step: u16,
    turn: &Turn,
    now: Timestamp,
) -> Option<Untimely> {
    let start = chain_start(epoch, payload);
    if let GateClock::Within { secs } = turn.clock {
        // Before its window the code stands at step 1; whether that is too early is the window's
        // to say.
        let offset = step_time(start, step).millis_since(now.max(start));
        let slack = (TOLERANCE_SECS + i64::from(secs)) * 1000;
        if offset < -slack {
            return Some(Untimely::Past);
        }
        if offset > slack {
            return Some(Untimely::Ahead);
        }
    }
    turn.last_step
        .filter(|last| step <= *last)
        .map(|_| Untimely::Repeated)
}
