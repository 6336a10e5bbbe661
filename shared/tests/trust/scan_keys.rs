//! Scan keys on the way to one device. // T10

use ed25519_dalek::SigningKey;
use shared::ids::{DeviceId, EventId};
use shared::sync::{ScanKeysRequest, ScanKeysResponse};
use shared::ticket::{Flags, Payload, ScanKey, event_hint, sign_sealed};
use shared::trust::{Authority, ScanKeyFor, TrustError, WrappedScanKey};
use zeroize::Zeroizing;

fn device_key() -> SigningKey {
    SigningKey::from_bytes(&[0xDE; 32])
}

fn roster_key() -> SigningKey {
    SigningKey::from_bytes(&[0x05; 32])
}

fn roster() -> Authority {
    Authority {
        keys: vec![roster_key().verifying_key().to_bytes()],
        threshold: 1,
    }
}

fn holder() -> ScanKeyFor {
    ScanKeyFor {
        event: EventId::from_bytes([0xE1; 16]),
        device: DeviceId::from_bytes([0xD1; 16]),
        public_key: device_key().verifying_key().to_bytes(),
    }
}

fn scan_key() -> ScanKey {
    ScanKey::new(3, Zeroizing::new([0x5C; 32]))
}

fn wrapped(fresh: u8) -> WrappedScanKey {
    WrappedScanKey::wrap(&scan_key(), &holder(), &roster_key(), &[fresh; 32]).expect("wraps")
}

/// A key opens what its twin sealed.
fn is_the_key(key: &ScanKey) -> bool {
    let event = holder().event;
    let payload = Payload {
        kid: 0,
        serial: 7,
        generation: 1,
        class: 0,
        zones: 0,
        not_before: 0,
        not_after: 4,
        flags: Flags::NONE,
        seat: None,
        hint: event_hint(event),
    };
    let opened = sign_sealed(&roster_key(), event, &payload).expect("signs");
    let sealed = opened.seal(event, &scan_key()).expect("seals");
    sealed.open(event, key) == Ok(opened)
}

#[test]
fn a_scan_key_reaches_its_device_and_no_other() {
    // T10
    let given = wrapped(1);
    let key = given.unwrap(&holder(), &device_key(), &roster());
    assert!(is_the_key(&key.expect("unwraps")));
    assert!(is_the_key(
        &given.opened(&holder(), &device_key()).expect("opens")
    ));
    assert_ne!(
        given.sealed,
        wrapped(2).sealed,
        "a key of its own each time"
    );
    let shown = format!("{given:?}");
    assert!(!shown.contains("92, 92"), "{shown}");
    // Another device, on the roster as well, has its own name and key.
    let stranger = SigningKey::from_bytes(&[0xDF; 32]);
    assert_eq!(
        given.opened(&holder(), &stranger).map(|_| ()),
        Err(TrustError::Key("it is wrapped to another device"))
    );
}

#[test]
fn what_was_changed_or_signed_by_another_is_not_taken() {
    // T10
    let refused = |given: &WrappedScanKey, holder: &ScanKeyFor| {
        given.unwrap(holder, &device_key(), &roster()).is_err()
    };
    let good = wrapped(1);
    assert!(!refused(&good, &holder()));
    let changes: [fn(&mut WrappedScanKey); 7] = [
        |of| of.id = 4,
        |of| of.ephemeral[0] ^= 1,
        |of| of.sealed[0] ^= 1,
        |of| of.sealed.truncate(47),
        |of| of.sealed.push(0),
        |of| of.signature[10] ^= 1,
        |of| of.signature.truncate(63),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let mut changed = good.clone();
        change(&mut changed);
        assert!(refused(&changed, &holder()), "{at}");
    }
    let elsewhere = ScanKeyFor {
        event: EventId::from_bytes([0xE2; 16]),
        ..holder()
    };
    let another = ScanKeyFor {
        device: DeviceId::from_bytes([0xD2; 16]),
        ..holder()
    };
    assert!(refused(&good, &elsewhere) && refused(&good, &another));
    // Somebody on the line who knows the device's public key can wrap, and cannot vouch.
    let fresh = [9; 32];
    let rogue = SigningKey::from_bytes(&[0x66; 32]);
    let theirs = WrappedScanKey::wrap(&scan_key(), &holder(), &rogue, &fresh).expect("wraps");
    assert!(refused(&theirs, &holder()));
}

#[test]
fn points_of_small_order_share_no_secret() {
    // T10: all would be sealed under a key that everybody knows.
    let mut given = wrapped(1);
    for point in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        given.ephemeral = point;
        assert_eq!(
            given.opened(&holder(), &device_key()).map(|_| ()),
            Err(TrustError::Key("it is of small order"))
        );
    }
    let weak = ScanKeyFor {
        public_key: [0; 32],
        ..holder()
    };
    let fresh = [1; 32];
    assert!(WrappedScanKey::wrap(&scan_key(), &weak, &roster_key(), &fresh).is_err());
}

#[test]
fn the_messages_are_read_strictly() {
    // corpus 88
    let request = ScanKeysRequest::V1 {};
    assert_eq!(ScanKeysRequest::from_wire(&request.to_wire()), Ok(request));
    let answer = ScanKeysResponse::V1 {
        keys: vec![wrapped(1), wrapped(2)],
    };
    let wire = answer.to_wire();
    assert_eq!(ScanKeysResponse::from_wire(&wire), Ok(answer));
    assert!(ScanKeysResponse::from_wire(&[&wire[..], &[0]].concat()).is_err());
    assert!(ScanKeysResponse::from_wire(&wire[..wire.len() - 1]).is_err());
    let many = ScanKeysResponse::V1 {
        keys: vec![wrapped(1); 257],
    };
    assert!(ScanKeysResponse::from_wire(&many.to_wire()).is_err());
}
