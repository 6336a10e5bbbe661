//! One device at one gate.

use std::path::{Path, PathBuf};

use shared::time::Timestamp;

use super::book::Book;
use super::correction::Correction;
use super::log::OpenLog;
use super::notes::Refusals;
use super::rotation::Rotation;
use crate::cache::{Cache, DeviceKey, Identity};
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::peers_shown;
use crate::sync::{SyncReport, Syncer, Transport};

/// Entries after which the database takes over what the ring holds, between scans. If nobody calls
/// [`Scanner::idle`], a scan does it when the ring is full.
const TAKE_OVER_ENTRIES: u32 = 1024;

/// Between two looks at whether peers are linked, and for how long a look is good.
const PEERS_LOOK_MS: i64 = 1_000;
const PEERS_HEARD_MS: i64 = 60_000;

/// Decides and records. Not for sharing between threads: one gate, one scanner. Syncing belongs to
/// a [`Syncer`]; what it stores is taken over at the next scan.
pub struct Scanner {
    pub(super) cache: Cache,
    pub(super) identity: Identity,
    pub(super) key: DeviceKey,
    pub(super) edge: Edge,
    pub(super) book: Book,
    pub(super) log: Option<OpenLog>,
    /// What the last code with a wrong signature was, to tell a misread from a forgery.
    pub(super) last_bad: Option<blake3::Hash>,
    /// The code at hand was read twice with the same wrong signature.
    pub(super) not_genuine: bool,
    pub(super) rotation: Rotation,
    pub(super) correction: Correction,
    /// Whether a peer is linked, and when that was last looked at.
    peers: Option<(Timestamp, bool)>,
    pub(super) refusals: Refusals,
    /// The state of the database that the book shows; `None` when the book cannot be relied on.
    version: Option<i64>,
    dir: PathBuf,
}

impl Scanner {
    /// The device that lives in `dir`; `None` when none is enrolled there. Verifies statements,
    /// segments and all logs before it returns, and changes nothing.
    pub fn open(dir: &Path, edge: Edge) -> Result<Option<Self>, Error> {
        let Some((cache, identity)) = Cache::open(dir)? else {
            return Ok(None);
        };
        let key = DeviceKey::load(dir, &identity.public_key)?;
        let mut scanner = Self {
            cache,
            identity,
            key,
            edge,
            book: Book::default(),
            log: None,
            last_bad: None,
            not_genuine: false,
            rotation: Rotation::load(dir),
            correction: Correction::default(),
            peers: None,
            refusals: Refusals::default(),
            version: None,
            dir: dir.to_path_buf(),
        };
        scanner.freshen()?;
        Ok(Some(scanner))
    }

    /// Makes this the one scanner that appends in this data directory, until it is dropped. The
    /// first scan does it too; calling it early tells early that another one is at work.
    pub fn begin(&mut self) -> Result<(), Error> {
        self.freshen()?;
        self.open_log()?;
        Ok(())
    }

    /// One exchange with the server that this device was enrolled with. Blocks; a program that
    /// must go on scanning gives a [`Syncer`] to another thread instead.
    pub fn sync(&mut self) -> Result<SyncReport, Error> {
        let mut syncer = Syncer::open(&self.dir, self.edge.clone())?;
        let mut http = syncer.http()?;
        self.sync_with(&mut syncer, &mut http)
    }

    /// The same over any transport.
    pub fn sync_over(&mut self, transport: &mut dyn Transport) -> Result<SyncReport, Error> {
        let mut syncer = Syncer::open(&self.dir, self.edge.clone())?;
        self.sync_with(&mut syncer, transport)
    }

    fn sync_with(
        &mut self,
        syncer: &mut Syncer,
        transport: &mut dyn Transport,
    ) -> Result<SyncReport, Error> {
        let outcome = syncer.run(transport);
        self.freshen()?;
        outcome
    }

    /// Housekeeping for moments when nobody waits: call it after each answer was shown. Learns
    /// what a sync stored, notes what was refused, and lets the database take entries over when many
    /// have come together.
    pub fn idle(&mut self) -> Result<(), Error> {
        self.freshen()?;
        self.look_for_peers();
        self.note_down(false)?;
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        log.set_mark();
        if log.in_ring() >= TAKE_OVER_ENTRIES {
            log.take_over(&mut self.cache)?;
            self.cache.checkpoint()?;
        }
        Ok(())
    }

