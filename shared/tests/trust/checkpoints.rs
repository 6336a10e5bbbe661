//! Checkpoints (gossip.md 3): who must have signed one, and what it says about a log that is held.

use proptest::prelude::*;
use serde_json::{Value, json};
use shared::log::{LogHead, LogId};
use shared::sync::{CheckpointRequest, CheckpointResponse, StrictError};
use shared::trust::statement::STATEMENT_BYTES_MAX;
use shared::trust::{
    Authority, Checkpoint, Coverage, Opened, Root, Signed, Statement, StatementKind, TrustError,
    seal,
};

use crate::fixture::{
    CREATED, EXPIRES, NOW, authority, event, header, id_of, key, other_event, public, root, sealed,
    signed_bytes, statement_bytes,
};
use crate::golden::file::{bytes, golden, list, outcome, text};

fn log(byte: u8) -> LogId {
    LogId([byte; 16])
}

const fn head(next_seq: u32, byte: u8) -> LogHead {
    LogHead {
        next_seq,
        hash: [byte; 32],
    }
}

/// Two logs, of 300 entries and of none.
fn checkpoint() -> Checkpoint {
    Checkpoint {
        roster_version: 2,
        snapshot_version: 7,
        logs: vec![(log(0x0A), head(300, 0xA1)), (log(0x0B), head(0, 0xB1))],
    }
}

fn statement() -> Statement<Checkpoint> {
    Statement {
        header: header(StatementKind::Checkpoint, 1),
        body: checkpoint(),
    }
}

fn open(signed: &Signed, root: &Root) -> Result<Opened<Checkpoint>, TrustError> {
    Checkpoint::open(signed, root, event(), NOW, None)
}

const fn too_few(valid: usize, needed: usize) -> TrustError {
    TrustError::Threshold { valid, needed }
}

struct Case {
    name: &'static str,
    signed: Signed,
    outcome: Result<(), TrustError>,
}

/// Under the root of the fixture: key 5 signs rosters, key 6 snapshots.
fn cases() -> Vec<Case> {
    let mut cases = signatures();
    cases.extend(contents());
    cases
}

const fn case(name: &'static str, signed: Signed, outcome: Result<(), TrustError>) -> Case {
    Case {
        name,
        signed,
        outcome,
    }
}

fn signatures() -> Vec<Case> {
    let signed = |seeds: &[u8]| sealed(&statement(), seeds);
    let mut twice = signed(&[5]);
    twice.signatures.push(twice.signatures[0].clone());
    let mut flipped = signed(&[5, 6]);
    let at = flipped.bytes.len() - 40;
    flipped.bytes[at] ^= 1;
    let none = || Err(too_few(0, 1));
    vec![
        case("signed by both", signed(&[5, 6]), Ok(())),
        case("signed by the roster's key only", signed(&[5]), none()),
        case("signed by the snapshot's key only", signed(&[6]), none()),
        case("one key twice", twice, none()),
        case("signed by others", signed(&[1, 4]), none()),
        case("a flipped bit", flipped, none()),
    ]
}

fn contents() -> Vec<Case> {
    let changed = |change: &dyn Fn(&mut Statement<Checkpoint>)| {
        let mut statement = statement();
        change(&mut statement);
        sealed(&statement, &[5, 6])
    };
    let malformed = |what| Err(TrustError::Malformed(what));
    let mut tail = statement_bytes(&statement());
    tail.push(0);
    vec![
        case(
            "of another event",
            changed(&|of| of.header.event = other_event()),
            Err(TrustError::Event),
        ),
        case(
            "of another kind",
            changed(&|of| of.header.kind = StatementKind::Snapshot),
            Err(TrustError::Kind),
        ),
        case(
            "expired",
            changed(&|of| of.header.expires = CREATED),
            Err(TrustError::Expired(CREATED)),
        ),
        case(
            "out of order",
            changed(&|of| of.body.logs.swap(0, 1)),
            malformed("logs out of order"),
        ),
        case(
            "a log twice",
            changed(&|of| of.body.logs[1].0 = log(0x0A)),
            malformed("logs out of order"),
        ),
        case(
            "left over",
            signed_bytes(tail, &[5, 6]),
            malformed("bytes left over"),
        ),
    ]
}

