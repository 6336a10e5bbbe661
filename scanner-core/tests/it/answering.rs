//! Questions at the gate: asked, answered, kept until the server has the answers.

use rusqlite::Connection;
use scanner_core::{
    Answer, Outcome, QuestionKind, QuestionPolicy, Reading, Reason, ScanOptions, Scanned, Scanner,
};

use crate::device::{Device, leave, scan};
use crate::server::{Server, Shared};
use crate::wire::Wire;

fn question(id: &str, kind: QuestionKind, required: bool) -> QuestionPolicy {
    let option = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    QuestionPolicy {
        id: id.to_owned(),
        text: format!("Please tell: {id}?"),
        classes: None,
        kind,
        required,
        options: match kind {
            QuestionKind::Choice => vec![option("s", "Small"), option("l", "Large")],
            _ => Vec::new(),
        },
    }
}

fn asking() -> Shared {
    let server = Server::new(10);
    server.borrow_mut().policy.questions = vec![
        question("shirt", QuestionKind::Choice, true),
        question("note", QuestionKind::Text, false),
    ];
    server.borrow_mut().publish();
    server
}

fn answer(scanner: &mut Scanner, text: &str, given: &[(&str, &str)]) -> Scanned {
    let given: Vec<Answer> = given.iter().map(|(id, value)| said(id, value)).collect();
    let scanned = scanner.scan_answered(&Reading::from(text), ScanOptions::default(), &given);
    assert!(scanned.error.is_none(), "{:?}", scanned.error);
    scanned
}

fn said(question: &str, value: &str) -> Answer {
    Answer {
        question: question.to_owned(),
        value: value.to_owned(),
    }
}

fn asked(scanned: &Scanned) -> Vec<&str> {
    let questions = scanned.questions.iter();
    questions.map(|question| question.id.as_str()).collect()
}

/// Rows that wait on the device.
fn waiting(device: &Device) -> u32 {
    let db = Connection::open(device.path().join("gatehouse.db")).expect("opens");
    let count = "SELECT count(*) FROM answers";
    db.query_row(count, [], |row| row.get(0)).expect("a count")
}

#[test]
fn an_open_question_is_asked_and_the_answer_goes_with_the_admission() {
    // S58 S59 S101 S127
    let server = asking();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(1);
    let first = answer(&mut scanner, &ticket, &[]);
    assert_eq!(first.verdict.verdict, Outcome::Attention);
    assert_eq!(first.verdict.reason, Reason::NeedsAnswer);
    assert_eq!(asked(&first), ["shirt", "note"]);
    // A wrong answer is no answer, and nothing is written.
    let wrong = answer(&mut scanner, &ticket, &[("shirt", "huge"), ("note", "")]);
    assert_eq!(wrong.verdict.reason, Reason::NeedsAnswer);
    assert_eq!(asked(&wrong), ["shirt"]);
    assert_eq!(scanner.status().expect("a status").entries, 0);
    assert_eq!(waiting(&device), 0);

    let good = answer(&mut scanner, &ticket, &[("shirt", "Large"), ("note", "")]);
    assert_eq!(good.verdict.reason, Reason::Ok);
    assert!(good.verdict.durable);
    assert_eq!(asked(&good), Vec::<&str>::new());
    assert_eq!(waiting(&device), 1);
    // Nobody is asked on the way out.
    assert_eq!(leave(&mut scanner, &ticket).reason, Reason::Ok);

    let report = device.sync();
    assert_eq!((report.answers, report.warnings), (1, Vec::new()));
    let kept: Vec<_> = server.borrow().answers.values().cloned().collect();
    assert_eq!(kept, [vec![said("shirt", "l"), said("note", "")]]);
    // What guests said does not stay on a device that may be lost.
    assert_eq!(waiting(&device), 0);
    assert_eq!(device.sync().answers, 0);
}

#[test]
fn staff_may_waive_a_question_and_what_was_said_is_kept() {
    // S101 S91
    let server = asking();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(1);
    let waived = ScanOptions {
        confirmed: true,
        ..ScanOptions::default()
    };
    let given = [said("note", "left-handed"), said("shirt", "huge")];
    let scanned = scanner.scan_answered(&Reading::from(ticket.as_str()), waived, &given);
    assert_eq!(scanned.verdict.reason, Reason::Ok);
    device.sync();
    let kept: Vec<_> = server.borrow().answers.values().cloned().collect();
    assert_eq!(kept, [vec![said("note", "left-handed")]]);
}

#[test]
fn answers_wait_for_their_entries_and_for_a_server_that_takes_them() {
    // S58 S101
    let server = asking();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(1);
    answer(&mut scanner, &ticket, &[("shirt", "s"), ("note", "")]);
    // The line is cut after each call in turn, before or after the server has worked.
    for calls in 0..2 {
        for lose_answer in [false, true] {
            let mut wire = Wire::cut_after(&server, calls, lose_answer);
            let cut = device.try_sync(&mut wire);
            assert_eq!(cut.is_err(), calls == 0, "{cut:?}");
            assert_eq!(waiting(&device), 1, "cut at {calls}");
        }
    }
    assert_eq!(device.sync().answers, 1);
    assert_eq!(server.borrow().answers.len(), 1);
    assert_eq!(waiting(&device), 0);
}

#[test]
fn answers_of_an_admission_that_was_never_written_go() {
    // S59: after a power cut between the answers and the entry.
    let server = asking();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let (one, two) = (server.borrow().ticket(1), server.borrow().ticket(2));
    answer(&mut scanner, &one, &[("shirt", "s"), ("note", "")]);
    drop(scanner);
    let db = Connection::open(device.path().join("gatehouse.db")).expect("opens");
    let copied = db.execute(
        "INSERT INTO answers SELECT log, 1, body FROM answers WHERE seq = 0",
        [],
    );
    assert_eq!(copied.expect("written"), 1);
    drop(db);
    let mut scanner = device.open();
    let confirmed = ScanOptions {
        confirmed: true,
        ..ScanOptions::default()
    };
    let next = scanner.scan(&Reading::from(two.as_str()), confirmed);
    assert!(next.verdict.durable);
    assert_eq!(scan(&mut scanner, &two).reason, Reason::AlreadyUsed);
    assert_eq!(device.sync().answers, 1);
    let kept: Vec<u32> = server
        .borrow()
        .answers
        .keys()
        .map(|(_, seq)| *seq)
        .collect();
    assert_eq!(kept, [0]);
}
