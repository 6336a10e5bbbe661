//! Items 30 to 49: the 83 bytes, most of them signed with the right key.

use ed25519_dalek::Signer;
use shared::ids::EventId;
use shared::ticket::{FrameError, TOKEN_LEN, TicketError, TicketType, event_hint};

use super::{Expect, Row};
use crate::fixture::{
    DOMAIN, event, join, key, message, other_event, other_key, payload_bytes, signed_with,
};

/// Item, what it is, changed payload bytes, refusal.
type FieldCase = (u8, &'static str, &'static [(usize, u8)], FrameError);

pub(super) fn rows() -> Vec<Row> {
    [
        types(),
        fields(),
        event_data(),
        other_events(),
        signatures(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Items 30 to 35: byte 0 and the length that it promises.
fn types() -> Vec<Row> {
    let token = signed_with(&[]);
    let mut rows = vec![
        Row::frame(
            30,
            "a byte more",
            [&token[..], &[0]].concat(),
            FrameError::Length,
        ),
        Row::frame(
            33,
            "static bytes under type 1",
            signed_with(&[(0, 0x81)]),
            FrameError::Length,
        ),
        Row::frame(
            34,
            "T1N from a QR code",
            signed_with(&[(0, 0x86)]),
            FrameError::Unsupported(TicketType::MediumBound),
        ),
        Row::bytes(
            35,
            "T1 on a chip",
            token,
            Expect::PassesHere("shared/tests/ticket/chip.rs: what a chip reader takes"),
        ),
    ];
    for kind in 7..=15 {
        let bytes = signed_with(&[(0, 0x80 | kind)]);
        rows.push(Row::frame(31, "unknown type", bytes, FrameError::Type));
    }
    for nibble in [0x00, 0x70, 0x90, 0xF0] {
        let bytes = signed_with(&[(0, nibble)]);
        rows.push(Row::frame(32, "another format", bytes, FrameError::Format));
    }
    let mut chained = token.to_vec();
    chained[0] = 0x81;
    chained.resize(117, 0);
    rows.push(Row::forged(33, "static bytes stretched to type 1", chained));
    for (kind, len) in [(2_u8, 93), (3, 181), (5, 134)] {
        let mut bytes = token.to_vec();
        bytes[0] = 0x80 | kind;
        bytes.resize(len, 0);
        let kind = TicketType::from_byte(bytes[0]).expect("a known type");
        let error = FrameError::Unsupported(kind);
        rows.push(Row::frame(33, "a type not in use", bytes, error));
    }
    rows
}

/// Items 36 to 39 and 44, and serial 2^24-1 of 42: honestly signed nonsense.
fn fields() -> Vec<Row> {
    let cases: [FieldCase; 11] = [
        (36, "bit 6", &[(15, 0x45)], FrameError::Reserved),
        (36, "bit 7", &[(15, 0x85)], FrameError::Reserved),
        (37, "seat without its flag", &[(15, 0x04)], FrameError::Seat),
        (
            37,
            "one seat bit",
            &[(15, 4), (16, 0), (17, 0), (18, 1)],
            FrameError::Seat,
        ),
        (
            38,
            "not after = not before",
            &[(14, 0x40)],
            FrameError::Window,
        ),
        (
            38,
            "not after < not before",
            &[(14, 0x3F)],
            FrameError::Window,
        ),
        (
            39,
            "682 days",
            &[(12, 0), (13, 0xFF), (14, 0xFF)],
            FrameError::Window,
        ),
        (
            39,
            "366 days and a quarter",
            &[(12, 0), (13, 0x89), (14, 0x41)],
            FrameError::Window,
        ),
        (
            42,
            "serial 2^24-1",
            &[(4, 0xFF), (5, 0xFF), (6, 0xFF)],
            FrameError::Serial,
        ),
        (44, "generation 0", &[(7, 0)], FrameError::Generation),
        (44, "generation 255", &[(7, 255)], FrameError::Generation),
    ];
    cases
        .into_iter()
        .map(|(item, what, changes, error)| Row::frame(item, what, signed_with(changes), error))
        .collect()
}

/// Items 40 to 43 and 47: good tickets, as far as bytes tell.
fn event_data() -> Vec<Row> {
    let class = Expect::PassesHere("admission: a class that the policy lacks");
    let zones = Expect::PassesHere("admission: zones beyond the policy's");
    let issued = Expect::PassesHere(
        "admission: beyond the keyring entry's range, which ends with the stock",
    );
    let range = Expect::PassesHere("admission: serial outside the keyring entry's range");
    let status = Expect::PassesHere("trust and admission: key status and issued list");
    let forged = Expect::Refused(TicketError::Signature);
    let token = signed_with(&[]);
    vec![
        Row::bytes(40, "class 200", signed_with(&[(8, 200)]), class),
        Row::bytes(
            41,
            "all zone bits",
            signed_with(&[(9, 0xFF), (10, 0xFF)]),
            zones,
        ),
        Row::bytes(
            42,
            "the highest serial",
            signed_with(&[(4, 0xFF), (5, 0xFF), (6, 0xFE)]),
            issued,
        ),
        Row::bytes(43, "serial 0", signed_with(&[(5, 0), (6, 0)]), range),
        Row::bytes(47, "right key, any status", token, status),
        Row::bytes_for(
            47,
            "the key of another slot",
            token,
            (event(), other_key().verifying_key()),
            forged,
        ),
    ]
}

/// Items 45 and 46: tickets of another event under the same key.
fn other_events() -> Vec<Row> {
    let ours = (event(), key().verifying_key());
    let twin = same_hint_as(event());
    let foreign = sign_for(other_event(), event_hint(other_event()));
    let disguised = sign_for(other_event(), event_hint(event()));
    let mislabelled = sign_for(event(), event_hint(other_event()));
    let of_twin = sign_for(twin, event_hint(twin));
    let at_twin = (twin, ours.1);
    let forged = || Expect::Refused(TicketError::Signature);
    let hint = Expect::Refused(TicketError::Frame(FrameError::Hint));
    let routing = Expect::PassesHere("admission: equal hints, the signature tells the event");
    vec![
        Row::bytes_for(45, "another event's ticket", foreign, ours, forged()),
        Row::bytes_for(45, "the same with our hint", disguised, ours, forged()),
        Row::bytes_for(45, "ours with the other hint", mislabelled, ours, hint),
        Row::bytes_for(
            46,
            "equal hints, the other event's",
            of_twin,
            ours,
            forged(),
        ),
        Row::bytes_for(
            46,
            "equal hints, ours at the other",
            signed_with(&[]),
            at_twin,
            forged(),
        ),
        Row::bytes_for(
            46,
            "equal hints, at its own event",
            of_twin,
            at_twin,
            routing,
        ),
    ]
}

fn sign_for(event: EventId, hint: [u8; 2]) -> [u8; TOKEN_LEN] {
    let mut payload = payload_bytes();
    payload[2..4].copy_from_slice(&hint);
    let signature = key().sign(&message(DOMAIN, event, &payload));
    join(&payload, &signature.to_bytes())
}

/// Another event that routes alike: 16 bits are found soon.
fn same_hint_as(event: EventId) -> EventId {
    (1..10_000_000_u128)
        .map(|number| EventId::from_bytes(number.to_be_bytes()))
        .find(|other| event_hint(*other) == event_hint(event))
        .expect("one in 65,536")
}

/// Items 48 and 49: the right key over other bytes, and every flipped bit.
fn signatures() -> Vec<Row> {
    let payload = payload_bytes();
    let without_uuid = [DOMAIN, &payload].concat();
    let messages = [
        ("TKT1.chain", message(b"TKT1.chain\0", event(), &payload)),
        ("no domain", message(b"", event(), &payload)),
        (
            "domain without its zero",
            message(b"TKT1.static", event(), &payload),
        ),
        ("no uuid", without_uuid),
        ("another uuid", message(DOMAIN, other_event(), &payload)),
        ("payload alone", payload.to_vec()),
    ];
    let mut rows: Vec<Row> = messages
        .into_iter()
        .map(|(what, message)| {
            Row::forged(48, what, join(&payload, &key().sign(&message).to_bytes()))
        })
        .collect();
    let token = signed_with(&[]);
    for bit in 0..TOKEN_LEN * 8 {
        let mut flipped = token;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let expect = match bit {
            // Byte 0 is read before the signature: its type, then its format.
            0..=2 => FrameError::Length.into(),
            3 => FrameError::Type.into(),
            4..=7 => FrameError::Format.into(),
            _ => TicketError::Signature,
        };
        let what = format!("bit {bit}");
        rows.push(Row::bytes(49, &what, flipped, Expect::Refused(expect)));
    }
    rows
}

#[test]
fn all_664_bits_are_flipped() {
    let flips = signatures().iter().filter(|row| row.item == 49).count();
    assert_eq!(flips, 664);
}
