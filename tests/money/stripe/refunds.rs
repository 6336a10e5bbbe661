//! Money on its way back by card.

use serde_json::json;
use tests::journey::text;
use tests::poll;
use tests::stripe::{Call, Fault, RefundStatus};

use super::books::{Books, balance};
use super::shop::{PRICE, Shop, WITHIN};

#[test]
fn a_refund_is_made_once_whatever_is_lost() {
    // P6 P5
    let shop = Shop::ordinary();
    for fault in [
        Fault::Broken,
        Fault::Proxy,
        Fault::Busy(1),
        Fault::Reset,
        Fault::BrokenAfter,
        Fault::Redirect,
        Fault::Stored500,
    ] {
        let (order, payment, session) = shop.sold(1);
        shop.stripe.fault(Call::Refund, fault);
        shop.refund(&order).ok();
        shop.until_payment(&payment, "REFUNDED");
        let refunds = shop.stripe.refunds();
        let intent = shop
            .stripe
            .sessions()
            .into_iter()
            .find(|of| of.id == session.id);
        let intent = intent.and_then(|session| session.intent);
        let made = refunds
            .iter()
            .filter(|of| Some(&of.intent) == intent.as_ref());
        assert_eq!(made.count(), 1, "{fault:?}");
        assert_eq!(shop.refund(&order).status, 409, "an order is refunded once");
    }
    assert_eq!(shop.stripe.faults_left(), 0);
    let totals = balance(&shop);
    assert_eq!(
        (totals.charged, totals.owed, totals.back),
        (7 * PRICE, 7 * PRICE, 7 * PRICE)
    );
}

#[test]
fn a_refund_may_take_days_and_fail_days_later() {
    // P6 P5: pending, done, failed after all, and then transferred by hand
    let shop = Shop::ordinary();
    shop.stripe.refunds_wait(true);
    let (order, payment, _) = shop.sold(1);
    shop.refund(&order).ok();
    let refund = poll::until("the refund", WITHIN, || shop.stripe.refunds().pop());
    shop.stripe.flush();
    assert_eq!(shop.status("payments", &payment), "REFUND_DUE");
    shop.stripe.decide(&refund.id, RefundStatus::Succeeded);
    shop.stripe.flush();
    shop.until_payment(&payment, "REFUNDED");
    assert!(shop.due().is_empty());

    shop.stripe.decide(&refund.id, RefundStatus::Failed);
    shop.stripe.flush();
    shop.until_payment(&payment, "REFUND_DUE");
    let due = shop.due();
    assert_eq!(due.len(), 1, "{due:?}");
    let seen = (&due[0]["byHand"], &due[0]["failure"]);
    assert_eq!(seen, (&json!(true), &json!("expired_or_canceled_card")));
    // The order stays refunded: its tickets are void.
    assert_eq!(shop.status("orders", &order), "REFUNDED");
    let path = format!("/refunds/{}/confirm", text(&due[0], "id"));
    let proof = json!({"proof": "FT26330111222333"});
    shop.organizer.post(&path, &proof).ok();
    assert_eq!(shop.status("payments", &payment), "REFUNDED");
    // What Stripe says afterwards does not undo the transfer.
    for event in 0..shop.stripe.events().len() {
        shop.stripe.deliver(event);
    }
    assert_eq!(shop.organizer.post(&path, &proof).code(), "already_back");
    let totals = balance(&shop);
    assert_eq!((totals.owed, totals.back), (PRICE, 0));
}

#[test]
fn a_sum_that_the_gateway_gives_back_is_not_for_hands() {
    // P5 P6
    let shop = Shop::ordinary();
    shop.stripe.refunds_wait(true);
    let (order, _, _) = shop.sold(1);
    shop.refund(&order).ok();
    poll::until("the refund", WITHIN, || shop.stripe.refunds().pop());
    let due = shop.due();
    assert_eq!((due.len(), &due[0]["byHand"]), (1, &json!(false)));
    let path = format!("/refunds/{}/confirm", text(&due[0], "id"));
    let by_hand = shop
        .organizer
        .post(&path, &json!({"proof": "FT26330111222333"}));
    assert_eq!((by_hand.status, by_hand.code()), (409, "not_by_hand"));
}

#[test]
fn the_oracle_is_no_yes_man() {
    // P6: books that lost a sum, or have it twice, do not add up
    let shop = Shop::ordinary();
    let (order, payment, _) = shop.sold(1);
    shop.refund(&order).ok();
    shop.until_payment(&payment, "REFUNDED");
    let good = Books::of(&shop);
    assert!(good.wrong(&shop).is_empty());
    let mut lost = good.clone();
    let (id, sum) = lost.refunds.pop_first().expect("the sum");
    assert_eq!(
        lost.wrong(&shop).len(),
        3,
        "the charge's, the refund's and in all"
    );
    let mut twice = good;
    twice.refunds.insert(format!("{id}-again"), sum);
    assert_eq!(
        twice.wrong(&shop).len(),
        3,
        "the charge's, the refund's and in all"
    );
}
