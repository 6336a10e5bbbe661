//! Frames between devices: round trips, bounds, arbitrary bytes, golden vectors. // corpus 88

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use shared::log::{Branch, ForkProof, LogId, LogSegment, SignedEntry};
use shared::sync::claim::{
    ClaimAnswer, ClaimId, ClaimRequest, ClaimSlot, HomeVerdict, SignedAnswer, SignedClaim,
};
use shared::sync::frame::{
    ADDRESS_BYTES_MAX, FRAME_BYTES_MAX, Hashes, Have, Hello, LIVE_MAX, LiveEntry, MESSAGES_MAX,
    Name, Note, PROTOCOL, Probe, Strays, Vector, Want,
};
use shared::sync::{Frame, Message, StrictError};
use shared::trust::{KeyId, Signed};

use crate::golden::file::{bytes, golden, list, outcome, text};
use crate::messages::{SENT, device, event, genesis, segment};

const LOG: LogId = LogId([0x10; 16]);

fn entry() -> SignedEntry {
    SignedEntry {
        body: vec![0xB0; 30],
        signature: vec![0x51; 64],
    }
}

fn claim() -> ClaimRequest {
    ClaimRequest {
        claim: ClaimId {
            device: device(),
            boot: [0xB7; 16],
            number: 4,
        },
        slot: ClaimSlot {
            serial: 48_213,
            generation: 1,
            slot: 0,
        },
        zones: 0b101,
        home: device(),
        roster_version: 3,
        release: false,
    }
}

/// One of each kind, with a name.
#[expect(clippy::too_many_lines, reason = "a list, one line after the other")]
fn messages() -> Vec<(&'static str, Message)> {
    let ClaimRequest {
        claim: id,
        slot,
        home,
        ..
    } = claim();
    let branch = Branch {
        previous: [0xAA; 32],
        segment: segment(),
    };
    let fork = ForkProof {
        genesis: genesis("kiosk 0.1.0"),
        previous: [0xAA; 32],
        left: segment(),
        right: segment(),
    };
    let strays = Strays {
        log: LOG,
        entries: vec![[0xC1; 8], [0xC2; 8]],
    };
    let want = Want {
        log: LOG,
        from: 300,
        genesis: true,
    };
    let name = Name {
        number: 5,
        log: LOG,
        genesis: Some(genesis("kiosk 0.1.0")),
    };
    let have = Have {
        number: 5,
        next_seq: 300,
        head: [0xAA; 8],
        frozen: Some((300, [0xDD; 8])),
    };
    vec![
        ("hello", Message::Hello(hello())),
        (
            "statement",
            Message::Statement(Signed {
                bytes: vec![1, 2, 3],
                signatures: vec![(KeyId([7; 16]), vec![0x51; 64])],
            }),
        ),
        ("held", Message::Held([1, 2, 3, 4])),
        ("digest", Message::Digest([0xD1; 16])),
        ("names", Message::Names(vec![name])),
        (
            "vector",
            Message::Vector(Vector {
                complete: true,
                logs: vec![have],
            }),
        ),
        ("pull", Message::Pull(vec![want])),
        ("segments", Message::Segments(vec![segment()])),
        ("credit", Message::Credit(65_536)),
        ("live", Message::Live(vec![live()])),
        ("notes", Message::Notes(vec![note()])),
        ("prune", Message::Prune),
        ("graft", Message::Graft),
        (
            "probe",
            Message::Probe(Probe {
                log: LOG,
                seqs: vec![150, 300],
            }),
        ),
        (
            "hashes",
            Message::Hashes(Hashes {
                log: LOG,
                hashes: vec![(150, [0xAB; 32])],
            }),
        ),
        ("forks", Message::Forks(vec![fork])),
        ("strays", Message::Strays(strays.clone())),
        ("branch wanted", Message::WantBranch(want)),
        ("strays wanted", Message::WantStrays(strays)),
        ("branches", Message::Branches(vec![branch])),
        ("snapshot wanted", Message::WantSnapshot(vec![[1; 32]])),
        (
            "snapshot",
            Message::Snapshot(vec![([1; 32], vec![0, 1, 0])]),
        ),
        (
            "claim",
            Message::Claim(SignedClaim {
                request: claim(),
                hops: 4,
                signature: vec![0x51; 64],
            }),
        ),
        (
            "claim answered",
            Message::ClaimAnswer(SignedAnswer {
                answer: ClaimAnswer {
                    claim: id,
                    slot,
                    home,
                    verdict: HomeVerdict::Taken(id),
                },
                signature: vec![0x51; 64],
            }),
        ),
        (
            "addresses",
            Message::Addresses(vec![(device(), "192.0.2.7:4433".to_owned())]),
        ),
    ]
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        event: event(),
        held: [1, 2, 3, 4],
        boot: [0xB7; 16],
        now: SENT,
        hub: true,
        heard: false,
    }
}

fn live() -> LiveEntry {
    LiveEntry {
        number: 5,
        entry: entry(),
    }
}

const fn note() -> Note {
    Note {
        number: 5,
        next_seq: 301,
    }
}

#[test]
fn every_message_comes_back() {
    for (name, message) in messages() {
        let frame = Frame::V1(vec![message]);
        assert_eq!(Frame::from_wire(&frame.to_wire()), Ok(frame), "{name}");
    }
    let all = Frame::V1(messages().into_iter().map(|(_, of)| of).collect());
    assert_eq!(Frame::from_wire(&all.to_wire()), Ok(all));
}

