//! Paying by card, and what goes wrong on the way.

use serde_json::{Value, json};
use tests::journey::text;
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::stripe::{Call, Fault, SECRET_KEY, SessionStatus, WEBHOOK_SECRET, now, signature};

use super::books::{Totals, balance};
use super::shop::{PRICE, Shop, WITHIN};

#[test]
fn a_card_buys_the_tickets() {
    // P6 P2
    a_card_buys(&Shop::ordinary());
}

#[test]
fn a_card_buys_the_tickets_on_mongodb() {
    // P6 P2
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    a_card_buys(&Shop::open(600, 40, Some(&mongo.url_of("stripe"))));
}

fn a_card_buys(shop: &Shop) {
    let (order, payment, session) = shop.open_session(2);
    assert_eq!(
        (session.amount, session.currency.as_str()),
        (2 * PRICE, "vnd")
    );
    // A second click is the same session.
    let again = shop.start_payment(&order).ok();
    assert_eq!(shop.session_of(&again).id, session.id);
    assert!(shop.stripe.pay(&session.id));
    // The intent's event comes before the session's; both twice.
    for at in [0, 1, 0, 1] {
        assert_eq!(shop.stripe.deliver(at), 200);
    }
    shop.until_order(&order, "PAID");
    assert_eq!(shop.status("payments", &payment), "PAID");
    assert!(shop.come_back(&payment).contains("Paid. Thank you!"));
    let totals = Totals {
        charged: 2 * PRICE,
        sold: 2 * PRICE,
        owed: 0,
        back: 0,
    };
    assert_eq!(balance(shop), totals);
    let log = shop.server.log();
    assert!(!log.contains(SECRET_KEY) && !log.contains(WEBHOOK_SECRET));
}

#[test]
fn money_is_found_without_its_webhook() {
    // P6 P4: the payer comes back, or the server looks by itself
    let shop = Shop::ordinary();
    let (order, payment, session) = shop.open_session(1);
    assert!(shop.stripe.pay(&session.id));
    shop.come_back(&payment);
    shop.until_order(&order, "PAID");
    let (order, _, session) = shop.open_session(1);
    assert!(shop.stripe.pay(&session.id));
    shop.until_order(&order, "PAID");
}

#[test]
fn nobody_else_signs_for_stripe() {
    // P6 P2: wrong secret, old, another body, no header that holds; nothing changes
    let shop = Shop::ordinary();
    let (order, _, session) = shop.open_session(1);
    assert!(shop.stripe.pay(&session.id));
    let body = shop.stripe.events()[1].body.to_string();
    let other = body.replace("vnd", "usd");
    let good = signature(&body, WEBHOOK_SECRET, now());
    for (body, header) in [
        (&body, signature(&body, "whsec_other", now())),
        (&body, signature(&body, "", now())),
        (&body, signature(&body, WEBHOOK_SECRET, now() - 400)),
        (&body, String::new()),
        (&other, good.clone()),
    ] {
        assert_eq!(shop.stripe.send(body, &header), 401, "{header}");
    }
    // Signed, and nonsense.
    for body in ["[]", "{}", "{\"id\":\"evt_1\"}"] {
        assert_eq!(
            shop.stripe
                .send(body, &signature(body, WEBHOOK_SECRET, now())),
            400
        );
    }
    // Signed, and nothing of ours: another mode, another account, an unknown type.
    for (key, value) in [
        ("livemode", json!(true)),
        ("account", json!("acct_1")),
        ("type", json!("customer.created")),
    ] {
        let mut foreign = shop.stripe.events()[1].body.clone();
        foreign[key] = value;
        let foreign = foreign.to_string();
        let header = signature(&foreign, WEBHOOK_SECRET, now());
        assert_eq!(shop.stripe.send(&foreign, &header), 200, "{key}");
    }
    // A secret that is being changed: either signature will do.
    let wrong = signature(&body, "whsec_other", now());
    let wrong = wrong.split_once(',').expect("two parts").1;
    assert_eq!(shop.stripe.send(&body, &format!("{good},{wrong}")), 200);
    shop.until_order(&order, "PAID");
    balance(&shop);
}

