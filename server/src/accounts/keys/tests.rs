//! API keys, over HTTP.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::model::ApiKey;
use crate::orders::fixture::{Shop, draft, text};
use crate::platform::db::Query;
use crate::testing::TestApp;

async fn key(test: &TestApp, owner: &str, scopes: &[&str]) -> (String, String) {
    let body = json!({ "name": "Door counter", "scopes": scopes });
    let made = test
        .post("/api/v1/auth/keys", owner, body)
        .await
        .expect(201);
    (text(&made["key"]), text(&made["about"]["id"]))
}

#[tokio::test]
async fn a_key_is_shown_once_and_ends_when_revoked() {
    // A8
    let test = TestApp::new().await;
    let ann = test.stored_user(Role::Organizer).await;
    let event = draft(&test, &ann).await;
    let (secret, id) = key(&test, &ann, &["GATES", "VIEW"]).await;
    let devices = format!("/api/v1/events/{event}/devices");
    test.get(&devices, &secret).await.expect(200);
    let list = test.get("/api/v1/auth/keys", &ann).await.expect(200);
    assert_eq!(list["items"][0]["name"], "Door counter");
    assert!(!list.to_string().contains(&secret));
    let stored = test.app.db.list::<ApiKey>(&Query::on("id")).await;
    assert!(!format!("{stored:?}").contains(&secret));
    let stranger = test.stored_user(Role::Organizer).await;
    let path = format!("/api/v1/auth/keys/{id}");
    test.call("DELETE", &path, &stranger, None)
        .await
        .expect(204);
    test.get(&devices, &secret).await.expect(200);
    for _ in 0..2 {
        test.call("DELETE", &path, &ann, None).await.expect(204);
        test.get(&devices, &secret)
            .await
            .expect_error(401, "token_invalid");
    }
    test.get(&devices, "ghk_short")
        .await
        .expect_error(401, "token_invalid");
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_nothing_for_the_account() {
    // A8
    let shop = Shop::over(TestApp::new().await, 3).await;
    let test = &shop.t;
    let ann = test.stored_user(Role::Organizer).await;
    let event = draft(test, &ann).await;
    let (watch, _) = key(test, &ann, &["WATCH"]).await;
    let path = |what: &str| format!("/api/v1/events/{event}/{what}");
    test.get(&path("conflicts"), &watch).await.expect(200);
    for what in ["devices", "keys", "refunds", "check-in"] {
        test.get(&path(what), &watch)
            .await
            .expect_error(403, "forbidden");
    }
    let change = json!({ "title": "Stolen" });
    test.call(
        "PATCH",
        &format!("/api/v1/events/{event}"),
        &watch,
        Some(change),
    )
    .await
    .expect_error(403, "forbidden");
    // Its scopes are for the owner's things only.
    let others = format!("/api/v1/events/{}/conflicts", shop.event);
    test.get(&others, &watch)
        .await
        .expect_error(404, "not_found");
    let all = [
        "VIEW", "EVENTS", "SALES", "MONEY", "GATES", "WATCH", "TEAM", "ATTEND",
    ];
    let (all, _) = key(test, &ann, &all).await;
    for path in ["auth/me", "auth/keys", "auth/me/export"] {
        test.get(&format!("/api/v1/{path}"), &all)
            .await
            .expect_error(403, "forbidden");
    }
    let more = json!({ "name": "More", "scopes": ["TEAM"] });
    test.post("/api/v1/auth/keys", &all, more)
        .await
        .expect_error(403, "forbidden");
    shop.order_as(&all, 1).await.expect(201);
    let order = shop.order_as(&watch, 1).await;
    order.expect_error(403, "forbidden");
}

#[tokio::test]
async fn an_administrators_key_is_no_administrator() {
    // A8
    let shop = Shop::over(TestApp::new().await, 1).await;
    let admin = shop.t.stored_user(Role::Admin).await;
    let (secret, _) = key(&shop.t, &admin, &["VIEW", "EVENTS", "GATES", "TEAM"]).await;
    shop.t
        .get("/api/v1/notices", &secret)
        .await
        .expect_error(403, "forbidden");
    let devices = format!("/api/v1/events/{}/devices", shop.event);
    shop.t.get(&devices, &admin).await.expect(200);
    shop.t
        .get(&devices, &secret)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn keys_end_of_age_and_are_bounded() {
    // A8
    let test = TestApp::new().await;
    let ann = test.stored_user(Role::Attendee).await;
    let make = async |body: Value| test.post("/api/v1/auth/keys", &ann, body).await;
    for (field, bad) in [
        ("name", json!({ "name": "", "scopes": ["ATTEND"] })),
        ("scopes", json!({ "name": "x", "scopes": [] })),
        (
            "expiresAt",
            json!({ "name": "x", "scopes": ["ATTEND"], "expiresAt": "2020-01-01T00:00:00Z" }),
        ),
    ] {
        let details = make(bad).await.expect_error(400, "validation");
        assert!(details[field].is_string(), "{details}");
    }
    let body = json!({ "name": "x", "scopes": ["ATTEND"], "expiresAt": "2026-09-22T00:00:00Z" });
    let secret = text(&make(body).await.expect(201)["key"]);
    test.get("/api/v1/orders", &secret).await.expect(200);
    test.clock.advance(86_400_000);
    test.get("/api/v1/orders", &secret)
        .await
        .expect_error(401, "token_expired");
}
