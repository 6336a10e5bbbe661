//! DELETE over HTTP: what goes away, what says why not, and who brings it back.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::orders::fixture::{Shop, draft, text};
use crate::testing::{Answer, TestApp};

async fn delete(shop: &Shop, path: &str) -> Answer {
    let path = format!("/api/v1/events/{}{path}", shop.event);
    shop.t.call("DELETE", &path, &shop.organizer, None).await
}

async fn unarchive(shop: &Shop, path: &str, token: &str) -> Answer {
    let path = format!("/api/v1/events/{}{path}/unarchive", shop.event);
    shop.t.call("POST", &path, token, None).await
}

#[tokio::test]
async fn an_event_with_tickets_out_stays_and_one_without_goes_and_comes_back() {
    // E15
    let shop = Shop::open(3).await;
    shop.buy(2).await;
    let details = delete(&shop, "").await.expect_error(409, "in_use");
    assert_eq!(details, json!({ "tickets": "2" }));
    let empty = draft(&shop.t, &shop.organizer).await;
    let path = format!("/api/v1/events/{empty}");
    let call = async |method: &str, path: &str, body: Option<Value>| {
        shop.t.call(method, path, &shop.organizer, body).await
    };
    let gone = call("DELETE", &path, None).await.expect(200);
    assert!(gone["archivedAt"].is_string(), "{gone}");
    let edit = json!({ "title": "x" });
    let refused = call("PATCH", &path, Some(edit)).await;
    refused.expect_error(409, "archived");
    let refused = call("POST", &format!("{path}/publish"), None).await;
    refused.expect_error(409, "archived");
    let back = call("POST", &format!("{path}/unarchive"), None)
        .await
        .expect(200);
    assert!(back["archivedAt"].is_null(), "{back}");
    let twice = call("POST", &format!("{path}/unarchive"), None).await;
    twice.expect_error(409, "not_archived");
}

