//! Forks: found by comparing hashes, proven by both sides' signatures, frozen where they split.
//!
//! Two peers whose hashes differ at a common seq search for the last one that agrees, thirty-two
//! places at a time; whoever searched asks for the other's branch and holds the proof.
//!
//! Invariants: the lowest fork wins, whatever order proofs come in; what lies past it is kept as
//! strays, never counted, never lost; an eviction's cut names the branch that counts below it.

use std::collections::BTreeMap;

use shared::log::{Branch, Entry, ForkProof, LogHead, LogId};
use shared::sync::frame::{Hashes, Message, PROBE_MAX, Probe, Want};

use super::LinkId;
use super::input::Now;
use super::logs::{Log, STRAYS_KEPT_MAX};
use super::node::Node;
use super::options::SeededBug;
use super::output::{Alert, Output};
use super::store::{Batch, Freeze, Store, StoreError, Stray};
use super::strays::{new_strays, signed_branch, strays_of};

/// A search that gets no answer is given up, and may begin again.
const PROBE_MILLIS: u64 = 1_000;

/// Searches under way, one a log.
#[derive(Debug, Default)]
pub(super) struct Probes(BTreeMap<LogId, Search>);

#[derive(Clone, Copy, Debug)]
struct Search {
    link: LinkId,
    /// The hashes agree here…
    low: u32,
    /// …and differ here, or are not known to agree.
    high: u32,
    differs: bool,
    until: u64,
}

impl Probes {
    pub(super) fn lost(&mut self, link: LinkId) {
        self.0.retain(|_, of| of.link != link);
    }
    pub(super) fn expire(&mut self, now: u64) {
        self.0.retain(|_, of| of.until > now);
    }
    pub(super) fn is_under_way(&self, log: LogId) -> bool {
        self.0.contains_key(&log)
    }
    pub(super) fn due(&self) -> Option<u64> {
        self.0.values().map(|of| of.until).min()
    }
}

impl Node {
    /// The peer's log is another than ours somewhere at or below `seq`: looks where.
    pub(super) fn suspect(&mut self, now: Now, link: LinkId, id: LogId, seq: u32) {
        if self.probes.0.contains_key(&id) {
            return;
        }
        let search = Search {
            link,
            low: 0,
            high: seq,
            differs: false,
            until: now.millis + PROBE_MILLIS,
        };
        self.probes.0.insert(id, search);
        self.probe(id);
    }

    fn probe(&mut self, id: LogId) {
        let Some(Search {
            link,
            low,
            high,
            differs,
            ..
        }) = self.probes.0.get(&id).copied()
        else {
            return;
        };
        if differs && high == low + 1 {
            // It splits right after `low`: the peer's side is still to come.
            let want = Want {
                log: id,
                from: low,
                genesis: false,
            };
            self.send(link, Message::WantBranch(want));
        } else if high > low {
            let seqs = places(low, high);
            self.send(link, Message::Probe(Probe { log: id, seqs }));
        } else {
            self.probes.0.remove(&id);
        }
    }

    pub(super) fn probed(
        &mut self,
        link: LinkId,
        probe: &Probe,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(log) = self.logs.get_mut(&probe.log) else {
            return Ok(());
        };
        let mut hashes = Vec::with_capacity(probe.seqs.len());
        for seq in &probe.seqs {
            if let Some(hash) = log.hash_at(*seq, store)? {
                hashes.push((*seq, hash));
            }
        }
        let log = probe.log;
        self.send(link, Message::Hashes(Hashes { log, hashes }));
        Ok(())
    }

    pub(super) fn hashes(
        &mut self,
        now: Now,
        link: LinkId,
        hashes: &Hashes,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(search) = self.probes.0.get_mut(&hashes.log) else {
            return Ok(());
        };
        let Some(log) = self.logs.get_mut(&hashes.log) else {
            return Ok(());
        };
        if search.link != link {
            return Ok(());
        }
        search.until = now.millis + PROBE_MILLIS;
        let before = (search.low, search.high, search.differs);
        let mut listed = hashes.hashes.clone();
        listed.sort_unstable();
        for (seq, theirs) in &listed {
            if *seq <= search.low || *seq > search.high {
                continue;
            }
            let Some(ours) = log.hash_at(*seq, store)? else {
                continue;
            };
            if ours == *theirs {
                search.low = *seq;
            } else {
                search.high = *seq;
                search.differs = true;
                break;
            }
        }
        if (search.low, search.high, search.differs) == before {
            // It knows nothing of these places: no use in going on.
            self.probes.0.remove(&hashes.log);
            return Ok(());
        }
        if !search.differs && search.low == search.high {
            // All that both have agrees.
            self.probes.0.remove(&hashes.log);
            return Ok(());
        }
        self.probe(hashes.log);
        Ok(())
    }

    pub(super) fn want_branch(
        &mut self,
        link: LinkId,
        want: Want,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(log) = self.logs.get_mut(&want.log) else {
            return Ok(());
        };
        let Some(previous) = log.hash_at(want.from, store)? else {
            return Ok(());
        };
        if let Some(segment) = signed_branch(log, want.from, store)? {
            let branch = Branch { previous, segment };
            self.send(link, Message::Branches(vec![branch]));
        }
        Ok(())
    }

