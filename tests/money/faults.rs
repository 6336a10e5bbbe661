//! Calls that break, and webhooks that do not come.

use std::time::Duration;

use serde_json::json;
use tests::payos::{Call, Fault};
use tests::poll;

use crate::books::balance;
use crate::shop::{PRICE, Plan, Shop};

#[test]
fn a_create_that_nobody_heard_of_is_found_again() {
    // P1: one link, whatever became of the answer
    let lost = [
        Fault::Reset,
        Fault::BrokenAfter,
        Fault::Redirect,
        Fault::Unsigned,
        Fault::BadSignature,
        Fault::OtherLink,
    ];
    let shop = Shop::open(Plan::default());
    for fault in lost {
        shop.payos.fault(Call::Create, fault);
        let known = shop.payos.links().len();
        let order = shop.order(1);
        let mut answer = shop.start_payment(&order);
        if answer.status != 201 {
            assert_eq!(
                (answer.status, answer.code()),
                (502, "gateway_unreachable"),
                "{fault:?}"
            );
            answer = shop.start_payment(&order);
        }
        let payment = answer.ok();
        let links = shop.payos.links();
        assert_eq!(links.len(), known + 1, "{fault:?}");
        shop.payos.transfer(shop.code_of(&payment), PRICE, "x");
        assert_eq!(shop.payos.flush(), 1, "{fault:?}");
        shop.until_order(&order, "PAID");
    }
    assert_eq!(shop.payos.faults_left(), 0);
}

#[test]
fn a_create_that_was_not_done_is_tried_again_by_the_buyer() {
    // P1
    let shop = Shop::open(Plan::default());
    for fault in [
        Fault::Broken,
        Fault::Proxy,
        Fault::Busy(1),
        Fault::NoWithData,
    ] {
        shop.payos.fault(Call::Create, fault);
        let known = shop.payos.links().len();
        let order = shop.order(1);
        let refused = shop.start_payment(&order);
        assert_eq!(
            (refused.status, refused.code()),
            (502, "gateway_unreachable"),
            "{fault:?}"
        );
        let again = shop.start_payment(&order);
        assert!(
            again.json["checkoutUrl"].is_string(),
            "{fault:?}: {}",
            again.text
        );
        assert_eq!(shop.payos.links().len(), known + 1, "{fault:?}");
    }
}

#[test]
fn money_is_found_without_its_webhook() {
    // P4: lost for good; the payer comes back, or the server looks by itself
    let shop = Shop::open(Plan::default());
    let (order, payment, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "x");
    shop.come_back(&payment);
    shop.until_order(&order, "PAID");
    let (order, _, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "x");
    shop.until_order(&order, "PAID");
}

#[test]
fn no_answer_but_a_right_one_counts() {
    // P1 P2: another link's data validly signed, no signature, an older state
    let shop = Shop::open(Plan::default());
    let (other, _, other_code) = shop.linked(1);
    shop.payos.transfer(other_code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&other, "PAID");
    let liars = [
        Fault::OtherLink,
        Fault::Unsigned,
        Fault::BadSignature,
        Fault::NoWithData,
    ];
    let mut unpaid = Vec::new();
    for fault in liars {
        let (order, payment, _) = shop.linked(1);
        unpaid.push((order, payment.clone()));
        shop.payos.fault(Call::Look, fault);
        // The server looks at one link after the other: at the next look it has dealt with the lie.
        let asked = shop.payos.requests();
        poll::until("two looks", Duration::from_secs(30), || {
            shop.come_back(&payment);
            (shop.payos.requests() >= asked + 2).then_some(())
        });
        assert_eq!(shop.payos.faults_left(), 0, "{fault:?}");
        for (order, payment) in &unpaid {
            let seen = (
                shop.order_now(order)["status"].clone(),
                shop.payment_now(payment)["status"].clone(),
            );
            assert_eq!(seen, (json!("PENDING"), json!("PENDING")), "{fault:?}");
        }
    }
    for fault in
        liars
            .into_iter()
            .chain([Fault::Lagging, Fault::Proxy, Fault::Reset, Fault::Busy(1)])
    {
        let (order, payment, code) = shop.linked(1);
        shop.payos.fault(Call::Look, fault);
        shop.payos.transfer(code, PRICE, "x");
        assert_eq!(shop.payos.flush(), 1, "{fault:?}");
        shop.until_order(&order, "PAID");
        balance(&shop, &[payment]);
    }
}
