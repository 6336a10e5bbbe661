//! Versions over HTTP: kept, compared, gone back to, approved.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::orders::fixture::{Shop, draft, text};
use crate::testing::TestApp;

async fn versions(t: &TestApp, event: &str, organizer: &str) -> Vec<Value> {
    let path = format!("/api/v1/events/{event}/versions?limit=200");
    let list = t.get(&path, organizer).await.expect(200);
    list["items"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn each_edit_is_a_version_that_can_be_looked_at_and_compared() {
    // E14
    let shop = Shop::open(3).await;
    let event = format!("/api/v1/events/{}", shop.event);
    let class = format!("{event}/ticket-classes/{}", shop.class);
    let patch = async |path: &str, body: Value| {
        let answer = shop
            .t
            .call("PATCH", path, &shop.organizer, Some(body))
            .await;
        answer.expect(200)
    };
    let before = versions(&shop.t, &shop.event, &shop.organizer).await;
    let first = before[0]["version"].as_u64().expect("a version");
    patch(&event, json!({ "title": "Night of Winds" })).await;
    patch(
        &class,
        json!({ "price": { "amount": 300_000, "currency": "VND" } }),
    )
    .await;
    let kept = versions(&shop.t, &shop.event, &shop.organizer).await;
    assert_eq!(kept.len(), before.len() + 2);
    assert_eq!(
        (&kept[0]["current"], &kept[1]["current"]),
        (&json!(true), &json!(false))
    );
    let diff = format!("{event}/versions/{first}/diff");
    let diff = shop.t.get(&diff, &shop.organizer).await.expect(200);
    let price = format!("classes.{}.price.amount", shop.class);
    assert_eq!(
        diff["differences"],
        json!([
            { "path": price, "from": 250_000, "to": 300_000 },
            { "path": "title", "from": "Night of Strings", "to": "Night of Winds" },
        ])
    );
    let one = format!("{event}/versions/{first}");
    let one = shop.t.get(&one, &shop.organizer).await.expect(200);
    assert_eq!(one["content"]["title"], "Night of Strings");
    let none = shop
        .t
        .get(&format!("{event}/versions/999"), &shop.organizer)
        .await;
    none.expect_error(404, "not_found");
    let stranger = shop.t.token_for(Role::Organizer);
    let refused = shop.t.get(&format!("{event}/versions"), &stranger).await;
    refused.expect_error(404, "not_found");
}

#[tokio::test]
async fn going_back_is_an_edit_and_takes_nothing_from_who_has_a_ticket() {
    // E14
    let shop = Shop::open(3).await;
    let event = format!("/api/v1/events/{}", shop.event);
    let kept = versions(&shop.t, &shop.event, &shop.organizer).await;
    let first = kept[0]["version"].as_u64().expect("a version");
    let class = format!("{event}/ticket-classes/{}", shop.class);
    let dearer = json!({ "price": { "amount": 400_000, "currency": "VND" } });
    let answer = shop
        .t
        .call("PATCH", &class, &shop.organizer, Some(dearer))
        .await;
    answer.expect(200);
    let later = json!({ "endDate": "2026-10-12T17:00:00Z", "description": "Five." });
    let answer = shop
        .t
        .call("PATCH", &event, &shop.organizer, Some(later))
        .await;
    let moved = answer.expect(200)["revision"].as_u64().expect("a revision");
    let restore = format!("{event}/versions/{first}/restore");
    let back = shop.t.call("POST", &restore, &shop.organizer, None).await;
    let back = back.expect(200);
    assert_eq!(back["endDate"], "2026-10-12T16:00:00.000Z");
    assert_eq!(back["description"], "Four quartets.");
    assert_eq!(back["classes"][0]["basePrice"]["amount"], 250_000);
    assert!(back["revision"].as_u64() > Some(moved), "{back}");
    shop.buy(1).await;
    let again = format!("{event}/versions/{moved}/restore");
    let refused = shop.t.call("POST", &again, &shop.organizer, None).await;
    let details = refused.expect_error(409, "would_break_tickets");
    assert_eq!(details, json!({ "tickets": "1", "fields": "endDate" }));
    // What changes nothing for holders is still possible.
    let back = shop.t.call("POST", &restore, &shop.organizer, None).await;
    back.expect(200);
}

#[tokio::test]
async fn versions_are_bounded_and_the_approved_one_stays() {
    // E14, E3
    let t = TestApp::configured(&[], |config| config.events_require_approval = true).await;
    let organizer = t.token_for(Role::Organizer);
    let admin = t.token_for(Role::Admin);
    let event = draft(&t, &organizer).await;
    let path = format!("/api/v1/events/{event}");
    let class = json!({ "name": "General", "price": { "amount": 1, "currency": "VND" } });
    let classes = format!("{path}/ticket-classes");
    t.post(&classes, &organizer, class).await.expect(201);
    let call =
        async |method: &str, path: &str, token: &str| t.call(method, path, token, None).await;
    call("POST", &format!("{path}/publish"), &organizer)
        .await
        .expect(200);
    let approved = call("POST", &format!("{path}/approve"), &admin)
        .await
        .expect(200);
    let version = approved["approval"]["version"].clone();
    assert_eq!(version, approved["revision"]);
    for capacity in 1..60 {
        let body = json!({ "capacity": capacity });
        let answer = t
            .call("PATCH", &path, &organizer, Some(body))
            .await
            .expect(200);
        assert_eq!(
            answer["status"], "PUBLISHED",
            "numbers are the organizer's business"
        );
    }
    let kept = versions(&t, &event, &organizer).await;
    assert_eq!(kept.len(), 50);
    let oldest = kept.last().expect("a version");
    assert_eq!(
        (&oldest["version"], &oldest["approved"]),
        (&version, &json!(true))
    );
}

#[tokio::test]
async fn an_edit_of_what_was_approved_asks_again_and_sales_pause() {
    // E3
    let t = TestApp::configured(&[], |config| config.events_require_approval = true).await;
    let admin = t.token_for(Role::Admin);
    let organizer = t.token_for(Role::Organizer);
    let buyer = t.token_for(Role::Attendee);
    let event = draft(&t, &organizer).await;
    let path = format!("/api/v1/events/{event}");
    let class = json!({ "name": "General", "price": { "amount": 1000, "currency": "VND" } });
    let class = t
        .post(&format!("{path}/ticket-classes"), &organizer, class)
        .await;
    let class = text(&class.expect(201)["id"]);
    let batch = json!({ "eventId": event, "classId": class, "quantity": 5 });
    t.post("/api/v1/issued-tickets/batch", &organizer, batch)
        .await
        .expect(201);
    t.call("POST", &format!("{path}/publish"), &organizer, None)
        .await
        .expect(200);
    let approve = format!("{path}/approve");
    let seen = t.get(&path, &admin).await.expect(200)["revision"].clone();
    let edited = json!({ "title": "Another Night" });
    t.call("PATCH", &path, &organizer, Some(edited))
        .await
        .expect(200);
    // The administrator looked at the version before.
    let request = axum::http::Request::post(&approve)
        .header("authorization", format!("Bearer {admin}"))
        .header("if-match", format!("\"{seen}\""))
        .body(axum::body::Body::empty())
        .expect("a request");
    t.send(request).await.expect_error(412, "revision_mismatch");
    t.call("POST", &approve, &admin, None).await.expect(200);
    let order = json!({
        "eventId": event, "items": [{ "classId": class, "quantity": 1 }],
        "buyer": { "email": "ann@example.org", "name": "Ann" },
    });
    t.post("/api/v1/orders", &buyer, order.clone())
        .await
        .expect(201);
    let moved = json!({ "description": "Something else entirely." });
    let asked = t
        .call("PATCH", &path, &organizer, Some(moved))
        .await
        .expect(200);
    assert_eq!(asked["status"], "PENDING_APPROVAL");
    t.get(&path, "").await.expect(200);
    let refused = t.post("/api/v1/orders", &buyer, order.clone()).await;
    assert_eq!(refused.status, 409, "{}", refused.json());
    let again = t.call("POST", &approve, &admin, None).await.expect(200);
    assert_eq!(again["approval"]["version"], again["revision"]);
    t.post("/api/v1/orders", &buyer, order).await.expect(201);
}
