//! Buying without an account, over HTTP.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::{cancel, terms};
use crate::orders::fixture::{Shop, order_id, text};
use crate::orders::guest_token;
use crate::testing::{Answer, TestApp};

const GUESTS: &str = "/api/v1/guest/orders";
const PASSWORD: &str = "lavender-tram-39";

fn wanted(shop: &Shop, email: &str, quantity: u32) -> Value {
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": quantity }]));
    body["buyer"]["email"] = json!(email);
    body
}

async fn place(shop: &Shop, email: &str, quantity: u32) -> Answer {
    let body = wanted(shop, email, quantity);
    shop.t.post(GUESTS, "", body).await
}

/// Places an order and is its guest from now on; gives the order's id.
async fn become_guest(shop: &mut Shop, email: &str, quantity: u32) -> String {
    let placed = place(shop, email, quantity).await.expect(201);
    shop.buyer = text(&placed["guestToken"]);
    text(&placed["order"]["id"])
}

async fn pay(shop: &Shop, order: &str) {
    let payment = shop.payment(order).await;
    shop.pay(&payment).await.expect(200);
    let told = shop.telling(&payment).await;
    shop.deliver(&told).await.expect(200);
    shop.run_jobs().await;
}

/// Texts of the mails to an address, the newest first.
async fn mails(shop: &Shop, to: &str) -> Vec<String> {
    let admin = shop.t.stored_user(Role::Admin).await;
    let outbox = shop.t.get("/api/v1/notices?limit=200", &admin).await;
    let outbox = outbox.expect(200);
    let mails = outbox["items"].as_array().expect("a list").iter();
    let mails = mails.filter(|mail| mail["recipient"] == to);
    mails.map(|mail| text(&mail["text"])).collect()
}

/// The end of a mailed link.
fn token_in(mail: &str, page: &str) -> String {
    let rest = mail.split_once(page).expect("a link").1;
    rest.split_whitespace().next().expect("a token").to_owned()
}

async fn account(shop: &Shop, email: &str, name: &str) -> String {
    let body = json!({ "email": email, "username": name, "password": PASSWORD });
    let register = shop.t.post("/api/v1/auth/register", "", body).await;
    register.expect(201);
    let body = json!({ "username": name, "password": PASSWORD });
    let session = shop
        .t
        .post("/api/v1/auth/login", "", body)
        .await
        .expect(200);
    text(&session["accessToken"])
}

/// Opens the newest link that confirms the address.
async fn confirm(shop: &Shop, email: &str) {
    let mut mails = mails(shop, email).await.into_iter();
    let mail = mails.rfind(|mail| mail.contains("/account/verify/"));
    let token = token_in(&mail.expect("a mail"), "/account/verify/");
    let body = json!({ "token": token });
    let confirmed = shop.t.post("/api/v1/auth/verify-email", "", body).await;
    confirmed.expect(204);
    shop.run_jobs().await;
}

#[tokio::test]
async fn a_guest_buys_and_gets_the_tickets() {
    // O3
    let mut shop = Shop::open(5).await;
    let order = become_guest(&mut shop, "Gus@Example.org", 2).await;
    assert_eq!(shop.order_now(&order).await["status"], "PENDING");
    pay(&shop, &order).await;
    let paid = shop.order_now(&order).await;
    assert_eq!(paid["status"], "PAID");
    let claim = json!({ "ticketId": paid["tickets"][0]["id"],
        "attendee": { "name": "Gus Green", "email": "gus@example.org" } });
    let path = "/api/v1/claimed-tickets/claim";
    let ticket = shop.t.post(path, &shop.buyer, claim).await.expect(201);
    assert!(ticket["token"].is_string() && ticket["pageUrl"].is_string());
    for path in [
        format!("/api/v1/claimed-tickets/qr/{}", text(&ticket["id"])),
        format!("/api/v1/claimed-tickets/{}/pdf", text(&ticket["id"])),
        format!("/api/v1/orders/{order}/receipt"),
    ] {
        assert_eq!(shop.t.get(&path, &shop.buyer).await.status, 200, "{path}");
    }
    let mine = shop.t.get("/api/v1/claimed-tickets", &shop.buyer).await;
    assert_eq!(mine.expect(200)["items"], json!([ticket]));
}

#[tokio::test]
async fn a_guest_gives_up_what_is_not_paid() {
    // O3
    let mut shop = Shop::open(1).await;
    let order = become_guest(&mut shop, "gus@example.org", 1).await;
    place(&shop, "eve@example.org", 1)
        .await
        .expect_error(409, "all_held");
    let order = json!({ "id": order });
    cancel(&shop, &shop.buyer, &order).await.expect(200);
    place(&shop, "eve@example.org", 1).await.expect(201);
}

