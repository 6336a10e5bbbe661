//! What may be bought, when, and how much: windows, limits, releases, pools (I5-I7, I10).

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::{cancel, order_of, paid_unheard, terms};
use crate::orders::fixture::{Shop, text};
use crate::testing::Answer;

async fn pool(shop: &Shop, limit: u32, classes: &[&str]) -> String {
    let body = json!({ "name": "Hall", "limit": limit, "classIds": classes });
    let path = format!("/api/v1/events/{}/pools", shop.event);
    let made = shop.t.post(&path, &shop.organizer, body).await;
    text(&made.expect(201)["id"])
}

/// Sold and held of the only pool.
async fn counted(shop: &Shop) -> (u64, u64) {
    let path = format!("/api/v1/events/{}/pools", shop.event);
    let pools = shop.t.get(&path, &shop.organizer).await.expect(200);
    let of = |field: &str| pools["items"][0][field].as_u64().expect("a count");
    (of("sold"), of("held"))
}

/// A second class of the shop's event, with stock.
async fn second(shop: &Shop, stock: u32) -> String {
    let class = shop.add_class("Student", 100_000).await;
    shop.add_stock(&class, stock).await.expect(201);
    class
}

fn message(answer: &Answer) -> String {
    text(&answer.json()["message"])
}

#[tokio::test]
async fn a_class_sells_in_its_window_and_says_when_that_is() {
    // I5, I7
    let shop = Shop::open_for_a_day(5).await;
    let window = json!({ "saleFrom": "2026-09-21T15:00:00Z", "saleUntil": "2026-09-21T16:00:00Z" });
    terms(&shop, &shop.class, window.clone()).await.expect(200);
    let early = shop.order(1).await;
    assert_eq!(
        message(&early),
        "The sale of General opens at 2026-09-21T15:00:00.000Z."
    );
    assert_eq!(
        early.expect_error(409, "not_on_sale")["opensAt"],
        "2026-09-21T15:00:00.000Z"
    );
    // To the millisecond: closed before it opens, open at its opening, closed at its end.
    shop.t.clock.advance(2_799_999);
    shop.order(1).await.expect_error(409, "not_on_sale");
    shop.t.clock.advance(1);
    shop.order(1).await.expect(201);
    shop.t.clock.advance(3_600_000);
    let late = shop.order(1).await.expect_error(409, "sale_over");
    assert_eq!(late["closedAt"], "2026-09-21T16:00:00.000Z");
    assert_eq!(
        shop.stats().await[0]["held"],
        0,
        "a refused order holds nothing"
    );
    let path = format!("/api/v1/events/{}/ticket-classes", shop.event);
    let shown = shop.t.get(&path, "").await.expect(200);
    assert_eq!(
        shown["items"][0]["terms"]["saleFrom"],
        "2026-09-21T15:00:00.000Z"
    );
}

#[tokio::test]
async fn an_order_has_at_least_and_at_most_so_many() {
    // I7
    let shop = Shop::open(30).await;
    terms(&shop, &shop.class, json!({ "minPerOrder": 2 }))
        .await
        .expect(200);
    let few = shop.order(1).await.expect_error(409, "min_per_order");
    assert_eq!(few["min"], "2");
    shop.order(2).await.expect(201);
    shop.order(11).await.expect_error(409, "max_per_order");
    shop.add_seats(&shop.class, &["A-1", "A-2"])
        .await
        .expect(201);
    shop.order_seats(&["A-1"])
        .await
        .expect_error(409, "min_per_order");
    shop.order_seats(&["A-1", "A-2"]).await.expect(201);
}

