//! Strays: what lies past the place where a log is frozen.
//!
//! They are exchanged by the hash after them, as branches that vouch for themselves, so that every
//! replica comes to hold the same ones whatever tree the writer made of them.
//!
//! Invariants: a stray is never counted and never lost; the branch that a cut names is the log.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{Branch, Entry, LogHead, LogId, LogSegment, SignedEntry};
use shared::sync::frame::{Message, PROBE_MAX, SEGMENTS_MAX, STRAYS_MAX, Strays};

use super::LinkId;
use super::live::Came;
use super::logs::{Log, STRAYS_KEPT_MAX, short};
use super::node::Node;
use super::output::Output;
use super::store::{Batch, Freeze, Store, StoreError, Stray};
use crate::cache::StoredEntry;

impl Node {
    pub(super) fn keep_strays(
        &mut self,
        id: LogId,
        strays: Vec<Stray>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        let Some(end) = log.end else {
            return Ok(());
        };
        // What lies below the end is on the trunk, or on a branch that a lower fork will free.
        let mut news = Vec::new();
        for stray in new_strays(log, strays) {
            let on_trunk =
                stray.seq < end.next_seq && log.hash_at(stray.seq + 1, store)? == Some(stray.hash);
            if !on_trunk {
                news.push(stray);
            }
        }
        news.truncate(STRAYS_KEPT_MAX.saturating_sub(log.strays.len()));
        if news.is_empty() {
            return Ok(());
        }
        let batch = Batch {
            strays: news.iter().cloned().map(|stray| (id, stray)).collect(),
            ..Batch::default()
        };
        store.commit(&batch)?;
        for stray in news {
            log.strays.insert(stray.hash, stray);
        }
        Ok(())
    }

    /// An entry of a frozen log past its end: kept as a stray when its parent is known.
    pub(super) fn live_stray(
        &mut self,
        id: LogId,
        signed: SignedEntry,
        store: &mut dyn Store,
    ) -> Result<Came, StoreError> {
        let verifier = self.options.verifier.clone();
        let (Some(log), Ok(entry)) = (self.logs.get(&id), Entry::decode(&signed.body)) else {
            return Ok(Came::Bad);
        };
        let parents = log
            .strays
            .values()
            .filter(|stray| stray.seq.checked_add(1) == Some(entry.seq))
            .map(|stray| stray.hash)
            .chain(
                log.end
                    .filter(|end| end.next_seq == entry.seq)
                    .map(|end| end.hash),
            );
        let mut found = None;
        for hash in parents.take(PROBE_MAX) {
            let foot = LogHead {
                next_seq: entry.seq,
                hash,
            };
            if let Ok((_, after)) = verifier.entry(log.key(), id, &foot, &signed) {
                found = Some(Stray {
                    hash: after.hash,
                    previous: hash,
                    seq: entry.seq,
                    body: signed.body,
                    signature: Some(signed.signature),
                });
                break;
            }
        }
        let Some(stray) = found else {
            // Its parent comes with the next comparison of strays.
            return Ok(Came::Early);
        };
        if log.strays.contains_key(&stray.hash) {
            return Ok(Came::Again);
        }
        self.keep_strays(id, vec![stray], store)?;
        self.settle_cut(id, store)?;
        Ok(Came::New)
    }

    pub(super) fn tell_strays(&mut self, link: LinkId, id: LogId) {
        let Some(log) = self.logs.get(&id) else {
            return;
        };
        let entries = log.strays.keys().map(short).take(STRAYS_MAX).collect();
        self.send(link, Message::Strays(Strays { log: id, entries }));
    }

