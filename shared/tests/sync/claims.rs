//! The homes of strict tickets: fixed by the roster, spread over hubs, unmoved by evictions.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::SigningKey;
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, GateId};
use shared::sync::claim::{HOMES, homes, quorum};
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
        role,
        not_after: Timestamp::from_millis(i64::MAX),
        attended: false,
        cut: None,
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
        let homes = homes(&roster, serial);
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
        assert_eq!(homes(&before, serial), homes(&after, serial));
    }
}

#[test]
fn the_order_of_the_roster_does_not_matter() {
    let one = roster(5);
    let mut other = one.clone();
    other.devices.reverse();
    assert!((0..50).all(|serial| homes(&one, serial) == homes(&other, serial)));
}

#[test]
fn with_fewer_than_three_kiosks_one_decides_alone() {
    assert_eq!(homes(&roster(2), 7).len(), 1);
    assert_eq!(homes(&roster(0), 7), Vec::new());
    assert_eq!((quorum(1), quorum(HOMES)), (1, 2));
}
