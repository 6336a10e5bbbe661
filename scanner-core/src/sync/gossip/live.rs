//! News: entries pushed along eager links, and the flush that commits what came and passes it on.
//!
//! Invariants: an entry is committed before it is told of as held; it is passed on once per link.

use std::collections::BTreeMap;

use shared::log::{ChainError, Entry, LogHead, LogId, SignedEntry};
use shared::sync::frame::{LIVE_MAX, LiveEntry, Message};

use super::LinkId;
use super::input::Now;
use super::logs::{EARLY_MAX, Fresh, Log, is_beyond_clock};
use super::node::Node;
use super::notes::named;
use super::options::SeededBug;
use super::output::{Output, OwnLog};
use super::store::{Batch, Extension, Store, StoreError};
use crate::cache::StoredEntry;
use crate::sync::proto::APPLY_ENTRIES_MAX;

/// Bytes of fresh entries that do not wait for the next flush.
const FILL_BYTES: usize = 16 * 1024;
/// Early entries of all logs together.
const EARLY_ALL_MAX: usize = 4_096;
/// A peer is pushed what continues this many entries that it may not have.
const UNSURE_MAX: u32 = 8;

/// What became of one live entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    New,
    Again,
    /// It was here because it had been asked for.
    Pulled,
    Early,
    Bad,
}

impl Node {
    pub(super) fn live(
        &mut self,
        now: Now,
        link: LinkId,
        entries: Vec<LiveEntry>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let count = entries.len();
        self.work.came += count as u64;
        let mut again = 0_u64;
        let mut bytes = 0;
        for LiveEntry { number, entry } in entries {
            let Some(id) = self.links.get(&link).and_then(|of| of.named(number)) else {
                continue;
            };
            bytes += entry.body.len() + entry.signature.len();
            match self.live_entry(now, link, id, entry, store)? {
                Came::Again => again += 1,
                Came::New | Came::Pulled | Came::Early | Came::Bad => {}
            }
        }
        self.tally(now, link, count as u64, again);
        if bytes >= FILL_BYTES {
            self.flush_by(now.millis);
        } else {
            self.flush_soon(now);
        }
        Ok(())
    }

