//! When to ask a gateway about an attempt that it does not tell of by itself. Pure.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

/// First look at an attempt that nobody told us about; each look doubles the wait.
const FIRST_LOOK_SECS: i64 = 5;
const LOOK_SECS_MAX: i64 = 3600;
/// Between two looks for a payer who waits.
const REMINDED_SECS: i64 = 3;
/// After the attempt's end money may still come: a bank pushes it, or a webhook was lost.
const AFTERCARE_SECS: i64 = 24 * 3600;

/// Part of the gateway's row of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Looks {
    /// When payers are no longer asked.
    pub expires_at: Timestamp,
    /// When to look next; `None` when nobody has to look any more.
    pub ask_at: Option<Timestamp>,
    /// Looks that brought nothing new.
    #[serde(rename = "looks")]
    pub fruitless: u32,
    pub looked_at: Option<Timestamp>,
    /// The gateway wants no more questions before.
    pub busy_until: Option<Timestamp>,
}

impl Looks {
    pub const fn until(expires_at: Timestamp) -> Self {
        Self {
            expires_at,
            ask_at: None,
            fruitless: 0,
            looked_at: None,
            busy_until: None,
        }
    }

    /// Plans the next look. Once nobody is asked to pay it any more, the looks end with the
    /// aftercare.
    pub fn look_later(&mut self, now: Timestamp, is_over: bool) {
        let wait = FIRST_LOOK_SECS << self.fruitless.min(16);
        self.fruitless = self.fruitless.saturating_add(1);
        let next = now.plus_secs(wait.min(LOOK_SECS_MAX));
        let end = self.expires_at.plus_secs(AFTERCARE_SECS);
        self.ask_at = (!is_over || next < end).then_some(next);
    }

    /// The gateway wants to be left alone for a while.
    pub fn leave_alone(&mut self, until: Timestamp) {
        self.busy_until = Some(until);
        self.ask_at = self.ask_at.map(|at| at.max(until));
    }

    /// Plans a look because a payer came back. Reloading a page does not make us ask more often.
    pub fn remind(&mut self, now: Timestamp) -> bool {
        let just = self
            .looked_at
            .is_some_and(|at| now < at.plus_secs(REMINDED_SECS));
        let busy = self.busy_until.is_some_and(|until| now < until);
        if just || busy || self.ask_at.is_some_and(|at| at <= now) {
            return false;
        }
        self.ask_at = Some(now);
        true
    }

    /// Plans a look because something was told.
    pub fn look_at(&mut self, at: Timestamp) {
        self.fruitless = 0;
        self.ask_at = Some(at);
    }
}
