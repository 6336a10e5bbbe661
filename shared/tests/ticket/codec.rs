//! Digits, layout, windows and proofs: single facts that the other suites rest on.
// T1

use shared::ids::EventId;
use shared::limits::{SERIAL_MAX, TICKET_TEXT_BYTES_MAX};
use shared::ticket::digits::{DigitsError, bytes_len, decode, decode_fixed, digits_len, encode};
use shared::ticket::layout::{
    SEAT_INDEX_MAX, WINDOW_UNITS_MAX, window_time, window_unit_ceil, window_unit_floor,
};
use shared::ticket::{
    Flags, FrameError, Payload, ProofStanding, ScanCommitment, ScanProof, Token, proof_standing,
};
use shared::time::Timestamp;

use crate::fixture::{DIGITS, event, other_event, payload};

#[test]
fn digits_of_each_tail_length() {
    let cases: [(&[u8], &str); 8] = [
        (&[0], "000"),
        (&[1, 2], "00258"),
        (&[1, 2, 3], "00066051"),
        (&[1, 2, 3, 4], "0016909060"),
        (&[1, 2, 3, 4, 5], "0004328719365"),
        (&[1, 2, 3, 4, 5, 6], "001108152157446"),
        (&[0xFF; 7], "72057594037927935"),
        (&[0; 8], "00000000000000000000"),
    ];
    for (bytes, text) in cases {
        assert_eq!(encode(bytes), text);
        assert_eq!(decode(text).as_deref(), Ok(bytes));
    }
}

#[test]
fn every_length_names_its_bytes() {
    let mut honest = Vec::new();
    for bytes in 0..=200 {
        assert_eq!(bytes_len(digits_len(bytes)), Some(bytes));
        honest.push(digits_len(bytes));
    }
    for digits in 0..=digits_len(200) {
        assert_eq!(bytes_len(digits).is_some(), honest.contains(&digits));
    }
}

#[test]
fn the_length_bound_comes_before_everything() {
    let long = "x".repeat(TICKET_TEXT_BYTES_MAX + 1);
    assert_eq!(decode(&long), Err(DigitsError::TooLong));
    assert_eq!(decode_fixed::<83>(&long), Err(DigitsError::TooLong));
    let longest = "x".repeat(TICKET_TEXT_BYTES_MAX);
    assert_eq!(decode(&longest), Err(DigitsError::NotADigit));
}

#[test]
fn the_fixed_path_agrees_with_the_general_one() {
    let general = decode(DIGITS).expect("digits");
    assert_eq!(decode_fixed::<83>(DIGITS).expect("digits"), *general);
    assert_eq!(decode_fixed::<82>(DIGITS), Err(DigitsError::Length));
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a table of cases is read from top to bottom"
)]
fn what_decode_refuses_encode_refuses() {
    let good = payload();
    let flags = Flags::ADULT;
    let cases = [
        (
            Payload {
                serial: SERIAL_MAX + 1,
                ..good
            },
            FrameError::Serial,
        ),
        (
            Payload {
                serial: u32::MAX,
                ..good
            },
            FrameError::Serial,
        ),
        (
            Payload {
                generation: 0,
                ..good
            },
            FrameError::Generation,
        ),
        (
            Payload {
                generation: 255,
                ..good
            },
            FrameError::Generation,
        ),
        (
            Payload {
                not_after: 64,
                ..good
            },
            FrameError::Window,
        ),
        (
            Payload {
                not_after: 63,
                ..good
            },
            FrameError::Window,
        ),
        (
            Payload {
                not_after: 65 + WINDOW_UNITS_MAX,
                ..good
            },
            FrameError::Window,
        ),
        (Payload { seat: None, ..good }, FrameError::Seat),
        (Payload { flags, ..good }, FrameError::Seat),
        (
            Payload {
                seat: Some(SEAT_INDEX_MAX + 1),
                ..good
            },
            FrameError::Seat,
        ),
    ];
    for (payload, error) in cases {
        assert_eq!(payload.encode(), Err(error), "{payload:?}");
    }
    let edges = [
        Payload {
            serial: SERIAL_MAX,
            ..good
        },
        Payload {
            serial: 0,
            generation: 254,
            ..good
        },
        Payload {
            not_after: 64 + WINDOW_UNITS_MAX,
            ..good
        },
        Payload {
            seat: Some(0),
            ..good
        },
        Payload {
            seat: Some(SEAT_INDEX_MAX),
            ..good
        },
        Payload {
            seat: None,
            flags,
            ..good
        },
    ];
    for payload in edges {
        let bytes = payload.encode().expect("an edge is inside");
        assert_eq!(Payload::decode(&bytes), Ok(payload));
    }
}

