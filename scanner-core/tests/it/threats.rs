//! Rows of the threat table (`docs/security.md`) that a device alone has to stand up to, each test
//! named after its row.

use std::fmt::Write as _;

use scanner_core::{Kind, Outcome, Pin, Reason, ScanOptions, Scanner, Subject};
use shared::log::{Entry, EventState, UseLabel};
use shared::ticket::digits;
use shared::trust::TicketRowStatus;

use crate::device::{Device, scan};
use crate::exchange::refused;
use crate::server::{NOW, Server, Shared};
use crate::wire::Wire;

/// The fold over all that the server was told.
fn folded(server: &Shared) -> EventState {
    let server = server.borrow();
    let mut state = EventState::default();
    for (id, log) in &server.logs {
        for body in &log.bodies {
            let entry = Entry::decode(body).expect("an entry");
            state.apply(*id, log.genesis.device, &entry);
        }
    }
    state
}

#[test]
fn screenshot_second_gate_refused() {
    // V2: one ticket at two gates that cannot hear each other, then can.
    let server = Server::new(10);
    let (first, second) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (mut a, mut b) = (first.open(), second.open());
    let ticket = server.borrow().ticket(3);
    assert_eq!(scan(&mut a, &ticket).verdict, Outcome::Admit);
    second.pass(60);
    // Cut off, the second gate cannot know: the entry is let in and found afterwards.
    assert_eq!(scan(&mut b, &ticket).verdict, Outcome::Admit);
    first.sync();
    second.sync();
    first.sync();
    for scanner in [&mut a, &mut b] {
        let verdict = scan(scanner, &ticket);
        assert_eq!(verdict.reason, Reason::AlreadyUsed, "{verdict:?}");
    }
    let state = folded(&server);
    let labels: Vec<UseLabel> = state
        .ticket(3)
        .expect("used")
        .labelled()
        .into_iter()
        .map(|(_, label)| label)
        .collect();
    assert_eq!(labels, [UseLabel::Primary, UseLabel::Duplicate]);
    // One entry and one conflict, told alike at both gates, with the time of each.
    for scanner in [&mut a, &mut b] {
        let status = scanner.status().expect("a status");
        assert_eq!((status.entries, status.conflicts_in_all), (1, 1));
        let conflict = &status.conflicts[0];
        assert_eq!((conflict.serial, conflict.mine), (3, true));
        let told = conflict.admissions.iter();
        let told: Vec<_> = told.map(|of| (of.at, of.duplicate)).collect();
        assert_eq!(told, [(NOW, false), (NOW.plus_secs(60), true)]);
    }
    // Healed, another screenshot is refused at the gate that never saw the ticket.
    let other = server.borrow().ticket(4);
    assert_eq!(scan(&mut a, &other).verdict, Outcome::Admit);
    first.sync();
    second.sync();
    assert_eq!(scan(&mut b, &other).reason, Reason::AlreadyUsed);
}

