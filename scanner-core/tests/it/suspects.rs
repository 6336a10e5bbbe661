//! What a device that was cut off admitted: it counts nowhere, and blocks its tickets everywhere.

use scanner_core::{Outcome, Pin, Reason, ScanOptions, Subject};
use shared::log::{Entry, LogHead};

use crate::device::{Device, scan};
use crate::server::{Server, Shared};

const PIN: &str = "20305070";

/// A thief's device with two admissions, of which the cut knows one; and another gate.
fn stage() -> (Shared, Device) {
    let server = Server::new(20);
    {
        let mut server = server.borrow_mut();
        // Lists with codes carry what a search and a word need.
        server.code(6);
        server.supervise(PIN);
        server.publish();
    }
    let stolen = Device::enrolled(&server, 1);
    let gate = Device::enrolled(&server, 2);
    let mut scanner = stolen.open();
    for serial in [3, 4] {
        let ticket = server.borrow().ticket(serial);
        assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
    }
    // Without a ticket in hand: such a word could name any.
    let forced = scanner.force(&Subject::Serial(5), &Pin::new(PIN), ScanOptions::default());
    assert_eq!(forced.expect("done").verdict.verdict, Outcome::Admit);
    drop(scanner);
    stolen.sync();
    cut_after(&server, 1);
    gate.sync();
    gate.pass(1);
    (server, gate)
}

/// The head of the only log after so many entries.
fn head(server: &Server, entries: usize) -> LogHead {
    let (log, of) = server.logs.iter().next().expect("one log");
    let bodies = of.bodies[..entries].iter();
    bodies.fold(of.genesis.head(), |head, body| {
        let entry = Entry::decode(body).expect("an entry");
        head.append(*log, &entry).expect("a head")
    })
}

fn cut_after(server: &Shared, entries: usize) {
    let mut server = server.borrow_mut();
    let head = head(&server, entries);
    let (log, of) = server.logs.iter().next().expect("one log");
    let (cut, device) = ((log.0, head.next_seq, head.hash), of.genesis.device);
    let mut devices = server.roster.devices.iter_mut();
    let listed = devices.find(|of| of.device == device).expect("listed");
    listed.cut = Some(vec![cut]);
    server.sign_roster();
}

#[test]
fn after_a_cut_admissions_block_their_tickets_and_words_do_not() {
    // V6, gossip.md 5
    let (server, gate) = stage();
    let mut scanner = gate.open();
    let ticket = |serial| server.borrow().ticket(serial);
    let counted = scan(&mut scanner, &ticket(3));
    assert_eq!(counted.reason, Reason::AlreadyUsed);
    let suspected = scan(&mut scanner, &ticket(4));
    assert_eq!(
        (suspected.verdict, suspected.reason),
        (Outcome::Refuse, Reason::Blocked)
    );
    assert!(
        suspected.explanation.contains("may have been used"),
        "{suspected:?}"
    );
    assert!(suspected.earlier.is_none(), "{suspected:?}");
    assert_eq!(scan(&mut scanner, &ticket(5)).verdict, Outcome::Admit);
    // The gate that starts anew knows the same.
    drop(scanner);
    assert_eq!(scan(&mut gate.open(), &ticket(4)).reason, Reason::Blocked);
}

#[test]
fn a_supervisor_lets_in_on_a_suspected_ticket_and_both_are_shown() {
    // V2 V11
    let (server, gate) = stage();
    let mut scanner = gate.open();
    let ticket = server.borrow().ticket(4);
    let subject = Subject::Code(ticket.as_str().into());
    let done = scanner
        .force(&subject, &Pin::new(PIN), ScanOptions::default())
        .expect("done");
    assert_eq!(done.verdict.verdict, Outcome::Admit);
    assert_eq!(done.verdict.also, [Reason::Blocked]);
    let status = scanner.status().expect("a status");
    let conflict = status.conflicts.first().expect("a conflict");
    assert_eq!((conflict.serial, conflict.mine), (4, true));
    let quarantined: Vec<bool> = conflict
        .admissions
        .iter()
        .map(|of| of.quarantined)
        .collect();
    assert_eq!(quarantined, [true, false]);
    // Used now, by a word that counts.
    assert_eq!(
        scan(&mut scanner, &ticket).reason,
        Reason::AlreadyUsed,
        "the suspicion was answered"
    );
}

#[test]
fn what_was_taken_up_after_a_cut_counts_and_blocks_no_more() {
    // V6, gossip.md 5
    let (server, gate) = stage();
    let mut scanner = gate.open();
    let ticket = server.borrow().ticket(4);
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::Blocked);
    let adopt = |wrong: u8| {
        let mut server = server.borrow_mut();
        let head = head(&server, 2);
        let log = server.logs.keys().next().expect("one log").0;
        let mut hash = head.hash;
        hash[0] ^= wrong;
        let mut devices = server.roster.devices.iter_mut();
        let evicted = devices.find(|of| of.is_evicted()).expect("evicted");
        evicted.adopted = vec![(log, head.next_seq, hash)];
        server.sign_roster();
    };
    adopt(1);
    gate.sync();
    assert_eq!(
        scan(&mut scanner, &ticket).reason,
        Reason::Blocked,
        "another history"
    );
    adopt(0);
    gate.sync();
    let counted = scan(&mut scanner, &ticket);
    assert_eq!(counted.reason, Reason::AlreadyUsed);
    assert_eq!(counted.also, []);
    let mut lines = Vec::new();
    scanner.export(&mut lines).expect("exports");
    let lines = String::from_utf8(lines).expect("text");
    let counts = lines.matches("\"counts\":true").count();
    assert_eq!(counts, 2, "{lines}");
}