#[tokio::test]
async fn a_guests_token_opens_one_order_and_nothing_else() {
    // O3, A6
    let mut shop = Shop::open(5).await;
    let first = become_guest(&mut shop, "gus@example.org", 1).await;
    let token = shop.buyer.clone();
    let second = become_guest(&mut shop, "gus@example.org", 1).await;
    let t = &shop.t;
    let path = |order: &str| format!("/api/v1/orders/{order}");
    t.get(&path(&first), &token).await.expect(200);
    t.get(&path(&second), &token)
        .await
        .expect_error(404, "not_found");
    let mine = t.get("/api/v1/orders", &token).await.expect(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(1));
    let payment = json!({ "orderId": second, "provider": "demo" });
    let payment = t.post("/api/v1/payments", &token, payment).await;
    payment.expect_error(404, "not_found");
    for (path, body) in [
        ("/api/v1/orders", wanted(&shop, "gus@example.org", 1)),
        ("/api/v1/guest/orders/adopt", json!({})),
        ("/api/v1/organizations", json!({ "name": "Mine" })),
    ] {
        t.post(path, &token, body)
            .await
            .expect_error(403, "forbidden");
    }
    // Nobody makes one: not of an id that is known, not of another server's key.
    let elsewhere = TestApp::with_environment(&[(
        "KEY_ENCRYPTION_KEY",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    )])
    .await;
    let forged = guest_token(&elsewhere.app.vault, order_id(&first));
    for bad in [
        &forged,
        "gho_",
        &format!("gho_{first}"),
        &format!("{token}A"),
    ] {
        t.get(&path(&first), bad)
            .await
            .expect_error(401, "token_invalid");
    }
}

#[tokio::test]
async fn the_same_attempt_gets_the_same_token_and_none_is_stored() {
    // O3, O2
    let shop = Shop::open(5).await;
    let keyed = async |key: &str, body: &Value| {
        let request = Request::post(GUESTS)
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", key)
            .body(Body::from(body.to_string()))
            .expect("a request");
        shop.t.send(request).await
    };
    let body = wanted(&shop, "gus@example.org", 1);
    let key = "6f1c0c7e-guest-attempt";
    let first = keyed(key, &body).await.expect(201);
    assert_eq!(keyed(key, &body).await.expect(201), first);
    let other = wanted(&shop, "gus@example.org", 2);
    keyed(key, &other)
        .await
        .expect_error(422, "idempotency_mismatch");
    let details = keyed("1", &body).await.expect_error(400, "validation");
    assert!(details["Idempotency-Key"].is_string(), "{details}");
    let token = text(&first["guestToken"]);
    assert!(!shop.t.remembered().await.contains(&token));
    let stats = shop.stats().await;
    assert_eq!(stats[0]["held"], 1, "one order was made: {stats}");
}

#[tokio::test]
async fn an_organizer_may_sell_to_accounts_only() {
    // O3
    let shop = Shop::open(5).await;
    let path = format!("/api/v1/events/{}", shop.event);
    let body = Some(json!({ "guestCheckout": false }));
    let event = shop.t.call("PATCH", &path, &shop.organizer, body).await;
    assert_eq!(event.expect(200)["guestCheckout"], false);
    place(&shop, "gus@example.org", 1)
        .await
        .expect_error(409, "no_guests");
    shop.order(1).await.expect(201);
}

#[tokio::test]
async fn guests_are_counted_by_their_address() {
    // O3, I6
    let shop = Shop::open(9).await;
    let two = json!({ "maxPerPerson": 2 });
    terms(&shop, &shop.class, two).await.expect(200);
    place(&shop, "gus@example.org", 1).await.expect(201);
    place(&shop, "Gus@Example.ORG", 1).await.expect(201);
    let refused = place(&shop, "gus@example.org", 1).await;
    assert_eq!(refused.expect_error(409, "max_per_person")["has"], "2");
    place(&shop, "eve@example.org", 2).await.expect(201);
    shop.order(2).await.expect(201);
}

#[tokio::test]
async fn guests_are_slowed_down_as_registrations_are() {
    // O3, H6
    let t = TestApp::configured(&[], |config| config.limits.register_per_minute = 2).await;
    let shop = Shop::over(t, 9).await;
    place(&shop, "gus@example.org", 1).await.expect(201);
    place(&shop, "eve@example.org", 1).await.expect(201);
    place(&shop, "ann@example.org", 1)
        .await
        .expect_error(429, "rate_limited");
}

