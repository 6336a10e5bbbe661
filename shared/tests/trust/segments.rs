//! Segments and ticket rows. // corpus 87 88 89

use shared::limits::SEGMENT_TICKETS;
use shared::ticket::{CodeIndex, Flags, ScanCommitment};
use shared::trust::segment::SEGMENT_BYTES_MAX;
use shared::trust::{
    CodeRow, Codes, Extra, Segment, SegmentKind, SegmentRef, TicketRow, TicketRowStatus,
    TicketTerms, TrustError,
};

use crate::fixture::{codes, event, extras, holders, row, seats, terms, tickets};

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) reference: SegmentRef,
    pub(crate) wire: Vec<u8>,
    pub(crate) outcome: Result<(), TrustError>,
}

impl Case {
    pub(crate) fn run(&self) -> Result<(), TrustError> {
        Segment::open(&self.reference, &self.wire).map(|_| ())
    }
}

/// A reference that fits the bytes, whatever they are.
pub(crate) fn reference(kind: SegmentKind, index: u32, wire: &[u8]) -> SegmentRef {
    SegmentRef {
        kind,
        index,
        hash: *blake3::hash(wire).as_bytes(),
        bytes: u32::try_from(wire.len()).expect("a u32"),
    }
}

fn segment(
    name: &'static str,
    segment: &Segment,
    index: u32,
    outcome: Result<(), TrustError>,
) -> Case {
    Case {
        name,
        reference: segment.reference(index),
        wire: segment.to_wire(),
        outcome,
    }
}

