//! A copy over HTTP, across a change of the clocks.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::Shift;
use crate::orders::fixture::text;
use crate::testing::{NOW, TestApp};

struct House {
    t: TestApp,
    organizer: String,
    event: String,
    class: String,
    gate: String,
}

/// An evening in Berlin in October, with everything that an event can have.
async fn house() -> House {
    let t = TestApp::new().await;
    let organizer = t.stored_user(Role::Organizer).await;
    let post = async |path: String, body: Value| t.post(&path, &organizer, body).await.expect(201);
    let event = post(
        "/api/v1/events".to_owned(),
        json!({
            "title": "Strings", "description": "Four quartets.", "timezone": "Europe/Berlin",
            "startDate": "2026-10-12T18:00:00Z", "endDate": "2026-10-12T21:00:00Z", "capacity": 500,
            "charges": { "taxShare": 800, "feeMinor": 100 },
        }),
    )
    .await;
    let event = text(&event["id"]);
    let below = |path: &str| format!("/api/v1/events/{event}{path}");
    let class = json!({
        "name": "Balcony", "price": { "amount": 2500, "currency": "EUR" }, "zones": ["Upstairs"],
        "entryFrom": "2026-10-12T16:30:00Z",
        "terms": {
            "saleFrom": "2026-09-28T08:00:00Z",
            "releases": [{ "quantity": 10, "at": "2026-10-01T08:00:00Z" }],
            "pricing": { "strategy": "TIERS", "tiers": [
                { "until": "2026-10-05T22:00:00Z", "price": { "amount": 2000, "currency": "EUR" } },
            ] },
        },
    });
    let class = text(&post(below("/ticket-classes"), class).await["id"]);
    let gate = json!({ "name": "North", "zones": ["Upstairs"] });
    let gate = text(&post(below("/gates"), gate).await["id"]);
    let pool = json!({ "name": "House", "limit": 400, "classIds": [class] });
    post(below("/pools"), pool).await;
    let settings = json!({
        "doorsDate": "2026-10-12T17:00:00Z",
        "lists": [{ "name": "Main", "gateIds": [gate], "classIds": [class] }],
        "rules": [{ "name": "not before half past six", "logic":
            { "isAfter": [{ "var": "now" }, { "buildTime": ["custom", "2026-10-12T18:30:00"] }, null] } }],
        "questions": [{ "text": "Your seat neighbour?", "classIds": [class] }],
        "preCheckIn": { "opensAt": "2026-10-11T18:00:00Z", "closesAt": "2026-10-12T18:00:00Z" },
    });
    let set = t
        .call("PUT", &below("/check-in"), &organizer, Some(settings))
        .await;
    set.expect(200);
    let rules = json!({ "allowed": true, "perTicketMax": 2 });
    let set = t
        .call("PUT", &below("/transfer-rules"), &organizer, Some(rules))
        .await;
    set.expect(200);
    House {
        t,
        organizer,
        event,
        class,
        gate,
    }
}

#[tokio::test]
async fn a_copy_is_the_same_evening_after_the_clocks_have_changed() {
    // E14: from summer time to winter time, eight in the evening stays eight in the evening
    let House {
        t,
        organizer,
        event,
        class,
        gate,
    } = house().await;
    let path = format!("/api/v1/events/{event}/clone");
    let wanted = json!({ "startDate": "2026-11-09T19:00:00Z", "title": "Strings again" });
    let copy = t
        .keyed(&path, &organizer, "once", &wanted)
        .await
        .expect(201);
    let again = t
        .keyed(&path, &organizer, "once", &wanted)
        .await
        .expect(201);
    assert_eq!(copy["id"], again["id"], "one attempt makes one copy");
    assert_eq!(
        (&copy["status"], &copy["title"], &copy["endDate"]),
        (
            &json!("DRAFT"),
            &json!("Strings again"),
            &json!("2026-11-09T22:00:00.000Z")
        )
    );
    let new = &copy["classes"][0];
    assert_ne!(new["id"], json!(class));
    assert_eq!(new["zones"], json!(["Upstairs"]));
    assert_eq!(new["entryFrom"], "2026-11-09T17:30:00.000Z");
    let terms = &new["terms"];
    assert_eq!(terms["saleFrom"], "2026-10-26T09:00:00.000Z");
    assert_eq!(terms["releases"][0]["at"], "2026-10-29T09:00:00.000Z");
    let tier = &terms["pricing"]["tiers"][0];
    assert_eq!(tier["until"], "2026-11-02T23:00:00.000Z");
    let below = |path: &str| format!("/api/v1/events/{}{path}", text(&copy["id"]));
    let settings = t.get(&below("/check-in"), &organizer).await.expect(200);
    assert_eq!(settings["doorsDate"], "2026-11-09T18:00:00.000Z");
    assert_eq!(
        settings["lists"][0]["gateIds"],
        json!([copy["gates"][0]["id"]])
    );
    assert_eq!(settings["questions"][0]["classIds"], json!([new["id"]]));
    assert!(!settings.to_string().contains(&class) && !settings.to_string().contains(&gate));
    let rule = settings["rules"][0]["logic"].to_string();
    assert!(rule.contains("2026-11-09T18:30:00"), "{rule}");
    let pools = t.get(&below("/pools"), &organizer).await.expect(200);
    assert_eq!(pools["items"][0]["classIds"], json!([new["id"]]));
    let rules = t
        .get(&below("/transfer-rules"), &organizer)
        .await
        .expect(200);
    assert_eq!(rules["perTicketMax"], 2);
    let stock = t.get(&below("/devices"), &organizer).await.expect(200);
    assert_eq!(stock["items"], json!([]), "devices stay where they are");
}

#[tokio::test]
async fn only_who_makes_events_there_copies_one_and_to_a_date_that_is_to_come() {
    // E14
    let House {
        t,
        organizer,
        event,
        ..
    } = house().await;
    let path = format!("/api/v1/events/{event}/clone");
    let wanted = json!({ "startDate": "2026-11-09T19:00:00Z" });
    let stranger = t.stored_user(Role::Organizer).await;
    let refused = t.post(&path, &stranger, wanted).await;
    refused.expect_error(404, "not_found");
    let past = json!({ "startDate": "2020-11-09T19:00:00Z" });
    let refused = t.post(&path, &organizer, past).await;
    refused.expect_error(400, "validation");
}

#[test]
fn a_shift_goes_by_the_hands_of_the_clock() {
    // E14
    let at = |text: &str| text.parse().expect("a time");
    let across = Shift::between("Europe/Berlin", NOW, NOW.plus_secs(40 * 86_400));
    // 40 days of seconds from September end in winter time: an hour less on the clock.
    let evening = at("2026-09-21T18:00:00Z");
    assert_eq!(across.apply(evening), evening.plus_secs(40 * 86_400));
    let day = Shift::between(
        "Europe/Berlin",
        at("2027-03-27T12:00:00Z"),
        at("2027-03-28T11:00:00Z"),
    );
    let half_past_two = at("2027-03-27T01:30:00Z");
    assert_eq!(
        day.apply(half_past_two),
        at("2027-03-28T01:30:00Z"),
        "after the gap"
    );
    assert_eq!(
        day.apply(at("2027-03-27T20:00:00Z")),
        at("2027-03-28T19:00:00Z")
    );
    let later = Shift::by_minutes("Asia/Ho_Chi_Minh", -30);
    assert_eq!(
        later.apply(at("2026-10-12T12:00:00Z")),
        at("2026-10-12T11:30:00Z")
    );
}