#[test]
fn each_checkpoint_meets_its_outcome() {
    // gossip.md 3
    for case in cases() {
        let opened = open(&case.signed, &root()).map(|_| ());
        assert_eq!(opened, case.outcome, "{}", case.name);
    }
    let opened = open(&sealed(&statement(), &[6, 5]), &root()).expect("in any order");
    assert_eq!(opened.body, checkpoint());
    assert_eq!(opened.body.entries(), 300);
}

#[test]
fn checkpoints_are_as_published() {
    // gossip.md 3
    let told: Vec<Value> = cases()
        .iter()
        .map(|case| {
            json!({
                "name": case.name,
                "wire": hex::encode(case.signed.to_wire()),
                "outcome": outcome(&case.outcome),
            })
        })
        .collect();
    let fresh = json!({
        "about": "Checkpoints under a root whose roster is signed by `rosterKey` and whose snapshot by `snapshotKey`.",
        "event": event().to_string(),
        "now": NOW.to_string(),
        "rosterKey": hex::encode(public(5)),
        "snapshotKey": hex::encode(public(6)),
        "cases": told,
    });
    let stored = golden("trust/checkpoint.json", &fresh);
    let by = |name: &str| Authority {
        keys: vec![bytes(&stored[name]).try_into().expect("a key")],
        threshold: 1,
    };
    let root = Root {
        roster: by("rosterKey"),
        snapshot: by("snapshotKey"),
        ..root()
    };
    let event = text(&stored["event"]).parse().expect("a uuid");
    let now = text(&stored["now"]).parse().expect("a time");
    for case in list(&stored["cases"]) {
        let opened = Signed::from_wire(&bytes(&case["wire"]))
            .and_then(|signed| Checkpoint::open(&signed, &root, event, now, None));
        assert_eq!(outcome(&opened), text(&case["outcome"]), "{}", case["name"]);
    }
}

#[test]
fn a_key_of_both_authorities_stands_for_one_of_them() {
    // gossip.md 3: two authorities
    let mut shared = root();
    shared.snapshot = shared.roster.clone();
    let alone = sealed(&statement(), &[5]);
    assert_eq!(open(&alone, &shared).map(|_| ()), Err(too_few(1, 2)));
    // With another key of either it is two.
    shared.snapshot = authority(&[5, 6], 1);
    assert_eq!(open(&alone, &shared).map(|_| ()), Err(too_few(1, 2)));
    let both = sealed(&statement(), &[5, 6]);
    assert_eq!(open(&both, &shared).map(|_| ()), Ok(()));
    // Thresholds of both count.
    shared.roster = authority(&[5, 7], 2);
    assert_eq!(open(&both, &shared).map(|_| ()), Err(too_few(1, 2)));
    shared.snapshot = authority(&[5, 6], 1);
    let three = sealed(&statement(), &[5, 6, 7]);
    assert_eq!(open(&three, &shared).map(|_| ()), Ok(()));
    let mut forged = three;
    let place = forged.signatures.iter().position(|(id, _)| *id == id_of(6));
    forged.signatures[place.expect("signed")].1[3] ^= 1;
    assert_eq!(open(&forged, &shared).map(|_| ()), Err(too_few(2, 3)));
}

#[test]
fn an_older_checkpoint_than_one_that_was_seen_is_refused() {
    // gossip.md 3
    let first = sealed(&statement(), &[5, 6]);
    let seen = Some((2, [9; 32]));
    let opened = Checkpoint::open(&first, &root(), event(), NOW, seen);
    let rollback = TrustError::Rollback {
        offered: 1,
        seen: 2,
    };
    assert_eq!(opened, Err(rollback));
    let fork = Checkpoint::open(&first, &root(), event(), NOW, Some((1, [9; 32])));
    assert_eq!(fork, Err(TrustError::Fork(1)));
    let late = Checkpoint::open(&first, &root(), event(), EXPIRES.plus_millis(1), None);
    assert_eq!(late, Err(TrustError::Expired(EXPIRES)));
}

