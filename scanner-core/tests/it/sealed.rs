//! Sealed tickets at a device: the key comes with a sync, wrapped to it, and only when it is needed.

use scanner_core::{Kind, Outcome, Reason};
use shared::ticket::ScanKey;
use zeroize::Zeroizing;

use crate::device::{Device, scan};
use crate::server::{Server, Shared};
use crate::wire::Wire;

fn scan_key(id: u8) -> ScanKey {
    ScanKey::new(id, Zeroizing::new([0x50 + id; 32]))
}

/// Ten tickets, of which 3 and 4 are sealed; they are told of by the second snapshot.
fn site() -> (Shared, Device) {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    {
        let mut server = server.borrow_mut();
        server.scan_keys = Some(vec![scan_key(0)]);
        server.seal_row(3, &scan_key(0));
        server.seal_row(4, &scan_key(0));
        server.publish();
    }
    (server, device)
}

fn carried(server: &Shared, serial: u32, id: u8) -> String {
    server.borrow().sealed(serial, &scan_key(id)).1
}

#[test]
fn a_sealed_ticket_comes_in_once_at_a_device_that_was_given_the_key() {
    // T10
    let (server, device) = site();
    let ticket = carried(&server, 3, 0);
    let mut scanner = device.open();
    // Before the sync it is one of ours, under a key that this device does not have.
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::UnknownKey);
    device.sync();
    let verdict = scan(&mut scanner, &ticket);
    assert_eq!((verdict.verdict, verdict.durable), (Outcome::Admit, true));
    assert_eq!(
        (verdict.serial, verdict.seat.as_deref()),
        (Some(3), Some("A-3"))
    );
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    // The key is kept, wrapped, over a restart.
    drop(scanner);
    let other = carried(&server, 4, 0);
    assert_eq!(scan(&mut device.open(), &other).verdict, Outcome::Admit);
    assert_eq!(device.sync().pending, 0);
    // The clear form of a sealed ticket was never issued.
    let clear = server.borrow().ticket(4);
    let verdict = scan(&mut device.open(), &clear);
    assert_eq!(verdict.reason, Reason::BadSignature, "{verdict:?}");
}

#[test]
fn the_key_is_asked_for_when_sealed_tickets_come_and_not_else() {
    // T10
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let calls = |device: &Device| {
        let mut wire = Wire::to(&server);
        device.try_sync(&mut wire).expect("syncs");
        wire.calls
    };
    assert_eq!(calls(&device), 1);
    {
        let mut server = server.borrow_mut();
        server.scan_keys = Some(vec![scan_key(0)]);
        server.seal_row(3, &scan_key(0));
        server.publish();
    }
    assert_eq!(calls(&device), 3, "statements, a segment, the key");
    assert_eq!(calls(&device), 1);
}

#[test]
fn a_cut_before_the_key_came_is_made_up_for() {
    // T10
    let (server, device) = site();
    device
        .try_sync(&mut Wire::cut_after(&server, 2, false))
        .expect_err("cut");
    let ticket = carried(&server, 3, 0);
    assert_eq!(scan(&mut device.open(), &ticket).reason, Reason::UnknownKey);
    device.sync();
    assert_eq!(scan(&mut device.open(), &ticket).verdict, Outcome::Admit);
}

#[test]
fn a_peer_without_keys_is_no_failure_and_the_server_is_asked_again() {
    // T10
    let (server, device) = site();
    let keys = server.borrow_mut().scan_keys.take();
    let report = device.sync();
    assert!(report.warnings[0].contains("sealed"), "{report:?}");
    assert_eq!(report.snapshot_version, Some(2));
    let clear = server.borrow().ticket(5);
    assert_eq!(scan(&mut device.open(), &clear).verdict, Outcome::Admit);
    server.borrow_mut().scan_keys = keys;
    assert!(device.sync().warnings.is_empty());
    let ticket = carried(&server, 3, 0);
    assert_eq!(scan(&mut device.open(), &ticket).verdict, Outcome::Admit);
}

#[test]
fn a_rotated_scan_key_seals_new_tickets_and_the_old_ones_open() {
    // T10: a device was lost; what it holds reads what was sealed before, and nothing since.
    let (server, device) = site();
    device.sync();
    {
        let mut server = server.borrow_mut();
        server.scan_keys = Some(vec![scan_key(0), scan_key(1)]);
        server.seal_row(6, &scan_key(1));
        server.publish();
    }
    let (old, new) = (carried(&server, 3, 0), carried(&server, 6, 1));
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &new).reason, Reason::UnknownKey);
    device.sync();
    for ticket in [&old, &new] {
        assert_eq!(scan(&mut scanner, ticket).verdict, Outcome::Admit);
    }
}

#[test]
fn a_key_that_the_roster_does_not_vouch_for_is_not_taken() {
    // T10, token.md 4 (MITM)
    let (server, device) = site();
    let other = Server::at(crate::server::NOW, 10);
    other.borrow_mut().replace_roster_key();
    other.borrow_mut().roster = server.borrow().roster.clone();
    other.borrow_mut().scan_keys = Some(vec![scan_key(0)]);
    let mut wire = Wire {
        scan_keys_of: Some(other),
        ..Wire::to(&server)
    };
    let error = device.try_sync(&mut wire).expect_err("forged");
    assert_eq!(error.kind(), Kind::Untrusted);
    let ticket = carried(&server, 3, 0);
    assert_eq!(scan(&mut device.open(), &ticket).reason, Reason::UnknownKey);
}

#[test]
fn neither_scan_key_nor_open_ticket_lies_in_the_devices_files() {
    // T10, token.md 4 (stolen scanner): the key is wrapped to `device.key`, which lies beside.
    let (server, device) = site();
    device.sync();
    let ticket = carried(&server, 3, 0);
    assert_eq!(scan(&mut device.open(), &ticket).verdict, Outcome::Admit);
    let needles = [
        vec![0x50; 32],
        b"50".repeat(32),
        server.borrow().sealed(3, &scan_key(0)).0.as_bytes()[19..].to_vec(),
        ticket.into_bytes(),
    ];
    let mut files = 0;
    for file in std::fs::read_dir(device.path()).expect("a folder") {
        let path = file.expect("an entry").path();
        let bytes = std::fs::read(&path).expect("read");
        files += 1;
        for needle in &needles {
            let found = bytes.windows(needle.len()).any(|at| at == &needle[..]);
            assert!(!found, "{}", path.display());
        }
    }
    assert!(files > 3);
}
