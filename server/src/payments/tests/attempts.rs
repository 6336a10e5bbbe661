//! Attempts, providers, refunds and the page.

use serde_json::json;
use shared::api::accounts::Role;

use crate::gate::GateChange;
use crate::orders::fixture::{Shop, text};
use crate::payments::model::Payment;
use crate::platform::db::Query;
use crate::testing::TestApp;

use super::{PAYMENTS, amounts};

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
    assert_eq!(amounts(&shop, "payment.paid_back").await, [-500_000]);
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
        "250,000 VND",
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
    let late = format!("{PAYMENTS}/demo/{payment}/decline");
    let late = shop.t.call("POST", &late, "", None).await;
    assert_eq!(late.json()["message"], "This payment is already paid.");
    late.expect_error(409, "link_closed");

    let expired = shop
        .payment(&text(&shop.order(1).await.expect(201)["id"]))
        .await;
    shop.t.clock.advance(600_000);
    let html = shop.t.get(&format!("/pay/demo/{expired}"), "").await;
    assert!(String::from_utf8_lossy(&html.bytes).contains("The time to pay is over"));
    shop.pay(&expired).await.expect_error(409, "link_closed");
    // The sweeper closes the link; to its payer it is still the time that is over.
    crate::orders::expire_due(&shop.t.app).await.expect("swept");
    let html = shop.t.get(&format!("/pay/demo/{expired}"), "").await;
    assert!(String::from_utf8_lossy(&html.bytes).contains("The time to pay is over"));
    let answer = shop.pay(&expired).await;
    assert_eq!(answer.json()["details"]["status"], "EXPIRED");
    answer.expect_error(409, "link_closed");
}
