//! Orders over HTTP: holding, expiring, cancelling, never overselling.

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::orders::OrderStatus;
use shared::ids::OrderId;

use crate::inventory::model::IssuedTicket;
use crate::orders::fixture::{Shop, draft, order_id, text};
use crate::orders::model::Order;
use crate::orders::{expire, expire_due};
use crate::platform::db::Query;
use crate::testing::NOW;

const ORDERS: &str = "/api/v1/orders";

#[tokio::test]
async fn an_order_holds_its_stock_at_the_price_of_the_moment() {
    // O1 I6
    let shop = Shop::open(10).await;
    let order = shop.order(3).await.expect(201);
    assert_eq!(order["status"], "PENDING");
    assert_eq!(order["expiresAt"], "2026-09-21T14:23:20.000Z");
    assert_eq!(
        order["total"],
        json!({ "amount": 750_000, "currency": "VND" })
    );
    assert_eq!(order["lines"][0]["unitPrice"]["amount"], 250_000);
    let tickets = order["tickets"].as_array().expect("tickets");
    let ids: HashSet<&str> = tickets
        .iter()
        .filter_map(|ticket| ticket["id"].as_str())
        .collect();
    assert_eq!(ids.len(), 3);
    assert!(tickets.iter().all(|ticket| ticket["status"] == "HELD"));
    let shown = shop.order_now(&text(&order["id"])).await;
    assert_eq!(shown, order, "GET shows what POST answered");
    let listed = shop.t.get(ORDERS, &shop.buyer).await.expect(200);
    assert_eq!(listed["items"], json!([order]));
}

#[tokio::test]
async fn sold_out_and_all_held_are_told_apart() {
    // O1
    let shop = Shop::open(2).await;
    shop.buy(1).await;
    let held = shop.order(1).await.expect(201);
    let details = shop.order(1).await.expect_error(409, "all_held");
    assert_eq!(details["available"], "0");
    let path = format!("{ORDERS}/{}/cancel", text(&held["id"]));
    shop.t
        .call("POST", &path, &shop.buyer, None)
        .await
        .expect(200);
    let short = shop.order(2).await;
    assert_eq!(short.json()["message"], "Only 1 is free now.");
    short.expect_error(409, "sold_out");
    shop.buy(1).await;
    let over = shop.order(1).await;
    assert_eq!(over.json()["message"], "Sold out.");
    over.expect_error(409, "sold_out");
}

#[tokio::test]
async fn a_refused_order_says_what_can_be_had() {
    // O1
    let shop = Shop::open(5).await;
    shop.order(3).await.expect(201);
    let short = shop.order(4).await;
    assert_eq!(short.json()["message"], "Only 2 are free now.");
    assert_eq!(short.expect_error(409, "all_held")["available"], "2");
    let empty = shop.add_class("Balcony", 100_000).await;
    let body = shop.order_body(&json!([{ "classId": empty, "quantity": 1 }]));
    let early = shop.t.post(ORDERS, &shop.buyer, body).await;
    assert_eq!(early.json()["message"], "Not on sale yet.");
    early.expect_error(409, "not_on_sale");
    let details = shop.order_seats(&["Z-9"]).await;
    assert_eq!(
        details.expect_error(400, "validation")["seats"],
        "not seats of this event: Z-9"
    );
}

#[tokio::test]
async fn an_ended_hold_is_free_without_any_sweeper() {
    // I6
    let shop = Shop::open(1).await;
    let first = text(&shop.order(1).await.expect(201)["id"]);
    shop.t.clock.advance(599_999);
    shop.order(1).await.expect_error(409, "all_held");
    shop.t.clock.advance(1);
    let seen = shop.order_now(&first).await;
    assert_eq!(
        (&seen["status"], &seen["tickets"]),
        (&json!("EXPIRED"), &json!([]))
    );
    let second = shop.order(1).await.expect(201);
    // Tidying up the first must not touch what is the second's now.
    expire(&shop.t.app, order_id(&first))
        .await
        .expect("expired");
    let second = shop.order_now(&text(&second["id"])).await;
    assert_eq!(
        (&second["status"], &second["tickets"][0]["status"]),
        (&json!("PENDING"), &json!("HELD"))
    );
}

