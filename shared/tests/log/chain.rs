//! Chain, signatures, segments: whatever is changed, left out, doubled or moved is refused.
// corpus 91

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use shared::ids::{DeviceId, EventId};
use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{
    ChainError, Entry, EntryError, EntryKind, Genesis, LogHead, LogSegment, SignedEntry,
};
use shared::sync::strict;

use crate::fixture::{Device, admit, exit, log, target, undo};

/// A log of `count` entries: the device after them, each signed, and the head before each.
fn written(count: u32) -> (Device, Vec<SignedEntry>, Vec<LogHead>) {
    let mut device = Device::new(1);
    let mut heads = Vec::new();
    let mut entries = Vec::new();
    for seq in 0..count {
        heads.push(device.head);
        let at = 1_790_000_000_000 + u64::from(seq);
        let entry = match seq % 3 {
            0 => admit(0, at),
            1 => exit(0, at, Some(target(9, 9))),
            _ => undo(0, at, target(9, 9)),
        };
        entries.push(device.append(entry));
    }
    (device, entries, heads)
}

fn segment(device: &Device, entries: &[SignedEntry]) -> LogSegment {
    let bodies = entries.iter().map(|entry| entry.body.clone()).collect();
    let last = entries.last().expect("not empty");
    LogSegment::new(device.log, bodies, last.signature.clone()).expect("a good segment")
}

#[test]
fn a_log_reads_back_entry_by_entry_and_as_a_segment() {
    let (device, entries, heads) = written(7);
    let key = device.key.verifying_key();
    let mut head = device.genesis.head();
    let mut read = Vec::new();
    for (seq, signed) in (0..).zip(&entries) {
        assert_eq!(head, heads[usize::try_from(seq).expect("small")]);
        let (entry, after) = signed.verify(&key, device.log, &head).expect("verifies");
        assert_eq!(entry.seq, seq);
        assert_eq!(head.append(device.log, &entry), Ok(after));
        read.push(entry);
        head = after;
    }
    assert_eq!(head, device.head);
    assert_eq!(head.short(), head.hash[..8]);
    // The whole log, and any part of it on top of the head before.
    for from in 0..entries.len() {
        let part = segment(&device, &entries[from..]);
        assert_eq!(
            part.verify(&key, &heads[from]),
            Ok((read[from..].to_vec(), device.head)),
            "from {from}"
        );
    }
}

#[test]
fn any_changed_bit_of_a_live_entry_is_refused() {
    let (device, entries, heads) = written(3);
    let key = device.key.verifying_key();
    for (signed, head) in entries.iter().zip(&heads) {
        for bit in 0..signed.body.len() * 8 {
            let mut changed = signed.clone();
            changed.body[bit / 8] ^= 1 << (bit % 8);
            assert!(
                changed.verify(&key, device.log, head).is_err(),
                "body {bit}"
            );
        }
        for bit in 0..signed.signature.len() * 8 {
            let mut changed = signed.clone();
            changed.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                changed.verify(&key, device.log, head),
                Err(ChainError::Signature),
                "signature {bit}"
            );
        }
    }
}

#[test]
fn any_changed_byte_of_a_segment_is_refused() {
    let (device, entries, _) = written(5);
    let key = device.key.verifying_key();
    let head = device.genesis.head();
    let wire = strict::to_wire(&segment(&device, &entries));
    let read = |bytes: &[u8]| {
        strict::from_wire::<LogSegment>(bytes, 1 << 20).map(|segment| segment.verify(&key, &head))
    };
    assert!(matches!(read(&wire), Ok(Ok(_))));
    for at in 0..wire.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut changed = wire.clone();
            changed[at] ^= flip;
            assert!(
                !matches!(read(&changed), Ok(Ok(_))),
                "byte {at} ^ {flip:02x}"
            );
        }
    }
    for length in 0..wire.len() {
        assert!(
            !matches!(read(&wire[..length]), Ok(Ok(_))),
            "cut at {length}"
        );
    }
}

