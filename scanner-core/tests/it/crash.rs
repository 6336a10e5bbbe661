//! Cuts, damage and copies: what was recorded is still there, or the device says that it is not.

use std::io::{Seek as _, SeekFrom, Write as _};

use scanner_core::{Kind, Outcome, Reason, Scanner};

use crate::device::{Device, scan};
use crate::server::Server;

const DATABASE: &str = "gatehouse.db";
pub(crate) const RING: &str = "append.ring";

pub(crate) fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copies");
    }
}

fn refusal(device: &Device) -> scanner_core::Error {
    match Scanner::open(device.path(), device.edge.clone()) {
        Err(error) => error,
        Ok(_) => panic!("opened what is damaged"),
    }
}

#[test]
fn killed_after_the_commit_and_before_the_answer_the_ticket_is_used() {
    // V1: the state on disk at the moment of the answer is what a kill leaves.
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let ticket = server.borrow().ticket(1);
    let mut scanner = device.open();
    let verdict = scan(&mut scanner, &ticket);
    assert!(verdict.durable);
    let killed = Device::new(&server, 2);
    copy_dir(device.path(), killed.path());
    let mut after = killed.open();
    assert_eq!(after.status().expect("a status").entries, 1);
    assert_eq!(scan(&mut after, &ticket).reason, Reason::AlreadyUsed);
}

#[test]
fn a_copy_begins_a_log_of_its_own_and_uses_no_number_twice() {
    // V6, gossip 5: restored from backup, cloned
    let server = Server::new(20);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for serial in 0..3 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
    }
    let copy = Device::new(&server, 2);
    copy_dir(device.path(), copy.path());
    // Both go on.
    for serial in 3..5 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
    }
    for serial in 10..14 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut copy.open(), &ticket).durable);
    }
    drop(scanner);
    assert_eq!(device.sync().refused, Vec::<String>::new());
    assert_eq!(copy.sync().refused, Vec::<String>::new());
    let server = server.borrow();
    let mut counts: Vec<u32> = server.logs.values().map(|log| log.head.next_seq).collect();
    counts.sort_unstable();
    assert_eq!(counts, [4, 5]);
}

/// A device with two entries whose database is put back to the time of the first. The files
/// beside it stay.
pub(crate) fn with_an_older_database(server: &crate::server::Shared) -> Device {
    let device = Device::enrolled(server, 1);
    let before = Device::new(server, 2);
    let first = server.borrow().ticket(0);
    scan(&mut device.open(), &first);
    copy_dir(device.path(), before.path());
    let second = server.borrow().ticket(1);
    scan(&mut device.open(), &second);
    put_back(&before, &device);
    device
}

/// The database of `before` in place of the device's.
pub(crate) fn put_back(before: &Device, device: &Device) {
    for file in [DATABASE, "gatehouse.db-wal", "gatehouse.db-shm"] {
        let (from, to) = (before.path().join(file), device.path().join(file));
        if from.exists() {
            std::fs::copy(from, to).expect("copies");
        } else if to.exists() {
            std::fs::remove_file(to).expect("removes");
        }
    }
}

#[test]
fn an_older_database_is_made_whole_from_the_ring() {
    // gossip 5: restored from backup
    let server = Server::new(20);
    let device = with_an_older_database(&server);
    let mut scanner = device.open();
    for (serial, reason) in [
        (0, Reason::AlreadyUsed),
        (1, Reason::AlreadyUsed),
        (2, Reason::Ok),
    ] {
        let ticket = server.borrow().ticket(serial);
        assert_eq!(scan(&mut scanner, &ticket).reason, reason);
    }
    assert_eq!(scanner.status().expect("a status").entries, 3);
}

#[test]
fn an_older_database_in_place_is_not_gone_on_with() {
    // gossip 5: log edited or cut on disk
    let server = Server::new(20);
    let device = with_an_older_database(&server);
    std::fs::remove_file(device.path().join(RING)).expect("removes");
    let mut scanner = device.open();
    let third = server.borrow().ticket(2);
    let scanned = scanner.scan(&third.as_str().into(), scanner_core::ScanOptions::default());
    assert_eq!(scanned.verdict.verdict, Outcome::Refuse);
    let error = scanned.error.expect("told");
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(
        error.to_string().contains("2 entries were written"),
        "{error}"
    );
}

#[test]
fn statements_put_back_from_a_copy_are_noticed_until_a_sync() {
    // V6: rollback of the store
    let server = Server::new(20);
    let device = Device::enrolled(&server, 1);
    let before = Device::new(&server, 2);
    copy_dir(device.path(), before.path());
    server.borrow_mut().rows[4].status = shared::trust::TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    device.sync();
    std::fs::copy(device.path().join("seen"), before.path().join("seen")).expect("copies");
    let ticket = server.borrow().ticket(4);
    let verdict = scan(&mut before.open(), &ticket);
    assert_eq!(verdict.reason, Reason::SnapshotTooOld);
    before.sync();
    assert_eq!(scan(&mut before.open(), &ticket).reason, Reason::Cancelled);
}

