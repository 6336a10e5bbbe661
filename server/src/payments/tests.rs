use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::payments::PaymentStatus;

use super::demo::{Secret, Telling, signature};
use super::model::{Delivery, Payment, Step, after};
use super::{gateway, reconcile};
use crate::gate::GateChange;
use crate::notices::Notice;
use crate::orders::expire_due;
use crate::orders::fixture::{Shop, payment_id, text};
use crate::platform::db::Query;
use crate::platform::journal;
use crate::testing::{NOW, TestApp};

const PAYMENTS: &str = "/api/v1/payments";

#[test]
fn every_move_is_in_the_table_and_no_other() {
    // P3
    use PaymentStatus::{Cancelled, Paid, Pending, RefundDue, Refunded};
    use Step::{GiveUp, Owe, Pay, PayBack};
    let legal = [
        (Pending, Pay, Paid),
        (Pending, GiveUp, Cancelled),
        (Pending, Owe, RefundDue),
        (Cancelled, Pay, Paid),
        (Cancelled, Owe, RefundDue),
        (Paid, Owe, RefundDue),
        (RefundDue, PayBack, Refunded),
    ];
    for from in [Pending, Paid, Cancelled, RefundDue, Refunded] {
        for step in [Pay, GiveUp, Owe, PayBack] {
            let expected = legal
                .iter()
                .find(|(at, by, _)| (*at, *by) == (from, step))
                .map(|(_, _, to)| *to);
            assert_eq!(after(from, step), expected, "{from:?} {step:?}");
        }
    }
}