    /// Notes the refusals that are still only counted: call it when the gate closes.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.freshen()?;
        Ok(self.note_down(true)?)
    }

    /// The index of a gate, by its name (any case) or id.
    pub fn gate_named(&self, name: &str) -> Result<u16, Error> {
        let gates = self
            .book
            .snapshot
            .as_ref()
            .map_or(&[][..], |snapshot| &snapshot.policy.gates[..]);
        let wanted = name.to_lowercase();
        let found = gates
            .iter()
            .position(|gate| gate.name.to_lowercase() == wanted || gate.id.to_string() == wanted);
        found.and_then(|at| u16::try_from(at).ok()).ok_or_else(|| {
            let known: Vec<&str> = gates.iter().map(|gate| gate.name.as_str()).collect();
            let known = known.join(", ");
            Cause::Input(format!("no gate is called {name:?}; there are: {known}")).into()
        })
    }

    /// Between scans: a scan only uses what was found.
    fn look_for_peers(&mut self) {
        let now = self.edge.clock.now();
        let is_fresh = |at: Timestamp| now.millis_since(at).abs() < PEERS_LOOK_MS;
        if self.peers.is_none_or(|(at, _)| !is_fresh(at)) {
            let linked = peers_shown(&self.dir, now).is_some_and(|of| !of.peers.is_empty());
            self.peers = Some((now, linked));
        }
    }

    /// Another device was linked when that was last looked at, a moment ago.
    pub(super) fn hears_peers(&self, now: Timestamp) -> bool {
        self.peers
            .is_some_and(|(at, linked)| linked && now.millis_since(at) <= PEERS_HEARD_MS)
    }

    pub(crate) fn refresh(&mut self) -> Result<(), Error> {
        Ok(self.freshen()?)
    }
    /// This is the one scanner that appends.
    pub(crate) fn appends(&self) -> bool {
        self.log.is_some()
    }
    pub(crate) fn book(&self) -> &Book {
        &self.book
    }
    pub(crate) fn rotation(&self) -> &Rotation {
        &self.rotation
    }
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }
    pub(crate) fn edge(&self) -> &Edge {
        &self.edge
    }
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The moment that windows and dates are judged by.
    pub(crate) fn corrected(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(self.correction.ms(now))
    }

    /// Learns what others have stored since the last look. Cheap when nothing was.
    pub(super) fn freshen(&mut self) -> Result<(), Cause> {
        self.learn()?;
        let (now, count) = (self.edge.clock.now(), self.edge.clock.monotonic_micros());
        self.correction.look(&self.book.sync, now, count);
        Ok(())
    }

    fn learn(&mut self) -> Result<(), Cause> {
        let version = self.cache.data_version()?;
        if self.version == Some(version) && !self.others_append()? {
            return Ok(());
        }
        self.version = None;
        self.cache.view(|| {
            self.book
                .open_seals(&self.cache, &self.identity, &self.key)?;
            self.book.load(&self.cache, &self.identity)
        })?;
        self.version = Some(version);
        // The server may have closed the open log, or a fork ended it: then the next append begins
        // another.
        if let Some(log) = &self.log
            && self
                .book
                .logs
                .get(&log.row.log)
                .is_none_or(|of| !of.row.is_open())
        {
            self.log = None;
        }
        Ok(())
    }

    /// Another process scans with this data: its entries are in the ring at first.
    fn others_append(&self) -> Result<bool, Cause> {
        if self.log.is_some() {
            return Ok(false);
        }
        let open = self.book.logs.values();
        match open.into_iter().find(|of| of.row.is_open()) {
            Some(of) => self.cache.has_appended(of.row.log, of.head.next_seq),
            None => Ok(false),
        }
    }

    /// After a failed write: nothing in memory is relied on until it was read again.
    pub(super) fn distrust_memory(&mut self) {
        self.version = None;
        self.log = None;
        self.book = Book::default();
    }

    pub(super) fn open_log(&mut self) -> Result<&mut OpenLog, Cause> {
        let log = match self.log.take() {
            Some(log) => log,
            None => OpenLog::open(&mut self.cache, &self.identity, &mut self.book, &self.edge)?,
        };
        Ok(self.log.insert(log))
    }
}

/// A scanner that ends in good order leaves a database that is whole without the ring.
impl Drop for Scanner {
    fn drop(&mut self) {
        let Some(log) = &mut self.log else {
            return;
        };
        log.set_mark();
        if let Err(error) = log.take_over(&mut self.cache) {
            // They are safe where they are; the next scanner tries again.
            tracing::warn!(%error, "entries stay in the ring");
        }
    }
}
