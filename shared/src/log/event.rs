//! The fold of a whole event.
//!
//! Invariants: as `state`'s; and two replicas that know the same uses give the same digest.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::LogId;
use super::entry::{Entry, EntryKind, Hlc, Target};
use super::state::{TicketState, Use, UseLabel};
use crate::ids::DeviceId;

const DIGEST_DOMAIN: &[u8] = b"TKT1.state\0";

/// The fold of a whole event, by serial.
///
/// Kept as one ordered set of 32-byte records with interned logs, because an event may have five
/// million entries; a ticket's state is made when asked for.
#[derive(Clone, Debug, Default)]
pub struct EventState {
    records: BTreeSet<Record>,
    logs: Logs,
}

impl EventState {
    /// Idempotent and commutative. Entries that tell of no use change nothing.
    pub fn apply(&mut self, log: LogId, device: DeviceId, entry: &Entry) {
        if let Some(use_) = Use::of(log, device, entry) {
            let record = Record::pack(&mut self.logs, entry.serial, &use_);
            self.records.insert(record);
        }
    }

    pub fn ticket(&self, serial: u32) -> Option<TicketState> {
        let first = Record::floor(serial);
        let mut records = self
            .records
            .range(first..)
            .take_while(|record| record.serial == serial)
            .peekable();
        records.peek()?;
        Some(self.unpack(records))
    }

    /// In order of serials.
    pub fn tickets(&self) -> impl Iterator<Item = (u32, TicketState)> {
        let mut records = self.records.iter().peekable();
        std::iter::from_fn(move || {
            let serial = records.peek()?.serial;
            let same = std::iter::from_fn(|| records.next_if(|record| record.serial == serial));
            Some((serial, self.unpack(same)))
        })
    }

    /// As `tickets`, without those that were used once: only the others can be in conflict, and
    /// there are few of them.
    pub fn used_again(&self) -> impl Iterator<Item = (u32, TicketState)> {
        let mut serials = self.records.iter().map(|record| record.serial).peekable();
        let again = std::iter::from_fn(move || {
            loop {
                let serial = serials.next()?;
                let mut uses = 1;
                while serials.next_if_eq(&serial).is_some() {
                    uses += 1;
                }
                if uses > 1 {
                    return Some(serial);
                }
            }
        });
        again.filter_map(|serial| Some((serial, self.ticket(serial)?)))
    }

    /// Uses that are known.
    pub fn len(&self) -> usize {
        self.records.len()
    }
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many admissions of `device` stand, and how many people are inside by what is known. Looks
    /// at every use: not for every scan.
    pub fn count(&self, device: DeviceId) -> UseCount {
        let mut count = UseCount::default();
        let mut records = self.records.iter().peekable();
        while let Some(first) = records.next() {
            let more = |record: &&Record| record.serial == first.serial;
            if records.peek().is_none_or(|next| !more(next)) {
                // Nearly every ticket is used once, and nothing can follow from that.
                let of = first.unpack(&self.logs);
                if of.is_admission() {
                    count.inside += 1;
                    count.admitted += u64::from(of.device == device);
                }
                continue;
            }
            let rest = std::iter::from_fn(|| records.next_if(more));
            let state = self.unpack(std::iter::once(first).chain(rest));
            count.inside += state.open().count() as u64;
            let own = state.standing_admissions().filter(|of| of.device == device);
            count.admitted += own.count() as u64;
        }
        count
    }

    /// One hash for everything that replicas must agree on: the uses and the labels they got.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DIGEST_DOMAIN);
        for (serial, state) in self.tickets() {
            hasher.update(&serial.to_be_bytes());
            hasher.update(&(state.uses().len() as u64).to_be_bytes());
            for (use_, label) in state.uses().iter().zip(state.labels()) {
                hash_use(&mut hasher, use_, label);
            }
        }
        *hasher.finalize().as_bytes()
    }

    fn unpack<'a>(&self, records: impl Iterator<Item = &'a Record>) -> TicketState {
        // Sorted again: records of one moment lie in the order in which their logs were heard of.
        TicketState::from_unordered(records.map(|record| record.unpack(&self.logs)).collect())
    }
}

/// What [`EventState::count`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UseCount {
    /// By one device; what was undone is not counted.
    pub admitted: u64,
    /// By all devices: two people who came in on one ticket are two.
    pub inside: u64,
}

