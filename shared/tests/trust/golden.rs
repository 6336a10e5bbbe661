//! `shared/vectors/trust/`: made of the tables of this suite, compared, and read back from disk.
//!
//! Reading back uses nothing but the file, as an implementation in another language would.

use serde_json::{Value, json};
use shared::time::Timestamp;
use shared::trust::enrolment::{
    EnrolmentLink, enrolment_message, is_key_proven, prove_key, transcript_code,
};
use shared::trust::{
    Authority, Expected, Keyring, Root, RootPin, Segment, SegmentKind, SegmentRef, Signed,
    Statement, StatementKind, open,
};

use crate::enrolments::{CODE, NONCE, link, pin};
use crate::fixture::{
    NOW, authority, event, header, key, manifest, other_event, public, root, roster, sealed,
};
use crate::golden::file::{bytes, golden, list, outcome, text};
use crate::{segments, statement_cases};

#[path = "../support/golden.rs"]
pub(crate) mod file;

const ABOUT_STATEMENTS: &str = "Keyrings in their envelope. Each case gives the wire bytes, who \
    may sign, what the reader insists on, and what it must come to.";

// corpus 48 51 58 60 83 84 85 88 90 93
#[test]
fn statements_are_as_published() {
    let cases: Vec<Value> = statement_cases::cases()
        .iter()
        .map(|case| {
            json!({
                "name": case.name,
                "wire": hex::encode(&case.wire),
                "authority": {
                    "keys": case.authority.keys.iter().map(hex::encode).collect::<Vec<_>>(),
                    "threshold": case.authority.threshold,
                },
                "kind": kind_name(case.expected.kind),
                "event": case.expected.event.to_string(),
                "now": case.expected.now.to_string(),
                "seen": case.expected.seen.map(|(version, hash)| {
                    json!({ "version": version.to_string(), "hash": hex::encode(hash) })
                }),
                "outcome": outcome(&case.outcome),
            })
        })
        .collect();
    let fresh = json!({ "about": ABOUT_STATEMENTS, "cases": cases });
    for case in list(&golden("trust/statements.json", &fresh)["cases"]) {
        let expected = Expected {
            kind: kind_of(text(&case["kind"])),
            event: text(&case["event"]).parse().expect("a uuid"),
            now: text(&case["now"]).parse::<Timestamp>().expect("a time"),
            seen: case["seen"].as_object().map(|seen| {
                let version = text(&seen["version"]).parse().expect("a number");
                (version, array(&seen["hash"]))
            }),
        };
        let authority = Authority {
            keys: list(&case["authority"]["keys"]).iter().map(array).collect(),
            threshold: number(&case["authority"]["threshold"]),
        };
        let opened = Signed::from_wire(&bytes(&case["wire"]))
            .and_then(|signed| open::<Keyring>(&signed, &authority, &expected));
        assert_eq!(outcome(&opened), text(&case["outcome"]), "{}", case["name"]);
    }
}

fn kind_name(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Root => "root",
        StatementKind::Keyring => "keyring",
        StatementKind::Roster => "roster",
        StatementKind::Snapshot => "snapshot",
        StatementKind::Checkpoint => "checkpoint",
    }
}

fn kind_of(name: &str) -> StatementKind {
    match name {
        "root" => StatementKind::Root,
        "keyring" => StatementKind::Keyring,
        "roster" => StatementKind::Roster,
        "snapshot" => StatementKind::Snapshot,
        "checkpoint" => StatementKind::Checkpoint,
        other => unreachable!("no kind is called {other}"),
    }
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the length")
}

fn number<T: TryFrom<u64>>(value: &Value) -> T {
    let number = value.as_u64().and_then(|number| T::try_from(number).ok());
    number.expect("a number in range")
}

/// Roots 1 to 3, each signed by who may, then what a device that holds root 1 must say to each.
// corpus 86
#[test]
fn roots_are_as_published() {
    let statement = |version, previous, body: &Root| Statement {
        header: {
            let mut header = header(StatementKind::Root, version);
            header.previous = previous;
            header
        },
        body: body.clone(),
    };
    let mut handed_over = root();
    handed_over.root = authority(&[2, 3, 12], 2);
    let first = sealed(&statement(1, None, &root()), &[1, 2]);
    let second = statement(2, Some(first.hash()), &handed_over);
    let third = statement(3, Some(sealed(&second, &[1]).hash()), &handed_over);
    let offered = [
        ("the same", first.clone()),
        ("signed by old and new", sealed(&second, &[2, 3])),
        ("signed by the old only", sealed(&second, &[1, 2])),
        ("signed by the new only", sealed(&second, &[2, 12])),
        ("one was left out", sealed(&third, &[2, 3])),
    ];
    let pin = RootPin::of(&first);
    let held = Root::open_pinned(&first, event(), pin, NOW).expect("the first root");
    let cases: Vec<Value> = offered
        .iter()
        .map(|(name, next)| {
            json!({
                "name": name,
                "wire": hex::encode(next.to_wire()),
                "outcome": outcome(&Root::succeed(&held, next, NOW)),
            })
        })
        .collect();
    let fresh = json!({
        "about": "A device holds `held`; each case offers it another root.",
        "event": event().to_string(),
        "now": NOW.to_string(),
        "pin": hex::encode(pin.0),
        "held": hex::encode(first.to_wire()),
        "cases": cases,
    });
    let stored = golden("trust/roots.json", &fresh);
    let held = Signed::from_wire(&bytes(&stored["held"])).expect("wire");
    let event = text(&stored["event"]).parse().expect("a uuid");
    let now = text(&stored["now"]).parse().expect("a time");
    let held = Root::open_pinned(&held, event, RootPin(array(&stored["pin"])), now);
    let held = held.expect("the pinned root");
    for case in list(&stored["cases"]) {
        let next = Signed::from_wire(&bytes(&case["wire"]));
        let next = next.and_then(|next| Root::succeed(&held, &next, now));
        assert_eq!(outcome(&next), text(&case["outcome"]), "{}", case["name"]);
    }
    let outcomes: Vec<&str> = (list(&stored["cases"]).iter())
        .map(|case| text(&case["outcome"]))
        .collect();
    assert_eq!(outcomes[..2], ["ok", "ok"]);
    assert!(!outcomes[2..].contains(&"ok"), "{outcomes:?}");
}

