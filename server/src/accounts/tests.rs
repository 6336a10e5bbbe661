//! The routes of accounts, over HTTP.

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::UserId;

use super::model::{EndReason, RefreshToken, Session, User};
use super::{grant_organizer, jobs};
use crate::platform::db::{DbError, Query};
use crate::platform::journal;
use crate::testing::{NOW, TestApp};

const PASSWORD: &str = "lavender-tram-39";

fn ann() -> Value {
    json!({ "email": "ann@example.com", "username": "Ann", "password": PASSWORD })
}

async fn with_ann() -> TestApp {
    let test = TestApp::new().await;
    test.post("/api/v1/auth/register", "", ann())
        .await
        .expect(201);
    test
}

async fn login(test: &TestApp) -> Value {
    let body = json!({ "username": "ann", "password": PASSWORD });
    test.post("/api/v1/auth/login", "", body).await.expect(200)
}

async fn refresh(test: &TestApp, token: &Value) -> crate::testing::Answer {
    let body = json!({ "refreshToken": token });
    test.post("/api/v1/auth/refresh", "", body).await
}

async fn actions(test: &TestApp) -> Vec<String> {
    let entries = test
        .app
        .db
        .list::<journal::Entry>(&Query::on("by_time"))
        .await;
    let entries = entries.expect("the journal");
    entries
        .into_iter()
        .map(|entry| entry.value.action)
        .collect()
}

#[tokio::test]
async fn an_account_is_made_and_logs_in_by_name_or_address() {
    // A1, A3
    let test = TestApp::new().await;
    let user = test
        .post("/api/v1/auth/register", "", ann())
        .await
        .expect(201);
    assert_eq!(user["username"], "Ann");
    assert_eq!(user["role"], "ATTENDEE");
    assert!(user.get("passwordHash").is_none() && user.get("password").is_none());
    for name in ["ann", "Ann", "ANN@example.com"] {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = test.post("/api/v1/auth/login", "", body).await.expect(200);
        assert_eq!(answer["expiresIn"], 900);
        assert_eq!(answer["user"]["id"], user["id"]);
        let token = answer["accessToken"].as_str().expect("a token");
        let me = test.get("/api/v1/auth/me", token).await.expect(200);
        assert_eq!(me, answer["user"]);
    }
    assert_eq!(actions(&test).await.len(), 4);
}

#[tokio::test]
async fn the_stored_account_holds_no_password() {
    // A1
    let test = with_ann().await;
    let found = test
        .app
        .db
        .list::<User>(&Query::on("by_email"))
        .await
        .expect("users");
    let stored = serde_json::to_string(&found[0].value).expect("json");
    assert!(stored.contains("$argon2id$") && !stored.contains(PASSWORD));
    assert!(
        !format!("{:?}", found[0]).contains("argon2"),
        "not in logs either"
    );
    let answer = login(&test).await;
    let rows = test
        .app
        .db
        .list::<RefreshToken>(&Query::on("by_expiry"))
        .await
        .expect("rows");
    let text = format!("{rows:?}");
    assert!(!text.contains(answer["refreshToken"].as_str().expect("token")));
}

#[tokio::test]
async fn bad_registrations_are_refused_per_field() {
    // A1
    let test = with_ann().await;
    let bad = json!({ "email": "nowhere", "username": "-", "password": "short" });
    let details = test
        .post("/api/v1/auth/register", "", bad)
        .await
        .expect_error(400, "validation");
    let fields: Vec<_> = details.as_object().expect("details").keys().collect();
    assert_eq!(fields, ["email", "password", "username"]);
    let common = json!({ "email": "b@c.de", "username": "bob", "password": "Password1234" });
    let details = test
        .post("/api/v1/auth/register", "", common)
        .await
        .expect_error(400, "validation");
    assert!(
        details["password"]
            .as_str()
            .expect("why")
            .contains("guessed")
    );
    for (email, name, taken) in [
        ("ANN@Example.com", "other", json!({ "email": "is taken" })),
        (
            "other@example.com",
            "aNN",
            json!({ "username": "is taken" }),
        ),
        (
            "ann@example.com",
            "ann",
            json!({ "email": "is taken", "username": "is taken" }),
        ),
    ] {
        let again = json!({ "email": email, "username": name, "password": PASSWORD });
        let answer = test.post("/api/v1/auth/register", "", again).await;
        assert_eq!(answer.expect_error(409, "taken"), taken);
    }
    let extra =
        json!({ "email": "b@c.de", "username": "bob", "password": PASSWORD, "role": "ADMIN" });
    test.post("/api/v1/auth/register", "", extra)
        .await
        .expect_error(400, "validation");
}

