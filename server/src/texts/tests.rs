//! Numbers and texts, through a provider that speaks real HTTP.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::UserId;

use crate::accounts::model::User;
use crate::orders::fixture::Shop;
use crate::platform::db::{DbError, Query, Versioned};
use crate::testing::{NOW, TestApp};
use crate::texts::{BadSmsSettings, Http, Text};

/// What the provider took, and what it says next.
#[derive(Clone, Default)]
struct Double {
    taken: Arc<Mutex<Vec<Value>>>,
    says: Arc<Mutex<Option<StatusCode>>>,
}

impl Double {
    /// Listens on a port of its own; gives the `SMS_URL`.
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("its address");
        let router = Router::new()
            .route("/send", post(take))
            .with_state(self.clone());
        drop(tokio::spawn(
            async move { axum::serve(listener, router).await },
        ));
        format!("http://gate:secret@{address}/send")
    }

    fn say(&self, status: u16) {
        *self.says.lock().expect("one test") = StatusCode::from_u16(status).ok();
    }

    fn taken(&self) -> Vec<Value> {
        self.taken.lock().expect("one test").clone()
    }
}

async fn take(State(double): State<Double>, headers: HeaderMap, body: String) -> StatusCode {
    // gate:secret
    assert_eq!(headers["authorization"], "Basic Z2F0ZTpzZWNyZXQ=");
    if let Some(status) = *double.says.lock().expect("one test") {
        return status;
    }
    let text: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(
        headers["idempotency-key"],
        text["reference"].as_str().expect("a name")
    );
    double.taken.lock().expect("one test").push(text);
    StatusCode::OK
}

async fn app(double: &Double) -> TestApp {
    let url = double.listen().await;
    TestApp::with_environment(&[("SMS_URL", &url)]).await
}

/// A stored account with that address, confirmed or not; gives its token.
async fn account(t: &TestApp, address: &str, is_verified: bool) -> String {
    let token = t.stored_user(Role::Attendee).await;
    let user: UserId = t.app.tokens.verify(&token, NOW).expect("ours").user;
    let address = address.to_owned();
    let stored: Result<(), DbError> = t
        .app
        .db
        .write(move |tx| {
            let mut user = tx.get::<User>(&user.to_string())?.expect("stored");
            user.email.clone_from(&address);
            user.email_key.clone_from(&address);
            user.verified_at = is_verified.then_some(NOW);
            tx.replace(&mut user)
        })
        .await;
    stored.expect("stored");
    token
}

/// The account has shown that the address is its own.
async fn verify(t: &TestApp, token: &str) {
    let user = t.app.tokens.verify(token, NOW).expect("ours").user;
    let stored: Result<(), DbError> = t
        .app
        .db
        .write(move |tx| {
            let mut user = tx.get::<User>(&user.to_string())?.expect("stored");
            user.verified_at = Some(NOW);
            tx.replace(&mut user)
        })
        .await;
    stored.expect("stored");
}

async fn give(t: &TestApp, token: &str) -> crate::testing::Answer {
    let body = json!({ "number": "+84 90 123 45 67" });
    t.call("PUT", "/api/v1/auth/me/phone", token, Some(body))
        .await
}

async fn run(t: &TestApp) {
    t.app.runner().run_due().await.expect("jobs");
}

/// The code in the last text.
fn code(double: &Double) -> String {
    let last = double.taken().pop().expect("a text");
    let words = last["text"].as_str().expect("words").to_owned();
    words.split(' ').next().expect("a code").to_owned()
}

async fn confirm(t: &TestApp, token: &str, code: &str) -> crate::testing::Answer {
    let body = json!({ "code": code });
    t.post("/api/v1/auth/me/phone/confirm", token, body).await
}

#[tokio::test]
async fn a_number_is_confirmed_by_the_code_that_went_to_it() {
    // N2
    let double = Double::default();
    let t = app(&double).await;
    let token = account(&t, "ann@example.org", true).await;
    t.get("/api/v1/auth/me/phone", &token)
        .await
        .expect_error(404, "not_found");
    let given = give(&t, &token).await.expect(202);
    assert_eq!(
        (&given["number"], &given["confirmed"]),
        (&json!("+84901234567"), &json!(false))
    );
    run(&t).await;
    let right = code(&double);
    assert_eq!(
        (right.len(), double.taken()[0]["to"].as_str()),
        (6, Some("+84901234567"))
    );
    let texts = t.app.db.list::<Text>(&Query::on("id")).await.expect("read");
    let outbox: Vec<_> = texts.into_iter().map(Versioned::into_inner).collect();
    let outbox = serde_json::to_string(&outbox).expect("JSON");
    assert!(
        !outbox.contains(&right) && !outbox.contains("8490123"),
        "{outbox}"
    );
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    confirm(&t, &token, wrong)
        .await
        .expect_error(422, "wrong_code");
    let confirmed = confirm(&t, &token, &right).await.expect(200);
    assert_eq!(confirmed["confirmed"], true);
    confirm(&t, &token, &right)
        .await
        .expect_error(422, "wrong_code");
    let gone = t
        .call("DELETE", "/api/v1/auth/me/phone", &token, None)
        .await;
    assert_eq!(gone.status, 204);
}

