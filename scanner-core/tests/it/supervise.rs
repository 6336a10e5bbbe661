//! What a supervisor may do at a gate, and what comes of it everywhere: V11, V12.

use scanner_core::{Direction, Kind, Outcome, Pin, Reading, Reason, ScanOptions, Scanner, Subject};
use shared::trust::{Extra, TicketRowStatus};

use crate::device::{Device, leave, scan};
use crate::server::{Server, Shared};

const PIN: &str = "482913";

fn world() -> Shared {
    let server = Server::new(10);
    {
        let mut server = server.borrow_mut();
        server.code(4);
        server.supervise(PIN);
        server.holders.insert(5, "Nguyễn Thị Bình".to_owned());
        server.publish();
    }
    server
}

fn pin() -> Pin {
    Pin::new(PIN)
}

fn by_code(text: &str) -> Subject {
    Subject::Code(Reading::from(text))
}

fn exported(scanner: &mut Scanner) -> Vec<serde_json::Value> {
    let mut lines = Vec::new();
    scanner.export(&mut lines).expect("exports");
    String::from_utf8(lines)
        .expect("text")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn a_used_ticket_is_let_in_by_a_pin_and_it_is_on_record() {
    // S123 V11: the first is not forced, the second is.
    let server = world();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(1);
    let first = scanner
        .force(&by_code(&ticket), &pin(), ScanOptions::default())
        .expect("done");
    assert_eq!(first.verdict.reason, Reason::Ok);
    assert!(first.verdict.also.is_empty());
    assert_eq!(first.supervisor, "Linh");
    let second = scanner
        .force(&by_code(&ticket), &pin(), ScanOptions::default())
        .expect("done");
    assert_eq!(second.verdict.verdict, Outcome::Admit);
    assert_eq!(second.verdict.also, [Reason::AlreadyUsed]);
    assert!(second.verdict.durable);
    let lines = exported(&mut scanner);
    let kinds: Vec<_> = lines
        .iter()
        .map(|line| (line["kind"].as_str(), line["supervisorName"].as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            (Some("admit"), Some("Linh")),
            (Some("forced"), Some("Linh"))
        ]
    );
    let status = scanner.status().expect("a status");
    assert!(status.supervised);
    assert_eq!((status.overrides.forced, status.overrides.undone), (2, 0));
}

#[test]
fn a_guest_who_was_found_is_considered_without_a_trace() {
    // V12
    let server = world();
    {
        let mut server = server.borrow_mut();
        let note = Extra {
            note: "Wheelchair".to_owned(),
            ..Extra::default()
        };
        server.extras.insert(5, note);
        server.publish();
    }
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let options = ScanOptions::default();
    let fresh = scanner.consider(5, options).expect("considered");
    assert_eq!(fresh.verdict.verdict, Outcome::Admit);
    assert!(!fresh.verdict.durable, "nothing was written");
    assert_eq!(fresh.notes, ["Wheelchair"]);
    assert!(exported(&mut scanner).is_empty());
    scanner
        .force(&Subject::Serial(5), &pin(), options)
        .expect("done");
    let used = scanner.consider(5, options).expect("considered");
    assert_eq!(used.verdict.reason, Reason::AlreadyUsed);
    let unknown = scanner.consider(9999, options).expect_err("no such ticket");
    assert_eq!(unknown.kind(), Kind::Input);
}

#[test]
fn malicious_gate_staff_need_a_pin_and_guesses_lock() {
    // V11: nothing is told without it, wrong ones are counted over restarts.
    let server = world();
    let device = Device::enrolled(&server, 1);
    let ticket = server.borrow().ticket(1);
    for at in 0..5 {
        let wrong = Pin::new(&format!("11111{at}"));
        let error = device
            .open()
            .force(&by_code(&ticket), &wrong, ScanOptions::default())
            .expect_err("refused");
        assert_eq!(error.kind(), Kind::Denied);
        assert_eq!(error.to_string(), "This PIN is nobody's.");
    }
    let mut scanner = device.open();
    let error = scanner.undo(&by_code(&ticket), &pin()).expect_err("locked");
    assert_eq!(error.to_string(), "Too many wrong PINs. Wait 60 seconds.");
    assert_eq!(scanner.status().expect("a status").entries, 0);
    device.pass(60);
    let forced = scanner.force(&by_code(&ticket), &pin(), ScanOptions::default());
    assert_eq!(forced.expect("done").verdict.verdict, Outcome::Admit);
    // Shown by nothing.
    assert_eq!(format!("{:?}", pin()), "Pin(..)");
}

#[test]
fn a_guest_who_was_found_by_name_is_let_in_on_a_word() {
    // V12 S62: the entry has no proof and is never a plain admission.
    let server = world();
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let mut scanner = here.open();
    let hits = scanner.search("thi binh").expect("searches");
    assert_eq!(hits.len(), 1);
    let found = Subject::Serial(hits[0].serial);
    let done = scanner
        .force(&found, &pin(), ScanOptions::default())
        .expect("done");
    assert_eq!(done.verdict.verdict, Outcome::Admit);
    assert_eq!(exported(&mut scanner)[0]["kind"], "forced");
    drop(scanner);
    here.sync();
    there.sync();
    let mut scanner = there.open();
    assert_eq!(scanner.status().expect("a status").contradicted, 0);
    let ticket = server.borrow().ticket(5);
    let late = scan(&mut scanner, &ticket);
    assert_eq!(late.reason, Reason::AlreadyUsed, "counted elsewhere");
    assert_eq!(late.earlier.expect("told").gate, "Gate A");
}

#[test]
fn an_undo_gives_the_ticket_back_on_every_device() {
    // S138 V11
    let server = world();
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let ticket = server.borrow().ticket(2);
    assert_eq!(scan(&mut here.open(), &ticket).verdict, Outcome::Admit);
    here.sync();
    there.sync();
    // The other gate takes back what this one wrote.
    let mut scanner = there.open();
    let undone = scanner.undo(&by_code(&ticket), &pin()).expect("undone");
    assert_eq!((undone.serial, undone.undone), (2, "admit"));
    assert_eq!(
        (undone.gate.as_str(), undone.supervisor.as_str()),
        ("Gate A", "Linh")
    );
    let again = scanner
        .undo(&by_code(&ticket), &pin())
        .expect_err("nothing stands");
    assert_eq!(again.kind(), Kind::Input);
    drop(scanner);
    there.sync();
    here.sync();
    let mut scanner = here.open();
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
    assert_eq!(scanner.status().expect("a status").contradicted, 0);
}

#[test]
fn what_may_be_forced_and_what_nobody_may_force() {
    // S7 S15 S100 S101 S123 S130 S131
    let server = world();
    {
        let mut server = server.borrow_mut();
        server.rows[0].status = TicketRowStatus::Unpaid;
        server.rows[1].status = TicketRowStatus::Cancelled;
        server.rows[2].status = TicketRowStatus::Revoked;
        server.rows[3].status = TicketRowStatus::Blocked;
        server.publish();
    }
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let reasons = [
        Reason::Unpaid,
        Reason::Cancelled,
        Reason::Revoked,
        Reason::Blocked,
    ];
    for (serial, reason) in (0..).zip(reasons) {
        let ticket = server.borrow().ticket(serial);
        assert_eq!(scan(&mut scanner, &ticket).reason, reason);
        let done = scanner
            .force(&by_code(&ticket), &pin(), ScanOptions::default())
            .expect("done");
        assert_eq!(done.verdict.verdict, Outcome::Admit, "{reason:?}");
        assert_eq!(done.verdict.also, [reason]);
        assert_eq!(done.verdict.serial, Some(serial), "the right one");
    }
    let mut forged = server.borrow().ticket(6);
    forged.replace_range(200..201, if forged.ends_with("00") { "1" } else { "0" });
    for unknown in ["hello", forged.as_str(), "12345678901234567890"] {
        let done = scanner
            .force(&by_code(unknown), &pin(), ScanOptions::default())
            .expect("answered");
        assert_eq!(done.verdict.verdict, Outcome::Refuse, "{unknown}");
        assert!(!done.verdict.durable);
    }
    let nobody = scanner.force(&Subject::Serial(4_000), &pin(), ScanOptions::default());
    assert_eq!(nobody.expect_err("unknown").kind(), Kind::Input);
    assert_eq!(scanner.status().expect("a status").entries, 4);
}

#[test]
fn a_supervisor_types_a_code_while_codes_are_locked() {
    // T6 V11
    let server = world();
    let device = Device::enrolled(&server, 1);
    let code = server.borrow_mut().code(4);
    device.pass(901);
    let mut scanner = device.open();
    assert_eq!(scan(&mut scanner, &code).reason, Reason::SnapshotTooOld);
    let done = scanner
        .force(&by_code(&code), &pin(), ScanOptions::default())
        .expect("done");
    assert_eq!(done.verdict.also, [Reason::SnapshotTooOld]);
    let line = &exported(&mut scanner)[0];
    assert_eq!(
        (line["kind"].as_str(), line["typed"].as_bool()),
        (Some("forced"), Some(true))
    );
}

#[test]
fn a_guest_is_let_out_on_a_word() {
    // V11 V4
    let server = world();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let ticket = server.borrow().ticket(5);
    let out = ScanOptions {
        direction: Direction::Out,
        ..ScanOptions::default()
    };
    let early = scanner
        .force(&Subject::Serial(5), &pin(), out)
        .expect("answered");
    assert_eq!(early.verdict.reason, Reason::NotInside, "nobody is inside");
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
    let done = scanner
        .force(&Subject::Serial(5), &pin(), out)
        .expect("done");
    assert_eq!(done.verdict.verdict, Outcome::Admit);
    assert_eq!(leave(&mut scanner, &ticket).reason, Reason::NotInside);
}

#[test]
fn a_turnstile_a_stranger_and_an_evicted_device_have_no_supervisor() {
    // V11
    let ticket = |server: &Shared| by_code(&server.borrow().ticket(1));
    let server = world();
    server.borrow_mut().attended = false;
    let device = Device::enrolled(&server, 1);
    let error = device
        .open()
        .force(&ticket(&server), &pin(), ScanOptions::default())
        .expect_err("nobody stands there");
    assert_eq!(error.kind(), Kind::Denied);

    let plain = Server::new(10);
    let device = Device::enrolled(&plain, 1);
    let error = device
        .open()
        .undo(&ticket(&plain), &pin())
        .expect_err("nobody is set");
    assert!(error.to_string().contains("no supervisors"), "{error}");

    let server = world();
    let device = Device::enrolled(&server, 1);
    let id = server.borrow().roster.devices[0].device;
    server.borrow_mut().evict(id);
    server.borrow_mut().publish();
    let told = device.try_sync(&mut crate::wire::Wire::to(&server));
    assert!(told.is_err(), "it learns that it is out");
    let error = device
        .open()
        .force(&ticket(&server), &pin(), ScanOptions::default())
        .expect_err("removed");
    assert_eq!(error.kind(), Kind::Denied);
}

#[test]
fn a_word_from_a_turnstile_counts_for_nothing_elsewhere() {
    // V11, ADR 0004: the role is the roster's to give.
    let server = world();
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let found = Subject::Serial(5);
    here.open()
        .force(&found, &pin(), ScanOptions::default())
        .expect("done");
    here.sync();
    // The organizer finds out that nobody ever stood there.
    server.borrow_mut().roster.devices[0].attended = false;
    server.borrow_mut().sign_roster();
    server.borrow_mut().publish();
    there.sync();
    let mut scanner = there.open();
    assert_eq!(scanner.status().expect("a status").contradicted, 1);
    let ticket = server.borrow().ticket(5);
    assert_eq!(scan(&mut scanner, &ticket).verdict, Outcome::Admit);
}
