//! What the signed entries come to, and whether the server's list says the same.

use std::collections::{BTreeMap, BTreeSet};

use super::bundle::RedemptionRow;
use super::report::{Finding, FindingKind};
use super::verify::Auditor;
use crate::api::gate::{RedemptionKind, RedemptionLabel};
use crate::ids::{DeviceId, EventId};
use crate::log::{DecisionFlags, Entry, EntryKind, EventState, LogId, RefusalNote, UseLabel};
use crate::ticket::MediumId;
use crate::trust::{RosterEntry, TicketRow};

impl Auditor {
    /// The state that the signed entries come to; what does not count is told or counted.
    pub(super) fn fold(&mut self, findings: &mut Vec<Finding>) -> EventState {
        let mut state = EventState::default();
        let mut totals = std::mem::take(&mut self.report.totals);
        for (id, log) in &self.logs {
            let listed = self.roster.by_device(log.genesis.device);
            for held in log.entries.values().filter(|held| held.signed) {
                let entry = &held.entry;
                totals.entries += 1;
                let counts = |of: &RosterEntry| {
                    of.counts(&id.0, entry.seq)
                        || held.after.is_some_and(|after| of.counts_to(&id.0, &after))
                };
                if listed.is_some_and(|of| !counts(of)) {
                    totals.quarantined += 1;
                    continue;
                }
                if let Some(note) = RefusalNote::of(entry) {
                    let reason = note.reason.word().to_owned();
                    *totals.refused.entry(reason).or_default() += u64::from(note.count);
                    continue;
                }
                match self.standing(log.genesis.device, entry) {
                    Standing::Counts => {}
                    Standing::Unjudged => totals.unjudged += 1,
                    Standing::Not(kind, what) => {
                        let mut finding = log.finding(kind, (entry.seq, entry.seq), what);
                        finding.serial = Some(entry.serial);
                        findings.push(finding);
                        continue;
                    }
                }
                let by_device = |counts: &mut BTreeMap<String, u64>| {
                    *counts.entry(log.device.clone()).or_default() += 1;
                };
                match entry.kind {
                    EntryKind::Forced => by_device(&mut totals.forced),
                    EntryKind::Admit if is_typed(entry) => by_device(&mut totals.typed),
                    EntryKind::Exit => totals.exits += 1,
                    EntryKind::Undo => totals.undone += 1,
                    EntryKind::Admit
                    | EntryKind::Refused
                    | EntryKind::Clock
                    | EntryKind::Roster
                    | EntryKind::Checkpoint => {}
                }
                state.apply(*id, log.genesis.device, entry);
            }
        }
        for (_, ticket) in state.tickets() {
            totals.admitted += ticket.admissions() as u64;
            let labelled = ticket.labelled();
            let duplicates = labelled
                .iter()
                .filter(|(_, label)| *label == UseLabel::Duplicate);
            let duplicates = duplicates.count() as u64;
            totals.duplicates += duplicates;
            totals.conflicts += u64::from(duplicates > 0);
        }
        self.report.totals = totals;
        state
    }

    /// Entries that name others which are not there: the other log lost its end.
    pub(super) fn check_targets(&self, findings: &mut Vec<Finding>) {
        let mut lost: BTreeSet<(LogId, u32)> = BTreeSet::new();
        for log in self.logs.values() {
            let targets = log.entries.values().filter_map(|held| held.entry.target);
            lost.extend(
                targets
                    .filter(|target| {
                        let named = self.logs.get(&target.log);
                        named.is_some_and(|named| target.seq >= named.next_seq())
                    })
                    .map(|target| (target.log, target.seq)),
            );
        }
        for (log, seq) in lost {
            if let Some(log) = self.logs.get(&log) {
                let what = "another device names it, and it is not in the bundle";
                findings.push(log.finding(FindingKind::Missing, (seq, seq), what));
            }
        }
    }

    /// The server's list against the entries, both ways.
    pub(super) fn compare(&self, state: &EventState, findings: &mut Vec<Finding>) {
        let labels = labels(state);
        for ((id, seq), row) in &self.redemptions {
            let Some(log) = self.logs.get(id) else {
                continue;
            };
            let (kind, what) = match log.entries.get(seq) {
                // Learnt after the logs were exported.
                None if *seq >= log.next_seq() => continue,
                None => (
                    FindingKind::RedemptionWithoutEntry,
                    "the server lists a redemption, and the entry is not there",
                ),
                Some(held) if !is_of(row, &held.entry) => (
                    FindingKind::Edited,
                    "the entry is not what the server made its redemption of",
                ),
                Some(held)
                    if held.signed
                        && labels
                            .get(&(*id, *seq))
                            .copied()
                            .unwrap_or(RedemptionLabel::None)
                            != row.label =>
                {
                    (
                        FindingKind::OtherLabel,
                        "the server calls it what it is not",
                    )
                }
                Some(_) => continue,
            };
            let mut finding = log.finding(kind, (*seq, *seq), what);
            finding.serial = Some(row.serial);
            findings.push(finding);
        }
        for (id, seq) in labels.keys() {
            if !self.redemptions.contains_key(&(*id, *seq))
                && let Some(log) = self.logs.get(id)
                && let Some(held) = log.entries.get(seq)
                && !matches!(
                    self.standing(log.genesis.device, &held.entry),
                    Standing::Unjudged
                )
            {
                let kind = FindingKind::EntryWithoutRedemption;
                let what = "it counts, and the server does not list it";
                let mut finding = log.finding(kind, (*seq, *seq), what);
                finding.serial = Some(held.entry.serial);
                findings.push(finding);
            }
        }
    }

