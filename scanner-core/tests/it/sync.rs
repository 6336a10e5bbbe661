//! Exchange: both ways, idempotent, resumable; versions never go down; nothing forged comes in.

use ed25519_dalek::SigningKey;
use scanner_core::{Kind, Outcome, Reason};
use shared::log::{DecisionFlags, Entry, EntryKind, Genesis, Hlc, LogSegment, SignedEntry};
use shared::ticket::ScanProof;
use shared::trust::{SegmentKind, TicketRowStatus};

use crate::device::{Device, scan};
use crate::server::{NOW, Server, Shared};
use crate::wire::Wire;

fn admit(device: &Device, serials: std::ops::Range<u32>) {
    let mut scanner = device.open();
    for serial in serials {
        let ticket = device.server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable, "{serial}");
    }
}

#[test]
fn entries_go_up_once_and_are_confirmed() {
    // V6
    let server = Server::new(1000);
    let device = Device::enrolled(&server, 1);
    admit(&device, 0..700);
    let report = device.sync();
    assert_eq!((report.sent, report.pending), (700, 0));
    let again = device.sync();
    assert_eq!((again.sent, again.received, again.segments), (0, 0, 0));
    let log = server.borrow().logs.values().next().expect("a log").clone();
    assert_eq!((log.head.next_seq, log.bodies.len()), (700, 700));
    assert_eq!(device.open().status().expect("a status").pending, 0);
}

#[test]
fn two_devices_hear_of_each_other() {
    // V1, V6
    let server = Server::new(100);
    let (north, south) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    admit(&north, 0..10);
    north.sync();
    let report = south.sync();
    assert_eq!(report.received, 10);
    let ticket = server.borrow().ticket(3);
    let verdict = scan(&mut south.open(), &ticket);
    assert_eq!(verdict.reason, Reason::AlreadyUsed);
    assert_eq!(verdict.earlier.expect("told").gate, "Gate A");
    // Apart, both let the same one in: both are kept, and both are told.
    let ticket = server.borrow().ticket(50);
    assert!(scan(&mut north.open(), &ticket).durable);
    assert!(scan(&mut south.open(), &ticket).durable);
    south.sync();
    north.sync();
    south.sync();
    for device in [&north, &south] {
        let status = device.open().status().expect("a status");
        assert_eq!(status.entries + status.entries_of_others, 12);
        assert_eq!((status.pending, status.contradicted), (0, 0));
    }
}

#[test]
fn a_cut_at_any_call_costs_a_repetition_and_nothing_else() {
    // S86 S87
    let whole = {
        let server = Server::new(140_000);
        let device = Device::new(&server, 1);
        let mut wire = Wire::to(&server);
        device.enrol(&mut wire).expect("enrols");
        wire.calls
    };
    assert!(whole > 4, "several fetches: {whole}");
    for lose_answer in [false, true] {
        let server = Server::new(140_000);
        let device = Device::new(&server, 2);
        device
            .enrol(&mut Wire::cut_after(&server, 2, false))
            .expect("enrols");
        let mut fetched = 0;
        // One call a time, then the line is cut: each try gets one step further.
        for attempt in 0.. {
            assert!(attempt < 3 * whole, "no progress");
            match device.try_sync(&mut Wire::cut_after(&server, attempt.min(2), lose_answer)) {
                Ok(report) => {
                    fetched += report.segments;
                    break;
                }
                Err(error) => assert_eq!(error.kind(), Kind::Unreachable),
            }
        }
        assert!(fetched <= 128, "only the last batch was left: {fetched}");
        let status = device.open().status().expect("a status");
        assert_eq!(status.snapshot.expect("a snapshot").serials, 140_288);
        let ticket = server.borrow().ticket(139_999);
        assert_eq!(scan(&mut device.open(), &ticket).verdict, Outcome::Admit);
    }
}

#[test]
fn an_upload_whose_answer_was_lost_is_not_doubled() {
    let server = Server::new(1000);
    let device = Device::enrolled(&server, 1);
    admit(&device, 0..600);
    let error = device
        .try_sync(&mut Wire::cut_after(&server, 0, true))
        .expect_err("cut");
    assert_eq!(error.kind(), Kind::Unreachable);
    assert_eq!(device.open().status().expect("a status").pending, 600);
    let report = device.sync();
    assert_eq!((report.sent, report.pending), (600, 0));
    let server = server.borrow();
    assert_eq!(
        server.logs.values().next().expect("a log").bodies.len(),
        600
    );
}

