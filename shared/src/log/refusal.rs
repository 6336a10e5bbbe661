//! What an entry of kind `Refused` says: for which reason, and how often since the entry before.
//!
//! Such an entry proves no scan, so its proof field has room for the note:
//! reason (1, by [`Reason::to_byte`]) ‖ zero (3) ‖ count (4, big-endian).
//! Serial and generation are those of the last ticket that was refused so, or zero.
//!
//! Invariants: what later versions write there is passed over, never refused; a note counts for
//! nothing but pictures.

use super::entry::{Entry, EntryKind};
use crate::admission::Reason;
use crate::ticket::ScanProof;

/// More in one note is not believed: a gate sees no more people between two notes.
const COUNT_MAX: u32 = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalNote {
    pub reason: Reason,
    pub count: u32,
}

impl RefusalNote {
    /// As the proof field of the entry.
    pub fn to_field(self) -> ScanProof {
        let mut field = [0; 8];
        field[0] = self.reason.to_byte();
        field[4..].copy_from_slice(&self.count.min(COUNT_MAX).to_be_bytes());
        ScanProof(field)
    }
    /// `None` for entries of other kinds and for notes of later versions.
    pub fn of(entry: &Entry) -> Option<Self> {
        if entry.kind != EntryKind::Refused {
            return None;
        }
        let [reason, 0, 0, 0, count @ ..] = entry.proof.0 else {
            return None;
        };
        let count = u32::from_be_bytes(count);
        Some(Self {
            reason: Reason::from_byte(reason)?,
            count: (1..=COUNT_MAX).contains(&count).then_some(count)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{DecisionFlags, Hlc};

    fn entry(proof: [u8; 8]) -> Entry {
        Entry {
            seq: 0,
            hlc: Hlc::default(),
            kind: EntryKind::Refused,
            gate: 0,
            flags: DecisionFlags::default(),
            serial: 0,
            generation: 0,
            proof: ScanProof(proof),
            target: None,
        }
    }

    #[test]
    fn a_note_survives_the_entry() {
        // V10
        for byte in 1..=25 {
            let reason = Reason::from_byte(byte).expect("a reason");
            let note = RefusalNote { reason, count: 700 };
            let bytes = entry(note.to_field().0).encode().expect("an entry");
            let read = Entry::decode(&bytes).expect("an entry");
            assert_eq!(RefusalNote::of(&read), Some(note));
            let word = serde_json::to_value(reason).expect("a word");
            assert_eq!(word, reason.word());
        }
        assert_eq!(Reason::from_byte(0), None);
        assert_eq!(Reason::from_byte(26), None);
    }

    #[test]
    fn what_is_no_note_counts_for_nothing() {
        // V10
        let good = RefusalNote {
            reason: Reason::BadSignature,
            count: 1,
        };
        assert_eq!(good.to_field().0, [6, 0, 0, 0, 0, 0, 0, 1]);
        for field in [
            [0; 8],
            [26, 0, 0, 0, 0, 0, 0, 1],
            [6, 1, 0, 0, 0, 0, 0, 1],
            [6, 0, 0, 0, 0, 0, 0, 0],
            [6, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            assert_eq!(RefusalNote::of(&entry(field)), None, "{field:?}");
        }
        let mut admission = entry(good.to_field().0);
        admission.kind = EntryKind::Admit;
        assert_eq!(RefusalNote::of(&admission), None);
    }
}
