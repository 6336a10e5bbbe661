//! One's own account, over HTTP.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::limits;

use crate::accounts::model::User;
use crate::gate::GateStaff;
use crate::notices::Notice;
use crate::orders::fixture::{Shop, text};
use crate::orders::form::OrderForm;
use crate::orders::model::Order;
use crate::platform::db::{Entity, Query};
use crate::testing::TestApp;
use crate::tickets::ClaimedTicket;
use crate::tickets::transfer::Transfer;
use crate::waitlist::model::Wait;

const PASSWORD: &str = "lavender-tram-39";

/// Makes an account, and gives its access token.
async fn account(test: &TestApp, name: &str) -> String {
    let email = format!("{name}@example.org");
    let body = json!({ "email": email, "username": name, "password": PASSWORD });
    test.post("/api/v1/auth/register", "", body)
        .await
        .expect(201);
    log_in(test, name, PASSWORD).await
}

async fn log_in(test: &TestApp, name: &str, password: &str) -> String {
    let body = json!({ "username": name, "password": password });
    let session = test.post("/api/v1/auth/login", "", body).await.expect(200);
    text(&session["accessToken"])
}

async fn run_jobs(test: &TestApp) {
    test.app.runner().run_due().await.expect("the jobs run");
}

/// Subjects of the mails to an address, the newest first, and their texts.
async fn mails(test: &TestApp, to: &str) -> Vec<(String, String)> {
    let admin = test.stored_user(Role::Admin).await;
    let outbox = test
        .get("/api/v1/notices?limit=200", &admin)
        .await
        .expect(200);
    let mails = outbox["items"].as_array().expect("a list");
    let mails = mails.iter().filter(|mail| mail["recipient"] == to);
    mails
        .map(|mail| (text(&mail["subject"]), text(&mail["text"])))
        .collect()
}

/// The end of a mailed link.
fn token(mail: &str, page: &str) -> String {
    let rest = mail.split_once(page).expect("a link").1;
    rest.split_whitespace().next().expect("a token").to_owned()
}

#[tokio::test]
async fn a_profile_changes_only_what_is_named() {
    // A7
    let test = TestApp::new().await;
    let ann = account(&test, "ann").await;
    account(&test, "bob").await;
    let patch = async |body: Value| {
        test.call("PATCH", "/api/v1/auth/me", &ann, Some(body))
            .await
    };
    let me = patch(json!({ "displayName": " Ann Lee " }))
        .await
        .expect(200);
    assert_eq!(
        (&me["displayName"], &me["username"]),
        (&json!("Ann Lee"), &json!("ann"))
    );
    let me = patch(json!({ "username": "Annie" })).await.expect(200);
    assert_eq!(me["displayName"], "Ann Lee");
    patch(json!({ "username": "BOB" }))
        .await
        .expect_error(409, "taken");
    patch(json!({ "username": "_" }))
        .await
        .expect_error(400, "validation");
    let long = "x".repeat(limits::NAME_CHARS_MAX + 1);
    let details = patch(json!({ "displayName": long }))
        .await
        .expect_error(400, "validation");
    assert!(details["displayName"].is_string(), "{details}");
    let me = patch(json!({ "displayName": "" })).await.expect(200);
    assert!(me["displayName"].is_null());
    log_in(&test, "annie", PASSWORD).await;
}