#[test]
fn a_server_that_lost_entries_gets_them_again() {
    let server = Server::new(100);
    let device = Device::enrolled(&server, 1);
    admit(&device, 0..50);
    device.sync();
    server.borrow_mut().logs.clear();
    let report = device.sync();
    assert_eq!(report.pending, 0);
    assert_eq!(
        server
            .borrow()
            .logs
            .values()
            .next()
            .expect("a log")
            .bodies
            .len(),
        50
    );
}

#[test]
fn only_changed_segments_are_fetched() {
    // S89
    let server = Server::new(10_000);
    let device = Device::enrolled(&server, 1);
    assert!(server.borrow().stored(SegmentKind::Tickets) >= 10);
    server.borrow_mut().rows[5000].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    let report = device.sync();
    assert_eq!((report.segments, report.snapshot_version), (1, Some(2)));
    let ticket = server.borrow().ticket(5000);
    assert_eq!(scan(&mut device.open(), &ticket).reason, Reason::Cancelled);
}

#[test]
fn an_older_snapshot_is_refused_and_entries_still_go_up() {
    // corpus 83
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    server.borrow_mut().rows[3].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    device.sync();
    admit(&device, 5..6);
    // A database put back from a copy, or somebody on the line who replays.
    let newest = server.borrow_mut().snapshots.pop().expect("two");
    let oldest = server.borrow().snapshots[0].clone();
    server.borrow_mut().snapshots = vec![oldest; 3];
    let error = device.try_sync(&mut Wire::to(&server)).expect_err("older");
    assert_eq!(error.kind(), Kind::Untrusted);
    assert!(
        error.to_string().contains("version 1 is older than 2"),
        "{error}"
    );
    assert_eq!(device.open().status().expect("a status").pending, 0);
    let ticket = server.borrow().ticket(3);
    assert_eq!(scan(&mut device.open(), &ticket).reason, Reason::Cancelled);
    server.borrow_mut().snapshots[1] = newest;
    server.borrow_mut().snapshots.truncate(2);
    assert_eq!(device.sync().snapshot_version, Some(2));
}

#[test]
fn another_snapshot_of_the_same_version_is_an_alarm() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    server.borrow_mut().snapshots.clear();
    server.borrow_mut().rows[3].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    let forked = server.borrow().snapshots[0].clone();
    server.borrow_mut().snapshots.push(forked);
    let error = device.try_sync(&mut Wire::to(&server)).expect_err("forked");
    assert_eq!(error.kind(), Kind::Untrusted);
    assert!(error.to_string().contains("two statements"), "{error}");
}

#[test]
fn a_snapshot_by_another_key_or_of_another_event_is_refused() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let real = server.borrow().snapshot_key.clone();
    server.borrow_mut().snapshot_key = SigningKey::from_bytes(&[77; 32]);
    server.borrow_mut().publish();
    let error = device.try_sync(&mut Wire::to(&server)).expect_err("forged");
    assert!(error.to_string().contains("0 of the 1 keys"), "{error}");
    let event = server.borrow().event;
    {
        let mut server = server.borrow_mut();
        server.snapshots.pop();
        server.snapshot_key = real;
        server.event = shared::ids::EventId::new(NOW, [66; 10]);
        server.publish();
        server.event = event;
    }
    let error = device
        .try_sync(&mut Wire::to(&server))
        .expect_err("foreign");
    assert!(error.to_string().contains("another event"), "{error}");
    assert_eq!(
        device
            .open()
            .status()
            .expect("a status")
            .snapshot
            .expect("one")
            .version,
        1
    );
}

