//! Answers to the event's questions: ahead over REST, and from the device that asked.

use serde_json::{Value, json};
use shared::admission::Answer;
use shared::log::LogId;
use shared::sync::{Answered, AnswersRequest, AnswersResponse};
use shared::trust::{SegmentKind, TicketRow};

use super::device::Device;
use super::site::Site;
use crate::testing::{Answer as Response, NOW};

/// One question of each kind that a guest meets; the last is for the order only.
async fn asking(tickets: u32) -> Site {
    let site = Site::with_tickets(tickets).await;
    let questions = json!([
        { "id": "shirt", "text": "Which size?", "kind": "CHOICE",
            "options": [{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }] },
        { "id": "seats", "text": "How many of you?", "kind": "NUMBER" },
        { "id": "days", "text": "Which days?", "kind": "CHOICES", "required": false,
            "options": [{ "id": "fri", "text": "Friday" }, { "id": "sat", "text": "Saturday" }] },
        { "id": "from", "text": "Where from?", "required": false, "atGate": false },
    ]);
    let path = site.path("/check-in");
    let settings = Some(json!({ "questions": questions }));
    let set = site.test.call("PUT", &path, &site.organizer, settings);
    set.await.expect(200);
    site
}

fn path(ticket: &Value, rest: &str) -> String {
    let id = ticket["id"].as_str().expect("an id");
    format!("/api/v1/claimed-tickets/{id}/{rest}")
}

async fn put(site: &Site, ticket: &Value, answers: Value) -> Response {
    let body = Some(json!({ "answers": answers }));
    let path = path(ticket, "answers");
    site.test.call("PUT", &path, &site.attendee, body).await
}

async fn shown(site: &Site, ticket: &Value, caller: &str) -> Value {
    let path = path(ticket, "answers");
    site.test.get(&path, caller).await.expect(200)
}

async fn reason(site: &Site, ticket: &Value) -> Value {
    let path = path(ticket, "validate");
    site.test.get(&path, &site.attendee).await.expect(200)["reason"].clone()
}

/// The id of each answer's question and what is kept, and the ids of what is open.
fn told(view: &Value) -> (Vec<(&str, &str)>, Vec<&str>) {
    fn list(value: &Value) -> &Vec<Value> {
        value.as_array().expect("a list")
    }
    fn text(value: &Value) -> &str {
        value.as_str().expect("text")
    }
    let answers = list(&view["answers"]).iter();
    let open = list(&view["open"]).iter();
    (
        answers
            .map(|answer| (text(&answer["question"]), text(&answer["value"])))
            .collect(),
        open.map(|question| text(&question["id"])).collect(),
    )
}

