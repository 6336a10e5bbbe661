//! One device: its node, its disk, its clock, and the scanner that appends to its log.

use std::collections::BTreeMap;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use scanner_core::StoredEntry;
use scanner_core::gossip::{Node, Now, Options, Output, OwnLog, Verifier};
use shared::ids::{DeviceId, EventId};
use shared::log::{
    DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogHead, LogId, SignedEntry, Target,
};
use shared::sync::claim::ClaimId;
use shared::ticket::ScanProof;
use shared::time::Timestamp;

use crate::disk::{Data, Disk, DiskLog};
use crate::fold::Fold;
use crate::plan::{Bug, Plan};

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; no two of them make a state"
)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) key: SigningKey,
    pub(crate) hub: bool,
    pub(crate) disk: Disk,
    /// Kept outside every backup.
    pub(crate) place: u64,
    pub(crate) node: Option<Node>,
    pub(crate) boots: u64,
    /// Wall clock minus true time, and its drift in parts per million.
    pub(crate) offset: i64,
    pub(crate) drift: i64,
    pub(crate) fold: Fold,
    pub(crate) hlc: Hlc,
    pub(crate) paused: bool,
    /// Milliseconds that it takes for everything.
    pub(crate) slow: u64,
    pub(crate) tick_at: u64,
    pub(crate) backup: Option<Data>,
    /// Which disk this is: a loss or a restore makes it another.
    pub(crate) generation: u64,
    pub(crate) claims: BTreeMap<ClaimId, u32>,
    /// Signs or forges what no honest device would: what it holds is nobody's model.
    pub(crate) rotten: bool,
    pub(crate) is_clone: bool,
    /// Tells a device from its copies.
    pub(crate) instance: u8,
    pub(crate) bytes: u64,
    /// The latest time that the own clock ever showed.
    pub(crate) wall_max: u64,
    /// When its program started.
    pub(crate) booted_at: u64,
    /// Nanoseconds: when its processor is through with what came.
    pub(crate) busy_until: u64,
    pub(crate) neighbours: Vec<usize>,
}

/// What became of an append.
pub(crate) enum Appended {
    /// Durable, and shown to the guest.
    Shown {
        log: LogId,
        seq: u32,
        after: LogHead,
    },
    /// Shown, though a crash may still take it: the seeded bug.
    ShownUnsynced {
        log: LogId,
        seq: u32,
        after: LogHead,
    },
    /// The power went; the entry may or may not be there.
    Crashed {
        log: LogId,
        seq: u32,
        after: LogHead,
    },
    No,
}

impl Device {
    pub(crate) fn now(&self, time: u64) -> Now {
        let true_time = i64::try_from(time).expect("short runs");
        let wall = 1_790_000_000_000 + true_time + true_time * self.drift / 1_000_000 + self.offset;
        Now {
            wall: Timestamp::from_millis(wall),
            millis: time,
        }
    }

    pub(crate) fn boot(
        &mut self,
        plan: &Plan,
        event: EventId,
        verifier: &Arc<dyn Verifier>,
        time: u64,
    ) -> Vec<Output> {
        self.boots += 1;
        if self.disk.data.place != self.place && plan.bug != Some(Bug::ReuseSeq) {
            // Put back from a copy, or new: the logs that it knows as own take no more.
            for log in self.disk.data.logs.values_mut().filter(|log| log.own) {
                log.closed = true;
            }
            self.disk.data.grants_whole = false;
        }
        self.disk.data.place = self.place;
        let seed = plan.seed ^ (self.boots << 32) ^ u64::from_be_bytes(first_eight(&self.id));
        let mut boot = [0; 16];
        boot[..8].copy_from_slice(&seed.to_be_bytes());
        boot[8] = self.instance;
        let mut options = Options::new(event, self.id, self.hub, boot, seed);
        options.verifier = Arc::clone(verifier);
        options.key = Some(Arc::new(self.key.clone()));
        options.bug = plan.node_bug();
        let (node, out) =
            Node::start(options, self.now(time), &self.disk).expect("the disk is readable");
        self.node = Some(node);
        self.tick_at = u64::MAX;
        self.booted_at = time;
        self.fold = Fold::default();
        self.fold.update(&self.disk.data);
        let own = self.disk.data.logs.values().filter(|log| log.own);
        let clocks = own
            .filter_map(|log| log.entries.last())
            .filter_map(|of| Entry::decode(&of.body).ok());
        self.hlc = clocks.map(|entry| entry.hlc).max().unwrap_or_default();
        out
    }

