//! What the gate needs in memory to decide: keys, policy, ticket rows, and the fold of all logs.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::{DeviceId, GateId};
use shared::limits::{SEGMENT_TICKETS, SERIAL_MAX};
use shared::log::{EventState, Hlc, LogHead, LogId};
use shared::time::Timestamp;
use shared::trust::{Policy, Roster, RosterEntry, Segment, SegmentKind, SegmentRef, TicketRow, TrustedKeys};

use super::labels::Labels;
use crate::cache::{Cache, Identity, LogRow, SyncFacts, Trust};
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
    pub(crate) roster: Roster,
    pub(crate) snapshot: Option<InUse>,
    pub(crate) seats: Labels,
    pub(crate) holders: Labels,
    pub(crate) state: EventState,
    pub(crate) logs: BTreeMap<LogId, Folded>,
    pub(crate) sync: SyncFacts,
    pub(crate) evicted: bool,
    /// The database was put back from a copy: newer statements than it holds have been seen.
    pub(crate) rolled_back: bool,
    /// Ticket rows by serial, as they lie in the segments.
    rows: Vec<u8>,
    loaded: BTreeMap<(u8, u32), SegmentRef>,
    held: [u64; 4],
}

impl Book {
    /// Brings the book up to what is stored. Reads what is new only: the segments whose hash
    /// changed and the entries that were added.
    pub(crate) fn load(&mut self, cache: &Cache, identity: &Identity) -> Result<(), Cause> {
        self.sync = cache.sync_facts()?;
        let marks = cache.statement_versions()?;
        if self.snapshot.is_none() || marks != self.held {
            self.load_statements(cache, identity)?;
            self.held = marks;
        }
        let listed = self.roster.by_device(identity.device);
        self.evicted = self.sync.evicted || listed.is_some_and(|entry| entry.cut.is_some());
        self.load_logs(cache)
    }

    fn load_statements(&mut self, cache: &Cache, identity: &Identity) -> Result<(), Cause> {
        let trust = cache.trust(identity.event, identity.pin)?;
        self.rolled_back = trust.rolled_back;
        let roster = trust.roster.as_ref().map(|of| of.body.clone()).unwrap_or_default();
        if roster != self.roster {
            // Another cut may count other entries: everything is folded anew.
            self.state = EventState::default();
            self.logs.clear();
            self.roster = roster;
        }
        self.load_snapshot(cache, &trust)?;
        self.keys = trust.keys;
        Ok(())
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
            if self.loaded.get(&place).is_none_or(|of| of.hash != reference.hash) {
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
        }
    }

    fn load_logs(&mut self, cache: &Cache) -> Result<(), Cause> {
        for row in cache.logs()? {
            let (from, hlc) = match self.logs.get(&row.log) {
                Some(folded) => (folded.head, folded.hlc),
                None => (row.genesis.head(), Hlc::default()),
            };
            let limit = counted_before(&self.roster, &row);
            let (log, device) = (row.log, row.genesis.device);
            let state = &mut self.state;
            let tail = cache.walk(&row, from, |entry, _| {
                if entry.seq < limit {
                    state.apply(log, device, entry);
                }
            })?;
            let hlc = hlc.max(tail.hlc);
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

    /// The snapshot's row; `None` beyond the snapshot, or when its bytes are no row.
    pub(crate) fn row(&self, serial: u32) -> Option<TicketRow> {
        let at = (serial as usize).checked_mul(TicketRow::LEN)?;
        let bytes = self.rows.get(at..at + TicketRow::LEN)?;
        TicketRow::decode(bytes.try_into().ok()?).ok()
    }

    /// Serials that the snapshot covers.
    pub(crate) fn serials(&self) -> u32 {
        u32::try_from(self.rows.len() / TicketRow::LEN).unwrap_or(u32::MAX)
    }

    pub(crate) fn gate_index(&self, gate: GateId) -> Option<u16> {
        let policy = &self.snapshot.as_ref()?.policy;
        let at = policy.gates.iter().position(|of| of.id == gate)?;
        u16::try_from(at).ok()
    }

    pub(crate) fn device(&self, device: DeviceId) -> Option<&RosterEntry> {
        self.roster.by_device(device)
    }

    /// Own entries that the server does not have yet.
    pub(crate) fn pending(&self) -> u64 {
        self.logs
            .values()
            .filter(|of| of.row.own)
            .map(|of| u64::from(of.head.next_seq.saturating_sub(of.row.acked)))
            .sum()
    }
}

/// Entries of a log count up to its device's cut; without a cut all do.
pub(crate) fn counted_before(roster: &Roster, row: &LogRow) -> u32 {
    match roster.by_device(row.genesis.device).map(|entry| &entry.cut) {
        Some(Some(cut)) => cut
            .iter()
            .find(|(log, _, _)| *log == row.log.0)
            .map_or(0, |(_, next_seq, _)| *next_seq),
        Some(None) => u32::MAX,
        // Own entries before the first roster came; strangers' logs are never stored.
        None => u32::MAX,
    }
}
