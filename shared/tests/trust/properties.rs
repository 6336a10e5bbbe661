//! Properties over arbitrary rows, segments, statements and bytes. // corpus 49 88

use proptest::collection::vec;
use proptest::prelude::*;
use shared::ids::EventId;
use shared::ticket::ScanCommitment;
use shared::time::Timestamp;
use shared::trust::enrolment::{EnrolmentLink, code_from_random, normalise_code};
use shared::trust::{
    Header, Keyring, Manifest, Root, RootPin, Roster, Segment, SegmentKind, Signed, Statement,
    StatementKind, TicketRow, open,
};

use crate::fixture::{
    EXPIRES, NOW, authority, event, expected, holders, keyring, manifest, root, roster, sealed,
    seats, signed_bytes, statement, statement_bytes, tickets,
};
use crate::segments::reference;

prop_compose! {
    fn rows()(
        status in 0_u8..7,
        fields in any::<[u8; 2]>(),
        flags in proptest::sample::select(vec![0_u8, 1, 0x10, 0x11]),
        seat in 0_u32..1 << 24,
        commitment in any::<[u8; 8]>(),
    ) -> TicketRow {
        let mut bytes = [0; TicketRow::LEN];
        bytes[0] = status;
        let row = TicketRow::decode(&bytes).expect("a status");
        let [generation, class] = fields;
        TicketRow { generation, class, flags, seat, commitment: ScanCommitment(commitment), ..row }
    }
}

fn kinds() -> impl Strategy<Value = SegmentKind> {
    prop_oneof![
        Just(SegmentKind::Tickets),
        Just(SegmentKind::Seats),
        Just(SegmentKind::Holders)
    ]
}

fn segments() -> impl Strategy<Value = (Segment, u32)> {
    prop_oneof![
        (vec(rows(), 0..40), any::<u32>())
            .prop_map(|(rows, index)| (Segment::of_rows(&rows), index)),
        (vec(".{0,20}", 0..40), any::<u32>())
            .prop_map(|(labels, index)| (Segment::Seats(labels), index)),
        (
            proptest::collection::btree_map(0_u32..1024, ".{0,20}", 0..40),
            0_u32..1000
        )
            .prop_map(|(names, index)| {
                let place = |(offset, name)| (index * 1024 + offset, name);
                (
                    Segment::Holders(names.into_iter().map(place).collect()),
                    index,
                )
            }),
    ]
}

