//! Prices that move, and what comes on top of them (I4, O4).

use serde_json::{Value, json};

use super::{cancel, paid_unheard, terms};
use crate::orders::fixture::{Shop, text};

fn vnd(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "VND" })
}

/// What the event's page says it costs.
async fn shown(shop: &Shop) -> i64 {
    let path = format!("/api/v1/events/{}", shop.event);
    let event = shop.t.get(&path, "").await.expect(200);
    event["classes"][0]["price"]["amount"]
        .as_i64()
        .expect("an amount")
}

/// What one ticket costs who holds it now.
async fn held(shop: &Shop) -> i64 {
    let order = shop.order(1).await.expect(201);
    cancel(shop, &shop.buyer, &order).await.expect(200);
    order["lines"][0]["unitPrice"]["amount"]
        .as_i64()
        .expect("an amount")
}

/// From and to, oldest first.
async fn trail(shop: &Shop) -> Vec<(String, i64, i64)> {
    let path = format!(
        "/api/v1/events/{}/ticket-classes/{}/prices",
        shop.event, shop.class
    );
    let trail = shop.t.get(&path, &shop.organizer).await.expect(200);
    let amount = |money: &Value| money["amount"].as_i64().expect("an amount");
    let line = |line: &Value| {
        (
            text(&line["cause"]),
            amount(&line["from"]),
            amount(&line["to"]),
        )
    };
    trail["items"]
        .as_array()
        .expect("lines")
        .iter()
        .rev()
        .map(line)
        .collect()
}

#[tokio::test]
async fn demand_moves_the_price_between_floor_and_ceiling_and_leaves_a_trail() {
    // I4: 250,000 at first; 80 % until a fifth is sold is below the floor; 200 % is above the ceiling
    let shop = Shop::open(10).await;
    let pricing = json!({ "pricing": {
        "strategy": "DEMAND", "floor": vnd(220_000), "ceiling": vnd(400_000),
        "steps": [
            { "soldPercent": 0, "percent": 80 }, { "soldPercent": 20, "percent": 110 },
            { "soldPercent": 50, "percent": 200 },
        ],
    } });
    terms(&shop, &shop.class, pricing).await.expect(200);
    for (buy, price) in [(0, 220_000), (2, 275_000), (3, 400_000)] {
        if buy > 0 {
            shop.buy(buy).await;
        }
        assert_eq!((shown(&shop).await, held(&shop).await), (price, price));
    }
    let moves = [(250_000, 220_000), (220_000, 275_000), (275_000, 400_000)];
    let moves = moves.map(|(from, to)| ("PRICING".to_owned(), from, to));
    assert_eq!(trail(&shop).await, moves);
}

#[tokio::test]
async fn holds_do_not_drive_the_price() {
    // I4: else a rival's unpaid orders would
    let shop = Shop::open(10).await;
    let pricing = json!({ "pricing": {
        "strategy": "DEMAND", "floor": vnd(0), "ceiling": vnd(1_000_000),
        "steps": [{ "soldPercent": 50, "percent": 150 }],
    } });
    terms(&shop, &shop.class, pricing).await.expect(200);
    shop.order(5).await.expect(201);
    assert_eq!(held(&shop).await, 250_000);
}

#[tokio::test]
async fn the_price_shown_is_the_price_held_and_stays_it() {
    // I4: the early tier ends between the look and the order, and while the order waits
    let shop = Shop::open_for_a_day(10).await;
    let tiers = json!({ "pricing": { "strategy": "TIERS", "tiers": [
        { "until": "2026-09-21T14:20:00Z", "price": vnd(150_000) },
        { "until": "2026-09-21T15:00:00Z", "price": vnd(200_000) },
    ] } });
    terms(&shop, &shop.class, tiers).await.expect(200);
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 2 }]));
    body["expectedTotal"] = vnd(300_000);
    let order = shop
        .t
        .post("/api/v1/orders", &shop.buyer, body.clone())
        .await
        .expect(201);
    shop.t.clock.advance(400_000);
    let refused = shop.t.post("/api/v1/orders", &shop.buyer, body).await;
    assert_eq!(
        refused.expect_error(409, "price_changed")["total"],
        "400000"
    );
    assert_eq!(
        shop.stats().await[0]["held"],
        2,
        "a refused order holds nothing"
    );
    let telling = paid_unheard(&shop, &order).await;
    shop.deliver(&telling).await.expect(200);
    let paid = shop.order_now(&text(&order["id"])).await;
    assert_eq!(
        (&paid["status"], &paid["total"]),
        (&json!("PAID"), &vnd(300_000))
    );
    shop.t.clock.advance(3_600_000);
    assert_eq!((shown(&shop).await, held(&shop).await), (250_000, 250_000));
}

#[tokio::test]
async fn an_edit_moves_the_price_of_new_holds_only_and_is_on_the_trail() {
    // I4, N9
    let shop = Shop::open(10).await;
    let order = shop.order(1).await.expect(201);
    let path = format!(
        "/api/v1/events/{}/ticket-classes/{}",
        shop.event, shop.class
    );
    let edit = async |body: Value| {
        shop.t
            .call("PATCH", &path, &shop.organizer, Some(body))
            .await
    };
    let class = edit(json!({ "price": vnd(300_000) })).await.expect(200);
    assert_eq!(class["price"], vnd(300_000));
    edit(json!({ "price": vnd(300_000) })).await.expect(200);
    assert_eq!(
        shop.order_now(&text(&order["id"])).await["total"],
        vnd(250_000)
    );
    assert_eq!(held(&shop).await, 300_000);
    assert_eq!(trail(&shop).await, [("EDIT".to_owned(), 250_000, 300_000)]);
    let other = json!({ "price": { "amount": 1, "currency": "EUR" } });
    let details = edit(other).await.expect_error(400, "validation");
    assert_eq!(details["price.currency"], "the event sells in VND");
}

#[tokio::test]
async fn fees_and_taxes_are_on_the_line_and_in_the_total_that_is_paid() {
    // O4: 250,000 and a fee of 5,000 + 1.5 % each, 8 % tax on top
    let shop = Shop::open(10).await;
    let path = format!("/api/v1/events/{}", shop.event);
    let charges = json!({ "charges": { "taxShare": 800, "feeMinor": 5_000, "feeShare": 150 } });
    shop.t
        .call("PATCH", &path, &shop.organizer, Some(charges))
        .await
        .expect(200);
    let order = shop.order(3).await.expect(201);
    let line = &order["lines"][0];
    assert_eq!((&line["fee"], &line["tax"]), (&vnd(26_250), &vnd(62_100)));
    assert_eq!(
        (&line["total"], &order["total"]),
        (&vnd(838_350), &vnd(838_350))
    );
    let payment = shop.payment(&text(&order["id"])).await;
    assert_eq!(shop.payment_now(&payment).await["amount"], vnd(838_350));
    // What is held stays as it was held.
    let none = json!({ "charges": {} });
    shop.t
        .call("PATCH", &path, &shop.organizer, Some(none))
        .await
        .expect(200);
    assert_eq!(
        shop.order_now(&text(&order["id"])).await["total"],
        vnd(838_350)
    );
    let bad = json!({ "charges": { "taxShare": 10_001 } });
    let answer = shop
        .t
        .call("PATCH", &path, &shop.organizer, Some(bad))
        .await;
    assert!(answer.expect_error(400, "validation")["charges.taxShare"].is_string());
}