#[tokio::test]
async fn a_new_address_needs_the_password_and_is_told_to_the_old_one() {
    // A2, A7
    let test = TestApp::new().await;
    let ann = account(&test, "ann").await;
    account(&test, "bob").await;
    let first = mails(&test, "ann@example.org").await;
    let old_link = token(&first[0].1, "/account/verify/");
    let put = async |email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        test.call("PUT", "/api/v1/auth/me/email", &ann, Some(body))
            .await
    };
    put("new@example.org", "not-her-password")
        .await
        .expect_error(422, "wrong_password");
    put("bob@example.org", PASSWORD)
        .await
        .expect_error(409, "taken");
    put("nowhere", PASSWORD)
        .await
        .expect_error(400, "validation");
    let mut mute = json!({ "eventChanges": true, "reminders": false, "offers": true });
    test.call(
        "PUT",
        "/api/v1/auth/me/preferences",
        &ann,
        Some(mute.clone()),
    )
    .await
    .expect(200);
    // Programs of before do not know of it.
    mute["gateAlerts"] = json!(true);
    let me = put("New@Example.org", PASSWORD).await.expect(200);
    assert_eq!(me["emailVerified"], false);
    let moved = test
        .get("/api/v1/auth/me/preferences", &ann)
        .await
        .expect(200);
    assert_eq!(moved, mute, "choices move along");
    let told = mails(&test, "ann@example.org").await;
    let changed = "Your e-mail address was changed";
    assert!(
        told.iter().any(|(subject, _)| subject == changed),
        "{told:?}"
    );
    let link = async |token: &str| {
        let body = json!({ "token": token });
        test.post("/api/v1/auth/verify-email", "", body).await
    };
    link(&old_link).await.expect_error(400, "bad_link");
    let asked = mails(&test, "new@example.org").await;
    link(&token(&asked[0].1, "/account/verify/"))
        .await
        .expect(204);
    let me = test.get("/api/v1/auth/me", &ann).await.expect(200);
    assert_eq!(me["emailVerified"], true);
}

#[tokio::test]
async fn asking_for_a_reset_tells_nothing_and_floods_nobody() {
    // A7
    let test = TestApp::with_environment(&[]).await;
    account(&test, "ann").await;
    let ask = async |email: &str| {
        let body = json!({ "email": email });
        let answer = test.post("/api/v1/auth/password/forgot", "", body).await;
        (answer.status.as_u16(), answer.bytes.clone())
    };
    assert_eq!(ask("ann@example.org").await, ask("who@example.org").await);
    run_jobs(&test).await;
    for _ in 0..8 {
        // Past the limit of one address of the net, as if from many.
        test.clock.advance(60_000);
        assert_eq!(ask("ann@example.org").await.0, 202);
        run_jobs(&test).await;
    }
    let sent = mails(&test, "ann@example.org").await;
    let links: Vec<_> = sent
        .iter()
        .filter(|(subject, _)| subject == "Set a new password")
        .map(|(_, text)| token(text, "/account/reset/"))
        .collect();
    assert_eq!(links.len(), 5, "five an hour");
    assert!(mails(&test, "who@example.org").await.is_empty());
    // The earlier links stay good: whoever asked for the others locked nobody out.
    let reset = async |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        test.post("/api/v1/auth/password/reset", "", body).await
    };
    reset(&links[4], "violet-harbour-51").await.expect(204);
    for spent in &links {
        reset(spent, "another-harbour-52")
            .await
            .expect_error(400, "bad_link");
    }
    log_in(&test, "ann", "violet-harbour-51").await;
}

#[tokio::test]
async fn a_reset_link_dies_of_age_and_opens_nothing_else() {
    // A2, A7
    let test = TestApp::new().await;
    account(&test, "ann").await;
    let body = json!({ "email": "ann@example.org" });
    test.post("/api/v1/auth/password/forgot", "", body)
        .await
        .expect(202);
    run_jobs(&test).await;
    let sent = mails(&test, "ann@example.org").await;
    let reset = sent
        .iter()
        .find(|(subject, _)| subject == "Set a new password");
    let reset = token(&reset.expect("a mail").1, "/account/reset/");
    let verify = json!({ "token": reset });
    test.post("/api/v1/auth/verify-email", "", verify)
        .await
        .expect_error(400, "bad_link");
    test.clock.advance(3_600_000);
    let body = json!({ "token": reset, "password": "violet-harbour-51" });
    test.post("/api/v1/auth/password/reset", "", body)
        .await
        .expect_error(400, "bad_link");
}

