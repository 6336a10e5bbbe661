//! What a device makes of its disk, and what the oracle makes of everything, each in its own way.

use std::collections::{BTreeMap, BTreeSet};

use shared::log::{Entry, EntryKind, EventState, LogId, Target, Use, UseLabel};

use crate::disk::Data;

/// The device's fold, brought up to date as logs grow.
#[derive(Default)]
pub(crate) struct Fold {
    pub(crate) state: EventState,
    /// Entries folded of each log, and how often it had been cut back by then.
    upto: BTreeMap<LogId, (usize, u32)>,
    roster: u64,
}

impl Fold {
    pub(crate) fn update(&mut self, data: &Data) {
        // One that was cut back may have grown again since, with other entries.
        let cut = |log: &LogId, cuts: u32| data.logs.get(log).is_none_or(|of| of.cuts != cuts);
        if self.roster != data.trust.held[2]
            || self.upto.iter().any(|(log, (_, cuts))| cut(log, *cuts))
        {
            *self = Self {
                roster: data.trust.held[2],
                ..Self::default()
            };
        }
        for (id, log) in &data.logs {
            let (upto, _) = self.upto.entry(*id).or_insert((0, log.cuts));
            let device = log.genesis.device;
            let listed = data.trust.roster.by_device(device);
            for stored in &log.entries[*upto..] {
                let entry = Entry::decode(&stored.body).expect("a stored entry");
                if listed.is_some_and(|of| of.counts(&id.0, entry.seq)) {
                    self.state.apply(*id, device, &entry);
                }
            }
            *upto = log.entries.len();
        }
    }
}

/// An admission that came when somebody was in: serial, log, seq.
pub(crate) type Duplicate = (u32, LogId, u32);

pub(crate) fn reported(state: &EventState) -> BTreeSet<Duplicate> {
    state
        .tickets()
        .flat_map(|(serial, ticket)| {
            ticket
                .labelled()
                .into_iter()
                .filter_map(move |(of, label)| {
                    (label == UseLabel::Duplicate).then_some((serial, of.log, of.seq))
                })
        })
        .collect()
}

/// The same by brute force: for each admission, who else is in at that point of the common order?
pub(crate) fn expected(uses: &BTreeMap<u32, Vec<Use>>) -> BTreeSet<Duplicate> {
    let mut found = BTreeSet::new();
    for (serial, uses) in uses {
        let mut uses = uses.clone();
        uses.sort_unstable();
        uses.dedup();
        let undone = |of: &Use| {
            of.kind != EntryKind::Undo
                && uses
                    .iter()
                    .any(|undo| undo.kind == EntryKind::Undo && undo.target == Some(name(of)))
        };
        let standing: Vec<&Use> = uses.iter().filter(|of| !undone(of)).collect();
        let closed = closings(&uses, &standing);
        for (at, of) in standing.iter().enumerate() {
            let inside = standing[..at].iter().enumerate().any(|(before, other)| {
                // An exit that stands before what it closes closes it at once.
                other.is_admission() && closed.get(&before).is_none_or(|exit| *exit > at)
            });
            if of.is_admission() && inside {
                found.insert((*serial, of.log, of.seq));
            }
        }
    }
    found
}

fn name(of: &Use) -> Target {
    Target {
        log: of.log,
        seq: of.seq,
    }
}

/// Which exit closes which admission, by their places.
fn closings(uses: &[Use], standing: &[&Use]) -> BTreeMap<usize, usize> {
    let mut closed: BTreeMap<usize, usize> = BTreeMap::new();
    let mut unnamed = Vec::new();
    for (exit, of) in standing
        .iter()
        .enumerate()
        .filter(|(_, of)| of.kind == EntryKind::Exit)
    {
        let named = standing
            .iter()
            .position(|other| other.is_admission() && Some(name(other)) == of.target);
        match named {
            Some(admission) => {
                closed.entry(admission).or_insert(exit);
            }
            // What it names was taken back: it closes nothing else.
            None if uses
                .iter()
                .any(|other| other.is_admission() && Some(name(other)) == of.target) => {}
            None => unnamed.push(exit),
        }
    }
    for exit in unnamed {
        let free = (0..exit).find(|at| standing[*at].is_admission() && !closed.contains_key(at));
        if let Some(admission) = free {
            closed.insert(admission, exit);
        }
    }
    closed
}
