//! What a gate turns away is noted in samples, and a device tells how it is.

use scanner_core::{Reading, Reason, ScanOptions};
use shared::log::{Entry, EntryKind, RefusalNote};
use shared::sync::SyncRequest;

use crate::device::{Device, scan};
use crate::server::{NOW, Server, Shared};
use crate::wire::Wire;

/// The refusals that the server has got, in order, with the serial of the last ticket.
fn noted(server: &Shared) -> Vec<(Reason, u32, u32)> {
    let server = server.borrow();
    let logs = server.logs.values();
    let bodies = logs.flat_map(|log| &log.bodies);
    let entries = bodies.map(|body| Entry::decode(body).expect("an entry"));
    entries
        .filter(|entry| entry.kind == EntryKind::Refused)
        .map(|entry| {
            let note = RefusalNote::of(&entry).expect("a note");
            (note.reason, note.count, entry.serial)
        })
        .collect()
}

#[test]
fn refusals_reach_the_server_as_few_entries_with_true_counts() {
    // V10
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let (good, used) = (server.borrow().ticket(4), server.borrow().ticket(5));
    let mut forged = server.borrow().ticket(6);
    let last = forged.pop().expect("a digit");
    forged.push(if last == '0' { '1' } else { '0' });
    let mut scanner = device.open();
    scanner.begin().expect("begins");
    for ticket in [&good, &used, &used] {
        scan(&mut scanner, ticket);
        scanner.idle().expect("idle");
    }
    // A burst: the first is told at once, the others together.
    for _ in 0..500 {
        assert_eq!(scan(&mut scanner, &forged).reason, Reason::BadSignature);
        scanner.idle().expect("idle");
    }
    // A program's empty line is nobody's ticket.
    scanner.scan(&Reading::from(" \r"), ScanOptions::default());
    device.sync();
    let first = [(Reason::AlreadyUsed, 1, 5), (Reason::BadSignature, 1, 0)];
    assert_eq!(noted(&server), first);
    device.pass(10);
    scanner.idle().expect("idle");
    scan(&mut scanner, &used);
    scanner.finish().expect("finishes");
    device.sync();
    let all = [
        (Reason::AlreadyUsed, 1, 5),
        (Reason::BadSignature, 1, 0),
        (Reason::BadSignature, 499, 0),
        (Reason::AlreadyUsed, 1, 5),
    ];
    assert_eq!(noted(&server), all);
    // They are no uses: the tickets stand as they did.
    assert_eq!(scanner.status().expect("a status").pending, 0);
    assert_eq!(scan(&mut scanner, &used).reason, Reason::AlreadyUsed);
}

#[test]
fn a_look_at_a_ticket_begins_no_log() {
    // V10, V1
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, "12345").reason, Reason::NotATicket);
    scanner.idle().expect("idle");
    scanner.finish().expect("finishes");
    assert_eq!(scanner.status().expect("a status").entries, 0);
}

#[test]
fn each_sync_says_how_the_device_is() {
    // V10
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for serial in 0..3 {
        scan(&mut scanner, &server.borrow().ticket(serial));
    }
    let mut wire = Wire::to(&server);
    device.try_sync(&mut wire).expect("syncs");
    let said = wire.requests.first().expect("a request");
    let SyncRequest::V1 { report, .. } = said;
    let report = report.as_ref().expect("a report");
    assert_eq!(report.pending, 3);
    let (version, created) = report.snapshot.expect("a snapshot");
    assert!(version >= 1);
    assert_eq!(created, NOW);
    assert!(!report.app_version.is_empty() && report.cut_logs.is_empty());
    report.check().expect("in bounds");
}