    /// The peer's list: gives what it lacks, asks for what is missing here.
    pub(super) fn strays(&mut self, link: LinkId, theirs: &Strays) {
        let Some(log) = self.logs.get(&theirs.log) else {
            return;
        };
        let listed: BTreeSet<[u8; 8]> = theirs.entries.iter().copied().collect();
        let ours: BTreeSet<[u8; 8]> = log.strays.keys().map(short).collect();
        let lacking: Vec<[u8; 8]> = ours.difference(&listed).copied().collect();
        let missing: Vec<[u8; 8]> = listed.difference(&ours).copied().collect();
        self.give_strays(link, theirs.log, &lacking);
        if !missing.is_empty() {
            let strays = Strays {
                log: theirs.log,
                entries: missing,
            };
            self.send(link, Message::WantStrays(strays));
        }
    }

    pub(super) fn want_strays(&mut self, link: LinkId, wanted: &Strays) {
        self.give_strays(link, wanted.log, &wanted.entries);
    }

    fn give_strays(&mut self, link: LinkId, id: LogId, names: &[[u8; 8]]) {
        let Some(log) = self.logs.get(&id) else {
            return;
        };
        let branches = vouching(log, names.iter().copied().collect(), SEGMENTS_MAX);
        if !branches.is_empty() {
            self.send(link, Message::Branches(branches));
        }
    }

    /// The roster changed: cuts may name branches that count.
    pub(super) fn settle_cuts(&mut self, store: &mut dyn Store) -> Result<(), StoreError> {
        let frozen: Vec<LogId> = self
            .logs
            .values()
            .filter(|log| log.end.is_some())
            .map(|log| log.id)
            .collect();
        for id in frozen {
            self.settle_cut(id, store)?;
        }
        Ok(())
    }

    /// A cut vouches for the branch that leads to it: those entries join the log again.
    pub(super) fn settle_cut(
        &mut self,
        id: LogId,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Some(log) = self.logs.get_mut(&id) else {
            return Ok(());
        };
        let (Some(end), Some(proof)) = (log.end, log.fork.clone()) else {
            return Ok(());
        };
        let cut = self
            .trust
            .roster
            .by_device(log.genesis.device)
            .and_then(|of| of.cut.as_ref())
            .and_then(|cut| cut.iter().find(|(known, _, _)| *known == id.0));
        let Some((_, next_seq, hash)) = cut else {
            return Ok(());
        };
        let cut = LogHead {
            next_seq: *next_seq,
            hash: *hash,
        };
        // The whole trunk must be here, or the branch would hang in the air.
        if cut.next_seq <= end.next_seq || log.head != end {
            return Ok(());
        }
        let Some(path) = path_to(log, end, cut) else {
            return Ok(());
        };
        let promoted = path
            .iter()
            .map(|stray| StoredEntry {
                seq: stray.seq,
                body: stray.body.clone(),
                signature: stray.signature.clone(),
            })
            .collect();
        let batch = Batch {
            freeze: vec![Freeze {
                head: cut,
                proof,
                promoted,
            }],
            ..Batch::default()
        };
        store.commit(&batch)?;
        for stray in path {
            log.strays.remove(&stray.hash);
        }
        log.end = Some(cut);
        log.head = cut;
        log.tip = cut;
        self.out.push(Output::Merged(vec![id]));
        Ok(())
    }
}

/// At most so many branches that vouch for the strays of these names, in order.
pub(super) fn vouching(log: &Log, mut names: BTreeSet<[u8; 8]>, max: usize) -> Vec<Branch> {
    let mut by_seq: Vec<&Stray> = log.strays.values().collect();
    by_seq.sort_unstable_by_key(|stray| (stray.seq, stray.hash));
    let mut branches = Vec::new();
    for stray in by_seq {
        if !names.contains(&short(&stray.hash)) {
            continue;
        }
        let Some(run) = signed_run(log, stray) else {
            continue;
        };
        for of in &run {
            names.remove(&short(&of.hash));
        }
        branches.push(branch_of(log.id, stray, &run));
        if branches.len() == max {
            break;
        }
    }
    branches
}

