//! What the gate needs in memory to decide: keys, policy, ticket rows, and the fold of all logs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shared::ids::{DeviceId, EventId};
use shared::limits::{SEGMENT_TICKETS, SERIAL_MAX};
use shared::log::{
    ClockNote, DecisionFlags, Entry, EntryKind, EventState, Hlc, LogHead, LogId, Use,
};
use shared::ticket::ScanKey;
use shared::time::Timestamp;
use shared::trust::{
    Codes, Policy, Roster, Segment, SegmentKind, SegmentRef, TicketRow, TrustedKeys, WrappedScanKey,
};

use super::extras::Extras;
use super::hearsay::{Hearsay, Waiting};
use super::labels::Labels;
use super::supervise::Overrides;
use super::suspects::Suspects;
use crate::cache::{Cache, DeviceKey, Identity, LogRow, SyncFacts, Trust};
use crate::error::Cause;

const SEGMENT_BYTES: usize = SEGMENT_TICKETS as usize * TicketRow::LEN;

/// The snapshot in use.
#[derive(Clone, Debug)]
pub(crate) struct InUse {
    pub(crate) version: u64,
    pub(crate) created: Timestamp,
    pub(crate) policy: Policy,
}

/// A log as far as it has been folded.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub(crate) row: LogRow,
    pub(crate) head: LogHead,
    pub(crate) hlc: Hlc,
}

#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) keys: Option<TrustedKeys>,
    /// As they are kept, and as they are used.
    wrapped: Vec<WrappedScanKey>,
    scan_keys: Vec<Arc<ScanKey>>,
    pub(crate) roster: Roster,
    pub(crate) snapshot: Option<InUse>,
    pub(crate) seats: Labels,
    pub(crate) holders: Labels,
    pub(crate) extras: Extras,
    pub(crate) state: EventState,
    pub(crate) suspects: Suspects,
    pub(crate) logs: BTreeMap<LogId, Folded>,
    pub(crate) overrides: Overrides,
    pub(crate) sync: SyncFacts,
    /// Own entries that tell of no use, by log, ascending: what people wait for is the others.
    own_notes: BTreeMap<LogId, Vec<u32>>,
    /// What the own log says last about the own clock: others' minus it.
    pub(crate) clock_noted: Option<i64>,
    /// The database was put back from a copy: newer statements than it holds have been seen.
    pub(crate) rolled_back: bool,
    pub(super) hearsay: Hearsay,
    pub(super) event: Option<EventId>,
    /// Ticket rows by serial, as they lie in the segments.
    pub(super) rows: Vec<u8>,
    pub(super) codes: BTreeMap<u32, Codes>,
    loaded: BTreeMap<(u8, u32), SegmentRef>,
    held: [u64; 4],
}

impl Book {
    /// Brings the book up to what is stored. Reads what is new only: the segments whose hash
    /// changed and the entries that were added.
    pub(crate) fn load(&mut self, cache: &Cache, identity: &Identity) -> Result<(), Cause> {
        self.event = Some(identity.event);
        self.sync = cache.sync_facts()?;
        let marks = cache.statement_versions()?;
        if self.snapshot.is_none() || marks != self.held {
            self.load_statements(cache, identity)?;
            self.held = marks;
        }
        self.load_logs(cache)
    }

    /// Takes up the keys of sealed tickets when they have changed. One that does not open costs the
    /// tickets under it, not the gate.
    pub(crate) fn open_seals(
        &mut self,
        cache: &Cache,
        identity: &Identity,
        key: &DeviceKey,
    ) -> Result<(), Cause> {
        let wrapped = cache.scan_keys()?;
        if wrapped == self.wrapped {
            return Ok(());
        }
        let holder = identity.as_key_holder();
        let opened = wrapped.iter().filter_map(|of| {
            let opened = of.opened(&holder, key.signing());
            opened
                .inspect_err(
                    |error| tracing::warn!(%error, key.id = of.id, "a scan key is unusable"),
                )
                .ok()
        });
        self.scan_keys = opened.map(Arc::new).collect();
        self.wrapped = wrapped;
        let scan_keys = self.scan_keys.clone();
        self.keys = self.keys.take().map(|keys| keys.with_scan_keys(scan_keys));
        Ok(())
    }

