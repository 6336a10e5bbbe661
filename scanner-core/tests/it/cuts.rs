//! A log that lost its end: found, told, and gone on from without using a number twice.

use scanner_core::{Cut, Health, Kind, Outcome, Reason, ScanOptions, examine};

use crate::crash::{RING, put_back, with_an_older_database};
use crate::device::{Device, scan};
use crate::server::{Server, Shared};

fn cut(server: &Shared) -> Device {
    let device = with_an_older_database(server);
    std::fs::remove_file(device.path().join(RING)).expect("removes");
    device
}

/// Health and finding of one check; `None` when there is no such check.
fn finding(device: &Device, name: &str) -> Option<(Health, String)> {
    let checks = examine(device.path(), &device.edge);
    let found = checks.into_iter().find(|check| check.name == name)?;
    Some((found.health, found.finding))
}

fn cuts(device: &Device) -> Vec<Cut> {
    device.open().status().expect("a status").cuts
}

fn counts(server: &Shared) -> Vec<u32> {
    let logs = &server.borrow().logs;
    let mut counts: Vec<u32> = logs.values().map(|log| log.head.next_seq).collect();
    counts.sort_unstable();
    counts
}

#[test]
fn a_cut_log_is_told_by_everybody_who_looks() {
    // gossip 5: restored from backup
    let server = Server::new(20);
    let device = cut(&server);
    let (health, said) = finding(&device, "logs").expect("checked");
    assert_eq!(health, Health::Bad);
    assert!(
        said.contains("2 entries were written") && said.contains("until this device has synced"),
        "{said}"
    );
    let cuts = cuts(&device);
    assert_eq!((cuts.len(), cuts[0].found, cuts[0].written), (1, 1, 2));
    assert_eq!(cuts[0].settled_at, None);
    assert_eq!(
        device.open().begin().expect_err("told").kind(),
        Kind::Unreadable
    );
}

#[test]
fn after_a_sync_a_new_log_goes_on_and_the_cut_one_is_kept() {
    // gossip 5: restored from backup, open a new log
    let server = Server::new(20);
    let device = cut(&server);
    let mut waiting = device.open();
    let tickets: Vec<String> = (0..4)
        .map(|serial| server.borrow().ticket(serial))
        .collect();
    let refused = waiting.scan(&tickets[2].as_str().into(), ScanOptions::default());
    assert_eq!(refused.verdict.verdict, Outcome::Refuse);
    assert!(refused.verdict.explanation.contains("sync"), "{refused:?}");
    let report = device.sync();
    assert_eq!((report.sent, report.pending), (1, 0));
    assert!(
        report.warnings[0].contains("lost entries 1 to 1 of 2"),
        "{report:?}"
    );
    // The scanner that was refused goes on by itself.
    assert_eq!(scan(&mut waiting, &tickets[0]).reason, Reason::AlreadyUsed);
    assert!(scan(&mut waiting, &tickets[2]).durable);
    drop(waiting);
    // The next sync has nothing to settle, and the record stays.
    let report = device.sync();
    assert_eq!((report.sent, report.warnings.len()), (1, 0));
    assert_eq!(counts(&server), [1, 1], "two logs, no number twice");
    let cuts = cuts(&device);
    assert_eq!((cuts.len(), cuts[0].settled_at.is_some()), (1, true));
    assert_eq!(finding(&device, "logs").expect("checked").0, Health::Good);
    assert_eq!(finding(&device, "lost").expect("told").0, Health::Doubtful);
    assert!(scan(&mut device.open(), &tickets[3]).durable);
    let mut exported = Vec::new();
    assert_eq!(device.open().export(&mut exported).expect("exports"), 3);
}

