//! A disk that can lose what was not synced, tear what was being written, or be replaced.
//!
//! Committing is atomic, as the device's database is; a crash point is before or after the moment
//! at which a commit becomes durable.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use scanner_core::StoredEntry;
use scanner_core::gossip::{Batch, Freeze, Store, StoreError, StoredLog, Stray, TrustView};
use shared::ids::EventId;
use shared::log::{Branch, Entry, ForkProof, Genesis, LogHead, LogId};
use shared::sync::StatementSet;
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::time::Timestamp;
use shared::trust::{Authority, Expected, Roster, Signed, StatementKind, open};

use crate::snapshots::Snapshots;

#[derive(Clone, Debug)]
pub(crate) struct DiskLog {
    pub(crate) genesis: Genesis,
    pub(crate) own: bool,
    pub(crate) closed: bool,
    pub(crate) entries: Vec<Arc<StoredEntry>>,
    pub(crate) head: LogHead,
    pub(crate) fork: Option<ForkProof>,
    pub(crate) strays: BTreeMap<[u8; 32], Stray>,
    /// How often entries were taken away: what was folded of it is void then.
    pub(crate) cuts: u32,
}

/// Everything that a backup would hold.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) logs: BTreeMap<LogId, DiskLog>,
    pub(crate) grants: BTreeMap<ClaimSlot, ClaimId>,
    pub(crate) grants_whole: bool,
    pub(crate) roster: Signed,
    pub(crate) trust: TrustView,
    pub(crate) snapshots: Snapshots,
    /// Which installation this belongs to: compared with what is kept outside.
    pub(crate) place: u64,
}

/// Entries that many disks hold, once: five hundred disks of a third of a million fit in no memory.
pub(crate) type Pool = Arc<Mutex<HashMap<(LogId, u32), Vec<Arc<StoredEntry>>>>>;

/// Rosters that were opened once need not be opened by every device.
pub(crate) type Opened = Arc<Mutex<BTreeMap<[u8; 32], Option<Roster>>>>;

#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) event: EventId,
    pub(crate) authority: Authority,
    pub(crate) opened: Opened,
    pub(crate) pool: Option<Pool>,
}

impl Rules {
    fn keep(&self, log: LogId, entry: &StoredEntry) -> Arc<StoredEntry> {
        let Some(pool) = &self.pool else {
            return Arc::new(entry.clone());
        };
        let mut pool = pool.lock().expect("one thread");
        let known = pool.entry((log, entry.seq)).or_default();
        if let Some(known) = known.iter().find(|of| ***of == *entry) {
            return Arc::clone(known);
        }
        let kept = Arc::new(entry.clone());
        known.push(Arc::clone(&kept));
        kept
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    Before,
    After,
}

pub(crate) struct Disk {
    pub(crate) data: Data,
    pub(crate) rules: Rules,
    /// Crash at the so-manieth write from now.
    pub(crate) crash: Option<(u32, CrashPoint)>,
    /// The seeded bug: a commit that a crash may tear.
    pub(crate) tears: bool,
    pub(crate) writes: u64,
    /// Written, shown, and lost by a power cut: heads from before. Only the seeded bug adds any.
    pub(crate) unsynced: Vec<(LogId, LogHead)>,
}

#[derive(Debug, thiserror::Error)]
#[error("the power went")]
pub(crate) struct Crash;

impl Disk {
    /// One write: `Err` when the power goes at it. `true`: it became durable before that.
    pub(crate) fn write(&mut self) -> Result<(), bool> {
        self.writes += 1;
        if self.crash.is_none() {
            self.unsynced.clear();
        }
        let Some((left, point)) = &mut self.crash else {
            return Ok(());
        };
        if *left > 0 {
            *left -= 1;
            return Ok(());
        }
        let durable = *point == CrashPoint::After;
        self.crash = None;
        Err(durable)
    }