fn raw(name: &'static str, kind: SegmentKind, wire: &[u8], why: &'static str) -> Case {
    Case {
        name,
        reference: reference(kind, 0, wire),
        wire: wire.to_vec(),
        outcome: Err(TrustError::Malformed(why)),
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "a table of cases is read from top to bottom"
)]
pub(crate) fn cases() -> Vec<Case> {
    let refused = |why| Err(TrustError::Malformed(why));
    let mut longer = segment("a byte more", &seats(), 0, refused("segment length"));
    longer.wire.push(0);
    let mut changed = segment("another byte", &seats(), 0, refused("segment hash"));
    changed.wire[3] ^= 1;
    let mut mistaken = segment("another kind", &seats(), 0, refused("segment kind"));
    mistaken.reference.kind = SegmentKind::Tickets;
    let unordered = Segment::Holders(vec![(2, "A".to_owned()), (1, "B".to_owned())]);
    let twice = Segment::Holders(vec![(1, "A".to_owned()), (1, "B".to_owned())]);
    let long_name = Segment::Holders(vec![(0, "x".repeat(101))]);
    vec![
        segment("tickets", &tickets(), 0, Ok(())),
        segment("no tickets", &Segment::of_rows(&[]), 0, Ok(())),
        segment("seats", &seats(), 0, Ok(())),
        segment("holders", &holders(), 1, Ok(())),
        segment("extras", &extras(), 1, Ok(())),
        segment(
            "extras of another segment",
            &extras(),
            0,
            refused("extra outside the segment"),
        ),
        segment(
            "an extra that says nothing",
            &Segment::Extras(vec![(3, Extra::default())]),
            0,
            refused("an extra that says nothing"),
        ),
        segment(
            "an add-on to itself",
            &carried(|extra| extra.added_to = Some(1025)),
            1,
            refused("added to no ticket"),
        ),
        segment(
            "an add-on without terms",
            &carried(|extra| extra.terms = None),
            1,
            refused("terms that no ticket has"),
        ),
        segment(
            "terms without need",
            &carried(|extra| {
                extra.added_to = None;
                extra.media.clear();
            }),
            1,
            refused("terms that no ticket has"),
        ),
        segment(
            "an add-on with unknown flags",
            &carried(|extra| {
                extra.terms = extra.terms.map(|terms| TicketTerms {
                    flags: 0x80,
                    ..terms
                });
            }),
            1,
            refused("terms that no ticket has"),
        ),
        segment("codes", &codes(), 0, Ok(())),
        longer,
        changed,
        mistaken,
        segment(
            "holders of another segment",
            &holders(),
            0,
            refused("holder outside the segment"),
        ),
        segment(
            "holders in disorder",
            &unordered,
            0,
            refused("holders out of order"),
        ),
        segment("a serial twice", &twice, 0, refused("holders out of order")),
        segment("a long name", &long_name, 0, refused("name too long")),
        segment(
            "a long label",
            &Segment::Seats(vec!["x".repeat(101)]),
            0,
            refused("seat label too long"),
        ),
        segment(
            "half a row",
            &Segment::Tickets(vec![0; 24]),
            0,
            refused("half a ticket row"),
        ),
        segment(
            "an unknown status",
            &Segment::Tickets([&[7], [0; 15].as_slice()].concat()),
            0,
            refused("unknown ticket status"),
        ),
        segment(
            "an unknown flag",
            &Segment::Tickets([&[1, 1, 0, 0x20], [0; 12].as_slice()].concat()),
            0,
            refused("reserved bits are set"),
        ),
        segment(
            "a reserved byte",
            &Segment::Tickets([[0; 7].as_slice(), &[1], &[0; 8]].concat()),
            0,
            refused("reserved bits are set"),
        ),
        raw(
            "half a code row",
            SegmentKind::Codes,
            &[0, 4, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0],
            "half a code row",
        ),
        raw(
            "an index without terms",
            SegmentKind::Codes,
            &[0, 4, 0, 9, 0, 7, 7, 7, 7, 7, 7, 7, 7],
            "codes in another form",
        ),
        raw(
            "terms that nobody has",
            SegmentKind::Codes,
            &[0, 4, 1, 0, 4, 8, 0, 0],
            "codes in another form",
        ),
        raw(
            "a window that closes before it opens",
            SegmentKind::Codes,
            &[0, 4, 1, 0, 8, 4, 0, 9, 1, 7, 7, 7, 7, 7, 7, 7, 7],
            "terms that no ticket has",
        ),
        raw("empty", SegmentKind::Seats, &[], "malformed"),
        raw(
            "left over",
            SegmentKind::Seats,
            &[0, 1, 0, 0],
            "bytes left over",
        ),
        raw(
            "an over-long number",
            SegmentKind::Seats,
            &[0, 1, 0x80, 0],
            "not in canonical form",
        ),
        raw(
            "bad UTF-8",
            SegmentKind::Seats,
            &[0, 1, 1, 1, 0xff],
            "malformed",
        ),
        raw(
            "2^32 labels",
            SegmentKind::Seats,
            &[0, 1, 0x80, 0x80, 0x80, 0x80, 0x10],
            "malformed",
        ),
        raw(
            "another version",
            SegmentKind::Seats,
            &[1, 1, 0],
            "malformed",
        ),
    ]
}

/// The add-on of the fixture, changed.
fn carried(change: fn(&mut Extra)) -> Segment {
    let Segment::Extras(mut all) = extras() else {
        unreachable!("extras are extras");
    };
    change(&mut all[1].1);
    Segment::Extras(all)
}

#[test]
fn each_segment_meets_its_outcome() {
    for case in cases() {
        assert_eq!(case.run(), case.outcome, "{}", case.name);
    }
}

#[test]
fn what_was_referred_to_is_what_opens() {
    let all = [
        (tickets(), 0),
        (seats(), 5),
        (holders(), 1),
        (extras(), 1),
        (codes(), 7),
    ];
    for (segment, index) in all {
        let opened = Segment::open(&segment.reference(index), &segment.to_wire());
        assert_eq!(opened, Ok(segment));
    }
}