    /// Whether the entry counts: a ticket was issued, and the device saw it, or what stands for it, or
    /// a supervisor said so where one can stand.
    fn standing(&self, device: DeviceId, entry: &Entry) -> Standing {
        match entry.kind {
            EntryKind::Admit => {}
            EntryKind::Exit | EntryKind::Forced if entry.is_proof() => {}
            EntryKind::Exit | EntryKind::Forced | EntryKind::Undo => {
                return self.word(device, entry);
            }
            EntryKind::Refused | EntryKind::Clock | EntryKind::Roster | EntryKind::Checkpoint => {
                return Standing::Counts;
            }
        }
        let row = self.rows.get(&entry.serial);
        let issued = row.filter(|row| entry.generation <= row.generation);
        let (Some(row), Some(event)) = (issued, self.event) else {
            let what = "it came in, and no such ticket was ever issued";
            return Standing::Not(FindingKind::NeverIssued, what);
        };
        // The proof of a typed code is the code's, which no snapshot gives away.
        if entry.generation < row.generation || is_typed(entry) {
            return Standing::Unjudged;
        }
        if is_proof_of(event, entry, (entry.serial, row)) {
            return Standing::Counts;
        }
        let what = "it came in, and the device cannot have seen the ticket";
        let unproven = Standing::Not(FindingKind::Unproven, what);
        self.stood_for(event, entry).unwrap_or(unproven)
    }

    /// Somebody's word carries it: from a device where a supervisor can stand, about a ticket that was
    /// issued.
    fn word(&self, device: DeviceId, entry: &Entry) -> Standing {
        let listed = self.roster.by_device(device);
        if !entry.is_word() || !listed.is_some_and(|of| of.attended) {
            let what = "somebody's word, from where no supervisor can have stood";
            return Standing::Not(FindingKind::Unproven, what);
        }
        if entry.kind == EntryKind::Undo {
            return Standing::Counts;
        }
        match self.rows.get(&entry.serial) {
            Some(row) if entry.generation == row.generation => Standing::Counts,
            Some(row) if entry.generation < row.generation => Standing::Unjudged,
            Some(_) | None => {
                let what = "somebody let it in or out, and no such ticket was ever issued";
                Standing::Not(FindingKind::NeverIssued, what)
            }
        }
    }

    /// A wristband, or the ticket that this one was added to.
    fn stood_for(&self, event: EventId, entry: &Entry) -> Option<Standing> {
        let extra = self.extras.get(&entry.serial)?;
        let medium = MediumId::of(event, entry.proof);
        if extra.media.iter().any(|link| link.id == medium) {
            return Some(Standing::Counts);
        }
        let main = extra.added_to?;
        let row = self.rows.get(&main)?;
        if is_proof_of(event, entry, (main, row)) {
            Some(Standing::Counts)
        } else {
            // Of a generation of the main ticket that the snapshot does not have any more.
            (row.generation > 1).then_some(Standing::Unjudged)
        }
    }
}

enum Standing {
    Counts,
    /// Of a generation that the snapshot does not have any more.
    Unjudged,
    Not(FindingKind, &'static str),
}

/// Whether the entry's proof is that of the ticket, in the generation that the snapshot has.
fn is_proof_of(event: EventId, entry: &Entry, (serial, row): (u32, &TicketRow)) -> bool {
    entry.proof.commitment(event, serial, row.generation) == row.commitment
}

/// By a typed code.
fn is_typed(entry: &Entry) -> bool {
    entry.flags.contains(DecisionFlags::TYPED)
}

/// What each use is called; exits and undos have no label.
fn labels(state: &EventState) -> BTreeMap<(LogId, u32), RedemptionLabel> {
    let mut labels = BTreeMap::new();
    for (_, ticket) in state.tickets() {
        for use_ in ticket.uses() {
            labels.insert((use_.log, use_.seq), RedemptionLabel::None);
        }
        for (use_, label) in ticket.labelled() {
            let label = match label {
                UseLabel::Primary => RedemptionLabel::Primary,
                UseLabel::Duplicate => RedemptionLabel::Duplicate,
                UseLabel::None => RedemptionLabel::None,
            };
            labels.insert((use_.log, use_.seq), label);
        }
    }
    labels
}

fn is_of(row: &RedemptionRow, entry: &Entry) -> bool {
    let kind = match row.kind {
        RedemptionKind::Admit => EntryKind::Admit,
        RedemptionKind::Exit => EntryKind::Exit,
        RedemptionKind::Forced => EntryKind::Forced,
        RedemptionKind::Undo => EntryKind::Undo,
    };
    (kind, row.serial, row.generation, row.gate, row.at)
        == (
            entry.kind,
            entry.serial,
            entry.generation,
            entry.gate,
            entry.hlc.at(),
        )
}
