//! Issuing keys at a device: rotated, stolen, given up; and generations that kill each other.

use ed25519_dalek::SigningKey;
use scanner_core::{Outcome, Reason};
use shared::ticket::{Payload, sign};
use shared::trust::{KeyStatus, KeyringEntry};

use crate::device::{Device, scan};
use crate::server::{Server, Shared};

/// The next key, which the keyring has known for long.
fn next_key() -> SigningKey {
    SigningKey::from_bytes(&[55; 32])
}

fn add_standby(server: &Shared) {
    let mut server = server.borrow_mut();
    let standby = KeyringEntry {
        kid: 4,
        public_key: next_key().verifying_key().to_bytes(),
        status: KeyStatus::Standby,
        ..server.keyring.keys[0].clone()
    };
    server.keyring.keys.push(standby);
    server.sign_keyring();
}

fn set(server: &Shared, statuses: [KeyStatus; 2]) {
    let mut server = server.borrow_mut();
    for (entry, status) in server.keyring.keys.iter_mut().zip(statuses) {
        entry.status = status;
    }
    server.sign_keyring();
    server.publish();
}

/// A ticket of the next key.
fn of_next_key(server: &Shared, serial: u32) -> String {
    let server = server.borrow();
    let payload = Payload {
        kid: 4,
        ..server.payload(serial, 1)
    };
    let token = sign(&next_key(), server.event, &payload).expect("signs");
    token.to_digits()
}

#[test]
fn a_rotated_key_leaves_every_ticket_good_at_gates_with_and_without_the_news() {
    // T4, corpus 47
    let server = Server::new(10);
    add_standby(&server);
    let (told, untold) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    set(&server, [KeyStatus::Retired, KeyStatus::Active]);
    told.sync();
    for device in [&told, &untold] {
        let mut scanner = device.open();
        let older = server.borrow().ticket(1);
        assert_eq!(scan(&mut scanner, &older).verdict, Outcome::Admit);
        let newer = of_next_key(&server, 12);
        assert_eq!(scan(&mut scanner, &newer).verdict, Outcome::Admit);
    }
}

#[test]
fn a_stolen_keys_forgeries_die_and_genuine_tickets_need_no_new_print() {
    // T4, corpus 47, token.md 3: the thief signs as well as we do.
    let server = Server::new(10);
    add_standby(&server);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let forged = |serial, generation| {
        let server = server.borrow();
        server
            .token(&server.payload(serial, generation))
            .to_digits()
    };
    // Before anybody knows, a forgery of a serial that is not sold comes in: what bounds it is the
    // key's range.
    assert_eq!(scan(&mut scanner, &forged(4000, 1)).verdict, Outcome::Admit);
    set(&server, [KeyStatus::Compromised, KeyStatus::Active]);
    device.sync();
    for (serial, generation) in [(4001, 1), (11, 1), (5, 2), (5, 254)] {
        let verdict = scan(&mut scanner, &forged(serial, generation));
        assert_eq!(verdict.reason, Reason::UnknownKey, "{serial} {generation}");
        assert!(!verdict.durable);
    }
    let better = {
        let server = server.borrow();
        let payload = Payload {
            class: 1,
            ..server.payload(6, 1)
        };
        server.token(&payload).to_digits()
    };
    assert_eq!(scan(&mut scanner, &better).reason, Reason::UnknownKey);
    for serial in 0..10 {
        let ticket = server.borrow().ticket(serial);
        assert_eq!(
            scan(&mut scanner, &ticket).verdict,
            Outcome::Admit,
            "{serial}"
        );
        assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    }
    let sold_since = of_next_key(&server, 12);
    assert_eq!(scan(&mut scanner, &sold_since).verdict, Outcome::Admit);
    // And after a restart, when all is read from the disk.
    drop(scanner);
    let mut scanner = device.open();
    assert_eq!(
        scan(&mut scanner, &forged(4002, 1)).reason,
        Reason::UnknownKey
    );
}

#[test]
fn a_stolen_key_signs_for_the_serials_of_its_range_only() {
    // T4, corpus 43
    let server = Server::new(10);
    server.borrow_mut().keyring.keys[0].serial_last = 4095;
    server.borrow_mut().sign_keyring();
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for (serial, verdict) in [(4095, Outcome::Admit), (4096, Outcome::Refuse)] {
        let ticket = server.borrow().ticket(serial);
        assert_eq!(scan(&mut scanner, &ticket).verdict, verdict, "{serial}");
    }
}

#[test]
fn a_newer_generation_kills_the_older_by_delta_and_by_sight() {
    // T3 T4, gossip.md 2
    let server = Server::new(10);
    let (a, b, c) = (
        Device::enrolled(&server, 1),
        Device::enrolled(&server, 2),
        Device::enrolled(&server, 3),
    );
    let (older, newer) = {
        let server = server.borrow();
        let newer = server.token(&server.payload(6, 2)).to_digits();
        (server.ticket(6), newer)
    };
    // A sees the newer code before any list tells of it.
    let mut at_a = a.open();
    assert_eq!(scan(&mut at_a, &newer).verdict, Outcome::Admit);
    assert_eq!(scan(&mut at_a, &older).reason, Reason::Reissued);
    a.sync();
    // B hears A's entry. It cannot prove anything of a generation that B knows nothing of, so the
    // older code still works there (a rogue device could kill every ticket otherwise) ...
    b.sync();
    let mut at_b = b.open();
    assert_eq!(scan(&mut at_b, &older).verdict, Outcome::Admit);
    // ... until the newer one is shown: then A's entry counts, and all of it is a conflict.
    let verdict = scan(&mut at_b, &newer);
    assert_eq!(verdict.reason, Reason::AlreadyUsed, "{verdict:?}");
    assert_eq!(scan(&mut at_b, &older).reason, Reason::Reissued);
    // C gets the delta and has seen neither.
    let row = server.borrow().row(6, 2);
    server.borrow_mut().rows[6] = row;
    server.borrow_mut().publish();
    c.sync();
    let mut at_c = c.open();
    assert_eq!(scan(&mut at_c, &older).reason, Reason::Reissued);
    // Remembered: after a restart, without any list that tells.
    drop(at_a);
    assert_eq!(scan(&mut a.open(), &older).reason, Reason::Reissued);
}