    /// Branches: the missing half of a proof, or strays that were asked for.
    pub(super) fn branches(
        &mut self,
        now: Now,
        link: LinkId,
        branches: Vec<Branch>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        for branch in branches {
            let id = branch.segment.log;
            let Some(log) = self.logs.get_mut(&id) else {
                continue;
            };
            let verifier = self.options.verifier.clone();
            let Ok(_) = verifier.branch(log.key(), &branch) else {
                self.refused(link);
                continue;
            };
            let at = branch.foot();
            let held = at.next_seq < log.head.next_seq
                && log.hash_at(at.next_seq, store)? == Some(at.hash);
            let ours = if held {
                signed_branch(log, at.next_seq, store)?
            } else {
                None
            };
            let proof = ours
                .filter(|ours| ours.bodies.first() != branch.segment.bodies.first())
                .map(|ours| {
                    let genesis = log.genesis.clone();
                    ForkProof::new(genesis, at.hash, ours, branch.segment.clone())
                });
            if let Some(proof) = proof {
                self.probes.0.remove(&id);
                self.proof(now, Some(link), proof, store)?;
            } else if log.end.is_some() {
                self.keep_strays(id, strays_of(&branch), store)?;
                self.settle_cut(id, store)?;
            }
        }
        Ok(())
    }

    pub(super) fn proofs(
        &mut self,
        now: Now,
        link: LinkId,
        proofs: Vec<ForkProof>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        for proof in proofs {
            self.learn(link, proof.genesis.clone());
            self.proof(now, Some(link), proof, store)?;
        }
        Ok(())
    }

    /// Judges a proof and freezes the log, when it is the lowest.
    fn proof(
        &mut self,
        now: Now,
        link: Option<LinkId>,
        proof: ForkProof,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let id = proof.genesis.log_id();
        let verifier = self.options.verifier.clone();
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        if verifier.fork(&proof).is_err() {
            if let Some(link) = link {
                self.refused(link);
            }
            return Ok(());
        }
        let at = proof.at();
        let known = log.fork.as_ref().map(ForkProof::at);
        let first = self.options.has(SeededBug::FreezeAtFirst) && known.is_some();
        if first || known.is_some_and(|known| known.next_seq <= at.next_seq) {
            // Not lower than what is known. Its branches may still be new.
            for branch in proof.branches() {
                self.keep_strays(id, strays_of(&branch), store)?;
            }
            return self.settle_cut(id, store);
        }
        let ours = log.hash_at(at.next_seq, store)?;
        if ours.is_some_and(|hash| hash != at.hash) {
            // It splits higher up on a branch that is not ours: there is a lower fork to be found.
            if let Some(link) = link {
                self.suspect(now, link, id, at.next_seq);
            }
            return Ok(());
        }
        let was_open = log.is_open();
        self.freeze(id, at, proof, store)?;
        if was_open {
            self.overtaken(id, store)?;
        }
        self.settle_cut(id, store)?;
        self.spread_fork(link, id);
        Ok(())
    }

    fn freeze(
        &mut self,
        id: LogId,
        at: LogHead,
        proof: ForkProof,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        let mut strays = past(log, at, store)?;
        for branch in proof.branches() {
            strays.extend(strays_of(&branch));
        }
        let news = new_strays(log, strays);
        let batch = Batch {
            freeze: vec![Freeze {
                head: at,
                proof: proof.clone(),
                promoted: Vec::new(),
            }],
            strays: news.iter().cloned().map(|stray| (id, stray)).collect(),
            // In the same transaction: after a crash between two, it would be written on.
            close: log.is_open().then_some(id).into_iter().collect(),
            ..Batch::default()
        };
        store.commit(&batch)?;
        for stray in news {
            log.strays.insert(stray.hash, stray);
        }
        log.fork = Some(proof);
        log.end = Some(at);
        if log.head.next_seq > at.next_seq {
            log.cut_back(at);
        } else {
            log.staged.clear();
            log.tip = log.head;
        }
        self.out.push(Output::Merged(vec![id]));
        self.out.push(Output::Alert(Alert::Fork {
            device: log.genesis.device,
            log: id,
            at: at.next_seq,
        }));
        Ok(())
    }

    /// Everybody should know, at once.
    fn spread_fork(&mut self, from: Option<LinkId>, id: LogId) {
        let Some(proof) = self.logs.get(&id).and_then(|log| log.fork.clone()) else {
            return;
        };
        let links: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(link, of)| of.greeted && Some(**link) != from)
            .map(|(link, _)| *link)
            .collect();
        for link in links {
            self.send(link, Message::Forks(vec![proof.clone()]));
        }
    }
}

/// At most 32 places in (low, high], the last of them `high`.
fn places(low: u32, high: u32) -> Vec<u32> {
    let count = u64::try_from(PROBE_MAX).unwrap_or(1);
    let width = u64::from(high - low);
    let steps = width.min(count);
    (1..=steps)
        .map(|step| low + u32::try_from(width * step / steps).unwrap_or(u32::MAX))
        .collect()
}

/// What lies past `at` in the log itself.
fn past(log: &Log, at: LogHead, store: &dyn Store) -> Result<Vec<Stray>, StoreError> {
    let mut strays = Vec::new();
    let mut after = at;
    while after.next_seq < log.head.next_seq && strays.len() < STRAYS_KEPT_MAX {
        let page = store.entries(log.id, after.next_seq, 512)?;
        if page.is_empty() {
            break;
        }
        for stored in page {
            let entry = Entry::decode(&stored.body)?;
            let previous = after.hash;
            after = after.append(log.id, &entry)?;
            strays.push(Stray {
                hash: after.hash,
                previous,
                seq: stored.seq,
                body: stored.body,
                signature: stored.signature,
            });
        }
    }
    Ok(strays)
}
