//! Passing tickets on over HTTP: who may, what dies, what stays.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::accounts::model::User;
use crate::gate::tests::Site;
use crate::notices::{Mail, Notice};
use crate::platform::clock::Clock as _;
use crate::platform::db::{DbError, Query};
use crate::testing::Answer;

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

/// An account whose address is confirmed: its token and address.
async fn account(site: &Site) -> (String, String) {
    let (token, email) = unconfirmed(site).await;
    confirm(site, &token).await;
    (token, email)
}

async fn confirm(site: &Site, token: &str) {
    let me = site.test.get("/api/v1/auth/me", token).await.expect(200);
    let (id, now) = (text(&me, "id").to_owned(), site.test.clock.now());
    let confirmed: Result<(), DbError> = site
        .test
        .app
        .db
        .write(move |tx| {
            let mut user = tx.get::<User>(&id)?.expect("stored");
            user.verified_at = Some(now);
            tx.replace(&mut user)
        })
        .await;
    confirmed.expect("stored");
}

async fn unconfirmed(site: &Site) -> (String, String) {
    let token = site.test.stored_user(Role::Attendee).await;
    let me = site.test.get("/api/v1/auth/me", &token).await.expect(200);
    let email = text(&me, "email").to_owned();
    (token, email)
}

async fn offer(site: &Site, ticket: &Value, by: &str, to: &str) -> Answer {
    let path = format!("/api/v1/claimed-tickets/{}/transfers", text(ticket, "id"));
    site.test.post(&path, by, json!({ "email": to })).await
}

async fn settle(site: &Site, transfer: &Value, what: &str, by: &str) -> Answer {
    let path = format!("/api/v1/transfers/{}/{what}", text(transfer, "id"));
    site.test
        .post(&path, by, json!({ "name": "Binh Le" }))
        .await
}

async fn chain(site: &Site, ticket: &Value, by: &str) -> Value {
    let path = format!("/api/v1/claimed-tickets/{}/transfers", text(ticket, "id"));
    site.test.get(&path, by).await.expect(200)["items"].clone()
}

async fn rules(site: &Site, rules: Value) {
    let path = site.path("/transfer-rules");
    let set = site.test.call("PUT", &path, &site.organizer, Some(rules));
    set.await.expect(200);
}

async fn mails_to(site: &Site, address: &str) -> Vec<String> {
    let query = Query::on("by_recipient").eq(address);
    let found = site.test.app.db.list::<Notice>(&query).await.expect("read");
    found.iter().map(|notice| notice.id.clone()).collect()
}

#[tokio::test]
async fn whoever_registers_with_anothers_address_gets_nothing_of_theirs() {
    // T3 A2
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let (binh, email) = unconfirmed(&site).await;
    let offered = offer(&site, &ticket, &site.attendee, &email).await;
    let offered = offered.expect(201);
    let seen = site.test.get("/api/v1/transfers", &binh).await.expect(200);
    assert_eq!(seen["items"], json!([]));
    for what in ["accept", "decline"] {
        let refused = settle(&site, &offered, what, &binh).await;
        refused.expect_error(409, "email_unverified");
    }
    confirm(&site, &binh).await;
    let seen = site.test.get("/api/v1/transfers", &binh).await.expect(200);
    assert_eq!(seen["items"][0]["id"], offered["id"]);
    settle(&site, &offered, "accept", &binh).await.expect(200);
}