#[test]
fn a_size_hint_is_not_below_the_size() {
    for (name, message) in messages() {
        let hint = message.size_hint();
        let size = Frame::V1(vec![message]).to_wire().len();
        assert!(hint + 32 >= size, "{name}: {size} bytes, {hint} foretold");
    }
}

// gossip.md 3: 6-byte notes, about 91 bytes a live entry. Postcard makes a note 3 to 8.
#[test]
fn live_entries_and_notes_are_small() {
    let of = |message: Message| Frame::V1(vec![message]).to_wire().len();
    let one = of(Message::Notes(vec![note()]));
    let two = of(Message::Notes(vec![note(), note()]));
    assert!(two - one <= 6, "a note takes {} bytes", two - one);
    let one = of(Message::Live(vec![live()]));
    let two = of(Message::Live(vec![live(), live()]));
    assert!(two - one <= 100, "a live entry takes {} bytes", two - one);
}

#[expect(clippy::too_many_lines, reason = "a list, one line after the other")]
fn refused() -> Vec<(&'static str, Vec<u8>, StrictError)> {
    let good = Frame::V1(vec![Message::Notes(vec![note()])]).to_wire();
    let of = |message: Message| Frame::V1(vec![message]).to_wire();
    let empty = LogSegment {
        bodies: Vec::new(),
        ..segment()
    };
    let long = SignedEntry {
        body: vec![0; 51],
        ..entry()
    };
    let unsigned = SignedEntry {
        signature: vec![0; 63],
        ..entry()
    };
    let live = |entry| of(Message::Live(vec![LiveEntry { number: 5, entry }]));
    vec![
        ("nothing", Vec::new(), StrictError::Malformed),
        (
            "cut",
            good[..good.len() - 1].to_vec(),
            StrictError::Malformed,
        ),
        (
            "left over",
            [&good[..], &[0]].concat(),
            StrictError::Trailing,
        ),
        (
            "an over-long version",
            [&[0x80, 0], &good[1..]].concat(),
            StrictError::NotCanonical,
        ),
        (
            "another version",
            [&[1], &good[1..]].concat(),
            StrictError::Malformed,
        ),
        ("an unknown message", vec![0, 1, 99], StrictError::Malformed),
        (
            "2^32 notes",
            vec![0, 1, 10, 0x80, 0x80, 0x80, 0x80, 0x10],
            StrictError::Malformed,
        ),
        (
            "too many messages",
            Frame::V1(vec![Message::Prune; MESSAGES_MAX + 1]).to_wire(),
            StrictError::Malformed,
        ),
        (
            "an empty segment",
            of(Message::Segments(vec![empty])),
            StrictError::Bounds("an empty log segment"),
        ),
        (
            "an entry too long",
            live(long),
            StrictError::Bounds("the bytes of an entry"),
        ),
        (
            "a signature too short",
            live(unsigned),
            StrictError::Bounds("the length of a signature"),
        ),
        (
            "an address too long",
            of(Message::Addresses(vec![(
                device(),
                "a".repeat(ADDRESS_BYTES_MAX + 1),
            )])),
            StrictError::Bounds("the bytes of an address"),
        ),
    ]
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    for (name, wire, error) in refused() {
        assert_eq!(Frame::from_wire(&wire), Err(error), "{name}");
    }
    let crowd = Frame::V1(vec![Message::Live(vec![live(); LIVE_MAX + 1])]);
    assert!(Frame::from_wire(&crowd.to_wire()).is_err());
    let large = vec![0; FRAME_BYTES_MAX + 1];
    assert_eq!(
        Frame::from_wire(&large),
        Err(StrictError::TooLarge(FRAME_BYTES_MAX))
    );
}

#[test]
fn frames_are_as_published() {
    let good = messages()
        .into_iter()
        .map(|(name, message)| (name, Frame::V1(vec![message]).to_wire()));
    let bad = refused().into_iter().map(|(name, wire, _)| (name, wire));
    let cases: Vec<Value> = good
        .chain(bad)
        .map(|(name, wire)| {
            json!({
                "name": name,
                "wire": hex::encode(&wire),
                "outcome": outcome(&Frame::from_wire(&wire)),
            })
        })
        .collect();
    let fresh = json!({
        "about": "Frames between devices, one message each, and frames that are refused.",
        "cases": cases,
    });
    for case in list(&golden("sync/frames.json", &fresh)["cases"]) {
        let read = Frame::from_wire(&bytes(&case["wire"]));
        assert_eq!(outcome(&read), text(&case["outcome"]), "{}", case["name"]);
    }
}

proptest! {
    // G12 in small: whatever comes is refused or is exactly what would be sent.
    #[test]
    fn arbitrary_bytes_are_refused_or_canonical(wire in vec(any::<u8>(), 0..300)) {
        if let Ok(frame) = Frame::from_wire(&wire) {
            prop_assert_eq!(frame.to_wire(), wire);
        }
    }

    #[test]
    fn a_turned_bit_makes_another_frame_or_none(which in 0..25_usize, at in any::<prop::sample::Index>(), bit in 0..8) {
        let (_, message) = messages().swap_remove(which);
        let frame = Frame::V1(vec![message]);
        let mut wire = frame.to_wire();
        let at = at.index(wire.len());
        wire[at] ^= 1_u8 << bit;
        prop_assert_ne!(Frame::from_wire(&wire), Ok(frame));
    }
}