#[tokio::test]
async fn wrong_terms_are_refused_by_field() {
    // I4, I5, I7
    let shop = Shop::open(1).await;
    let money = |amount: i64, currency: &str| json!({ "amount": amount, "currency": currency });
    let vnd = |amount: i64| money(amount, "VND");
    for (bad, field) in [
        (
            json!({ "saleFrom": "2026-09-21T15:00:00Z", "saleUntil": "2026-09-21T15:00:00Z" }),
            "terms.saleUntil",
        ),
        (json!({ "minPerOrder": 11 }), "terms.minPerOrder"),
        (json!({ "minPerOrder": 0 }), "terms.minPerOrder"),
        (
            json!({ "minPerOrder": 3, "maxPerPerson": 2 }),
            "terms.maxPerPerson",
        ),
        (
            json!({ "releases": [{ "quantity": 0 }] }),
            "terms.releases[0].quantity",
        ),
        (
            json!({ "releases": [{ "quantity": 1, "afterSoldPercent": 10 }] }),
            "terms.releases[0].afterSoldPercent",
        ),
        (
            json!({ "pricing": { "strategy": "TIERS", "tiers": [] } }),
            "terms.pricing.tiers",
        ),
        (
            json!({ "pricing": { "strategy": "TIERS", "tiers": [{ "until": "2026-10-01T00:00:00Z", "price": money(1, "EUR") }] } }),
            "terms.pricing.tiers",
        ),
        (
            json!({ "pricing": { "strategy": "DEMAND", "steps": [{ "soldPercent": 50, "percent": 120 }], "floor": vnd(2), "ceiling": vnd(1) } }),
            "terms.pricing.floor",
        ),
        (
            json!({ "pricing": { "strategy": "DEMAND", "steps": [{ "soldPercent": 50, "percent": 120 }, { "soldPercent": 50, "percent": 130 }], "floor": vnd(1), "ceiling": vnd(2) } }),
            "terms.pricing.steps",
        ),
    ] {
        let details = terms(&shop, &shop.class, bad)
            .await
            .expect_error(400, "validation");
        assert!(details[field].is_string(), "{field}: {details}");
    }
    let stranger = shop.t.stored_user(Role::Organizer).await;
    let path = format!(
        "/api/v1/events/{}/ticket-classes/{}",
        shop.event, shop.class
    );
    let theirs = shop
        .t
        .call("PATCH", &path, &stranger, Some(json!({})))
        .await;
    theirs.expect_error(404, "not_found");
}

#[tokio::test]
async fn one_person_has_at_most_so_many_over_all_orders() {
    // I6: eight orders at once, then what ends makes room again
    let shop = Shop::open(30).await;
    terms(&shop, &shop.class, json!({ "maxPerPerson": 3 }))
        .await
        .expect(200);
    let all = futures::future::join_all((0..8).map(|_| shop.order(1))).await;
    let held: Vec<Value> = all
        .iter()
        .filter(|one| one.status == 201)
        .map(Answer::json)
        .collect();
    assert_eq!(held.len(), 3);
    for refused in all.iter().filter(|one| one.status != 201) {
        assert_eq!(refused.expect_error(409, "max_per_person")["has"], "3");
    }
    let other = shop.t.token_for(Role::Attendee);
    shop.order_as(&other, 3).await.expect(201);
    cancel(&shop, &shop.buyer, &held[0]).await.expect(200);
    shop.order(2).await.expect_error(409, "max_per_person");
    shop.buy(1).await;
    shop.t.clock.advance(600_000);
    // One is bought; the two holds have ended, whether or not somebody swept.
    assert_eq!(
        shop.order(3).await.expect_error(409, "max_per_person")["has"],
        "1"
    );
    shop.order(2).await.expect(201);
}

#[tokio::test]
async fn stock_comes_in_parts_by_time_and_by_what_is_sold() {
    // I5
    let shop = Shop::open_for_a_day(20).await;
    let parts = json!({ "releases": [
        { "quantity": 4 },
        { "quantity": 3, "at": "2026-09-21T15:00:00Z" },
        { "quantity": 3, "afterSoldPercent": 100 },
    ] });
    terms(&shop, &shop.class, parts).await.expect(200);
    shop.buy(4).await;
    let early = shop.order(1).await;
    assert_eq!(
        message(&early),
        "More go on sale at 2026-09-21T15:00:00.000Z."
    );
    assert_eq!(
        early.expect_error(409, "not_released")["opensAt"],
        "2026-09-21T15:00:00.000Z"
    );
    shop.t.clock.advance(3_600_000);
    let held = shop.order(3).await.expect(201);
    // Held is not sold: the third part waits, and a hold may return.
    shop.order(1).await.expect_error(409, "all_held");
    let telling = paid_unheard(&shop, &held).await;
    shop.deliver(&telling).await.expect(200);
    shop.order(4).await.expect_error(409, "sold_out");
    let last = shop.order(3).await.expect(201);
    // What was let out stays out, and stock without a part of its own stays in.
    cancel(&shop, &shop.buyer, &last).await.expect(200);
    shop.buy(3).await;
    assert_eq!(message(&shop.order(1).await), "Sold out.");
    assert_eq!(shop.stats().await[0]["available"], 10);
}