    /// Entries may be appended now.
    pub(crate) fn may_append(&self, plan: &Plan) -> bool {
        let Some(node) = &self.node else {
            return false;
        };
        !self.paused && (node.own_log() != OwnLog::Asking || plan.bug == Some(Bug::ReuseSeq))
    }

    /// Signs, writes and syncs one entry, as the scanner does.
    pub(crate) fn append(
        &mut self,
        plan: &Plan,
        event: EventId,
        time: u64,
        wanted: Wanted,
    ) -> Appended {
        let now = self.now(time);
        let Some(node) = &self.node else {
            return Appended::No;
        };
        let floor = node.hlc_floor(now);
        let open = self.disk.data.logs.iter().find(|(_, log)| log.is_open());
        let id = match open {
            Some((id, _)) => *id,
            None => match self.begin(event, time) {
                Some(id) => id,
                None => return Appended::No,
            },
        };
        let Some(log) = self.disk.data.logs.get(&id) else {
            return Appended::No;
        };
        let hlc = self.hlc.max(floor).tick(now.wall);
        let entry = wanted.entry(log.head.next_seq, hlc);
        let Ok((signed, after)) = SignedEntry::sign(&self.key, id, &log.head, &entry) else {
            return Appended::No;
        };
        self.hlc = hlc;
        let seq = entry.seq;
        if plan.bug == Some(Bug::SkipFsync) {
            self.disk.unsynced.push((id, log.head));
            self.put(id, signed, after);
            return Appended::ShownUnsynced {
                log: id,
                seq,
                after,
            };
        }
        match self.disk.write() {
            Ok(()) => {
                self.put(id, signed, after);
                Appended::Shown {
                    log: id,
                    seq,
                    after,
                }
            }
            Err(durable) => {
                if durable {
                    self.put(id, signed, after);
                }
                Appended::Crashed {
                    log: id,
                    seq,
                    after,
                }
            }
        }
    }

    pub(crate) fn put(&mut self, id: LogId, signed: SignedEntry, after: LogHead) {
        let Some(log) = self.disk.data.logs.get_mut(&id) else {
            return;
        };
        log.entries.push(Arc::new(StoredEntry {
            seq: log.head.next_seq,
            body: signed.body,
            signature: Some(signed.signature),
        }));
        log.head = after;
    }

    fn begin(&mut self, event: EventId, time: u64) -> Option<LogId> {
        if self.disk.write().is_err() {
            return None;
        }
        let mut incarnation = [0; 16];
        incarnation[..8].copy_from_slice(&time.to_be_bytes());
        incarnation[8..12].copy_from_slice(&self.generation.to_be_bytes()[4..]);
        incarnation[12] = u8::from(self.is_clone);
        incarnation[13] = self.boots.to_le_bytes()[0];
        incarnation[14] = self.instance;
        let genesis = Genesis {
            event,
            device: self.id,
            device_key: self.key.verifying_key().to_bytes(),
            incarnation,
            app_version: "sim".to_owned(),
        };
        let id = genesis.log_id();
        for log in self.disk.data.logs.values_mut().filter(|log| log.own) {
            log.closed = true;
        }
        self.disk.data.logs.insert(id, DiskLog::new(genesis, true));
        Some(id)
    }
}

/// What the gate wants to write down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: EntryKind,
    pub(crate) serial: u32,
    pub(crate) target: Option<Target>,
}

impl Wanted {
    fn entry(self, seq: u32, hlc: Hlc) -> Entry {
        let scanned = matches!(self.kind, EntryKind::Admit | EntryKind::Exit);
        Entry {
            seq,
            hlc,
            kind: self.kind,
            gate: 1,
            flags: DecisionFlags::default(),
            serial: self.serial,
            generation: 1,
            proof: ScanProof(if scanned { [7; 8] } else { [0; 8] }),
            target: self.target,
        }
    }
}

fn first_eight(id: &DeviceId) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&id.as_bytes()[..8]);
    bytes
}
