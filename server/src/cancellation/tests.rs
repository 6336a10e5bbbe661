//! An event is called off over HTTP, and its jobs run once, twice, and in pieces.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::JobId;

use crate::notices::Notice;
use crate::orders::fixture::{Shop, text};
use crate::payments::ledger::Refund;
use crate::platform::db::{DbError, Query, Versioned};
use crate::platform::jobs::Job;

async fn cancel(shop: &Shop) -> Value {
    let path = format!("/api/v1/events/{}/cancel", shop.event);
    let body = json!({ "reason": "The hall is flooded" });
    let answer = shop.t.post(&path, &shop.organizer, body).await;
    answer.expect(202)
}

async fn progress(shop: &Shop) -> Value {
    let path = format!("/api/v1/events/{}/cancellation", shop.event);
    shop.t.get(&path, &shop.organizer).await.expect(200)
}

/// Runs what is due, and what is due later.
async fn finish(shop: &Shop) {
    for _ in 0..5 {
        shop.run_jobs().await;
        shop.t.clock.advance(31_000);
    }
}

async fn refunds(shop: &Shop) -> Vec<Refund> {
    let query = Query::on("id").limit(1_000);
    let rows = shop.t.app.db.list::<Refund>(&query).await.expect("read");
    rows.into_iter().map(Versioned::into_inner).collect()
}

async fn mails_about(shop: &Shop, what: &str) -> Vec<String> {
    let query = Query::on("id").limit(1_000);
    let rows = shop.t.app.db.list::<Notice>(&query).await.expect("read");
    let about = rows.iter().filter(|notice| notice.id.starts_with(what));
    about.map(|notice| notice.recipient.clone()).collect()
}

#[tokio::test]
async fn sales_end_money_goes_back_and_everybody_is_told() {
    // E4 H8
    let shop = Shop::open(10).await;
    let paid = shop.buy(2).await;
    let claim = json!({
        "ticketId": paid["tickets"][0]["id"],
        "attendee": { "name": "Binh Le", "email": "binh@example.org" },
    });
    let claimed = shop
        .t
        .post("/api/v1/claimed-tickets/claim", &shop.buyer, claim)
        .await;
    let claimed = claimed.expect(201);
    let pending = text(&shop.order(3).await.expect(201)["id"]);
    let link = shop.payment(&pending).await;

    let started = cancel(&shop).await;
    assert_eq!(
        (&started["phase"], &started["ticketsLeft"]),
        (&json!("WALKING"), &json!(5))
    );
    // No sale from that moment on, whatever the jobs do.
    let late = shop.order(1).await;
    assert_eq!(late.status, 409, "{late:?}");
    assert_eq!(
        cancel(&shop).await["startedAt"],
        started["startedAt"],
        "again is the same"
    );
    finish(&shop).await;
    let done = progress(&shop).await;
    assert_eq!(
        (&done["phase"], &done["ticketsLeft"], &done["refundsLeft"]),
        (&json!("DONE"), &json!(0), &json!(0)),
        "{done}"
    );

    assert_eq!(
        shop.order_now(&text(&paid["id"])).await["status"],
        "REFUNDED"
    );
    let payment = text(&paid["paymentId"]);
    assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
    assert_eq!(shop.order_now(&pending).await["status"], "CANCELLED");
    assert_eq!(shop.payment_now(&link).await["status"], "CANCELLED");
    // The gates refuse the ticket.
    let path = format!("/api/v1/claimed-tickets/{}/validate", text(&claimed["id"]));
    let verdict = shop.t.get(&path, &shop.buyer).await.expect(200);
    assert_ne!(verdict["verdict"], "admit", "{verdict}");
    let mut told = mails_about(&shop, "event_cancelled:").await;
    told.sort();
    assert_eq!(
        told,
        ["ann@example.org", "ann@example.org", "binh@example.org"]
    );
    for kind in [
        "cancellation.walk",
        "cancellation.call_off",
        "cancellation.settle",
    ] {
        let left = Query::on("by_kind").eq(kind);
        let left = shop.t.app.db.count::<Job>(&left).await;
        assert_eq!(left.expect("counted"), 0, "{kind}");
    }
}

