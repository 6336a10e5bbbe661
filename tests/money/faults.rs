//! Calls that break, and webhooks that do not come.

use tests::payos::{Call, Fault, Late, Switches};

use crate::books::balance;
use crate::shop::{PRICE, Shop};

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
    let shop = Shop::open(Switches::default(), 20);
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
        let url = payment["checkoutUrl"]
            .as_str()
            .expect("where to pay")
            .to_owned();
        let link = links.iter().find(|link| url.ends_with(&link.id));
        let link = link.unwrap_or_else(|| panic!("{fault:?}: {url} is no link's"));
        shop.payos.transfer(link.order_code, PRICE, "x");
        assert_eq!(shop.payos.flush(), 1, "{fault:?}");
        shop.until_order(&order, "PAID");
    }
    assert_eq!(shop.payos.faults_left(), 0);
}

#[test]
fn a_create_that_was_not_done_is_tried_again_by_the_buyer() {
    // P1
    let shop = Shop::open(Switches::default(), 20);
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
    let shop = Shop::open(Switches::default(), 5);
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
    let shop = Shop::open(Switches::default(), 20);
    let (other, _, other_code) = shop.linked(1);
    shop.payos.transfer(other_code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&other, "PAID");
    for fault in [
        Fault::OtherLink,
        Fault::Unsigned,
        Fault::BadSignature,
        Fault::Lagging,
        Fault::Proxy,
        Fault::Reset,
        Fault::NoWithData,
        Fault::Busy(1),
    ] {
        let (order, payment, code) = shop.linked(1);
        shop.payos.fault(Call::Look, fault);
        // Nothing was paid: no answer may say so.
        shop.come_back(&payment);
        tests::poll::until("the look", std::time::Duration::from_secs(30), || {
            (shop.payos.faults_left() == 0).then_some(())
        });
        assert_eq!(shop.order_now(&order)["status"], "PENDING", "{fault:?}");
        shop.payos.fault(Call::Look, fault);
        shop.payos.transfer(code, PRICE, "x");
        assert_eq!(shop.payos.flush(), 1, "{fault:?}");
        shop.until_order(&order, "PAID");
        balance(&shop, &[payment]);
    }
}

#[test]
fn late_money_buys_or_goes_back_whatever_the_gateway_does() {
    // P3: all settings of what nobody documented
    for switches in Switches::all() {
        let shop = Shop::open_with(switches, 1, &[("HOLD_TTL_SECS", "2")]);
        let (late, payment, code) = shop.linked(1);
        shop.until_payment(&payment, "CANCELLED");
        // Somebody else got the ticket in every second setting.
        let taken = switches.cancel_again_is_fine;
        let mut payments = vec![payment.clone()];
        if taken {
            let (order, other, code) = shop.linked(1);
            shop.payos.transfer(code, PRICE, "x");
            assert_eq!(shop.payos.flush(), 1);
            shop.until_order(&order, "PAID");
            payments.push(other);
        }
        shop.payos.transfer(code, PRICE, "late");
        shop.payos.flush();
        balance(&shop, &payments);
        let order = shop.order_now(&late)["status"].clone();
        match switches.late {
            Late::Unseen => assert_eq!(order, "EXPIRED", "{switches:?}"),
            Late::Revives if !taken => assert_eq!(order, "PAID", "{switches:?}"),
            // Not PAID at the gateway, or the ticket is gone: the money goes back.
            Late::Revives | Late::Tells | Late::Lists => {
                assert_eq!(order, "EXPIRED", "{switches:?}");
                let status = shop.payment_now(&payment)["status"].clone();
                assert_eq!(status, "REFUND_DUE", "{switches:?}");
            }
        }
    }
}
