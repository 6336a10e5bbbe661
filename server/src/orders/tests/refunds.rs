//! Money back for some of an order's tickets, and their places for sale again (P5, O4, I6).

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::super::fixture::{Shop, text};
use super::order_of;
use crate::payments::ledger::Refund;
use crate::platform::db::Query;
use crate::testing::{Answer, TestApp};

async fn refund(shop: &Shop, order: &Value, body: Value) -> Answer {
    let path = format!("/api/v1/orders/{}/refund", text(&order["id"]));
    shop.t.post(&path, &shop.organizer, body).await
}

fn ticket(order: &Value, at: usize) -> String {
    text(&order["tickets"][at]["id"])
}

fn statuses(order: &Value) -> Vec<&str> {
    let tickets = order["tickets"].as_array().expect("tickets");
    let statuses = tickets.iter().map(|ticket| ticket["status"].as_str());
    statuses.map(|status| status.expect("a status")).collect()
}

/// Available, held, and all that are good, of the shop's class.
async fn stock(shop: &Shop) -> [u64; 3] {
    let stats = shop.stats().await;
    let count = |of: &str| stats[0][of].as_u64().expect("a count");
    let good = ["paid", "claimed", "validated"].map(count).iter().sum();
    [count("available"), count("held"), good]
}

async fn claim(shop: &Shop, ticket: &str) -> String {
    let body =
        json!({ "ticketId": ticket, "attendee": { "name": "Ann", "email": "ann@example.org" } });
    let path = "/api/v1/claimed-tickets/claim";
    text(&shop.t.post(path, &shop.buyer, body).await.expect(201)["id"])
}

#[tokio::test]
async fn each_ticket_goes_back_at_its_exact_share() {
    // P5 O4: 3 at 333 and 8 % on top are 1,079, which no ticket is a third of
    let shop = Shop::open(0).await;
    let charges = json!({ "charges": { "taxShare": 800 } });
    let path = format!("/api/v1/events/{}", shop.event);
    let edit = shop.t.call("PATCH", &path, &shop.organizer, Some(charges));
    edit.await.expect(200);
    let class = shop.add_class("Odd", 333).await;
    shop.add_stock(&class, 3).await.expect(201);
    let order = order_of(&shop, &shop.buyer, &class, 3).await.expect(201);
    let payment = shop.payment(&text(&order["id"])).await;
    shop.pay(&payment).await.expect(200);
    let telling = shop.telling(&payment).await;
    shop.deliver(&telling).await.expect(200);
    assert_eq!(order["total"]["amount"], 1_079);
    let mut back = 0;
    for (at, status) in [
        (1, "PARTIALLY_REFUNDED"),
        (0, "PARTIALLY_REFUNDED"),
        (2, "REFUNDED"),
    ] {
        let body = json!({ "tickets": [ticket(&order, at)], "reason": "as you asked" });
        let now = refund(&shop, &order, body).await.expect(200);
        assert_eq!(now["status"], status);
        let so_far = now["refunded"]["amount"].as_i64().expect("an amount");
        assert!(
            (359..=360).contains(&(so_far - back)),
            "{so_far} after {back}"
        );
        back = so_far;
    }
    assert_eq!(back, 1_079);
    shop.run_jobs().await;
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
    let rows = shop.t.app.db.list::<Refund>(&Query::on("id")).await;
    let rows = rows.expect("the ledger");
    assert!(rows.iter().all(|row| row.closed_at.is_some()));
    assert_eq!(rows.iter().map(|row| row.amount.amount).sum::<i64>(), 1_079);
}

#[tokio::test]
async fn what_is_no_ticket_to_give_back_changes_nothing() {
    // P5
    let shop = Shop::open(5).await;
    let (order, other) = (shop.buy(2).await, shop.buy(1).await);
    let first = ticket(&order, 0);
    let twice = json!({ "tickets": [first, first] });
    let now = refund(&shop, &order, twice).await.expect(200);
    assert_eq!(statuses(&now), ["CANCELLED", "PAID"], "named twice is once");
    for named in [first, ticket(&other, 0)] {
        let body = json!({ "tickets": [ticket(&order, 1), named] });
        let details = refund(&shop, &order, body).await;
        let details = details.expect_error(400, "validation");
        assert!(details["tickets[1]"].is_string(), "{details}");
    }
    let held = shop.order(1).await.expect(201);
    let refused = refund(&shop, &held, json!({})).await;
    refused.expect_error(409, "illegal_transition");
    assert_eq!(stock(&shop).await, [2, 1, 2]);
    let all = refund(&shop, &order, json!({})).await.expect(200);
    assert_eq!(
        (&all["status"], &all["refunded"]),
        (&json!("REFUNDED"), &all["total"])
    );
    let again = refund(&shop, &order, json!({})).await;
    again.expect_error(409, "illegal_transition");
}

