//! Codes that turn, at a device: what it takes, what it remembers, and when it doubts its clock.

use scanner_core::{Outcome, Reading, Reason, ScanOptions, Scanner, Verdict};
use shared::ticket::chain::{chain_start, step_at};
use shared::ticket::{Chain, Flags, Link, Payload, ScanProof, sign_chain};
use shared::trust::{TicketRow, TicketRowStatus};

use crate::device::{Device, leave, scan};
use crate::server::{NOW, Server, Shared};

/// A guest's phone: it has the seed of its ticket's chain.
struct Phone {
    payload: Payload,
    chain: Chain,
}

impl Phone {
    const SEED: Link = Link([0x5E; 16]);
    const LAST: u16 = 6000;

    fn of(server: &Shared, serial: u32, generation: u8, flags: Flags) -> Self {
        let server = server.borrow();
        let payload = Payload {
            flags,
            seat: None,
            ..server.payload(serial, generation)
        };
        Self {
            payload,
            chain: Chain::of(server.event, &payload),
        }
    }

    /// What the page shows when the phone's clock is `ahead` seconds off the server's.
    fn code(&self, server: &Shared, ahead: i64) -> String {
        let server = server.borrow();
        let now = NOW.plus_secs(ahead);
        let step = step_at(
            chain_start(server.policy.epoch, &self.payload),
            Self::LAST,
            now,
        );
        let anchor = self.chain.walk(Self::LAST, 0, Self::SEED);
        let signed = sign_chain(server.issuing(), server.event, &self.payload, anchor);
        let reveal = self.chain.walk(Self::LAST, step, Self::SEED);
        signed.expect("signs").show(step, reveal).to_digits()
    }
}

fn phone(server: &Shared, serial: u32) -> Phone {
    Phone::of(server, serial, 1, Flags::NONE)
}

fn row(server: &Shared, phone: &Phone) -> TicketRow {
    let anchor = phone.chain.walk(Phone::LAST, 0, Phone::SEED);
    let server = server.borrow();
    let signed = sign_chain(server.issuing(), server.event, &phone.payload, anchor);
    let proof = ScanProof::of_chain(server.event, &signed.expect("signs"));
    let (serial, generation) = (phone.payload.serial, phone.payload.generation);
    TicketRow {
        status: TicketRowStatus::Active,
        generation,
        class: 0,
        flags: TicketRow::ROTATING,
        seat: 0,
        commitment: proof.commitment(server.event, serial, generation),
    }
}

fn crowd(server: &Shared, scanner: &mut Scanner, serials: std::ops::Range<u32>) -> Vec<Verdict> {
    serials
        .map(|serial| scan(scanner, &phone(server, serial).code(server, 0)))
        .collect()
}

#[test]
fn a_turning_code_comes_in_and_its_screenshot_does_not() {
    // T9
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let guest = phone(&server, 2);
    let code = guest.code(&server, 0);
    device.pass(90);
    let late = scan(&mut scanner, &code);
    assert_eq!(late.reason, Reason::Expired, "{late:?}");
    assert!(late.explanation.contains("Open the ticket on your phone"));
    let fresh = scan(&mut scanner, &guest.code(&server, 90));
    assert_eq!((fresh.verdict, fresh.durable), (Outcome::Admit, true));
    // A screenshot of the very code that came in.
    let again = scan(&mut scanner, &guest.code(&server, 90));
    assert_eq!(again.verdict, Outcome::Refuse);
    assert_eq!(again.earlier.expect("told").gate, "Gate A");
    assert!(again.also.contains(&Reason::AlreadyUsed) || again.reason == Reason::AlreadyUsed);
}

#[test]
fn two_gates_that_saw_different_codes_agree_about_one_ticket() {
    // T9 T10 V2 screenshot_second_gate_refused
    let server = Server::new(10);
    let guest = phone(&server, 2);
    let rotating = row(&server, &guest);
    server.borrow_mut().rows[2] = rotating;
    server.borrow_mut().publish();
    let (first, second) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (mut a, mut b) = (first.open(), second.open());
    assert_eq!(
        scan(&mut a, &guest.code(&server, 0)).verdict,
        Outcome::Admit
    );
    first.sync();
    second.sync();
    second.pass(40);
    let copy = scan(&mut b, &guest.code(&server, 40));
    assert_eq!(copy.reason, Reason::AlreadyUsed, "{copy:?}");
    assert_eq!(b.status().expect("a status").contradicted, 0);
    // The still form of it was never issued.
    let still = server.borrow().token(&guest.payload).to_digits();
    assert_eq!(scan(&mut b, &still).reason, Reason::BadSignature);
}