#[tokio::test]
async fn an_accepted_ticket_is_the_recipients_and_its_old_code_is_dead() {
    // T3 S145
    let site = Site::with_tickets(1).await;
    let old = site.claim(0).await;
    let device = site.enrol("North 1", 0, 7).await;
    let (binh, email) = account(&site).await;
    let offered = offer(&site, &old, &site.attendee, &email).await;
    let offered = offered.expect(201);
    assert_eq!(
        (&offered["status"], &offered["fromGeneration"]),
        (&json!("OFFERED"), &json!(1))
    );
    // An offer changes nothing: the holder's code is as it was.
    let path = format!("/api/v1/claimed-tickets/{}", text(&old, "id"));
    let still = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(still["token"], old["token"]);
    site.test
        .get(&path, &binh)
        .await
        .expect_error(404, "not_found");
    let incoming = site.test.get("/api/v1/transfers", &binh).await.expect(200);
    assert_eq!(incoming["items"][0]["id"], offered["id"]);
    let told = mails_to(&site, &email).await;
    assert_eq!(told, [format!("transfer_offered:{}", text(&offered, "id"))]);
    let told = site.test.app.db.get::<Notice>(&told[0]).await;
    let told = told.expect("read").expect("there").into_inner().mail;
    // In the event's own words, not in the database's.
    assert!(
        matches!(&told, Mail::TicketOffered { until, .. } if until.contains("20") && !until.contains('Z')),
        "{told:?}"
    );

    let accepted = settle(&site, &offered, "accept", &binh).await.expect(200);
    assert_eq!(
        (&accepted["status"], &accepted["toGeneration"]),
        (&json!("ACCEPTED"), &json!(2))
    );
    // Again it is the same acceptance.
    assert_eq!(
        settle(&site, &offered, "accept", &binh).await.expect(200),
        accepted
    );
    let new = site.test.get(&path, &binh).await.expect(200);
    assert_eq!(
        (&new["generation"], &new["attendee"]["name"]),
        (&json!(2), &json!("Binh Le"))
    );
    for changed in ["token", "code", "pageUrl"] {
        assert_ne!(new[changed], old[changed], "{changed}");
    }
    // The former holder has nothing any more, and was told.
    site.test
        .get(&path, &site.attendee)
        .await
        .expect_error(404, "not_found");
    let claim = site.claim_body(0);
    let again = site
        .test
        .post("/api/v1/claimed-tickets/claim", &site.attendee, claim)
        .await;
    again.expect_error(409, "already_claimed");
    assert_eq!(mails_to(&site, "ann@example.org").await.len(), 1);
    // The gates have it with the next delta.
    let synced = device.sync(&site.test).await;
    let manifest = device.manifest(&synced);
    assert_eq!(
        device.row(&site.test, &manifest.body, 0).await.generation,
        2
    );
}