#[tokio::test]
async fn the_sweeper_expires_what_is_due_and_nothing_else() {
    // I6
    let shop = Shop::open(5).await;
    let old = text(&shop.order(2).await.expect(201)["id"]);
    let paid = text(&shop.buy(1).await["id"]);
    shop.t.clock.advance(300_000);
    let young = text(&shop.order(1).await.expect(201)["id"]);
    assert_eq!(expire_due(&shop.t.app).await.expect("swept"), 0);
    shop.t.clock.advance(300_000);
    assert_eq!(expire_due(&shop.t.app).await.expect("swept"), 1);
    assert_eq!(
        expire_due(&shop.t.app).await.expect("swept"),
        0,
        "once is enough"
    );
    for (id, status) in [(old, "EXPIRED"), (paid, "PAID"), (young, "PENDING")] {
        let stored = shop
            .t
            .app
            .db
            .get::<Order>(&id)
            .await
            .expect("storage")
            .expect("the order");
        assert_eq!(json!(stored.status), status);
    }
    let stats = shop.stats().await;
    assert_eq!(
        (&stats[0]["available"], &stats[0]["held"]),
        (&json!(3), &json!(1))
    );
}

#[tokio::test]
async fn one_key_is_one_order() {
    // O2
    let shop = Shop::open(5).await;
    let body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 2 }]));
    let first = shop
        .keyed(ORDERS, &shop.buyer, "k", &body)
        .await
        .expect(201);
    let again = shop
        .keyed(ORDERS, &shop.buyer, "k", &body)
        .await
        .expect(201);
    assert_eq!(first, again);
    let mut other = body.clone();
    other["items"][0]["quantity"] = json!(1);
    let answer = shop.keyed(ORDERS, &shop.buyer, "k", &other).await;
    answer.expect_error(422, "idempotency_mismatch");
    let stranger = shop.t.token_for(Role::Attendee);
    let theirs = shop.keyed(ORDERS, &stranger, "k", &body).await.expect(201);
    assert_ne!(theirs["id"], first["id"], "keys are the caller's own");
    assert_eq!(shop.stats().await[0]["held"], 4);
    // A refusal is not remembered: the same attempt works once there is stock.
    shop.keyed(ORDERS, &shop.buyer, "k2", &body)
        .await
        .expect_error(409, "all_held");
    shop.t.clock.advance(600_000);
    shop.keyed(ORDERS, &shop.buyer, "k2", &body)
        .await
        .expect(201);
    shop.keyed(ORDERS, &shop.buyer, "", &body)
        .await
        .expect_error(400, "validation");
    let long = "k".repeat(201);
    shop.keyed(ORDERS, &shop.buyer, &long, &body)
        .await
        .expect_error(400, "validation");
}

#[tokio::test]
async fn the_same_attempt_at_once_is_one_order() {
    // O2
    let shop = Shop::open(50).await;
    let body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    let all =
        futures::future::join_all((0..16).map(|_| shop.keyed(ORDERS, &shop.buyer, "same", &body)));
    let ids: HashSet<String> = all
        .await
        .iter()
        .map(|answer| text(&answer.expect(201)["id"]))
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(shop.stats().await[0]["held"], 1);
}

#[tokio::test]
async fn wrong_orders_are_refused_by_field() {
    // O1
    let shop = Shop::open(30).await;
    let line = |quantity: Value| json!([{ "classId": shop.class, "quantity": quantity }]);
    let twice =
        json!([{ "classId": shop.class, "quantity": 1 }, { "classId": shop.class, "quantity": 1 }]);
    for items in [
        json!([]),
        line(json!(0)),
        line(json!(21)),
        line(json!(-1)),
        line(json!(1.5)),
        twice,
    ] {
        let body = shop.order_body(&items);
        let answer = shop.t.post(ORDERS, &shop.buyer, body).await;
        assert!(
            answer
                .expect_error(400, "validation")
                .as_object()
                .is_some_and(|fields| !fields.is_empty())
        );
    }
    for (field, value) in [
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", " @x"),
        ("name", ""),
    ] {
        let mut body = shop.order_body(&line(json!(1)));
        body["buyer"][field] = json!(value);
        let details = shop
            .t
            .post(ORDERS, &shop.buyer, body)
            .await
            .expect_error(400, "validation");
        assert!(details[format!("buyer.{field}")].is_string(), "{details}");
    }
    let mut both = shop.order_body(&line(json!(1)));
    both["seats"] = json!(["A-1"]);
    shop.t
        .post(ORDERS, &shop.buyer, both)
        .await
        .expect_error(400, "validation");
    shop.order(11).await.expect_error(409, "max_per_order");
    assert_eq!(
        shop.stats().await[0]["held"],
        0,
        "a refused order holds nothing"
    );
    shop.t
        .post(ORDERS, "", shop.order_body(&line(json!(1))))
        .await
        .expect_error(401, "unauthenticated");
}

