//! What a text turns out to be before anything is known of tickets: S4, S73, corpus 1 to 30.

use shared::admission::{Presented, Reason};
use shared::ticket::digits;

use crate::fixture::World;

const EVENING: &str = "2026-05-02T11:00:00Z";

fn reason(text: &str) -> Option<Reason> {
    match World::new().present(text, EVENING) {
        Presented::Refused(reason) => Some(reason),
        Presented::Ticket { .. } | Presented::Found { .. } => None,
    }
}

fn good() -> String {
    let world = World::new();
    world.text(&world.ticket())
}

#[test]
fn a_good_text_is_a_ticket() {
    let world = World::new();
    match world.present(&good(), EVENING) {
        Presented::Ticket { payload, token } => {
            assert_eq!(payload, world.ticket());
            assert_eq!(token.to_digits(), good());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_codes_are_not_tickets() {
    // S4, corpus 1, 2, 19, 22 to 29
    let long = "3".repeat(10_000_000);
    for text in [
        "",
        "7",
        "4006381333931",
        "12345678901234",
        "https://example.org/t/3603302212598075700289171742670848",
        "HC1:NCFOXN%TSMAHN-H3ZSUZK+.V0ET9%6-AH-8R",
        "shc:/56762909524320603460292437404460312229595326546034602925",
        "mdoc:owBjMS4wAYIB2BhYS6QBAiABIVgg",
        "b64::123456::123456::1790000000",
        "7EI30P1QTMYSV5LN 10%D6",
        "::",
        "GGW",
        "qjC+fhlDqx/8cL5e0oKbLs8o0yV2bHkGm2cA==",
        &"7".repeat(25),
        long.as_str(),
    ] {
        let shown: String = text.chars().take(40).collect();
        assert_eq!(reason(text), Some(Reason::NotATicket), "{shown}");
    }
}

#[test]
fn tickets_that_lost_or_gained_digits_are_misread() {
    // corpus 3, 4, 5, 6, 9, 10, 20, 21
    let good = good();
    let mut all_nines = "9".repeat(202);
    let cut_and_next = format!("{}{}", &good[..90], &good);
    let two = format!("{good}{good}");
    let mut letter = good.clone();
    letter.replace_range(50..51, "O");
    let spaced = format!("{} {}", &good[..100], &good[100..]);
    for text in [
        &good[1..],
        &good[..201],
        &format!("{good}0"),
        &good[..100],
        &all_nines,
        &two,
        &cut_and_next,
        &letter,
        &spaced,
        &format!("{good}\u{feff}"),
    ] {
        assert_eq!(reason(text), Some(Reason::Misread), "{text}");
    }
    all_nines.truncate(17);
    assert_eq!(reason(&all_nines), Some(Reason::NotATicket));
}

#[test]
fn a_substituted_digit_is_seen_as_misread_or_not_confirmed() {
    // S73
    let good = good();
    for at in 20..202 {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = b'0' + (bytes[at] - b'0' + 1) % 10;
        let text = String::from_utf8(bytes).expect("digits");
        assert!(
            matches!(
                reason(&text),
                Some(Reason::Misread | Reason::BadSignature | Reason::UnknownKey)
            ),
            "digit {at}"
        );
    }
}

#[test]
fn other_ticket_types_are_read_but_not_used_here() {
    // corpus 31, 32: 93 bytes of a ticket with a MAC; and types that do not exist.
    let mut with_mac = vec![0x55; 93];
    with_mac[0] = 0x82;
    assert_eq!(reason(&digits::encode(&with_mac)), Some(Reason::NotATicket));
    let mut unknown = vec![0x55; 83];
    for first in [0x87, 0x8F, 0x00, 0x70, 0xF0] {
        unknown[0] = first;
        assert_eq!(
            reason(&digits::encode(&unknown)),
            Some(Reason::Misread),
            "{first:02x}: of a ticket's length, so rather a ticket read badly"
        );
    }
}
