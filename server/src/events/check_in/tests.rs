//! Check-in settings over HTTP.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::orders::fixture::{Shop, text};
use crate::testing::Answer;

fn path(shop: &Shop) -> String {
    format!("/api/v1/events/{}/check-in", shop.event)
}

async fn put(shop: &Shop, body: Value) -> Answer {
    shop.t
        .call("PUT", &path(shop), &shop.organizer, Some(body))
        .await
}

async fn gate(shop: &Shop, name: &str) -> String {
    let path = format!("/api/v1/events/{}/gates", shop.event);
    let made = shop.t.post(&path, &shop.organizer, json!({ "name": name }));
    text(&made.await.expect(201)["id"])
}

#[tokio::test]
async fn settings_are_plain_until_they_are_set_and_are_replaced_as_a_whole() {
    // V4 V7 S98 S140
    let shop = Shop::open(0).await;
    let plain = shop.t.get(&path(&shop), &shop.organizer).await;
    let empty = json!({
        "doorsDate": null, "rules": [], "lists": [], "questions": [], "classNotes": [],
        "strictClassIds": [], "preCheckIn": null, "answersUntil": null, "claimAtCheckout": false,
        "language": null,
        "alertMails": "SERIOUS",
    });
    assert_eq!(plain.expect(200), empty);

    let north = gate(&shop, "North").await;
    let wanted = json!({
        "rules": [{ "name": " Weekdays ", "logic": {"<": [{"var": "now_isoweekday"}, 6]} }],
        "lists": [{
            "name": "Day passes", "gateIds": [north], "classIds": [shop.class],
            "entries": "ONCE_PER_DAY", "reEntry": true, "includePending": true, "idCheck": true,
            "matchAddOns": true, "checkOutAt": "04:00",
            "rules": [{ "name": "Few", "logic": {"<": [{"var": "entries_days"}, 3]} }],
        }],
        "questions": [{
            "text": "Which workshop?", "classIds": [shop.class], "kind": "CHOICE",
            "options": [{ "id": "knots", "text": "Knots" }, { "text": "Kites" }],
        }],
        "classNotes": [{ "classId": shop.class, "text": "Blue wristband" }],
        "strictClassIds": [shop.class], "language": "vi-VN",
        "preCheckIn": {
            "opensAt": "2026-10-10T10:00:00.000Z", "closesAt": "2026-10-12T10:00:00.000Z",
        },
        "alertMails": "OFF",
    });
    let mut stored = wanted.clone();
    stored["questions"][0] = json!({
        "id": "q-c7240f5c", "text": "Which workshop?", "classIds": [shop.class], "kind": "CHOICE",
        "required": true, "atGate": true, "atCheckout": false, "perOrder": false,
        "options": [{ "id": "knots", "text": "Knots" }, { "id": "2", "text": "Kites" }],
    });
    stored["rules"][0]["name"] = json!("Weekdays");
    stored["doorsDate"] = json!(null);
    stored["answersUntil"] = json!(null);
    stored["claimAtCheckout"] = json!(false);
    assert_eq!(put(&shop, wanted).await.expect(200), stored);
    let shown = shop.t.get(&path(&shop), &shop.organizer).await;
    assert_eq!(shown.expect(200), stored);

    put(&shop, json!({})).await.expect(200);
    let shown = shop.t.get(&path(&shop), &shop.organizer).await;
    assert_eq!(shown.expect(200), empty);
}

/// Settings, the field that is wrong, and why.
type Bad = (Value, &'static str, &'static str);

