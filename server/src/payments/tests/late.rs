//! Money that comes late, wrong or for nothing (P3).

use serde_json::{Value, json};

use crate::orders::expire_due;
use crate::orders::fixture::Shop;
use crate::payments::gateway;
use crate::testing::NOW;

use super::{amounts, paid_unheard};

#[tokio::test]
async fn a_wrong_amount_buys_nothing_and_goes_back() {
    // P2 P3
    for amount in [249_999, 250_001] {
        let shop = Shop::open(2).await;
        let (order, payment, telling) = paid_unheard(&shop, 1).await;
        let mut body: Value = serde_json::from_str(&telling).expect("JSON");
        body["amount"]["amount"] = json!(amount);
        shop.deliver(&body.to_string()).await.expect(200);
        assert_eq!(shop.order_now(&order).await["status"], "PENDING");
        assert_eq!(shop.payment_now(&payment).await["status"], "REFUND_DUE");
        shop.run_jobs().await;
        assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
        assert_eq!(amounts(&shop, "payment.unearned").await, [amount]);
        assert_eq!(amounts(&shop, "payment.paid_back").await, [-amount]);
        // The order may still be paid, rightly.
        let second = shop.payment(&order).await;
        assert_ne!(second, payment);
    }
}

#[tokio::test]
async fn late_money_gets_the_tickets_that_nobody_took() {
    // P3: the hold ended, swept or not, the stock is still there
    for swept in [false, true] {
        let shop = Shop::open(2).await;
        let (order, payment, telling) = paid_unheard(&shop, 2).await;
        shop.t.clock.advance(600_000);
        if swept {
            // As a sweeper would that cannot reach the gateway.
            let app = shop.t.app.clone();
            let id = crate::orders::fixture::order_id(&order);
            app.db
                .write(move |tx| -> Result<(), crate::orders::Error> {
                    let mut order = tx
                        .get::<crate::orders::model::Order>(&id.to_string())?
                        .expect("it");
                    order.apply(crate::orders::model::Step::Expire, NOW.plus_secs(600))?;
                    crate::inventory::release(tx, id, &order.tickets)?;
                    crate::payments::abandon(tx, id, NOW.plus_secs(600))?;
                    Ok(tx.replace(&mut order)?)
                })
                .await
                .expect("expired");
        }
        assert_eq!(shop.order_now(&order).await["status"], "EXPIRED");
        shop.deliver(&telling).await.expect(200);
        let order = shop.order_now(&order).await;
        assert_eq!(order["status"], "PAID", "swept: {swept}");
        assert_eq!(order["tickets"].as_array().map(Vec::len), Some(2));
        assert_eq!(shop.payment_now(&payment).await["status"], "PAID");
        shop.run_jobs().await;
        assert_eq!(amounts(&shop, "payment.sold").await, [500_000]);
        assert!(amounts(&shop, "payment.paid_back").await.is_empty());
    }
}

#[tokio::test]
async fn late_money_finds_other_tickets_when_its_own_are_gone() {
    // P3: one of two was taken by someone else; a third is free
    let shop = Shop::open(3).await;
    let (order, _, telling) = paid_unheard(&shop, 2).await;
    shop.t.clock.advance(600_000);
    let other = shop.buy(1).await;
    shop.deliver(&telling).await.expect(200);
    let order = shop.order_now(&order).await;
    assert_eq!(order["status"], "PAID", "{order}");
    let tickets = order["tickets"].as_array().expect("tickets");
    assert_eq!(tickets.len(), 2);
    assert!(
        tickets
            .iter()
            .all(|ticket| ticket["id"] != other["tickets"][0]["id"])
    );
    assert_eq!(shop.stats().await[0]["paid"], 3);
}

#[tokio::test]
async fn late_money_without_stock_goes_back_and_gets_nothing() {
    // P3: never both, never neither
    let shop = Shop::open(2).await;
    let (order, payment, telling) = paid_unheard(&shop, 2).await;
    shop.t.clock.advance(600_000);
    shop.buy(1).await;
    shop.deliver(&telling).await.expect(200);
    let seen = shop.order_now(&order).await;
    assert_eq!(
        (&seen["status"], &seen["tickets"]),
        (&json!("EXPIRED"), &json!([]))
    );
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUND_DUE");
    let stats = shop.stats().await;
    assert_eq!(
        (&stats[0]["paid"], &stats[0]["available"]),
        (&json!(1), &json!(1)),
        "the rest is free again"
    );
    shop.run_jobs().await;
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
    shop.deliver(&telling).await.expect(200);
    shop.run_jobs().await;
    assert_eq!(amounts(&shop, "payment.unearned").await, [500_000]);
    assert_eq!(
        amounts(&shop, "payment.paid_back").await,
        [-500_000],
        "once"
    );
    assert_eq!(shop.ask_gateway(&payment).await, gateway::State::Over);
}

#[tokio::test]
async fn money_for_a_cancelled_order_goes_back() {
    // P3: the buyer cancelled while the gateway was out of reach, then paid
    let shop = Shop::open(2).await;
    let (order, payment, telling) = paid_unheard(&shop, 1).await;
    let id = crate::orders::fixture::order_id(&order);
    shop.t
        .app
        .db
        .write(move |tx| -> Result<(), crate::orders::Error> {
            let mut order = tx
                .get::<crate::orders::model::Order>(&id.to_string())?
                .expect("it");
            order.apply(crate::orders::model::Step::Cancel, NOW)?;
            crate::inventory::release(tx, id, &order.tickets)?;
            crate::payments::abandon(tx, id, NOW)?;
            Ok(tx.replace(&mut order)?)
        })
        .await
        .expect("cancelled");
    shop.deliver(&telling).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "CANCELLED");
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUND_DUE");
    assert_eq!(shop.stats().await[0]["available"], 2);
}

#[tokio::test]
async fn cancelling_asks_the_gateway_first() {
    // P3: the money is there, so the order is PAID and not cancelled
    let shop = Shop::open(2).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    let path = format!("/api/v1/orders/{order}/cancel");
    shop.t
        .call("POST", &path, &shop.buyer, None)
        .await
        .expect_error(409, "illegal_transition");
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    shop.deliver(&telling).await.expect(200);
    assert_eq!(
        amounts(&shop, "payment.sold").await,
        [250_000],
        "polled and told is once"
    );
}

#[tokio::test]
async fn the_sweeper_asks_the_gateway_first() {
    // I6 P3
    let shop = Shop::open(2).await;
    let (order, _, _) = paid_unheard(&shop, 1).await;
    shop.t.clock.advance(600_000);
    expire_due(&shop.t.app).await.expect("swept");
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
}
