//! Numbers: no gap, no double, in the order of dates.

use futures::future::join_all;
use serde_json::{Value, json};
use shared::api::invoices::SellerIdentity;

use super::{documents, identity, issue, number, shop};
use crate::invoices::Error;
use crate::invoices::model::SellerId;
use crate::invoices::number::draw;
use crate::platform::db::DbError;
use crate::testing::{NOW, TestApp};

fn seller() -> SellerId {
    SellerId::User(shared::ids::UserId::from_bytes([7; 16]))
}

fn as_stored() -> SellerIdentity {
    serde_json::from_value(identity(false)).expect("an identity")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn issuing_at_once_leaves_no_gap_and_gives_no_number_twice() {
    // P8: each order is asked for twice, and each twice at once
    let shop = shop(24, false).await;
    let mut orders = Vec::new();
    for _ in 0..24 {
        orders.push(shop.buy(1).await);
    }
    let twice = orders.iter().chain(&orders);
    let answers = join_all(twice.map(|order| issue(&shop, order, &shop.buyer))).await;
    let mut invoices: Vec<Value> = answers.iter().map(|answer| answer.expect(200)).collect();
    invoices.sort_by_key(number);
    invoices.dedup();
    let numbers: Vec<String> = invoices.iter().map(number).collect();
    let expected: Vec<String> = (1..=24).map(|at| format!("NHL-2026-{at:06}")).collect();
    assert_eq!(numbers, expected);
    let dates: Vec<&str> = invoices
        .iter()
        .filter_map(|of| of["issuedAt"].as_str())
        .collect();
    assert!(dates.is_sorted(), "{dates:?}");
    for order in &orders {
        assert_eq!(documents(&shop, order).await.len(), 1);
    }
}

#[tokio::test]
async fn a_commit_that_fails_takes_no_number() {
    // P8: nor does one that is repeated take two
    let t = TestApp::new().await;
    let drawn = || {
        let identity = as_stored();
        t.app.db.write(move |tx| draw(tx, seller(), &identity, NOW))
    };
    let first = drawn().await.expect("a number");
    let identity = as_stored();
    let lost: Result<(), Error> = t
        .app
        .db
        .write(move |tx| {
            draw(tx, seller(), &identity, NOW)?;
            Err(DbError::Contended.into())
        })
        .await;
    assert!(lost.is_err());
    let second = drawn().await.expect("the next number");
    assert_eq!((first.serial, second.serial), (1, 2));
    assert!(second.at > first.at);
}

#[tokio::test]
async fn two_sellers_count_apart() {
    // P8 A9
    let first = shop(2, false).await;
    let order = first.buy(1).await;
    issue(&first, &order, &first.buyer).await.expect(200);
    let t = &first.t;
    let owner = t.stored_user(shared::api::accounts::Role::Attendee).await;
    let body = json!({ "name": "Opera house" });
    let made = t.post("/api/v1/organizations", &owner, body).await;
    let id = crate::orders::fixture::text(&made.expect(201)["id"]);
    let path = format!("/api/v1/organizations/{id}/invoicing");
    let set = t.call("PUT", &path, &owner, Some(identity(false))).await;
    set.expect(200);
    let mut event = crate::orders::fixture::event_body();
    event["organizationId"] = json!(id);
    let event = t.post("/api/v1/events", &owner, event).await.expect(201);
    let mut second = first;
    second.event = crate::orders::fixture::text(&event["id"]);
    second.organizer = owner;
    second.class = second.add_class("General", 90_000).await;
    second.add_stock(&second.class, 2).await.expect(201);
    let publish = format!("/api/v1/events/{}/publish", second.event);
    let published = second.t.call("POST", &publish, &second.organizer, None);
    published.await.expect(200);
    let order = second.buy(1).await;
    let invoice = issue(&second, &order, &second.buyer).await.expect(200);
    assert_eq!(number(&invoice), "NHL-2026-000001");
}
