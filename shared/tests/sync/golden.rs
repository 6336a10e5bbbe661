//! `shared/vectors/sync/`: made here, compared, and read back from disk.

use serde_json::{Value, json};
use shared::sync::{
    SegmentsRequest, SegmentsResponse, SignedRequest, StrictError, SyncRequest, SyncResponse,
};

use crate::golden::file::{bytes, golden, list, outcome, text};
use crate::messages::{
    key, request, response, segments_request, segments_response, signed_request,
};

#[path = "../support/golden.rs"]
pub(crate) mod file;

const ABOUT: &str = "Messages between device and server, by type. A `signedRequest` is opened \
    with `publicKey`, and its body read as a `syncRequest`.";

fn read(kind: &str, wire: &[u8]) -> Result<(), StrictError> {
    match kind {
        "syncRequest" => SyncRequest::from_wire(wire).map(|_| ()),
        "syncResponse" => SyncResponse::from_wire(wire).map(|_| ()),
        "segmentsRequest" => SegmentsRequest::from_wire(wire).map(|_| ()),
        "segmentsResponse" => SegmentsResponse::from_wire(wire).map(|_| ()),
        "signedRequest" => {
            let signed = SignedRequest::from_wire(wire)?;
            SyncRequest::from_wire(signed.verify(&key().verifying_key())?).map(|_| ())
        }
        other => unreachable!("no message is called {other}"),
    }
}

/// Name, type, wire bytes, and what reading them comes to.
type Case = (&'static str, &'static str, Vec<u8>, Result<(), StrictError>);

#[expect(
    clippy::too_many_lines,
    reason = "a table of cases is read from top to bottom"
)]
fn cases() -> Vec<Case> {
    let signed = signed_request().to_wire();
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut wire = signed.clone();
        change(&mut wire);
        wire
    };
    let mut twice = request();
    let SyncRequest::V1 { vector, .. } = &mut twice;
    vector[1].log = vector[0].log;
    let mut bool_2 = response().to_wire();
    let more = bool_2.len() - 1 - 16 - 27;
    assert_eq!(bool_2[more - 1..=more], [1, 1], "`more`, then one refusal");
    bool_2[more - 1] = 2;
    let last = signed.len() - 1;
    vec![
        ("a request", "syncRequest", request().to_wire(), Ok(())),
        ("an answer", "syncResponse", response().to_wire(), Ok(())),
        (
            "segments wanted",
            "segmentsRequest",
            segments_request().to_wire(),
            Ok(()),
        ),
        (
            "segments given",
            "segmentsResponse",
            segments_response().to_wire(),
            Ok(()),
        ),
        ("signed", "signedRequest", signed.clone(), Ok(())),
        (
            "forged",
            "signedRequest",
            changed(&|wire| wire[last] ^= 1),
            Err(StrictError::Signature),
        ),
        (
            "for another device",
            "signedRequest",
            changed(&|wire| wire[2] ^= 1),
            Err(StrictError::Signature),
        ),
        (
            "truncated",
            "signedRequest",
            changed(&|wire| wire.truncate(last)),
            Err(StrictError::Malformed),
        ),
        (
            "left over",
            "signedRequest",
            changed(&|wire| wire.push(0)),
            Err(StrictError::Trailing),
        ),
        (
            "another version",
            "signedRequest",
            changed(&|wire| wire[0] = 1),
            Err(StrictError::Malformed),
        ),
        (
            "an over-long version",
            "signedRequest",
            changed(&|wire| {
                wire.splice(0..1, [0x80, 0]);
            }),
            Err(StrictError::NotCanonical),
        ),
        (
            "a log listed twice",
            "syncRequest",
            twice.to_wire(),
            Err(StrictError::Bounds("a log is listed twice")),
        ),
        (
            "bool 2",
            "syncResponse",
            bool_2,
            Err(StrictError::Malformed),
        ),
        (
            "2^32 hashes",
            "segmentsRequest",
            vec![0, 0x80, 0x80, 0x80, 0x80, 0x10],
            Err(StrictError::Malformed),
        ),
        (
            "nothing",
            "segmentsResponse",
            Vec::new(),
            Err(StrictError::Malformed),
        ),
    ]
}

// corpus 88
#[test]
fn messages_are_as_published() {
    let cases: Vec<Value> = cases()
        .iter()
        .map(|(name, kind, wire, expected)| {
            json!({
                "name": name,
                "type": kind,
                "wire": hex::encode(wire),
                "outcome": outcome(expected),
            })
        })
        .collect();
    let fresh = json!({
        "about": ABOUT,
        "publicKey": hex::encode(key().verifying_key().as_bytes()),
        "cases": cases,
    });
    for case in list(&golden("sync/messages.json", &fresh)["cases"]) {
        let read = read(text(&case["type"]), &bytes(&case["wire"]));
        assert_eq!(outcome(&read), text(&case["outcome"]), "{}", case["name"]);
    }
}