#[tokio::test]
async fn an_account_finds_a_guests_orders_once_it_has_confirmed_the_address() {
    // O3, A2
    let mut shop = Shop::open(9).await;
    let two = json!({ "maxPerPerson": 2 });
    terms(&shop, &shop.class, two).await.expect(200);
    let order = become_guest(&mut shop, "gus@example.org", 2).await;
    pay(&shop, &order).await;
    let ticket = shop.order_now(&order).await["tickets"][0]["id"].clone();
    let claim = json!({ "ticketId": ticket,
        "attendee": { "name": "Gus Green", "email": "gus@example.org" } });
    let claimed = "/api/v1/claimed-tickets";
    let claim = shop
        .t
        .post(&format!("{claimed}/claim"), &shop.buyer, claim)
        .await;
    claim.expect(201);
    // Whoever registers with the address has proven nothing yet.
    let account = account(&shop, "GUS@example.org", "gus").await;
    let path = format!("/api/v1/orders/{order}");
    let adopt = "/api/v1/guest/orders/adopt";
    shop.t
        .get(&path, &account)
        .await
        .expect_error(404, "not_found");
    let early = shop.t.call("POST", adopt, &account, None).await;
    early.expect_error(409, "email_unverified");
    confirm(&shop, "gus@example.org").await;
    shop.t.get(&path, &account).await.expect(200);
    let mine = shop.t.get(claimed, &account).await.expect(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(1));
    let dead = shop.t.get(&path, &shop.buyer).await;
    dead.expect_error(401, "token_invalid");
    // What was adopted counts as the account's own.
    let third = shop.order_as(&account, 1).await;
    assert_eq!(third.expect_error(409, "max_per_person")["has"], "2");
    // What came later is fetched by hand.
    shop.t.clock.advance(60_000);
    place(&shop, "gus@example.org", 1).await.expect(201);
    let adopted = shop.t.call("POST", adopt, &account, None).await.expect(200);
    assert_eq!(adopted, json!({ "orders": 1 }));
}

#[tokio::test]
async fn a_lost_link_comes_again_by_mail_and_tells_strangers_nothing() {
    // O3
    let mut shop = Shop::open_for_a_day(9).await;
    let order = become_guest(&mut shop, "gus@example.org", 1).await;
    pay(&shop, &order).await;
    let paid = mails(&shop, "gus@example.org").await;
    assert_eq!(token_in(&paid[0], "/guest/"), shop.buyer);
    let find = async |email: &str, event: Option<&str>| {
        let body = json!({ "email": email, "eventId": event });
        let answer = shop.t.post(&format!("{GUESTS}/find"), "", body).await;
        shop.run_jobs().await;
        (answer.status.as_u16(), answer.bytes)
    };
    let known = find("Gus@example.org", None).await;
    assert_eq!(known, find("nobody@example.org", None).await);
    assert_eq!(known.0, 202);
    assert!(mails(&shop, "nobody@example.org").await.is_empty());
    let all = mails(&shop, "gus@example.org").await;
    assert_eq!(all.len(), 2, "{all:?}");
    let found = all.iter().find(|mail| mail.contains("Somebody asked"));
    assert_eq!(token_in(found.expect("a mail"), "/guest/"), shop.buyer);
    // Asking again and again makes no flood.
    find("gus@example.org", Some(&shop.event)).await;
    assert_eq!(mails(&shop, "gus@example.org").await.len(), 2);
    shop.t.clock.advance(15 * 60 * 1000);
    let elsewhere = "01900000-0000-7000-8000-000000000000";
    find("gus@example.org", Some(elsewhere)).await;
    assert_eq!(mails(&shop, "gus@example.org").await.len(), 2);
    find("gus@example.org", Some(&shop.event)).await;
    assert_eq!(mails(&shop, "gus@example.org").await.len(), 3);
}

#[tokio::test]
async fn the_link_leads_to_a_page_that_puts_names_on_tickets() {
    // O3
    let mut shop = Shop::open(9).await;
    let order = become_guest(&mut shop, "gus@example.org", 1).await;
    pay(&shop, &order).await;
    let page = format!("/guest/{}", shop.buyer);
    let html = async |path: &str| {
        let answer = shop.t.get(path, "").await;
        let html = String::from_utf8_lossy(&answer.bytes).into_owned();
        (answer.status.as_u16(), html)
    };
    let (status, before) = html(&page).await;
    assert_eq!(status, 200);
    assert!(before.contains("Night of Strings") && before.contains("<form"));
    let ticket = text(&shop.order_now(&order).await["tickets"][0]["id"]);
    let send = async |name: &str| {
        let form = format!("ticket={ticket}&name={name}&email=gus%40example.org");
        let request = Request::post(&page)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .expect("a request");
        shop.t.send(request).await
    };
    let wrong = send("").await;
    assert_eq!(wrong.status, 400);
    assert!(String::from_utf8_lossy(&wrong.bytes).contains("role=\"alert\""));
    assert_eq!(send("Gus+Green").await.status, 303);
    let (_, after) = html(&page).await;
    assert!(
        after.contains("Gus Green") && after.contains("/t/"),
        "{after}"
    );
    assert!(!after.contains("<form"));
    assert_eq!(html("/guest/gho_nothing").await.0, 404);
    assert_eq!(html("/guest/nothing").await.0, 404);
}