#[tokio::test]
async fn every_failed_login_reads_the_same() {
    // A3
    let test = with_ann().await;
    let mut seen = Vec::new();
    for (name, password) in [
        ("ann", "lavender-tram-40"),
        ("nobody", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("", ""),
        ("ann", &"x".repeat(1000)),
    ] {
        let body = json!({ "username": name, "password": password });
        let answer = test.post("/api/v1/auth/login", "", body).await;
        answer.expect_error(401, "bad_credentials");
        seen.push(answer.bytes);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn guessing_is_limited_and_says_when_to_come_back() {
    // A3
    let test = with_ann().await;
    let body = json!({ "username": "ann", "password": "wrong-wrong-wrong" });
    for _ in 0..10 {
        test.post("/api/v1/auth/login", "", body.clone())
            .await
            .expect_error(401, "bad_credentials");
    }
    let answer = test.post("/api/v1/auth/login", "", body).await;
    answer.expect_error(429, "rate_limited");
    let wait: u32 = answer.headers["retry-after"]
        .to_str()
        .expect("text")
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    test.clock.advance(i64::from(wait) * 1000);
    login(&test).await;
}

#[tokio::test]
async fn a_refresh_token_works_once() {
    // A4
    let test = with_ann().await;
    let first = login(&test).await;
    test.clock.advance(1000);
    let second = refresh(&test, &first["refreshToken"]).await.expect(200);
    assert_ne!(second["refreshToken"], first["refreshToken"]);
    assert_ne!(second["accessToken"], first["accessToken"]);
    let third = refresh(&test, &second["refreshToken"]).await.expect(200);
    // The first comes again: somebody else holds it. All that descends from it ends.
    refresh(&test, &first["refreshToken"])
        .await
        .expect_error(401, "bad_refresh_token");
    refresh(&test, &third["refreshToken"])
        .await
        .expect_error(401, "bad_refresh_token");
    let sessions = test
        .app
        .db
        .list::<Session>(&Query::on("by_expiry"))
        .await
        .expect("rows");
    let ended = sessions[0].ended.expect("ended");
    assert_eq!(ended.why, EndReason::Reuse);
    let reuses = actions(&test)
        .await
        .into_iter()
        .filter(|action| action == "session.reuse");
    assert_eq!(reuses.count(), 1, "told once");
    // Another login of the same person goes on.
    let other = login(&test).await;
    refresh(&test, &other["refreshToken"]).await.expect(200);
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins() {
    // A4
    let test = with_ann().await;
    let first = login(&test).await;
    let (one, two) = tokio::join!(
        refresh(&test, &first["refreshToken"]),
        refresh(&test, &first["refreshToken"])
    );
    let won = [one.status, two.status]
        .iter()
        .filter(|status| status.is_success())
        .count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn refresh_tokens_expire_and_nonsense_is_refused() {
    // A4
    let test = with_ann().await;
    let first = login(&test).await;
    test.clock.advance(30 * 86_400_000);
    refresh(&test, &first["refreshToken"])
        .await
        .expect_error(401, "bad_refresh_token");
    for token in ["", "ghr_", "nonsense", &format!("ghr_{}", "A".repeat(43))] {
        refresh(&test, &json!(token))
            .await
            .expect_error(401, "bad_refresh_token");
    }
    let body = json!({ "refreshToken": 7 });
    let details = test
        .post("/api/v1/auth/refresh", "", body)
        .await
        .expect_error(400, "validation");
    assert!(details["refreshToken"].is_string());
}

#[tokio::test]
async fn logout_ends_refreshing_at_once() {
    // A5
    let test = with_ann().await;
    for by_token in [true, false] {
        let here = login(&test).await;
        let elsewhere = login(&test).await;
        let access = here["accessToken"].as_str().expect("token");
        let answer = if by_token {
            // Without a bearer token, as after its expiry.
            let body = json!({ "refreshToken": here["refreshToken"] });
            test.post("/api/v1/auth/logout", "", body).await
        } else {
            test.call("POST", "/api/v1/auth/logout", access, None).await
        };
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        refresh(&test, &here["refreshToken"])
            .await
            .expect_error(401, "bad_refresh_token");
        refresh(&test, &elsewhere["refreshToken"]).await.expect(200);
        // Access ends within its lifetime.
        test.get("/api/v1/auth/me", access).await.expect(200);
        test.clock.advance(900_000);
        test.get("/api/v1/auth/me", access)
            .await
            .expect_error(401, "token_expired");
        // Again is no error.
        let body = json!({ "refreshToken": here["refreshToken"] });
        test.post("/api/v1/auth/logout", "", body).await.expect(204);
    }
    let nobody = test.call("POST", "/api/v1/auth/logout", "", None).await;
    let details = nobody.expect_error(400, "validation");
    assert!(details["refreshToken"].is_string(), "{details}");
}

#[tokio::test]
async fn logout_needs_no_living_access_token() {
    // A5
    let test = with_ann().await;
    let here = login(&test).await;
    let access = here["accessToken"].as_str().expect("token");
    test.clock.advance(900_000);
    let path = "/api/v1/auth/logout";
    test.post(path, access, json!({}))
        .await
        .expect_error(401, "token_expired");
    let body = json!({ "refreshToken": here["refreshToken"] });
    test.post(path, access, body).await.expect(204);
    refresh(&test, &here["refreshToken"])
        .await
        .expect_error(401, "bad_refresh_token");
}

#[tokio::test]
async fn forged_access_tokens_are_refused() {
    // A3
    let test = with_ann().await;
    let answer = login(&test).await;
    let good = answer["accessToken"].as_str().expect("token");
    let mut parts = good.split('.');
    let (_header, claims) = (parts.next(), parts.next().expect("claims"));
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let other = TestApp::with_environment(&[("JWT_SECRET", "another server's secret")]).await;
    let foreign = other.token(UserId::new(NOW, [1; 10]), Role::Admin);
    for bad in [none.as_str(), &foreign, &good[1..], "nonsense"] {
        test.get("/api/v1/auth/me", bad)
            .await
            .expect_error(401, "token_invalid");
    }
    let answer = test.get("/api/v1/auth/me", "").await;
    answer.expect_error(401, "unauthenticated");
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
    // Well signed, but its account is gone.
    let orphan = test.token_for(Role::Attendee);
    test.get("/api/v1/auth/me", &orphan)
        .await
        .expect_error(401, "token_invalid");
}

#[tokio::test]
async fn the_first_event_makes_an_organizer() {
    // A6
    let test = with_ann().await;
    let first = login(&test).await;
    let id: UserId = first["user"]["id"]
        .as_str()
        .expect("id")
        .parse()
        .expect("a uuid");
    for _ in 0..2 {
        let granted = test
            .app
            .db
            .write(move |tx| grant_organizer(tx, id, NOW))
            .await;
        assert!(granted.expect("written"));
    }
    let stranger = UserId::new(NOW, [9; 10]);
    let granted: Result<bool, DbError> = test
        .app
        .db
        .write(move |tx| grant_organizer(tx, stranger, NOW))
        .await;
    assert!(!granted.expect("written"));
    let second = refresh(&test, &first["refreshToken"]).await.expect(200);
    assert_eq!(second["user"]["role"], "ORGANIZER");
    let told = actions(&test)
        .await
        .into_iter()
        .filter(|action| action == "user.role");
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn what_ended_of_age_is_swept() {
    // A4
    let test = with_ann().await;
    let first = login(&test).await;
    refresh(&test, &first["refreshToken"]).await.expect(200);
    assert_eq!(jobs::sweep(&test.app).await.expect("swept"), 0);
    test.clock.advance(31 * 86_400_000);
    login(&test).await;
    // The session, its two refresh tokens, and the link to confirm the address.
    assert_eq!(jobs::sweep(&test.app).await.expect("swept"), 4);
    let left = test
        .app
        .db
        .count::<RefreshToken>(&Query::on("by_expiry"))
        .await;
    assert_eq!(left.expect("counted"), 1);
}
