//! Wristbands at a device: read like a code, known from the snapshot, believed by other devices.

use scanner_core::{Kind, Outcome, Pin, Reason, ScanOptions, Subject};
use shared::log::{Entry, EntryKind};
use shared::ticket::{MediumId, medium_proof};
use shared::trust::{Extra, MediumLink, TicketTerms};

use crate::device::{Device, leave, scan};
use crate::server::{Server, Shared};
use crate::wire::Wire;

const BAND: &str = "04A22B9A5C6180";

/// One band for each of these tickets.
fn banded(serials: &[u32], active: bool) -> Shared {
    let server = Server::new(10);
    band(&server, serials, active);
    server
}

/// The same from the next list on.
fn band(server: &Shared, serials: &[u32], active: bool) {
    let mut server = server.borrow_mut();
    let event = server.event;
    for serial in serials {
        let link = MediumLink {
            id: MediumId::of(event, medium_proof(event, BAND)),
            active,
            until: None,
        };
        let terms = TicketTerms::of(&server.payload(*serial, 1));
        let extra = Extra {
            media: vec![link],
            terms: Some(terms),
            ..Extra::default()
        };
        server.extras.insert(*serial, extra);
    }
    server.publish();
}

#[test]
fn a_band_stands_for_its_ticket_at_every_device() {
    // S81 S120
    let server = banded(&[3], true);
    let (north, south) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let mut scanner = north.open();
    let verdict = scan(&mut scanner, "04:a2:2b:9a:5c:61:80");
    assert_eq!((verdict.verdict, verdict.serial), (Outcome::Admit, Some(3)));
    assert_eq!(
        (verdict.seat.as_deref(), verdict.durable),
        (Some("A-3"), true)
    );
    assert_eq!(scan(&mut scanner, BAND).reason, Reason::AlreadyUsed);
    north.sync();
    south.sync();
    let mut other = south.open();
    // The band and the code are one ticket, and nobody burns it who saw neither.
    let code = server.borrow().ticket(3);
    assert_eq!(scan(&mut other, &code).reason, Reason::AlreadyUsed);
    assert_eq!(leave(&mut other, BAND).reason, Reason::Ok);
    drop(scanner);
    assert_eq!(scan(&mut north.open(), BAND).reason, Reason::AlreadyUsed);
}

#[test]
fn a_band_that_is_lost_unknown_or_of_two_tickets_lets_nobody_in() {
    // S78 S80 S120 S121
    let lost = Device::enrolled(&banded(&[3], false), 1);
    let mut scanner = lost.open();
    assert_eq!(scan(&mut scanner, BAND).reason, Reason::Blocked);
    assert_eq!(
        scan(&mut scanner, "04A22B9A5C6181").reason,
        Reason::NotATicket
    );
    let both = Device::enrolled(&banded(&[3, 4], true), 2);
    let verdict = scan(&mut both.open(), BAND);
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Refuse, Reason::WrongClass)
    );
    let status = both.open().status().expect("a status");
    assert_eq!(status.entries, 0);
}

#[test]
fn an_entry_by_a_band_that_came_before_its_list_counts_once_the_list_is_here() {
    // S81 V2 V6, ADR 0004
    let server = Server::new(10);
    let (north, south) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let mut other = south.open();
    band(&server, &[3], true);
    north.sync();
    assert_eq!(scan(&mut north.open(), BAND).verdict, Outcome::Admit);
    north.sync();
    // The entries come through; the line breaks before the list does.
    let cut = &mut Wire::cut_after(&server, 1, false);
    south.try_sync(cut).expect_err("the line broke");
    let status = other.status().expect("a status");
    assert_eq!((status.entries_of_others, status.contradicted), (1, 1));
    south.sync();
    let code = server.borrow().ticket(3);
    assert_eq!(scan(&mut other, &code).reason, Reason::AlreadyUsed);
    assert_eq!(scan(&mut other, BAND).reason, Reason::AlreadyUsed);
    let status = other.status().expect("a status");
    assert_eq!((status.contradicted, status.unjudged), (0, 0));
}

const PIN: &str = "482913";

#[test]
fn a_supervisor_lets_in_and_takes_back_by_a_band() {
    // S81 S123 V11
    let server = Server::new(10);
    server.borrow_mut().supervise(PIN);
    band(&server, &[3], true);
    let (north, south) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let mut scanner = north.open();
    let by_band = Subject::Code(BAND.into());
    let pin = Pin::new(PIN);
    assert_eq!(scan(&mut scanner, BAND).verdict, Outcome::Admit);
    let forced = scanner
        .force(&by_band, &pin, ScanOptions::default())
        .expect("done")
        .verdict;
    assert_eq!(
        (forced.verdict, forced.serial, forced.durable),
        (Outcome::Admit, Some(3), true)
    );
    assert_eq!(forced.also, [Reason::AlreadyUsed]);
    drop(scanner);
    north.sync();
    {
        // It is on record as a band that was seen, not as a bare word.
        let server = server.borrow();
        let bodies = server.logs.values().flat_map(|log| &log.bodies);
        let entries = bodies.map(|body| Entry::decode(body).expect("an entry"));
        let told: Vec<_> = entries.map(|of| (of.kind, of.serial, of.proof)).collect();
        let proof = medium_proof(server.event, BAND);
        assert_eq!(
            told,
            [(EntryKind::Admit, 3, proof), (EntryKind::Forced, 3, proof)]
        );
    }
    south.sync();
    let mut other = south.open();
    assert_eq!(other.status().expect("a status").contradicted, 0);
    for undone in ["forced", "admit"] {
        let told = other.undo(&by_band, &pin).expect("done");
        assert_eq!((told.serial, told.undone), (3, undone));
    }
    let error = other.undo(&by_band, &pin).expect_err("nothing is left");
    assert_eq!(error.kind(), Kind::Input);
    assert_eq!(scan(&mut other, BAND).verdict, Outcome::Admit);
    // A band that nobody linked names no ticket.
    let stranger = Subject::Code("04A22B9A5C6181".into());
    let error = other.undo(&stranger, &pin).expect_err("no such band");
    assert_eq!(error.kind(), Kind::Input);
    let refused = other
        .force(&stranger, &pin, ScanOptions::default())
        .expect("answered");
    assert_eq!(refused.verdict.reason, Reason::NotATicket);
}