#[tokio::test]
async fn pages_of_mailed_links_change_nothing_at_a_look() {
    // A2, A7
    let test = TestApp::new().await;
    account(&test, "ann").await;
    let sent = mails(&test, "ann@example.org").await;
    let path = format!("/account/verify/{}", token(&sent[0].1, "/account/verify/"));
    for _ in 0..2 {
        assert_eq!(test.get(&path, "").await.status, 200);
    }
    assert_eq!(test.call("POST", &path, "", None).await.status, 200);
    assert_eq!(test.call("POST", &path, "", None).await.status, 410);
}

#[tokio::test]
async fn whoever_changes_the_password_keeps_only_this_login() {
    // A5, A7
    let test = TestApp::new().await;
    account(&test, "ann").await;
    let log_in_whole = async || {
        let body = json!({ "username": "ann", "password": PASSWORD });
        test.post("/api/v1/auth/login", "", body).await.expect(200)
    };
    let (other, mine) = (log_in_whole().await, log_in_whole().await);
    let bearer = text(&mine["accessToken"]);
    let change = async |password: &str, new: &str| {
        let body = json!({ "password": password, "newPassword": new });
        test.post("/api/v1/auth/password/change", &bearer, body)
            .await
    };
    change("not-her-password", "violet-harbour-51")
        .await
        .expect_error(422, "wrong_password");
    change(PASSWORD, "ann-harbour").await.expect(204);
    let refresh = async |session: &Value| {
        let body = json!({ "refreshToken": session["refreshToken"] });
        test.post("/api/v1/auth/refresh", "", body).await.status
    };
    assert_eq!(refresh(&other).await, 401);
    let body = json!({ "refreshToken": mine["refreshToken"] });
    let mine = test
        .post("/api/v1/auth/refresh", "", body)
        .await
        .expect(200);
    let path = "/api/v1/auth/logout/all";
    test.call("POST", path, &text(&mine["accessToken"]), None)
        .await
        .expect(204);
    assert_eq!(refresh(&mine).await, 401);
}

async fn buy(shop: &Shop, buyer: &str, attendee: &Value) -> String {
    let order = text(&shop.order_as(buyer, 1).await.expect(201)["id"]);
    let body = json!({ "orderId": order, "provider": "demo" });
    let payment = shop
        .t
        .post("/api/v1/payments", buyer, body)
        .await
        .expect(201);
    let payment = text(&payment["id"]);
    shop.pay(&payment).await.expect(200);
    shop.deliver(&shop.telling(&payment).await)
        .await
        .expect(200);
    shop.run_jobs().await;
    let path = format!("/api/v1/orders/{order}");
    let order_now = shop.t.get(&path, buyer).await.expect(200);
    let body = json!({ "ticketId": order_now["tickets"][0]["id"], "attendee": attendee });
    let path = "/api/v1/claimed-tickets/claim";
    shop.t.post(path, buyer, body).await.expect(201);
    order
}

