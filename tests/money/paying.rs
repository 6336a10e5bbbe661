//! Paying through PayOS, and what people do instead.

use std::time::Duration;

use serde_json::{Value, json};
use tests::journey::{self, text};
use tests::mongo::ReplicaSet;
use tests::payos::{CHECKSUM_KEY, Payos, Status};
use tests::poll;

use crate::books::{Books, Totals, balance};
use crate::shop::{PRICE, Plan, Shop};

#[test]
fn a_transfer_buys_the_tickets() {
    // P1 P2 P4
    let shop = Shop::open(Plan::default());
    let order = shop.order(2);
    let payment = shop.start_payment(&order).ok();
    let link = shop.payos.only_link();
    assert_eq!(link.amount, 2 * PRICE);
    assert_eq!(
        payment["checkoutUrl"],
        format!("https://pay.payos.vn/web/{}", link.id)
    );
    assert!(link.description.ends_with(char::is_numeric), "{link:?}");
    let id = text(&payment, "id");
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
    let totals = Totals {
        transferred: 2 * PRICE,
        sold: 2 * PRICE,
        owed: 0,
    };
    assert_eq!(balance(&shop, &[id]), totals);
    assert_eq!(shop.due(), Vec::<Value>::new());
    assert!(!shop.server.log().contains(CHECKSUM_KEY));
}

#[test]
fn a_second_click_is_the_same_link() {
    // P1 O2
    let shop = Shop::open(Plan::default());
    let order = shop.order(1);
    let first = shop.start_payment(&order).ok();
    let second = shop.start_payment(&order).ok();
    assert_eq!(first, second);
    assert_eq!(shop.payos.links().len(), 1);
}

#[test]
fn parts_add_up_and_too_much_goes_back() {
    // P1 P3
    parts_and_more(&Shop::open(Plan::default()));
}

#[test]
fn parts_add_up_and_too_much_goes_back_on_mongodb() {
    // P1 P3
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    parts_and_more(&Shop::open(Plan {
        database_url: Some(&mongo.url_of("parts")),
        ..Plan::default()
    }));
}

/// No ticket for a part; the excess is owed and given back by hand, once.
fn parts_and_more(shop: &Shop) {
    let (order, payment, code) = shop.linked(1);
    shop.payos.transfer(code, 100_000, "a part");
    assert_eq!(shop.payos.deliver(0), 200);
    shop.until_page(&payment, "A part arrived");
    assert_eq!(shop.order_now(&order)["status"], "PENDING");
    shop.payos.transfer(code, 200_000, "the rest and more");
    assert_eq!(shop.payos.deliver(1), 200);
    shop.until_order(&order, "PAID");
    let totals = Totals {
        transferred: 300_000,
        sold: PRICE,
        owed: 50_000,
    };
    assert_eq!(balance(shop, &[payment]), totals);
    let due = shop.due();
    assert_eq!(due.len(), 1, "{due:?}");
    let seen = (
        &due[0]["amount"]["amount"],
        &due[0]["byHand"],
        &due[0]["status"],
    );
    assert_eq!(seen, (&json!(50_000), &json!(true), &json!("DUE")));
    let path = format!("/refunds/{}/confirm", text(&due[0], "id"));
    let proof = json!({"proof": "FT26330111222333"});
    let by_the_buyer = shop.buyer.post(&path, &proof);
    assert_eq!(by_the_buyer.status, 404, "not the buyer's");
    let unproven = shop.organizer.post(&path, &json!({"proof": ""}));
    assert_eq!((unproven.status, unproven.code()), (400, "validation"));
    let back = shop.organizer.post(&path, &proof).ok();
    let seen = (&back["status"], &back["proof"]);
    assert_eq!(seen, (&json!("BACK"), &json!("FT26330111222333")));
    assert_eq!(shop.organizer.post(&path, &proof).code(), "already_back");
    assert!(shop.due().is_empty());

    // The oracle is no yes-man: books that lost the sum, or have it twice, do not add up.
    let links = shop.payos.links();
    let good = Books::of(shop);
    assert!(good.wrong(&links).is_empty());
    let mut lost = good.clone();
    let (id, sum) = lost.refunds.pop_first().expect("the excess");
    assert_eq!(lost.wrong(&links).len(), 2, "the link's and in all");
    let mut twice = good;
    twice.refunds.insert(format!("{id}-again"), sum);
    assert_eq!(twice.wrong(&links).len(), 2, "the link's and in all");
}