#[test]
fn a_new_root_replaces_the_snapshot_key_and_versions_start_over() {
    // token.md 4, corpus 83: who stole the snapshot key signs version 2^64-1, so that nothing can come
    // after it; then rotation.
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    server.borrow_mut().next_version = Some(u64::MAX);
    server.borrow_mut().publish();
    assert_eq!(device.sync().snapshot_version, Some(u64::MAX));
    let status = device.open().status().expect("a status");
    assert_eq!(status.snapshot.expect("in use").version, u64::MAX);
    server.borrow_mut().publish();
    assert_eq!(
        device.sync().snapshot_version,
        Some(u64::MAX),
        "none is newer"
    );
    let stolen = server.borrow().snapshot_key.clone();
    server.borrow_mut().rows[3].status = TicketRowStatus::Cancelled;
    server.borrow_mut().replace_snapshot_key();
    assert_eq!(device.sync().snapshot_version, Some(1));
    let ticket = server.borrow().ticket(3);
    assert_eq!(scan(&mut device.open(), &ticket).reason, Reason::Cancelled);
    // What the old key signs now is nothing.
    let real = std::mem::replace(&mut server.borrow_mut().snapshot_key, stolen);
    server.borrow_mut().publish();
    let error = device.try_sync(&mut Wire::to(&server)).expect_err("forged");
    assert!(error.to_string().contains("0 of the 1 keys"), "{error}");
    server.borrow_mut().snapshots.pop();
    server.borrow_mut().snapshot_key = real;
    server.borrow_mut().publish();
    assert_eq!(device.sync().snapshot_version, Some(2));
}

#[test]
fn a_forged_segment_is_refused_and_the_old_snapshot_stays_in_use() {
    // corpus 87
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    server.borrow_mut().holders.insert(1, "An".to_owned());
    server.borrow_mut().publish();
    let good = server.borrow().snapshots.clone();
    server.borrow_mut().spoil_a_segment();
    let error = device.try_sync(&mut Wire::to(&server)).expect_err("spoilt");
    assert_eq!(error.kind(), Kind::Untrusted);
    let status = device.open().status().expect("a status");
    assert_eq!(status.snapshot.expect("one").version, 1);
    server.borrow_mut().snapshots = good;
    server.borrow_mut().holders.insert(2, "Bao".to_owned());
    server.borrow_mut().rows[1].status = TicketRowStatus::Blocked;
    server.borrow_mut().publish();
    device.sync();
    let ticket = server.borrow().ticket(1);
    assert_eq!(scan(&mut device.open(), &ticket).reason, Reason::Blocked);
}

#[test]
fn an_evicted_device_admits_nobody_and_says_so() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    admit(&device, 0..3);
    device.sync();
    let ticket = server.borrow().ticket(5);
    let id = device.open().status().expect("a status").device.id;
    server.borrow_mut().evict(id);
    let error = device
        .try_sync(&mut Wire::to(&server))
        .expect_err("evicted");
    assert_eq!(error.refusal_code(), Some("device_evicted"));
    let mut scanner = device.open();
    let verdict = scan(&mut scanner, &ticket);
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Refuse, Reason::DeviceEvicted)
    );
    assert!(scanner.status().expect("a status").evicted);
}

/// A log of another device, signed by whatever key, about tickets that it says it saw.
fn log_of(server: &Shared, device: &Device, key: &SigningKey, seen: bool) -> (Genesis, LogSegment) {
    let server = server.borrow();
    let genesis = Genesis {
        event: server.event,
        device: device.open().status().expect("a status").device.id,
        device_key: key.verifying_key().to_bytes(),
        incarnation: [3; 16],
        app_version: "0".to_owned(),
    };
    let mut head = genesis.head();
    let mut bodies = Vec::new();
    let mut signature = Vec::new();
    for serial in 0..3 {
        let token = server.token(&server.payload(serial, 1));
        let proof = ScanProof::of_token(server.event, &token);
        let entry = Entry {
            seq: serial,
            hlc: Hlc::default().tick(NOW),
            kind: EntryKind::Admit,
            gate: 0,
            flags: DecisionFlags::default(),
            serial,
            generation: 1,
            proof: if seen { proof } else { ScanProof([5; 8]) },
            target: None,
        };
        let (signed, next) =
            SignedEntry::sign(key, genesis.log_id(), &head, &entry).expect("signs");
        head = next;
        bodies.push(signed.body);
        signature = signed.signature;
    }
    let segment = LogSegment::new(genesis.log_id(), bodies, signature).expect("a segment");
    (genesis, segment)
}

fn key_of(device: &Device) -> SigningKey {
    let hex = std::fs::read_to_string(device.path().join("device.key")).expect("a key");
    let seed = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
    SigningKey::from_bytes(&seed.try_into().expect("32 bytes"))
}

/// Puts a log into the fake without its checks, as a bad server would.
fn plant(server: &Shared, genesis: &Genesis, segment: &LogSegment) {
    let mut server = server.borrow_mut();
    server.plant(genesis.clone(), segment.clone());
}

