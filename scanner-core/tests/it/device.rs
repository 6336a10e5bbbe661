//! A device in a temporary folder, with a clock and randomness that tests hold.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use scanner_core::{
    Clock, Direction, Edge, Entropy, Invitation, Reading, ScanOptions, Scanner, Syncer, Verdict,
    enrol_over,
};
use shared::time::Timestamp;
use tempfile::TempDir;

use crate::server::{NOW, Shared};
use crate::wire::Wire;

/// Stands still until it is moved.
pub(crate) struct HeldClock {
    now: AtomicI64,
    ticks: AtomicU64,
}

impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }
    fn monotonic_micros(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::Relaxed)
    }
}

impl HeldClock {
    /// Time goes by, as nobody set the clock.
    pub(crate) fn run(&self, secs: i64) {
        self.now.fetch_add(secs * 1000, Ordering::Relaxed);
        let micros = u64::try_from(secs * 1_000_000).expect("ahead");
        self.ticks.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Counts, so that no two draws are equal.
pub(crate) struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        let drawn = self.0.fetch_add(1, Ordering::Relaxed);
        let seed = blake3::hash(&drawn.to_be_bytes());
        for (byte, from) in bytes.iter_mut().zip(seed.as_bytes()) {
            *byte = *from;
        }
        Ok(())
    }
}

pub(crate) struct Device {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<HeldClock>,
    pub(crate) edge: Edge,
    pub(crate) server: Shared,
}

impl Device {
    /// Not enrolled yet. `seed` keeps the keys of several devices apart.
    pub(crate) fn new(server: &Shared, seed: u64) -> Self {
        let clock = Arc::new(HeldClock {
            now: AtomicI64::new(NOW.as_millis()),
            ticks: AtomicU64::new(0),
        });
        let edge = Edge {
            clock: clock.clone(),
            entropy: Arc::new(Counting(AtomicU64::new(seed << 32))),
        };
        Self {
            dir: TempDir::new().expect("a folder"),
            clock,
            edge,
            server: server.clone(),
        }
    }

    /// Enrolled and synced.
    pub(crate) fn enrolled(server: &Shared, seed: u64) -> Self {
        let device = Self::new(server, seed);
        let report = device.enrol(&mut Wire::to(server)).expect("enrols");
        assert_eq!(report.sync_error, None);
        device
    }

    pub(crate) fn enrol(
        &self,
        wire: &mut Wire,
    ) -> Result<scanner_core::EnrolReport, scanner_core::Error> {
        let link = self.server.borrow_mut().invite().to_url();
        let invitation = Invitation::parse(&link, None).expect("a link");
        enrol_over(self.path(), &invitation, &self.edge, wire)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn open(&self) -> Scanner {
        Scanner::open(self.path(), self.edge.clone())
            .expect("opens")
            .expect("is enrolled")
    }

    pub(crate) fn sync(&self) -> scanner_core::SyncReport {
        self.try_sync(&mut Wire::to(&self.server)).expect("syncs")
    }

    pub(crate) fn try_sync(
        &self,
        wire: &mut Wire,
    ) -> Result<scanner_core::SyncReport, scanner_core::Error> {
        Syncer::open(self.path(), self.edge.clone())
            .expect("opens")
            .run(wire)
    }

    pub(crate) fn pass(&self, secs: i64) {
        self.clock.now.fetch_add(secs * 1000, Ordering::Relaxed);
    }
}

pub(crate) fn scan(scanner: &mut Scanner, text: &str) -> Verdict {
    let scanned = scanner.scan(&Reading::from(text), ScanOptions::default());
    assert!(scanned.error.is_none(), "{:?}", scanned.error);
    scanned.verdict
}

pub(crate) fn leave(scanner: &mut Scanner, text: &str) -> Verdict {
    let out = ScanOptions {
        direction: Direction::Out,
        ..ScanOptions::default()
    };
    scanner.scan(&Reading::from(text), out).verdict
}
