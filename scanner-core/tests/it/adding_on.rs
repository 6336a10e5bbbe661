//! Add-ons at a device: let in by the ticket that they were added to, and known to other devices.

use scanner_core::{Outcome, Reading, Reason, ScanOptions};
use shared::trust::{EntryLimit, Extra, ListFlags, ListPolicy, TicketTerms};

use crate::device::{Device, leave, scan};
use crate::server::{Server, Shared};
use crate::wire::Wire;

/// The ticket, and what was added to it.
const MAIN: u32 = 3;
const MEAL: u32 = 5;

/// Gate A is of a list for the second class only, and matches add-ons.
fn buffet() -> Shared {
    let server = Server::new(10);
    {
        let mut server = server.borrow_mut();
        let payload = server.payload(MEAL, 1);
        let meal = Extra {
            note: "No nuts".to_owned(),
            added_to: Some(MAIN),
            terms: Some(TicketTerms::of(&payload)),
            ..Extra::default()
        };
        server.extras.insert(MEAL, meal);
        server.rows[MEAL as usize].class = 1;
        "Hand out a tray".clone_into(&mut server.policy.classes[1].note);
        server.policy.gates[0].list = Some(0);
        server.policy.lists = vec![ListPolicy {
            name: "Buffet".to_owned(),
            classes: Some(vec![1]),
            entries: EntryLimit::Once,
            flags: ListFlags::ADD_ON_MATCH,
            check_out_secs: None,
            rules: Vec::new(),
        }];
        server.publish();
    }
    server
}

#[test]
fn one_code_is_shown_and_what_was_added_to_it_is_checked_in() {
    // S27 S132 S125
    let server = buffet();
    let (north, south) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let code = server.borrow().ticket(MAIN);
    let mut scanner = north.open();
    let scanned = scanner.scan(&Reading::from(code.as_str()), ScanOptions::default());
    let verdict = scanned.verdict;
    assert_eq!(
        (verdict.verdict, verdict.serial),
        (Outcome::Admit, Some(MEAL))
    );
    assert_eq!(verdict.class.as_deref(), Some("Crew"));
    assert!(verdict.durable);
    assert_eq!(scanned.notes, ["No nuts", "Hand out a tray"]);
    assert_eq!(scan(&mut scanner, &code).reason, Reason::AlreadyUsed);
    // Another device believes it: whoever wrote it saw the code.
    north.sync();
    south.sync();
    let mut other = south.open();
    let told = scan(&mut other, &code);
    assert_eq!(
        (told.reason, told.serial),
        (Reason::AlreadyUsed, Some(MEAL))
    );
    assert_eq!(leave(&mut other, &code).reason, Reason::Ok);
    // Opened again, it is as it was.
    drop(scanner);
    assert_eq!(scan(&mut north.open(), &code).reason, Reason::AlreadyUsed);
}

#[test]
fn a_ticket_without_add_ons_does_not_enter_there() {
    // S26 S27
    let server = buffet();
    let device = Device::enrolled(&server, 1);
    let code = server.borrow().ticket(4);
    let verdict = scan(&mut device.open(), &code);
    assert_eq!(
        (verdict.reason, verdict.serial),
        (Reason::WrongClass, Some(4))
    );
    // Taken off again, the add-on goes with the next snapshot.
    server.borrow_mut().extras.clear();
    server.borrow_mut().publish();
    device.sync();
    let code = server.borrow().ticket(MAIN);
    assert_eq!(scan(&mut device.open(), &code).reason, Reason::WrongClass);
}

#[test]
fn an_add_on_that_came_in_by_a_ticket_newer_than_the_list_counts_once_the_list_is_here() {
    // S27 V6, ADR 0004
    let server = buffet();
    let (north, south) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let mut other = south.open();
    {
        let mut server = server.borrow_mut();
        let again = server.row(MAIN, 2);
        server.rows[MAIN as usize] = again;
        server.publish();
    }
    let code = {
        let server = server.borrow();
        server.token(&server.payload(MAIN, 2)).to_digits()
    };
    north.sync();
    let verdict = scan(&mut north.open(), &code);
    assert_eq!(
        (verdict.verdict, verdict.serial),
        (Outcome::Admit, Some(MEAL))
    );
    north.sync();
    let cut = &mut Wire::cut_after(&server, 1, false);
    south.try_sync(cut).expect_err("the line broke");
    assert_eq!(other.status().expect("a status").contradicted, 1);
    south.sync();
    assert_eq!(scan(&mut other, &code).reason, Reason::AlreadyUsed);
    assert_eq!(other.status().expect("a status").contradicted, 0);
}