#[tokio::test]
async fn only_published_events_sell_and_only_until_they_end() {
    // E2 O1
    let shop = Shop::open(5).await;
    let draft = draft(&shop.t, &shop.organizer).await;
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    body["eventId"] = json!(draft);
    shop.t
        .post(ORDERS, &shop.buyer, body)
        .await
        .expect_error(404, "not_found");
    let patch = json!({ "startDate": "2026-09-21T14:00:00Z", "endDate": "2026-09-21T14:15:00Z" });
    let path = format!("/api/v1/events/{}", shop.event);
    shop.t
        .call("PATCH", &path, &shop.organizer, Some(patch))
        .await
        .expect(200);
    shop.order(1).await.expect(201);
    shop.t.clock.advance(100_000);
    shop.order(1).await.expect_error(409, "not_on_sale");
}

#[tokio::test]
async fn a_class_of_another_event_cannot_be_bought_here() {
    // O1
    let shop = Shop::open(5).await;
    let other = draft(&shop.t, &shop.organizer).await;
    let class = json!({ "name": "A", "price": { "amount": 1, "currency": "VND" } });
    let path = format!("/api/v1/events/{other}/ticket-classes");
    let class = text(&shop.t.post(&path, &shop.organizer, class).await.expect(201)["id"]);
    let body = shop.order_body(&json!([{ "classId": class, "quantity": 1 }]));
    let details = shop
        .t
        .post(ORDERS, &shop.buyer, body)
        .await
        .expect_error(400, "validation");
    assert!(details["items[0].classId"].is_string(), "{details}");
}

#[tokio::test]
async fn a_later_price_changes_nothing_that_is_held() {
    // I4 O4: there is no price edit yet; a second class at another price keeps its own line
    let shop = Shop::open(5).await;
    let vip = shop.add_class("VIP", 1_000_001).await;
    shop.add_stock(&vip, 2).await.expect(201);
    let items =
        json!([{ "classId": shop.class, "quantity": 3 }, { "classId": vip, "quantity": 2 }]);
    let order = shop
        .t
        .post(ORDERS, &shop.buyer, shop.order_body(&items))
        .await
        .expect(201);
    assert_eq!(order["total"]["amount"], 750_000 + 2_000_002);
    assert_eq!(order["tickets"].as_array().map(Vec::len), Some(5));
    let items =
        json!([{ "classId": shop.class, "quantity": 1 }, { "classId": vip, "quantity": 1 }]);
    shop.t
        .post(ORDERS, &shop.buyer, shop.order_body(&items))
        .await
        .expect_error(409, "all_held");
    assert_eq!(
        shop.stats().await[0]["held"],
        3,
        "half an order holds nothing"
    );
}

#[tokio::test]
async fn what_costs_nothing_is_paid_at_once() {
    // O1 P4
    let shop = Shop::open(1).await;
    let free = shop.add_class("Free", 0).await;
    shop.add_stock(&free, 2).await.expect(201);
    let body = shop.order_body(&json!([{ "classId": free, "quantity": 2 }]));
    let order = shop.t.post(ORDERS, &shop.buyer, body).await.expect(201);
    assert_eq!(order["status"], "PAID");
    assert!(
        order["tickets"]
            .as_array()
            .expect("tickets")
            .iter()
            .all(|ticket| ticket["status"] == "PAID")
    );
    shop.t.clock.advance(600_000);
    expire_due(&shop.t.app).await.expect("swept");
    assert_eq!(shop.order_now(&text(&order["id"])).await["status"], "PAID");
}