    fn live_entry(
        &mut self,
        now: Now,
        link: LinkId,
        id: LogId,
        signed: SignedEntry,
        store: &mut dyn Store,
    ) -> Result<Came, StoreError> {
        let Some(seq) = seq_of(&signed) else {
            self.bad(now, link, id, &ChainError::Malformed("an entry"));
            return Ok(Came::Bad);
        };
        let next_seq = seq.saturating_add(1);
        let Some(log) = self.logs.get_mut(&id) else {
            self.missed(now, link, id, next_seq);
            return Ok(Came::Early);
        };
        if log.end.is_some_and(|end| seq >= end.next_seq) {
            return self.live_stray(id, signed, store);
        }
        let was_open = log.is_open();
        if was_open {
            // The scanner may have appended more than it told.
            self.grown(id, store)?;
        }
        let Some(log) = self.logs.get(&id) else {
            return Ok(Came::Bad);
        };
        if seq < log.tip.next_seq {
            let pulled = log.pulled;
            self.peer_has(link, id, next_seq);
            if seq >= pulled.next_seq {
                return Ok(Came::Again);
            }
            // Pushed after all: we did not wait long enough.
            self.patience
                .waited(now.millis.saturating_sub(pulled.since));
            return Ok(Came::Pulled);
        }
        if seq > log.tip.next_seq {
            self.early(now, link, id, seq, signed);
            return Ok(Came::Early);
        }
        if self.options.has(SeededBug::RejectByClock)
            && Entry::decode(&signed.body)
                .is_ok_and(|entry| is_beyond_clock(entry.hlc, now.wall.as_millis()))
        {
            return Ok(Came::Bad);
        }
        let trusting = self.trusts_relay(link);
        let verifier = self.options.verifier.clone();
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(Came::Bad);
        };
        match log.stage(signed, Some(link), &*verifier, trusting) {
            Ok(hlc) => {
                self.clocks.see(hlc);
                self.peer_has(link, id, next_seq);
                if was_open {
                    self.overtaken(id, store)?;
                }
                self.drain_early(now, id);
                self.heard(now, id);
                Ok(Came::New)
            }
            Err(error) => {
                self.bad(now, link, id, &error);
                Ok(Came::Bad)
            }
        }
    }

    /// Kept until the gap before it is filled, in a bounded place.
    fn early(&mut self, now: Now, link: LinkId, id: LogId, seq: u32, signed: SignedEntry) {
        self.missed(now, link, id, seq.saturating_add(1));
        let all: usize = self.logs.values().map(|log| log.early.len()).sum();
        let Some(log) = self.logs.get_mut(&id) else {
            return;
        };
        if self.options.has(SeededBug::KeepAllEarly) {
            log.early.insert(seq, signed);
            return;
        }
        if all < EARLY_ALL_MAX {
            log.early.entry(seq).or_insert(signed);
        }
        if log.early.len() > EARLY_MAX {
            // The furthest are the least useful.
            log.early.pop_last();
        }
    }

    /// Early entries whose turn has come.
    pub(super) fn drain_early(&mut self, now: Now, id: LogId) {
        let verifier = self.options.verifier.clone();
        let Some(log) = self.logs.get_mut(&id) else {
            return;
        };
        while let Some((seq, signed)) = log.early.pop_first() {
            if seq > log.tip.next_seq {
                log.early.insert(seq, signed);
                break;
            }
            let past = log.end.is_some_and(|end| seq >= end.next_seq);
            if seq < log.tip.next_seq || past {
                continue;
            }
            // One that does not fit was no honest entry; the true one comes by a pull.
            if let Ok(hlc) = log.stage(signed, None, &*verifier, false) {
                self.clocks.see(hlc);
            }
        }
        if log.staged.is_empty() {
            return;
        }
        self.flush_soon(now);
    }

    /// The peer has so much, at least.
    pub(super) fn peer_has(&mut self, link: LinkId, log: LogId, next_seq: u32) {
        if let Some(of) = self.links.get_mut(&link) {
            let known = of.has.entry(log).or_insert(0);
            *known = (*known).max(next_seq);
        }
        self.note_copy(link, log, next_seq);
    }

    /// Counts who has a copy of the own log.
    pub(super) fn note_copy(&mut self, link: LinkId, log: LogId, next_seq: u32) {
        let Some(peer) = self.links.get(&link).map(|of| of.peer) else {
            return;
        };
        if !self.logs.get(&log).is_some_and(Log::is_open) {
            return;
        }
        let slot = self.copies.entry(peer).or_insert((log, 0));
        *slot = if slot.0 == log {
            (log, slot.1.max(next_seq))
        } else {
            (log, next_seq)
        };
    }

    /// Takes in what the scanner appended to an own log, or a sync with the server to another's.
    pub(super) fn grown(&mut self, id: LogId, store: &mut dyn Store) -> Result<(), StoreError> {
        if !self.logs.contains_key(&id) {
            let Some(stored) = store.log(id)? else {
                return Ok(());
            };
            let began = stored.genesis.head();
            if let Some(mut log) = Log::load(stored, store, &self.options)? {
                let is_open = log.is_open();
                if is_open {
                    // It was begun with what the scanner knew: nobody else can have it.
                    log.cut_back(began);
                }
                self.logs.insert(id, log);
                if is_open {
                    self.close_others(id);
                }
            }
        }
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        // What a peer brought is about to be committed, on top of what was known.
        if !log.staged.is_empty() {
            return Ok(());
        }
        loop {
            let page = store.entries(id, log.head.next_seq, 512)?;
            if page.is_empty() {
                return Ok(());
            }
            for StoredEntry {
                seq,
                body,
                signature,
            } in page
            {
                let entry = Entry::decode(&body)?;
                log.head = log.head.append(id, &entry)?;
                self.clocks.see(entry.hlc);
                if let Some(signature) = signature {
                    log.fresh.push(Fresh {
                        seq,
                        entry: SignedEntry { body, signature },
                        via: None,
                    });
                }
            }
            log.tip = log.head;
            self.stirred = true;
        }
    }

    /// One own log is open at a time.
    fn close_others(&mut self, open: LogId) {
        for log in self.logs.values_mut().filter(|log| log.own) {
            if log.id != open {
                log.closed = true;
            }
        }
        self.copies.clear();
        self.set_own(OwnLog::Clear);
    }

    /// At once when nothing was flushed for a while: gathering costs time, and saves only when
    /// there is something to gather.
    pub(super) fn flush_soon(&mut self, now: Now) {
        let free = self.flushed_at.saturating_add(self.options.timing.flush);
        self.flush_by(free.max(now.millis));
    }

    pub(super) fn flush_by(&mut self, at: u64) {
        self.flush_at = Some(self.flush_at.map_or(at, |planned| planned.min(at)));
    }

    /// An own entry is on disk already, so it goes at once: only one after another within the time
    /// between two flushes is gathered.
    pub(super) fn flush_own(&mut self, now: Now, urgent: bool) {
        let free = self
            .own_flushed_at
            .saturating_add(self.options.timing.flush);
        if urgent || free <= now.millis {
            self.own_flushed_at = now.millis;
            self.flush_by(now.millis);
        } else {
            self.flush_by(free);
        }
    }

    /// Commits what is staged and passes on what is fresh.
    pub(super) fn flush(&mut self, store: &mut dyn Store) -> Result<(), StoreError> {
        self.flush_at = None;
        let mut merged: Vec<LogId> = Vec::new();
        loop {
            let (batch, heads) = self.batch();
            if batch.is_empty() {
                break;
            }
            store.commit(&batch)?;
            drop(batch);
            self.committed(&heads);
            for id in heads.keys() {
                self.settle_cut(*id, store)?;
            }
            merged.extend(heads.keys());
        }
        if !merged.is_empty() {
            merged.sort_unstable();
            merged.dedup();
            self.out.push(Output::Merged(merged.clone()));
        }
        self.settle_claims(store)?;
        self.relay(&merged);
        self.pay();
        Ok(())
    }

    /// One transaction's worth of what is staged, and the heads after it.
    fn batch(&self) -> (Batch, BTreeMap<LogId, LogHead>) {
        let mut batch = Batch::default();
        let mut heads = BTreeMap::new();
        let mut room = APPLY_ENTRIES_MAX;
        for log in self.logs.values().filter(|log| !log.staged.is_empty()) {
            if log.staged.len() > room && !batch.is_empty() {
                break;
            }
            room = room.saturating_sub(log.staged.len());
            batch.extend.push(Extension {
                genesis: log.genesis.clone(),
                entries: log.staged.iter().map(|of| of.stored.clone()).collect(),
                head: log.tip,
            });
            heads.insert(log.id, log.tip);
        }
        (batch, heads)
    }

    fn committed(&mut self, heads: &BTreeMap<LogId, LogHead>) {
        for of in self.links.values_mut() {
            of.fruitless = 0;
        }
        for (id, head) in heads {
            let Some(log) = self.logs.get_mut(id) else {
                continue;
            };
            log.head = *head;
            self.stirred = true;
            self.work.taken += log.staged.len() as u64;
            for staged in std::mem::take(&mut log.staged) {
                if let Some(signature) = staged.stored.signature {
                    log.fresh.push(Fresh {
                        seq: staged.stored.seq,
                        entry: SignedEntry {
                            body: staged.stored.body,
                            signature,
                        },
                        via: staged.via,
                    });
                }
            }
        }
    }

    /// Live entries to eager links that continue what they have; of all else they will be told.
    fn relay(&mut self, merged: &[LogId]) {
        let mut fresh: BTreeMap<LogId, Vec<Fresh>> = BTreeMap::new();
        for log in self.logs.values_mut() {
            if !log.fresh.is_empty() {
                fresh.insert(log.id, std::mem::take(&mut log.fresh));
            }
        }
        for log in merged {
            fresh.entry(*log).or_default();
        }
        let links: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, of)| of.is_neighbour())
            .map(|(link, _)| *link)
            .collect();
        for link in links {
            self.relay_to(link, &fresh);
        }
    }

    fn relay_to(&mut self, link: LinkId, fresh: &BTreeMap<LogId, Vec<Fresh>>) {
        let mut names = Vec::new();
        let mut live = Vec::new();
        for (id, entries) in fresh {
            let (Some(log), Some(of)) = (self.logs.get(id), self.links.get_mut(&link)) else {
                continue;
            };
            let has = of.has(*id);
            let from_there = entries.iter().all(|of| of.via == Some(link)) && !entries.is_empty();
            let first = entries.first().map_or(u32::MAX, |of| of.seq);
            let whole = entries
                .iter()
                .zip(first..)
                .all(|(of, expected)| of.seq == expected);
            if of.eager
                && !from_there
                && whole
                && first <= has.saturating_add(UNSURE_MAX)
                && has < log.head.next_seq
            {
                let number = named(of, log, &mut names);
                for Fresh { seq, entry, .. } in entries {
                    if *seq >= has && live.len() < LIVE_MAX {
                        live.push(LiveEntry {
                            number,
                            entry: entry.clone(),
                        });
                        of.has.insert(*id, seq + 1);
                    }
                }
                if of.has(*id) >= log.head.next_seq {
                    continue;
                }
            }
            of.untold.insert(*id);
        }
        if !names.is_empty() {
            self.send(link, Message::Names(names));
        }
        if !live.is_empty() {
            self.send(link, Message::Live(live));
            // In the same packet.
            self.tell_notes(link);
        }
    }

    /// Opens the windows again by what was committed.
    fn pay(&mut self) {
        let owed: Vec<(LinkId, u32)> = self
            .links
            .iter_mut()
            .filter(|(_, of)| of.unpaid > 0)
            .map(|(link, of)| (*link, std::mem::take(&mut of.unpaid)))
            .collect();
        for (link, bytes) in owed {
            self.send(link, Message::Credit(bytes));
        }
    }
}

fn seq_of(signed: &SignedEntry) -> Option<u32> {
    Some(Entry::decode(&signed.body).ok()?.seq)
}
