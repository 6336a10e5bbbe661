//! An account whose address nobody confirmed has no say over that address, and gets nothing by it.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use crate::notices::Notice;
use crate::orders::fixture::{Shop, text};
use crate::platform::db::{Query, Versioned};
use crate::testing::{Answer, TestApp};

const PASSWORD: &str = "lavender-tram-39";

/// Registers, confirms nothing, and logs in.
async fn account(t: &TestApp, name: &str, email: &str) -> Value {
    let body = json!({ "email": email, "username": name, "password": PASSWORD });
    t.post("/api/v1/auth/register", "", body).await.expect(201);
    let body = json!({ "username": name, "password": PASSWORD });
    t.post("/api/v1/auth/login", "", body).await.expect(200)
}

async fn outbox(t: &TestApp) -> Vec<Notice> {
    let all = Query::on("by_time").descending().limit(1_000);
    let mails = t.app.db.list::<Notice>(&all).await.expect("read");
    mails.into_iter().map(Versioned::into_inner).collect()
}

/// The end of the newest link of that kind which was mailed to the address.
async fn mailed(t: &TestApp, to: &str, page: &str) -> String {
    t.app.runner().run_due().await.expect("the jobs run");
    let admin = t.stored_user(Role::Admin).await;
    let list = t.get("/api/v1/notices?limit=200", &admin).await;
    let list = list.expect(200);
    let mut mails = list["items"].as_array().expect("a list").iter();
    let mail = mails.find(|mail| {
        let text = mail["text"].as_str().unwrap_or_default();
        mail["recipient"] == to && text.contains(page)
    });
    let text = text(&mail.expect("a mail")["text"]);
    let rest = text.split_once(page).expect("a link").1;
    rest.split_whitespace().next().expect("a token").to_owned()
}

/// An organization that invites the address; gives its id and its owner.
async fn inviting(t: &TestApp, email: &str) -> (String, String) {
    let owner = t.stored_user(Role::Attendee).await;
    let body = json!({ "name": "Opera house" });
    let founded = t.post("/api/v1/organizations", &owner, body).await;
    let id = text(&founded.expect(201)["id"]);
    let body = json!({ "email": email, "role": "MANAGER" });
    let path = format!("/api/v1/organizations/{id}/invitations");
    t.post(&path, &owner, body).await.expect(201);
    (id, owner)
}

async fn members(t: &TestApp, (id, owner): &(String, String)) -> usize {
    let path = format!("/api/v1/organizations/{id}/members");
    let list = t.get(&path, owner).await.expect(200);
    list["items"].as_array().expect("a list").len()
}

#[tokio::test]
async fn an_invitation_does_not_let_in_whoever_only_says_that_the_address_is_theirs() {
    // A9, A2
    let t = TestApp::new().await;
    let mallory = account(&t, "mallory", "bob@corp.example").await;
    let bearer = text(&mallory["accessToken"]);
    let house = inviting(&t, "Bob@Corp.example").await;
    let token = mailed(&t, "bob@corp.example", "/account/join/").await;
    let join = async || {
        let body = json!({ "token": token });
        t.post("/api/v1/organizations/join", "", body).await
    };
    join().await.expect_error(409, "email_unverified");
    let page = format!("/account/join/{token}");
    let words = |answer: &Answer| String::from_utf8_lossy(&answer.bytes).into_owned();
    let asked = words(&t.get(&page, "").await);
    assert!(asked.contains("mallory"), "it says who would join: {asked}");
    assert!(asked.contains("not confirmed"), "{asked}");
    let told = words(&t.call("POST", &page, "", None).await);
    assert!(told.contains("not confirmed"), "{told}");
    assert_eq!(members(&t, &house).await, 1, "the owner alone");
    let me = t.get("/api/v1/auth/me", &bearer).await.expect(200);
    assert_eq!(me["emailVerified"], false, "a click there confirms nothing");

    let key = json!({ "name": "Export", "scopes": ["VIEW"] });
    let key = t.post("/api/v1/auth/keys", &bearer, key).await.expect(201);
    // Whoever reads the mailbox sets a password: the account is theirs from then on.
    let body = json!({ "email": "bob@corp.example" });
    let forgot = t.post("/api/v1/auth/password/forgot", "", body).await;
    forgot.expect(202);
    let reset = mailed(&t, "bob@corp.example", "/account/reset/").await;
    let body = json!({ "token": reset, "password": "violet-harbour-51" });
    let reset = t.post("/api/v1/auth/password/reset", "", body).await;
    reset.expect(204);
    let body = json!({ "refreshToken": mallory["refreshToken"] });
    let refreshed = t.post("/api/v1/auth/refresh", "", body).await;
    assert_eq!(refreshed.status, 401, "earlier logins have ended");
    let by_key = t.get("/api/v1/events?mine=true", &text(&key["key"])).await;
    assert_eq!(by_key.status, 401, "and so have earlier keys");
    let asked = words(&t.get(&page, "").await);
    assert!(!asked.contains("not confirmed"), "{asked}");
    assert_eq!(join().await.expect(200)["role"], "MANAGER");
    assert_eq!(members(&t, &house).await, 2);
}

