//! What a gate answers, and that it remembers.

use scanner_core::{Kind, Outcome, Reading, Reason, ScanOptions};
use shared::ticket::Flags;
use shared::trust::TicketRowStatus;

use crate::device::{Device, leave, scan};
use crate::server::Server;

#[test]
fn a_ticket_comes_in_once_whatever_happens_to_the_process() {
    // V1, S1, S20
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let ticket = server.borrow().ticket(4);
    let mut scanner = device.open();
    let first = scan(&mut scanner, &ticket);
    assert_eq!((first.verdict, first.reason), (Outcome::Admit, Reason::Ok));
    assert!(first.durable);
    assert_eq!((first.serial, first.generation), (Some(4), Some(1)));
    assert_eq!(first.class.as_deref(), Some("Standard"));
    assert_eq!(first.seat.as_deref(), Some("A-4"));
    let second = scan(&mut scanner, &ticket);
    assert_eq!(
        (second.verdict, second.reason),
        (Outcome::Refuse, Reason::AlreadyUsed)
    );
    assert!(!second.durable);
    assert_eq!(second.earlier.expect("told").gate, "Gate A");
    // Dropped without a word, as a kill leaves it.
    drop(scanner);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    assert_eq!(scanner.status().expect("a status").entries, 1);
}

#[test]
fn readers_prefixes_and_keyboard_layouts_do_not_matter() {
    // S3, corpus 11-17
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let row = ['à', '&', 'é', '"', '\'', '(', '-', 'è', '_', 'ç'];
    let tickets: Vec<String> = (0..3)
        .map(|serial| server.borrow().ticket(serial))
        .collect();
    let azerty: String = tickets[2]
        .bytes()
        .map(|digit| row[usize::from(digit - b'0')])
        .collect();
    for text in [
        format!("\\000026{}\r\n", tickets[0]),
        format!("]Q1{}", tickets[1]),
        azerty,
    ] {
        assert_eq!(scan(&mut scanner, &text).verdict, Outcome::Admit, "{text}");
    }
    // By another way it is the same ticket.
    assert_eq!(scan(&mut scanner, &tickets[2]).reason, Reason::AlreadyUsed);
}

#[test]
fn the_physical_keys_are_a_reading_too() {
    let server = Server::new(2);
    let device = Device::enrolled(&server, 1);
    let reading = Reading {
        text: "?".repeat(202),
        keys: Some(server.borrow().ticket(1)),
    };
    let verdict = device.open().scan(&reading, ScanOptions::default()).verdict;
    assert_eq!(verdict.verdict, Outcome::Admit);
}

#[test]
fn what_is_no_ticket_is_refused_and_leaves_no_trace() {
    // S4, S73, S75; corpus 1, 19, 20, 21, 45, 49
    let server = Server::new(10);
    let elsewhere = Server::new(1);
    elsewhere.borrow_mut().event = shared::ids::EventId::new(crate::server::NOW, [8; 10]);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(4);
    let mut forged = ticket.clone();
    forged.replace_range(180..181, if &ticket[180..181] == "1" { "2" } else { "1" });
    let foreign = elsewhere.borrow().ticket(0);
    for (text, reason) in [
        (String::new(), Reason::NotATicket),
        ("9780306406157".to_owned(), Reason::NotATicket),
        ("7".repeat(10_000_000), Reason::NotATicket),
        (format!("{ticket}{ticket}"), Reason::Misread),
        (ticket[..201].to_owned(), Reason::Misread),
        (forged, Reason::BadSignature),
        (foreign, Reason::UnknownEvent),
    ] {
        let verdict = scan(&mut scanner, &text);
        let shown = text.get(..20).unwrap_or(&text);
        assert_eq!(
            (verdict.verdict, verdict.reason),
            (Outcome::Refuse, reason),
            "{shown}"
        );
        assert!(!verdict.explanation.is_empty());
    }
    assert_eq!(scanner.status().expect("a status").entries, 0);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
}