// corpus 87 88
#[test]
fn segments_are_as_published() {
    let cases: Vec<Value> = segments::cases()
        .iter()
        .map(|case| {
            json!({
                "name": case.name,
                "kind": segment_kind_name(case.reference.kind),
                "index": case.reference.index,
                "hash": hex::encode(case.reference.hash),
                "bytes": case.reference.bytes,
                "wire": hex::encode(&case.wire),
                "outcome": outcome(&case.outcome),
            })
        })
        .collect();
    let fresh = json!({
        "about": "Snapshot segments with the reference that a manifest gives them.",
        "cases": cases,
    });
    for case in list(&golden("trust/segments.json", &fresh)["cases"]) {
        let reference = SegmentRef {
            kind: segment_kind_of(text(&case["kind"])),
            index: number(&case["index"]),
            hash: array(&case["hash"]),
            bytes: number(&case["bytes"]),
        };
        let opened = Segment::open(&reference, &bytes(&case["wire"]));
        assert_eq!(outcome(&opened), text(&case["outcome"]), "{}", case["name"]);
    }
}

fn segment_kind_name(kind: SegmentKind) -> &'static str {
    match kind {
        SegmentKind::Tickets => "tickets",
        SegmentKind::Seats => "seats",
        SegmentKind::Holders => "holders",
        SegmentKind::Extras => "extras",
        SegmentKind::Codes => "codes",
    }
}

fn segment_kind_of(name: &str) -> SegmentKind {
    match name {
        "tickets" => SegmentKind::Tickets,
        "seats" => SegmentKind::Seats,
        "holders" => SegmentKind::Holders,
        "extras" => SegmentKind::Extras,
        "codes" => SegmentKind::Codes,
        other => unreachable!("no kind is called {other}"),
    }
}

/// One good statement of each kind whose body the other files do not show.
#[test]
fn bodies_are_as_published() {
    let roster = Statement {
        header: header(StatementKind::Roster, 2),
        body: roster(),
    };
    let snapshot = Statement {
        header: header(StatementKind::Snapshot, 3),
        body: manifest(),
    };
    let fresh = json!({
        "about": "A roster signed by key 5, a snapshot manifest signed by key 6.",
        "event": event().to_string(),
        "roster": hex::encode(sealed(&roster, &[5]).to_wire()),
        "rosterKey": hex::encode(public(5)),
        "snapshot": hex::encode(sealed(&snapshot, &[6]).to_wire()),
        "snapshotKey": hex::encode(public(6)),
    });
    let stored = golden("trust/bodies.json", &fresh);
    let expected = |kind| Expected {
        kind,
        event: text(&stored["event"]).parse().expect("a uuid"),
        now: NOW,
        seen: None,
    };
    let by = |name: &str| Authority {
        keys: vec![array(&stored[name])],
        threshold: 1,
    };
    let signed = |name: &str| Signed::from_wire(&bytes(&stored[name])).expect("wire");
    let read = open::<shared::trust::Roster>(
        &signed("roster"),
        &by("rosterKey"),
        &expected(StatementKind::Roster),
    )
    .expect("a roster");
    assert_eq!((read.body.check(), read.body), (Ok(()), roster.body));
    let read = open::<shared::trust::Manifest>(
        &signed("snapshot"),
        &by("snapshotKey"),
        &expected(StatementKind::Snapshot),
    )
    .expect("a manifest");
    assert_eq!((read.body.check(), read.body), (Ok(()), snapshot.body));
}

// corpus 94
#[test]
fn enrolment_is_as_published() {
    let fresh = json!({
        "about": "A link, and what device and hub compute from it.",
        "url": link().to_url(),
        "hub": link().hub,
        "code": CODE,
        "pin": hex::encode(pin().0),
        "event": event().to_string(),
        "nonce": hex::encode(NONCE),
        "publicKey": hex::encode(public(30)),
        "message": hex::encode(enrolment_message(&NONCE, CODE, &public(30))),
        "proof": hex::encode(prove_key(&key(30), &NONCE, CODE)),
        "transcript": transcript_code(&NONCE, CODE, &public(30), pin()),
    });
    let stored = golden("trust/enrolment.json", &fresh);
    let link = EnrolmentLink::parse(text(&stored["url"])).expect("a link");
    assert_eq!(link.hub, text(&stored["hub"]));
    assert_eq!(link.code, text(&stored["code"]));
    assert_eq!(link.event, Some(event()));
    assert_ne!(link.event, Some(other_event()));
    let (nonce, public_key) = (array(&stored["nonce"]), array(&stored["publicKey"]));
    assert!(is_key_proven(
        &nonce,
        &link.code,
        &public_key,
        &bytes(&stored["proof"])
    ));
    let pin = link.pin.expect("a pin");
    assert_eq!(pin, RootPin(array(&stored["pin"])));
    assert_eq!(
        transcript_code(&nonce, &link.code, &public_key, pin),
        text(&stored["transcript"])
    );
}