    /// What was not synced is gone.
    pub(crate) fn power_cut(&mut self) {
        for (id, head) in std::mem::take(&mut self.unsynced).into_iter().rev() {
            if let Some(log) = self.data.logs.get_mut(&id) {
                log.truncate(head);
            }
        }
    }

    fn apply(&mut self, batch: &Batch, torn: bool) {
        for extension in &batch.extend {
            let id = extension.genesis.log_id();
            let log = self
                .data
                .logs
                .entry(id)
                .or_insert_with(|| DiskLog::new(extension.genesis.clone(), false));
            let entries = extension
                .entries
                .iter()
                .filter(|of| of.seq >= log.head.next_seq);
            let count = if torn {
                extension.entries.len() / 2
            } else {
                extension.entries.len()
            };
            let entries = entries.take(count).map(|of| self.rules.keep(id, of));
            log.entries.extend(entries);
            log.head = extension.head;
        }
        if torn {
            return;
        }
        for freeze in &batch.freeze {
            self.freeze(freeze);
        }
        for (id, stray) in &batch.strays {
            if let Some(log) = self.data.logs.get_mut(id) {
                log.strays.insert(stray.hash, stray.clone());
            }
        }
        for grant in &batch.grants {
            match grant.to {
                Some(claim) => self.data.grants.insert(grant.slot, claim),
                None => self.data.grants.remove(&grant.slot),
            };
        }
        for id in &batch.close {
            if let Some(log) = self.data.logs.get_mut(id) {
                log.closed = true;
            }
        }
    }

    fn freeze(&mut self, freeze: &Freeze) {
        let genesis = freeze.proof.genesis.clone();
        let log = self
            .data
            .logs
            .entry(genesis.log_id())
            .or_insert_with(|| DiskLog::new(genesis, false));
        log.fork = Some(freeze.proof.clone());
        if freeze.promoted.is_empty() {
            log.truncate(freeze.head);
            return;
        }
        let mut after = log.head;
        for promoted in &freeze.promoted {
            let entry = Entry::decode(&promoted.body).expect("a stored entry");
            after = after
                .append(log.genesis.log_id(), &entry)
                .expect("it continues the log");
            log.strays.remove(&after.hash);
            log.entries.push(Arc::new(promoted.clone()));
        }
        log.head = freeze.head;
    }
}

impl Data {
    pub(crate) fn new(signed: &Signed, roster: &Roster, version: u64) -> Self {
        Self {
            logs: BTreeMap::new(),
            grants: BTreeMap::new(),
            grants_whole: true,
            roster: signed.clone(),
            trust: TrustView {
                held: [0, 0, version, 0],
                roster: roster.clone(),
            },
            snapshots: Snapshots::default(),
            place: 0,
        }
    }
}

impl DiskLog {
    pub(crate) fn new(genesis: Genesis, own: bool) -> Self {
        let head = genesis.head();
        Self {
            genesis,
            own,
            closed: false,
            entries: Vec::new(),
            head,
            fork: None,
            strays: BTreeMap::new(),
            cuts: 0,
        }
    }

    /// Takes entries. One that is forked does not, closed or not: its fork may have been heard of
    /// before it was known to be this device's.
    pub(crate) fn is_open(&self) -> bool {
        self.own && !self.closed && self.fork.is_none()
    }

    /// Back to `head`, when there is more.
    fn truncate(&mut self, head: LogHead) {
        if self.head.next_seq > head.next_seq {
            self.entries.truncate(head.next_seq as usize);
            self.head = head;
            self.cuts += 1;
        }
    }