#[test]
fn what_the_server_has_of_a_cut_log_comes_back_and_nothing_is_lost() {
    // gossip 5: restored from backup, fetch the tail back
    let server = Server::new(20);
    let device = Device::enrolled(&server, 1);
    let tickets: Vec<String> = (0..3)
        .map(|serial| server.borrow().ticket(serial))
        .collect();
    scan(&mut device.open(), &tickets[0]);
    let before = Device::new(&server, 2);
    crate::crash::copy_dir(device.path(), before.path());
    scan(&mut device.open(), &tickets[1]);
    device.sync();
    put_back(&before, &device);
    std::fs::remove_file(device.path().join(RING)).expect("removes");
    assert_eq!(cuts(&device).len(), 1);
    device.sync();
    assert_eq!(cuts(&device), []);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &tickets[1]).reason, Reason::AlreadyUsed);
    assert!(scan(&mut scanner, &tickets[2]).durable);
    drop(scanner);
    device.sync();
    assert_eq!(counts(&server), [1, 2]);
}

#[test]
fn a_database_from_before_its_log_began_goes_on_with_no_older_one() {
    // The older log has lost entries too, and its mark was written over.
    let server = Server::new(20);
    let device = cut(&server);
    let before = Device::new(&server, 2);
    crate::crash::copy_dir(device.path(), before.path());
    device.sync();
    let tickets: Vec<String> = (2..5)
        .map(|serial| server.borrow().ticket(serial))
        .collect();
    assert!(scan(&mut device.open(), &tickets[0]).durable);
    put_back(&before, &device);
    std::fs::remove_file(device.path().join(RING)).expect("removes");
    assert_eq!(cuts(&device)[0].found, 0);
    device.sync();
    assert!(scan(&mut device.open(), &tickets[1]).durable);
    device.sync();
    assert_eq!(counts(&server), [1, 1], "a third log");
}

#[test]
fn the_ring_behind_a_spoilt_slot_is_kept_as_evidence() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let tickets: Vec<String> = (0..6)
        .map(|serial| server.borrow().ticket(serial))
        .collect();
    let mut scanner = device.open();
    for ticket in &tickets[..5] {
        assert!(scan(&mut scanner, ticket).durable);
    }
    let spoilt = Device::new(&server, 2);
    crate::crash::copy_dir(device.path(), spoilt.path());
    crate::crash::spoil_slot(&spoilt, 2, 60);
    let ring = std::fs::read(spoilt.path().join(RING)).expect("a ring");
    spoilt.sync();
    let log = cuts(&spoilt).remove(0).log;
    assert!(scan(&mut spoilt.open(), &tickets[5]).durable);
    let kept = std::fs::read(spoilt.path().join(format!("cut-{log}.ring"))).expect("kept");
    assert_eq!(kept, ring);
    assert_ne!(
        std::fs::read(spoilt.path().join(RING)).expect("a ring"),
        ring
    );
}

#[test]
fn guards_that_are_gone_are_told_and_come_back() {
    // V6: what tells a cut or a rollback is no less watched than the data
    let server = Server::new(20);
    let device = Device::enrolled(&server, 1);
    let ticket = |serial| server.borrow().ticket(serial);
    scan(&mut device.open(), &ticket(0));
    assert_eq!(finding(&device, "guards").expect("checked").0, Health::Good);
    let mark = device.path().join("head.mark");
    std::fs::remove_file(&mark).expect("removes");
    for damaged in [false, true] {
        if damaged {
            std::fs::write(&mark, [7; 28]).expect("writes");
        }
        let (health, said) = finding(&device, "guards").expect("checked");
        assert_eq!(health, Health::Doubtful);
        assert!(said.contains("head.mark"), "{said}");
    }
    scan(&mut device.open(), &ticket(1));
    assert_eq!(finding(&device, "guards").expect("checked").0, Health::Good);
    let seen = device.path().join("seen");
    std::fs::remove_file(&seen).expect("removes");
    let (health, said) = finding(&device, "guards").expect("checked");
    assert_eq!(health, Health::Doubtful);
    assert!(said.starts_with("seen is missing"), "{said}");
    device.sync();
    let kept = std::fs::read_to_string(&seen).expect("kept");
    assert!(kept.contains("snapshot 1 "), "{kept}");
    assert_eq!(finding(&device, "guards").expect("checked").0, Health::Good);
}