#[tokio::test]
async fn an_address_names_staff_only_once_it_is_confirmed() {
    // V10, A2
    let shop = Shop::open(1).await;
    account(&shop.t, "mallory", "bob@corp.example").await;
    let path = format!("/api/v1/events/{}/staff", shop.event);
    let add = async |name: &str| {
        let body = json!({ "username": name });
        shop.t.post(&path, &shop.organizer, body).await
    };
    add("bob@corp.example")
        .await
        .expect_error(400, "validation");
    let token = mailed(&shop.t, "bob@corp.example", "/account/verify/").await;
    let verify = shop
        .t
        .post("/api/v1/auth/verify-email", "", json!({ "token": token }));
    verify.await.expect(204);
    add("bob@corp.example").await.expect(200);
    account(&shop.t, "carol", "carol@corp.example").await;
    add("carol").await.expect(200);
}

/// A guest buys with the address; the mail about it waits.
async fn guest_buys(shop: &Shop, email: &str) -> String {
    let mut body = shop.order_body(&json!([{ "classId": shop.class, "quantity": 1 }]));
    body["buyer"] = json!({ "name": "Vera Vale", "email": email });
    let placed = shop.t.post("/api/v1/guest/orders", "", body).await;
    let placed = placed.expect(201);
    let order = text(&placed["order"]["id"]);
    let body = json!({ "orderId": order, "provider": "demo" });
    let guest = text(&placed["guestToken"]);
    let payment = shop.t.post("/api/v1/payments", &guest, body).await;
    let payment = text(&payment.expect(201)["id"]);
    shop.pay(&payment).await.expect(200);
    let told = shop.telling(&payment).await;
    shop.deliver(&told).await.expect(200);
    shop.run_jobs().await;
    format!("order_paid:{order}")
}

#[tokio::test]
async fn it_reads_and_removes_no_mail_of_whoever_has_the_address() {
    // A7, A2, O3
    let shop = Shop::open(5).await;
    let t = &shop.t;
    let mail = guest_buys(&shop, "v@example.org").await;
    let eve = account(t, "eve", "v@example.org").await;
    let bearer = text(&eve["accessToken"]);
    let told = t.get("/api/v1/auth/me/export", &bearer).await.expect(200);
    let mails = told["mails"].as_array().expect("a list");
    let subjects: Vec<_> = mails.iter().map(|mail| &mail["subject"]).collect();
    assert_eq!(subjects, ["Confirm your e-mail address"], "its own alone");
    let erase = json!({ "password": PASSWORD });
    let erased = t.post("/api/v1/auth/me/erase", &bearer, erase).await;
    erased.expect(200);
    shop.run_jobs().await;
    let left = outbox(t).await;
    let left: Vec<_> = left.iter().map(|notice| notice.id.as_str()).collect();
    assert!(left.contains(&mail.as_str()), "{left:?}");
    let own = |id: &&&str| id.starts_with("verify:");
    assert_eq!(left.iter().find(own), None, "{left:?}");
}

#[tokio::test]
async fn what_it_wants_holds_for_an_address_once_that_is_confirmed() {
    // A7, A2, E16
    let shop = Shop::open(5).await;
    let t = &shop.t;
    guest_buys(&shop, "v@example.org").await;
    let eve = account(t, "eve", "v@example.org").await;
    let eve = text(&eve["accessToken"]);
    let path = "/api/v1/auth/me/preferences";
    let mute =
        json!({ "eventChanges": false, "reminders": false, "offers": true, "gateAlerts": false });
    let chosen = t.call("PUT", path, &eve, Some(mute.clone())).await;
    chosen.expect(200);
    assert_eq!(t.get(path, &eve).await.expect(200), mute);
    let wants = async || {
        let wants = crate::notices::preferences(&t.app.db, "v@example.org").await;
        wants.expect("read").event_changes
    };
    assert!(wants().await, "of the address nothing is known yet");
    // Neither does a move bring choices to an address that is another's.
    let fay = account(t, "fay", "fay@example.org").await;
    let fay = text(&fay["accessToken"]);
    t.call("PUT", path, &fay, Some(mute.clone()))
        .await
        .expect(200);
    let body = json!({ "email": "guest@example.org", "password": PASSWORD });
    let moved = t
        .call("PUT", "/api/v1/auth/me/email", &fay, Some(body))
        .await;
    moved.expect(200);
    assert_eq!(t.get(path, &fay).await.expect(200), mute, "they move along");
    let guests = crate::notices::preferences(&t.app.db, "guest@example.org").await;
    assert!(guests.expect("read").event_changes);

    let token = mailed(t, "v@example.org", "/account/verify/").await;
    let body = json!({ "token": token });
    t.post("/api/v1/auth/verify-email", "", body)
        .await
        .expect(204);
    assert!(!wants().await, "it is theirs now");
    assert_eq!(t.get(path, &eve).await.expect(200), mute);
}