#[test]
fn signatures_hold_for_these_bytes_at_this_time_only() {
    // P2, corpus 96-98
    let secret = Secret::new(b"a secret");
    let body = br#"{"id":"1"}"#;
    let good = signature::sign(&secret, body, NOW);
    // Made with: printf '1790000000.{"id":"1"}' | openssl dgst -sha256 -hmac 'a secret'
    assert!(good.starts_with("t=1790000000,v1="));
    let ok = |header: &str, body: &[u8], at| signature::verify(&secret, header, body, at).is_ok();
    assert!(ok(&good, body, NOW));
    assert!(ok(&good, body, NOW.plus_secs(300)) && ok(&good, body, NOW.plus_secs(-300)));
    assert!(!ok(&good, body, NOW.plus_secs(301)) && !ok(&good, body, NOW.plus_secs(-301)));
    assert!(!ok(&good, br#"{"id": "1"}"#, NOW), "re-serialised");
    assert!(signature::verify(&Secret::new(b"another"), &good, body, NOW).is_err());
    let digest = good.split_once("v1=").expect("a digest").1;
    for bad in [
        String::new(),
        digest.to_owned(),
        format!("t=1790000001,v1={digest}"),
        format!("t=,v1={digest}"),
        format!("t=+1790000000,v1={digest}"),
        format!(" t=1790000000,v1={digest}"),
        format!("t=1790000000, v1={digest}"),
        format!("t=1790000000,v0={digest}"),
        format!("t=1790000000,v1={digest},v1={digest}"),
        format!("t=1790000000,v1={}", &digest[..62]),
        format!("t=1790000000,v1={}", digest.to_uppercase()),
        "t=1790000000,v1=".to_owned(),
    ] {
        assert!(!ok(&bad, body, NOW), "{bad}");
    }
}

#[tokio::test]
async fn when_pay_returns_the_order_is_paid() {
    // P4 P7: over a real socket, through the real webhook
    let shop = Shop::open_with_socket(3).await;
    let order = text(&shop.order(2).await.expect(201)["id"]);
    let body = json!({ "orderId": order, "provider": "demo" });
    let payment = shop.t.post(PAYMENTS, &shop.buyer, body).await.expect(201);
    assert_eq!(
        (&payment["status"], &payment["amount"]["amount"]),
        (&json!("PENDING"), &json!(500_000))
    );
    let id = text(&payment["id"]);
    let checkout = text(&payment["checkoutUrl"]);
    assert_eq!(
        checkout,
        format!("{}/pay/demo/{id}", shop.t.app.config.public_url)
    );

    assert_eq!(shop.pay(&id).await.expect(200)["status"], "PAID");
    let order = shop.order_now(&order).await;
    assert_eq!(
        (&order["status"], &order["paymentId"]),
        (&json!("PAID"), &json!(id))
    );
    assert_eq!(order["paidAt"], "2026-09-21T14:13:20.000Z");
    assert!(
        order["tickets"]
            .as_array()
            .expect("tickets")
            .iter()
            .all(|ticket| ticket["status"] == "PAID")
    );
    assert_eq!(shop.payment_now(&id).await["status"], "PAID");
    // Paying again is the same payment, and the job that waits has nothing left to do.
    assert_eq!(shop.pay(&id).await.expect(200)["status"], "PAID");
    shop.telling(&id).await;
    shop.t.clock.advance(10_000);
    shop.run_jobs().await;
    assert_eq!(journal(&shop, "payment.sold").await, [500_000]);
}

/// The amounts of all journal lines of that kind.
async fn journal(shop: &Shop, action: &str) -> Vec<i64> {
    let query = Query::on("by_action").eq(action).limit(1_000);
    let lines = shop
        .t
        .app
        .db
        .list::<journal::Entry>(&query)
        .await
        .expect("the journal");
    let amount = |line: &journal::Entry| line.details["money"]["amount"].as_i64();
    lines.iter().filter_map(|line| amount(line)).collect()
}

/// An order whose money is at the gateway while the shop knows nothing: order, payment, telling.
async fn paid_unheard(shop: &Shop, quantity: u32) -> (String, String, String) {
    let order = text(&shop.order(quantity).await.expect(201)["id"]);
    let payment = shop.payment(&order).await;
    shop.pay(&payment).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PENDING");
    let telling = shop.telling(&payment).await;
    (order, payment, telling)
}

#[tokio::test]
async fn three_deliveries_have_one_effect() {
    // P2 P4
    let shop = Shop::open(2).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    let three = futures::future::join_all((0..3).map(|_| shop.deliver(&telling))).await;
    for answer in three {
        assert_eq!(answer.expect(200)["received"], true);
    }
    shop.t.clock.advance(10_000);
    shop.deliver(&telling).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    assert_eq!(journal(&shop, "payment.sold").await, [250_000]);
    let inbox = shop
        .t
        .app
        .db
        .list::<Delivery>(&Query::on("id"))
        .await
        .expect("the inbox");
    assert_eq!(inbox.len(), 1);
    shop.run_jobs().await;
    let query = Query::on("by_recipient").eq("ann@example.org");
    let mails = shop
        .t
        .app
        .db
        .list::<Notice>(&query)
        .await
        .expect("the notices");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "Your tickets for Night of Strings");
}

#[tokio::test]
async fn what_is_not_signed_leaves_nothing_behind() {
    // P2, corpus 96-98
    let shop = Shop::open(2).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    let secret = super::demo::secret(&shop.t.app).await.expect("the secret");
    let now = shop.t.app.clock.now();
    let good = signature::sign(&secret, telling.as_bytes(), now);
    let forged = signature::sign(&Secret::new(b"guess"), telling.as_bytes(), now);
    let old = signature::sign(&secret, telling.as_bytes(), now.plus_secs(-360));
    let early = signature::sign(&secret, telling.as_bytes(), now.plus_secs(360));
    let parsed: Value = serde_json::from_str(&telling).expect("JSON");
    let again = serde_json::to_string_pretty(&parsed).expect("JSON");
    let mut dearer = parsed.clone();
    dearer["amount"]["amount"] = json!(1);
    let dearer = dearer.to_string();
    for (signatures, body) in [
        (vec![], &telling),
        (vec![""], &telling),
        (vec![forged.as_str()], &telling),
        (vec![old.as_str()], &telling),
        (vec![early.as_str()], &telling),
        (vec![good.as_str(), good.as_str()], &telling),
        (vec![good.as_str()], &again),
        (vec![good.as_str()], &dearer),
    ] {
        let answer = shop.webhook(&signatures, body).await;
        answer.expect_error(401, "bad_signature");
    }
    let inbox = shop
        .t
        .app
        .db
        .list::<Delivery>(&Query::on("id"))
        .await
        .expect("the inbox");
    assert_eq!(inbox.len(), 0);
    assert_eq!(shop.order_now(&order).await["status"], "PENDING");
    shop.webhook(&[&good], &telling).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
}

#[tokio::test]
async fn signed_nonsense_is_refused_and_strangers_money_is_noted() {
    // P2
    let shop = Shop::open(2).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    let parsed: Value = serde_json::from_str(&telling).expect("JSON");
    for (field, value) in [
        ("amount", json!({ "amount": 250_000.0, "currency": "VND" })),
        ("amount", json!({ "amount": "250000", "currency": "VND" })),
        ("amount", json!({ "amount": 250_000, "currency": "vnd" })),
        ("type", json!("payment.maybe")),
        ("extra", json!(1)),
    ] {
        let mut body = parsed.clone();
        body[field] = value;
        shop.deliver(&body.to_string())
            .await
            .expect_error(400, "validation");
    }
    shop.deliver("").await.expect_error(400, "validation");
    let mut unknown = parsed.clone();
    unknown["reference"] = json!(
        payment_id(&text(&parsed["reference"]))
            .to_string()
            .replace('7', "8")
    );
    unknown["id"] = json!("another");
    shop.deliver(&unknown.to_string()).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PENDING");
}

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
        assert_eq!(journal(&shop, "payment.unearned").await, [amount]);
        assert_eq!(journal(&shop, "payment.paid_back").await, [-amount]);
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
                    super::abandon(tx, id, NOW.plus_secs(600))?;
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
        assert_eq!(journal(&shop, "payment.sold").await, [500_000]);
        assert!(journal(&shop, "payment.paid_back").await.is_empty());
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
    assert_eq!(journal(&shop, "payment.unearned").await, [500_000]);
    assert_eq!(
        journal(&shop, "payment.paid_back").await,
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
            super::abandon(tx, id, NOW)?;
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
        journal(&shop, "payment.sold").await,
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

#[tokio::test]
async fn a_webhook_that_never_comes_is_made_up_for() {
    // P4: what a crash between payment and webhook leaves behind
    let shop = Shop::open(2).await;
    let (order, payment, telling) = paid_unheard(&shop, 1).await;
    assert_eq!(
        reconcile(&shop.t.app).await.expect("asked"),
        0,
        "the webhook has its time"
    );
    shop.t.clock.advance(3_000);
    assert_eq!(reconcile(&shop.t.app).await.expect("asked"), 1);
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    assert_eq!(shop.payment_now(&payment).await["status"], "PAID");
    assert_eq!(reconcile(&shop.t.app).await.expect("asked"), 0);
    shop.deliver(&telling).await.expect(200);
    assert_eq!(journal(&shop, "payment.sold").await, [250_000]);
}

#[tokio::test]
async fn the_job_tells_what_the_inline_try_could_not() {
    // P4 P7: paid while the shop did not answer; the job delivers once it does
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    drop(listener);
    let t = TestApp::with_environment(&[("PUBLIC_URL", &url)]).await;
    let shop = Shop::over(t, 1).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    let address = url.trim_start_matches("http://").to_owned();
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .expect("the port again");
    let router = crate::router::build(shop.t.app.clone());
    drop(tokio::spawn(
        async move { axum::serve(listener, router).await },
    ));
    shop.run_jobs().await;
    assert_eq!(
        shop.order_now(&order).await["status"],
        "PENDING",
        "not due yet"
    );
    shop.t.clock.advance(5_000);
    shop.run_jobs().await;
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    let id: Value = serde_json::from_str(&telling).expect("JSON");
    let stored = shop
        .t
        .app
        .db
        .get::<Telling>(&text(&id["id"]))
        .await
        .expect("storage");
    assert!(stored.expect("the telling").acknowledged_at.is_some());
}

#[tokio::test]
async fn one_order_has_one_live_payment() {
    // P2
    let shop = Shop::open(3).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    let all = futures::future::join_all((0..8).map(|_| shop.payment(&order))).await;
    assert!(all.iter().all(|id| *id == all[0]), "{all:?}");
    let body = json!({ "orderId": order, "provider": "demo" });
    let first = shop
        .keyed(PAYMENTS, &shop.buyer, "p", &body)
        .await
        .expect(201);
    assert_eq!(first["id"], *all[0].as_str());
    let other = text(&shop.order(1).await.expect(201)["id"]);
    let reused = json!({ "orderId": other, "provider": "demo" });
    let answer = shop.keyed(PAYMENTS, &shop.buyer, "p", &reused).await;
    answer.expect_error(422, "idempotency_mismatch");
    let stranger = shop.t.token_for(Role::Attendee);
    shop.t
        .post(PAYMENTS, &stranger, body.clone())
        .await
        .expect_error(404, "not_found");
    let path = format!("{PAYMENTS}/{}", all[0]);
    shop.t
        .get(&path, &stranger)
        .await
        .expect_error(404, "not_found");
    shop.t.get(&path, &shop.organizer).await.expect(200);
    shop.t.clock.advance(600_000);
    shop.t
        .post(PAYMENTS, &shop.buyer, body)
        .await
        .expect_error(409, "hold_expired");
}

#[tokio::test]
async fn a_declined_card_can_be_tried_again() {
    // P7
    let shop = Shop::open(1).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    let first = shop.payment(&order).await;
    let decline = format!("{PAYMENTS}/demo/{first}/decline");
    assert_eq!(
        shop.t.call("POST", &decline, "", None).await.expect(200)["status"],
        "DECLINED"
    );
    shop.deliver(&shop.telling(&first).await).await.expect(200);
    assert_eq!(shop.payment_now(&first).await["status"], "CANCELLED");
    shop.pay(&first).await.expect_error(409, "link_closed");
    let second = shop.payment(&order).await;
    assert_ne!(first, second);
    shop.pay(&second).await.expect(200);
    let told = [shop.telling(&first).await, shop.telling(&second).await];
    shop.deliver(&told[1]).await.expect(200);
    // The old "declined" comes once more, late: it changes nothing.
    shop.deliver(&told[0]).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    shop.t
        .post(
            PAYMENTS,
            &shop.buyer,
            json!({ "orderId": order, "provider": "demo" }),
        )
        .await
        .expect_error(409, "not_payable");
}

#[tokio::test]
async fn providers_that_are_not_set_up_say_so() {
    // P7
    let shop = Shop::open(1).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    for provider in ["payos", "stripe"] {
        let body = json!({ "orderId": order, "provider": provider });
        let answer = shop.t.post(PAYMENTS, &shop.buyer, body).await;
        answer.expect_error(422, "provider_unavailable");
    }
    let body = json!({ "orderId": order, "provider": "cash" });
    shop.t
        .post(PAYMENTS, &shop.buyer, body)
        .await
        .expect_error(400, "validation");
}

#[tokio::test]
async fn production_has_no_demo_gateway() {
    // P7
    let t = TestApp::configured(&[], |config| config.production = true).await;
    let shop = Shop::over(t, 1).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    let body = json!({ "orderId": order, "provider": "demo" });
    let answer = shop.t.post(PAYMENTS, &shop.buyer, body).await;
    answer.expect_error(422, "provider_unavailable");
    shop.pay(&order).await.expect_error(404, "not_found");
    shop.t
        .get(&format!("/pay/demo/{order}"), "")
        .await
        .expect_error(404, "not_found");
    shop.deliver("{}").await.expect_error(404, "not_found");
}

#[tokio::test]
async fn a_refund_voids_the_tickets_at_the_gates_too() {
    // P5, S: refunded ticket
    let shop = Shop::open(3).await;
    let order = shop.buy(2).await;
    let path = format!("/api/v1/orders/{}/refund", text(&order["id"]));
    let reason = json!({ "reason": "rained out" });
    let refunded = shop
        .t
        .post(&path, &shop.organizer, reason)
        .await
        .expect(200);
    assert_eq!(refunded["status"], "REFUNDED");
    let tickets = refunded["tickets"].as_array().expect("tickets");
    assert!(tickets.len() == 2 && tickets.iter().all(|ticket| ticket["status"] == "CANCELLED"));
    let event: shared::ids::EventId = shop.event.parse().expect("an id");
    let marks = Query::on("by_event").eq(event);
    let marks = shop
        .t
        .app
        .db
        .list::<GateChange>(&marks)
        .await
        .expect("the marks");
    assert_eq!(marks.len(), 2);
    let payment = text(&refunded["paymentId"]);
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUND_DUE");
    shop.run_jobs().await;
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
    assert_eq!(journal(&shop, "payment.paid_back").await, [-500_000]);
    shop.t
        .call("POST", &path, &shop.organizer, None)
        .await
        .expect_error(409, "illegal_transition");
    let stored = shop
        .t
        .app
        .db
        .get::<Payment>(&payment)
        .await
        .expect("storage")
        .expect("it");
    assert_eq!(stored.note, "rained out");
    assert_eq!(shop.stats().await[0]["cancelled"], 2);
}

#[tokio::test]
async fn the_page_shows_what_is_to_pay_and_what_became_of_it() {
    // P7
    let shop = Shop::open(3).await;
    let order = text(&shop.order(1).await.expect(201)["id"]);
    let payment = shop.payment(&order).await;
    let path = format!("/pay/demo/{payment}");
    let page = shop.t.get(&path, "").await;
    let html = String::from_utf8_lossy(&page.bytes).into_owned();
    assert_eq!(page.status, 200);
    for part in [
        "250000 VND",
        "Night of Strings",
        "data-seconds=\"600\"",
        "value=\"pay\"",
        "value=\"decline\"",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "nothing from elsewhere"
    );
    let csp = page.headers["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        csp.contains("default-src 'none'") && csp.contains("script-src 'sha256-"),
        "{csp}"
    );

    let press = axum::http::Request::post(&path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("action=pay"))
        .expect("a request");
    let pressed = shop.t.send(press).await;
    assert_eq!(
        (pressed.status.as_u16(), &pressed.headers["location"]),
        (303, &path.parse().expect("a header"))
    );
    let html = String::from_utf8_lossy(&shop.t.get(&path, "").await.bytes).into_owned();
    assert!(
        html.contains("Paid. Thank you!") && !html.contains("<form"),
        "{html}"
    );

    let expired = shop
        .payment(&text(&shop.order(1).await.expect(201)["id"]))
        .await;
    shop.t.clock.advance(600_000);
    let html = shop.t.get(&format!("/pay/demo/{expired}"), "").await;
    assert!(String::from_utf8_lossy(&html.bytes).contains("The time to pay is over"));
    shop.pay(&expired).await.expect_error(409, "link_closed");
}
