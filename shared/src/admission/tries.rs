//! Wrong codes and wrong PINs: how many there were, and how long to wait after them. Pure.
//!
//! Five wrong within an hour: a minute; each five more: twice as long. Twenty: nothing more until
//! somebody else says so, or, where nobody else is there to ask, for an hour. A right one in between
//! changes nothing, or whoever has one good code could guess on.
//!
//! Invariant: what is kept is bounded. Whoever tries keeps a try as a wrong one before it is looked at.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

const WINDOW_SECS: i64 = 3600;
const STRIKE: usize = 5;
const FIRST_WAIT_SECS: i64 = 60;
/// Wrong ones within an hour after which waiting a little is not enough.
pub const WRONG_MAX: usize = 20;

/// Who ends it after twenty wrong ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    BySupervisor,
    AfterAnHour,
}

/// Nothing may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    For {
        secs: u32,
    },
    /// Until a supervisor says so.
    Supervisor,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tries {
    /// Of the last hour.
    wrong: Vec<Timestamp>,
    until: Option<Timestamp>,
    #[serde(default)]
    supervisor: bool,
}

impl Tries {
    /// For a count that cannot be read: as if there had been twenty wrong ones now.
    pub fn exhausted(ends: Ends, now: Timestamp) -> Self {
        let mut tries = Self::default();
        for _ in 0..WRONG_MAX {
            tries.count(ends, now);
        }
        tries
    }

    pub fn locked(&self, now: Timestamp) -> Option<Locked> {
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
    pub fn wrong(&self, now: Timestamp) -> usize {
        let recent = |at: &&Timestamp| now.millis_since(**at) < WINDOW_SECS * 1000;
        self.wrong.iter().filter(recent).count()
    }

    /// One more wrong one.
    pub fn count(&mut self, ends: Ends, now: Timestamp) {
        self.wrong
            .retain(|at| now.millis_since(*at) < WINDOW_SECS * 1000);
        self.wrong.push(now);
        let strikes = self.wrong.len() / STRIKE;
        if self.wrong.len() >= WRONG_MAX {
            self.wrong.truncate(WRONG_MAX);
            match ends {
                Ends::BySupervisor => self.supervisor = true,
                Ends::AfterAnHour => self.until = Some(now.plus_secs(WINDOW_SECS)),
            }
        } else if self.wrong.len().is_multiple_of(STRIKE) {
            let doubled = u32::try_from(strikes - 1).unwrap_or(0);
            self.until = Some(now.plus_secs(FIRST_WAIT_SECS << doubled));
        }
    }
}