    fn load_statements(&mut self, cache: &Cache, identity: &Identity) -> Result<(), Cause> {
        let trust = cache.trust(identity.event, identity.pin)?;
        self.rolled_back = trust.rolled_back;
        let roster = trust
            .roster
            .as_ref()
            .map(|of| of.body.clone())
            .unwrap_or_default();
        if roster != self.roster {
            // Another cut may count other entries: everything is folded anew.
            self.forget_uses();
            self.roster = roster;
        }
        let before = self.snapshot.as_ref().map(|of| of.version);
        self.load_snapshot(cache, &trust)?;
        let list = self.snapshot.as_ref().map(|of| of.version);
        self.judge_anew(list != before);
        let scan_keys = self.scan_keys.clone();
        self.keys = trust.keys.map(|keys| keys.with_scan_keys(scan_keys));
        Ok(())
    }

    pub(super) fn forget_uses(&mut self) {
        self.state = EventState::default();
        self.suspects = Suspects::default();
        self.hearsay = Hearsay::default();
        self.overrides = Overrides::default();
        self.logs.clear();
        self.own_notes.clear();
    }

    fn load_snapshot(&mut self, cache: &Cache, trust: &Trust) -> Result<(), Cause> {
        let Some(snapshot) = &trust.snapshot else {
            self.snapshot = None;
            return Ok(());
        };
        let mut gone: BTreeSet<(u8, u32)> = self.loaded.keys().copied().collect();
        for reference in &snapshot.body.segments {
            let place = (reference.kind as u8, reference.index);
            gone.remove(&place);
            if self
                .loaded
                .get(&place)
                .is_none_or(|of| of.hash != reference.hash)
            {
                self.put(reference, cache.segment(reference)?)?;
                self.loaded.insert(place, *reference);
            }
        }
        for place in gone {
            if let Some(reference) = self.loaded.remove(&place) {
                self.take_out(&reference);
            }
        }
        self.snapshot = Some(InUse {
            version: snapshot.header.version,
            created: snapshot.header.created,
            policy: snapshot.body.policy.clone(),
        });
        Ok(())
    }

    fn put(&mut self, reference: &SegmentRef, segment: Segment) -> Result<(), Cause> {
        let inconsistent = |what| Cause::Inconsistent {
            table: "segments",
            row: format!("{:?} {}", reference.kind, reference.index),
            what,
        };
        let first = reference
            .index
            .checked_mul(SEGMENT_TICKETS)
            .filter(|first| *first <= SERIAL_MAX)
            .ok_or_else(|| inconsistent("beyond the last serial"))?;
        match segment {
            Segment::Tickets(rows) => {
                let at = first as usize * TicketRow::LEN;
                if self.rows.len() < at + SEGMENT_BYTES {
                    self.rows.resize(at + SEGMENT_BYTES, 0);
                }
                let place = &mut self.rows[at..at + SEGMENT_BYTES];
                let (given, rest) = place
                    .split_at_mut_checked(rows.len())
                    .ok_or_else(|| inconsistent("too long"))?;
                given.copy_from_slice(&rows);
                rest.fill(0);
            }
            Segment::Seats(labels) => {
                let numbered = (first..).zip(labels.iter().map(String::as_str));
                self.seats.set(reference.index, numbered);
            }
            Segment::Holders(names) => {
                let numbered = names.iter().map(|(serial, name)| (*serial, name.as_str()));
                self.holders.set(reference.index, numbered);
            }
            Segment::Extras(extras) => self.extras.set(reference.index, extras),
            Segment::Codes(codes) => {
                self.codes.insert(reference.index, codes);
            }
        }
        Ok(())
    }

    fn take_out(&mut self, reference: &SegmentRef) {
        match reference.kind {
            SegmentKind::Tickets => {
                let at = reference.index as usize * SEGMENT_BYTES;
                if let Some(place) = self.rows.get_mut(at..at + SEGMENT_BYTES) {
                    place.fill(0);
                }
            }
            SegmentKind::Seats => self.seats.remove(reference.index),
            SegmentKind::Holders => self.holders.remove(reference.index),
            SegmentKind::Extras => self.extras.remove(reference.index),
            SegmentKind::Codes => {
                self.codes.remove(&reference.index);
            }
        }
    }

