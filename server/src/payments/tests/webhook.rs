//! What the gateway tells, when, how often and how wrong.

use serde_json::{Value, json};

use crate::notices::Notice;
use crate::orders::fixture::{Shop, payment_id, text};
use crate::payments::demo::{Secret, Telling, signature};
use crate::payments::model::Delivery;
use crate::payments::reconcile;
use crate::platform::db::Query;
use crate::testing::TestApp;

use super::{PAYMENTS, amounts, paid_unheard};

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
    assert_eq!(amounts(&shop, "payment.sold").await, [500_000]);
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
    assert_eq!(amounts(&shop, "payment.sold").await, [250_000]);
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
    assert_eq!(mails[0].mail.name(), "order_paid");
}

#[tokio::test]
async fn a_delivery_of_before_a_restart_has_no_second_effect() {
    // P2, corpus 99: what was delivered is known by the database, not by the process.
    let dir = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", dir.path().join("shop.sqlite").display());
    let kek = "5a".repeat(32);
    let environment = [
        ("DATABASE_URL", url.as_str()),
        ("KEY_ENCRYPTION_KEY", kek.as_str()),
    ];
    let shop = Shop::over(TestApp::with_environment(&environment).await, 2).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    shop.deliver(&telling).await.expect(200);
    assert_eq!(shop.order_now(&order).await["status"], "PAID");
    let Shop { t, .. } = shop;
    t.app.db.close().await;
    drop(t);

    let again = Shop {
        t: TestApp::with_environment(&environment).await,
        organizer: String::new(),
        buyer: String::new(),
        event: String::new(),
        class: String::new(),
    };
    for _ in 0..2 {
        again.deliver(&telling).await.expect(200);
    }
    assert_eq!(amounts(&again, "payment.sold").await, [250_000]);
    let inbox = again.t.app.db.list::<Delivery>(&Query::on("id")).await;
    assert_eq!(inbox.expect("the inbox").len(), 1);
}

#[tokio::test]
async fn what_is_not_signed_leaves_nothing_behind() {
    // P2, corpus 96-98
    let shop = Shop::open(2).await;
    let (order, _, telling) = paid_unheard(&shop, 1).await;
    let secret = crate::payments::demo::secret(&shop.t.app)
        .await
        .expect("the secret");
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
    assert_eq!(amounts(&shop, "payment.sold").await, [250_000]);
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
