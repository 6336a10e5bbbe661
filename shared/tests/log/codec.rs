//! One entry, one encoding.

use proptest::prelude::*;
use shared::limits::SERIAL_MAX;
use shared::log::{DecisionFlags, Entry, EntryError, EntryKind, Hlc, LogId, Target};
use shared::ticket::ScanProof;
use shared::time::Timestamp;

use crate::fixture::{admit, exit, target, undo};

#[test]
fn fields_lie_where_the_table_says() {
    let entry = Entry {
        seq: 0x0102_0304,
        hlc: Hlc {
            millis: 0x0A0B_0C0D_0E0F,
            counter: 0x1112,
        },
        gate: 0x1314,
        flags: DecisionFlags(0b1010),
        serial: 0x0015_1617,
        generation: 0x18,
        ..exit(0, 0, Some(target(0x77, 0x2122_2324)))
    };
    let expected = "01 02 01020304 0a0b0c0d0e0f 1112 1314 800a 151617 18 a0a1a2a3a4a5a6a7 \
                    77777777777777777777777777777777 21222324";
    let bytes = entry.encode().expect("encodes");
    assert_eq!(hex::encode(&bytes), expected.replace(' ', ""));
    assert_eq!(bytes.len(), Entry::LEN_WITH_TARGET);
    assert_eq!(Entry::decode(&bytes), Ok(entry));
    assert_eq!(
        admit(7, 9).encode().map(|bytes| bytes.len()),
        Ok(Entry::LEN)
    );
}

#[test]
fn length_version_kind_and_flags_are_refused_when_unknown() {
    let good = admit(7, 9).encode().expect("encodes");
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Entry::decode(&bytes)
    };
    let longer = |extra: usize| Entry::decode(&[good.as_slice(), &vec![0; extra]].concat());
    assert_eq!(Entry::decode(&[]), Err(EntryError::Length));
    assert_eq!(Entry::decode(&good[..29]), Err(EntryError::Length));
    for extra in [1, 16, 20, 21, 1000] {
        assert_eq!(longer(extra), Err(EntryError::Length), "{extra} more");
    }
    for version in [0, 2, 0x81, 255] {
        assert_eq!(with(0, version), Err(EntryError::Version), "{version}");
    }
    for kind in [0, 9, 0x81, 255] {
        assert_eq!(with(1, kind), Err(EntryError::Kind), "{kind}");
    }
    // The top bit promises a target that is not there.
    assert_eq!(with(16, 0x80), Err(EntryError::Length));
    for bit in [6, 7, 12, 13, 14] {
        let entry = Entry {
            flags: DecisionFlags(1 << bit),
            ..admit(7, 9)
        };
        assert_eq!(entry.encode(), Err(EntryError::Flags), "bit {bit}");
        let [high, low] = (1_u16 << bit).to_be_bytes();
        let mut bytes = good.clone();
        bytes[16..18].copy_from_slice(&[high, low]);
        assert_eq!(Entry::decode(&bytes), Err(EntryError::Flags), "bit {bit}");
    }
    let top = Entry {
        flags: DecisionFlags(1 << 15),
        ..admit(7, 9)
    };
    assert_eq!(top.encode(), Err(EntryError::Flags));
}

#[test]
fn numbers_out_of_range_are_refused() {
    let cases = [
        Entry {
            serial: SERIAL_MAX + 1,
            ..admit(7, 9)
        },
        Entry {
            serial: u32::MAX,
            ..admit(7, 9)
        },
        Entry {
            generation: 255,
            ..admit(7, 9)
        },
        Entry {
            hlc: Hlc {
                millis: 1 << 48,
                counter: 0,
            },
            ..admit(7, 9)
        },
    ];
    for entry in cases {
        assert_eq!(entry.encode(), Err(EntryError::Range), "{entry:?}");
    }
}

#[test]
fn a_clock_entry_says_how_far_ahead_the_clock_was() {
    for ahead in [0, 1_500, -86_400_000, i64::MAX, i64::MIN] {
        let entry = Entry::clock(7, Hlc::default(), 2, ahead);
        let body = entry.encode().expect("a good entry");
        let read = Entry::decode(&body).expect("canonical");
        assert_eq!(read.clock_ahead_millis(), Some(ahead));
    }
    assert_eq!(admit(7, 9).clock_ahead_millis(), None);
}

