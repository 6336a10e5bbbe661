//! Tests of payments.

mod attempts;
mod late;
mod merchants;
mod model;
mod webhook;

use crate::orders::fixture::{Shop, text};
use crate::platform::db::Query;
use crate::platform::journal;

const PAYMENTS: &str = "/api/v1/payments";

/// The amounts of all journal lines of that kind.
async fn amounts(shop: &Shop, action: &str) -> Vec<i64> {
    let query = Query::on("by_action").eq(action).limit(1_000);
    let lines = shop
        .t
        .app
        .db
        .list::<journal::Entry>(&query)
        .await
        .expect("the journal");
    let amount = |line: &journal::Entry| line.details["money"]["amount"].as_i64();
    lines.iter().filter_map(|line| amount(line)).collect()
}

/// An order whose money is at the gateway while the shop knows nothing: order, payment, telling.
pub(super) async fn paid_unheard(shop: &Shop, quantity: u32) -> (String, String, String) {
    let order = text(&shop.order(quantity).await.expect(201)["id"]);
    let payment = shop.payment(&order).await;
    shop.pay(&payment).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PENDING");
    let telling = shop.telling(&payment).await;
    (order, payment, telling)
}