#[test]
fn a_damaged_database_is_told_and_never_replaced() {
    let server = Server::new(2000);
    let device = Device::enrolled(&server, 1);
    {
        let mut scanner = device.open();
        for serial in 0..1100 {
            let ticket = server.borrow().ticket(serial);
            assert!(scan(&mut scanner, &ticket).durable);
        }
        scanner.idle().expect("moved into the database");
    }
    let path = device.path().join(DATABASE);
    let whole = std::fs::read(&path).expect("a database");
    assert!(whole.len() > 40 * 4096);
    let mut spoilt = 0;
    for page in (1..whole.len() / 4096).step_by(7) {
        let mut file = std::fs::File::options()
            .write(true)
            .open(&path)
            .expect("opens");
        file.seek(SeekFrom::Start(page as u64 * 4096))
            .expect("seeks");
        file.write_all(&[0x5A; 4096]).expect("writes");
        drop(file);
        // A page that nothing uses may be anything.
        if let Err(error) = Scanner::open(device.path(), device.edge.clone()) {
            assert_eq!(error.kind(), Kind::Unreadable, "{error}");
            assert!(error.to_string().contains("unreadable"), "{error}");
            spoilt += 1;
        }
        let kept = std::fs::metadata(&path).expect("still there").len();
        assert!(kept >= whole.len() as u64);
        std::fs::write(&path, &whole).expect("mended");
    }
    assert!(spoilt > 3, "{spoilt}");
    assert_eq!(device.open().status().expect("a status").entries, 1100);
}

#[test]
fn one_changed_bit_in_the_log_is_found() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    {
        let mut scanner = device.open();
        for serial in 0..3 {
            let ticket = server.borrow().ticket(serial);
            scan(&mut scanner, &ticket);
        }
    }
    let conn = rusqlite::Connection::open(device.path().join(DATABASE)).expect("opens");
    // Page checks pass: only the chain can tell.
    let changed = conn
        .execute(
            "UPDATE entries SET body = CAST(substr(body, 1, 20) || x'09' || substr(body, 22) AS BLOB)
             WHERE id = (SELECT min(id) FROM entries)",
            [],
        )
        .expect("changes");
    assert_eq!(changed, 1);
    drop(conn);
    let error = refusal(&device);
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(error.to_string().contains("chain is broken"), "{error}");
}

#[test]
fn a_missing_entry_or_a_missing_database_is_found() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    {
        let mut scanner = device.open();
        for serial in 0..3 {
            let ticket = server.borrow().ticket(serial);
            scan(&mut scanner, &ticket);
        }
    }
    let conn = rusqlite::Connection::open(device.path().join(DATABASE)).expect("opens");
    let sql = "DELETE FROM entries WHERE id = (SELECT min(id) + 1 FROM entries)";
    assert_eq!(conn.execute(sql, []).expect("deletes"), 1);
    drop(conn);
    assert_eq!(refusal(&device).kind(), Kind::Unreadable);
    for file in [DATABASE, "gatehouse.db-wal", "gatehouse.db-shm"] {
        let path = device.path().join(file);
        if path.exists() {
            std::fs::remove_file(path).expect("removes");
        }
    }
    let error = refusal(&device);
    assert!(error.to_string().contains("missing"), "{error}");
    // An emptied one is as bad.
    std::fs::write(device.path().join(DATABASE), b"").expect("writes");
    assert_eq!(refusal(&device).kind(), Kind::Unreadable);
}

#[test]
fn a_torn_last_write_loses_nothing_that_was_answered() {
    // A cut in the middle of a commit leaves half a frame at the end of the write-ahead log.
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for serial in 0..3 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
    }
    let torn = Device::new(&server, 2);
    copy_dir(device.path(), torn.path());
    let wal = torn.path().join("gatehouse.db-wal");
    let mut file = std::fs::File::options()
        .append(true)
        .open(wal)
        .expect("opens");
    file.write_all(&[0xA5; 3000]).expect("writes");
    drop(file);
    std::fs::remove_file(torn.path().join("gatehouse.db-shm")).expect("removes");
    let mut after = torn.open();
    assert_eq!(after.status().expect("a status").entries, 3);
    let ticket = server.borrow().ticket(3);
    assert!(scan(&mut after, &ticket).durable);
}

#[test]
fn a_torn_slot_is_not_an_entry_and_its_number_is_used() {
    // A power cut in the middle of a write that nobody was told of.
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for serial in 0..4 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
    }
    let torn = Device::new(&server, 2);
    copy_dir(device.path(), torn.path());
    spoil_slot(&torn, 3, 60);
    let mut after = torn.open();
    assert_eq!(after.status().expect("a status").entries, 3);
    let ticket = server.borrow().ticket(3);
    assert!(scan(&mut after, &ticket).durable);
    assert_eq!(after.status().expect("a status").entries, 4);
}

#[test]
fn a_spoilt_slot_before_sound_ones_is_told() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for serial in 0..5 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
    }
    let spoilt = Device::new(&server, 2);
    copy_dir(device.path(), spoilt.path());
    spoil_slot(&spoilt, 2, 60);
    let error = spoilt.open().begin().expect_err("told");
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(
        error.to_string().contains("5 entries were written"),
        "{error}"
    );
}

