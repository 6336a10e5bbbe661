//! Paying through PayOS, and what people do instead.

use serde_json::json;
use tests::payos::{CHECKSUM_KEY, Status, Switches};

use crate::books::{balance, transferred};
use crate::shop::{PRICE, Shop};

#[test]
fn a_transfer_buys_the_tickets() {
    // P1 P2 P4
    let shop = Shop::open(Switches::default(), 5);
    let order = shop.order(2);
    let payment = shop.start_payment(&order).ok();
    let link = shop.payos.only_link();
    assert_eq!(link.amount, 2 * PRICE);
    assert_eq!(
        payment["checkoutUrl"],
        format!("https://pay.payos.vn/web/{}", link.id)
    );
    assert!(link.description.ends_with(char::is_numeric), "{link:?}");
    let id = payment["id"].as_str().expect("an id").to_owned();
    assert!(shop.come_back(&id).contains("Waiting for your bank"));

    shop.payos
        .transfer(link.order_code, 2 * PRICE, "NGUYEN VAN A chuyen tien");
    assert_eq!(shop.payos.deliver(0), 200);
    shop.until_payment(&id, "PAID");
    let paid = shop.order_now(&order);
    assert_eq!(paid["status"], "PAID");
    assert_eq!(paid["tickets"].as_array().map(Vec::len), Some(2));
    assert!(shop.come_back(&id).contains("Paid. Thank you!"));
    // Sent again, twice: nothing more.
    assert_eq!([shop.payos.deliver(0), shop.payos.deliver(0)], [200, 200]);
    balance(&shop, &[id]);
    assert_eq!(shop.due(), Vec::<serde_json::Value>::new());
    assert_eq!(transferred(&shop.payos.links()), 2 * PRICE);
    assert!(!shop.server.log().contains(CHECKSUM_KEY));
}

#[test]
fn a_second_click_is_the_same_link() {
    // P1 O2
    let shop = Shop::open(Switches::default(), 5);
    let order = shop.order(1);
    let first = shop.start_payment(&order).ok();
    let second = shop.start_payment(&order).ok();
    assert_eq!(first, second);
    assert_eq!(shop.payos.links().len(), 1);
}

#[test]
fn parts_add_up_and_too_much_goes_back() {
    // P1 P3: no ticket for a part, the excess is owed and given back by hand, once
    let shop = Shop::open(Switches::default(), 5);
    let (order, payment, code) = shop.linked(1);
    shop.payos.transfer(code, 100_000, "a part");
    assert_eq!(shop.payos.deliver(0), 200);
    tests::poll::until(
        "the part to be noted",
        std::time::Duration::from_secs(30),
        || {
            shop.come_back(&payment)
                .contains("A part arrived")
                .then_some(())
        },
    );
    assert_eq!(shop.order_now(&order)["status"], "PENDING");
    shop.payos.transfer(code, 200_000, "the rest and more");
    assert_eq!(shop.payos.deliver(1), 200);
    shop.until_order(&order, "PAID");
    balance(&shop, &[payment]);
    let due = shop.due();
    assert_eq!(due.len(), 1, "{due:?}");
    assert_eq!(
        (
            &due[0]["amount"]["amount"],
            &due[0]["byHand"],
            &due[0]["status"]
        ),
        (&json!(50_000), &json!(true), &json!("DUE"))
    );
    let path = format!("/refunds/{}/confirm", due[0]["id"].as_str().expect("an id"));
    let proof = json!({"proof": "FT26330111222333"});
    assert_eq!(
        shop.buyer.post(&path, &proof).status,
        404,
        "not the buyer's"
    );
    assert_eq!(
        shop.event.api.post(&path, &json!({"proof": ""})).status,
        422
    );
    let back = shop.event.api.post(&path, &proof).ok();
    assert_eq!(
        (&back["status"], &back["proof"]),
        (&json!("BACK"), &json!("FT26330111222333"))
    );
    assert_eq!(shop.event.api.post(&path, &proof).code(), "already_back");
    assert!(shop.due().is_empty());
}

#[test]
fn a_refunded_order_waits_for_its_transfer() {
    // P3 P5: the gateway gives nothing back
    let shop = Shop::open(Switches::default(), 5);
    let (order, payment, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&order, "PAID");
    let reason = json!({"reason": "rain"});
    shop.event
        .api
        .post(&format!("/orders/{order}/refund"), &reason)
        .ok();
    assert_eq!(shop.payment_now(&payment)["status"], "REFUND_DUE");
    let due = shop.due();
    assert_eq!(due[0]["amount"]["amount"], PRICE);
    let path = format!("/refunds/{}/confirm", due[0]["id"].as_str().expect("an id"));
    shop.event
        .api
        .post(&path, &json!({"proof": "FT26330999"}))
        .ok();
    assert_eq!(shop.payment_now(&payment)["status"], "REFUNDED");
    assert!(shop.come_back(&payment).contains("Your money is back"));
}

#[test]
fn a_hold_that_ends_closes_its_link() {
    // P1 I6: and the stock is free again
    let shop = Shop::open_with(Switches::default(), 1, &[("HOLD_TTL_SECS", "2")]);
    let (order, payment, _) = shop.linked(1);
    shop.until_order(&order, "EXPIRED");
    shop.until_payment(&payment, "CANCELLED");
    assert_eq!(shop.payos.only_link().status(), Status::Cancelled);
    let (second, _, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&second, "PAID");
}

#[test]
fn strangers_and_forgers_change_nothing() {
    // P2, payments.md 4 and 6
    let shop = Shop::open(Switches::default(), 5);
    let (order, _, code) = shop.linked(1);
    let link = shop.payos.only_link();
    let data = |code: i64, id: &str, amount: i64| {
        json!({
            "orderCode": code, "amount": amount, "description": "VQRIO123", "accountNumber": "12345678",
            "reference": "TF230204212323", "transactionDateTime": "2023-02-04 18:25:00", "currency": "VND",
            "paymentLinkId": id, "code": "00", "desc": "success",
        })
    };
    // The test that registers a webhook, as it comes: taken, and nobody's.
    let ping = shop
        .payos
        .envelope(&data(123, "124c33293c43417ab7879e14c8d9eb18", 3000));
    assert_eq!(shop.payos.send(ping), 200);
    // Validly signed, and the gateway knows of no money: it is asked, and says so.
    let lie = shop.payos.envelope(&data(code, &link.id, PRICE));
    assert_eq!(shop.payos.send(lie.clone()), 200);
    let forged = lie.replace("\"amount\":250000", "\"amount\":250001");
    assert_ne!(forged, lie);
    for (body, status) in [
        (forged, 401),
        (String::new(), 401),
        ("[]".to_owned(), 401),
        ("{\"data\":{}}".to_owned(), 401),
        ("x".repeat(2_000_000), 413),
    ] {
        assert_eq!(shop.payos.send(body.clone()), status, "{:.60}", body);
    }
    // Both addresses are PayOS's.
    let plain = format!("{}/api/v1/payments/webhook", shop.server.url());
    shop.payos.send_webhooks_to(&plain);
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.order_now(&order)["status"], "PENDING");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&order, "PAID");
}