#[tokio::test]
async fn a_limit_that_comes_back_counts_what_was_sold_without_it() {
    // I5, I6: by an edit of the class, and by going back to a version
    let shop = Shop::open(30).await;
    let limited = json!({ "releases": [{ "quantity": 6 }], "maxPerPerson": 6 });
    terms(&shop, &shop.class, limited.clone()).await.expect(200);
    let path = format!("/api/v1/events/{}", shop.event);
    let revision = shop.t.get(&path, &shop.organizer).await.expect(200)["revision"].clone();
    shop.buy(3).await;
    terms(&shop, &shop.class, json!({})).await.expect(200);
    shop.buy(4).await;
    terms(&shop, &shop.class, limited).await.expect(200);
    let other = shop.t.token_for(Role::Attendee);
    shop.order_as(&other, 1).await.expect_error(409, "sold_out");
    terms(&shop, &shop.class, json!({ "maxPerPerson": 6 }))
        .await
        .expect(200);
    let refused = shop.order(1).await.expect_error(409, "max_per_person");
    assert_eq!(refused["has"], "7");

    terms(&shop, &shop.class, json!({})).await.expect(200);
    let back = format!("{path}/versions/{revision}/restore");
    let restored = shop.t.call("POST", &back, &shop.organizer, None).await;
    restored.expect(200);
    shop.order_as(&other, 1).await.expect_error(409, "sold_out");
}

#[tokio::test]
async fn a_limit_per_person_that_comes_back_counts_what_was_bought_without_it() {
    // I6
    let shop = Shop::open(30).await;
    let four = json!({ "maxPerPerson": 4 });
    terms(&shop, &shop.class, four.clone()).await.expect(200);
    shop.buy(1).await;
    terms(&shop, &shop.class, json!({})).await.expect(200);
    shop.buy(10).await;
    terms(&shop, &shop.class, four).await.expect(200);
    let refused = shop.order(1).await.expect_error(409, "max_per_person");
    assert_eq!(refused["has"], "11");
    let other = shop.t.token_for(Role::Attendee);
    shop.order_as(&other, 4).await.expect(201);
}

#[tokio::test]
async fn all_held_says_when_the_first_hold_ends() {
    // I6
    let shop = Shop::open(2).await;
    shop.order(1).await.expect(201);
    shop.t.clock.advance(60_000);
    shop.order(1).await.expect(201);
    let details = shop.order(1).await.expect_error(409, "all_held");
    assert_eq!(details["mayReturnAt"], "2026-09-21T14:23:20.000Z");
    let again = Shop::open(0).await;
    again
        .add_seats(&again.class, &["A-1", "A-2"])
        .await
        .expect(201);
    again.order_seats(&["A-2"]).await.expect(201);
    let details = again
        .order_seats(&["A-1", "A-2"])
        .await
        .expect_error(409, "all_held");
    assert_eq!(details["mayReturnAt"], "2026-09-21T14:23:20.000Z");
}

