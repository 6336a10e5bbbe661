//! Catching up: a digest, then vectors of what differs, then pulls of what is missing.
//!
//! Invariants: what is told as held is committed; equal counts with other contents do not pass.

use std::collections::BTreeMap;

use shared::log::{ForkProof, Genesis, LogId};
use shared::sync::frame::{Have, Message, Name, Vector, Want};
use shared::sync::message::LOGS_MAX;

use super::LinkId;
use super::input::Now;
use super::links::{Link, Offer};
use super::logs::{Log, short};
use super::node::Node;
use super::options::SeededBug;
use super::output::{Alert, CloseReason, Output, OwnLog};
use super::store::{Batch, Store, StoreError};

/// Logs of one device: its installs and restores. Beyond, the device is up to something.
const LOGS_PER_DEVICE_MAX: usize = 64;
/// After so many digests that differed, a peer is told everything again.
const UNLIKE_MAX: u32 = 3;
/// Told everything, and nothing came of it: a peer that holds what nobody takes is told again after
/// twice as many digests each time, up to two to this.
const FRUITLESS_MAX: u32 = 6;

impl Node {
    /// Over everything that is durable here and others should have.
    pub(super) fn digest_now(&self) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        for log in self.logs.values().filter(|log| log.is_held()) {
            hasher.update(&log.id.0);
            hasher.update(&log.head.next_seq.to_be_bytes());
            hasher.update(&log.head.hash);
            if let Some(end) = log.end {
                hasher.update(&end.next_seq.to_be_bytes());
                hasher.update(&log.strays_digest());
            }
        }
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        digest
    }

    pub(super) fn digest(&mut self, link: LinkId, digest: [u8; 16]) {
        let same = digest == self.digest_now();
        let calm = self.is_calm();
        if same {
            if self.own == OwnLog::Asking {
                self.set_own(OwnLog::Clear);
            }
            let held: Vec<(LogId, u32)> = self
                .logs
                .values()
                .map(|log| (log.id, log.head.next_seq))
                .collect();
            for (log, next_seq) in held {
                self.peer_has(link, log, next_seq);
            }
        }
        let Some(of) = self.links.get_mut(&link) else {
            return;
        };
        of.agrees = same;
        if same {
            self.leave_when_over(link);
            return;
        }
        self.stirred |= of.fruitless < FRUITLESS_MAX;
        of.unlike = of.unlike.saturating_add(1);
        let due = of.unlike >= UNLIKE_MAX || calm;
        let patient = of.unlike >= 1 << of.fruitless.min(FRUITLESS_MAX);
        let complete = !of.told_all || of.visit || (due && patient);
        if complete {
            of.unlike = 0;
            of.fruitless = of.fruitless.saturating_add(1);
        }
        self.tell(link, complete);
    }

    pub(super) fn leave_when_over(&mut self, link: LinkId) {
        if self.links.get(&link).is_some_and(Link::is_over) {
            self.close(link, CloseReason::Done);
        }
    }

    /// Nothing is on its way in: a difference is not merely news under way.
    fn is_calm(&self) -> bool {
        self.flush_at.is_none() && self.pulls.from.is_empty()
    }

    /// What is here: all of it, or what changed since this peer was told.
    fn tell(&mut self, link: LinkId, complete: bool) {
        let mut names = Vec::new();
        let mut logs = Vec::new();
        let held: Vec<LogId> = self
            .logs
            .values()
            .filter(|log| log.is_held())
            .map(|log| log.id)
            .take(LOGS_MAX)
            .collect();
        for id in held {
            self.have(link, id, complete, &mut names, &mut logs);
        }
        let Some(of) = self.links.get_mut(&link) else {
            return;
        };
        of.told_all |= complete;
        if complete || !logs.is_empty() {
            if !names.is_empty() {
                self.send(link, Message::Names(names));
            }
            self.send(link, Message::Vector(Vector { complete, logs }));
        }
    }

    /// Adds what is here of one log, unless the peer was told exactly this and `again` is not set.
    fn have(
        &mut self,
        link: LinkId,
        id: LogId,
        again: bool,
        names: &mut Vec<Name>,
        logs: &mut Vec<Have>,
    ) {
        let (Some(log), Some(of)) = (self.logs.get(&id), self.links.get_mut(&link)) else {
            return;
        };
        let (number, fresh) = of.number(id);
        let head = if self.options.has(SeededBug::AcceptGap) {
            let early = log.early.keys().next_back().map_or(0, |seq| seq + 1);
            log.head.next_seq.max(early)
        } else {
            log.head.next_seq
        };
        let have = Have {
            number,
            next_seq: head,
            head: log.head.short(),
            frozen: log.end.map(|end| (end.next_seq, log.strays_digest())),
        };
        if !again && of.told.get(&id) == Some(&have) {
            return;
        }
        if fresh || again {
            names.push(Name {
                number,
                log: id,
                genesis: None,
            });
        }
        of.told.insert(id, have.clone());
        logs.push(have);
    }

    pub(super) fn names(&mut self, link: LinkId, names: Vec<Name>) {
        for Name {
            number,
            log,
            genesis,
        } in names
        {
            if genesis.as_ref().is_some_and(|of| of.log_id() != log) {
                self.refused(link);
                continue;
            }
            if let Some(of) = self.links.get_mut(&link) {
                of.learn_name(number, log);
            }
            if let Some(genesis) = genesis {
                self.learn(link, genesis);
            }
        }
    }

    /// A log whose writer the roster knows.
    pub(super) fn learn(&mut self, link: LinkId, genesis: Genesis) {
        let id = genesis.log_id();
        if self.logs.contains_key(&id) {
            return;
        }
        let known = self
            .trust
            .roster
            .by_device(genesis.device)
            .is_some_and(|of| of.public_key == genesis.device_key);
        let of_device = self
            .logs
            .values()
            .filter(|log| log.genesis.device == genesis.device)
            .count();
        if !known || genesis.event != self.options.event {
            // Its roster may be newer than ours; it will come again.
            return;
        }
        if of_device >= LOGS_PER_DEVICE_MAX || self.logs.len() >= LOGS_MAX {
            self.refused(link);
            return;
        }
        if let Some(log) = Log::new(genesis) {
            self.logs.insert(id, log);
        }
    }

    pub(super) fn vector(
        &mut self,
        now: Now,
        link: LinkId,
        vector: &Vector,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let open = self.logs.values().find(|log| log.is_open());
        let open = open.map(|log| log.id);
        if let Some(open) = open {
            // The scanner may have appended more than it told.
            self.grown(open, store)?;
        }
        let mut differing = Vec::new();
        let mut listed = Vec::new();
        for have in &vector.logs {
            let Some(log) = self.links.get(&link).and_then(|of| of.named(have.number)) else {
                continue;
            };
            listed.push(log);
            if self.compare(now, link, log, have, store)? {
                differing.push(log);
            }
        }
        if vector.complete {
            let unlisted: Vec<LogId> = self
                .logs
                .values()
                .filter(|log| log.is_held() && !listed.contains(&log.id))
                .map(|log| log.id)
                .collect();
            for log in unlisted {
                if let Some(of) = self.links.get_mut(&link) {
                    of.has.insert(log, 0);
                }
                differing.push(log);
            }
            // When the peer has more, or something else, its entries will tell.
            let doubted =
                open.is_some_and(|open| differing.contains(&open) && self.is_doubted(link, open));
            if self.own == OwnLog::Asking && !doubted {
                self.set_own(OwnLog::Clear);
            }
        }
        self.ask_offers(now);
        let mut names = Vec::new();
        let mut logs = Vec::new();
        for log in differing {
            self.have(link, log, false, &mut names, &mut logs);
        }
        if !names.is_empty() {
            self.send(link, Message::Names(names));
        }
        if !logs.is_empty() {
            let complete = false;
            self.send(link, Message::Vector(Vector { complete, logs }));
        }
        Ok(())
    }

    /// One log of a peer against ours. `true`: the peer should hear what is here.
    fn compare(
        &mut self,
        now: Now,
        link: LinkId,
        id: LogId,
        have: &Have,
        store: &dyn Store,
    ) -> Result<bool, StoreError> {
        if let Some(of) = self.links.get_mut(&link) {
            // What it says itself goes above what it was sent.
            of.has.insert(id, have.next_seq);
        }
        self.note_copy(link, id, have.next_seq);
        let found = Offer {
            next_seq: have.next_seq,
            at: now.millis,
            graft: false,
            first: have.next_seq,
            since: now.millis,
            newest: now.millis,
        };
        let Some(log) = self.logs.get_mut(&id) else {
            self.offer(link, id, found);
            return Ok(false);
        };
        let mut differs = false;
        let ours = log.end.map(|end| (end.next_seq, log.strays_digest()));
        if ours != have.frozen {
            differs = true;
            let proof = log.fork.clone();
            self.compare_ends(link, id, proof, have.frozen.map(|(end, _)| end));
        }
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(differs);
        };
        if have.next_seq <= log.head.next_seq {
            let hash = log.hash_at(have.next_seq, store)?;
            if hash.is_some_and(|hash| short(&hash) != have.head) {
                self.suspect(now, link, id, have.next_seq);
                differs = true;
            }
        }
        let Some(log) = self.logs.get(&id) else {
            return Ok(differs);
        };
        let ahead = log.tip.next_seq;
        let ends = log.end.map(|end| end.next_seq);
        if have.next_seq > ahead && ends.is_none_or(|end| ahead < end) {
            self.offer(link, id, found);
            differs |= log_is_open(&self.logs, id);
        }
        Ok(differs || have.next_seq < log_head(&self.logs, id))
    }

    /// One side knows more about where a log ends, or about what lies past it.
    fn compare_ends(
        &mut self,
        link: LinkId,
        id: LogId,
        proof: Option<ForkProof>,
        theirs: Option<u32>,
    ) {
        let Some(ours) = self.logs.get(&id).and_then(|log| log.end) else {
            // It sends its proof when it hears that there is none here.
            return;
        };
        if theirs == Some(ours.next_seq) {
            self.tell_strays(link, id);
            return;
        }
        if let Some(proof) = proof {
            self.send(link, Message::Forks(vec![proof]));
        }
        if theirs.is_some_and(|theirs| theirs > ours.next_seq) {
            // A cut may have vouched for more: those entries are no strays there any more.
            let want = Want {
                log: id,
                from: ours.next_seq,
                genesis: false,
            };
            self.send(link, Message::WantBranch(want));
        }
    }

    /// The peer says that it has more of a log than is here.
    fn is_doubted(&self, link: LinkId, log: LogId) -> bool {
        let offered = self
            .links
            .get(&link)
            .is_some_and(|of| of.offers.contains_key(&log));
        offered || self.probes.is_under_way(log)
    }

    /// Peers have more of the open own log than this device: it was put back from a copy.
    pub(super) fn overtaken(&mut self, id: LogId, store: &mut dyn Store) -> Result<(), StoreError> {
        let batch = Batch {
            close: vec![id],
            ..Batch::default()
        };
        store.commit(&batch)?;
        if let Some(log) = self.logs.get_mut(&id) {
            log.closed = true;
        }
        let why = "peers have more of it, or other entries: it was put back from a copy";
        self.out.push(Output::Alert(Alert::OwnLog { log: id, why }));
        self.set_own(OwnLog::Begin(id));
        Ok(())
    }
}

fn log_is_open(logs: &BTreeMap<LogId, Log>, id: LogId) -> bool {
    logs.get(&id).is_some_and(Log::is_open)
}

fn log_head(logs: &BTreeMap<LogId, Log>, id: LogId) -> u32 {
    logs.get(&id).map_or(0, |log| log.head.next_seq)
}
