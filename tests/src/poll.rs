//! Waiting for an event with a bound, instead of sleeping and hoping.

use std::time::{Duration, Instant};

/// Calls `probe` until it gives a value.
///
/// # Panics
/// When `within` has passed: a test that waits for what never comes has failed.
pub fn until<T>(what: &str, limit: Duration, probe: impl FnMut() -> Option<T>) -> T {
    within(limit, probe).unwrap_or_else(|| panic!("waited {limit:?} for {what}"))
}

/// As [`until`], for callers who have more to say about it.
pub fn within<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = probe() {
            return Some(value);
        }
        if started.elapsed() >= limit {
            return None;
        }
        // Between two looks at a condition that another process makes true.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