#[tokio::test]
async fn strangers_see_no_order_and_buyers_refund_none() {
    // O1
    let shop = Shop::open(2).await;
    let id = text(&shop.buy(1).await["id"]);
    let (stranger, admin) = (
        shop.t.token_for(Role::Organizer),
        shop.t.token_for(Role::Admin),
    );
    let path = format!("{ORDERS}/{id}");
    shop.t
        .get(&path, &stranger)
        .await
        .expect_error(404, "not_found");
    for token in [&shop.buyer, &shop.organizer, &admin] {
        assert_eq!(
            shop.t.get(&path, token).await.expect(200)["id"],
            *id.as_str()
        );
    }
    let mine = shop.t.get(ORDERS, &stranger).await.expect(200);
    assert_eq!(mine["items"], json!([]));
    for (step, token, status, code) in [
        ("cancel", &stranger, 404, "not_found"),
        ("cancel", &shop.organizer, 404, "not_found"),
        ("cancel", &shop.buyer, 409, "illegal_transition"),
        ("refund", &stranger, 404, "not_found"),
        ("refund", &shop.buyer, 403, "forbidden"),
    ] {
        let answer = shop
            .t
            .call("POST", &format!("{path}/{step}"), token, None)
            .await;
        answer.expect_error(status, code);
    }
}

#[tokio::test]
async fn cancelling_returns_the_stock_at_once() {
    // O1 I6
    let shop = Shop::open(1).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    let payment = shop.payment(&order).await;
    let path = format!("{ORDERS}/{order}/cancel");
    let reason = json!({ "reason": "changed my mind" });
    let cancelled = shop.t.post(&path, &shop.buyer, reason).await.expect(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["tickets"]),
        (&json!("CANCELLED"), &json!([]))
    );
    assert_eq!(shop.payment_now(&payment).await["status"], "CANCELLED");
    shop.pay(&payment).await.expect_error(409, "link_closed");
    shop.t
        .call("POST", &path, &shop.buyer, None)
        .await
        .expect_error(409, "illegal_transition");
    shop.order(1).await.expect(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_buyers_never_oversell() {
    // O1 I6: more buyers than tickets, holds that end in between, some pay in time, some late
    let shop = Shop::open(40).await;
    let mut paid = 0;
    for round in 0..2 {
        shop.t.clock.advance(round * 600_000);
        let buyers: Vec<String> = (0..64).map(|_| shop.t.token_for(Role::Attendee)).collect();
        let orders = buyers
            .iter()
            .zip(0_u32..)
            .map(|(buyer, n)| shop.order_as(buyer, n % 3 + 1));
        let answers = futures::future::join_all(orders).await;
        let mut held = 0;
        for (answer, buyer) in answers.iter().zip(&buyers) {
            if answer.status != 201 {
                assert!(matches!(
                    answer.expect(409)["code"].as_str(),
                    Some("all_held" | "sold_out")
                ));
                continue;
            }
            let order = answer.json();
            let count = order["tickets"].as_array().expect("tickets").len();
            held += count;
            // Every second one pays.
            if held % 2 == 0 {
                let body = json!({ "orderId": order["id"], "provider": "demo" });
                let payment = shop
                    .t
                    .post("/api/v1/payments", buyer, body)
                    .await
                    .expect(201);
                let payment = text(&payment["id"]);
                shop.pay(&payment).await.expect(200);
                shop.deliver(&shop.telling(&payment).await)
                    .await
                    .expect(200);
                paid += count;
            }
        }
    }
    let stats = shop.stats().await;
    assert_eq!(stats[0]["paid"], paid, "{stats}");
    assert!((20..=40).contains(&paid), "{paid} were sold");
    // Each sold ticket belongs to exactly one PAID order, and the other way round.
    let orders = shop
        .t
        .app
        .db
        .list::<Order>(&Query::on("id").limit(1_000))
        .await
        .expect("orders");
    let mut owned = HashSet::new();
    for order in orders
        .iter()
        .filter(|order| order.status == OrderStatus::Paid)
    {
        for ticket in &order.tickets {
            assert!(owned.insert(*ticket), "{ticket} is in two orders");
            let row = shop.t.app.db.get::<IssuedTicket>(&ticket.to_string()).await;
            let row = row.expect("storage").expect("the ticket");
            assert_eq!(row.order_id, Some(order.id));
        }
    }
    assert_eq!(owned.len(), paid);
}

#[tokio::test]
async fn an_unknown_order_is_nothing_to_expire() {
    // I6
    let shop = Shop::open(1).await;
    let id = OrderId::new(NOW, [7; 10]);
    assert!(expire(&shop.t.app, id).await.is_ok());
    shop.t
        .get(&format!("{ORDERS}/{id}"), &shop.buyer)
        .await
        .expect_error(404, "not_found");
}