#[tokio::test]
async fn an_export_has_everything_and_an_erasure_keeps_the_books() {
    // A7
    let shop = Shop::over(TestApp::new().await, 5).await;
    let test = &shop.t;
    let ann = account(test, "ann").await;
    let attendee = json!({ "name": "Ann Lee", "email": "ann@example.org" });
    let order = buy(&shop, &ann, &attendee).await;
    let all = test.get("/api/v1/auth/me/export", &ann).await.expect(200);
    assert_eq!(all["account"]["email"], "ann@example.org");
    assert_eq!(all["orders"][0]["id"], json!(order));
    assert_eq!(all["tickets"][0]["attendee"]["name"], "Ann Lee");
    for list in ["sessions", "mails", "journal"] {
        assert!(!all[list].as_array().expect(list).is_empty(), "{list}");
    }
    assert!(!all.to_string().contains("argon2"), "no secret");
    let stats = format!("/api/v1/issued-tickets/stats/{}", shop.event);
    let before = test.get(&stats, "").await.expect(200);

    let erase = async |password: &str| {
        let body = json!({ "password": password });
        test.post("/api/v1/auth/me/erase", &ann, body).await
    };
    erase("not-her-password")
        .await
        .expect_error(422, "wrong_password");
    let open = text(&shop.order_as(&ann, 1).await.expect(201)["id"]);
    erase(PASSWORD).await.expect_error(409, "orders_open");
    let path = format!("/api/v1/orders/{open}/cancel");
    test.post(&path, &ann, json!({})).await.expect(200);
    let left = erase(PASSWORD).await.expect(200);
    assert_eq!(left["ticketsKeepNamesUntil"], "2026-10-13T16:00:00.000Z");
    let body = json!({ "username": "ann", "password": PASSWORD });
    test.post("/api/v1/auth/login", "", body)
        .await
        .expect_error(401, "bad_credentials");
    shop.run_jobs().await;
    let stored = everything(test).await;
    assert_eq!(stored.matches("Ann Lee").count(), 1, "the gates compare it");

    test.clock.advance(23 * 86_400_000);
    shop.run_jobs().await;
    let stored = everything(test).await;
    assert!(
        !stored.contains("Ann Lee") && !stored.contains("ann@example.org"),
        "{stored}"
    );
    let after = test.get(&stats, "").await.expect(200);
    assert_eq!(after, before, "stock and sums are as they were");
    account(test, "ann").await;
}

async fn confirm(test: &TestApp, email: &str) {
    let sent = mails(test, email).await;
    let mail = sent
        .iter()
        .find(|(_, mail)| mail.contains("/account/verify/"));
    let link = token(&mail.expect("a mail").1, "/account/verify/");
    let body = json!({ "token": link });
    let confirmed = test.post("/api/v1/auth/verify-email", "", body).await;
    confirmed.expect(204);
}

/// Offers the newest ticket of `by`.
async fn offer(test: &TestApp, by: &str, to: &str) -> Value {
    let mine = test.get("/api/v1/claimed-tickets", by).await.expect(200);
    let ticket = text(&mine["items"][0]["id"]);
    let path = format!("/api/v1/claimed-tickets/{ticket}/transfers");
    let made = test.post(&path, by, json!({ "email": to })).await;
    made.expect(201)
}

#[tokio::test]
async fn an_erasure_reaches_offers_queues_and_lists_of_staff() {
    // A7, T3, I9, V10
    let shop = Shop::over(TestApp::new().await, 2).await;
    let test = &shop.t;
    let (ann, bob) = (account(test, "ann").await, account(test, "bob").await);
    for address in ["ann@example.org", "bob@example.org"] {
        confirm(test, address).await;
    }
    let attendee = json!({ "name": "Ann Lee", "email": "ann@example.org" });
    buy(&shop, &ann, &attendee).await;
    let attendee = json!({ "name": "Bob Ray", "email": "bob@example.org" });
    buy(&shop, &bob, &attendee).await;
    offer(test, &ann, "bob@example.org").await;
    offer(test, &bob, "ann@example.org").await;
    let class = format!(
        "/api/v1/events/{}/ticket-classes/{}",
        shop.event, shop.class
    );
    let terms = json!({ "terms": { "waitlist": { "offerMinutes": 30 } } });
    let edited = test
        .call("PATCH", &class, &shop.organizer, Some(terms))
        .await;
    edited.expect(200);
    let event = format!("/api/v1/events/{}", shop.event);
    let join = json!({ "classId": shop.class, "quantity": 1,
        "buyer": { "name": "Ann Lee", "email": "ann@example.org" } });
    let joined = test
        .post(&format!("{event}/waitlist/join"), &ann, join)
        .await;
    joined.expect(201);
    let staff = format!("{event}/staff");
    let added = test
        .post(&staff, &shop.organizer, json!({ "username": "ann" }))
        .await;
    added.expect(200);
    let told = test.get("/api/v1/auth/me/export", &ann).await.expect(200);
    assert_eq!(told["transfers"][0]["toEmail"], "bob@example.org");
    assert_eq!(told["waits"][0]["buyer"]["name"], "Ann Lee");

    let body = json!({ "password": PASSWORD });
    test.post("/api/v1/auth/me/erase", &ann, body)
        .await
        .expect(200);
    shop.run_jobs().await;
    let stored = [
        rows::<Transfer>(test).await,
        rows::<Wait>(test).await,
        rows::<GateStaff>(test).await,
    ]
    .concat();
    for trace in ["Ann Lee", "ann@example.org", "\"ann\""] {
        assert!(!stored.contains(trace), "{trace}: {stored}");
    }
    assert!(stored.contains("Bob Ray"), "others stay: {stored}");
    for settled in ["\"WITHDRAWN\"", "\"DECLINED\""] {
        assert_eq!(stored.matches(settled).count(), 1, "{settled}: {stored}");
    }
    let list = test.get(&staff, &shop.organizer).await.expect(200);
    assert!(!list.to_string().contains("ann"), "{list}");
}

