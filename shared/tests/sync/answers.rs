//! Guests' answers on the wire: bounds, and `shared/vectors/sync/answers.json`.

use serde_json::{Value, json};
use shared::admission::Answer;
use shared::log::LogId;
use shared::sync::answers::ANSWERED_MAX;
use shared::sync::{Answered, AnswersRequest, AnswersResponse, StrictError};

use crate::golden::file::{bytes, golden, list, outcome, text};

const ABOUT: &str = "What guests answered at a device, on its way to the server, and the server's \
    answer. The request is the body of a `signedRequest`.";

fn answered(seq: u32, answers: &[(&str, &str)]) -> Answered {
    let said = |(question, value): &(&str, &str)| Answer {
        question: (*question).to_owned(),
        value: (*value).to_owned(),
    };
    Answered {
        log: LogId([7; 16]),
        seq,
        answers: answers.iter().map(said).collect(),
    }
}

fn request(answered: Vec<Answered>) -> AnswersRequest {
    AnswersRequest::V1 { answered }
}

fn good() -> AnswersRequest {
    request(vec![
        answered(300, &[("shirt", "l"), ("note", "")]),
        answered(301, &[("seats", "2")]),
    ])
}

/// Name, whether it is a request, wire bytes, and what reading them comes to.
type Case = (&'static str, bool, Vec<u8>, Result<(), StrictError>);

fn cases() -> Vec<Case> {
    let twice = request(vec![answered(300, &[]), answered(300, &[])]);
    let kept = AnswersResponse::V1 {
        kept: vec![(LogId([7; 16]), 300)],
    };
    vec![
        ("answers", true, good().to_wire(), Ok(())),
        ("kept", false, kept.to_wire(), Ok(())),
        (
            "an admission listed twice",
            true,
            twice.to_wire(),
            Err(StrictError::Bounds("an admission is listed twice")),
        ),
        (
            "not the id of a question",
            true,
            request(vec![answered(1, &[("a b", "1")])]).to_wire(),
            Err(StrictError::Bounds("the id of a question")),
        ),
        (
            "2^32 admissions",
            true,
            vec![0, 0x80, 0x80, 0x80, 0x80, 0x10],
            Err(StrictError::Malformed),
        ),
        ("nothing", false, Vec::new(), Err(StrictError::Malformed)),
    ]
}

#[test]
fn answers_are_as_published() {
    // S58 corpus 88
    let cases: Vec<Value> = cases()
        .iter()
        .map(|(name, is_request, wire, expected)| {
            json!({
                "name": name,
                "type": if *is_request { "answersRequest" } else { "answersResponse" },
                "wire": hex::encode(wire),
                "outcome": outcome(expected),
            })
        })
        .collect();
    let fresh = json!({ "about": ABOUT, "cases": cases });
    for case in list(&golden("sync/answers.json", &fresh)["cases"]) {
        let wire = bytes(&case["wire"]);
        let read = match text(&case["type"]) {
            "answersRequest" => AnswersRequest::from_wire(&wire).map(|_| ()),
            _ => AnswersResponse::from_wire(&wire).map(|_| ()),
        };
        assert_eq!(outcome(&read), text(&case["outcome"]), "{}", case["name"]);
    }
}

#[test]
fn answers_at_their_bounds_are_read_and_beyond_them_refused() {
    // S93 corpus 88
    let many = |count: usize| {
        let seqs = 0..u32::try_from(count).expect("few");
        request(seqs.map(|seq| answered(seq, &[("q", "1")])).collect())
    };
    let long = |chars: usize| request(vec![answered(1, &[("q", &"ă".repeat(chars))])]);
    let twice = request(vec![answered(1, &[("q", "1"), ("q", "2")])]);
    for good in [good(), many(ANSWERED_MAX), long(500)] {
        assert_eq!(AnswersRequest::from_wire(&good.to_wire()), Ok(good));
    }
    for (bad, why) in [
        (many(ANSWERED_MAX + 1), StrictError::Malformed),
        (long(501), StrictError::Bounds("an answer")),
        (twice, StrictError::Bounds("answers")),
    ] {
        assert_eq!(AnswersRequest::from_wire(&bad.to_wire()), Err(why));
    }
    assert_eq!(
        many(ANSWERED_MAX + 1).check(),
        Err(StrictError::Bounds("admissions with answers"))
    );
}
