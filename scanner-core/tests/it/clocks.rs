//! Windows at a device whose clock is wrong (gossip.md 7: "windows use corrected time"), and what its
//! log says meanwhile.
//!
//! `NOW` is window unit 192; a unit is a quarter of an hour.

use scanner_core::{Freshness, Outcome, Reason, Scanner};
use shared::log::{DecisionFlags, Entry, EntryKind};
use shared::ticket::Payload;
use shared::trust::{EntryLimit, ListFlags, ListPolicy};

use crate::device::{Device, scan};
use crate::server::{NOW, Server, Shared};

const HOURS: i64 = 3600;
/// Closed an hour ago.
const OVER: (u16, u16) = (96, 188);
/// Opened half an hour ago, closes in an hour.
const OPEN: (u16, u16) = (190, 196);
/// Opens in three quarters of an hour.
const TO_COME: (u16, u16) = (195, 204);

fn ticket(server: &Shared, serial: u32, (not_before, not_after): (u16, u16)) -> String {
    let server = server.borrow();
    let payload = Payload {
        not_before,
        not_after,
        ..server.payload(serial, 1)
    };
    server.token(&payload).to_digits()
}

fn reason(scanner: &mut Scanner, server: &Shared, serial: u32, window: (u16, u16)) -> Reason {
    scan(scanner, &ticket(server, serial, window)).reason
}

#[test]
fn windows_are_judged_by_the_time_that_the_server_told() {
    // V3, token.md 4 (clock tampering, scanner), gossip.md 7
    for off in [-2 * HOURS, 2 * HOURS] {
        let server = Server::new(10);
        let device = Device::enrolled(&server, 1);
        device.pass(off);
        device.sync();
        let mut scanner = device.open();
        assert_eq!(reason(&mut scanner, &server, 1, OVER), Reason::TooLate);
        assert_eq!(reason(&mut scanner, &server, 2, TO_COME), Reason::TooEarly);
        assert_eq!(reason(&mut scanner, &server, 3, OPEN), Reason::Ok);
        assert_eq!(reason(&mut scanner, &server, 3, OPEN), Reason::AlreadyUsed);
        let status = scanner.status().expect("a status");
        assert!(status.clock.unsure);
        let snapshot = status.snapshot.expect("one");
        assert_eq!(
            (snapshot.freshness, snapshot.age_secs),
            (Freshness::Fresh, 0)
        );
        // The entry bears the clock as it was, and says that it is not to be relied on; the list is
        // as fresh as it is.
        drop(scanner);
        device.sync();
        let server = server.borrow();
        let bodies = server.logs.values().flat_map(|log| &log.bodies);
        let entries = bodies.map(|body| Entry::decode(body).expect("an entry"));
        let admitted: Vec<_> = entries.filter(|of| of.kind == EntryKind::Admit).collect();
        assert_eq!(admitted.len(), 1);
        assert_eq!(admitted[0].hlc.at(), NOW.plus_secs(off));
        let says = |flag| admitted[0].flags.contains(flag);
        assert!(says(DecisionFlags::CLOCK_UNSURE) && !says(DecisionFlags::SNAPSHOT_STALE));
    }
}

#[test]
fn an_expired_ticket_is_not_revived_by_a_clock_that_is_set_back() {
    // V3, token.md 4 (clock tampering, scanner): expired ticket not revived after hub contact
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    assert_eq!(reason(&mut scanner, &server, 1, OVER), Reason::TooLate);
    device.pass(-2 * HOURS);
    assert_eq!(reason(&mut scanner, &server, 1, OVER), Reason::TooLate);
    assert_eq!(reason(&mut scanner, &server, 2, OPEN), Reason::Ok);
    drop(scanner);
    // Nor by a restart, which forgets what the monotonic count told, nor by another step.
    let mut scanner = device.open();
    assert_eq!(reason(&mut scanner, &server, 1, OVER), Reason::TooLate);
    device.pass(-20 * HOURS);
    assert_eq!(reason(&mut scanner, &server, 1, OVER), Reason::TooLate);
    assert_eq!(reason(&mut scanner, &server, 3, OPEN), Reason::Ok);
}

