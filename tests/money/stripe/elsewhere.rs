//! Money that goes back without us: refunds in Stripe's dashboard, and disputes.

use serde_json::{Value, json};
use tests::journey::text;
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::stripe::{Call, DisputeStatus, Fault, RefundStatus};

use super::books::balance;
use super::shop::{PRICE, Shop, WITHIN};
use crate::schedules::refund_one;

#[test]
fn what_is_given_back_in_the_dashboard_is_in_the_ledger() {
    // P5 P6
    by_hand(&Shop::ordinary());
}

#[test]
fn what_is_given_back_in_the_dashboard_is_in_the_ledger_on_mongodb() {
    // P5 P6
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    by_hand(&Shop::open(600, 40, Some(&mongo.url_of("elsewhere"))));
}

fn by_hand(shop: &Shop) {
    let (order, payment, session) = shop.sold(2);
    let before = shop.stripe.events().len();
    assert!(shop.stripe.refund_by_hand(&session.id, 100_000));
    // The charge's event comes first, and both more than once.
    for at in [before + 1, before, before + 1, before] {
        assert_eq!(shop.stripe.deliver(at), 200);
    }
    shop.until_order(&order, "PARTIALLY_REFUNDED");
    assert_eq!(
        shop.status("payments", &payment),
        "PAID",
        "its tickets stand"
    );
    let tickets = shop.order_now(&order)["tickets"].clone();
    let valid = tickets.as_array().expect("tickets").iter();
    assert_eq!(valid.filter(|ticket| ticket["status"] == "PAID").count(), 2);
    let totals = balance(shop);
    assert_eq!(
        (totals.sold, totals.owed, totals.back),
        (2 * PRICE - 100_000, 100_000, 100_000)
    );

    // The rest, in two parts: nothing is left, and the tickets are void.
    assert!(shop.stripe.refund_by_hand(&session.id, PRICE));
    assert!(shop.stripe.refund_by_hand(&session.id, PRICE - 100_000));
    shop.stripe.flush();
    shop.until_order(&order, "REFUNDED");
    shop.until_payment(&payment, "REFUNDED");
    let tickets = shop.order_now(&order)["tickets"].clone();
    let void = tickets.as_array().expect("tickets").iter();
    assert_eq!(
        void.filter(|ticket| ticket["status"] == "CANCELLED")
            .count(),
        2
    );
    let totals = balance(shop);
    assert_eq!(
        (totals.sold, totals.owed, totals.back),
        (0, 2 * PRICE, 2 * PRICE)
    );
    assert!(shop.due().is_empty());
    assert_eq!(shop.refund(&order).status, 409, "once");
    assert_eq!(shop.report().findings(), []);
}

#[test]
fn nobody_pays_twice_when_both_give_back() {
    // P5: the organizer refunds here and there; and a refund that failed is done again by hand there
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.sold(1);
    assert!(shop.stripe.refund_by_hand(&session.id, PRICE));
    // No word of it has come when the organizer refunds here.
    shop.refund(&order).ok();
    shop.until_payment(&payment, "REFUNDED");
    assert!(shop.due().is_empty(), "nothing is left for hands");
    assert_eq!(shop.stripe.refunds().len(), 1);

    shop.stripe.refunds_wait(true);
    let (order, payment, session) = shop.sold(1);
    shop.refund(&order).ok();
    let refund = poll::until("the refund", WITHIN, || {
        let refunds = shop.stripe.refunds();
        refunds
            .into_iter()
            .find(|of| of.status == RefundStatus::Pending)
    });
    shop.stripe.decide(&refund.id, RefundStatus::Failed);
    shop.stripe.flush();
    poll::until("the failure", WITHIN, || {
        (shop.due().first()?["byHand"] == true).then_some(())
    });
    shop.stripe.refunds_wait(false);
    assert!(shop.stripe.refund_by_hand(&session.id, PRICE));
    shop.stripe.flush();
    shop.until_payment(&payment, "REFUNDED");
    assert!(shop.due().is_empty());
    let totals = balance(&shop);
    assert_eq!((totals.owed, totals.back), (2 * PRICE, 2 * PRICE));
}

#[test]
fn what_is_given_back_by_hand_is_no_refund_that_nobody_heard_the_end_of() {
    // P5 P6: Stripe made ours and its answer was lost; somebody gives back beside it
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.sold(2);
    shop.stripe.fault(Call::Refund, Fault::BrokenAfter);
    refund_one(&shop.organizer, &order).ok();
    poll::until("the refund", WITHIN, || shop.stripe.refunds().pop());
    // Only of the other one comes word.
    let before = shop.stripe.events().len();
    assert!(shop.stripe.refund_by_hand(&session.id, PRICE / 2));
    for at in before..shop.stripe.events().len() {
        assert_eq!(shop.stripe.deliver(at), 200);
    }
    let totals = balance(&shop);
    let back = PRICE + PRICE / 2;
    assert_eq!(
        (totals.sold, totals.owed, totals.back),
        (2 * PRICE - back, back, back)
    );
    assert_eq!(shop.status("payments", &payment), "PAID");
    assert!(shop.due().is_empty(), "nothing is left for hands");
}