#[tokio::test]
async fn codes_end_and_neither_codes_nor_tries_are_without_end() {
    // N2
    let double = Double::default();
    let t = app(&double).await;
    let token = account(&t, "ann@example.org", true).await;
    give(&t, &token).await.expect(202);
    run(&t).await;
    let right = code(&double);
    let wrong = if right == "000000" {
        "000001"
    } else {
        "000000"
    };
    for _ in 0..5 {
        confirm(&t, &token, wrong)
            .await
            .expect_error(422, "wrong_code");
    }
    confirm(&t, &token, &right)
        .await
        .expect_error(422, "wrong_code");
    give(&t, &token).await.expect(202);
    run(&t).await;
    let late = code(&double);
    t.clock.advance(600_000);
    confirm(&t, &token, &late)
        .await
        .expect_error(422, "wrong_code");
    for _ in 0..3 {
        give(&t, &token).await.expect(202);
    }
    give(&t, &token).await.expect_error(429, "rate_limited");
    for bad in ["", "0901234567", "+84 ninety"] {
        let body = json!({ "number": bad });
        let answer = t
            .call("PUT", "/api/v1/auth/me/phone", &token, Some(body))
            .await;
        answer.expect_error(400, "validation");
    }
}

#[tokio::test]
async fn news_follow_the_mail_to_whoever_confirmed_both_and_wants_them() {
    // N2, E16
    let double = Double::default();
    let url = double.listen().await;
    let t = TestApp::with_environment(&[("SMS_URL", &url)]).await;
    let shop = Shop::over(t, 5).await;
    // An account says that the buyer's address is its own, and has not shown it yet.
    let ann = account(&shop.t, "ann@example.org", false).await;
    give(&shop.t, &ann).await.expect(202);
    run(&shop.t).await;
    confirm(&shop.t, &ann, &code(&double)).await.expect(200);
    shop.buy(1).await;
    shop.run_jobs().await;
    let announce = async |words: &str| {
        let path = format!("/api/v1/events/{}/announcements", shop.event);
        let answer = shop
            .t
            .post(&path, &shop.organizer, json!({ "words": words }))
            .await;
        assert!(answer.status.is_success(), "{}", answer.json());
        shop.run_jobs().await;
    };
    let before = double.taken().len();
    announce("Doors open at five.").await;
    assert_eq!(double.taken().len(), before, "not to whoever only says so");
    verify(&shop.t, &ann).await;
    announce("Doors open at six.").await;
    let taken = double.taken();
    assert_eq!(taken.len(), before + 1, "{taken:?}");
    assert_eq!(
        taken[before]["text"],
        "Night of Strings: Doors open at six."
    );
    let wants = json!({ "eventChanges": false });
    let path = "/api/v1/auth/me/phone/preferences";
    shop.t
        .call("PUT", path, &ann, Some(wants))
        .await
        .expect(200);
    announce("Doors open at seven.").await;
    assert_eq!(double.taken().len(), before + 1, "not wanted");
}

#[tokio::test]
async fn a_call_off_is_texted_once_whatever_its_jobs_luck() {
    // N2, E4, H3
    let double = Double::default();
    let shop = Shop::over(app(&double).await, 5).await;
    let ann = account(&shop.t, "ann@example.org", true).await;
    give(&shop.t, &ann).await.expect(202);
    run(&shop.t).await;
    confirm(&shop.t, &ann, &code(&double)).await.expect(200);
    let order = shop.buy(1).await["id"].as_str().expect("an id").to_owned();
    shop.run_jobs().await;
    let before = double.taken().len();
    let path = format!("/api/v1/events/{}/cancel", shop.event);
    let body = json!({ "reason": "The hall is flooded." });
    let called_off = shop.t.post(&path, &shop.organizer, body).await;
    called_off.expect(202);
    for _ in 0..5 {
        shop.run_jobs().await;
        let again = crate::orders::call_off(
            &shop.t.app,
            order.parse().expect("an id"),
            "Night of Strings",
            "The hall is flooded.",
        );
        again.await.expect("nothing to do");
        shop.t.clock.advance(31_000);
    }
    let taken = double.taken();
    let texts: Vec<_> = taken[before..].iter().map(|text| &text["text"]).collect();
    assert_eq!(
        texts,
        ["Night of Strings does not take place: The hall is flooded. More is in your mail."]
    );
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_and_one_that_refuses_is_not() {
    // N2, H6
    let double = Double::default();
    let t = app(&double).await;
    let token = account(&t, "ann@example.org", true).await;
    double.say(503);
    give(&t, &token).await.expect(202);
    run(&t).await;
    assert_eq!(double.taken().len(), 0);
    *double.says.lock().expect("one test") = None;
    t.clock.advance(60_000);
    run(&t).await;
    assert_eq!(double.taken().len(), 1);
    double.say(400);
    give(&t, &token).await.expect(202);
    run(&t).await;
    let counts = t.app.jobs.counts().await.expect("counts");
    assert_eq!((counts.live, counts.dead), (0, 1));
    assert_eq!(double.taken().len(), 1);
}

#[tokio::test]
async fn without_a_provider_no_number_is_taken_and_a_bad_one_is_told_without_its_secret() {
    // N2, N6
    let t = TestApp::new().await;
    let token = account(&t, "ann@example.org", true).await;
    give(&t, &token).await.expect_error(409, "no_texts");
    for bad in ["http://gate:secret@sms.example/send", "ftp://x", "nothing"] {
        let refused: Result<Http, BadSmsSettings> = Http::new(bad, t.app.http.clone());
        let Err(error) = refused else {
            panic!("{bad} was taken");
        };
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