#[tokio::test]
async fn the_whole_chain_is_kept_and_readable() {
    // T3
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let (binh, to_binh) = account(&site).await;
    let (chi, to_chi) = account(&site).await;
    let first = offer(&site, &ticket, &site.attendee, &to_binh)
        .await
        .expect(201);
    settle(&site, &first, "decline", &binh).await.expect(200);
    site.test.clock.advance(1_000);
    let second = offer(&site, &ticket, &site.attendee, &to_binh)
        .await
        .expect(201);
    settle(&site, &second, "accept", &binh).await.expect(200);
    site.test.clock.advance(1_000);
    let third = offer(&site, &ticket, &binh, &to_chi.to_uppercase())
        .await
        .expect(201);
    settle(&site, &third, "accept", &chi).await.expect(200);
    let statuses = |chain: &Value| -> Vec<Value> {
        let links = chain.as_array().expect("a list").iter();
        links.map(|link| link["status"].clone()).collect()
    };
    let seen = chain(&site, &ticket, &site.organizer).await;
    assert_eq!(statuses(&seen), ["DECLINED", "ACCEPTED", "ACCEPTED"]);
    assert_eq!(seen[1]["toEmail"], json!(to_binh));
    // The holder sees the chain, and no addresses of those before.
    let seen = chain(&site, &ticket, &chi).await;
    assert_eq!(statuses(&seen), ["DECLINED", "ACCEPTED", "ACCEPTED"]);
    let addresses: Vec<_> = (0..3).map(|at| seen[at]["toEmail"].clone()).collect();
    assert_eq!(
        addresses,
        [Value::Null, Value::Null, json!(to_chi.to_uppercase())]
    );
    let path = format!("/api/v1/claimed-tickets/{}/transfers", text(&ticket, "id"));
    site.test
        .get(&path, &binh)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn an_offer_is_for_its_address_alone_and_ends_once() {
    // T3 A6
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let (binh, to_binh) = account(&site).await;
    let (chi, to_chi) = account(&site).await;
    let stranger = offer(&site, &ticket, &chi, &to_binh).await;
    stranger.expect_error(404, "not_found");
    let offered = offer(&site, &ticket, &site.attendee, &to_binh)
        .await
        .expect(201);
    let second = offer(&site, &ticket, &site.attendee, &to_chi).await;
    second.expect_error(409, "already_offered");
    for what in ["accept", "decline", "withdraw"] {
        let foreign = settle(&site, &offered, what, &chi).await;
        foreign.expect_error(404, "not_found");
    }
    // An account that was erased is nobody's.
    let erased = site.test.token_for(Role::Attendee);
    let gone = settle(&site, &offered, "accept", &erased).await;
    gone.expect_error(404, "not_found");
    settle(&site, &offered, "withdraw", &site.attendee)
        .await
        .expect(200);
    settle(&site, &offered, "withdraw", &site.attendee)
        .await
        .expect(200);
    let late = settle(&site, &offered, "accept", &binh).await;
    let details = late.expect_error(409, "transfer_settled");
    assert_eq!(details["status"], "WITHDRAWN");
    let bad = offer(&site, &ticket, &site.attendee, "nobody").await;
    bad.expect_error(400, "validation");
}

#[tokio::test]
async fn an_offer_ends_by_itself() {
    // T3
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let (binh, to_binh) = account(&site).await;
    let offered = offer(&site, &ticket, &site.attendee, &to_binh)
        .await
        .expect(201);
    let ends = text(&offered, "expiresAt").parse().expect("a time");
    site.test.clock.set(ends);
    let late = settle(&site, &offered, "accept", &binh).await;
    // Its token is over too, where the offer stood for longer than a login.
    assert!(matches!(late.status.as_u16(), 401 | 409), "{late:?}");
    let seen = chain_after(&site, &ticket, ends).await;
    assert_eq!(seen[0]["status"], "EXPIRED");
}

async fn chain_after(site: &Site, ticket: &Value, at: shared::time::Timestamp) -> Value {
    use crate::platform::db::Versioned;
    let id = text(ticket, "id");
    let query = Query::on("by_ticket").eq(id);
    let rows = site.test.app.db.list::<super::Transfer>(&query).await;
    let rows: Vec<_> = rows
        .expect("read")
        .into_iter()
        .map(Versioned::into_inner)
        .collect();
    let views: Vec<_> = rows.iter().map(|row| row.view(false, at)).collect();
    serde_json::to_value(views).expect("JSON")
}

#[tokio::test]
async fn the_organizer_may_forbid_and_cap() {
    // T3
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let (binh, to_binh) = account(&site).await;
    let (chi, to_chi) = account(&site).await;
    let offered = offer(&site, &ticket, &site.attendee, &to_binh)
        .await
        .expect(201);
    rules(&site, json!({ "allowed": false })).await;
    let refused = settle(&site, &offered, "accept", &binh).await;
    refused.expect_error(409, "transfers_forbidden");
    rules(&site, json!({ "allowed": true, "perTicketMax": 1 })).await;
    settle(&site, &offered, "accept", &binh).await.expect(200);
    let more = offer(&site, &ticket, &binh, &to_chi).await;
    assert_eq!(more.expect_error(409, "transfer_limit")["max"], "1");
    rules(&site, json!({ "allowed": true, "perTicketMax": 2 })).await;
    let offered = offer(&site, &ticket, &binh, &to_chi).await.expect(201);
    settle(&site, &offered, "accept", &chi).await.expect(200);
    let path = site.path("/transfer-rules");
    let seen = site.test.get(&path, &site.organizer).await.expect(200);
    assert_eq!(seen, json!({ "allowed": true, "perTicketMax": 2 }));
}

#[tokio::test]
async fn what_is_void_or_stopped_goes_nowhere() {
    // T3 T4
    let site = Site::with_tickets(2).await;
    let (binh, to_binh) = account(&site).await;
    let stopped = site.claim(0).await;
    let offered = offer(&site, &stopped, &site.attendee, &to_binh)
        .await
        .expect(201);
    let path = format!("/api/v1/claimed-tickets/{}/block", text(&stopped, "id"));
    let body = json!({ "reason": "Stolen card" });
    let set = site.test.call("PUT", &path, &site.organizer, Some(body));
    set.await.expect(200);
    let refused = settle(&site, &offered, "accept", &binh).await;
    refused.expect_error(409, "not_transferable");
    let void = site.claim(1).await;
    let offered = offer(&site, &void, &site.attendee, &to_binh)
        .await
        .expect(201);
    let path = format!("/api/v1/claimed-tickets/{}/revoke", text(&void, "id"));
    site.test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    let refused = settle(&site, &offered, "accept", &binh).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let again = offer(&site, &void, &site.attendee, &to_binh).await;
    again.expect_error(409, "not_transferable");
}