    pub(super) fn load_logs(&mut self, cache: &Cache) -> Result<(), Cause> {
        let rows = cache.logs()?;
        let split = rows.iter().any(|row| {
            let folded = self.logs.get(&row.log);
            row.frozen.is_some_and(|end| {
                let moved = |of: &Folded| of.row.frozen.is_some_and(|before| before != end);
                folded.is_some_and(|of| end < of.head.next_seq || moved(of))
            })
        });
        if split {
            // Entries that were folded are past a fork now, or count again after all: everything is
            // folded anew.
            self.forget_uses();
        }
        for row in rows {
            let (from, hlc) = match self.logs.get(&row.log) {
                Some(folded) => (folded.head, folded.hlc),
                None => (row.genesis.head(), Hlc::default()),
            };
            let (log, device) = (row.log, row.genesis.device);
            let listed = self.roster.by_device(device).cloned();
            let tail = cache.walk(&row, from, |entry, _, after| {
                // After its cut, an evicted device's entries count for nothing.
                let suspect = listed
                    .as_ref()
                    .is_some_and(|of| !of.counts_to(&log.0, after));
                let waiting = Waiting {
                    log,
                    device,
                    entry: *entry,
                    suspect,
                };
                if suspect {
                    self.suspect(waiting);
                } else if row.own {
                    if let Some(note) = ClockNote::of(entry) {
                        self.clock_noted = Some(note.offset_millis);
                    }
                    if Use::of(log, device, entry).is_none() {
                        self.own_notes.entry(log).or_default().push(entry.seq);
                    }
                    self.fold_own(log, device, entry);
                } else {
                    self.fold_other(waiting);
                }
            })?;
            let hlc = hlc.max(tail.hlc);
            self.load_strays(cache, &row)?;
            self.logs.insert(
                log,
                Folded {
                    row,
                    head: tail.head,
                    hlc,
                },
            );
        }
        Ok(())
    }

    /// What this device wrote counts, and what it wrote without a scan is tallied.
    pub(super) fn fold_own(&mut self, log: LogId, device: DeviceId, entry: &Entry) {
        self.state.apply(log, device, entry);
        match (entry.kind, entry.flags.supervisor()) {
            (EntryKind::Undo, _) => self.overrides.undone += 1,
            (EntryKind::Forced, _) | (EntryKind::Admit | EntryKind::Exit, Some(_)) => {
                self.overrides.forced += 1;
            }
            (EntryKind::Admit | EntryKind::Exit, None)
                if entry.flags.contains(DecisionFlags::TYPED) =>
            {
                self.overrides.typed += 1;
            }
            _ => {}
        }
    }

    /// This device may no longer admit: the roster or the server says so, or its time is over.
    pub(crate) fn is_evicted(&self, device: DeviceId, now: Timestamp) -> bool {
        self.sync.evicted
            || self
                .roster
                .by_device(device)
                .is_some_and(|of| !of.is_active(now))
    }

    /// Devices beside this one that may admit.
    pub(crate) fn others_that_admit(&self, device: DeviceId, now: Timestamp) -> usize {
        let listed = self.roster.devices.iter();
        let others = listed.filter(|of| of.device != device && of.is_active(now));
        others.count()
    }

    /// Entries of a log that are here.
    pub(crate) fn end(&self, log: LogId) -> u32 {
        self.logs.get(&log).map_or(0, |of| of.head.next_seq)
    }

    /// Own admissions, exits and the like that the server does not have yet. Samples of refusals and
    /// word of the clock are not counted: nobody waits for them.
    pub(crate) fn pending(&self) -> u64 {
        self.own_uses(|of| of.row.acked)
    }

    /// The same, whether the server has them or not.
    pub(crate) fn own_entries(&self) -> u64 {
        self.own_uses(|_| 0)
    }

    /// The same in the open log from there on.
    pub(crate) fn open_uses_after(&self, copied_until: u32) -> u64 {
        self.own_uses(|of| {
            if of.row.closed {
                u32::MAX
            } else {
                copied_until
            }
        })
    }

    fn own_uses(&self, from: impl Fn(&Folded) -> u32) -> u64 {
        let own = self.logs.iter().filter(|(_, of)| of.row.own);
        own.map(|(log, of)| {
            let from = from(of);
            let notes = self.own_notes.get(log).map_or(&[][..], Vec::as_slice);
            let notes = notes.len() - notes.partition_point(|seq| *seq < from);
            let all = u64::from(of.head.next_seq.saturating_sub(from));
            all.saturating_sub(notes as u64)
        })
        .sum()
    }

    /// Own entries that tell of no use were written.
    pub(crate) fn noted(&mut self, log: LogId, seqs: impl Iterator<Item = u32>) {
        self.own_notes.entry(log).or_default().extend(seqs);
    }
}
