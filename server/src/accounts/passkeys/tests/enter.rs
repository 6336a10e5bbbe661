//! Logging in, and everything that does not log in.

use serde_json::{Value, json};
use shared::api::accounts::Role;

use super::{HOST, LOGIN, PASSWORD, Stage, refused};
use crate::accounts::jobs;
use crate::accounts::passkeys::ceremony::Ceremony;
use crate::accounts::passkeys::device::{Device, VERIFIED, text};
use crate::orders::fixture::text as string;
use crate::platform::db::Query;
use crate::testing::TestApp;

#[tokio::test]
async fn a_passkey_logs_in_without_name_password_or_code() {
    // A8
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    let id = stage.add(&stage.ann, &mut phone).await;
    let question = stage.asked().await;
    assert_eq!(question["publicKey"]["allowCredentials"], json!([]));
    assert_eq!(question["publicKey"]["userVerification"], "required");
    assert_eq!(question["publicKey"]["rpId"], HOST);
    let session = stage.show(&question, phone.get(&question)).await;
    let session = session.expect(200);
    assert_eq!(session["user"]["username"], "ann");
    let token = string(&session["accessToken"]);
    let me = stage.test.get("/api/v1/auth/me", &token).await.expect(200);
    assert_eq!(me["email"], "ann@example.org");
    let refresh = json!({ "refreshToken": session["refreshToken"] });
    stage
        .test
        .post("/api/v1/auth/refresh", "", refresh)
        .await
        .expect(200);
    let list = stage.test.get("/api/v1/auth/passkeys", &token).await;
    assert!(list.expect(200)["items"][0]["lastUsedAt"].is_string());
    assert_eq!(stage.names(&stage.bob).await, Vec::<String>::new());
    let began = stage.journal("session.began").await;
    assert!(began.contains(&json!({ "passkey": id })), "{began:?}");
    assert_eq!(
        stage.journal("user.passkey_added").await,
        [json!({ "passkey": id })]
    );
    let admin = stage.test.stored_user(Role::Admin).await;
    let outbox = stage.test.get("/api/v1/notices", &admin).await.expect(200);
    let mail = &outbox["items"][0];
    assert_eq!(
        (&mail["template"], &mail["recipient"]),
        (&json!("passkey_changed"), &json!("ann@example.org"))
    );
    assert!(string(&mail["text"]).contains("Phone"), "{mail}");
}

/// The device, changed.
fn lie(of: &Device, change: impl Fn(&mut Device)) -> Device {
    let mut liar = of.clone();
    change(&mut liar);
    liar
}

#[tokio::test]
async fn whatever_is_wrong_with_a_shown_passkey_the_answer_is_the_same() {
    // A8, A3
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    stage.add(&stage.ann, &mut phone).await;
    let mut bobs = Device::new(2, HOST);
    stage.add(&stage.bob, &mut bobs).await;
    let mut forger = Device::new(3, HOST);
    (forger.id, forger.owner) = (phone.id.clone(), phone.owner.clone());
    refused(&stage.enter(&forger).await, "another key's signature");
    let nobodys = lie(&phone, |of| of.id = vec![9; 32]);
    refused(&stage.enter(&nobodys).await, "an unknown passkey");
    let other = lie(&phone, |of| of.id.clone_from(&bobs.id));
    refused(&stage.enter(&other).await, "the id of another key");
    for owner in [bobs.owner.clone(), Vec::new(), vec![1; 65]] {
        let liar = lie(&phone, |of| of.owner.clone_from(&owner));
        refused(&stage.enter(&liar).await, &format!("owner {owner:?}"));
    }
    for origin in [
        "https://evil.example",
        "https://a.tickets.example",
        "https://tickets.example:8443",
        "http://tickets.example",
        "",
    ] {
        let liar = lie(&phone, |of| origin.clone_into(&mut of.origin));
        refused(&stage.enter(&liar).await, origin);
    }
    let another = stage.asked().await;
    let another = string(&another["publicKey"]["challenge"]);
    for challenge in [text(&[7; 32]), String::new(), another] {
        let liar = lie(&phone, |of| of.challenge = Some(challenge.clone()));
        refused(&stage.enter(&liar).await, &challenge);
    }
    let elsewhere = lie(&phone, |of| "evil.example".clone_into(&mut of.rp_id));
    refused(&stage.enter(&elsewhere).await, "another relying party");
    let adding = lie(&phone, |of| of.get = "webauthn.create");
    refused(&stage.enter(&adding).await, "another step");
    let unverified = lie(&phone, |of| of.flags &= !VERIFIED);
    refused(&stage.enter(&unverified).await, "not verified");
    let absent = lie(&phone, |of| of.flags = VERIFIED);
    refused(&stage.enter(&absent).await, "nobody there");
    stage.enter(&phone).await.expect(200);
}

