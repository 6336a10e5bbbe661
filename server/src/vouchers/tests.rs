//! Codes over HTTP: what they open and take off, how often, and how guessing ends.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::orders::fixture::{Shop, text};
use crate::testing::Answer;

async fn voucher(shop: &Shop, body: Value) -> Answer {
    let path = format!("/api/v1/events/{}/vouchers", shop.event);
    shop.t.post(&path, &shop.organizer, body).await
}

async fn order_with(shop: &Shop, buyer: &str, code: &str, quantity: u32) -> Answer {
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": quantity }]));
    body["code"] = json!(code);
    shop.t.post("/api/v1/orders", buyer, body).await
}

/// Uses of the only voucher.
async fn uses(shop: &Shop) -> u64 {
    let path = format!("/api/v1/events/{}/vouchers", shop.event);
    let list = shop.t.get(&path, &shop.organizer).await.expect(200);
    list["items"][0]["uses"].as_u64().expect("a count")
}

fn buyers(shop: &Shop, n: usize) -> Vec<String> {
    (0..n).map(|_| shop.t.token_for(Role::Attendee)).collect()
}

#[tokio::test]
async fn a_code_takes_its_share_off_the_tickets_it_is_for() {
    // I10
    let shop = Shop::open(10).await;
    let other = shop.add_class("Gala", 99_999).await;
    shop.add_stock(&other, 5).await.expect(201);
    let third = json!({
        "code": "early-bird 33", "discount": { "kind": "PERCENT", "percent": 33 }, "classIds": [other],
    });
    assert_eq!(
        voucher(&shop, third).await.expect(201)["code"],
        "EARLYBIRD33"
    );
    let both =
        json!([{ "classId": shop.class, "quantity": 1 }, { "classId": other, "quantity": 2 }]);
    let mut body = shop.order_body(&both);
    body["code"] = json!("EarlyBird33");
    let order = shop
        .t
        .post("/api/v1/orders", &shop.buyer, body)
        .await
        .expect(201);
    let off = |line: usize| &order["lines"][line]["discount"]["amount"];
    // 32,999.67 of each, to the nearest.
    assert_eq!((off(0), off(1)), (&json!(0), &json!(66_000)));
    assert_eq!(order["total"]["amount"], 250_000 + 2 * (99_999 - 33_000));
    let unfit = order_with(&shop, &shop.buyer, "EARLYBIRD33", 1).await;
    unfit.expect_error(409, "code_not_for_these");
}

#[tokio::test]
async fn more_off_than_it_costs_is_free_and_free_is_paid_at_once() {
    // I10, O4
    let shop = Shop::open(10).await;
    let gift = json!({ "discount": { "kind": "AMOUNT", "amount": 900_000 } });
    let code = text(&voucher(&shop, gift).await.expect(201)["code"]);
    assert_eq!(code.len(), 12);
    let order = order_with(&shop, &shop.buyer, &code, 2).await.expect(201);
    assert_eq!(
        (&order["status"], &order["total"]["amount"]),
        (&json!("PAID"), &json!(0))
    );
    assert_eq!(order["lines"][0]["discount"]["amount"], 500_000);
}

#[tokio::test]
async fn a_limited_code_is_never_used_more_often() {
    // I10: 16 buyers at once for 5 uses; what ends gives its use back
    let shop = Shop::open(40).await;
    voucher(&shop, json!({ "code": "FIVE", "maxUses": 5 }))
        .await
        .expect(201);
    let many = buyers(&shop, 16);
    let all = futures::future::join_all(many.iter().map(|one| order_with(&shop, one, "five", 1)));
    let all = all.await;
    assert_eq!(all.iter().filter(|one| one.status == 201).count(), 5);
    for refused in all.iter().filter(|one| one.status != 201) {
        refused.expect_error(409, "code_all_held");
    }
    assert_eq!(uses(&shop).await, 5);
    shop.t.clock.advance(600_000);
    assert_eq!(uses(&shop).await, 0, "ended holds give their uses back");
    for one in &buyers(&shop, 5) {
        let order = order_with(&shop, one, "FIVE", 1).await.expect(201);
        let body = json!({ "orderId": order["id"], "provider": "demo" });
        let payment = shop.t.post("/api/v1/payments", one, body).await.expect(201);
        let payment = text(&payment["id"]);
        shop.pay(&payment).await.expect(200);
        shop.deliver(&shop.telling(&payment).await)
            .await
            .expect(200);
    }
    assert_eq!(uses(&shop).await, 5);
    let last = order_with(&shop, &shop.buyer, "FIVE", 1).await;
    last.expect_error(409, "code_used_up");
}

