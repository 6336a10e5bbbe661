//! Items 66 to 77: codes that turn. T1M, which turns by a key in every scanner (74, 75), is not in use.

use ed25519_dalek::Signer;
use shared::ids::EventId;
use shared::ticket::chain::{LATE_STEPS, steps};
use shared::ticket::digits::DigitsError;
use shared::ticket::{Chain, FrameError, Link, TicketError, TicketType, event_hint};

use super::{Expect, Row};
use crate::fixture::{
    DIGITS, DOMAIN, LAST_LINK, LAST_STEP, anchor, chain, code, event, key, message, other_event,
    other_key, payload, rotating, signed_with,
};

const CHAIN_DOMAIN: &[u8] = b"TKT1.chain\0";
const ADMISSION: &str = "admission: the gate knows the time and what it saw";

pub(super) fn rows() -> Vec<Row> {
    [
        steps_and_reveals(),
        other_chains(),
        frames(),
        by_mac(),
        at_the_gate(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn not_revealed(item: u8, what: &str, bytes: impl Into<Vec<u8>>) -> Row {
    Row::bytes(item, what, bytes, Expect::Refused(TicketError::Reveal))
}

fn shown(step: u16, reveal: Link) -> Vec<u8> {
    rotating().show(step, reveal).as_bytes().to_vec()
}

fn reveal(step: u16) -> Link {
    chain().walk(LAST_STEP, step, LAST_LINK)
}

/// Signed by the right key, with an anchor of one's choice.
fn signed(domain: &[u8], event: EventId, payload: &[u8], anchor: Link) -> Vec<u8> {
    let body = [payload, &anchor.0].concat();
    let signature = key().sign(&message(domain, event, &body)).to_bytes();
    [&body[..], &signature].concat()
}

fn with_code(signed: &[u8], step: u16, reveal: Link) -> Vec<u8> {
    [signed, &step.to_be_bytes(), &reveal.0].concat()
}

/// Items 66 to 69 and 73.
fn steps_and_reveals() -> Vec<Row> {
    let last = steps(payload().not_before, payload().not_after).expect("fits");
    assert_eq!(last, 40 * 30 + LATE_STEPS);
    vec![
        not_revealed(66, "the anchor as reveal of step 0", shown(0, anchor())),
        not_revealed(66, "the anchor as reveal of step 1", shown(1, anchor())),
        not_revealed(67, "a real link as step 0", shown(0, reveal(1))),
        not_revealed(68, "step 65535", shown(u16::MAX, LAST_LINK)),
        not_revealed(
            68,
            "a true reveal beyond the window",
            shown(last + 1, reveal(last + 1)),
        ),
        not_revealed(69, "step too high by one", shown(1001, reveal(1000))),
        not_revealed(69, "step too low by one", shown(999, reveal(1000))),
        not_revealed(
            73,
            "an anchor of zeros",
            with_code(
                &signed(CHAIN_DOMAIN, event(), &code(1)[..19], Link([0; 16])),
                1000,
                reveal(1000),
            ),
        ),
    ]
}

/// Item 72, and 48 for this domain.
fn other_chains() -> Vec<Row> {
    let mut rows = Vec::new();
    let strangers = [
        (
            "serial",
            Chain {
                serial: 48_214,
                ..chain()
            },
        ),
        (
            "generation",
            Chain {
                generation: 2,
                ..chain()
            },
        ),
        (
            "event",
            Chain {
                event: other_event(),
                ..chain()
            },
        ),
    ];
    for (what, stranger) in strangers {
        // Same seed: only the place in the hash tells the chains apart.
        let reveal = stranger.walk(LAST_STEP, 1000, LAST_LINK);
        rows.push(not_revealed(
            72,
            &format!("the chain of another {what}"),
            shown(1000, reveal),
        ));
    }
    let payload = &code(1)[..19];
    let static_domain = signed(DOMAIN, event(), payload, anchor());
    let elsewhere = signed(CHAIN_DOMAIN, other_event(), payload, anchor());
    let mut foreign_anchor = rotating().as_bytes().to_vec();
    foreign_anchor[19..35].copy_from_slice(&chain().walk(LAST_STEP, 0, Link([0x22; 16])).0);
    for (what, bytes) in [
        ("signed under the static domain", static_domain),
        ("signed for another event", elsewhere),
        ("with an anchor of one's own", foreign_anchor),
    ] {
        rows.push(Row::forged(48, what, with_code(&bytes, 1000, reveal(1000))));
    }
    let stranger = other_key().sign(&message(CHAIN_DOMAIN, event(), &code(1)[..35]));
    let by_stranger = [&code(1)[..35], &stranger.to_bytes()].concat();
    rows.push(Row::forged(
        48,
        "signed by another key",
        with_code(&by_stranger, 1000, reveal(1000)),
    ));
    rows
}

/// Honestly signed nonsense, and lengths.
fn frames() -> Vec<Row> {
    let with = |changes: &[(usize, u8)]| {
        let mut payload = code(1)[..19].to_vec();
        for (at, byte) in changes {
            payload[*at] = *byte;
        }
        with_code(
            &signed(CHAIN_DOMAIN, event(), &payload, anchor()),
            1000,
            reveal(1000),
        )
    };
    // 364 days: allowed for a static ticket, but no 16-bit step covers them.
    let wide = with(&[(11, 0), (12, 0), (13, 0x88), (14, 0x80)]);
    let hint = event_hint(other_event());
    vec![
        Row::frame(
            30,
            "a byte more",
            [&code(1)[..], &[0]].concat(),
            FrameError::Length,
        ),
        Row::frame(30, "a byte less", &code(1)[..116], FrameError::Length),
        Row::frame(
            33,
            "without step and reveal",
            &code(1)[..99],
            FrameError::Length,
        ),
        Row::forged(
            33,
            "its signed bytes cut to a static ticket",
            with(&[(0, 0x80)])[..83].to_vec(),
        ),
        Row::frame(
            36,
            "a reserved flag",
            with(&[(15, 0x45)]),
            FrameError::Reserved,
        ),
        Row::frame(39, "a window of 364 days", wide, FrameError::Window),
        Row::frame(
            44,
            "generation 255",
            with(&[(7, 255)]),
            FrameError::Generation,
        ),
        Row::frame(
            45,
            "the hint of another event",
            with(&[(2, hint[0]), (3, hint[1])]),
            FrameError::Hint,
        ),
    ]
}

/// Items 74 and 75: a code that anybody with the scanners' key could make opens nothing, whatever its
/// MAC; nor does a ticket with a wallet's time and TOTP behind it.
fn by_mac() -> Vec<Row> {
    let with_mac = |len: usize| {
        let mut bytes = signed_with(&[(0, 0x82)]).to_vec();
        bytes.resize(len, 0x4D);
        bytes
    };
    let unsupported = FrameError::Unsupported(TicketType::Mac);
    vec![
        Row::frame(74, "a MAC of 8 bytes", with_mac(93), unsupported),
        Row::frame(74, "cut to 4", with_mac(89), FrameError::Length),
        Row::text(
            75,
            "time and TOTP behind the digits",
            format!("{DIGITS}179000000012345678"),
            DigitsError::Length,
        ),
        Row::text(
            75,
            "TOTP alone",
            format!("{DIGITS}12345678"),
            DigitsError::Length,
        ),
    ]
}

/// Well-formed codes that only a gate can refuse: `tests/admission/turning.rs`.
fn at_the_gate() -> Vec<Row> {
    let row = |item, what: &str| Row::bytes(item, what, code(1000), Expect::PassesHere(ADMISSION));
    vec![
        row(70, "the same step again"),
        row(71, "a smaller step after a larger one"),
        row(76, "a step counted in the wrong time zone"),
        row(
            77,
            "leap seconds, DST, the year 2038, a gate's clock at 1970",
        ),
    ]
}

#[test]
fn a_chained_payload_is_no_static_one() {
    // T9
    let payload = code(1)[..19].try_into().expect("19 bytes");
    assert_eq!(
        shared::ticket::Payload::decode(&payload),
        Err(FrameError::Unsupported(TicketType::Chain))
    );
}