#[test]
fn scalper_with_copies_gets_one_entry_a_partition_and_all_are_listed() {
    // V2: ten copies at ten gates, in three islands that talk among themselves only.
    let server = Server::new(10);
    let islands = [Server::new(10), Server::new(10), Server::new(10)];
    let ticket = server.borrow().ticket(7);
    let gates: Vec<(usize, Device)> = (0_u64..10)
        .map(|gate| {
            let device = Device::enrolled(&server, gate + 1);
            (usize::try_from(gate % 3).expect("small"), device)
        })
        .collect();
    for (_, device) in &gates {
        device.sync();
    }
    // An island's hub knows the event's devices, and only what its own gates tell it.
    for island in &islands {
        let roster = server.borrow().roster.clone();
        island.borrow_mut().roster = roster;
    }
    let mut entries = Vec::new();
    for (turn, (island, device)) in (0..).zip(&gates) {
        device.pass(20 * turn);
        let hub = &islands[*island];
        // What the island knows reaches the gate before the copy does, and its answer goes back.
        device.try_sync(&mut Wire::to(hub)).expect("syncs");
        let mut scanner = device.open();
        if scan(&mut scanner, &ticket).verdict == Outcome::Admit {
            let id = scanner.status().expect("a status").device.id;
            entries.push((id, NOW.plus_secs(20 * turn)));
        }
        drop(scanner);
        device.try_sync(&mut Wire::to(hub)).expect("syncs");
    }
    assert_eq!(entries.len(), islands.len(), "one a partition, never more");
    for _ in 0..2 {
        for (_, device) in &gates {
            device.sync();
        }
    }
    let state = folded(&server);
    let uses = state.ticket(7).expect("used").labelled();
    let listed: Vec<_> = uses
        .iter()
        .map(|(use_, label)| (use_.device, use_.hlc.at(), *label == UseLabel::Duplicate))
        .collect();
    let expected = entries
        .iter()
        .zip(0..)
        .map(|((id, at), n)| (*id, *at, n > 0));
    let expected: Vec<_> = expected.collect();
    assert_eq!(
        listed, expected,
        "the first is the one, all with device and time"
    );
    for (_, device) in &gates {
        let mut scanner = device.open();
        assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
        // Each of the ten gates lists all of them, also where the copy was refused.
        let status = scanner.status().expect("a status");
        assert_eq!(status.conflicts_in_all, 1);
        let told = status.conflicts[0].admissions.iter();
        let told: Vec<_> = told.map(|of| (of.device_id, of.at, of.duplicate)).collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn text_variant_of_a_used_or_revoked_ticket_is_the_same_ticket() {
    // T2 S3; corpus 11-18, 24: pretix let in what its list of used texts did not have.
    let server = Server::new(10);
    server.borrow_mut().rows[5].status = TicketRowStatus::Revoked;
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let (used, revoked) = (server.borrow().ticket(4), server.borrow().ticket(5));
    assert_eq!(scan(&mut scanner, &used).verdict, Outcome::Admit);
    for (ticket, reason) in [(&used, Reason::AlreadyUsed), (&revoked, Reason::Revoked)] {
        for variant in undone_variants(ticket) {
            assert_eq!(scan(&mut scanner, &variant).reason, reason, "{variant}");
        }
        // What no scanner adds is no spelling of it either.
        for alias in aliases(ticket) {
            let verdict = scan(&mut scanner, &alias);
            assert_eq!(verdict.verdict, Outcome::Refuse, "{alias}");
            assert_eq!(verdict.serial, None, "{alias}");
        }
    }
    assert_eq!(scanner.status().expect("a status").entries, 1);
}

/// Spellings that the input layer takes for the ticket.
fn undone_variants(ticket: &str) -> Vec<String> {
    let row = ['à', '&', 'é', '"', '\'', '(', '-', 'è', '_', 'ç'];
    let typed = |digit: u8| row[usize::from(digit - b'0')];
    let arabic = |digit: u8| char::from_u32(0x660 + u32::from(digit - b'0')).expect("a digit");
    vec![
        format!("{ticket}\r\n"),
        format!("]Q1{ticket}"),
        format!("\\000026{ticket}"),
        format!("\u{feff}{ticket}"),
        ticket.bytes().map(typed).collect(),
        ticket.bytes().map(arabic).collect(),
    ]
}

/// Texts that decode to the ticket's bytes where a decoder is lax: a zero more, a group that wraps
/// around, a byte that says nothing.
fn aliases(ticket: &str) -> Vec<String> {
    let mut longer = digits::decode(ticket).expect("a ticket");
    longer.push(0);
    let mut all = vec![
        format!("0{ticket}"),
        format!("{ticket}0"),
        digits::encode(&longer),
    ];
    let texts = all.len();
    // Eleven groups of 7 bytes in 17 digits, and 6 bytes in 15: a text may have room for as much as
    // the bytes can hold once more.
    for at in (0..ticket.len()).step_by(17) {
        let group = &ticket[at..ticket.len().min(at + 17)];
        let bits = if group.len() == 17 { 56 } else { 48 };
        let wrapped = group.parse::<u64>().expect("digits") + (1 << bits);
        if wrapped < 10_u64.pow(u32::try_from(group.len()).expect("short")) {
            let (before, after) = (&ticket[..at], &ticket[at + group.len()..]);
            all.push(format!(
                "{before}{wrapped:0width$}{after}",
                width = group.len()
            ));
        }
    }
    assert!(all.len() > texts, "no group of it wraps: {ticket}");
    all
}

#[test]
fn rollback_or_freeze_of_the_snapshot_shows_and_revives_nobody() {
    // V5; corpus 83, 84: an older list, another one of the same version, none for hours, and the
    // database put back from a copy.
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let copy = tempfile::TempDir::new().expect("a folder");
    copy_files(device.path(), copy.path());
    server.borrow_mut().rows[3].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    device.sync();
    let cancelled = server.borrow().ticket(3);
    let refused = |scanner: &mut Scanner| {
        let verdict = scan(scanner, &cancelled);
        assert_eq!(verdict.verdict, Outcome::Refuse);
        verdict.reason
    };
    assert_eq!(refused(&mut device.open()), Reason::Cancelled);

    let honest = server.borrow().snapshots.clone();
    let older = vec![honest[0].clone(); 3];
    server.borrow_mut().snapshots = older;
    let refused_sync = |words: &str| {
        let error = device.try_sync(&mut Wire::to(&server)).expect_err(words);
        assert_eq!(error.kind(), Kind::Untrusted, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    refused_sync("version 1 is older than 2");
    server.borrow_mut().snapshots = vec![honest[0].clone()];
    server.borrow_mut().rows[3].status = TicketRowStatus::Active;
    server.borrow_mut().publish();
    let forked = server.borrow().snapshots[1].clone();
    server.borrow_mut().snapshots.push(forked);
    refused_sync("two statements");
    assert_eq!(refused(&mut device.open()), Reason::Cancelled);

    // The database of yesterday, with the file beside it that remembers better.
    let yesterday = copy.path().join("gatehouse.db");
    for stale in ["gatehouse.db-wal", "gatehouse.db-shm"] {
        let _gone = std::fs::remove_file(device.path().join(stale));
    }
    std::fs::copy(yesterday, device.path().join("gatehouse.db")).expect("put back");
    assert_eq!(refused(&mut device.open()), Reason::SnapshotTooOld);
    server.borrow_mut().snapshots = honest;
    device.sync();
    assert_eq!(refused(&mut device.open()), Reason::Cancelled);

    // Frozen: nothing new comes for longer than the policy trusts.
    device.pass(13 * 3600);
    let other = server.borrow().ticket(6);
    let verdict = scan(&mut device.open(), &other);
    assert_eq!(verdict.reason, Reason::SnapshotTooOld, "{verdict:?}");
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    for file in std::fs::read_dir(from).expect("a folder") {
        let file = file.expect("an entry");
        if file.file_type().expect("a type").is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).expect("copied");
        }
    }
}

const PIN: &str = "482913";

/// A device that syncs while somebody in between answers that it was removed, and that answer.
fn told_to_be_out(server: &Shared, authentic: bool) -> Device {
    let device = Device::enrolled(server, 1);
    let mut wire = Wire {
        in_between: Some(refused(403, "device_evicted")),
        authentic,
        ..Wire::to(server)
    };
    let error = device.try_sync(&mut wire).expect_err("refused");
    assert_eq!(error.refusal_code(), Some("device_evicted"));
    device
}

#[test]
fn mitm_on_venue_wifi_closes_no_gate_by_a_word() {
    // V6: an answer that anybody on the air can give, over plain HTTP
    let server = Server::new(10);
    server.borrow_mut().supervise(PIN);
    server.borrow_mut().publish();
    let device = told_to_be_out(&server, false);
    let mut scanner = device.open();
    let status = scanner.status().expect("a status");
    assert!(!status.evicted);
    let told = status.notices.first().expect("staff are told");
    assert_eq!(told.kind, "evicted");
    assert!(told.text.contains("without proof"), "{told:?}");
    let ticket = server.borrow().ticket(3);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
    let subject = Subject::Code(ticket.as_str().into());
    let forced = scanner.force(&subject, &Pin::new(PIN), ScanOptions::default());
    assert_eq!(forced.expect("done").verdict.verdict, Outcome::Admit);
    drop(scanner);
    // The next exchange that succeeds says that all is well.
    device.sync();
    assert!(device.open().status().expect("a status").notices.is_empty());
}

#[test]
fn a_server_that_has_proven_itself_closes_a_gate_by_its_word() {
    // V6
    let server = Server::new(10);
    let device = told_to_be_out(&server, true);
    let mut scanner = device.open();
    assert!(scanner.status().expect("a status").evicted);
    let ticket = server.borrow().ticket(3);
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::DeviceEvicted);
}

#[test]
fn the_roster_in_a_refusal_closes_a_gate_and_a_forged_one_does_not() {
    // V6: whoever carries it
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let id = device.open().status().expect("a status").device.id;
    let forger = Server::new(10);
    {
        let mut forger = forger.borrow_mut();
        forger.roster = server.borrow().roster.clone();
        forger.replace_roster_key();
        forger.evict(id);
    }
    let told = |by: &Shared| {
        let error = device.try_sync(&mut Wire::to(by)).expect_err("refused");
        assert_eq!(error.refusal_code(), Some("device_evicted"));
        device.open().status().expect("a status").evicted
    };
    assert!(!told(&forger));
    let ticket = server.borrow().ticket(3);
    assert_eq!(scan(&mut device.open(), &ticket).verdict, Outcome::Admit);
    server.borrow_mut().evict(id);
    assert!(told(&server));
    let ticket = server.borrow().ticket(4);
    let verdict = scan(&mut device.open(), &ticket);
    assert_eq!(verdict.reason, Reason::DeviceEvicted);
}

#[test]
fn parser_exhaustion_floods_and_length_lies_cost_nothing() {
    // token.md 4; corpus 19-21, 68: bounded before anything is computed, and nothing is recorded.
    let server = Server::new(2);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(1);
    let mut texts = vec![
        "7".repeat(10_000_000),
        "\u{660}".repeat(1_000_000),
        "]Q1".repeat(1_000_000),
        "\\000026".repeat(500_000),
        format!("{ticket}{}", "\0".repeat(4096)),
    ];
    // Every length up to twice the longest code, of digits that decode as far as lengths allow.
    for length in 0..900 {
        texts.push("3".repeat(length));
        let mut ramp = String::new();
        for at in 0..length {
            write!(ramp, "{}", at % 10).expect("a string takes all");
        }
        texts.push(ramp);
    }
    for text in texts {
        let verdict = scan(&mut scanner, &text);
        assert_eq!(verdict.verdict, Outcome::Refuse);
        assert_eq!(verdict.serial, None);
    }
    assert_eq!(scanner.status().expect("a status").entries, 0);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
}