#[test]
fn not_genuine_is_said_after_two_identical_readings() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let good = server.borrow().ticket(1);
    let with_digit_at = |at: usize| {
        let mut text = good.clone();
        let other = if &text[at..=at] == "1" { "2" } else { "1" };
        text.replace_range(at..=at, other);
        text
    };
    let (one, other) = (with_digit_at(180), with_digit_at(181));
    for text in [&one, &other, &one] {
        let verdict = scan(&mut scanner, text);
        assert!(
            verdict.explanation.contains("again"),
            "{}",
            verdict.explanation
        );
    }
    let verdict = scan(&mut scanner, &one);
    assert_eq!(verdict.reason, Reason::BadSignature);
    assert!(
        verdict.explanation.contains("not genuine"),
        "{}",
        verdict.explanation
    );
}

#[test]
fn the_snapshots_news_decide() {
    // S5, S9, S70
    let server = Server::new(10);
    for (serial, status) in [
        (1, TicketRowStatus::Cancelled),
        (2, TicketRowStatus::Blocked),
        (3, TicketRowStatus::Revoked),
        (4, TicketRowStatus::Unpaid),
    ] {
        server.borrow_mut().rows[serial].status = status;
    }
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for (serial, reason) in [
        (1, Reason::Cancelled),
        (2, Reason::Blocked),
        (3, Reason::Revoked),
        (4, Reason::Unpaid),
        (5, Reason::Ok),
    ] {
        let ticket = server.borrow().ticket(serial);
        assert_eq!(scan(&mut scanner, &ticket).reason, reason, "{serial}");
    }
}

#[test]
fn an_older_generation_dies_where_the_newer_was_seen() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let (older, newer) = {
        let server = server.borrow();
        let newer = server.token(&server.payload(6, 2)).to_digits();
        (server.ticket(6), newer)
    };
    assert_eq!(scan(&mut scanner, &newer).verdict, Outcome::Admit);
    assert_eq!(scan(&mut scanner, &older).reason, Reason::Reissued);
}

#[test]
fn out_and_in_again_where_the_ticket_allows_it() {
    // S24
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = {
        let server = server.borrow();
        let payload = shared::ticket::Payload {
            flags: Flags::SEAT.with(Flags::RE_ENTRY),
            ..server.payload(2, 1)
        };
        server.token(&payload).to_digits()
    };
    assert_eq!(leave(&mut scanner, &ticket).reason, Reason::NotInside);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
    let exit = leave(&mut scanner, &ticket);
    assert_eq!((exit.verdict, exit.durable), (Outcome::Admit, true));
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    assert_eq!(scanner.status().expect("a status").entries, 3);
}

#[test]
fn a_human_step_admits_only_when_it_was_done() {
    let server = Server::new(10);
    server.borrow_mut().rows[3].flags = shared::trust::TicketRow::ID_CHECK;
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(3);
    let asked = scan(&mut scanner, &ticket);
    assert_eq!(
        (asked.verdict, asked.reason),
        (Outcome::Attention, Reason::NeedsId)
    );
    assert!(!asked.durable);
    let done = ScanOptions {
        confirmed: true,
        ..ScanOptions::default()
    };
    let reading = Reading::from(ticket.as_str());
    let verdict = scanner.scan(&reading, done).verdict;
    assert_eq!((verdict.verdict, verdict.durable), (Outcome::Admit, true));
    assert_ne!(verdict.explanation, asked.explanation);
    // What a person cannot do is not overruled.
    let again = scanner.scan(&reading, done).verdict;
    assert_eq!(
        (again.verdict, again.reason),
        (Outcome::Refuse, Reason::AlreadyUsed)
    );
}

#[test]
fn the_gate_can_be_named_and_zones_hold() {
    // S32
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let backstage = scanner.gate_named("backstage").expect("known");
    let error = scanner.gate_named("Gate Z").expect_err("unknown");
    assert_eq!(error.kind(), Kind::Input);
    assert!(error.to_string().contains("Gate A, Backstage"), "{error}");
    let ticket = server.borrow().ticket(1);
    let there = ScanOptions {
        gate: Some(backstage),
        ..ScanOptions::default()
    };
    let verdict = scanner.scan(&Reading::from(ticket.as_str()), there).verdict;
    assert_eq!(verdict.reason, Reason::WrongGate);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
}