/// Kind; whether target, proof and ticket may, must or must not be there.
#[test]
fn each_kind_has_its_shape() {
    const TARGETS: [bool; 2] = [false, true];
    for kind in (1..=8).filter_map(EntryKind::from_byte) {
        for has_target in TARGETS {
            for has_proof in TARGETS {
                for has_ticket in TARGETS {
                    let entry = Entry {
                        kind,
                        target: has_target.then(|| target(3, 4)),
                        proof: ScanProof([u8::from(has_proof); 8]),
                        serial: u32::from(has_ticket),
                        generation: u8::from(has_ticket),
                        ..admit(7, 9)
                    };
                    let fits = match kind {
                        EntryKind::Admit => has_ticket && !has_target,
                        EntryKind::Exit => true,
                        EntryKind::Undo => has_target && !has_proof,
                        EntryKind::Forced | EntryKind::Refused => !has_target,
                        EntryKind::Clock => !has_target && !has_ticket,
                        EntryKind::Roster | EntryKind::Checkpoint => {
                            !has_target && !has_proof && !has_ticket
                        }
                    };
                    let expected = if fits { Ok(()) } else { Err(EntryError::Shape) };
                    assert_eq!(entry.encode().map(|_| ()), expected, "{entry:?}");
                }
            }
        }
    }
}

#[test]
fn kinds_keep_their_bytes() {
    for byte in 0..=255 {
        if let Some(kind) = EntryKind::from_byte(byte) {
            assert_eq!(kind.to_byte(), byte);
        }
    }
    assert_eq!((0..=255).filter_map(EntryKind::from_byte).count(), 8);
    let bytes = undo(1, 2, target(3, 4)).encode().expect("encodes");
    assert_eq!(bytes[1], 3, "stored logs name an undo by 3 for ever");
}

#[test]
fn a_full_counter_moves_the_millis_on() {
    let full = Hlc {
        millis: 1000,
        counter: u16::MAX,
    };
    let next = full.tick(Timestamp::from_millis(999));
    assert_eq!((next.millis, next.counter), (1001, 0));
    // A clock before 1970, or far ahead of 48 bits, still gives a later stamp.
    assert!(Hlc::default().tick(Timestamp::from_millis(-5)) > Hlc::default());
    let far = Hlc::default().tick(Timestamp::from_millis(i64::MAX));
    let entry = Entry {
        hlc: far,
        ..admit(0, 0)
    };
    assert!(entry.encode().is_ok(), "clamped to what 48 bits hold");
    assert!(far.tick(Timestamp::from_millis(i64::MAX)) > far);
}

fn any_kind() -> impl Strategy<Value = EntryKind> {
    (1_u8..=8).prop_map(|byte| EntryKind::from_byte(byte).expect("a kind"))
}

prop_compose! {
    /// Mostly, but not only, entries that can be encoded.
    fn any_entry()(
        kind in any_kind(),
        (seq, millis, counter) in (any::<u32>(), 0_u64..(1 << 49), any::<u16>()),
        (gate, flags) in (any::<u16>(), 0_u16..18),
        (serial, generation) in (0_u32..0x0100_0100, any::<u8>()),
        proof in prop_oneof![Just([0; 8]), any::<[u8; 8]>()],
        target in proptest::option::of((any::<[u8; 16]>(), any::<u32>())),
    ) -> Entry {
        Entry {
            seq,
            hlc: Hlc { millis, counter },
            kind,
            gate,
            flags: DecisionFlags(flags),
            serial,
            generation,
            proof: ScanProof(proof),
            target: target.map(|(log, seq)| Target { log: LogId(log), seq }),
        }
    }
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(entry in any_entry()) {
        if let Ok(bytes) = entry.encode() {
            prop_assert_eq!(Entry::decode(&bytes), Ok(entry));
        }
    }

    #[test]
    fn what_is_decoded_encodes_to_the_same_bytes(
        kind in 0_u8..10,
        tail in prop_oneof![
            proptest::collection::vec(any::<u8>(), 28),
            proptest::collection::vec(any::<u8>(), 48),
            proptest::collection::vec(any::<u8>(), 0..60),
        ],
        flags in 0_u8..20,
        top in prop_oneof![Just(0_u8), Just(0x80)],
    ) {
        let mut bytes = vec![1, kind];
        bytes.extend(tail);
        if let Some(word) = bytes.get_mut(16..18) {
            word.copy_from_slice(&[top, flags]);
        }
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), Ok(bytes));
        }
    }

    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), Ok(bytes));
        }
    }

    #[test]
    fn time_stamps_only_grow(
        millis in 0_u64..(1 << 48),
        counter in prop_oneof![any::<u16>(), Just(u16::MAX)],
        now in any::<i64>(),
    ) {
        let last = Hlc { millis, counter };
        let next = last.tick(Timestamp::from_millis(now));
        prop_assert!(next > last);
        prop_assert!(next.millis >= u64::try_from(now).unwrap_or(0).min((1 << 48) - 1));
    }
}
