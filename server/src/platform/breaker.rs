//! A circuit breaker before a service of somebody else's: after repeated failures nobody calls it for
//! a while, then one caller tries (H6).
//!
//! Invariants: only calls that nobody answered count as failures, never a refusal; while it is open
//! nothing is sent, so whoever is turned away knows that nothing was done; one probe at a time; a
//! probe whose caller has vanished gives its place up after a while.

use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::time::Timestamp;

/// Failures in a row that open it.
const FAILURES_MAX: u32 = 8;
/// How long it stays open at first; doubles with each probe that fails.
const OPEN_SECS: i64 = 5;
const OPEN_SECS_MAX: i64 = 120;
/// Longer than any call takes.
const PROBE_SECS: i64 = 60;

#[derive(Debug)]
pub struct Breaker {
    name: &'static str,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// In a row.
    failures: u32,
    /// Openings in a row.
    openings: u32,
    state: State,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Closed,
    /// Nobody calls until then.
    Open { until: Timestamp },
    /// One caller tries, since then.
    HalfOpen { since: Timestamp },
}

/// The service is left alone until then. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is left alone until {until}")]
pub struct LeftAlone {
    pub name: &'static str,
    pub until: Timestamp,
}

impl LeftAlone {
    /// Whole seconds to wait, at least one.
    pub fn wait_secs(&self, now: Timestamp) -> u32 {
        let millis = self.until.millis_since(now).max(1);
        let secs = u64::try_from(millis).unwrap_or(1).div_ceil(1_000);
        u32::try_from(secs).unwrap_or(u32::MAX)
    }
}

impl Breaker {
    pub fn new(name: &'static str) -> Self {
        metrics::gauge!("breaker_open", "service" => name).set(0.0);
        Self {
            name,
            inner: Mutex::default(),
        }
    }

    /// Whether to call now. Whoever may says afterwards how it went.
    pub fn admit(&self, now: Timestamp) -> Result<(), LeftAlone> {
        let mut inner = self.lock();
        let until = match inner.state {
            State::Closed => return Ok(()),
            State::Open { until } => until,
            State::HalfOpen { since } => since.plus_secs(PROBE_SECS),
        };
        if now < until {
            metrics::counter!("breaker_turned_away_total", "service" => self.name).increment(1);
            let name = self.name;
            return Err(LeftAlone { name, until });
        }
        inner.state = State::HalfOpen { since: now };
        Ok(())
    }

    /// It answered, whatever it said.
    pub fn answered(&self) {
        let mut inner = self.lock();
        if inner.state != State::Closed {
            tracing::info!(service = self.name, "it answers again");
            metrics::gauge!("breaker_open", "service" => self.name).set(0.0);
        }
        *inner = Inner::default();
    }

    /// Nobody answered, or only that it is broken.
    pub fn failed(&self, now: Timestamp) {
        let mut inner = self.lock();
        inner.failures = inner.failures.saturating_add(1);
        let is_probe = matches!(inner.state, State::HalfOpen { .. });
        let is_enough = inner.state == State::Closed && inner.failures >= FAILURES_MAX;
        if !is_probe && !is_enough {
            return;
        }
        let secs = OPEN_SECS << inner.openings.min(10);
        let until = now.plus_secs(secs.min(OPEN_SECS_MAX));
        inner.openings = inner.openings.saturating_add(1);
        inner.state = State::Open { until };
        tracing::warn!(service = self.name, failures = inner.failures, %until, "it is left alone");
        metrics::gauge!("breaker_open", "service" => self.name).set(1.0);
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    pub fn state(&self) -> State {
        self.lock().state
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that this server calls, each with its own.
#[derive(Debug)]
pub struct Breakers {
    pub mail: Breaker,
    pub sms: Breaker,
    pub payos: Breaker,
    pub stripe: Breaker,
}

impl Default for Breakers {
    fn default() -> Self {
        Self {
            mail: Breaker::new("mail"),
            sms: Breaker::new("sms"),
            payos: Breaker::new("payos"),
            stripe: Breaker::new("stripe"),
        }
    }
}

impl Breakers {
    pub const fn all(&self) -> [&Breaker; 4] {
        [&self.mail, &self.sms, &self.payos, &self.stripe]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NOW;

    fn open() -> Breaker {
        let breaker = Breaker::new("test");
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.admit(NOW), Ok(()));
            breaker.failed(NOW);
        }
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try() {
        // H6
        let breaker = open();
        let left_alone = breaker.admit(NOW).expect_err("open");
        assert_eq!(left_alone.wait_secs(NOW), 5);
        let later = left_alone.until;
        assert_eq!(breaker.admit(later), Ok(()), "the probe");
        assert!(breaker.admit(later).is_err(), "one at a time");
        breaker.failed(later);
        let again = breaker.admit(later).expect_err("open again");
        assert_eq!(again.wait_secs(later), 10, "twice as long");
        assert_eq!(breaker.admit(again.until), Ok(()));
        breaker.answered();
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(breaker.admit(again.until), Ok(()));
    }

    #[test]
    fn an_answer_between_starts_the_count_anew_and_a_lost_probe_is_not_the_last() {
        // H6
        let breaker = Breaker::new("test");
        for _ in 0..20 {
            breaker.failed(NOW);
            breaker.answered();
        }
        assert_eq!(breaker.state(), State::Closed);
        let breaker = open();
        let until = breaker.admit(NOW).expect_err("open").until;
        assert_eq!(breaker.admit(until), Ok(()), "and its caller vanishes");
        assert_eq!(breaker.admit(until.plus_secs(PROBE_SECS)), Ok(()));
    }

    #[test]
    fn it_never_stays_open_for_long() {
        // H6
        let breaker = open();
        let mut now = NOW;
        for _ in 0..40 {
            let until = breaker.admit(now).expect_err("open").until;
            assert!(until.millis_since(now) <= OPEN_SECS_MAX * 1_000);
            now = until;
            breaker.admit(now).expect("a probe");
            breaker.failed(now);
        }
    }
}
