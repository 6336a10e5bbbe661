//! Keyring and roster: which keys are let in. // corpus 58 59 91

use ed25519_dalek::VerifyingKey;
use shared::ids::DeviceId;
use shared::log::LogHead;
use shared::trust::roster::ADOPTED_MAX;
use shared::trust::{Keyring, Roster, RosterEntry, TrustError, TrustedKeys};

use crate::fixture::{CREATED, EXPIRES, device, entry, keyring, public, roster};

const SMALL_ORDER: &str = "it is of small order";
const NOT_CANONICAL: &str = "it is not in canonical form";

fn bytes(hex: &str) -> [u8; 32] {
    hex::decode(hex).expect("hex").try_into().expect("32 bytes")
}

/// y of the prime plus `k`, little-endian: a second encoding of y = k.
fn prime_plus(k: u8) -> [u8; 32] {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xed + k;
    bytes[31] = 0x7f;
    bytes
}

fn unusable_keys() -> Vec<(String, [u8; 32], &'static str)> {
    let order_8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let point = |bytes: &[u8; 32]| {
        VerifyingKey::from_bytes(bytes)
            .expect("a point")
            .to_edwards()
    };
    let torsioned = (point(&public(10)) + point(&bytes(order_8)))
        .compress()
        .to_bytes();
    let mut keys: Vec<_> = [
        (
            "identity",
            "0100000000000000000000000000000000000000000000000000000000000000",
        ),
        (
            "order 2",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ),
        (
            "order 4",
            "0000000000000000000000000000000000000000000000000000000000000000",
        ),
        ("order 8", order_8),
        (
            "another of order 8",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        ),
    ]
    .map(|(name, hex)| (name.to_owned(), bytes(hex), SMALL_ORDER))
    .to_vec();
    keys.push((
        "identity with the sign of x".to_owned(),
        bytes("0100000000000000000000000000000000000000000000000000000000000080"),
        NOT_CANONICAL,
    ));
    keys.push((
        "torsioned".to_owned(),
        torsioned,
        "it is not in the prime-order group",
    ));
    for k in 0..19 {
        let encoding = prime_plus(k);
        let why = if VerifyingKey::from_bytes(&encoding).is_ok() {
            NOT_CANONICAL
        } else {
            "it is not on the curve"
        };
        keys.push((format!("y = p + {k}"), encoding, why));
    }
    keys
}

#[test]
fn corpus_58_59_unusable_keys_are_refused_everywhere() {
    let mut non_canonical = 0;
    for (name, public_key, why) in unusable_keys() {
        let mut keyring = keyring();
        keyring.keys[1].public_key = public_key;
        let refusal = TrustError::Key(why);
        assert_eq!(
            TrustedKeys::load(&keyring).map(|_| ()),
            Err(refusal.clone()),
            "{name}"
        );
        let mut roster = roster();
        roster.devices[1].public_key = public_key;
        assert_eq!(roster.check(), Err(refusal), "{name}");
        non_canonical += usize::from(why == NOT_CANONICAL);
    }
    assert!(
        non_canonical > 5,
        "the curve has such points: the table must not shrink"
    );
}

#[test]
fn a_keyring_is_loaded_by_kid() {
    let keys = TrustedKeys::load(&keyring()).expect("loads");
    let (entry, key) = keys.get(1).expect("kid 1");
    assert_eq!((entry.kid, key.to_bytes()), (1, public(11)));
    assert!(keys.get(2).is_none());
}

#[test]
fn ambiguous_and_empty_keyrings_are_refused() {
    let with = |change: &dyn Fn(&mut Keyring)| {
        let mut keyring = keyring();
        change(&mut keyring);
        TrustedKeys::load(&keyring).map(|_| ())
    };
    let refused = |why| Err(TrustError::Key(why));
    assert_eq!(
        with(&|keyring| keyring.keys.push(entry(2, public(10)))),
        refused("it has two kids")
    );
    assert_eq!(
        with(&|keyring| keyring.keys.push(entry(0, public(12)))),
        refused("a kid is given twice")
    );
    assert_eq!(
        with(&|keyring| keyring.keys[0].serial_first = 10_000),
        refused("its range is empty")
    );
    assert_eq!(
        with(&|keyring| keyring.keys[0].not_before = EXPIRES.plus_millis(1)),
        refused("its range is empty")
    );
    assert_eq!(
        with(&|keyring| keyring.keys[0].serial_first = 9_999),
        Ok(())
    );
}