#[test]
fn an_entry_of_a_time_to_come_counts_as_a_later_one_and_moves_no_clock() {
    // V2, corpus 91 (future time), gossip.md 5: no rule of the merge refuses by a clock.
    let server = Server::new(10);
    let (here, there) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    there.pass(20 * 24 * HOURS);
    there.sync();
    let ahead = NOW.plus_secs(20 * 24 * HOURS);
    let (mut one, mut other) = (here.open(), there.open());
    let known = |serial| server.borrow().ticket(serial);
    assert_eq!(scan(&mut other, &known(1)).verdict, Outcome::Admit);
    assert_eq!(scan(&mut other, &known(2)).verdict, Outcome::Admit);
    here.pass(60);
    assert_eq!(scan(&mut one, &known(2)).verdict, Outcome::Admit);
    there.sync();
    here.sync();
    let told = scan(&mut one, &known(1));
    assert_eq!(told.reason, Reason::AlreadyUsed);
    assert_eq!(told.earlier.expect("told").at, ahead);
    // Who came by a right clock was first, however late the other came here.
    let status = one.status().expect("a status");
    let told = status.conflicts[0].admissions.iter();
    let told: Vec<_> = told.map(|of| (of.at, of.duplicate)).collect();
    assert_eq!(told, [(NOW.plus_secs(60), false), (ahead, true)]);
    assert_eq!(scan(&mut one, &known(3)).verdict, Outcome::Admit);
    drop(one);
    here.sync();
    let server = server.borrow();
    let bodies = server.logs.values().flat_map(|log| &log.bodies);
    let mut entries = bodies.map(|body| Entry::decode(body).expect("an entry"));
    let third = entries.find(|of| of.serial == 3).expect("written");
    assert_eq!(third.hlc.at(), NOW.plus_secs(60), "not drawn along");
}

#[test]
fn a_clock_that_was_set_right_is_believed_before_the_next_contact() {
    // V3: the screen says "set it", and somebody did.
    for off in [-2 * HOURS, 2 * HOURS] {
        let server = Server::new(10);
        let device = Device::enrolled(&server, 1);
        device.pass(off);
        device.sync();
        let mut scanner = device.open();
        assert_eq!(reason(&mut scanner, &server, 3, OPEN), Reason::Ok);
        device.pass(-off);
        assert_eq!(reason(&mut scanner, &server, 1, OVER), Reason::TooLate);
        assert_eq!(reason(&mut scanner, &server, 2, TO_COME), Reason::TooEarly);
        assert_eq!(
            scan(&mut scanner, &ticket(&server, 4, OPEN)).verdict,
            Outcome::Admit
        );
    }
}

/// Gate A takes day passes, and nobody calls the list old for a week.
fn days() -> Shared {
    let server = Server::new(10);
    {
        let mut server = server.borrow_mut();
        server.policy.gates[0].list = Some(0);
        server.policy.red_after_secs = 7 * 86_400;
        server.policy.lists = vec![ListPolicy {
            name: "Days".to_owned(),
            classes: None,
            entries: EntryLimit::OncePerDay,
            flags: ListFlags::default(),
            check_out_secs: None,
            rules: Vec::new(),
        }];
        server.publish();
    }
    server
}

/// As long as a season.
const SEASON: (u16, u16) = (96, 2000);

#[test]
fn a_day_pass_is_good_once_a_day_also_after_a_fast_clock_was_set_right() {
    // V3 S99: 21:13 in Saigon by the right clock, 00:13 of the next day by this one.
    let server = days();
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    device.pass(3 * HOURS);
    assert_eq!(reason(&mut scanner, &server, 1, SEASON), Reason::Ok);
    device.pass(-3 * HOURS);
    // What is written now still bears tomorrow's date: a log's stamps never go back.
    for serial in [1, 2] {
        let first = reason(&mut scanner, &server, serial, SEASON);
        let expected = if serial == 1 {
            Reason::AlreadyUsed
        } else {
            Reason::Ok
        };
        assert_eq!(first, expected, "ticket {serial}");
        let again = reason(&mut scanner, &server, serial, SEASON);
        assert_eq!(again, Reason::AlreadyUsed, "ticket {serial}");
    }
    // The next day those are refused, which a supervisor can help; the day after they are good.
    device.pass(24 * HOURS);
    assert_eq!(
        reason(&mut scanner, &server, 2, SEASON),
        Reason::AlreadyUsed
    );
    assert_eq!(reason(&mut scanner, &server, 3, SEASON), Reason::Ok);
    device.pass(24 * HOURS);
    assert_eq!(reason(&mut scanner, &server, 2, SEASON), Reason::Ok);
}

#[test]
fn a_day_pass_is_good_once_a_day_while_the_clock_is_known_to_be_wrong() {
    // V3: two hours fast, at 21:13 by the right one; it goes past what it takes for midnight.
    let server = days();
    let device = Device::enrolled(&server, 1);
    device.pass(2 * HOURS);
    device.sync();
    let mut scanner = device.open();
    assert_eq!(reason(&mut scanner, &server, 1, SEASON), Reason::Ok);
    device.clock.run(HOURS);
    // 22:13 by the right clock, 00:13 by this one: the same evening.
    assert_eq!(
        reason(&mut scanner, &server, 1, SEASON),
        Reason::AlreadyUsed
    );
}