#[test]
fn a_log_that_is_held_is_compared_with_its_end() {
    // gossip.md 3
    let of = checkpoint();
    let at = |hash: u8| {
        move |seq| {
            assert_eq!(seq, 300, "asked for the end that was signed off");
            Some([hash; 32])
        }
    };
    let never = |_| unreachable!("the head tells");
    for (held, hash, told) in [
        (head(300, 0xA1), None, Coverage::Covered),
        (head(300, 0xEE), None, Coverage::Contradicts),
        (head(299, 0xEE), None, Coverage::ServerHasMore),
        (head(0, 0xEE), None, Coverage::ServerHasMore),
        (
            head(305, 0xEE),
            Some(0xA1),
            Coverage::Uncovered { missing: 5 },
        ),
        (head(305, 0xEE), Some(0xA2), Coverage::Contradicts),
    ] {
        let compared = match hash {
            Some(hash) => of.compare(log(0x0A), held, at(hash)),
            None => of.compare(log(0x0A), held, never),
        };
        assert_eq!(compared, told, "{held:?}");
    }
    // What cannot be looked up is not covered either.
    let unknown = of.compare(log(0x0A), head(301, 1), |_| None);
    assert_eq!(unknown, Coverage::Uncovered { missing: 1 });
    // A log that nobody signed off, and one without entries.
    let unnamed = |held| of.compare(log(0x0C), held, never);
    assert_eq!(unnamed(head(4, 1)), Coverage::Uncovered { missing: 4 });
    assert_eq!(unnamed(head(0, 1)), Coverage::Covered);
    assert_eq!(of.end_of(log(0x0B)), Some(head(0, 0xB1)));
}

proptest! {
    #[test]
    fn every_changed_byte_of_a_checkpoint_is_noticed(at in any::<prop::sample::Index>(), change in 1_u8..) {
        let good = sealed(&statement(), &[5, 6]);
        let mut wire = good.to_wire();
        let place = at.index(wire.len());
        wire[place] ^= change;
        let opened = Signed::from_wire(&wire).and_then(|signed| open(&signed, &root()));
        prop_assert!(opened.is_err());
    }

    #[test]
    fn only_ascending_logs_are_signed_off(ids in proptest::collection::vec(any::<[u8; 16]>(), 0..20)) {
        let mut of = checkpoint();
        of.logs = ids.iter().map(|id| (LogId(*id), head(1, 1))).collect();
        let ascending = ids.windows(2).all(|pair| pair[0] < pair[1]);
        prop_assert_eq!(of.check().is_ok(), ascending);
        let statement = Statement { header: header(StatementKind::Checkpoint, 1), body: of };
        let (one, other) = (key(5), key(6));
        let signed = seal(&statement, &[&one, &other]).expect("sealed");
        prop_assert_eq!(open(&signed, &root()).is_ok(), ascending);
    }
}

#[test]
fn the_messages_that_bring_one_survive() {
    // gossip.md 3
    let request = CheckpointRequest::V1 {};
    assert_eq!(
        CheckpointRequest::from_wire(&request.to_wire()),
        Ok(request)
    );
    let mut good = sealed(&statement(), &[5, 6]);
    for checkpoint in [None, Some(good.clone())] {
        let response = CheckpointResponse::V1 { checkpoint };
        assert_eq!(
            CheckpointResponse::from_wire(&response.to_wire()),
            Ok(response)
        );
    }
    good.bytes = vec![0; STATEMENT_BYTES_MAX + 1];
    let too_large = CheckpointResponse::V1 {
        checkpoint: Some(good),
    };
    assert_eq!(
        CheckpointResponse::from_wire(&too_large.to_wire()),
        Err(StrictError::Bounds("the bytes of a checkpoint"))
    );
    assert_eq!(
        CheckpointResponse::from_wire(&[0, 0, 0]),
        Err(StrictError::Trailing)
    );
}
