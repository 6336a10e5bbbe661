//! The second factor, over HTTP.

use serde_json::{Value, json};

use super::model::{SecondFactor, totp};
use crate::orders::fixture::text;
use crate::platform::db::Query;
use crate::testing::{Answer, NOW, TestApp};

const PASSWORD: &str = "lavender-tram-39";

struct Ann {
    test: TestApp,
    bearer: String,
    secret: Vec<u8>,
    recovery: Vec<String>,
}

impl Ann {
    /// With a second factor.
    async fn new() -> Self {
        let test = TestApp::new().await;
        let body = json!({ "email": "ann@example.org", "username": "ann", "password": PASSWORD });
        test.post("/api/v1/auth/register", "", body)
            .await
            .expect(201);
        let mut ann = Self {
            test,
            bearer: String::new(),
            secret: Vec::new(),
            recovery: Vec::new(),
        };
        ann.bearer = text(&ann.log_in(None).await.expect(200)["accessToken"]);
        let wrong = json!({ "password": "not-her-password" });
        ann.post("", wrong)
            .await
            .expect_error(422, "wrong_password");
        let begun = ann
            .post("", json!({ "password": PASSWORD }))
            .await
            .expect(200);
        let secret = text(&begun["secret"]);
        let url = text(&begun["url"]);
        assert!(
            url.starts_with("otpauth://totp/") && url.contains(&secret),
            "{url}"
        );
        ann.secret = data_encoding::BASE32_NOPAD
            .decode(secret.as_bytes())
            .expect("base32");
        ann.log_in(None).await.expect(200);
        ann.post("/confirm", json!({ "code": "000000" }))
            .await
            .expect_error(422, "bad_code");
        let code = json!({ "code": ann.code() });
        let shown = ann.post("/confirm", code).await.expect(200);
        let codes = shown["codes"].as_array().expect("codes");
        ann.recovery = codes.iter().map(text).collect();
        ann
    }

    /// What the app shows now.
    fn code(&self) -> String {
        let now = self.test.app.clock.now().as_secs().unsigned_abs();
        let totp = totp(&self.secret, "ann").expect("a factor");
        totp.generate(now).to_string()
    }

    async fn log_in(&self, code: Option<&str>) -> Answer {
        let mut body = json!({ "username": "ann", "password": PASSWORD });
        if let Some(code) = code {
            body["code"] = json!(code);
        }
        self.test.post("/api/v1/auth/login", "", body).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/auth/totp{path}");
        self.test.post(&path, &self.bearer, body).await
    }
}

#[tokio::test]
async fn a_login_needs_the_code_and_a_code_works_once() {
    // A8
    let ann = Ann::new().await;
    assert_eq!(ann.recovery.len(), 10);
    ann.log_in(None).await.expect_error(401, "code_wanted");
    let used = ann.code();
    ann.log_in(Some(&used)).await.expect_error(401, "bad_code");
    ann.test.clock.advance(30_000);
    let next = ann.code();
    ann.log_in(Some(&next)).await.expect(200);
    ann.log_in(Some(&next)).await.expect_error(401, "bad_code");
    let wrong = json!({ "username": "ann", "password": "not-her-password", "code": ann.code() });
    ann.test
        .post("/api/v1/auth/login", "", wrong)
        .await
        .expect_error(401, "bad_credentials");
}

#[tokio::test]
async fn recovery_codes_work_once_each_and_secrets_lie_wrapped() {
    // A8
    let ann = Ann::new().await;
    ann.log_in(Some(&ann.recovery[3])).await.expect(200);
    ann.log_in(Some(&ann.recovery[3]))
        .await
        .expect_error(401, "bad_code");
    let rows = ann.test.app.db.list::<SecondFactor>(&Query::on("id")).await;
    let row = serde_json::to_string(&rows.expect("read")[0].value).expect("JSON");
    let secret = data_encoding::BASE32_NOPAD.encode(&ann.secret);
    assert!(
        !row.contains(&secret) && !row.contains(&ann.recovery[5]),
        "{row}"
    );
}

#[tokio::test]
async fn guesses_at_the_code_are_few_and_lock_out_nobody_without_the_password() {
    // A8
    let ann = Ann::new().await;
    ann.test.clock.advance(120_000);
    // A stranger who does not know the password never gets to the code.
    for _ in 0..8 {
        let wrong = json!({ "username": "ann", "password": "not-her-password", "code": "123456" });
        ann.test
            .post("/api/v1/auth/login", "", wrong)
            .await
            .expect_error(401, "bad_credentials");
    }
    ann.test.clock.advance(60_000);
    for _ in 0..5 {
        ann.log_in(Some("000000"))
            .await
            .expect_error(401, "bad_code");
    }
    ann.log_in(Some(&ann.code()))
        .await
        .expect_error(429, "rate_limited");
    ann.test.clock.advance(60_000);
    ann.log_in(Some(&ann.code())).await.expect(200);
}

#[tokio::test]
async fn it_is_taken_away_with_password_and_code_only() {
    // A8
    let ann = Ann::new().await;
    assert!(ann.test.app.clock.now() == NOW);
    ann.test.clock.advance(60_000);
    let again = json!({ "password": PASSWORD });
    ann.post("", again)
        .await
        .expect_error(409, "second_factor_on");
    let end = async |password: &str, code: &str| {
        let body = json!({ "password": password, "code": code });
        ann.post("/end", body).await
    };
    end(PASSWORD, "000000").await.expect_error(422, "bad_code");
    end("not-her-password", &ann.code())
        .await
        .expect_error(422, "wrong_password");
    end(PASSWORD, &ann.code()).await.expect(204);
    ann.log_in(None).await.expect(200);
}