#[tokio::test]
async fn nonsense_in_any_field_of_a_shown_passkey_gets_the_same_answer() {
    // A8, N1
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    stage.add(&stage.ann, &mut phone).await;
    let long = text(&[0; 8_000]);
    for (pointer, value) in [
        ("/type", json!("password")),
        ("/id", json!("AAAA")),
        ("/rawId", json!("AAAA")),
        ("/rawId", json!(long)),
        ("/response/clientDataJSON", json!("")),
        ("/response/clientDataJSON", json!("not base64url!")),
        ("/response/clientDataJSON", json!(text(b"{"))),
        ("/response/clientDataJSON", json!(text(b"\xff\xfe"))),
        ("/response/clientDataJSON", json!(long)),
        ("/response/authenticatorData", json!("")),
        ("/response/authenticatorData", json!(text(&[5; 36]))),
        ("/response/authenticatorData", json!(text(&[0xff; 60]))),
        ("/response/authenticatorData", json!(long)),
        ("/response/signature", json!("")),
        (
            "/response/signature",
            json!(text(b"\x30\x06\x02\x01\x00\x02\x01\x00")),
        ),
        ("/response/signature", json!(long)),
        ("/response/userHandle", Value::Null),
        ("/response/userHandle", json!(long)),
    ] {
        let question = stage.asked().await;
        let mut credential = phone.get(&question);
        *credential.pointer_mut(pointer).expect("a field") = value.clone();
        let shown = value.to_string();
        let what = format!("{pointer}: {}", &shown[..shown.len().min(40)]);
        refused(&stage.show(&question, credential).await, &what);
    }
    stage.enter(&phone).await.expect(200);
}

#[tokio::test]
async fn a_ceremony_has_one_answer_in_time_and_of_its_kind() {
    // A8
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    stage.add(&stage.ann, &mut phone).await;
    let question = stage.asked().await;
    let answer = phone.get(&question);
    stage.show(&question, answer.clone()).await.expect(200);
    refused(&stage.show(&question, answer).await, "a replay");
    let question = stage.asked().await;
    let mut broken = phone.get(&question);
    broken["response"]["signature"] = json!("AAAA");
    refused(&stage.show(&question, broken).await, "broken");
    let second = phone.get(&question);
    refused(&stage.show(&question, second).await, "a second try");
    let question = stage.asked().await;
    stage.test.clock.advance(300_000);
    let late = phone.get(&question);
    refused(&stage.show(&question, late).await, "too late");
    let adding = stage.begun(&stage.ann).await;
    let shown = phone.get(&adding);
    refused(&stage.show(&adding, shown).await, "meant for adding");
    let unknown = json!({ "ceremony": "01900000-0000-7000-8000-000000000000" });
    let shown = phone.get(&question);
    refused(&stage.show(&unknown, shown).await, "unknown");

    let db = &stage.test.app.db;
    stage.asked().await;
    stage.test.clock.advance(301_000);
    jobs::sweep(&stage.test.app).await.expect("swept");
    let left = db.count::<Ceremony>(&Query::on("by_expiry")).await;
    assert_eq!(left.expect("counted"), 0);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_a_copy_and_opens_nothing() {
    // A8
    let stage = Stage::set().await;
    let mut key = Device::new(1, HOST);
    key.counter = 4;
    let id = stage.add(&stage.ann, &mut key).await;
    let copy = key.clone();
    key.counter = 9;
    stage.enter(&key).await.expect(200);
    for counter in [0, 4, 9] {
        let mut copy = copy.clone();
        copy.counter = counter;
        refused(&stage.enter(&copy).await, "a copy");
    }
    let told = stage.journal("user.passkey_copied").await;
    assert_eq!(told, vec![json!({ "passkey": id }); 3]);
    key.counter = 10;
    stage.enter(&key).await.expect(200);
}

#[tokio::test]
async fn a_server_without_a_name_says_that_passkeys_need_one() {
    // A8
    let test = TestApp::with_environment(&[("PUBLIC_URL", "http://127.0.0.1:8080")]).await;
    let ann = test.stored_user(Role::Attendee).await;
    let body = json!({ "password": PASSWORD });
    let answer = test.post("/api/v1/auth/passkeys", &ann, body).await;
    answer.expect_error(409, "passkeys_need_a_name");
    let answer = test.post(LOGIN, "", json!({})).await;
    answer.expect_error(409, "passkeys_need_a_name");
}

#[tokio::test]
async fn logins_by_passkey_are_limited_per_address() {
    // A8, A3
    let test = TestApp::configured(&[("PUBLIC_URL", "https://tickets.example")], |config| {
        config.limits.login_per_ip_per_minute = 2;
    })
    .await;
    for _ in 0..2 {
        test.post(LOGIN, "", json!({})).await.expect(200);
    }
    let answer = test.post(LOGIN, "", json!({})).await;
    answer.expect_error(429, "rate_limited");
}