#[tokio::test]
async fn a_seat_that_is_given_back_is_sold_again_under_another_serial() {
    // I3 P5: the code that was printed for it stays void
    let shop = Shop::open(0).await;
    let made = shop.add_seats(&shop.class, &["A-1", "A-2", "A-3"]).await;
    made.expect(201);
    let order = shop.order_seats(&["A-1", "A-2"]).await.expect(201);
    let payment = shop.payment(&text(&order["id"])).await;
    shop.pay(&payment).await.expect(200);
    let telling = shop.telling(&payment).await;
    shop.deliver(&telling).await.expect(200);
    let claimed = claim(&shop, &ticket(&order, 0)).await;
    let body = json!({ "tickets": [ticket(&order, 0)] });
    refund(&shop, &order, body).await.expect(200);
    // Withdrawn for good.
    let body = json!({ "tickets": [ticket(&order, 1)], "restock": false });
    refund(&shop, &order, body).await.expect(200);
    let path = format!("/api/v1/events/{}/seats", shop.event);
    let map = shop.t.get(&path, &shop.buyer).await.expect(200);
    let seats = map["items"].as_array().expect("seats");
    let seats: Vec<_> = seats
        .iter()
        .map(|seat| (text(&seat["seat"]), text(&seat["status"])))
        .collect();
    let expected = [
        ("A-1", "AVAILABLE"),
        ("A-2", "WITHDRAWN"),
        ("A-3", "AVAILABLE"),
    ];
    assert_eq!(
        seats,
        expected.map(|(seat, status)| (seat.to_owned(), status.to_owned()))
    );
    let again = shop.order_seats(&["A-1"]).await.expect(201);
    assert_ne!(ticket(&again, 0), ticket(&order, 0));
    let said = format!("/api/v1/claimed-tickets/{claimed}/validate");
    let said = shop.t.get(&said, &shop.organizer).await.expect(200);
    assert_eq!(
        (&said["verdict"], &said["reason"]),
        (&json!("refuse"), &json!("cancelled"))
    );
}

#[tokio::test]
async fn no_place_is_lost_in_whatever_order_tickets_and_orders_end() {
    // I6 P5: an attendee is cancelled, and then the order
    let shop = Shop::open(4).await;
    let order = shop.buy(3).await;
    let claimed = claim(&shop, &ticket(&order, 0)).await;
    let revoke = format!("/api/v1/claimed-tickets/{claimed}/revoke");
    let revoke = shop.t.post(&revoke, &shop.organizer, json!({})).await;
    revoke.expect(200);
    assert_eq!(
        stock(&shop).await,
        [1, 0, 2],
        "who is revoked may yet get another"
    );
    let body = json!({ "tickets": [ticket(&order, 0)] });
    refund(&shop, &order, body).await.expect(200);
    assert_eq!(stock(&shop).await, [2, 0, 2]);
    refund(&shop, &order, json!({})).await.expect(200);
    assert_eq!(stock(&shop).await, [4, 0, 0], "each once");
}

#[tokio::test]
async fn an_order_that_was_to_be_paid_later_gives_its_claimed_places_back() {
    // I6 S14
    let shop = Shop::open(2).await;
    let order = shop.order(2).await.expect(201);
    let later = format!("/api/v1/orders/{}/pay-later", text(&order["id"]));
    let later = shop.t.post(&later, &shop.organizer, json!({})).await;
    later.expect(200);
    claim(&shop, &ticket(&order, 0)).await;
    assert_eq!(stock(&shop).await, [0, 1, 1]);
    super::cancel(&shop, &shop.buyer, &order).await.expect(200);
    assert_eq!(stock(&shop).await, [2, 0, 0]);
}

#[tokio::test]
async fn after_the_event_nothing_is_for_sale_again() {
    // P5
    let t = TestApp::configured(&[], |config| config.access_ttl_secs = 40 * 86_400).await;
    let shop = Shop::over(t, 2).await;
    let order = shop.buy(1).await;
    shop.t.clock.advance(30 * 86_400_000);
    let back = refund(&shop, &order, json!({})).await.expect(200);
    assert_eq!(statuses(&back), ["CANCELLED"]);
    assert_eq!(stock(&shop).await, [1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refunds_and_buyers_at_once_never_oversell() {
    // I6 P5
    let shop = Shop::open(12).await;
    let order = shop.buy(10).await;
    let buyers: Vec<String> = (0..16).map(|_| shop.t.token_for(Role::Attendee)).collect();
    let refunds = (0..20).map(|at| {
        let body = json!({ "tickets": [ticket(&order, at % 10)] });
        refund(&shop, &order, body)
    });
    let orders = buyers.iter().map(|buyer| shop.order_as(buyer, 1));
    let (refunds, orders) = futures::future::join(
        futures::future::join_all(refunds),
        futures::future::join_all(orders),
    )
    .await;
    let done = refunds.iter().filter(|answer| answer.status == 200);
    assert_eq!(done.count(), 10, "each ticket once");
    let sold = orders.iter().filter(|answer| answer.status == 201).count() as u64;
    let [available, held, good] = stock(&shop).await;
    assert_eq!((available + held, held, good), (12, sold, 0));
    let now = shop.order_now(&text(&order["id"])).await;
    assert_eq!(
        (&now["status"], &now["refunded"]),
        (&json!("REFUNDED"), &now["total"])
    );
}