#[test]
fn a_group_shares_a_commit_and_still_admits_each_ticket_once() {
    let server = Server::new(600);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let mut readings: Vec<Reading> = (0..600)
        .map(|serial| Reading::from(server.borrow().ticket(serial)))
        .collect();
    readings.insert(1, readings[0].clone());
    readings.push(readings[300].clone());
    let scanned = scanner.scan_group(&readings, ScanOptions::default());
    let admitted = scanned.iter().filter(|of| of.verdict.durable).count();
    assert_eq!((scanned.len(), admitted), (602, 600));
    assert_eq!(scanned[1].verdict.reason, Reason::AlreadyUsed);
    assert_eq!(scanned[601].verdict.reason, Reason::AlreadyUsed);
    assert_eq!(device.open().status().expect("a status").entries, 600);
}

#[test]
fn the_window_is_the_tickets() {
    // S12, S68, S69
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let ticket = {
        let server = server.borrow();
        // Opens in a quarter of an hour; quarters count from two days before.
        let payload = shared::ticket::Payload {
            not_before: 193,
            ..server.payload(1, 1)
        };
        server.token(&payload).to_digits()
    };
    device.pass(899);
    let early = scan(&mut device.open(), &ticket);
    assert_eq!((early.reason, early.durable), (Reason::TooEarly, false));
    // It is 21:13 on the event's clock.
    assert_eq!(early.explanation, "Opens at 21:28.");
    device.pass(1);
    let open = scan(&mut device.open(), &ticket);
    assert_eq!(open.verdict, Outcome::Admit, "{open:?}");
    device.pass(25 * 3600);
    let late = scan(&mut device.open(), &ticket);
    assert!(late.also.contains(&Reason::TooLate), "{late:?}");
    // Old news: nobody is let in by it.
    assert_eq!(late.reason, Reason::SnapshotTooOld);
}

#[test]
fn one_scanner_at_a_time_appends() {
    // V6
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let ticket = server.borrow().ticket(1);
    let mut first = device.open();
    assert_eq!(scan(&mut first, &ticket).verdict, Outcome::Admit);
    let mut second = device.open();
    assert_eq!(second.begin().expect_err("taken").kind(), Kind::InUse);
    let other = server.borrow().ticket(2);
    let scanned = second.scan(&Reading::from(other.as_str()), ScanOptions::default());
    assert_eq!(scanned.verdict.verdict, Outcome::Refuse);
    assert!(!scanned.verdict.durable);
    assert_eq!(scanned.error.expect("told").kind(), Kind::InUse);
    // It sees what the first wrote, and may go on when the first is gone.
    assert_eq!(second.status().expect("a status").entries, 1);
    drop(first);
    assert_eq!(scan(&mut second, &other).verdict, Outcome::Admit);
    assert_eq!(scan(&mut second, &ticket).reason, Reason::AlreadyUsed);
}

#[test]
fn a_scanner_notices_what_another_connection_synced() {
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(7);
    server.borrow_mut().rows[7].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    assert_eq!(device.sync().snapshot_version, Some(2));
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::Cancelled);
}

#[test]
fn long_days_keep_the_write_ahead_log_short() {
    let server = Server::new(3000);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let tickets: Vec<String> = (0..3000)
        .map(|serial| server.borrow().ticket(serial))
        .collect();
    for ticket in &tickets {
        assert!(scan(&mut scanner, ticket).durable);
        scanner.idle().expect("idle");
    }
    let wal = std::fs::metadata(device.path().join("gatehouse.db-wal")).expect("a log");
    assert!(wal.len() < 16 * 1024 * 1024, "{}", wal.len());
    drop(scanner);
    let mut scanner = device.open();
    assert_eq!(scanner.status().expect("a status").entries, 3000);
}