#[test]
fn a_refunded_order_waits_for_its_transfer() {
    // P3 P5: the gateway gives nothing back
    let shop = Shop::open(Plan::default());
    let (order, payment, code) = shop.linked(1);
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&order, "PAID");
    let reason = json!({"reason": "rain"});
    shop.organizer
        .post(&format!("/orders/{order}/refund"), &reason)
        .ok();
    assert_eq!(shop.payment_now(&payment)["status"], "REFUND_DUE");
    let due = shop.due();
    assert_eq!(due[0]["amount"]["amount"], PRICE);
    let path = format!("/refunds/{}/confirm", text(&due[0], "id"));
    shop.organizer
        .post(&path, &json!({"proof": "FT26330999"}))
        .ok();
    assert_eq!(shop.payment_now(&payment)["status"], "REFUNDED");
    assert!(shop.come_back(&payment).contains("Your money is back"));
}

#[test]
fn a_hold_that_ends_closes_its_link() {
    // P1 I6: and the stock is free again
    let shop = Shop::open(Plan {
        stock: 1,
        hold_secs: 2,
        ..Plan::default()
    });
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
fn a_payer_who_gives_up_can_try_again() {
    // P1 P3: the link is over, the order is not; and money for the first link counts all the same
    let shop = Shop::open(Plan::default());
    let (order, first, code) = shop.linked(1);
    shop.payos.force(code, Some(Status::Cancelled));
    shop.until_page(&first, "Nothing was charged");
    let payment = shop.start_payment(&order).ok();
    let (second, second_code) = (text(&payment, "id"), shop.code_of(&payment));
    assert_ne!((&second, second_code), (&first, code));
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_payment(&first, "PAID");
    assert_eq!(shop.order_now(&order)["status"], "PAID");
    assert_eq!(shop.payment_now(&second)["status"], "CANCELLED");
    // Nobody is asked to pay a second time, and whoever does gets it back.
    poll::until("the second link to close", Duration::from_secs(30), || {
        shop.come_back(&second);
        let links = shop.payos.links();
        let link = links.iter().find(|link| link.order_code == second_code);
        (link?.status() == Status::Cancelled).then_some(())
    });
    shop.payos.transfer(second_code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    let totals = Totals {
        transferred: 2 * PRICE,
        sold: PRICE,
        owed: PRICE,
    };
    assert_eq!(balance(&shop, &[first, second.clone()]), totals);
    assert_eq!(shop.payment_now(&second)["status"], "REFUND_DUE");
}

#[test]
fn a_bank_at_work_is_waited_for() {
    // P1: the sum is there, and nobody calls it paid
    let shop = Shop::open(Plan::default());
    let (order, payment, code) = shop.linked(1);
    shop.payos.force(code, Some(Status::Processing));
    shop.payos.transfer(code, PRICE, "x");
    let asked = shop.payos.requests();
    shop.come_back(&payment);
    poll::until("a look", Duration::from_secs(30), || {
        (shop.payos.requests() > asked).then_some(())
    });
    assert!(shop.come_back(&payment).contains("Waiting for your bank"));
    assert_eq!(shop.order_now(&order)["status"], "PENDING");
    shop.payos.force(code, None);
    shop.until_page(&payment, "Paid. Thank you!");
    assert_eq!(shop.order_now(&order)["status"], "PAID");
}

#[test]
fn an_administrator_tells_the_gateway_where_we_are() {
    // P1 P2: it sends its sample there before it believes
    let mut shop = Shop::open(Plan::default());
    let (order, _, code) = shop.linked(1);
    shop.server.stop();
    shop.server.make_admin("root", journey::PASSWORD);
    shop.server.resume();
    let admin = journey::login(&shop.server.api(), "root");
    let nowhere = "http://127.0.0.1:9/".to_owned();
    shop.payos.send_webhooks_to(&nowhere);
    let nothing = json!({});
    let refused = shop.organizer.post("/payments/payos/webhook", &nothing);
    assert_eq!(refused.status, 403);
    assert_eq!(shop.payos.webhook_url(), Some(nowhere));
    let told = admin.post("/payments/payos/webhook", &nothing).ok();
    let url = format!("{}/api/v1/payments/webhook/payos", shop.server.url());
    assert_eq!(told["webhookUrl"], url);
    assert_eq!(shop.payos.webhook_url(), Some(url));
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&order, "PAID");
}

#[test]
fn strangers_and_forgers_change_nothing() {
    // P2, payments.md 4 and 6
    let shop = Shop::open(Plan::default());
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
    let ping = shop.payos.envelope(&Payos::sample());
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
        assert_eq!(shop.payos.send(body.clone()), status, "{body:.60}");
    }
    // Both addresses are PayOS's.
    let plain = format!("{}/api/v1/payments/webhook", shop.server.url());
    shop.payos.send_webhooks_to(&plain);
    shop.payos.transfer(code, PRICE, "x");
    assert_eq!(shop.order_now(&order)["status"], "PENDING");
    assert_eq!(shop.payos.flush(), 1);
    shop.until_order(&order, "PAID");
}
