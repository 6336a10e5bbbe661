//! Venues over HTTP: who may do what, versions of a plan, events that use one.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::orders::fixture::{Shop, draft, text};
use crate::testing::TestApp;

const VENUES: &str = "/api/v1/venues";

fn venue_body(capacity: u32) -> Value {
    json!({
        "name": "Nhà hát Lớn", "address": "1 Tràng Tiền, Hà Nội",
        "coordinates": { "latitude": 21.0245, "longitude": 105.8576 }, "capacity": capacity,
    })
}

async fn venue(t: &TestApp, token: &str, capacity: u32) -> String {
    let made = t.post(VENUES, token, venue_body(capacity)).await;
    text(&made.expect(201)["id"])
}

/// One section of one row.
fn plan(section: &str, labels: &[&str]) -> Value {
    let seats: Vec<Value> = labels
        .iter()
        .map(|label| json!({ "label": label }))
        .collect();
    json!({ "sections": [{ "name": section, "rows": [{ "name": "1", "seats": seats }] }] })
}

#[tokio::test]
async fn a_venue_is_its_makers_to_change_and_everybodys_to_read() {
    // E5
    let t = TestApp::new().await;
    let mine = t.stored_user(Role::Organizer).await;
    let id = venue(&t, &mine, 600).await;
    let path = format!("{VENUES}/{id}");
    let shown = t.get(&path, "").await;
    assert_eq!(shown.headers["etag"], "\"1\"");
    let shown = shown.expect(200);
    assert_eq!(shown["coordinates"], venue_body(1)["coordinates"]);
    assert_eq!(shown["seatingVersion"], Value::Null);
    let other = t.stored_user(Role::Organizer).await;
    let change = || Some(json!({ "capacity": 700 }));
    let theirs = t.call("PATCH", &path, &other, change()).await;
    theirs.expect_error(404, "not_found");
    let changed = t.call("PATCH", &path, &mine, change()).await.expect(200);
    assert_eq!(
        (&changed["capacity"], &changed["revision"]),
        (&json!(700), &json!(2))
    );
    assert_eq!(
        t.get(VENUES, &mine).await.expect(200)["items"],
        json!([changed])
    );
    assert_eq!(t.get(VENUES, &other).await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn an_edit_of_what_was_not_seen_is_refused() {
    // E5
    let t = TestApp::new().await;
    let mine = t.stored_user(Role::Organizer).await;
    let id = venue(&t, &mine, 600).await;
    let edit = async |tag: &str| {
        let request = axum::http::Request::patch(format!("{VENUES}/{id}"))
            .header("authorization", format!("Bearer {mine}"))
            .header("content-type", "application/json")
            .header("if-match", tag)
            .body(json!({ "name": "Opera" }).to_string().into())
            .expect("a request");
        t.send(request).await
    };
    edit("\"1\"").await.expect(200);
    let details = edit("\"1\"").await.expect_error(412, "revision_mismatch");
    assert_eq!(details["revision"], "2");
}

#[tokio::test]
async fn wrong_venues_and_plans_are_refused_by_field() {
    // E5
    let t = TestApp::new().await;
    let mine = t.stored_user(Role::Organizer).await;
    for (field, value) in [
        ("name", json!("")),
        ("capacity", json!(0)),
        ("address", json!("a\u{202e}b")),
        ("coordinates", json!({ "latitude": 90.1, "longitude": 0 })),
    ] {
        let mut body = venue_body(10);
        body[field] = value;
        let details = t
            .post(VENUES, &mine, body)
            .await
            .expect_error(400, "validation");
        let named = details.as_object().expect("fields");
        assert!(
            named.keys().all(|name| name.starts_with(field)),
            "{details}"
        );
    }
    let id = venue(&t, &mine, 3).await;
    let path = format!("{VENUES}/{id}/seating");
    for (body, code, status) in [
        (plan("Floor", &["A-1", "A-1"]), "validation", 400),
        (plan("Floor", &[]), "validation", 400),
        (
            plan("Floor", &["1", "2", "3", "4"]),
            "capacity_exceeded",
            409,
        ),
    ] {
        let answer = t.call("PUT", &path, &mine, Some(body)).await;
        answer.expect_error(status, code);
    }
    t.get(&path, "").await.expect_error(404, "not_found");
}

#[tokio::test]
async fn events_share_a_plan_and_keep_their_version_of_it() {
    // E5
    let shop = Shop::open(0).await;
    let t = &shop.t;
    let id = venue(t, &shop.organizer, 600).await;
    let path = format!("{VENUES}/{id}/seating");
    for (version, labels) in [(1, ["A-1", "A-2"]), (2, ["B-1", "B-2"])] {
        let body = Some(plan("Floor", &labels));
        let stored = t
            .call("PUT", &path, &shop.organizer, body)
            .await
            .expect(200);
        assert_eq!(stored["version"], version);
    }
    let other = draft(t, &shop.organizer).await;
    let tie = async |event: &str, version: Value| {
        let path = format!("/api/v1/events/{event}/seating");
        let body = json!({ "venueId": id, "version": version });
        t.call("PUT", &path, &shop.organizer, Some(body)).await
    };
    tie(&shop.event, json!(1)).await.expect(200);
    assert_eq!(tie(&other, Value::Null).await.expect(200)["version"], 2);
    tie(&other, json!(3)).await.expect_error(404, "not_found");
    let seen = t
        .get(&format!("/api/v1/events/{}/seating", shop.event), "")
        .await;
    assert_eq!(
        seen.expect(200)["sections"],
        plan("Floor", &["A-1", "A-2"])["sections"]
    );
    // A draft's plan is as invisible as the draft.
    let hidden = t.get(&format!("/api/v1/events/{other}/seating"), "").await;
    hidden.expect_error(404, "not_found");
    shop.add_seats(&shop.class, &["A-2"]).await.expect(201);
    tie(&shop.event, json!(2))
        .await
        .expect_error(409, "seats_in_stock");
    tie(&shop.event, json!(1)).await.expect(200);
}

#[tokio::test]
async fn an_event_uses_only_plans_of_its_own_organizer() {
    // E5, A9
    let shop = Shop::open(0).await;
    let stranger = shop.t.stored_user(Role::Organizer).await;
    let id = venue(&shop.t, &stranger, 600).await;
    let path = format!("{VENUES}/{id}/seating");
    let body = Some(plan("Floor", &["A-1"]));
    shop.t.call("PUT", &path, &stranger, body).await.expect(200);
    let path = format!("/api/v1/events/{}/seating", shop.event);
    let tie = Some(json!({ "venueId": id }));
    let answer = shop
        .t
        .call("PUT", &path, &shop.organizer, tie.clone())
        .await;
    answer.expect_error(404, "not_found");
    let answer = shop.t.call("PUT", &path, &stranger, tie).await;
    answer.expect_error(404, "not_found");
}