#[test]
fn rows_are_bounded_by_the_segment() {
    let tickets = usize::try_from(SEGMENT_TICKETS).expect("a usize");
    let open = |segment: &Segment| Segment::open(&segment.reference(0), &segment.to_wire());
    let full = Segment::of_rows(&vec![row(1); tickets]);
    assert_eq!(open(&full), Ok(full.clone()));
    assert_eq!(full.to_wire().len(), 16 * 1024 + 5);
    let over = Segment::of_rows(&vec![row(1); tickets + 1]);
    assert_eq!(open(&over), Err(TrustError::Malformed("too many rows")));
    // Labels are counted while they are read: nothing is built from a list that is too long.
    let labels = Segment::Seats(vec![String::new(); tickets + 1]);
    assert_eq!(open(&labels), Err(TrustError::Malformed("malformed")));
    let names = |serial| (serial, "ă".repeat(100));
    let largest = Segment::Holders((0..SEGMENT_TICKETS).map(names).collect());
    assert_eq!(open(&largest), Ok(largest.clone()));
}

// corpus 89: a segment is never larger than it says, and never larger than the bound.
#[test]
fn size_is_judged_before_content() {
    let wire = vec![0; SEGMENT_BYTES_MAX + 1];
    assert_eq!(
        Segment::open(&reference(SegmentKind::Seats, 0, &wire), &wire),
        Err(TrustError::Malformed("segment length"))
    );
}

#[test]
fn a_row_is_16_bytes_with_a_place_for_each_field() {
    let row = TicketRow {
        status: TicketRowStatus::Expired,
        generation: 254,
        class: 3,
        flags: 1,
        seat: 0x0001_0203,
        commitment: ScanCommitment([0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7]),
    };
    let bytes = row.encode();
    assert_eq!(hex::encode(bytes), "06fe030101020300a0a1a2a3a4a5a6a7");
    assert_eq!(TicketRow::decode(&bytes), Ok(row));
    assert_eq!(TicketRow::EMPTY.encode(), [0; 16]);
    assert_eq!(TicketRow::decode(&[0; 16]), Ok(TicketRow::EMPTY));
}

#[test]
fn a_seat_beyond_24_bits_is_not_another_seat() {
    let mut row = row(1);
    row.seat = 0x0100_0001;
    assert_eq!(
        TicketRow::decode(&row.encode()),
        Err(TrustError::Malformed("reserved bits are set"))
    );
}

#[test]
fn rows_are_read_in_the_order_of_serials() {
    assert_eq!(
        tickets().rows().collect::<Vec<_>>(),
        [row(1), TicketRow::EMPTY, row(2)]
    );
    assert_eq!(seats().rows().count(), 0);
}

#[test]
fn codes_are_found_by_their_index_and_terms_make_a_payload() {
    // T6
    let Segment::Codes(codes) = codes() else {
        panic!("a segment of codes");
    };
    assert_eq!(codes.find(CodeIndex([0xC2; 8])).collect::<Vec<_>>(), [2]);
    assert_eq!(
        codes.find(CodeIndex([0; 8])).count(),
        0,
        "one that waits is no code"
    );
    assert_eq!(codes.get(1), None);
    assert_eq!(codes.get(3).map(|row| row.index), Some(None));
    assert_eq!(codes.get(4), None);
    let payload = terms(1).payload(event(), 5, &row(2)).expect("a ticket");
    assert_eq!(
        (payload.serial, payload.generation, payload.class),
        (5, 2, 7)
    );
    assert_eq!(
        (payload.not_before, payload.not_after, payload.zones),
        (64, 104, 3)
    );
    assert_eq!(payload.seat, Some(0x000C_0815));
    assert_eq!(payload.flags, Flags::SEAT);
    assert_eq!(terms(1).payload(event(), 5, &TicketRow::EMPTY), None);
}

#[test]
fn more_terms_than_a_byte_can_name_leave_the_last_without_a_code() {
    // T6
    let rows: Vec<Option<CodeRow>> = (0..300_u16)
        .map(|zones| {
            let mut terms = terms(0);
            terms.zones = zones;
            Some(CodeRow {
                terms,
                index: Some(CodeIndex([7; 8])),
            })
        })
        .collect();
    let segment = Segment::Codes(Codes::of(&rows));
    assert_eq!(
        Segment::open(&segment.reference(0), &segment.to_wire()),
        Ok(segment.clone())
    );
    let Segment::Codes(codes) = segment else {
        panic!("a segment of codes");
    };
    assert_eq!(codes.rows().flatten().count(), 255);
}