pub(super) fn strays_of(branch: &Branch) -> Vec<Stray> {
    let mut after = branch.foot();
    let last = branch.segment.bodies.len().saturating_sub(1);
    let mut strays = Vec::with_capacity(branch.segment.bodies.len());
    for (at, body) in branch.segment.bodies.iter().enumerate() {
        let Ok(entry) = Entry::decode(body) else {
            break;
        };
        let previous = after.hash;
        let Ok(next) = after.append(branch.segment.log, &entry) else {
            break;
        };
        after = next;
        strays.push(Stray {
            hash: after.hash,
            previous,
            seq: entry.seq,
            body: body.clone(),
            signature: (at == last).then(|| branch.segment.signature.clone()),
        });
    }
    strays
}

pub(super) fn new_strays(log: &Log, strays: Vec<Stray>) -> Vec<Stray> {
    let mut seen = BTreeSet::new();
    strays
        .into_iter()
        .filter(|stray| !log.strays.contains_key(&stray.hash) && seen.insert(stray.hash))
        .collect()
}

/// What this replica holds of a log from `first` on, up to a signature. At the end of a frozen log
/// the signature may lie among the strays.
pub(super) fn signed_branch(
    log: &Log,
    first: u32,
    store: &dyn Store,
) -> Result<Option<LogSegment>, StoreError> {
    let Some(mut segment) = log.segment(first, store)? else {
        return Ok(None);
    };
    if segment.signature.iter().any(|byte| *byte != 0) {
        return Ok(Some(segment));
    }
    let run = log
        .strays
        .values()
        .filter(|stray| Some(stray.previous) == log.end.map(|end| end.hash))
        .find_map(|stray| signed_run(log, stray));
    let Some(run) = run else {
        return Ok(None);
    };
    segment
        .bodies
        .extend(run.iter().map(|stray| stray.body.clone()));
    segment.signature = run
        .last()
        .and_then(|stray| stray.signature.clone())
        .unwrap_or_default();
    Ok((segment.bodies.len() <= LOG_SEGMENT_ENTRIES_MAX).then_some(segment))
}

/// From a stray along its children to the nearest one that carries a signature.
fn signed_run<'a>(log: &'a Log, from: &'a Stray) -> Option<Vec<&'a Stray>> {
    let mut children: BTreeMap<[u8; 32], Vec<&Stray>> = BTreeMap::new();
    for stray in log.strays.values() {
        children.entry(stray.previous).or_default().push(stray);
    }
    let mut parents: BTreeMap<[u8; 32], &Stray> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(stray) = queue.pop_front() {
        if stray.signature.is_some() {
            let mut run = vec![stray];
            let mut at = stray;
            while let Some(parent) = parents.get(&at.hash) {
                run.push(parent);
                at = parent;
            }
            run.reverse();
            return (run.len() <= LOG_SEGMENT_ENTRIES_MAX).then_some(run);
        }
        for child in children.get(&stray.hash).into_iter().flatten() {
            parents.insert(child.hash, stray);
            queue.push_back(child);
        }
    }
    None
}

fn branch_of(id: LogId, first: &Stray, run: &[&Stray]) -> Branch {
    let signature = run.last().and_then(|stray| stray.signature.clone());
    Branch {
        previous: first.previous,
        segment: LogSegment {
            log: id,
            first_seq: first.seq,
            bodies: run.iter().map(|stray| stray.body.clone()).collect(),
            signature: signature.unwrap_or_default(),
        },
    }
}

/// The strays that lead from `end` to `cut`, in order.
fn path_to(log: &Log, end: LogHead, cut: LogHead) -> Option<Vec<Stray>> {
    let mut path = Vec::new();
    let mut hash = cut.hash;
    while hash != end.hash {
        let stray = log.strays.get(&hash)?;
        hash = stray.previous;
        path.push(stray.clone());
    }
    path.reverse();
    let last = path.last()?;
    (last.seq.checked_add(1) == Some(cut.next_seq)).then_some(path)
}