#[test]
fn what_all_went_back_by_hand_is_settled_when_ours_is_refused() {
    // P5 P6: ours failed once; before it is tried again somebody gives all of it back
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.sold(2);
    shop.stripe.fault(Call::Refund, Fault::Broken);
    refund_one(&shop.organizer, &order).ok();
    poll::until("the try", WITHIN, || {
        (shop.stripe.faults_left() == 0).then_some(())
    });
    let before = shop.stripe.events().len();
    assert!(shop.stripe.refund_by_hand(&session.id, 2 * PRICE));
    for at in before..shop.stripe.events().len() {
        assert_eq!(shop.stripe.deliver(at), 200);
    }
    shop.until_payment(&payment, "REFUNDED");
    let totals = balance(&shop);
    assert_eq!(
        (totals.sold, totals.owed, totals.back),
        (0, 2 * PRICE, 2 * PRICE)
    );
    assert!(shop.due().is_empty(), "nothing is left for hands");
}

#[test]
fn a_refund_of_the_dashboard_that_fails_is_owed() {
    // P5: on its way, and days later it does not arrive
    let shop = Shop::ordinary();
    shop.stripe.refunds_wait(true);
    let (order, payment, session) = shop.sold(1);
    assert!(shop.stripe.refund_by_hand(&session.id, PRICE));
    shop.stripe.flush();
    shop.until_order(&order, "REFUNDED");
    assert_eq!(shop.status("payments", &payment), "REFUND_DUE");
    let refund = shop.stripe.refunds().remove(0);
    shop.stripe.decide(&refund.id, RefundStatus::Failed);
    shop.stripe.flush();
    let due = poll::until("the failure", WITHIN, || {
        let due = shop.due();
        (due.first()?["byHand"] == true).then_some(due)
    });
    let seen = (due.len(), &due[0]["failure"], &due[0]["elsewhere"]);
    assert_eq!(
        seen,
        (1, &json!("expired_or_canceled_card"), &json!("DASHBOARD"))
    );
    assert_eq!(balance(&shop).back, 0);
}

/// What the organizer's list says of the only dispute.
fn dispute(shop: &Shop) -> Value {
    let path = format!("/events/{}/disputes", shop.event.id);
    let list = shop.organizer.get(&path).ok();
    let all = list["items"].as_array().expect("items");
    assert!(all.len() < 2, "{all:?}");
    all.first().cloned().unwrap_or_default()
}

fn until_dispute(shop: &Shop, status: &str) {
    poll::until(&format!("the dispute to be {status}"), WITHIN, || {
        (dispute(shop)["status"] == status).then_some(())
    });
}

#[test]
fn a_dispute_blocks_nothing_and_settles_the_books() {
    // P5 P6
    disputed(&Shop::ordinary());
}

#[test]
fn a_dispute_blocks_nothing_and_settles_the_books_on_mongodb() {
    // P5 P6
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    disputed(&Shop::open(600, 40, Some(&mongo.url_of("disputes"))));
}

fn disputed(shop: &Shop) {
    let (order, payment, session) = shop.sold(1);
    let before = shop.stripe.events().len();
    let id = shop
        .stripe
        .dispute(&session.id, DisputeStatus::Inquiry)
        .expect("a dispute");
    assert_eq!(
        [shop.stripe.deliver(before), shop.stripe.deliver(before)],
        [200, 200]
    );
    until_dispute(shop, "INQUIRY");
    shop.stripe.judge(&id, DisputeStatus::Open);
    shop.stripe.flush();
    until_dispute(shop, "OPEN");
    let seen = dispute(shop);
    assert_eq!(
        (
            &seen["id"],
            &seen["orderId"],
            &seen["amount"]["amount"],
            &seen["reason"]
        ),
        (
            &json!(id),
            &json!(order),
            &json!(PRICE),
            &json!("fraudulent")
        )
    );
    let marked = shop.order_now(&order);
    assert_eq!(
        (&marked["status"], &marked["dispute"]),
        (&json!("PAID"), &json!("OPEN"))
    );
    assert_eq!(marked["tickets"][0]["status"], "PAID", "it still admits");
    assert_eq!(balance(shop).sold, PRICE);
    let by_the_buyer = shop
        .buyer
        .get(&format!("/events/{}/disputes", shop.event.id));
    assert_eq!(by_the_buyer.status, 404);

    shop.stripe.judge(&id, DisputeStatus::Lost);
    shop.stripe.flush();
    until_dispute(shop, "LOST");
    shop.until_order(&order, "PARTIALLY_REFUNDED");
    assert_eq!(shop.order_now(&order)["tickets"][0]["status"], "PAID");
    let totals = balance(shop);
    assert_eq!((totals.sold, totals.owed, totals.back), (0, PRICE, PRICE));
    // What came before comes again: a bank decides once.
    for at in before..shop.stripe.events().len() {
        shop.stripe.deliver(at);
    }
    // The organizer lets nobody in on it, and nothing is paid back a second time.
    let path = format!("/events/{}/disputes/{id}/revoke", shop.event.id);
    let revoked = shop.organizer.post(&path, &json!({})).ok();
    assert_eq!(
        (&revoked["status"], &revoked["tickets"][0]["status"]),
        (&json!("REFUNDED"), &json!("CANCELLED"))
    );
    shop.until_payment(&payment, "REFUNDED");
    assert!(shop.due().is_empty());
    assert_eq!(balance(shop).back, PRICE);
    assert_eq!(shop.report().findings(), []);
}

