//! Holds that end while their gateways do not answer.

use shared::api::orders::OrderStatus;
use shared::api::payments::Provider;
use shared::ids::{OrderId, PaymentId};

use crate::orders::expire_due;
use crate::orders::fixture::{Shop, order_id, payment_id, text};
use crate::orders::model::Order;
use crate::payments::model::Payment;
use crate::platform::db::DbError;
use crate::testing::NOW;

#[tokio::test]
async fn orders_whose_gateway_does_not_answer_keep_nobody_waiting() {
    // I6: as many as one sweep takes, all before the others.
    let shop = Shop::open(3).await;
    let first = order_id(&text(&shop.order(1).await.expect(201)["id"]));
    let payment = payment_id(&shop.payment(&first.to_string()).await);
    let db = &shop.t.app.db;
    let order = db.get::<Order>(&first.to_string()).await.expect("read");
    let payment = db.get::<Payment>(&payment.to_string()).await.expect("read");
    let (order, payment) = (order.expect("an order"), payment.expect("a payment"));
    let stuck: Vec<(Order, Payment)> = (0..200_u8)
        .map(|n| {
            let (mut order, mut payment) = (order.value.clone(), payment.value.clone());
            order.id = OrderId::from_bytes([n; 16]);
            order.expires_at = NOW.plus_secs(1);
            payment.id = PaymentId::from_bytes([n; 16]);
            payment.order_id = order.id;
            // Nothing is known there of such a link.
            payment.provider = Provider::Payos;
            (order, payment)
        })
        .collect();
    db.write(move |tx| {
        for (order, payment) in &stuck {
            tx.insert(order)?;
            tx.insert(payment)?;
        }
        Ok::<_, DbError>(())
    })
    .await
    .expect("written");
    let stored = async || {
        let order = db.get::<Order>(&first.to_string()).await.expect("read");
        order.expect("an order").status
    };
    shop.t.clock.set(order.expires_at.plus_secs(1));
    let sweep = async || expire_due(&shop.t.app).await.expect("swept");
    assert_eq!((sweep().await, stored().await), (200, OrderStatus::Pending));
    assert_eq!((sweep().await, stored().await), (1, OrderStatus::Expired));
    // They are asked again, less and less often.
    assert_eq!(sweep().await, 0);
    shop.t.clock.advance(5_000);
    assert_eq!(sweep().await, 200);
    shop.t.clock.advance(5_000);
    assert_eq!(sweep().await, 0);
    shop.t.clock.advance(5_000);
    assert_eq!(sweep().await, 200);
}
