//! Reports of the books against Stripe's own list.

use serde_json::json;
use tests::mongo::ReplicaSet;
use tests::stripe::{Call, DisputeStatus, Fault};

use super::books::balance;
use super::shop::{PRICE, Shop};

const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

#[test]
fn a_report_finds_exactly_what_was_moved_behind_our_back() {
    // P8 P6
    moved(&Shop::ordinary());
}

#[test]
fn a_report_finds_exactly_what_was_moved_behind_our_back_on_mongodb() {
    // P8 P6
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    moved(&Shop::open(600, 40, Some(&mongo.url_of("report"))));
}

fn moved(shop: &Shop) {
    // More than two pages of charges.
    let sold: Vec<_> = (0..7).map(|_| shop.sold(1)).collect();
    let (refunded, payment, _) = &sold[0];
    shop.refund(refunded).ok();
    shop.until_payment(payment, "REFUNDED");
    shop.stripe.flush();
    let quiet = shop.report();
    assert_eq!(quiet.findings(), []);
    let totals = balance(shop);
    let names = ["charged", "sold", "back", "due", "returned"];
    let sums = names.map(|name| quiet.sum(name));
    assert_eq!(
        sums,
        [totals.charged, totals.sold, totals.back, 0, totals.back]
    );

    shop.stripe.hush();
    let session = |at: usize| sold[at].2.id.as_str();
    assert!(shop.stripe.refund_by_hand(session(1), 50_000));
    shop.stripe
        .dispute(session(2), DisputeStatus::Open)
        .expect("a dispute");
    let lost = shop
        .stripe
        .dispute(session(3), DisputeStatus::Open)
        .expect("a dispute");
    shop.stripe.judge(&lost, DisputeStatus::Lost);
    shop.stripe.forget_charge(session(4));
    shop.stripe.recharge(session(5), PRICE + 9);
    let made = shop.stripe.refunds().remove(0);
    shop.stripe.forget_refund(&made.id);
    // Charged over there for a payment that is not here, and what is no business of ours.
    shop.stripe
        .charge_elsewhere(777, &json!({"payment_id": NOBODY}));
    shop.stripe.charge_elsewhere(888, &json!({}));
    // Paid, and the server does not get to hear of it.
    for _ in 0..60 {
        shop.stripe.fault(Call::Look, Fault::Broken);
    }
    let (_, unheard, open) = shop.open_session(1);
    assert!(shop.stripe.pay(&open.id));
    let found = shop.report();
    let of = |kind: &str, amount: i64, at: usize| (kind.to_owned(), amount, sold[at].1.clone());
    let mut expected = vec![
        of("REFUND_THERE_NOT_HERE", -50_000, 1),
        of("DISPUTE_NOT_BOOKED", 0, 2),
        of("DISPUTE_NOT_BOOKED", -PRICE, 3),
        of("PAID_HERE_NOT_THERE", -PRICE, 4),
        of("AMOUNT_DIFFERS", 9, 5),
        of("REFUND_HERE_NOT_THERE", PRICE, 0),
        ("PAID_THERE_NOT_HERE".to_owned(), PRICE, unheard.clone()),
    ];
    expected.sort();
    assert_eq!(found.findings(), expected);
    assert_eq!(found.view["compared"], 8);

    // What the report says to do is done: the gateway is asked again.
    shop.stripe.heal();
    for payment in [&unheard, &sold[1].1, &sold[2].1, &sold[3].1] {
        shop.organizer
            .post(&format!("/payments/{payment}/look"), &json!({}))
            .ok();
    }
    let mended = shop.report();
    let mut expected = vec![
        of("PAID_HERE_NOT_THERE", -PRICE, 4),
        of("AMOUNT_DIFFERS", 9, 5),
        of("REFUND_HERE_NOT_THERE", PRICE, 0),
    ];
    expected.sort();
    assert_eq!(mended.findings(), expected);
    let by_the_buyer = shop
        .buyer
        .post(&format!("/payments/{unheard}/look"), &json!({}));
    assert_eq!(by_the_buyer.status, 404, "not the buyer's");
}

#[test]
fn a_list_that_cannot_be_read_is_no_loss_of_money() {
    // P8: nothing is called missing that nobody could look for
    let shop = Shop::ordinary();
    let (_, payment, _) = shop.sold(1);
    for _ in 0..4 {
        shop.stripe.fault(Call::Charges, Fault::Broken);
    }
    let report = shop.report();
    assert_eq!(report.findings(), [("NOT_ANSWERED".to_owned(), 0, payment)]);
    assert_eq!(shop.stripe.faults_left(), 0);
    assert_eq!(shop.report().findings(), []);
}
