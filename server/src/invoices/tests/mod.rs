//! Tests of invoices, over HTTP.

mod credits;
mod issuing;
mod lists;
mod numbers;
mod printing;
mod sellers;

use serde_json::{Value, json};

use crate::orders::fixture::{Shop, text};
use crate::testing::Answer;

fn identity(automatic: bool) -> Value {
    json!({
        "legalName": "Nhà hát Lớn Hà Nội GmbH",
        "address": ["1 Tràng Tiền", "Hoàn Kiếm", "100000 Hà Nội"],
        "country": "VN",
        "taxNumber": "0100109106",
        "email": "books@example.org",
        "prefix": "NHL",
        "footer": "Registered at the court of Hanoi.",
        "timezone": "Asia/Ho_Chi_Minh",
        "automatic": automatic,
    })
}

async fn identify(shop: &Shop, automatic: bool) {
    let body = Some(identity(automatic));
    let path = "/api/v1/auth/me/invoicing";
    let set = shop.t.call("PUT", path, &shop.organizer, body).await;
    set.expect(200);
}

/// A shop whose organizer writes invoices, each by itself or on request.
async fn shop(stock: u32, automatic: bool) -> Shop {
    let shop = Shop::open(stock).await;
    identify(&shop, automatic).await;
    shop
}

async fn charge(shop: &Shop, charges: Value) {
    let path = format!("/api/v1/events/{}", shop.event);
    let body = Some(json!({ "charges": charges }));
    let edit = shop.t.call("PATCH", &path, &shop.organizer, body).await;
    edit.expect(200);
}

async fn issue(shop: &Shop, order: &Value, token: &str) -> Answer {
    let path = format!("/api/v1/orders/{}/invoice", text(&order["id"]));
    shop.t.call("POST", &path, token, None).await
}

/// All documents of an order, in the order of their numbers.
async fn documents(shop: &Shop, order: &Value) -> Vec<Value> {
    let path = format!("/api/v1/orders/{}/invoices", text(&order["id"]));
    let found = shop.t.get(&path, &shop.organizer).await.expect(200);
    found["items"].as_array().expect("a list").clone()
}

async fn refund(shop: &Shop, order: &Value, body: Value) -> Value {
    let path = format!("/api/v1/orders/{}/refund", text(&order["id"]));
    let refunded = shop.t.post(&path, &shop.organizer, body).await.expect(200);
    shop.run_jobs().await;
    refunded
}

/// Pays an order that was placed.
async fn pay(shop: &Shop, order: &Value) {
    let payment = shop.payment(&text(&order["id"])).await;
    shop.pay(&payment).await.expect(200);
    let told = shop.telling(&payment).await;
    shop.deliver(&told).await.expect(200);
    shop.run_jobs().await;
}

async fn order_of(shop: &Shop, class: &str, quantity: u32) -> Value {
    let body = shop.order_body(&json!([{ "classId": class, "quantity": quantity }]));
    let placed = shop.t.post("/api/v1/orders", &shop.buyer, body).await;
    placed.expect(201)
}

fn amount(money: &Value) -> i64 {
    money["amount"].as_i64().expect("an amount")
}

fn number(document: &Value) -> String {
    text(&document["number"])
}

/// What a document's own figures have in common, whichever it is: lines and taxes add up to its sums.
fn assert_adds_up(document: &Value) {
    for parts in ["lines", "taxes"] {
        let parts = document[parts].as_array().expect("a list");
        for of in ["net", "tax", "total"] {
            let sum: i64 = parts.iter().map(|part| amount(&part[of])).sum();
            assert_eq!(sum, amount(&document[of]), "{of}: {document}");
        }
    }
    let (net, tax) = (amount(&document["net"]), amount(&document["tax"]));
    assert_eq!(net + tax, amount(&document["total"]), "{document}");
}

/// Invoices less credit notes are what the order keeps, in sum and tax.
async fn assert_keeps(shop: &Shop, order: &Value) {
    let now = shop.order_now(&text(&order["id"])).await;
    let back = now.get("refunded").map_or(0, amount);
    let (mut kept, mut tax) = (0, 0);
    for document in documents(shop, order).await {
        assert_adds_up(&document);
        let sign = if document["kind"] == "INVOICE" { 1 } else { -1 };
        kept += sign * amount(&document["total"]);
        tax += sign * amount(&document["tax"]);
    }
    assert_eq!(kept, amount(&now["total"]) - back, "{now}");
    if kept == 0 {
        assert_eq!(tax, 0, "no tax is left of nothing");
    }
}