    fn stored(&self) -> StoredLog {
        StoredLog {
            genesis: self.genesis.clone(),
            own: self.own,
            closed: self.closed,
            head: self.head,
            fork: self.fork.clone(),
        }
    }
}

impl Store for Disk {
    fn logs(&self) -> Result<Vec<StoredLog>, StoreError> {
        Ok(self.data.logs.values().map(DiskLog::stored).collect())
    }
    fn log(&self, log: LogId) -> Result<Option<StoredLog>, StoreError> {
        Ok(self.data.logs.get(&log).map(DiskLog::stored))
    }
    fn entries(&self, log: LogId, first: u32, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let Some(log) = self.data.logs.get(&log) else {
            return Ok(Vec::new());
        };
        Ok(log
            .entries
            .iter()
            .skip(first as usize)
            .take(limit as usize)
            .map(|of| StoredEntry::clone(of))
            .collect())
    }
    fn strays(&self, log: LogId) -> Result<Vec<Stray>, StoreError> {
        Ok(self
            .data
            .logs
            .get(&log)
            .map_or_else(Vec::new, |log| log.strays.values().cloned().collect()))
    }
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        match self.write() {
            Ok(()) => {
                self.apply(batch, false);
                Ok(())
            }
            Err(durable) => {
                if durable || self.tears {
                    self.apply(batch, self.tears);
                }
                Err(Box::new(Crash))
            }
        }
    }
    fn trust(&self) -> Result<TrustView, StoreError> {
        Ok(self.data.trust.clone())
    }
    fn newer(&self, held: [u64; 4]) -> Result<StatementSet, StoreError> {
        let newer = held[2] < self.data.trust.held[2];
        let snapshot = held[3] < self.data.trust.held[3];
        Ok(StatementSet {
            roster: newer.then(|| self.data.roster.clone()),
            snapshot: self.data.snapshots.newest.clone().filter(|_| snapshot),
            ..StatementSet::default()
        })
    }
    fn adopt(
        &mut self,
        offered: StatementSet,
        _now: Timestamp,
    ) -> Result<(TrustView, Option<String>), StoreError> {
        if let Some(snapshot) = offered.snapshot {
            let why = self.adopt_snapshot(snapshot)?;
            return Ok((self.data.trust.clone(), why));
        }
        let Some(signed) = offered.roster else {
            return Ok((self.data.trust.clone(), None));
        };
        let version = self.data.trust.held[2];
        let expected = Expected {
            kind: StatementKind::Roster,
            event: self.rules.event,
            now: Timestamp::from_millis(0),
            seen: Some((version, self.data.roster.hash())),
        };
        let mut opened = self.rules.opened.lock().expect("one thread");
        let known = opened.get(&signed.hash()).cloned().flatten();
        let judged = open::<Roster>(&signed, &self.rules.authority, &expected);
        let (version, roster) = match judged {
            Err(error) => return Ok((self.data.trust.clone(), Some(error.to_string()))),
            Ok(judged) => (judged.header.version, judged.body),
        };
        if known.is_none() {
            roster.check()?;
            opened.insert(signed.hash(), Some(roster.clone()));
        }
        drop(opened);
        if version <= self.data.trust.held[2] {
            return Ok((self.data.trust.clone(), None));
        }
        self.write().map_err(|_| Crash)?;
        self.data.roster = signed;
        self.data.trust.roster = roster;
        self.data.trust.held[2] = version;
        Ok((self.data.trust.clone(), None))
    }
    fn missing_chunks(&self, limit: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        Ok(self.data.snapshots.missing(limit))
    }
    fn chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.data.snapshots.chunks.get(hash).cloned())
    }
    fn keep_chunks(&mut self, chunks: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, StoreError> {
        Ok(self.keep_pieces(chunks)?)
    }
    fn grant(&self, slot: &ClaimSlot) -> Result<Option<ClaimId>, StoreError> {
        Ok(self.data.grants.get(slot).copied())
    }
    fn grants_are_whole(&self) -> Result<bool, StoreError> {
        Ok(self.data.grants_whole)
    }
}

/// The foot of every proof on the disk, for the checks.
pub(crate) fn proven(log: &DiskLog) -> Option<(LogHead, [Branch; 2])> {
    let proof = log.fork.as_ref()?;
    proof.verify().ok()?;
    Some((proof.at(), proof.branches()))
}