#[test]
fn the_reserved_flag_bits_are_refused() {
    assert_eq!(Flags::from_bits(0x3F).map(Flags::bits), Ok(0x3F));
    for bits in [0x40, 0x80, 0xC0, 0xFF] {
        assert_eq!(Flags::from_bits(bits), Err(FrameError::Reserved));
    }
}

#[test]
fn window_units_round_outwards_or_say_none() {
    let epoch = Timestamp::from_secs(1_790_000_000);
    assert_eq!(window_time(epoch, 2), epoch.plus_secs(1800));
    assert_eq!(
        window_unit_floor(epoch, epoch.plus_millis(900_000)),
        Some(1)
    );
    assert_eq!(
        window_unit_floor(epoch, epoch.plus_millis(899_999)),
        Some(0)
    );
    assert_eq!(window_unit_ceil(epoch, epoch.plus_millis(900_000)), Some(1));
    assert_eq!(window_unit_ceil(epoch, epoch.plus_millis(900_001)), Some(2));
    assert_eq!(window_unit_floor(epoch, epoch.plus_millis(-1)), None);
    assert_eq!(window_unit_ceil(epoch, epoch.plus_millis(-900_000)), None);
    assert_eq!(
        window_unit_ceil(epoch, window_time(epoch, u16::MAX)),
        Some(u16::MAX)
    );
    assert_eq!(
        window_unit_ceil(epoch, window_time(epoch, u16::MAX).plus_millis(1)),
        None
    );
}

#[test]
fn a_proof_binds_token_event_serial_and_generation() {
    let token = Token::from_digits(DIGITS).expect("reads");
    let proof = ScanProof::of_token(event(), &token);
    let mut changed = token.as_bytes().to_vec();
    changed[82] ^= 1;
    let changed = Token::from_bytes(&changed).expect("a frame");
    assert_ne!(ScanProof::of_token(event(), &changed), proof);
    assert_ne!(ScanProof::of_token(other_event(), &token), proof);
    let commitment = proof.commitment(event(), 48213, 1);
    assert_ne!(
        commitment.0, proof.0,
        "the snapshot must not tell the proof"
    );
    let others = [
        proof.commitment(other_event(), 48213, 1),
        proof.commitment(event(), 48214, 1),
        proof.commitment(event(), 48213, 2),
        ScanProof([0; 8]).commitment(event(), 48213, 1),
    ];
    assert!(!others.contains(&commitment));
}

#[test]
fn a_proof_stands_by_the_row_of_its_generation() {
    let judge = |proof: ScanProof, generation: u8, row: Option<(u8, ScanCommitment)>| {
        proof_standing(proof, event(), 5, generation, row)
    };
    let proof = ScanProof([9; 8]);
    let row = |generation| Some((generation, proof.commitment(event(), 5, generation)));
    assert_eq!(judge(proof, 1, row(1)), ProofStanding::Proven);
    assert_eq!(
        judge(ScanProof([8; 8]), 1, row(1)),
        ProofStanding::Contradicted
    );
    assert_eq!(judge(proof, 1, row(2)), ProofStanding::Unknown);
    assert_eq!(judge(proof, 2, row(1)), ProofStanding::Unknown);
    assert_eq!(judge(proof, 1, None), ProofStanding::Unknown);
    let unclaimed = Some((0, ScanCommitment([0; 8])));
    assert_eq!(judge(proof, 1, unclaimed), ProofStanding::Unknown);
    let serial_of_another = proof_standing(proof, EventId::from_bytes([0; 16]), 5, 1, row(1));
    assert_eq!(serial_of_another, ProofStanding::Contradicted);
}