#[test]
fn a_refund_waits_for_the_bank_and_goes_when_it_is_won() {
    // P5: whoever gave it back while the bank withholds it might give it back twice
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.sold(1);
    let id = shop
        .stripe
        .dispute(&session.id, DisputeStatus::Open)
        .expect("a dispute");
    // The server has not heard of it when the organizer refunds.
    shop.refund(&order).ok();
    let due = poll::until("it to wait", WITHIN, || {
        let due = shop.due();
        (due.first()?["contested"] == true).then_some(due)
    });
    assert_eq!((due.len(), &due[0]["byHand"]), (1, &json!(false)));
    let path = format!("/refunds/{}/confirm", text(&due[0], "id"));
    let by_hand = shop
        .organizer
        .post(&path, &json!({"proof": "FT26330111222333"}));
    assert_eq!((by_hand.status, by_hand.code()), (409, "not_by_hand"));
    shop.stripe.judge(&id, DisputeStatus::Won);
    shop.stripe.flush();
    shop.until_payment(&payment, "REFUNDED");
    assert_eq!(shop.stripe.refunds().len(), 1);
    let totals = balance(&shop);
    assert_eq!((totals.owed, totals.back), (PRICE, PRICE));
}

#[test]
fn a_refund_that_waits_is_settled_by_a_dispute_that_is_lost() {
    // P5: void at the gate, gone at the bank, and paid once
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.sold(1);
    let id = shop
        .stripe
        .dispute(&session.id, DisputeStatus::Open)
        .expect("a dispute");
    shop.stripe.flush();
    until_dispute(&shop, "OPEN");
    let path = format!("/events/{}/disputes/{id}/revoke", shop.event.id);
    shop.organizer.post(&path, &json!({})).ok();
    assert_eq!(shop.status("orders", &order), "REFUNDED");
    assert_eq!(shop.status("payments", &payment), "REFUND_DUE");
    shop.stripe.judge(&id, DisputeStatus::Lost);
    shop.stripe.flush();
    shop.until_payment(&payment, "REFUNDED");
    assert_eq!(shop.stripe.refunds().len(), 0);
    let totals = balance(&shop);
    assert_eq!((totals.owed, totals.back), (PRICE, PRICE));
    assert!(shop.due().is_empty());
}

#[test]
fn a_dispute_that_is_heard_of_first_finds_its_payment() {
    // P2 P5: nothing else of the payment has come, not even that it was paid
    let shop = Shop::ordinary();
    let (order, _, session) = shop.open_session(1);
    shop.stripe.hush();
    assert!(shop.stripe.pay(&session.id));
    let before = shop.stripe.events().len();
    shop.stripe
        .dispute(&session.id, DisputeStatus::Open)
        .expect("a dispute");
    assert_eq!(shop.stripe.deliver(before), 200);
    until_dispute(&shop, "OPEN");
    let marked = shop.order_now(&order);
    assert_eq!(
        (&marked["status"], &marked["dispute"]),
        (&json!("PAID"), &json!("OPEN"))
    );
}

#[test]
fn a_bank_takes_what_a_failed_refund_left() {
    // P5: the refund fails without a word, the bank takes all of it, and nobody transfers it by hand
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.sold(1);
    shop.refund(&order).ok();
    shop.until_payment(&payment, "REFUNDED");
    shop.stripe.flush();
    let made = shop.stripe.refunds().remove(0);
    let failed = shop.stripe.events().len();
    shop.stripe.decide(&made.id, RefundStatus::Failed);
    let id = shop
        .stripe
        .dispute(&session.id, DisputeStatus::Open)
        .expect("a dispute");
    shop.stripe.judge(&id, DisputeStatus::Lost);
    for at in failed + 1..shop.stripe.events().len() {
        assert_eq!(shop.stripe.deliver(at), 200);
    }
    until_dispute(&shop, "LOST");
    assert_eq!(shop.stripe.deliver(failed), 200);
    let totals = balance(&shop);
    assert_eq!((totals.owed, totals.back), (PRICE, PRICE));
    assert!(shop.due().is_empty());
}
