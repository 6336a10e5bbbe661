//! `shared/vectors/payments/stripe.json`: headers made by the official client.

use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::json;
use shared::ids::PaymentId;
use shared::time::Timestamp;

use crate::config::Secret;
use crate::payments::stripe::Account;
use crate::payments::stripe::signature::{TOLERANCE_SECS, header, verify};
use crate::payments::stripe::wire::{About, Event, SeenSession};
use crate::testing::TestApp;

const VECTORS: &str = include_str!("../../../../../shared/vectors/payments/stripe.json");

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    payload: String,
    secret: String,
    header: String,
    now: i64,
    tolerance: i64,
    expect: String,
}

#[test]
fn signatures_get_the_official_clients_verdict() {
    // P6 P2
    let file: File = serde_json::from_str(VECTORS).expect("the vectors");
    assert_eq!(file.cases.len(), 21);
    for case in file.cases {
        assert_eq!(case.tolerance, TOLERANCE_SECS, "{}", case.name);
        let secret = Secret::new(case.secret);
        let now = Timestamp::from_secs(case.now);
        let held = verify(&secret, &case.header, case.payload.as_bytes(), now).is_ok();
        match case.expect.as_str() {
            "accept" => assert!(held, "{}", case.name),
            // A time to come, and capitals: ours to decide, and refused.
            "reject" | "accept_or_reject" => assert!(!held, "{}", case.name),
            other => panic!("{}: {other}", case.name),
        }
        if held {
            let empty = Secret::new(String::new());
            assert!(verify(&empty, &case.header, case.payload.as_bytes(), now).is_err());
            let late = now.plus_secs(TOLERANCE_SECS + 1);
            assert!(verify(&secret, &case.header, case.payload.as_bytes(), late).is_err());
        }
    }
}

#[test]
fn two_headers_are_none() {
    // P2
    let mut headers = HeaderMap::new();
    assert_eq!(header(&headers), None);
    headers.append("stripe-signature", "t=1,v1=00".parse().expect("a value"));
    assert_eq!(header(&headers), Some("t=1,v1=00"));
    headers.append("stripe-signature", "t=2,v1=00".parse().expect("a value"));
    assert_eq!(header(&headers), None);
}

#[test]
fn an_event_is_about_what_it_names() {
    // P6
    let id = PaymentId::new(Timestamp::from_secs(1), [7; 10]);
    let event = |kind: &str, object: serde_json::Value| -> Event {
        let event =
            json!({"id": "evt_1", "type": kind, "livemode": false, "data": {"object": object}});
        serde_json::from_value(event).expect("an event")
    };
    let session = json!({"id": "cs_test_1", "client_reference_id": id});
    assert_eq!(
        event("checkout.session.completed", session.clone()).about(),
        About::Payment(id, Some("cs_test_1".to_owned()))
    );
    let intent = json!({"id": "pi_1", "metadata": {"payment_id": id}});
    assert_eq!(
        event("payment_intent.succeeded", intent).about(),
        About::Payment(id, None)
    );
    let strange = json!({"id": "cs/../1", "client_reference_id": id});
    assert_eq!(
        event("checkout.session.expired", strange).about(),
        About::Payment(id, None)
    );
    // What went back over our heads names the payment intent; a charge has our mark, too.
    let refund = json!({"id": "re_1", "payment_intent": "pi_1", "metadata": {}});
    let dispute = json!({"id": "du_1", "payment_intent": "pi_1"});
    let charge = json!({"id": "ch_1", "payment_intent": "pi_1", "metadata": {"payment_id": id}});
    for (kind, object, payment) in [
        ("refund.created", refund, None),
        ("charge.dispute.closed", dispute, None),
        ("charge.refunded", charge, Some(id)),
    ] {
        let about = About::Intent("pi_1".to_owned(), payment);
        assert_eq!(event(kind, object).about(), about, "{kind}");
    }
    for (kind, object) in [
        ("charge.refunded", json!({"payment_intent": "pi/../1"})),
        ("customer.created", session),
        ("checkout.session.completed", json!({"id": "cs_1"})),
        ("checkout.session.completed", json!([1, 2])),
        ("refund.failed", json!({"id": "re_1", "metadata": {}})),
    ] {
        assert_eq!(event(kind, object).about(), About::Nothing, "{kind}");
    }
}

#[test]
fn an_amount_is_an_integer() {
    // P6 P2
    let session = |amount: &str| {
        let text = format!(
            r#"{{"id":"cs_1","status":"complete","payment_status":"paid","amount_total":{amount},
               "currency":"vnd","client_reference_id":"x","payment_intent":"pi_1","url":null}}"#
        );
        serde_json::from_str::<SeenSession>(&text).is_ok()
    };
    assert!(session("450000"));
    for bad in [
        "450000.0",
        "4.5e5",
        "\"450000\"",
        "null",
        "[450000]",
        "99999999999999999999",
    ] {
        assert!(!session(bad), "{bad}");
    }
}

#[tokio::test]
async fn an_account_without_a_webhook_secret_is_none() {
    // P6: fail closed
    let keys = [("STRIPE_SECRET_KEY", "sk_test_1")];
    let without = TestApp::with_environment(&keys).await;
    assert!(Account::of_server(&without.app.config).is_none());
    let blank = TestApp::configured(&keys, |config| {
        config.stripe.webhook_secret = Some(Secret::new(" ".to_owned()));
    })
    .await;
    assert!(Account::of_server(&blank.app.config).is_none());
    let whole = [keys[0], ("STRIPE_WEBHOOK_SECRET", "whsec_1")];
    let whole = TestApp::with_environment(&whole).await;
    assert!(Account::of_server(&whole.app.config).is_some());
}
