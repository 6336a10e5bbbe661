//! Typed codes at a gate: T6 and what `token.md` 2.3, 4 and 5 demand of them.

use scanner_core::{Direction, Outcome, Pin, Reading, Reason, ScanOptions, Verdict};
use shared::ticket::TypedCode;
use shared::trust::{TicketRow, TicketRowStatus};

use crate::device::{Device, leave, scan};
use crate::server::{Server, Shared};

const PIN: &str = "482913";

/// Ten tickets, of which 4 has a code.
fn world() -> (Shared, String) {
    let server = Server::new(10);
    let code = {
        let mut server = server.borrow_mut();
        let code = server.code(4);
        server.supervise(PIN);
        server.publish();
        code
    };
    (server, code)
}

/// Well-formed codes that no ticket has.
fn wrong(number: u64) -> String {
    TypedCode::from_secret(111_000_000_000 + number * 7919).to_string()
}

/// Everything but the time.
fn told(verdict: &Verdict) -> (Outcome, Reason, Option<u32>, String) {
    let Verdict {
        verdict,
        reason,
        serial,
        explanation,
        ..
    } = verdict.clone();
    (verdict, reason, serial, explanation)
}

#[test]
fn a_typed_code_comes_in_once_however_it_is_written() {
    // T6, V1, corpus 14 100
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let first = scan(&mut scanner, &code);
    assert_eq!((first.verdict, first.reason), (Outcome::Admit, Reason::Ok));
    assert!(first.durable);
    assert_eq!((first.serial, first.generation), (Some(4), Some(1)));
    assert_eq!(first.class.as_deref(), Some("Standard"));
    assert_eq!(first.seat.as_deref(), Some("A-4"));
    let arabic: String = code
        .chars()
        .filter_map(|c| char::from_u32(0x660 + c.to_digit(10)?))
        .collect();
    let forms = [code.replace('-', ""), code.replace('-', " "), arabic];
    for form in forms {
        assert_eq!(
            scan(&mut scanner, &form).reason,
            Reason::AlreadyUsed,
            "{form}"
        );
    }
    // By its own code it is the same ticket.
    let ticket = server.borrow().ticket(4);
    assert_eq!(scan(&mut scanner, &ticket).reason, Reason::AlreadyUsed);
    let status = scanner.status().expect("a status");
    assert_eq!((status.entries, status.overrides.typed), (1, 1));
    drop(scanner);
    assert_eq!(scan(&mut device.open(), &code).reason, Reason::AlreadyUsed);
}

#[test]
fn a_typed_entry_is_marked_and_counts_elsewhere_by_its_proof() {
    // T6, V2: another device believes it without having seen the code, and without a role.
    let (server, code) = world();
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    assert_eq!(scan(&mut here.open(), &code).verdict, Outcome::Admit);
    here.sync();
    there.sync();
    let mut scanner = there.open();
    let status = scanner.status().expect("a status");
    assert_eq!((status.contradicted, status.unjudged), (0, 0));
    let ticket = server.borrow().ticket(4);
    let verdict = scan(&mut scanner, &ticket);
    assert_eq!(verdict.reason, Reason::AlreadyUsed);
    let mut lines = Vec::new();
    scanner.export(&mut lines).expect("exports");
    let text = String::from_utf8(lines).expect("text");
    assert!(
        text.contains(r#""kind":"admit""#) && text.contains(r#""typed":true"#),
        "{text}"
    );
}

#[test]
fn a_guest_leaves_and_comes_again_by_a_typed_code() {
    // T6, S24
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &code).verdict, Outcome::Admit);
    assert_eq!(leave(&mut scanner, &code).verdict, Outcome::Admit);
    assert_eq!(leave(&mut scanner, &code).reason, Reason::NotInside);
    // Without re-entry the one use is over.
    assert_eq!(scan(&mut scanner, &code).reason, Reason::AlreadyUsed);
}

#[test]
fn slips_cost_nothing_and_wrong_codes_all_get_one_answer() {
    // T6, corpus 100: check digits, zeros, thirteen and fifteen digits.
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let plain = code.replace('-', "");
    let mut slip = plain.clone().into_bytes();
    slip.swap(0, 1);
    let slip = String::from_utf8(slip).expect("digits");
    for text in [slip.as_str(), "00000000000000"] {
        for _ in 0..8 {
            let verdict = scan(&mut scanner, text);
            assert_eq!(verdict.reason, Reason::Misread, "{text}");
            assert!(verdict.explanation.contains("check the digits"));
        }
    }
    for text in [&plain[1..], &format!("{plain}0")] {
        assert_eq!(
            scan(&mut scanner, text).reason,
            Reason::NotATicket,
            "{text}"
        );
    }
    let answers: Vec<_> = (0..3)
        .map(|at| told(&scan(&mut scanner, &wrong(at))))
        .collect();
    assert_eq!(answers[0].1, Reason::NotATicket);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    // None of the slips was a try.
    assert_eq!(scan(&mut scanner, &code).verdict, Outcome::Admit);
}

