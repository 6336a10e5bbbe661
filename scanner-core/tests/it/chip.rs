//! Wristbands at a device (T7): decided, recorded and synced as any ticket.

use scanner_core::chip::Chip;
use scanner_core::{Outcome, Reason, ScanOptions, Scanner, Verdict};
use shared::ticket::{ChipUid, MediumId, ScanProof, medium_proof, sign_chip};
use shared::trust::{Extra, MediumLink, TicketTerms};

use crate::device::{Device, scan};
use crate::server::{Server, Shared};

fn uid(last: u8) -> ChipUid {
    ChipUid::new(&[0x04, 0xA2, 0x24, 0x5A, 0x71, 0x6C, last]).expect("a uid")
}

/// The wristband of a serial, in its second generation: what was shown before is dead.
fn band(server: &Shared, serial: u32) -> Chip {
    let server = server.borrow();
    let token = sign_chip(
        server.issuing(),
        server.event,
        &server.payload(serial, 2),
        &uid(1),
    );
    Chip {
        uid: uid(1),
        ticket: Some(token.expect("signs").as_bytes().to_vec()),
    }
}

fn hold(scanner: &mut Scanner, chip: &Chip) -> Verdict {
    let scanned = scanner.scan_chip(chip, ScanOptions::default());
    assert!(scanned.error.is_none(), "{:?}", scanned.error);
    scanned.verdict
}

#[test]
fn a_wristband_comes_in_once_and_kills_the_code_it_replaced() {
    // T7 T3 S78
    let server = Server::new(10);
    let (first, second) = (Device::enrolled(&server, 1), Device::enrolled(&server, 2));
    let (mut a, mut b) = (first.open(), second.open());
    let chip = band(&server, 4);
    let code = server.borrow().ticket(4);
    let verdict = hold(&mut a, &chip);
    assert_eq!((verdict.verdict, verdict.durable), (Outcome::Admit, true));
    assert_eq!((verdict.serial, verdict.generation), (Some(4), Some(2)));
    assert_eq!(hold(&mut a, &chip).reason, Reason::AlreadyUsed);
    assert_eq!(scan(&mut a, &code).reason, Reason::Reissued);
    // The list tells the other gate, and the entry counts there.
    let proof = {
        let server = server.borrow();
        let token = sign_chip(
            server.issuing(),
            server.event,
            &server.payload(4, 2),
            &uid(1),
        );
        ScanProof::of_token(server.event, &token.expect("signs"))
    };
    {
        let mut server = server.borrow_mut();
        let commitment = proof.commitment(server.event, 4, 2);
        let row = &mut server.rows[4];
        row.generation = 2;
        row.commitment = commitment;
        server.publish();
    }
    first.sync();
    second.sync();
    assert_eq!(hold(&mut b, &chip).reason, Reason::AlreadyUsed);
    assert_eq!(scan(&mut b, &code).reason, Reason::Reissued);
    assert_eq!(b.status().expect("a status").contradicted, 0);
}

#[test]
fn copies_and_strangers_chips_are_refused_and_leave_no_trace() {
    // T7 corpus 34 35
    let server = Server::new(10);
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let good = band(&server, 4);
    let copy = Chip {
        uid: uid(2),
        ..good.clone()
    };
    assert_eq!(hold(&mut scanner, &copy).reason, Reason::BadSignature);
    let still = {
        let server = server.borrow();
        server.token(&server.payload(4, 1)).as_bytes().to_vec()
    };
    for ticket in [None, Some(still), Some(Vec::new()), Some(vec![0x86; 83])] {
        let chip = Chip {
            uid: uid(1),
            ticket,
        };
        let verdict = hold(&mut scanner, &chip);
        assert_eq!(verdict.verdict, Outcome::Refuse, "{verdict:?}");
        assert!(!verdict.explanation.is_empty());
    }
    let printed = shared::ticket::digits::encode(&good.ticket.expect("a ticket"));
    assert_eq!(scan(&mut scanner, &printed).reason, Reason::NotATicket);
    assert_eq!(scanner.status().expect("a status").entries, 0);
}

#[test]
fn a_passive_band_is_its_number_and_the_list_knows_whose() {
    // T7 S78 S81
    let server = Server::new(10);
    {
        let mut server = server.borrow_mut();
        let proof = medium_proof(server.event, &uid(1).to_hex());
        let link = MediumLink {
            id: MediumId::of(server.event, proof),
            active: true,
            until: None,
        };
        let extra = Extra {
            media: vec![link],
            terms: Some(TicketTerms::of(&server.payload(3, 1))),
            ..Extra::default()
        };
        server.extras.insert(3, extra);
        server.publish();
    }
    let device = Device::enrolled(&server, 1);
    let mut scanner = device.open();
    let band = |last| Chip {
        uid: uid(last),
        ticket: None,
    };
    let verdict = hold(&mut scanner, &band(1));
    assert_eq!((verdict.verdict, verdict.serial), (Outcome::Admit, Some(3)));
    assert_eq!(hold(&mut scanner, &band(1)).reason, Reason::AlreadyUsed);
    assert_eq!(hold(&mut scanner, &band(2)).reason, Reason::NotATicket);
    // A ticket on the chip that is somebody else's does not fall back on the number.
    let copied = Chip {
        uid: uid(1),
        ..self::band(&server, 4)
    };
    assert_eq!(hold(&mut scanner, &copied).serial, Some(4));
}