#[test]
fn a_create_that_was_lost_is_one_session_to_the_payer() {
    // P6: however the answer was lost
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
        shop.stripe.fault(Call::Create, fault);
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
        let session = shop.session_of(&payment);
        assert!(shop.stripe.pay(&session.id), "{fault:?}");
        let paid = shop.stripe.sessions();
        let of_this = paid.iter().filter(|of| of.reference == session.reference);
        assert_eq!(of_this.filter(|of| of.is_paid()).count(), 1, "{fault:?}");
        shop.stripe.flush();
        shop.until_order(&order, "PAID");
    }
    assert_eq!(shop.stripe.faults_left(), 0);
    balance(&shop);
}

#[test]
fn another_sessions_answer_buys_nothing() {
    // P6 P2
    let shop = Shop::ordinary();
    let (_, _, paid) = shop.sold(1);
    let (order, payment, session) = shop.open_session(1);
    assert_ne!(paid.id, session.id);
    shop.stripe.fault(Call::Look, Fault::Other);
    let asked = shop.stripe.requests();
    poll::until("two looks", WITHIN, || {
        shop.come_back(&payment);
        (shop.stripe.requests() >= asked + 2).then_some(())
    });
    assert_eq!(shop.stripe.faults_left(), 0);
    assert_eq!(shop.status("orders", &order), "PENDING");
    balance(&shop);
}

#[test]
fn a_hold_that_ends_shuts_its_session() {
    // P6 P3: before the seats are free again nobody can pay for them any more
    let shop = Shop::open(3, 1, None);
    let (order, payment, session) = shop.open_session(1);
    // The first try to shut it breaks; the hold ends all the same, and it is shut later.
    shop.stripe.fault(Call::Expire, Fault::Reset);
    shop.until_order(&order, "EXPIRED");
    shop.until_payment(&payment, "CANCELLED");
    poll::until("the session to be expired", WITHIN, || {
        let sessions = shop.stripe.sessions();
        let now = sessions.iter().find(|of| of.id == session.id)?;
        (now.status == SessionStatus::Expired).then_some(())
    });
    assert!(!shop.stripe.pay(&session.id));
    assert_eq!(balance(&shop), Totals::default());
}

#[test]
fn who_pays_in_the_last_moment_gets_the_ticket() {
    // P6 P3: paid, and no webhook: the hold's end asks first
    let shop = Shop::open(4, 1, None);
    let (order, _, session) = shop.open_session(1);
    assert!(shop.stripe.pay(&session.id));
    shop.until_order(&order, "PAID");
    assert_eq!(balance(&shop).sold, PRICE);
}

#[test]
fn events_that_no_webhook_took_are_read_after_an_outage() {
    // P6: a refund that fails while the server is away, and its webhook with it
    let mut shop = Shop::ordinary();
    let (order, payment, _) = shop.sold(1);
    shop.refund(&order).ok();
    shop.until_payment(&payment, "REFUNDED");
    shop.stripe.flush();
    shop.server.kill();
    let refund = shop.stripe.refunds().remove(0);
    shop.stripe
        .decide(&refund.id, tests::stripe::RefundStatus::Failed);
    // More than a page of others.
    for _ in 0..3 {
        shop.stripe
            .decide(&refund.id, tests::stripe::RefundStatus::Pending);
        shop.stripe
            .decide(&refund.id, tests::stripe::RefundStatus::Failed);
    }
    shop.server.resume();
    shop.until_payment(&payment, "REFUND_DUE");
    let due = shop.due();
    assert_eq!(due.len(), 1, "{due:?}");
    assert_eq!(due[0]["failure"], "expired_or_canceled_card");
    assert_eq!(text(&due[0], "paymentId"), payment);
    balance(&shop);
}

#[test]
fn a_server_without_an_account_takes_no_cards() {
    // P6
    let server = tests::server::Server::start();
    let api = server.api();
    let organizer = tests::journey::account(&api, "linh");
    let event = tests::journey::event(&organizer, "Night of Strings", 1);
    let order = text(&tests::journey::order(&organizer, &event, 1), "id");
    let body = json!({"orderId": order, "provider": "stripe"});
    let answer = organizer.post("/payments", &body);
    assert_eq!(
        (answer.status, answer.code()),
        (422, "provider_unavailable")
    );
    let unsigned = organizer.post("/payments/webhook/stripe", &Value::Null);
    assert_eq!((unsigned.status, unsigned.code()), (401, "bad_signature"));
}