#[test]
fn a_larger_step_is_wanted_after_each_passage() {
    // T9 corpus 70 71
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let guest = Phone::of(&server, 3, 1, Flags::RE_ENTRY);
    let code = guest.code(&server, 0);
    assert_eq!(scan(&mut scanner, &code).verdict, Outcome::Admit);
    assert_eq!(leave(&mut scanner, &code).verdict, Outcome::Admit);
    let passed_back = scan(&mut scanner, &code);
    assert_eq!(passed_back.reason, Reason::Expired, "{passed_back:?}");
    device.pass(30);
    let next = scan(&mut scanner, &guest.code(&server, 30));
    assert_eq!(next.verdict, Outcome::Admit, "{next:?}");
}

#[test]
fn a_code_stays_good_while_a_person_looks_at_the_id() {
    // T9 S30
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let code = Phone::of(&server, 4, 1, Flags::ID_CHECK).code(&server, 0);
    let asked = scan(&mut scanner, &code);
    assert_eq!(asked.verdict, Outcome::Attention);
    device.pass(120);
    let confirmed = ScanOptions {
        confirmed: true,
        ..ScanOptions::default()
    };
    let other = Phone::of(&server, 5, 1, Flags::ID_CHECK).code(&server, 0);
    let verdict = scanner
        .scan(&Reading::from(other.as_str()), confirmed)
        .verdict;
    assert_eq!(verdict.reason, Reason::Expired, "nobody was asked about it");
    let verdict = scanner
        .scan(&Reading::from(code.as_str()), confirmed)
        .verdict;
    assert_eq!(verdict.verdict, Outcome::Admit, "{verdict:?}");
}

#[test]
fn a_gate_whose_clock_is_wrong_learns_it_from_the_crowd() {
    // T9, token.md 4 (clock tampering, scanner): alarm within 50 scans, at either side.
    for seconds in [7200, -7200, 100] {
        let server = Server::new(100);
        let device = Device::enrolled(&server, 1);
        let mut scanner = device.open();
        device.pass(seconds);
        let first = crowd(&server, &mut scanner, 1..10);
        assert!(first.iter().all(|of| of.verdict == Outcome::Refuse));
        assert_eq!(
            scanner.status().expect("a status").clock.crowd_offset_ms,
            None
        );
        let next = crowd(&server, &mut scanner, 10..60);
        assert!(
            next.iter().all(|of| of.verdict == Outcome::Admit),
            "{seconds}: {:?}",
            next.iter().find(|of| of.verdict != Outcome::Admit)
        );
        let told = scanner.status().expect("a status").clock.crowd_offset_ms;
        let told = told.expect("an alarm");
        assert!((told + seconds * 1000).abs() <= 15_000, "{seconds}: {told}");
        // Another process sees it too, and so does the doctor.
        let elsewhere = device.open().status().expect("a status");
        assert_eq!(elsewhere.clock.crowd_offset_ms, Some(told));
        let checks = scanner_core::examine(device.path(), &device.edge);
        let clock = checks.iter().find(|check| check.name == "clock");
        assert!(clock.expect("a check").finding.contains("guests' phones"));
        // First in still wins while the moment is not judged.
        let copy = scan(&mut scanner, &phone(&server, 30).code(&server, 0));
        assert_ne!(copy.verdict, Outcome::Admit);

        // Somebody sets the clock: the crowd confirms it, and screenshots are refused again.
        device.pass(-seconds);
        crowd(&server, &mut scanner, 60..90);
        assert_eq!(
            scanner.status().expect("a status").clock.crowd_offset_ms,
            None
        );
        let old = phone(&server, 95).code(&server, -90);
        assert_eq!(scan(&mut scanner, &old).reason, Reason::Expired);
        assert_eq!(
            device
                .open()
                .status()
                .expect("a status")
                .clock
                .crowd_offset_ms,
            None
        );
    }
}

#[test]
fn one_phone_with_a_wrong_clock_moves_nothing_however_often_it_tries() {
    // T9
    let server = Server::new(100);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let stray = phone(&server, 1);
    for _ in 0..60 {
        let verdict = scan(&mut scanner, &stray.code(&server, 86_400));
        assert_eq!(verdict.reason, Reason::Expired);
    }
    let good = crowd(&server, &mut scanner, 2..40);
    assert!(good.iter().all(|of| of.verdict == Outcome::Admit));
    assert_eq!(
        scanner.status().expect("a status").clock.crowd_offset_ms,
        None
    );
}

#[test]
fn a_second_activation_kills_the_first_phone_at_a_gate_without_news() {
    // T9 T4
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let old = phone(&server, 6);
    let new = Phone::of(&server, 6, 2, Flags::NONE);
    assert_eq!(
        scan(&mut scanner, &new.code(&server, 0)).verdict,
        Outcome::Admit
    );
    let verdict = scan(&mut scanner, &old.code(&server, 0));
    assert_eq!(verdict.reason, Reason::Reissued, "{verdict:?}");
}