#[test]
fn entries_left_out_doubled_or_moved_are_refused() {
    let (device, entries, _) = written(5);
    let key = device.key.verifying_key();
    let head = device.genesis.head();
    let good = segment(&device, &entries);
    let verify = |bodies: Vec<Vec<u8>>| {
        let changed = LogSegment {
            bodies,
            ..good.clone()
        };
        changed.verify(&key, &head).map(|_| ())
    };
    let bodies = || good.bodies.clone();
    let without = |at: usize| {
        let mut bodies = bodies();
        bodies.remove(at);
        bodies
    };
    let gap = |expected, found| Err(ChainError::Gap { expected, found });
    assert_eq!(verify(bodies()), Ok(()));
    assert_eq!(verify(without(0)), gap(0, 1));
    assert_eq!(verify(without(2)), gap(2, 3));
    // The signature is the last entry's: a shorter log does not carry it.
    assert_eq!(verify(without(4)), Err(ChainError::Signature));
    let mut moved = bodies();
    moved.swap(1, 3);
    assert_eq!(verify(moved), gap(1, 3));
    let mut doubled = bodies();
    doubled.insert(2, doubled[1].clone());
    assert_eq!(verify(doubled), gap(2, 1));
    // Another body under a right seq breaks the chain, and with it the one signature.
    let mut other = bodies();
    other[2] = admit(2, 5).encode().expect("encodes");
    assert_eq!(verify(other), Err(ChainError::Signature));
    let mut short = bodies();
    short[2].pop();
    assert_eq!(verify(short), Err(EntryError::Length.into()));
}

#[test]
fn a_segment_binds_its_log_its_place_and_its_key() {
    let (device, entries, heads) = written(4);
    let key = device.key.verifying_key();
    let good = segment(&device, &entries[1..]);
    let other_log = LogSegment {
        log: log(9),
        ..good.clone()
    };
    assert_eq!(
        other_log.verify(&key, &heads[1]),
        Err(ChainError::Signature)
    );
    let gap = |expected| ChainError::Gap { expected, found: 1 };
    assert_eq!(good.verify(&key, &heads[0]), Err(gap(0)));
    assert_eq!(good.verify(&key, &heads[2]), Err(gap(2)));
    let forked = LogHead {
        hash: [1; 32],
        ..heads[1]
    };
    assert_eq!(good.verify(&key, &forked), Err(ChainError::Signature));
    let stranger = SigningKey::from_bytes(&[9; 32]).verifying_key();
    assert_eq!(
        good.verify(&stranger, &heads[1]),
        Err(ChainError::Signature)
    );
    let claims = LogSegment {
        first_seq: 0,
        ..good
    };
    let lie = ChainError::Gap {
        expected: 1,
        found: 0,
    };
    assert_eq!(claims.verify(&key, &heads[1]), Err(lie));
}

#[test]
fn segments_are_bounded_and_never_empty() {
    let most = u32::try_from(LOG_SEGMENT_ENTRIES_MAX).expect("small");
    let (device, entries, heads) = written(most + 1);
    let key = device.key.verifying_key();
    let full = segment(&device, &entries[..LOG_SEGMENT_ENTRIES_MAX]);
    let (read, after) = full.verify(&key, &heads[0]).expect("as many as may be");
    assert_eq!(
        (read.len(), after.next_seq),
        (LOG_SEGMENT_ENTRIES_MAX, most)
    );
    let bodies = |range: &[SignedEntry]| range.iter().map(|e| e.body.clone()).collect::<Vec<_>>();
    let malformed = |result: Result<_, ChainError>| matches!(result, Err(ChainError::Malformed(_)));
    let signature = entries[entries.len() - 1].signature.clone();
    let too_many = LogSegment {
        bodies: bodies(&entries),
        signature: signature.clone(),
        ..full.clone()
    };
    assert!(malformed(too_many.verify(&key, &heads[0]).map(|_| ())));
    assert!(malformed(
        LogSegment::new(device.log, bodies(&entries), signature).map(|_| ())
    ));
    let empty = LogSegment {
        bodies: Vec::new(),
        ..full.clone()
    };
    assert!(malformed(empty.verify(&key, &heads[0]).map(|_| ())));
    assert!(malformed(
        LogSegment::new(device.log, Vec::new(), vec![0; 64]).map(|_| ())
    ));
}

