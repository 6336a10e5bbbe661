//! Statements and segments: as they come from a stranger, and behind the right hash and signature,
//! where a publisher with a bug, or a stolen key, would put them.

#![no_main]

use ed25519_dalek::Signer as _;
use fuzz::{EVENT, NOW, key};
use libfuzzer_sys::fuzz_target;
use shared::trust::{
    Authority, Expected, KeyId, Keyring, Manifest, Root, Roster, Segment, SegmentKind, SegmentRef,
    Signed, StatementKind, TrustError, TrustedKeys, open,
};

fn signed(bytes: &[u8]) -> Signed {
    let message = [b"TKT1.statement\0", bytes].concat();
    Signed {
        bytes: bytes.to_vec(),
        signatures: vec![(
            KeyId::of(key().verifying_key().as_bytes()),
            key().sign(&message).to_bytes().to_vec(),
        )],
    }
}

fn expected(kind: StatementKind) -> Expected {
    Expected {
        kind,
        event: EVENT,
        now: NOW,
        seen: None,
    }
}

fn statement(bytes: &[u8]) {
    let authority = Authority {
        keys: vec![key().verifying_key().to_bytes()],
        threshold: 1,
    };
    let signed = signed(bytes);
    let kept = |error: &TrustError| assert!(!error.to_string().is_empty());
    match open::<Manifest>(&signed, &authority, &expected(StatementKind::Snapshot)) {
        Ok(opened) => drop(opened.body.check()),
        Err(error) => kept(&error),
    }
    match open::<Roster>(&signed, &authority, &expected(StatementKind::Roster)) {
        Ok(opened) => drop(opened.body.check()),
        Err(error) => kept(&error),
    }
    match open::<Keyring>(&signed, &authority, &expected(StatementKind::Keyring)) {
        Ok(opened) => drop(TrustedKeys::load(&opened.body)),
        Err(error) => kept(&error),
    }
    match open::<Root>(&signed, &authority, &expected(StatementKind::Root)) {
        Ok(opened) => drop(opened.body.check()),
        Err(error) => kept(&error),
    }
}

fn segment(index: u8, bytes: &[u8]) {
    for kind in [
        SegmentKind::Tickets,
        SegmentKind::Seats,
        SegmentKind::Holders,
    ] {
        let reference = SegmentRef {
            kind,
            index: u32::from(index),
            hash: *blake3::hash(bytes).as_bytes(),
            bytes: u32::try_from(bytes.len()).expect("short"),
        };
        if let Ok(segment) = Segment::open(&reference, bytes) {
            assert_eq!(segment.to_wire(), bytes);
            assert_eq!(segment.reference(u32::from(index)), reference);
            assert!(segment.rows().count() <= bytes.len());
        }
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(signed) = Signed::from_wire(data) {
        assert_eq!(signed.to_wire(), data);
    }
    if let Some((index, bytes)) = data.split_first() {
        segment(*index, bytes);
    }
    statement(data);
});
