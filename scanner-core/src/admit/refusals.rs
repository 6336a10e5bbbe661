//! What this gate turned away, written down in samples for the organizer's picture.
//!
//! A refusal changes nothing, so it is not written when it happens: it is counted, and between scans
//! a signed entry tells how many there were for one reason. A burst of forged codes costs one entry
//! in ten seconds, not one a code.
//!
//! Invariants: counting never delays or fails a scan; memory is bounded; what was counted since the
//! last entry is lost with the power, which costs a picture and no admission.

use std::collections::BTreeMap;

use shared::admission::{Outcome, Reason, Verdict};
use shared::log::{Entry, EntryKind, Hlc, LogHead, RefusalNote, SignedEntry};
use shared::time::Timestamp;

use super::scanner::Scanner;
use crate::error::Cause;

/// Between two entries for one reason at one gate.
const NOTED_EVERY_MILLIS: i64 = 10_000;
/// Gates times reasons that are counted at once.
const KEYS_MAX: usize = 512;

#[derive(Debug, Default)]
pub(super) struct Refusals(BTreeMap<(u16, Reason), Counted>);

#[derive(Debug, Default)]
struct Counted {
    since_noted: u32,
    noted_at: Option<Timestamp>,
    /// Of the last one; zero when the code was no ticket.
    serial: u32,
    generation: u8,
}

/// An entry to write.
struct Due {
    gate: u16,
    note: RefusalNote,
    serial: u32,
    generation: u8,
}

impl Refusals {
    pub(super) fn count(&mut self, gate: u16, verdict: &Verdict) {
        if verdict.verdict != Outcome::Refuse {
            return;
        }
        let key = (gate, verdict.reason);
        if self.0.len() >= KEYS_MAX && !self.0.contains_key(&key) {
            return;
        }
        let counted = self.0.entry(key).or_default();
        counted.since_noted = counted.since_noted.saturating_add(1);
        let ticket = verdict.serial.zip(verdict.generation);
        (counted.serial, counted.generation) = ticket.unwrap_or_default();
    }

    fn due(&self, now: Timestamp, all: bool) -> Vec<Due> {
        let is_due = |counted: &Counted| {
            let age = counted.noted_at.map(|at| now.millis_since(at).abs());
            counted.since_noted > 0 && (all || age.is_none_or(|age| age >= NOTED_EVERY_MILLIS))
        };
        let due = self.0.iter().filter(|(_, counted)| is_due(counted));
        due.map(|((gate, reason), counted)| Due {
            gate: *gate,
            note: RefusalNote {
                reason: *reason,
                count: counted.since_noted,
            },
            serial: counted.serial,
            generation: counted.generation,
        })
        .collect()
    }

    fn written(&mut self, due: &[Due], now: Timestamp) {
        for Due { gate, note, .. } in due {
            if let Some(counted) = self.0.get_mut(&(*gate, note.reason)) {
                counted.since_noted = counted.since_noted.saturating_sub(note.count);
                counted.noted_at = Some(now);
            }
        }
    }
}

impl Scanner {
    /// Writes what has come together; with `all` also what was noted a moment ago. Only a gate that
    /// has an open log does: a look at a ticket must not begin one, and a device that was cut off
    /// writes nothing more.
    pub(super) fn note_refusals(&mut self, all: bool) -> Result<(), Cause> {
        let now = self.edge.clock.now();
        let due = self.refusals.due(now, all);
        if due.is_empty() || self.book.is_evicted(self.identity.device, now) {
            return Ok(());
        }
        let flags = self.flags(now);
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        let (mut head, mut hlc): (LogHead, Hlc) = (log.head, log.hlc);
        let mut entries: Vec<(u32, SignedEntry)> = Vec::with_capacity(due.len());
        for Due {
            gate,
            note,
            serial,
            generation,
        } in &due
        {
            hlc = hlc.tick(now);
            let entry = Entry {
                seq: head.next_seq,
                hlc,
                kind: EntryKind::Refused,
                gate: *gate,
                flags,
                serial: *serial,
                generation: *generation,
                proof: note.to_field(),
                target: None,
            };
            let (signed, after) = log.sign(&self.key, &head, &entry)?;
            entries.push((entry.seq, signed));
            head = after;
        }
        log.append(&mut self.cache, &entries, head, hlc)?;
        if let Some(folded) = self.book.logs.get_mut(&log.row.log) {
            folded.head = head;
            folded.hlc = hlc;
        }
        self.refusals.written(&due, now);
        Ok(())
    }
}
