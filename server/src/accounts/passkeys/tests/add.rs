//! Adding: who may, and what is no passkey.

use serde_json::{Value, json};
use shared::limits::PASSKEYS_MAX;

use super::{HOST, PASSWORD, Stage};
use crate::accounts::passkeys::device::{Device, VERIFIED, text};
use crate::accounts::passkeys::model::{Passkey, hash};
use crate::orders::fixture::text as string;
use crate::platform::db::DbError;

#[tokio::test]
async fn a_stolen_login_adds_no_passkey_nor_does_a_stolen_password() {
    // A8
    let stage = Stage::set().await;
    let wrong = json!({ "password": "not-her-password" });
    stage
        .call("", &stage.ann, wrong)
        .await
        .expect_error(422, "wrong_password");
    let totp = async |path: &str, body: Value| {
        let path = format!("/api/v1/auth/totp{path}");
        stage.test.post(&path, &stage.ann, body).await.expect(200)
    };
    let secret = string(&totp("", json!({ "password": PASSWORD })).await["secret"]);
    let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes());
    let app = totp_rs::Builder::new().with_secret(secret.expect("base32"));
    let app = app.with_skew(1).build().expect("an app");
    let code = || {
        let now = stage.test.app.clock.now().as_secs().unsigned_abs();
        app.generate(now).to_string()
    };
    totp("/confirm", json!({ "code": code() })).await;
    stage.test.clock.advance(30_000);
    for (given, refused) in [(None, "code_wanted"), (Some("000000"), "bad_code")] {
        let body = json!({ "password": PASSWORD, "code": given });
        let answer = stage.call("", &stage.ann, body).await;
        answer.expect_error(422, refused);
    }
    let body = json!({ "password": PASSWORD, "code": code() });
    let question = stage.call("", &stage.ann, body).await.expect(200);
    let mut phone = Device::new(1, HOST);
    let credential = phone.create(&question);
    let added = stage.finish(&stage.ann, &question, credential).await;
    added.expect(201);
    // Whoever has the passkey was verified by it: no code is asked for besides.
    stage.enter(&phone).await.expect(200);
}

#[tokio::test]
async fn a_bad_new_passkey_is_refused_and_stores_nothing() {
    // A8
    let stage = Stage::set().await;
    let phone = Device::new(1, HOST);
    let other = stage.begun(&stage.ann).await;
    let lie = |change: &dyn Fn(&mut Device)| {
        let mut liar = phone.clone();
        change(&mut liar);
        liar
    };
    for (what, mut liar) in [
        (
            "another origin",
            lie(&|of| of.origin = "https://evil.example".to_owned()),
        ),
        (
            "another relying party",
            lie(&|of| of.rp_id = "evil.example".to_owned()),
        ),
        (
            "the challenge of another ceremony",
            lie(&|of| of.challenge = Some(string(&other["publicKey"]["challenge"]))),
        ),
        ("another step", lie(&|of| of.create = "webauthn.get")),
        (
            "an owner who was not verified",
            lie(&|of| of.flags &= !VERIFIED),
        ),
        ("no id", lie(&|of| of.id.clear())),
        ("an id of few bytes", lie(&|of| of.id.truncate(15))),
        ("an id of many bytes", lie(&|of| of.id = vec![1; 2_000])),
    ] {
        let question = stage.begun(&stage.ann).await;
        let credential = liar.create(&question);
        let answer = stage.finish(&stage.ann, &question, credential).await;
        assert_eq!(answer.json()["code"], "bad_passkey", "{what}");
        answer.expect_error(422, "bad_passkey");
    }
    let whole = phone.clone().create(&other)["response"]["attestationObject"].clone();
    let whole = string(&whole);
    for bytes in [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        whole[..20].to_owned(),
        text(&[0x81; 3_000]),
        text(&[0xbf; 9_000]),
        text(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff"),
        text(b"\x5b\x00\x00\x00\x7f\xff\xff\xff\xff"),
        text(b"\xa0"),
        text(&[0; 13_000]),
        "?".to_owned(),
    ] {
        let question = stage.begun(&stage.ann).await;
        let mut credential = phone.clone().create(&question);
        credential["response"]["attestationObject"] = json!(bytes);
        let answer = stage.finish(&stage.ann, &question, credential).await;
        answer.expect_error(422, "bad_passkey");
    }
    let question = stage.begun(&stage.ann).await;
    let credential = phone.clone().create(&question);
    let answer = stage
        .finish(&stage.bob, &question, credential.clone())
        .await;
    answer.expect_error(422, "bad_passkey");
    let answer = stage.finish(&stage.ann, &question, credential).await;
    answer.expect_error(422, "bad_passkey");
    assert!(stage.names(&stage.ann).await.is_empty());
    assert!(stage.names(&stage.bob).await.is_empty());
}

#[tokio::test]
async fn one_account_has_at_most_ten_and_one_passkey_has_one_account() {
    // A8
    let stage = Stage::set().await;
    let mut phone = Device::new(1, HOST);
    stage.add(&stage.ann, &mut phone).await;
    let question = stage.begun(&stage.ann).await;
    let known = &question["publicKey"]["excludeCredentials"];
    assert_eq!(known[0]["id"], json!(text(&phone.id)));
    let selection = &question["publicKey"]["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    let again = phone.clone().create(&question);
    let answer = stage.finish(&stage.ann, &question, again).await;
    answer.expect_error(422, "bad_passkey");
    let question = stage.begun(&stage.bob).await;
    let taken = phone.clone().create(&question);
    let answer = stage.finish(&stage.bob, &question, taken).await;
    answer.expect_error(409, "passkey_known");

    let eleventh = stage.begun(&stage.ann).await;
    let db = &stage.test.app.db;
    let first = db.get::<Passkey>(&hash(&phone.id)).await.expect("read");
    let first = first.expect("stored").into_inner();
    let stored: Result<(), DbError> = db
        .write(move |tx| {
            for number in 1..PASSKEYS_MAX {
                let mut more = first.clone();
                more.hash = hash(&number.to_be_bytes());
                tx.insert(&more)?;
            }
            Ok(())
        })
        .await;
    stored.expect("written");
    let credential = Device::new(2, HOST).create(&eleventh);
    let answer = stage.finish(&stage.ann, &eleventh, credential).await;
    answer.expect_error(409, "too_many_passkeys");
    let body = json!({ "password": PASSWORD });
    let answer = stage.call("", &stage.ann, body).await;
    answer.expect_error(409, "too_many_passkeys");
}

#[tokio::test]
async fn a_login_that_has_ended_adds_nothing_more() {
    // A8
    let stage = Stage::set().await;
    let question = stage.begun(&stage.ann).await;
    let ended = stage
        .test
        .post("/api/v1/auth/logout/all", &stage.ann, json!({}));
    ended.await.expect(204);
    let credential = Device::new(1, HOST).create(&question);
    let answer = stage.finish(&stage.ann, &question, credential).await;
    answer.expect_error(401, "token_invalid");
    assert!(stage.names(&stage.ann).await.is_empty());
}