#[tokio::test]
async fn an_archived_event_is_found_by_its_people_only_and_keeps_its_books() {
    // E15
    let shop = Shop::open_for_a_day(3).await;
    let order = text(&shop.buy(1).await["id"]);
    let cancel = format!("/api/v1/events/{}/cancel", shop.event);
    let reason = json!({ "reason": "Storm" });
    shop.t
        .post(&cancel, &shop.organizer, reason)
        .await
        .expect(202);
    for _ in 0..40 {
        shop.run_jobs().await;
        shop.t.clock.advance(5_000);
    }
    delete(&shop, "").await.expect(200);
    let path = format!("/api/v1/events/{}", shop.event);
    let admin = shop.t.token_for(Role::Admin);
    shop.t.get(&path, "").await.expect_error(404, "not_found");
    shop.t.get(&path, &admin).await.expect(200);
    let kept = shop.order_now(&order).await;
    assert_eq!(kept["status"], "REFUNDED", "{kept}");
    let list = shop.t.get("/api/v1/events", "").await.expect(200);
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn a_class_ends_its_sale_and_its_tickets_stay() {
    // E15
    let shop = Shop::open(5).await;
    let sold = shop.buy(1).await;
    let held = text(&shop.order(1).await.expect(201)["id"]);
    let path = format!("/ticket-classes/{}", shop.class);
    let details = delete(&shop, &path).await.expect_error(409, "in_use");
    assert_eq!(details, json!({ "heldTickets": "1" }));
    let cancel = format!("/api/v1/orders/{held}/cancel");
    shop.t
        .call("POST", &cancel, &shop.buyer, None)
        .await
        .expect(200);
    let gone = delete(&shop, &path).await.expect(200);
    assert!(gone["archivedAt"].is_string(), "{gone}");
    shop.order(1).await.expect_error(409, "sale_over");
    let kept = shop.order_now(&text(&sold["id"])).await;
    assert_eq!(kept["tickets"][0]["status"], "PAID");
    let back = unarchive(&shop, &path, &shop.organizer).await.expect(200);
    assert!(back["archivedAt"].is_null(), "{back}");
    shop.order(1).await.expect(201);
}

#[tokio::test]
async fn a_gate_that_is_used_says_by_what_and_only_who_archived_brings_it_back() {
    // E15
    let shop = Shop::open(1).await;
    let event = format!("/api/v1/events/{}", shop.event);
    let add = async |name: &str| {
        let body = json!({ "name": name });
        let gate = shop
            .t
            .post(&format!("{event}/gates"), &shop.organizer, body)
            .await;
        text(&gate.expect(201)["id"])
    };
    let (used, free) = (add("North").await, add("South").await);
    let settings = json!({ "lists": [{ "name": "Main", "gateIds": [used] }] });
    let check_in = format!("{event}/check-in");
    let set = shop
        .t
        .call("PUT", &check_in, &shop.organizer, Some(settings))
        .await;
    set.expect(200);
    let device = json!({ "name": "Kiosk", "gateId": used, "role": "ADMIT" });
    let device = shop
        .t
        .post(&format!("{event}/devices"), &shop.organizer, device)
        .await;
    let has_device = device.status.is_success();
    let used = format!("/gates/{used}");
    let details = delete(&shop, &used).await.expect_error(409, "in_use");
    assert_eq!(details["list"], "Main", "{details}");
    assert_eq!(details["devices"] == "1", has_device, "{details}");
    let free_path = format!("/gates/{free}");
    // An administrator puts it away: the organizer cannot undo that.
    let admin = shop.t.token_for(Role::Admin);
    let gone = shop
        .t
        .call("DELETE", &format!("{event}{free_path}"), &admin, None)
        .await;
    gone.expect(200);
    let refused = unarchive(&shop, &free_path, &shop.organizer).await;
    refused.expect_error(403, "forbidden");
    let device = json!({ "name": "Late", "gateId": free, "role": "ADMIT" });
    let refused = shop
        .t
        .post(&format!("{event}/devices"), &shop.organizer, device)
        .await;
    assert_eq!(refused.status, 400, "{}", refused.json());
    unarchive(&shop, &free_path, &admin).await.expect(200);
}

#[tokio::test]
async fn a_list_goes_while_nobody_was_admitted_and_a_version_has_it_still() {
    // E15, E14
    let shop = Shop::open(1).await;
    let event = format!("/api/v1/events/{}", shop.event);
    let settings = json!({ "lists": [{ "name": "Main Hall" }, { "name": "Buffet" }] });
    let check_in = format!("{event}/check-in");
    let set = shop
        .t
        .call("PUT", &check_in, &shop.organizer, Some(settings))
        .await;
    set.expect(200);
    let seen = shop.t.get(&event, &shop.organizer).await.expect(200);
    let left = delete(&shop, "/check-in/lists/Main%20Hall")
        .await
        .expect(200);
    assert_eq!(left["lists"].as_array().map(Vec::len), Some(1));
    let none = delete(&shop, "/check-in/lists/Main%20Hall").await;
    none.expect_error(404, "not_found");
    let restore = format!("{event}/versions/{}/restore", seen["revision"]);
    shop.t
        .call("POST", &restore, &shop.organizer, None)
        .await
        .expect(200);
    let back = shop.t.get(&check_in, &shop.organizer).await.expect(200);
    assert_eq!(back["lists"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_venue_with_events_to_come_names_them() {
    // E15, E5
    let t = TestApp::new().await;
    let organizer = t.token_for(Role::Organizer);
    let venue = json!({ "name": "Hall", "address": "1 Main Street", "capacity": 100 });
    let venue = text(
        &t.post("/api/v1/venues", &organizer, venue)
            .await
            .expect(201)["id"],
    );
    let event = draft(&t, &organizer).await;
    let there = json!({ "venueId": venue });
    let path = format!("/api/v1/events/{event}");
    t.call("PATCH", &path, &organizer, Some(there))
        .await
        .expect(200);
    let venue = format!("/api/v1/venues/{venue}");
    let refused = t.call("DELETE", &venue, &organizer, None).await;
    let details = refused.expect_error(409, "in_use");
    assert_eq!(details, json!({ "events": "1", "eventIds": event }));
    t.call("DELETE", &path, &organizer, None).await.expect(200);
    let gone = t.call("DELETE", &venue, &organizer, None).await.expect(200);
    assert!(gone["archivedAt"].is_string(), "{gone}");
    let edit = json!({ "name": "Barn" });
    let refused = t.call("PATCH", &venue, &organizer, Some(edit)).await;
    refused.expect_error(409, "archived");
    let back = t
        .call("POST", &format!("{venue}/unarchive"), &organizer, None)
        .await;
    back.expect(200);
}
