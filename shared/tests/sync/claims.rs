//! The homes of strict tickets: fixed by the roster, spread over hubs, unmoved by evictions.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::sync::claim::{
    ClaimAnswer, ClaimId, ClaimRequest, ClaimSlot, HOMES, HomeVerdict, SignedAnswer, SignedClaim,
    homes, quorum,
};
use shared::time::Timestamp;
use shared::trust::{Roster, RosterEntry};

fn device(number: u8, role: DeviceRole) -> RosterEntry {
    RosterEntry {
        device: DeviceId::from_bytes([number; 16]),
        name: format!("device {number}"),
        public_key: SigningKey::from_bytes(&[number; 32])
            .verifying_key()
            .to_bytes(),
        gate: GateId::from_bytes([1; 16]),
        zones: 0,
        role,
        not_after: Timestamp::from_millis(i64::MAX),
        attended: false,
        cut: None,
        adopted: Vec::new(),
    }
}

fn roster(kiosks: u8) -> Roster {
    let kiosks = (1..=kiosks).map(|number| device(number, DeviceRole::Kiosk));
    let phones = (200..205).map(|number| device(number, DeviceRole::Scanner));
    Roster {
        devices: kiosks.chain(phones).collect(),
    }
}

#[test]
fn every_ticket_has_three_kiosks_for_homes() {
    let roster = roster(6);
    let kiosks: BTreeSet<DeviceId> = (1..=6).map(|of| DeviceId::from_bytes([of; 16])).collect();
    let mut load: BTreeMap<DeviceId, usize> = BTreeMap::new();
    for serial in 0..600 {
        let homes = homes(&roster, serial, 0);
        assert_eq!(homes.iter().collect::<BTreeSet<_>>().len(), HOMES);
        for home in homes {
            assert!(kiosks.contains(&home), "a phone is no home");
            *load.entry(home).or_default() += 1;
        }
    }
    // 300 each on average.
    assert!(
        load.values().all(|count| (200..400).contains(count)),
        "{load:?}"
    );
}

#[test]
fn an_eviction_moves_no_ticket() {
    let before = roster(6);
    let mut after = before.clone();
    after.devices[2].cut = Some(Vec::new());
    for serial in 0..200 {
        assert_eq!(homes(&before, serial, 0), homes(&after, serial, 0));
    }
}

#[test]
fn the_order_of_the_roster_does_not_matter() {
    let one = roster(5);
    let mut other = one.clone();
    other.devices.reverse();
    assert!((0..50).all(|serial| homes(&one, serial, 0b11) == homes(&other, serial, 0b11)));
}

#[test]
fn with_fewer_than_three_kiosks_one_decides_alone() {
    assert_eq!(homes(&roster(2), 7, 0).len(), 1);
    assert_eq!(homes(&roster(0), 7, 0), Vec::new());
    assert_eq!((quorum(1), quorum(HOMES)), (1, 2));
}

/// Three kiosks at gates of zone 1, three at gates of zone 2, three at gates open to all.
fn zoned() -> Roster {
    let mut roster = roster(9);
    for (at, device) in roster.devices.iter_mut().enumerate().take(9) {
        device.zones = [0b01, 0b10, 0][at / 3];
    }
    roster
}

#[test]
fn homes_are_where_the_ticket_enters() {
    let roster = zoned();
    let zone = |home: &DeviceId| roster.by_device(*home).expect("listed").zones;
    for serial in 0..200 {
        let homes = |zones| homes(&roster, serial, zones);
        assert!(homes(0b01).iter().all(|home| zone(home) == 0b01));
        assert!(homes(0b10).iter().all(|home| zone(home) == 0b10));
        // One zone of several, and no zone that has no kiosk.
        let both = homes(0b11);
        assert!(both.iter().all(|home| zone(home) == zone(&both[0])));
        assert_eq!(homes(0b101), homes(0b01));
        assert_eq!(homes(0b100).len(), HOMES);
    }
    let first = |serial| zone(&homes(&roster, serial, 0b11)[0]);
    let north = (0..1000).filter(|serial| first(*serial) == 0b01).count();
    assert!((400..600).contains(&north), "{north} of 1000");
}

#[test]
fn a_zone_with_few_kiosks_keeps_its_own_and_borrows_the_rest() {
    let mut roster = zoned();
    roster.devices[2].zones = 0b10;
    let own = [1, 2].map(|of| DeviceId::from_bytes([of; 16]));
    for serial in 0..100 {
        let homes = homes(&roster, serial, 0b01);
        assert_eq!(homes.len(), HOMES);
        // A quorum of them is in the zone.
        assert!(own.iter().all(|of| homes.contains(of)), "{homes:?}");
    }
}

#[test]
fn who_signed_a_question_or_an_answer_is_told_and_nothing_in_it_can_be_changed() {
    // Threat: a hub on the way admits a copy.
    let key = SigningKey::from_bytes(&[1; 32]);
    let public = key.verifying_key().to_bytes();
    let other = SigningKey::from_bytes(&[2; 32]).verifying_key().to_bytes();
    let event = EventId::from_bytes([0xE1; 16]);
    let claim = ClaimId {
        device: DeviceId::from_bytes([1; 16]),
        boot: [7; 16],
        number: 3,
    };
    let slot = ClaimSlot {
        serial: 5,
        generation: 1,
        slot: 0,
    };
    let home = DeviceId::from_bytes([2; 16]);
    let request = ClaimRequest {
        claim,
        slot,
        zones: 1,
        home,
        roster_version: 4,
        release: false,
    };
    let signed = SignedClaim::sign(&key, event, request);
    assert!(signed.is_by(&public, event));
    assert!(!signed.is_by(&other, event));
    assert!(!signed.is_by(&public, EventId::from_bytes([0xE2; 16])));
    let mut carried = signed.clone();
    carried.hops = 1;
    assert!(carried.is_by(&public, event), "hubs count the hops down");
    for change in [
        |of: &mut ClaimRequest| of.release = true,
        |of: &mut ClaimRequest| of.slot.slot = 1,
        |of: &mut ClaimRequest| of.home = DeviceId::from_bytes([3; 16]),
        |of: &mut ClaimRequest| of.roster_version = 5,
        |of: &mut ClaimRequest| of.zones = 2,
    ] {
        let mut changed = signed.clone();
        change(&mut changed.request);
        assert!(!changed.is_by(&public, event));
    }
    let answer = ClaimAnswer {
        claim,
        slot,
        home,
        verdict: HomeVerdict::Abstains,
    };
    let signed = SignedAnswer::sign(&key, event, answer);
    assert!(signed.is_by(&public, event));
    assert!(!signed.is_by(&other, event));
    let mut changed = signed;
    changed.answer.verdict = HomeVerdict::Granted;
    assert!(!changed.is_by(&public, event));
}
