//! What a node needs of the disk. The device's cache and the simulator's disk implement it.
//!
//! Invariants that an implementation keeps: `commit` is one transaction, durable when it returns;
//! after an error or a crash all of it is there or nothing; what was committed is read back.

use shared::ids::DeviceId;
use shared::log::{ForkProof, Genesis, LogHead, LogId};
use shared::sync::StatementSet;
use shared::sync::claim::{ClaimId, ClaimSlot};
use shared::time::Timestamp;
use shared::trust::Roster;

use crate::cache::StoredEntry;

pub type StoreError = Box<dyn std::error::Error + Send + Sync>;

pub trait Store {
    /// Every log that is here, own and others', with its durable head.
    fn logs(&self) -> Result<Vec<StoredLog>, StoreError>;

    /// One log; `None` when it is not here.
    fn log(&self, log: LogId) -> Result<Option<StoredLog>, StoreError>;

    /// Entries of one log from `first`, at most `limit`, in order. None at or after the place where
    /// the log is frozen.
    fn entries(&self, log: LogId, first: u32, limit: u32) -> Result<Vec<StoredEntry>, StoreError>;

    /// What is quarantined of one log.
    fn strays(&self, log: LogId) -> Result<Vec<Stray>, StoreError>;

    /// All of it or nothing; durable when it returns.
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// The trust in force.
    fn trust(&self) -> Result<TrustView, StoreError>;

    /// What is newer here than `held` (versions of root, keyring, roster, snapshot). Of roots only
    /// the direct successor: each is trusted through the one before.
    fn newer(&self, held: [u64; 4]) -> Result<StatementSet, StoreError>;

    /// Judges statements that a peer brought and keeps what holds up and is newer, durably. Gives
    /// the trust then in force, and why the rest was not adopted.
    fn adopt(
        &mut self,
        offered: StatementSet,
        now: Timestamp,
    ) -> Result<(TrustView, Option<String>), StoreError>;

    /// Hashes of snapshot segments that the pending snapshot lacks, at most `limit`.
    fn missing_chunks(&self, limit: usize) -> Result<Vec<[u8; 32]>, StoreError>;

    /// A snapshot segment's wire bytes, when it is here.
    fn chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Checks segments against the pending manifest, keeps the good ones and switches to the
    /// snapshot when it is whole. Says whether anything was new.
    fn keep_chunks(&mut self, chunks: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, StoreError>;

    /// The attempt that holds a slot, as this home granted it.
    fn grant(&self, slot: &ClaimSlot) -> Result<Option<ClaimId>, StoreError>;

    /// This device's grants cannot have been lost: its database is not younger than its enrolment,
    /// and not put back from a copy. Otherwise it abstains.
    fn grants_are_whole(&self) -> Result<bool, StoreError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLog {
    pub genesis: Genesis,
    /// Written by this device, now or before.
    pub own: bool,
    /// Takes no further entries from this device. Meaningless for logs of others.
    pub closed: bool,
    /// The durable, verified head; never past the place where the log is frozen.
    pub head: LogHead,
    /// The lowest fork that is known.
    pub fork: Option<ForkProof>,
}

/// The part of the trust that the exchange goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustView {
    /// Versions of (root, keyring, roster, snapshot) held; 0 for none.
    pub held: [u64; 4],
    pub roster: Roster,
}

/// One transaction: at most 8,192 entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Verified entries that continue logs without a gap. Logs that are new come with them.
    pub extend: Vec<Extension>,
    /// Applied before `strays`.
    pub freeze: Vec<Freeze>,
    /// Quarantined entries, each once.
    pub strays: Vec<(LogId, Stray)>,
    /// Slots that this home grants to an attempt, or takes back (`None`).
    pub grants: Vec<Grant>,
    /// Own logs that must take no further entries.
    pub close: Vec<LogId>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.extend.is_empty()
            && self.freeze.is_empty()
            && self.strays.is_empty()
            && self.grants.is_empty()
            && self.close.is_empty()
    }
    pub fn entries(&self) -> usize {
        self.extend.iter().map(|of| of.entries.len()).sum()
    }
}

/// Verified entries that continue a log, and the head after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    pub genesis: Genesis,
    pub entries: Vec<StoredEntry>,
    pub head: LogHead,
}

/// From `head` on the log is no longer a log: its entries there stop being returned by `entries`,
/// and come back as strays in the same batch. A second freeze of one log, lower or with a better
/// proof, replaces the first. `head` may be above an earlier one when a cut names the good branch:
/// then `promoted` holds the entries between, which join the log again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    pub head: LogHead,
    pub proof: ForkProof,
    pub promoted: Vec<StoredEntry>,
}

/// A quarantined entry: it happened, or its signer says so, but it is counted as suspect only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Hash after it: its name.
    pub hash: [u8; 32],
    pub previous: [u8; 32],
    pub seq: u32,
    pub body: Vec<u8>,
    /// As with log entries, the last of a run carries one.
    pub signature: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    pub slot: ClaimSlot,
    pub to: Option<ClaimId>,
}

/// Who holds a copy of the own log, and up to where.
pub type Copies = Vec<(DeviceId, u32)>;