/// Equal when they hold the same uses, whatever order they came in.
impl PartialEq for EventState {
    fn eq(&self, other: &Self) -> bool {
        self.records.len() == other.records.len() && self.tickets().eq(other.tickets())
    }
}
impl Eq for EventState {}

/// Fixed widths, so that no two states share an input.
fn hash_use(hasher: &mut blake3::Hasher, use_: &Use, label: UseLabel) {
    hasher.update(&use_.hlc.millis.to_be_bytes());
    hasher.update(&use_.hlc.counter.to_be_bytes());
    hasher.update(&use_.log.0);
    hasher.update(&use_.seq.to_be_bytes());
    hasher.update(use_.device.as_bytes());
    hasher.update(&use_.gate.to_be_bytes());
    let label = match label {
        UseLabel::Primary => 1,
        UseLabel::Duplicate => 2,
        UseLabel::None => 0,
    };
    hasher.update(&[use_.kind.to_byte(), use_.generation, label]);
    let target = use_.target.unwrap_or(Target {
        log: LogId([0; 16]),
        seq: 0,
    });
    hasher.update(&[u8::from(use_.target.is_some())]);
    hasher.update(&target.log.0);
    hasher.update(&target.seq.to_be_bytes());
}

/// Logs by a small number, and whose they are. A log that is known only as a target has no device.
#[derive(Clone, Debug, Default)]
struct Logs {
    by_number: Vec<(LogId, Option<DeviceId>)>,
    numbers: BTreeMap<(LogId, Option<DeviceId>), u32>,
}

impl Logs {
    /// From 1: 0 stands for "no target".
    fn number(&mut self, log: LogId, device: Option<DeviceId>) -> u32 {
        *self.numbers.entry((log, device)).or_insert_with(|| {
            self.by_number.push((log, device));
            u32::try_from(self.by_number.len()).expect("2^32 logs do not fit in memory")
        })
    }
    fn get(&self, number: u32) -> Option<(LogId, Option<DeviceId>)> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        self.by_number.get(index).copied()
    }
}

/// A `Use` in 32 bytes. `hlc` is two halves, so that nothing is padded to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    serial: u32,
    hlc: [u32; 2],
    log: u32,
    seq: u32,
    target_log: u32,
    target_seq: u32,
    gate: u16,
    kind: EntryKind,
    generation: u8,
}

impl Record {
    /// Not larger than any record of `serial`.
    const fn floor(serial: u32) -> Self {
        Self {
            serial,
            hlc: [0; 2],
            log: 0,
            seq: 0,
            target_log: 0,
            target_seq: 0,
            gate: 0,
            kind: EntryKind::Admit,
            generation: 0,
        }
    }

    fn pack(logs: &mut Logs, serial: u32, use_: &Use) -> Self {
        // A decoded clock has 48 bits of millis, so nothing is lost above.
        let hlc = use_.hlc.millis << 16 | u64::from(use_.hlc.counter);
        let bytes = hlc.to_be_bytes();
        let half = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self {
            serial,
            hlc: [half(0), half(4)],
            log: logs.number(use_.log, Some(use_.device)),
            seq: use_.seq,
            target_log: use_
                .target
                .map_or(0, |target| logs.number(target.log, None)),
            target_seq: use_.target.map_or(0, |target| target.seq),
            gate: use_.gate,
            kind: use_.kind,
            generation: use_.generation,
        }
    }

    fn unpack(&self, logs: &Logs) -> Use {
        let hlc = u64::from(self.hlc[0]) << 32 | u64::from(self.hlc[1]);
        let (log, device) = logs
            .get(self.log)
            .expect("a record names a log that `pack` has numbered");
        let target = logs.get(self.target_log).map(|(log, _)| Target {
            log,
            seq: self.target_seq,
        });
        Use {
            hlc: Hlc {
                millis: hlc >> 16,
                counter: u16::from_be_bytes([hlc.to_be_bytes()[6], hlc.to_be_bytes()[7]]),
            },
            log,
            seq: self.seq,
            kind: self.kind,
            device: device.expect("`pack` numbers the log of a use with its device"),
            gate: self.gate,
            generation: self.generation,
            target,
        }
    }
}
