//! Disputes that were lost and are won after all.

use serde_json::json;
use tests::journey::text;
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::stripe::DisputeStatus;

use super::books::balance;
use super::shop::{PRICE, Shop, WITHIN};

/// An order of so many tickets whose payment a bank took back: the order, its payment, the dispute.
fn lost(shop: &Shop, quantity: u32) -> (String, String, String) {
    let (order, payment, session) = shop.sold(quantity);
    let dispute = shop.stripe.dispute(&session.id, DisputeStatus::Open);
    let dispute = dispute.expect("a dispute");
    shop.stripe.judge(&dispute, DisputeStatus::Lost);
    shop.stripe.flush();
    shop.until_order(&order, "PARTIALLY_REFUNDED");
    (order, payment, dispute)
}

/// The bank decides for the shop; the server has heard of it when this is back.
fn won(shop: &Shop, order: &str, dispute: &str) {
    shop.stripe.judge(dispute, DisputeStatus::Won);
    shop.stripe.flush();
    poll::until("the order's dispute to be won", WITHIN, || {
        (shop.order_now(order)["dispute"] == "WON").then_some(())
    });
}

/// Every notice once more, the last first.
fn again(shop: &Shop) {
    for at in (0..shop.stripe.events().len()).rev() {
        assert_eq!(shop.stripe.deliver(at), 200);
    }
}

#[test]
fn a_loss_that_is_won_is_the_price_again() {
    // P5 P6
    standing(&Shop::ordinary());
}

#[test]
fn a_loss_that_is_won_is_the_price_again_on_mongodb() {
    // P5 P6
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    standing(&Shop::open(600, 40, Some(&mongo.url_of("arbitration"))));
}

fn standing(shop: &Shop) {
    let (order, payment, dispute) = lost(shop, 2);
    let totals = balance(shop);
    assert_eq!((totals.sold, totals.back), (0, 2 * PRICE));
    won(shop, &order, &dispute);
    again(shop);
    shop.until_order(&order, "PAID");
    let now = shop.order_now(&order);
    let tickets = now["tickets"].as_array().expect("tickets").iter();
    assert_eq!(tickets.filter(|of| of["status"] == "PAID").count(), 2);
    assert!(now.get("refunded").is_none(), "{now}");
    let totals = balance(shop);
    assert_eq!((totals.sold, totals.owed, totals.back), (2 * PRICE, 0, 0));
    assert_eq!(shop.report().findings(), []);
    // It is an order like any other: what is refunded goes back once.
    shop.refund(&order).ok();
    shop.until_payment(&payment, "REFUNDED");
    again(shop);
    let totals = balance(shop);
    assert_eq!((totals.owed, totals.back), (2 * PRICE, 2 * PRICE));
    assert_eq!(shop.stripe.refunds().len(), 1);
    assert_eq!(shop.report().findings(), []);
}

#[test]
fn a_loss_that_is_won_goes_to_the_payer_of_voided_tickets() {
    // P5: the organizer let nobody in on it, before the loss and after it
    let shop = Shop::ordinary();
    let (order, payment, dispute) = lost(&shop, 1);
    let path = format!("/events/{}/disputes/{dispute}/revoke", shop.event.id);
    shop.organizer.post(&path, &json!({})).ok();
    shop.until_payment(&payment, "REFUNDED");
    assert_eq!(shop.stripe.refunds().len(), 0, "the bank had it");
    won(&shop, &order, &dispute);
    again(&shop);
    poll::until("the payer to have it", WITHIN, || {
        (shop.stripe.refunds().len() == 1).then_some(())
    });
    shop.until_payment(&payment, "REFUNDED");
    let now = shop.order_now(&order);
    let stands = (&now["status"], &now["tickets"][0]["status"]);
    assert_eq!(stands, (&json!("REFUNDED"), &json!("CANCELLED")));

    // Here the loss settles what the organizer owed already.
    let (other, owed, session) = shop.sold(1);
    let dispute = shop.stripe.dispute(&session.id, DisputeStatus::Open);
    let dispute = dispute.expect("a dispute");
    shop.refund(&other).ok();
    shop.stripe.judge(&dispute, DisputeStatus::Lost);
    shop.stripe.flush();
    shop.until_payment(&owed, "REFUNDED");
    won(&shop, &other, &dispute);
    poll::until("the other payer to have it", WITHIN, || {
        (shop.stripe.refunds().len() == 2).then_some(())
    });
    shop.until_payment(&owed, "REFUNDED");
    let totals = balance(&shop);
    assert_eq!(
        (totals.sold, totals.owed, totals.back),
        (0, 2 * PRICE, 2 * PRICE)
    );
    assert!(shop.due().is_empty());
    assert_eq!(shop.report().findings(), []);
}

#[test]
fn a_loss_that_is_won_is_shared_by_the_tickets_that_stand_and_those_that_do_not() {
    // P5 O4
    let shop = Shop::ordinary();
    let (order, payment, dispute) = lost(&shop, 2);
    let first = text(&shop.order_now(&order)["tickets"][0], "id");
    let path = format!("/orders/{order}/refund");
    shop.organizer
        .post(&path, &json!({ "tickets": [first] }))
        .ok();
    won(&shop, &order, &dispute);
    again(&shop);
    poll::until("the payer to have half", WITHIN, || {
        (balance(&shop).back == PRICE).then_some(())
    });
    let totals = balance(&shop);
    assert_eq!((totals.sold, totals.owed), (PRICE, PRICE));
    assert_eq!(shop.status("orders", &order), "PARTIALLY_REFUNDED");
    assert_eq!(shop.status("payments", &payment), "PAID", "one stands");
    assert_eq!(shop.report().findings(), []);
}