proptest! {
    #[test]
    fn rows_survive(row in rows()) {
        prop_assert_eq!(TicketRow::decode(&row.encode()), Ok(row));
    }

    #[test]
    fn an_accepted_row_is_the_only_one(bytes in any::<[u8; 16]>()) {
        if let Ok(row) = TicketRow::decode(&bytes) {
            prop_assert_eq!(row.encode(), bytes);
        }
    }

    #[test]
    fn segments_survive((segment, index) in segments()) {
        let opened = Segment::open(&segment.reference(index), &segment.to_wire());
        prop_assert_eq!(opened, Ok(segment));
    }

    #[test]
    fn headers_survive(
        id in any::<[u8; 16]>(),
        version in 1_u64..,
        created in any::<i64>(),
        previous in any::<[u8; 32]>(),
    ) {
        let header = Header {
            kind: StatementKind::Keyring,
            event: EventId::from_bytes(id),
            version,
            created: Timestamp::from_millis(created),
            expires: EXPIRES,
            previous: (version > 1).then_some(previous),
        };
        let signed = sealed(&Statement { header: header.clone(), body: keyring() }, &[1]);
        let mut expected = expected(StatementKind::Keyring);
        expected.event = header.event;
        let opened = open::<Keyring>(&signed, &authority(&[1], 1), &expected);
        prop_assert_eq!(opened.map(|opened| opened.header), Ok(header));
    }

    #[test]
    fn codes_survive(random in any::<[u8; 10]>()) {
        let code = code_from_random(random);
        prop_assert_eq!(normalise_code(&code.to_lowercase()), Some(code));
    }

    #[test]
    fn texts_never_panic(text in ".{0,80}", fragment in "[cre=&0-9A-Za-z-]{0,80}") {
        let from_text = EnrolmentLink::parse(&text);
        prop_assert!(from_text.is_err(), "no link without its path: {}", text);
        if let Ok(link) = EnrolmentLink::parse(&format!("https://a.b/enrol#{fragment}")) {
            prop_assert_eq!(EnrolmentLink::parse(&link.to_url()), Ok(link));
        }
        if let Some(code) = normalise_code(&text) {
            prop_assert_eq!(normalise_code(&code), Some(code));
        }
    }

    #[test]
    fn bytes_never_panic_and_have_one_meaning(bytes in vec(any::<u8>(), 0..300), kind in kinds()) {
        if let Ok(signed) = Signed::from_wire(&bytes) {
            prop_assert_eq!(signed.to_wire(), bytes.clone());
        }
        if let Ok(segment) = Segment::open(&reference(kind, 0, &bytes), &bytes) {
            prop_assert_eq!(segment.to_wire(), bytes);
        }
    }

    // What an insider with the keys could sign: read without a panic, and only in canonical form.
    #[test]
    fn signed_garbage_never_panics(
        tail in vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        bodies in 0_u8..4,
    ) {
        let (kind, mut bytes) = some_statement(bodies);
        bytes.truncate(at.index(bytes.len()) + 1);
        bytes.extend(tail);
        let signed = signed_bytes(bytes.clone(), &[1]);
        for outcome in open_as(kind, &signed) {
            prop_assert!(outcome.is_none_or(|again| again == bytes));
        }
        let pinned = Root::open_pinned(&signed, event(), RootPin::of(&signed), NOW);
        prop_assert!(pinned.is_err(), "the keys that a root names have not signed");
    }

    // corpus 49 in spirit: no byte of a signed statement is without effect.
    #[test]
    fn every_changed_byte_is_noticed(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut wire = sealed(&statement(5), &[1, 2]).to_wire();
        let at = at.index(wire.len());
        wire[at] ^= change;
        let opened = Signed::from_wire(&wire).and_then(|signed| {
            let expected = expected(StatementKind::Keyring);
            open::<Keyring>(&signed, &authority(&[1, 2], 2), &expected)
        });
        prop_assert!(opened.is_err());
    }

    #[test]
    fn every_changed_byte_of_a_segment_is_noticed(
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
        which in 0_usize..3,
    ) {
        let segment = [tickets(), seats(), holders()][which].clone();
        let mut wire = segment.to_wire();
        let at = at.index(wire.len());
        wire[at] ^= change;
        prop_assert!(Segment::open(&segment.reference(1), &wire).is_err());
        // And with a hash that fits: another value, or refused.
        if let Ok(other) = Segment::open(&reference(segment.kind(), 1, &wire), &wire) {
            prop_assert_ne!(other, segment);
        }
    }
}

fn some_statement(which: u8) -> (StatementKind, Vec<u8>) {
    fn bytes<T: serde::Serialize>(kind: StatementKind, body: T) -> (StatementKind, Vec<u8>) {
        let header = crate::fixture::header(kind, 1);
        (kind, statement_bytes(&Statement { header, body }))
    }
    match which {
        0 => bytes(StatementKind::Root, root()),
        1 => bytes(StatementKind::Keyring, keyring()),
        2 => bytes(StatementKind::Roster, roster()),
        _ => bytes(StatementKind::Snapshot, manifest()),
    }
}

/// The bytes that each accepted reading would write.
fn open_as(kind: StatementKind, signed: &Signed) -> [Option<Vec<u8>>; 4] {
    fn read<T>(kind: StatementKind, signed: &Signed) -> Option<Vec<u8>>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        let opened = open::<T>(signed, &authority(&[1], 1), &expected(kind)).ok()?;
        let (header, body) = (opened.header, opened.body);
        Some(statement_bytes(&Statement { header, body }))
    }
    [
        read::<Root>(kind, signed),
        read::<Keyring>(kind, signed),
        read::<Roster>(kind, signed),
        read::<Manifest>(kind, signed),
    ]
}

// The same without chance: each bit of a small statement.
#[test]
fn every_flipped_bit_of_a_statement_is_noticed() {
    let wire = sealed(&statement(1), &[1]).to_wire();
    let authority = authority(&[1], 1);
    for bit in 0..wire.len() * 8 {
        let mut wire = wire.clone();
        wire[bit / 8] ^= 1 << (bit % 8);
        let opened = Signed::from_wire(&wire).and_then(|signed| {
            open::<Keyring>(&signed, &authority, &expected(StatementKind::Keyring))
        });
        assert!(opened.is_err(), "bit {bit}");
    }
}