#[test]
fn a_roster_lists_each_device_and_key_once() {
    assert_eq!(roster().check(), Ok(()));
    let with = |change: &dyn Fn(&mut Roster)| {
        let mut roster = roster();
        change(&mut roster);
        roster.check()
    };
    let same_device = |roster: &mut Roster| roster.devices[1].device = roster.devices[0].device;
    let same_key = |roster: &mut Roster| roster.devices[1].public_key = public(30);
    let long_name = |roster: &mut Roster| roster.devices[0].name = "ă".repeat(101);
    let same_log = |roster: &mut Roster| {
        roster.devices[0].cut = Some(vec![([1; 16], 1, [0; 32]), ([1; 16], 2, [0; 32])]);
    };
    let crowd = |roster: &mut Roster| roster.devices = vec![device(30); 2001];
    let malformed = |why| Err(TrustError::Malformed(why));
    assert_eq!(with(&same_device), malformed("a device is listed twice"));
    assert_eq!(
        with(&same_key),
        Err(TrustError::Key("two devices share it"))
    );
    assert_eq!(with(&long_name), malformed("a device's name is too long"));
    assert_eq!(with(&same_log), malformed("a cut lists a log twice"));
    assert_eq!(with(&crowd), malformed("too many devices"));
}

#[test]
fn devices_are_found_by_id_and_by_key() {
    let roster = roster();
    assert_eq!(
        roster.by_device(DeviceId::from_bytes([31; 16])),
        roster.by_key(&public(31))
    );
    assert_eq!(roster.by_key(&public(31)), Some(&roster.devices[1]));
    assert_eq!(roster.by_device(DeviceId::from_bytes([32; 16])), None);
    assert_eq!(roster.by_key(&public(32)), None);
}

// corpus 91: evicted before and after the entry.
#[test]
fn an_evicted_device_counts_up_to_its_cut() {
    let roster = roster();
    let [active, evicted]: &[RosterEntry; 2] = roster.devices.as_slice().try_into().expect("two");
    assert!(active.counts(&[0x41; 16], u32::MAX) && active.is_active(EXPIRES));
    assert!(!active.is_active(EXPIRES.plus_millis(1)));
    assert!(evicted.is_evicted() && !evicted.is_active(CREATED));
    assert!(evicted.counts(&[0x41; 16], 11));
    assert!(!evicted.counts(&[0x41; 16], 12));
    assert!(
        !evicted.counts(&[0x43; 16], 0),
        "a log that the cut does not name"
    );
}

#[test]
fn an_entry_past_the_cut_counts_once_it_was_taken_up_and_no_other_in_its_place() {
    // V6, gossip.md 5
    let log = [0x41; 16];
    let after = |next_seq, byte| LogHead {
        next_seq,
        hash: [byte; 32],
    };
    let mut evicted = roster().devices.remove(1);
    assert!(
        evicted.counts_to(&log, &after(12, 9)),
        "the last before the cut"
    );
    assert!(!evicted.counts_to(&log, &after(15, 9)));
    evicted.adopted = vec![(log, 15, [9; 32])];
    assert!(evicted.counts_to(&log, &after(15, 9)));
    assert!(!evicted.counts_to(&log, &after(15, 8)), "another history");
    assert!(!evicted.counts_to(&log, &after(14, 9)));
    assert!(!evicted.counts_to(&[0x43; 16], &after(15, 9)));
    let mut many = roster();
    many.devices[1].adopted = vec![(log, 15, [9; 32]); ADOPTED_MAX + 1];
    assert!(many.check().is_err());
}
