//! The edge: time and randomness come in through here and nowhere else.

use std::sync::Arc;

use shared::time::Timestamp;

/// Wall time for entries and windows, and a monotonic count for durations.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
    /// Microseconds since any fixed point; never goes back.
    fn monotonic_micros(&self) -> u64;
}

/// Randomness fit for keys.
pub trait Entropy: Send + Sync {
    /// Fails when the system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()>;
}

/// What a scanner takes from the world besides its data directory.
#[derive(Clone)]
pub struct Edge {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Edge {
    /// The real clock and the system's randomness.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock::start()),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

impl Edge {
    /// The real world with its wall clock so many seconds ahead: for rehearsals of a wrong clock.
    pub fn ahead_by(secs: i64) -> Self {
        let real = Self::system();
        Self {
            clock: Arc::new(Ahead {
                real: real.clock,
                secs,
            }),
            entropy: real.entropy,
        }
    }
}

struct Ahead {
    real: Arc<dyn Clock>,
    secs: i64,
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.real.now().plus_secs(self.secs)
    }
    fn monotonic_micros(&self) -> u64 {
        self.real.monotonic_micros()
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edge")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    origin: std::time::Instant,
}

impl SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge where this crate reads the monotonic clock"
    )]
    pub fn start() -> Self {
        Self {
            origin: std::time::Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge where this crate reads the wall clock"
    )]
    fn now(&self) -> Timestamp {
        // A clock before 1970 reads as 1970: such a device is told that its clock is wrong anyway.
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
    fn monotonic_micros(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        use rand::TryRng as _;
        rand::rngs::SysRng
            .try_fill_bytes(bytes)
            .map_err(|error| std::io::Error::other(error.to_string()))
    }
}