#[tokio::test]
async fn whoever_never_confirmed_an_address_ends_nothing_that_is_offered_to_it() {
    // A7, T3
    let shop = Shop::over(TestApp::new().await, 2).await;
    let test = &shop.t;
    let (ann, bob) = (account(test, "ann").await, account(test, "bob").await);
    confirm(test, "bob@example.org").await;
    let attendee = json!({ "name": "Bob Ray", "email": "bob@example.org" });
    buy(&shop, &bob, &attendee).await;
    offer(test, &bob, "ann@example.org").await;
    let body = json!({ "password": PASSWORD });
    test.post("/api/v1/auth/me/erase", &ann, body)
        .await
        .expect(200);
    shop.run_jobs().await;
    let stored = rows::<Transfer>(test).await;
    assert!(
        stored.contains("ann@example.org") && stored.contains("\"OFFERED\""),
        "{stored}"
    );
}

#[tokio::test]
async fn what_was_said_with_an_order_goes_with_the_person() {
    // A7, O3
    let shop = Shop::over(TestApp::new().await, 2).await;
    let test = &shop.t;
    let ann = account(test, "ann").await;
    confirm(test, "ann@example.org").await;
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    let attendee = json!({ "name": "Ann Lee", "email": "ann@example.org" });
    body["attendees"] = json!([{ "attendee": attendee }]);
    // As a guest: it is the account's own, whose address is confirmed.
    let placed = test
        .post("/api/v1/guest/orders", "", body)
        .await
        .expect(201);
    let told = test.get("/api/v1/auth/me/export", &ann).await.expect(200);
    let named = &told["orders"][0]["attendees"][0]["attendee"]["name"];
    assert_eq!(named, "Ann Lee", "{told}");
    let path = format!("/api/v1/orders/{}/cancel", text(&placed["order"]["id"]));
    test.post(&path, &ann, json!({})).await.expect(200);
    let body = json!({ "password": PASSWORD });
    test.post("/api/v1/auth/me/erase", &ann, body)
        .await
        .expect(200);
    shop.run_jobs().await;
    let stored = everything(test).await + &rows::<OrderForm>(test).await;
    assert!(
        !stored.contains("Ann Lee") && !stored.contains("ann@example.org"),
        "{stored}"
    );
}

/// Users, orders, tickets and mails as they lie in the database.
async fn everything(test: &TestApp) -> String {
    [
        rows::<User>(test).await,
        rows::<Order>(test).await,
        rows::<ClaimedTicket>(test).await,
        rows::<Notice>(test).await,
    ]
    .concat()
}

async fn rows<E: Entity>(test: &TestApp) -> String {
    let rows = test.app.db.list::<E>(&Query::on("id")).await;
    let rows = rows.expect("rows").into_iter();
    rows.map(|row| serde_json::to_string(&row.value).expect("JSON"))
        .collect()
}