#[test]
fn malicious_gate_staff_cannot_guess_codes() {
    // T6, corpus 100: 5 wrong wait a minute, doubling; the 21st wrong code locks, also after a
    // restart, until a supervisor allows codes again.
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    let mut number = 0;
    for wait in [60, 120, 240] {
        for _ in 0..5 {
            number += 1;
            // A new process for each: what was counted stays counted.
            let verdict = scan(&mut device.open(), &wrong(number));
            assert_eq!(verdict.reason, Reason::NotATicket, "wrong {number}");
        }
        let locked = scan(&mut device.open(), &code);
        assert_eq!(locked.reason, Reason::RateLimited, "the right one too");
        assert!(locked.explanation.contains(&wait.to_string()), "{locked:?}");
        // A ticket that is scanned is no guess.
        let ticket = server.borrow().ticket(0);
        assert_ne!(
            scan(&mut device.open(), &ticket).reason,
            Reason::RateLimited
        );
        device.pass(wait - 1);
        assert_eq!(scan(&mut device.open(), &code).reason, Reason::RateLimited);
        device.pass(1);
    }
    for _ in 0..5 {
        number += 1;
        assert_eq!(
            scan(&mut device.open(), &wrong(number)).reason,
            Reason::NotATicket
        );
    }
    assert_eq!(number, 20);
    let tries = device.open().status().expect("a status").tries;
    assert_eq!((tries.wrong_codes, tries.codes_locked), (20, true));
    let mut scanner = device.open();
    let locked = scan(&mut scanner, &wrong(21));
    assert_eq!(locked.reason, Reason::RateLimited);
    assert!(
        locked.explanation.contains("supervisor"),
        "{}",
        locked.explanation
    );
    drop(scanner);
    device.pass(7200);
    {
        let mut server = server.borrow_mut();
        server.now = server.now.plus_secs(7800);
        server.publish();
    }
    device.sync();
    let mut scanner = device.open();
    assert_eq!(
        scan(&mut scanner, &code).reason,
        Reason::RateLimited,
        "no clock ends it"
    );
    scanner.unlock_codes(&Pin::new(PIN)).expect("unlocked");
    assert_eq!(scan(&mut scanner, &code).verdict, Outcome::Admit);
}

#[test]
fn a_code_dies_with_its_generation_and_with_its_ticket() {
    // T6, corpus 100: a revoked generation.
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    server.borrow_mut().rows[4].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
    device.sync();
    assert_eq!(scan(&mut device.open(), &code).reason, Reason::Cancelled);
    let replaced = server.borrow().row(4, 2);
    server.borrow_mut().rows[4] = replaced;
    server.borrow_mut().forget_codes();
    server.borrow_mut().publish();
    device.sync();
    let verdict = scan(&mut device.open(), &code);
    assert_eq!((verdict.reason, verdict.serial), (Reason::NotATicket, None));
}

#[test]
fn a_turning_ticket_comes_in_by_its_typed_code() {
    // T6, T9
    let (server, code) = world();
    server.borrow_mut().rows[4].flags |= TicketRow::ROTATING;
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &code).verdict, Outcome::Admit);
    // Its still form was never issued.
    let still = server.borrow().ticket(4);
    assert_eq!(scan(&mut scanner, &still).reason, Reason::BadSignature);
}

#[test]
fn nobody_types_codes_where_nobody_stands() {
    // T6: attended lanes only.
    let (server, code) = world();
    server.borrow_mut().attended = false;
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    for text in [code.as_str(), &wrong(1)] {
        let verdict = scan(&mut scanner, text);
        assert_eq!(verdict.reason, Reason::WrongGate);
        assert_eq!(verdict.serial, None, "nothing is told of it");
    }
    let ticket = server.borrow().ticket(4);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
}

#[test]
fn old_news_is_not_enough_for_a_typed_code() {
    // T6: past the amber age a code may have died without this gate knowing.
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    device.pass(901);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &code).reason, Reason::SnapshotTooOld);
    let ticket = server.borrow().ticket(4);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
}

#[test]
fn an_id_is_looked_at_before_a_typed_code_comes_in() {
    // T6 T8: a step that was done is told in the entry.
    let (server, code) = world();
    server.borrow_mut().rows[4].flags |= TicketRow::ID_CHECK;
    server.borrow_mut().publish();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let asked = scan(&mut scanner, &code);
    assert_eq!(
        (asked.verdict, asked.reason),
        (Outcome::Attention, Reason::NeedsId)
    );
    assert!(!asked.durable);
    let confirmed = ScanOptions {
        direction: Direction::In,
        confirmed: true,
        ..ScanOptions::default()
    };
    let done = scanner
        .scan(&Reading::from(code.as_str()), confirmed)
        .verdict;
    assert_eq!(done.verdict, Outcome::Admit);
    let mut lines = Vec::new();
    scanner.export(&mut lines).expect("exports");
    let text = String::from_utf8(lines).expect("text");
    assert!(text.contains(r#""confirmed":true"#), "{text}");
}

#[test]
fn stolen_scanner_gives_no_code_and_no_seed() {
    // T6: a dump of the device's files. Names: `tests/e2e/stolen.rs`.
    let (server, code) = world();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &code).verdict, Outcome::Admit);
    scan(&mut scanner, &wrong(1));
    drop(scanner);
    let seed = server.borrow().issuing().to_bytes();
    let plain = code.replace('-', "");
    let hex = data_encoding::HEXLOWER.encode(&seed);
    let secrets: [&[u8]; 5] = [
        plain.as_bytes(),
        code.as_bytes(),
        &seed,
        hex.as_bytes(),
        PIN.as_bytes(),
    ];
    let mut files = 0;
    for file in std::fs::read_dir(device.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("read");
        files += 1;
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}", path.display());
        }
    }
    assert!(files >= 5, "{files} files");
}