#[tokio::test]
async fn classes_that_share_a_pool_never_sell_more_than_it_holds() {
    // I10: 24 buyers at once for 10 of 60 tickets, some of both classes in one order
    let shop = Shop::open(30).await;
    let student = second(&shop, 30).await;
    pool(&shop, 10, &[&shop.class, &student]).await;
    let buyers: Vec<String> = (0..24).map(|_| shop.t.token_for(Role::Attendee)).collect();
    let orders = buyers.iter().enumerate().map(async |(number, buyer)| {
        let items = match number % 3 {
            0 => json!([{ "classId": shop.class, "quantity": 1 }]),
            1 => json!([{ "classId": student, "quantity": 2 }]),
            _ => json!([{ "classId": shop.class, "quantity": 1 }, { "classId": student, "quantity": 1 }]),
        };
        shop.t.post("/api/v1/orders", buyer, shop.order_body(&items)).await
    });
    let answers = futures::future::join_all(orders).await;
    let taken: usize = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(|answer| answer.json()["tickets"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(taken, 10);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(refused.expect_error(409, "all_held")["pool"], "Hall");
    }
    assert_eq!(counted(&shop).await, (0, 10));
    shop.t.clock.advance(600_000);
    assert_eq!(counted(&shop).await, (0, 0), "no sweeper is needed");
    order_of(&shop, &shop.buyer, &student, 10).await.expect(201);
    shop.order(1).await.expect_error(409, "all_held");
}

#[tokio::test]
async fn a_pool_loses_nothing_when_a_ticket_is_revoked_and_then_its_order_refunded() {
    // I10: the same place twice given back would be sold twice
    let shop = Shop::open(10).await;
    let student = second(&shop, 10).await;
    pool(&shop, 3, &[&shop.class, &student]).await;
    let order = shop.buy(2).await;
    let claim = json!({
        "ticketId": order["tickets"][0]["id"],
        "attendee": { "name": "Ann", "email": "ann@example.org" },
    });
    let claimed = shop
        .t
        .post("/api/v1/claimed-tickets/claim", &shop.buyer, claim)
        .await;
    let path = format!(
        "/api/v1/claimed-tickets/{}/revoke",
        text(&claimed.expect(201)["id"])
    );
    let reason = Some(json!({ "reason": "no" }));
    shop.t
        .call("POST", &path, &shop.organizer, reason)
        .await
        .expect(200);
    let before = counted(&shop).await;
    let refund = format!("/api/v1/orders/{}/refund", text(&order["id"]));
    shop.t
        .call("POST", &refund, &shop.organizer, None)
        .await
        .expect(200);
    assert!(before.0 >= 1, "{before:?}");
    assert_eq!(counted(&shop).await, (0, 0));
    order_of(&shop, &shop.buyer, &student, 3).await.expect(201);
    order_of(&shop, &shop.buyer, &student, 1)
        .await
        .expect_error(409, "all_held");
}

#[tokio::test]
async fn a_smaller_pool_sells_no_more_and_takes_nothing_back() {
    // I10
    let shop = Shop::open(10).await;
    shop.buy(4).await;
    let id = pool(&shop, 5, &[&shop.class]).await;
    assert_eq!(counted(&shop).await, (4, 0), "what was sold before counts");
    shop.order(2).await.expect_error(409, "sold_out");
    let path = format!("/api/v1/events/{}/pools/{id}", shop.event);
    let set = async |limit: u32| {
        let body = Some(json!({ "limit": limit }));
        shop.t.call("PATCH", &path, &shop.organizer, body).await
    };
    assert_eq!(set(2).await.expect(200)["sold"], 4);
    shop.order(1).await.expect_error(409, "sold_out");
    set(6).await.expect(200);
    shop.order(2).await.expect(201);
    set(0).await.expect_error(400, "validation");
}

#[tokio::test]
async fn late_money_does_not_get_a_place_in_a_pool_that_went_to_another() {
    // I10, P3: its own tickets are still there; their place in the pool is not
    let shop = Shop::open_for_a_day(5).await;
    let student = second(&shop, 5).await;
    pool(&shop, 2, &[&shop.class, &student]).await;
    let first = shop.order(2).await.expect(201);
    let telling = paid_unheard(&shop, &first).await;
    shop.t.clock.advance(600_000);
    order_of(&shop, &shop.buyer, &student, 1).await.expect(201);
    shop.deliver(&telling).await.expect(200);
    let now = shop.order_now(&text(&first["id"])).await;
    assert_eq!(now["status"], "EXPIRED");
    assert_eq!(counted(&shop).await, (0, 1));
    let payment = text(&now["paymentId"]);
    shop.run_jobs().await;
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
    // Where the place is free, late money is as good as before.
    let second = order_of(&shop, &shop.buyer, &student, 1).await.expect(201);
    let telling = paid_unheard(&shop, &second).await;
    shop.t.clock.advance(600_000);
    shop.deliver(&telling).await.expect(200);
    assert_eq!(shop.order_now(&text(&second["id"])).await["status"], "PAID");
    assert_eq!(counted(&shop).await, (1, 0));
}
