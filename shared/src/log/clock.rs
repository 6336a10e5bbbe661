//! What an entry of kind `Clock` says: how far the device's clock is off.
//!
//! Such an entry is about no scan, so its proof field has room for the offset: milliseconds, signed,
//! 8 bytes, big-endian. It holds for the entries of its log after it, until the next one.
//!
//! Invariant: it is signed and travels with the log, so every replica corrects a time alike; no rule
//! of the merge reads it.

use super::entry::{Entry, EntryKind};
use crate::ticket::ScanProof;

/// A clock that is further off says nothing: nobody will correct by more than a year.
const OFFSET_MILLIS_MAX: i64 = 366 * 86_400_000;

/// Others' clocks minus the device's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockNote {
    pub offset_millis: i64,
}

impl ClockNote {
    /// As the proof field of the entry.
    pub fn to_field(self) -> ScanProof {
        ScanProof(self.offset_millis.to_be_bytes())
    }
    /// `None` for entries of other kinds, and for an offset that nobody would believe.
    pub fn of(entry: &Entry) -> Option<Self> {
        let offset_millis = i64::from_be_bytes(entry.proof.0);
        let is_note = entry.kind == EntryKind::Clock
            && (-OFFSET_MILLIS_MAX..=OFFSET_MILLIS_MAX).contains(&offset_millis);
        is_note.then_some(Self { offset_millis })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{DecisionFlags, Hlc};

    fn entry(kind: EntryKind, proof: ScanProof) -> Entry {
        Entry {
            seq: 0,
            hlc: Hlc::default(),
            kind,
            gate: 0,
            flags: DecisionFlags::default(),
            serial: 0,
            generation: 0,
            proof,
            target: None,
        }
    }

    #[test]
    fn an_offset_survives_the_entry() {
        // V3, gossip.md 5
        for offset_millis in [0, 1, -1, 7_200_000, -OFFSET_MILLIS_MAX, OFFSET_MILLIS_MAX] {
            let note = ClockNote { offset_millis };
            let bytes = entry(EntryKind::Clock, note.to_field())
                .encode()
                .expect("an entry");
            let read = Entry::decode(&bytes).expect("an entry");
            assert_eq!(ClockNote::of(&read), Some(note));
        }
        let absurd = ClockNote {
            offset_millis: i64::MIN,
        };
        assert_eq!(
            ClockNote::of(&entry(EntryKind::Clock, absurd.to_field())),
            None
        );
        assert_eq!(
            ClockNote::of(&entry(EntryKind::Refused, absurd.to_field())),
            None
        );
    }
}