fn bad_settings() -> Vec<Bad> {
    let rule = |logic: Value| json!({ "rules": [{ "name": "House rule", "logic": logic }] });
    vec![
        (
            json!({"strictClassIds": ["00000000-0000-7000-8000-000000000001"]}),
            "strictClassIds",
            "names a class of another event",
        ),
        (
            rule(json!({"isAround": [1, 2]})),
            "rules[0].logic",
            "unknown operator \"isAround\"",
        ),
        (
            rule(json!({"or": [true, {"var": "age"}]})),
            "rules[0].logic",
            "unknown variable \"age\"",
        ),
        (
            rule(json!({"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "25:30"]}]})),
            "rules[0].logic",
            "not a time: [\"customtime\",\"25:30\"]",
        ),
        (
            rule(json!({"==": [1]})),
            "rules[0].logic",
            "wrong number of arguments for \"==\"",
        ),
        // It compiles, and would fail for everybody.
        (
            rule(json!({"+": [{"var": "gate"}, 1]})),
            "rules[0].logic",
            "\"+\" has no value here",
        ),
        (rule(json!({})), "rules[0].logic", "not JSON logic"),
        (
            json!({"language": "fr"}),
            "language",
            "must be one of en, vi",
        ),
        (
            json!({"language": "vi-"}),
            "language",
            "must be one of en, vi",
        ),
        (
            json!({"rules": [{"name": "", "logic": true}]}),
            "rules[0].name",
            "must have 1 to 100 characters",
        ),
        (
            json!({"rules": [{"name": "A", "logic": true}, {"name": "a", "logic": true}]}),
            "rules[1].name",
            "is already used",
        ),
    ]
}

fn bad_lists(north: &str) -> Vec<Bad> {
    let stranger = "00000000-0000-7000-8000-000000000001";
    vec![
        (
            json!({"lists": [{"name": "All", "rules": [{"name": "A", "logic": {"no": 1}}]}]}),
            "lists[0].rules[0].logic",
            "unknown operator \"no\"",
        ),
        (
            json!({"lists": [{"name": "All", "gateIds": [stranger]}]}),
            "lists[0].gateIds",
            "names a gate of another event",
        ),
        (
            json!({"lists": [{"name": "A", "gateIds": [north]}, {"name": "B", "gateIds": [north]}]}),
            "lists[1].gateIds",
            "names a gate that is on a list",
        ),
        (
            json!({"lists": [{"name": "All", "classIds": [stranger]}]}),
            "lists[0].classIds",
            "names a class of another event",
        ),
        (
            json!({"lists": [{"name": "All", "checkOutAt": "4 am"}]}),
            "lists[0].checkOutAt",
            "must be a time of day, like 04:00",
        ),
        (
            json!({"lists": [{"name": "All"}, {"name": "all"}]}),
            "lists[1].name",
            "is already used in this event",
        ),
        (
            json!({"questions": [{"text": " "}]}),
            "questions[0].text",
            "must have 1 to 200 characters",
        ),
        (
            json!({"classNotes": [{"classId": stranger, "text": "Blue wristband"}]}),
            "classNotes[0].classId",
            "is a class of another event",
        ),
        (
            json!({"questions": [{"text": "A?", "kind": "CHOICE"}]}),
            "questions[0].options",
            "must be from 1 to 64",
        ),
        (
            json!({"questions": [{"text": "A?", "options": [{"text": "Yes"}]}]}),
            "questions[0].options",
            "go with choices only",
        ),
        (
            json!({"questions": [{"text": "A?"}, {"text": "A?"}]}),
            "questions[1].id",
            "is already used",
        ),
        (
            json!({"questions": [{"id": "a b", "text": "A?"}]}),
            "questions[0].id",
            "must be 1 to 40 letters, digits, - or _",
        ),
    ]
}

fn bad_times() -> Vec<Bad> {
    vec![
        (
            json!({"doorsDate": "2099-01-01T00:00:00Z"}),
            "doorsDate",
            "must be before endDate",
        ),
        (
            json!({"preCheckIn": {
                "opensAt": "2026-10-10T10:00:00Z", "closesAt": "2026-10-10T10:00:00Z",
            }}),
            "preCheckIn.closesAt",
            "must be after opensAt",
        ),
        (
            json!({"preCheckIn": {
                "opensAt": "2026-10-10T10:00:00Z", "closesAt": "2099-01-01T00:00:00Z",
            }}),
            "preCheckIn.closesAt",
            "must not be after endDate",
        ),
    ]
}

#[tokio::test]
async fn what_a_gate_could_not_ask_is_refused_with_its_field() {
    // S140 S94 V7
    let shop = Shop::open(0).await;
    let north = gate(&shop, "North").await;
    let cases = [bad_settings(), bad_lists(&north), bad_times()].concat();
    for (body, field, why) in cases {
        let refused = put(&shop, body.clone())
            .await
            .expect_error(400, "validation");
        assert_eq!(refused[field], why, "{body} gave {refused}");
    }
    let shown = shop.t.get(&path(&shop), &shop.organizer).await.expect(200);
    assert_eq!(shown["rules"], json!([]), "nothing of it was kept");
}

#[tokio::test]
async fn nobody_overwrites_what_they_have_not_seen() {
    // S140
    let shop = Shop::open(0).await;
    let seen = shop.t.get(&path(&shop), &shop.organizer).await;
    let tag = seen.headers[header::ETAG]
        .to_str()
        .expect("text")
        .to_owned();
    put(&shop, json!({})).await.expect(200);
    let request = Request::put(path(&shop))
        .header(header::AUTHORIZATION, format!("Bearer {}", shop.organizer))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, tag)
        .body(Body::from("{}"))
        .expect("a request");
    shop.t
        .send(request)
        .await
        .expect_error(412, "revision_mismatch");
    for path in [path(&shop)] {
        shop.t
            .get(&path, &shop.buyer)
            .await
            .expect_error(404, "not_found");
        let body = Some(json!({}));
        let refused = shop.t.call("PUT", &path, &shop.buyer, body).await;
        refused.expect_error(404, "not_found");
    }
}
