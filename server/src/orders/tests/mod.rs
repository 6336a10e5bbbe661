//! Tests of orders.

mod answers;
mod expiring;
mod guests;
mod later;
mod limits;
mod model;
mod orders;
mod prices;
mod receipts;
mod refunds;

use serde_json::{Value, json};

use super::fixture::{Shop, text};
use crate::testing::Answer;

/// Changes how a class is sold.
async fn terms(shop: &Shop, class: &str, terms: Value) -> Answer {
    let path = format!("/api/v1/events/{}/ticket-classes/{class}", shop.event);
    let body = Some(json!({ "terms": terms }));
    shop.t.call("PATCH", &path, &shop.organizer, body).await
}

async fn order_of(shop: &Shop, buyer: &str, class: &str, quantity: u32) -> Answer {
    let body = shop.order_body(&json!([{ "classId": class, "quantity": quantity }]));
    shop.t.post("/api/v1/orders", buyer, body).await
}

/// The buyer pays; the gateway's word is still on its way.
async fn paid_unheard(shop: &Shop, order: &Value) -> String {
    let payment = shop.payment(&text(&order["id"])).await;
    shop.pay(&payment).await.expect(200);
    shop.telling(&payment).await
}

async fn cancel(shop: &Shop, buyer: &str, order: &Value) -> Answer {
    let path = format!("/api/v1/orders/{}/cancel", text(&order["id"]));
    shop.t.call("POST", &path, buyer, None).await
}