#[test]
fn a_log_by_a_key_that_is_not_the_devices_is_left_out() {
    // corpus 91
    let server = Server::new(10);
    let (victim, other) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (genesis, segment) = log_of(&server, &other, &SigningKey::from_bytes(&[42; 32]), true);
    plant(&server, &genesis, &segment);
    let report = victim.sync();
    assert_eq!(report.received, 0);
    assert!(
        report
            .warnings
            .iter()
            .any(|why| why.contains("not the device's")),
        "{report:?}"
    );
    let ticket = server.borrow().ticket(1);
    assert!(scan(&mut victim.open(), &ticket).durable);
}

#[test]
fn a_changed_entry_breaks_the_chain_and_is_left_out() {
    let server = Server::new(10);
    let (victim, other) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (genesis, mut segment) = log_of(&server, &other, &key_of(&other), true);
    segment.bodies[0][20] ^= 1;
    plant(&server, &genesis, &segment);
    let report = victim.sync();
    assert_eq!(report.received, 0);
    assert!(
        report.warnings.iter().any(|why| why.contains("signature")),
        "{report:?}"
    );
}

#[test]
fn a_stolen_device_cannot_burn_tickets_that_it_never_saw() {
    // ADR 0004
    let server = Server::new(10);
    let (victim, thief) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (genesis, segment) = log_of(&server, &thief, &key_of(&thief), false);
    plant(&server, &genesis, &segment);
    assert_eq!(victim.sync().received, 3);
    let mut scanner = victim.open();
    assert_eq!(scanner.status().expect("a status").contradicted, 3);
    let ticket = server.borrow().ticket(1);
    assert!(scan(&mut scanner, &ticket).durable);
}

#[test]
fn an_entry_about_a_ticket_that_no_row_knows_counts_once_the_ticket_is_shown() {
    // ADR 0004
    let server = Server::new(10);
    for serial in 0..3 {
        server.borrow_mut().rows[serial] = shared::trust::TicketRow::EMPTY;
    }
    server.borrow_mut().publish();
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (genesis, segment) = log_of(&server, &there, &key_of(&there), true);
    plant(&server, &genesis, &segment);
    here.sync();
    let mut scanner = here.open();
    assert_eq!(scanner.status().expect("a status").unjudged, 3);
    let ticket = server.borrow().ticket(1);
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    assert_eq!(scanner.status().expect("a status").unjudged, 2);
}

#[test]
fn names_that_are_taken_off_the_gates_are_gone_from_the_files() {
    // V6: namesAtGate false
    let server = Server::new(3000);
    let name = |serial: u32| format!("Nguyễn Thị Minh Khai {serial:04}");
    let device = Device::enrolled(&server, 1);
    // A scanner is at work all the time: nothing is tidied up by a last one who closes the data.
    let mut scanner = device.open();
    let holders = (0..3000).map(|serial| (serial, name(serial))).collect();
    server.borrow_mut().holders = holders;
    server.borrow_mut().publish();
    device.sync();
    let found = || {
        let files = ["gatehouse.db", "gatehouse.db-wal"].map(|file| device.path().join(file));
        let bytes = files
            .map(|path| std::fs::read(path).unwrap_or_default())
            .concat();
        let needle = "Minh Khai".as_bytes();
        bytes
            .windows(needle.len())
            .filter(|part| *part == needle)
            .count()
    };
    assert!(found() > 2900, "{}", found());
    let ticket = server.borrow().ticket(5);
    assert!(scan(&mut scanner, &ticket).durable);
    server.borrow_mut().holders.clear();
    server.borrow_mut().publish();
    device.sync();
    assert_eq!(found(), 0);
    assert_eq!(scan(&mut scanner, &ticket).holder, None);
}

#[test]
fn what_the_server_lacks_of_others_is_passed_on_by_whoever_has_it() {
    // V1 V2
    let server = Server::new(10);
    let (one, other) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    admit(&one, 0..3);
    one.sync();
    assert_eq!(other.sync().received, 3);
    // Put back from a copy of before the night; the first device is never heard again.
    server.borrow_mut().logs.clear();
    let report = other.sync();
    assert_eq!(
        (report.sent, report.pending),
        (0, 0),
        "none of them its own"
    );
    let server = server.borrow();
    let kept: Vec<usize> = server.logs.values().map(|log| log.bodies.len()).collect();
    assert_eq!(kept, [3]);
}