#[tokio::test]
async fn a_step_that_is_done_twice_is_done_once() {
    // E4 H8 H3: as after a crash between a step's commit and the end of its job
    let shop = Shop::open(10).await;
    let orders = [shop.buy(1).await, shop.buy(2).await];
    let pending = text(&shop.order(1).await.expect(201)["id"]);
    cancel(&shop).await;
    for _ in 0..6 {
        let db = &shop.t.app.db;
        let jobs = db.list::<Job>(&Query::on("id")).await.expect("read");
        shop.run_jobs().await;
        let again: Vec<Job> = jobs
            .into_iter()
            .map(|job| Job {
                id: JobId::new(shop.t.app.clock.now(), shop.t.app.entropy.id10()),
                dedupe_key: None,
                ..job.into_inner()
            })
            .collect();
        let put: Result<(), DbError> = db.write(move |tx| tx.insert_all(&again)).await;
        put.expect("stored");
        shop.run_jobs().await;
        shop.t.clock.advance(31_000);
    }
    assert_eq!(progress(&shop).await["phase"], "DONE");
    let sums: Vec<i64> = refunds(&shop)
        .await
        .iter()
        .map(|sum| sum.amount.amount)
        .collect();
    assert_eq!(sums.iter().sum::<i64>(), 750_000, "{sums:?}");
    assert_eq!(sums.len(), 2, "one sum an order");
    for order in &orders {
        assert_eq!(
            shop.order_now(&text(&order["id"])).await["status"],
            "REFUNDED"
        );
    }
    assert_eq!(shop.order_now(&pending).await["status"], "CANCELLED");
    assert_eq!(mails_about(&shop, "event_cancelled:").await.len(), 3);
}

#[tokio::test]
async fn money_that_comes_afterwards_goes_back() {
    // E4 P3: paid at the gateway, told after the event was called off, before and after its job ran
    for runs_before in [false, true] {
        let shop = Shop::open(10).await;
        let order = text(&shop.order(1).await.expect(201)["id"]);
        let payment = shop.payment(&order).await;
        shop.pay(&payment).await.expect(200);
        let told = shop.telling(&payment).await;
        cancel(&shop).await;
        if runs_before {
            finish(&shop).await;
        }
        shop.deliver(&told).await.expect(200);
        finish(&shop).await;
        assert_ne!(shop.order_now(&order).await["status"], "PAID");
        assert_eq!(shop.payment_now(&payment).await["status"], "REFUNDED");
        assert_eq!(refunds(&shop).await.len(), 1);
    }
}

#[tokio::test]
async fn a_ticket_that_was_revoked_before_does_not_stop_it() {
    // E4 T4
    let shop = Shop::open(10).await;
    let paid = shop.buy(2).await;
    let claim = json!({
        "ticketId": paid["tickets"][0]["id"],
        "attendee": { "name": "Ann", "email": "ann@example.org" },
    });
    let claimed = shop
        .t
        .post("/api/v1/claimed-tickets/claim", &shop.buyer, claim)
        .await;
    let path = format!(
        "/api/v1/claimed-tickets/{}/revoke",
        text(&claimed.expect(201)["id"])
    );
    shop.t
        .post(&path, &shop.organizer, json!({}))
        .await
        .expect(200);
    cancel(&shop).await;
    finish(&shop).await;
    assert_eq!(progress(&shop).await["phase"], "DONE");
    assert_eq!(
        shop.order_now(&text(&paid["id"])).await["status"],
        "REFUNDED"
    );
}

#[tokio::test]
async fn an_order_whose_tickets_were_all_revoked_is_not_forgotten() {
    // E4 T4
    let shop = Shop::open(10).await;
    let paid = shop.buy(1).await;
    let claim = json!({
        "ticketId": paid["tickets"][0]["id"],
        "attendee": { "name": "Ann", "email": "ann@example.org" },
    });
    let path = "/api/v1/claimed-tickets/claim";
    let claimed = shop.t.post(path, &shop.buyer, claim).await.expect(201);
    let path = format!("/api/v1/claimed-tickets/{}/revoke", text(&claimed["id"]));
    let revoked = shop.t.post(&path, &shop.organizer, json!({})).await;
    revoked.expect(200);
    cancel(&shop).await;
    finish(&shop).await;
    assert_eq!(progress(&shop).await["phase"], "DONE");
    assert_eq!(
        shop.order_now(&text(&paid["id"])).await["status"],
        "REFUNDED"
    );
    let sums: Vec<_> = refunds(&shop).await.iter().map(|of| of.amount).collect();
    assert_eq!(sums.iter().map(|sum| sum.amount).sum::<i64>(), 250_000);
    assert_eq!(
        mails_about(&shop, "event_cancelled:").await,
        ["ann@example.org"]
    );
}

#[tokio::test]
async fn only_the_organizer_calls_off_and_says_why() {
    // E4 A6
    let shop = Shop::open(1).await;
    let path = format!("/api/v1/events/{}/cancel", shop.event);
    let reason = json!({ "reason": "Rain" });
    let stranger = shop.t.token_for(Role::Organizer);
    let answer = shop.t.post(&path, &stranger, reason.clone()).await;
    answer.expect_error(404, "not_found");
    let answer = shop
        .t
        .post(&path, &shop.organizer, json!({ "reason": " " }))
        .await;
    answer.expect_error(400, "validation");
    let none = format!("/api/v1/events/{}/cancellation", shop.event);
    let answer = shop.t.get(&none, &shop.organizer).await;
    answer.expect_error(404, "not_found");
    shop.t
        .post(&path, &shop.organizer, reason)
        .await
        .expect(202);
    let event = format!("/api/v1/events/{}", shop.event);
    let seen = shop.t.get(&event, &shop.organizer).await.expect(200);
    assert_eq!(seen["status"], "CANCELLED");
}