#[tokio::test]
async fn whoever_answers_ahead_is_not_asked_at_the_gate() {
    // S56 S58 S101 S127 S128
    let site = asking(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let ticket = site.claim(0).await;
    assert_eq!(reason(&site, &ticket).await, "needs_answer");
    let some = put(
        &site,
        &ticket,
        json!([
            { "question": "seats", "value": " 03 " }, { "question": "shirt", "value": "Large" },
            { "question": "from", "value": "Huế" },
        ]),
    );
    let view = some.await.expect(200);
    let kept = vec![("from", "Huế"), ("seats", "3"), ("shirt", "l")];
    assert_eq!(told(&view), (kept, vec!["days"]));
    assert_eq!(reason(&site, &ticket).await, "needs_answer");

    // Left open on purpose, and the choice by its id and another one.
    let rest = put(
        &site,
        &ticket,
        json!([
            { "question": "days", "value": "" }, { "question": "shirt", "value": "s" },
        ]),
    );
    let view = rest.await.expect(200);
    let kept = vec![
        ("days", ""),
        ("from", "Huế"),
        ("seats", "3"),
        ("shirt", "s"),
    ];
    assert_eq!(told(&view), (kept, vec![]));
    assert_eq!(shown(&site, &ticket, &site.organizer).await, view);
    assert_eq!(reason(&site, &ticket).await, "ok");
    let manifest = device.manifest(&device.sync(&site.test).await);
    let row = device.row(&site.test, &manifest.body, 0).await;
    assert_eq!(row.flags, TicketRow::ANSWERED);
}

#[tokio::test]
async fn wrong_answers_are_refused_with_their_questions() {
    // S59 S92 S93 S127
    let site = asking(1).await;
    let ticket = site.claim(0).await;
    for (question, value, why) in [
        ("seats", "abc", "must be a number, like 12 or 1.5"),
        ("seats", "", "must be answered"),
        ("shirt", "xl", "must be one of the options"),
        ("days", "fri,sun", "must be one of the options"),
        ("age", "18", "is not asked of this ticket"),
    ] {
        let answers = json!([{ "question": question, "value": value }]);
        let refused = put(&site, &ticket, answers).await;
        let fields = refused.expect_error(400, "validation");
        assert_eq!(fields[question], why, "{fields}");
    }
    let twice = json!([
        { "question": "seats", "value": "1" }, { "question": "seats", "value": "2" },
    ]);
    let refused = put(&site, &ticket, twice).await;
    let fields = refused.expect_error(400, "validation");
    assert_eq!(fields["seats"], "is answered twice");
    let view = shown(&site, &ticket, &site.attendee).await;
    assert_eq!(told(&view).0, vec![], "nothing of it was kept");
}

#[tokio::test]
async fn answers_are_for_the_holder_and_the_organizer() {
    // A6 S135
    let site = asking(1).await;
    let ticket = site.claim(0).await;
    let stranger = site.test.token_for(shared::api::accounts::Role::Attendee);
    let shown = site.test.get(&path(&ticket, "answers"), &stranger).await;
    shown.expect_error(404, "not_found");
    let (path, body) = (path(&ticket, "answers"), Some(json!({ "answers": [] })));
    let set = site.test.call("PUT", &path, &stranger, body);
    set.await.expect_error(404, "not_found");
}

async fn send(
    site: &Site,
    device: &Device,
    answered: &[(LogId, u32, &[(&str, &str)])],
) -> Vec<(LogId, u32)> {
    let said = |(question, value): &(&str, &str)| Answer {
        question: (*question).to_owned(),
        value: (*value).to_owned(),
    };
    let answered = answered.iter().map(|(log, seq, answers)| Answered {
        log: *log,
        seq: *seq,
        answers: answers.iter().map(said).collect(),
    });
    let body = AnswersRequest::V1 {
        answered: answered.collect(),
    };
    let answer = device.post(&site.test, "/api/v1/gate/answers", &body).await;
    assert_eq!(answer.status, 200);
    let AnswersResponse::V1 { kept } = AnswersResponse::from_wire(&answer.bytes).expect("kept");
    kept
}

#[tokio::test]
async fn what_a_device_asked_is_kept_with_the_admission_that_it_came_with() {
    // S58 S101
    let site = asking(2).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let south = site.enrol("South 1", 1, 8).await;
    let ticket = site.claim(1).await;
    let token = ticket["token"].as_str().expect("digits").to_owned();
    let log = north.genesis.log_id();
    let said: &[(&str, &str)] = &[("shirt", "l"), ("seats", "2"), ("days", "")];
    // Ahead of its entry it is not taken, and may come again.
    assert_eq!(send(&site, &north, &[(log, 0, said)]).await, vec![]);
    north.admit(1, &token, NOW);
    north.sync(&site.test).await;
    // Another device has no word on it, and an entry that is not there none either.
    assert_eq!(send(&site, &south, &[(log, 0, said)]).await, vec![]);
    let both = [(log, 0, said), (log, 1, said)];
    assert_eq!(send(&site, &north, &both).await, vec![(log, 0)]);
    assert_eq!(send(&site, &north, &both).await, vec![(log, 0)], "again");

    let view = shown(&site, &ticket, &site.organizer).await;
    let kept = vec![("days", ""), ("seats", "2"), ("shirt", "l")];
    assert_eq!(told(&view), (kept, vec!["from"]));
    assert_eq!(view["answers"][0]["deviceId"], json!(north.id));
    assert_eq!(view["answers"][0]["at"], json!(NOW));
    // Other gates learn that nothing is left to ask.
    let manifest = south.manifest(&south.sync(&site.test).await);
    let rows = south.fetch(&site.test, &manifest.body, SegmentKind::Tickets);
    let flags: Vec<u8> = rows.await[0].rows().map(|row| row.flags).collect();
    assert_eq!(flags[1], TicketRow::ANSWERED);
}

#[tokio::test]
async fn answers_out_of_bounds_are_not_read() {
    // S93
    let site = asking(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let log = device.genesis.log_id();
    let long = "x".repeat(501);
    for answer in [("a b", "1"), ("shirt", long.as_str())] {
        let body = AnswersRequest::V1 {
            answered: vec![Answered {
                log,
                seq: 0,
                answers: vec![Answer {
                    question: answer.0.to_owned(),
                    value: answer.1.to_owned(),
                }],
            }],
        };
        let refused = device.post(&site.test, "/api/v1/gate/answers", &body).await;
        refused.expect_error(400, "malformed");
    }
}