#[test]
fn a_ring_that_lost_its_end_is_noticed() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for serial in 0..5 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
        scanner.idle().expect("idle");
    }
    let cut = Device::new(&server, 2);
    copy_dir(device.path(), cut.path());
    spoil_slot(&cut, 3, 0);
    spoil_slot(&cut, 4, 0);
    let error = cut.open().begin().expect_err("told");
    assert_eq!(error.kind(), Kind::Unreadable);
    assert!(
        error.to_string().contains("5 entries were written"),
        "{error}"
    );
}

#[test]
fn a_full_disk_stops_the_database_and_not_the_gate() {
    // gossip 5: disk full. Another connection's trigger stands for the disk.
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let (first, second) = (server.borrow().ticket(1), server.borrow().ticket(2));
    assert!(scan(&mut scanner, &first).durable);
    let conn = rusqlite::Connection::open(device.path().join(DATABASE)).expect("opens");
    conn.execute_batch(
        "CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END;",
    )
    .expect("a trigger");
    assert!(scan(&mut scanner, &second).durable);
    // It ends, and the database still does not take them: they wait in the ring.
    drop(scanner);
    let count = |conn: &rusqlite::Connection| -> i64 {
        conn.query_row("SELECT count(*) FROM entries", [], |row| row.get(0))
            .expect("counts")
    };
    assert_eq!(count(&conn), 0);
    assert_eq!(device.open().status().expect("a status").entries, 2);
    conn.execute_batch("DROP TRIGGER full").expect("dropped");
    device.open().begin().expect("goes on");
    assert_eq!(count(&conn), 2);
    assert_eq!(scan(&mut device.open(), &first).reason, Reason::AlreadyUsed);
}

#[cfg(target_os = "linux")]
#[test]
fn a_ring_that_cannot_be_written_admits_nobody() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let ring = device.path().join(RING);
    std::os::unix::fs::symlink("/dev/full", &ring).expect("a link");
    let ticket = server.borrow().ticket(1);
    let mut scanner = device.open();
    let scanned = scanner.scan(
        &ticket.as_str().into(),
        scanner_core::ScanOptions::default(),
    );
    assert_eq!(scanned.verdict.verdict, Outcome::Refuse);
    assert!(!scanned.verdict.durable);
    assert!(
        scanned.verdict.explanation.contains("could not record"),
        "{:?}",
        scanned.verdict
    );
    assert_eq!(scanned.error.expect("told").kind(), Kind::Unreadable);
    // Mended, the ticket is as it was: unused.
    std::fs::remove_file(&ring).expect("removes");
    assert!(scan(&mut scanner, &ticket).durable);
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    assert_eq!(device.open().status().expect("a status").entries, 1);
}

#[test]
fn what_is_in_the_ring_only_is_seen_by_others_and_uploaded() {
    // V5, gossip 1: the scanner goes on while a sync and a status look at the same data
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut onlooker = device.open();
    let mut scanner = device.open();
    for serial in 0..3 {
        let ticket = server.borrow().ticket(serial);
        assert!(scan(&mut scanner, &ticket).durable);
        let seen = onlooker.status().expect("a status").entries;
        assert_eq!(seen, u64::from(serial) + 1);
    }
    assert_eq!(device.sync().sent, 3);
    let ticket = server.borrow().ticket(3);
    assert!(scan(&mut scanner, &ticket).durable);
    assert_eq!(device.sync().sent, 1);
    assert_eq!(onlooker.status().expect("a status").pending, 0);
}

#[test]
fn more_entries_than_the_ring_has_slots() {
    // Nobody ever calls idle: the scanner makes room by itself, and nothing is lost around the end.
    let server = Server::new(9000);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let serials: Vec<u32> = (0..8500).collect();
    for group in serials.chunks(250) {
        let readings: Vec<scanner_core::Reading> = {
            let server = server.borrow();
            let tickets = group.iter().map(|serial| server.ticket(*serial));
            tickets.map(scanner_core::Reading::from).collect()
        };
        let scanned = scanner.scan_group(&readings, scanner_core::ScanOptions::default());
        assert!(scanned.iter().all(|of| of.verdict.durable));
    }
    let killed = Device::new(&server, 2);
    copy_dir(device.path(), killed.path());
    let mut after = killed.open();
    after.begin().expect("goes on");
    assert_eq!(after.status().expect("a status").entries, 8500);
    assert_eq!(device.sync().pending, 0);
}

/// Writes nonsense over the second half of a slot, from `from` on, or over all of it.
pub(crate) fn spoil_slot(device: &Device, slot: u64, from: u64) {
    let path = device.path().join(RING);
    let mut file = std::fs::File::options()
        .write(true)
        .open(path)
        .expect("opens");
    file.seek(SeekFrom::Start(slot * 128 + from))
        .expect("seeks");
    let len = usize::try_from(128 - from).expect("small");
    file.write_all(&vec![0; len]).expect("writes");
}
