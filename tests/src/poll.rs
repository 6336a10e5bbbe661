//! Waiting for an event with a bound, instead of sleeping and hoping.

use std::time::{Duration, Instant};

/// Calls `probe` until it gives a value.
///
/// # Panics
/// When `within` has passed: a test that waits for what never comes has failed.
pub fn until<T>(what: &str, within: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(started.elapsed() < within, "waited {within:?} for {what}");
        // Between two looks at a condition that another process makes true.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