#[tokio::test]
async fn late_money_gets_nothing_for_a_use_that_went_to_another() {
    // I10, P3
    let shop = Shop::open(10).await;
    voucher(&shop, json!({ "code": "ONCE", "maxUses": 1 }))
        .await
        .expect(201);
    let first = order_with(&shop, &shop.buyer, "ONCE", 1).await.expect(201);
    let payment = shop.payment(&text(&first["id"])).await;
    shop.pay(&payment).await.expect(200);
    let telling = shop.telling(&payment).await;
    shop.t.clock.advance(600_000);
    let other = &buyers(&shop, 1)[0];
    order_with(&shop, other, "ONCE", 1).await.expect(201);
    shop.deliver(&telling).await.expect(200);
    assert_eq!(
        shop.order_now(&text(&first["id"])).await["status"],
        "EXPIRED"
    );
    shop.run_jobs().await;
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
    assert_eq!(uses(&shop).await, 1);
}

#[tokio::test]
async fn a_closed_class_opens_to_a_code_that_unlocks_it() {
    // I10
    let shop = Shop::open(10).await;
    let path = format!(
        "/api/v1/events/{}/ticket-classes/{}",
        shop.event, shop.class
    );
    let closed = Some(json!({ "terms": { "codeNeeded": true } }));
    shop.t
        .call("PATCH", &path, &shop.organizer, closed)
        .await
        .expect(200);
    voucher(&shop, json!({ "code": "DOOR", "unlocks": true }))
        .await
        .expect(201);
    let cheap = json!({ "code": "CHEAP", "discount": { "kind": "PERCENT", "percent": 10 } });
    voucher(&shop, cheap).await.expect(201);
    shop.order(1).await.expect_error(409, "code_needed");
    order_with(&shop, &shop.buyer, "CHEAP", 1)
        .await
        .expect_error(409, "code_needed");
    order_with(&shop, &shop.buyer, "door", 1).await.expect(201);
    assert_eq!(shop.stats().await[0]["held"], 1);
}

#[tokio::test]
async fn bad_codes_look_alike_and_guessing_ends() {
    // I10
    let shop = Shop::open(30).await;
    let window = json!({ "code": "LATER", "validFrom": "2026-09-22T00:00:00Z" });
    voucher(&shop, window).await.expect(201);
    let gone = voucher(&shop, json!({ "code": "GONE" })).await.expect(201);
    let path = format!(
        "/api/v1/events/{}/vouchers/{}",
        shop.event,
        text(&gone["id"])
    );
    let retired = shop
        .t
        .call("DELETE", &path, &shop.organizer, None)
        .await
        .expect(200);
    assert_eq!(retired["active"], false);
    let elsewhere = Shop::open(1).await;
    voucher(&elsewhere, json!({ "code": "OTHER" }))
        .await
        .expect(201);
    let mut told = Vec::new();
    for code in ["LATER", "GONE", "OTHER", "NEVER", "é", ""] {
        let answer = order_with(&shop, &shop.buyer, code, 1).await;
        answer.expect_error(409, "bad_code");
        told.push(answer.bytes);
    }
    assert!(told.iter().all(|one| *one == told[0]));
    for guess in 0..4 {
        let code = format!("GUESS{guess}");
        order_with(&shop, &shop.buyer, &code, 1)
            .await
            .expect_error(409, "bad_code");
    }
    let limited = order_with(&shop, &shop.buyer, "GUESS", 1).await;
    limited.expect_error(429, "rate_limited");
    assert!(limited.headers.contains_key("retry-after"));
    // Without a code nobody is slowed down, and neither is another buyer with one.
    shop.order(1).await.expect(201);
    order_with(&shop, &buyers(&shop, 1)[0], "NEVER", 1)
        .await
        .expect_error(409, "bad_code");
}

#[tokio::test]
async fn vouchers_are_the_organizers_and_their_codes_differ() {
    // I10
    let shop = Shop::open(1).await;
    voucher(&shop, json!({ "code": "SAME" })).await.expect(201);
    voucher(&shop, json!({ "code": "sa-me" }))
        .await
        .expect_error(409, "taken");
    for (field, value) in [
        ("code", json!("abc")),
        ("code", json!("a_b_c_d")),
        ("maxUses", json!(0)),
        ("discount", json!({ "kind": "PERCENT", "percent": 101 })),
        ("discount", json!({ "kind": "AMOUNT", "amount": -1 })),
        ("classIds", json!(["01900000-0000-7000-8000-000000000000"])),
    ] {
        let answer = voucher(&shop, json!({ field: value })).await;
        let details = answer.expect_error(400, "validation");
        let named = details.as_object().expect("fields");
        assert!(
            named.keys().all(|name| name.starts_with(field)),
            "{details}"
        );
    }
    let path = format!("/api/v1/events/{}/vouchers", shop.event);
    shop.t
        .get(&path, &shop.buyer)
        .await
        .expect_error(404, "not_found");
}

#[test]
fn a_code_is_not_in_what_a_request_prints_of_itself() {
    // I10, N9
    let body = json!({
        "eventId": "01900000-0000-7000-8000-000000000000", "code": "SECRET1",
        "buyer": { "email": "ann@example.org", "name": "Ann" },
    });
    let wanted: shared::api::orders::CreateOrder = serde_json::from_value(body).expect("an order");
    assert!(!format!("{wanted:?}").contains("SECRET1"));
}