#[test]
fn a_segment_is_built_only_from_what_fits_together() {
    let (device, entries, _) = written(3);
    let [a, b, c] = [0, 1, 2].map(|at| entries[at].body.clone());
    let signature = entries[2].signature.clone();
    let new = |bodies: Vec<Vec<u8>>| LogSegment::new(device.log, bodies, signature.clone());
    assert_eq!(new(vec![b.clone(), c.clone()]).map(|s| s.first_seq), Ok(1));
    let gap = |expected, found| Err(ChainError::Gap { expected, found });
    assert_eq!(new(vec![a.clone(), c.clone()]), gap(1, 2));
    assert_eq!(new(vec![c, b]), gap(3, 1));
    assert_eq!(new(vec![vec![1; 12]]), Err(EntryError::Length.into()));
    assert!(LogSegment::new(device.log, vec![a], vec![0; 63]).is_err());
}

#[test]
fn a_gap_and_a_full_log_are_refused_when_signing() {
    let device = Device::new(1);
    let sign = |head: &LogHead, seq| {
        SignedEntry::sign(&device.key, device.log, head, &admit(seq, 1)).map(|_| ())
    };
    let gap = |found| Err(ChainError::Gap { expected: 0, found });
    assert_eq!(sign(&device.head, 0), Ok(()));
    assert_eq!(sign(&device.head, 1), gap(1));
    let last = LogHead {
        next_seq: u32::MAX,
        ..device.head
    };
    assert_eq!(
        sign(&last, u32::MAX),
        Err(ChainError::Malformed("the log is full"))
    );
    let unreadable = Entry {
        kind: EntryKind::Undo,
        ..admit(0, 1)
    };
    assert_eq!(
        device.head.append(device.log, &unreadable),
        Err(EntryError::Shape.into())
    );
}

#[test]
fn a_genesis_is_read_strictly_and_names_its_log() {
    let genesis = Device::new(1).genesis;
    let wire = genesis.to_wire();
    assert_eq!(Genesis::from_wire(&wire), Ok(genesis.clone()));
    assert_eq!(wire[0], 0, "V1 first");
    assert_eq!(
        genesis.log_id().0,
        blake3::hash(&wire).as_bytes()[..16],
        "the log is named by its genesis"
    );
    let malformed = |bytes: &[u8]| {
        assert!(
            matches!(Genesis::from_wire(bytes), Err(ChainError::Malformed(_))),
            "{bytes:02x?}"
        );
    };
    malformed(&[]);
    malformed(&[wire.as_slice(), &[0]].concat());
    malformed(&wire[..wire.len() - 1]);
    malformed(&[&[1], &wire[1..]].concat());
    // 0 written with one byte too many.
    malformed(&[&[0x80, 0x00], &wire[1..]].concat());
    let with_version = |length: usize| Genesis {
        app_version: "v".repeat(length),
        ..genesis.clone()
    };
    let longest = with_version(64);
    assert_eq!(Genesis::from_wire(&longest.to_wire()), Ok(longest));
    malformed(&with_version(65).to_wire());
    malformed(&with_version(100_000).to_wire());
    assert!(with_version(65).check().is_err());
}

#[test]
fn every_part_of_a_genesis_changes_the_log() {
    let genesis = Device::new(1).genesis;
    let others = [
        Genesis {
            event: EventId::from_bytes([0xEF; 16]),
            ..genesis.clone()
        },
        Genesis {
            device: DeviceId::from_bytes([2; 16]),
            ..genesis.clone()
        },
        Genesis {
            device_key: [2; 32],
            ..genesis.clone()
        },
        Genesis {
            incarnation: [2; 16],
            ..genesis.clone()
        },
        Genesis {
            app_version: "0.1.1".to_owned(),
            ..genesis.clone()
        },
    ];
    for other in others {
        assert_ne!(other.log_id(), genesis.log_id(), "{other:?}");
        assert_ne!(other.head(), genesis.head(), "{other:?}");
    }
}

proptest! {
    #[test]
    fn strangers_bytes_never_panic(
        body in proptest::collection::vec(any::<u8>(), 0..80),
        signature in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let device = Device::new(1);
        let key = device.key.verifying_key();
        let signed = SignedEntry { body: body.clone(), signature: signature.clone() };
        prop_assert!(signed.verify(&key, device.log, &device.head).is_err());
        let segment = LogSegment {
            log: device.log,
            first_seq: 0,
            bodies: vec![body.clone(); 2],
            signature,
        };
        prop_assert!(segment.verify(&key, &device.head).is_err());
        prop_assert!(Genesis::from_wire(&body).is_err());
    }
}
