//! Claiming, showing and drawing tickets over HTTP.

use axum::http::{Request, header};
use serde_json::json;
use shared::api::accounts::Role;
use shared::api::tickets::TicketStatus;
use shared::ticket::{TOKEN_DIGITS, Token, verify};

use super::super::code::TypedCode;
use super::super::{ClaimedTicket, TicketQr};
use crate::gate::tests::Site;
use crate::inventory::model::IssuedTicket;
use crate::testing::NOW;

#[tokio::test]
async fn a_paid_ticket_becomes_a_signed_one() {
    // T1, T2, T6
    let site = Site::with_tickets(2).await;
    let ticket = site.claim(1).await;
    assert_eq!(ticket["status"], "CLAIMED");
    assert_eq!(
        (&ticket["serial"], &ticket["generation"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(ticket["attendee"]["name"], "Ann Lee");
    assert_eq!(site.ticket_status(1).await, TicketStatus::Claimed);
    assert_eq!(site.ticket_status(0).await, TicketStatus::Paid);

    let digits = ticket["token"].as_str().expect("digits");
    assert_eq!(digits.len(), TOKEN_DIGITS);
    let token = Token::from_digits(digits).expect("a token");
    let keys = crate::gate::keys::for_event(&site.test.app, site.event, NOW)
        .await
        .expect("keys");
    let key = keys.issuing(token.kid()).expect("a key").verifying_key();
    let payload = verify(&token, site.event, &key).expect("a good signature");
    assert_eq!(
        (payload.serial, payload.generation, payload.class),
        (1, 1, 0)
    );

    let code = ticket["code"].as_str().expect("a code");
    assert!(TypedCode::parse(code).is_some(), "{code}");
    let page = ticket["pageUrl"].as_str().expect("a link");
    let secret = page
        .strip_prefix("http://gatehouse.test/t/")
        .expect("our page");
    assert_eq!(secret.len(), 26);
    assert!(
        ticket["qrUrl"]
            .as_str()
            .expect("a link")
            .contains("/claimed-tickets/qr/")
    );
}

#[tokio::test]
async fn one_key_is_one_claim_and_keeps_no_code() {
    // O2, T1
    let site = Site::with_tickets(3).await;
    let path = "/api/v1/claimed-tickets/claim";
    let claim = async |key: &str, ticket: usize| {
        let body = site.claim_body(ticket);
        site.test.keyed(path, &site.attendee, key, &body).await
    };
    let first = claim("k", 0).await.expect(201);
    // As at first, not "claimed before": the client cannot tell that it asked twice.
    assert_eq!(claim("k", 0).await.expect(201), first);
    claim("k", 1)
        .await
        .expect_error(422, "idempotency_mismatch");
    assert_eq!(site.ticket_status(1).await, TicketStatus::Paid);

    // A claim that found its work done has an answer of its own, and a key as used as any.
    let known = site.claim(2).await;
    assert_eq!(claim("l", 2).await.expect(200), known);
    assert_eq!(claim("l", 2).await.expect(200), known);
    claim("l", 1)
        .await
        .expect_error(422, "idempotency_mismatch");

    let stored = site.test.remembered().await;
    assert!(stored.contains(first["id"].as_str().expect("an id")));
    let page = first["pageUrl"].as_str().expect("a link");
    let secret = page.rsplit('/').next().expect("a secret");
    for secret in [&first["token"], &first["code"], &json!(secret)] {
        let secret = secret.as_str().expect("text");
        assert!(!stored.contains(secret), "{stored}");
    }
    assert!(!stored.contains("Ann Lee"), "{stored}");
}

#[tokio::test]
async fn claims_that_race_with_one_key_get_one_answer() {
    // O2
    let site = Site::with_tickets(1).await;
    let body = site.claim_body(0);
    let path = "/api/v1/claimed-tickets/claim";
    let claim = || site.test.keyed(path, &site.attendee, "k", &body);
    let (first, second) = futures::join!(claim(), claim());
    assert_eq!(first.expect(201), second.expect(201));
}

#[tokio::test]
async fn claiming_again_gives_the_same_ticket_and_nobody_else_gets_it() {
    // T1, T5, S116, S145
    let site = Site::with_tickets(2).await;
    let path = "/api/v1/claimed-tickets/claim";
    let first = site.claim(0).await;
    let again = site
        .test
        .post(path, &site.attendee, site.claim_body(0))
        .await
        .expect(200);
    assert_eq!(again, first);
    let mut other = site.claim_body(0);
    other["attendee"]["name"] = json!("Bob");
    site.test
        .post(path, &site.attendee, other)
        .await
        .expect_error(409, "already_claimed");

    let stranger = site.test.token_for(Role::Attendee);
    for caller in [&stranger, &site.organizer] {
        site.test
            .post(path, caller, site.claim_body(0))
            .await
            .expect_error(404, "not_found");
        site.test
            .post(path, caller, site.claim_body(1))
            .await
            .expect_error(404, "not_found");
    }
    assert_eq!(site.ticket_status(1).await, TicketStatus::Paid);
    site.test
        .post(path, "", site.claim_body(1))
        .await
        .expect(401);

    let mut unnamed = site.claim_body(1);
    unnamed["attendee"] = json!({ "name": " ", "email": "nobody" });
    let wrong = site
        .test
        .post(path, &site.attendee, unnamed)
        .await
        .expect_error(400, "validation");
    assert!(
        wrong["attendee.name"].is_string() && wrong["attendee.email"].is_string(),
        "{wrong}"
    );

    let stock = site.tickets[1].to_string();
    site.change::<IssuedTicket>(&stock, |stock| stock.status = TicketStatus::Cancelled)
        .await;
    site.test
        .post(path, &site.attendee, site.claim_body(1))
        .await
        .expect_error(409, "not_claimable");
}

#[tokio::test]
async fn racing_claims_mint_one_ticket() {
    // T1
    let site = Site::with_tickets(1).await;
    let claims = (0..8).map(|_| {
        site.test.post(
            "/api/v1/claimed-tickets/claim",
            &site.attendee,
            site.claim_body(0),
        )
    });
    let answers = futures::future::join_all(claims).await;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(created, 1);
    let tokens: Vec<_> = answers
        .iter()
        .map(|answer| answer.json()["token"].clone())
        .collect();
    assert!(
        tokens
            .iter()
            .all(|token| *token == tokens[0] && token.is_string())
    );
}

#[tokio::test]
async fn nothing_that_opens_a_gate_is_stored() {
    // T2, token.md 4 (server DB dump)
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let id = ticket["id"].as_str().expect("an id");
    let stored = site
        .test
        .app
        .db
        .get::<ClaimedTicket>(id)
        .await
        .expect("read")
        .expect("stored");
    let row = serde_json::to_string(&stored.value).expect("json");
    let secret = ticket["pageUrl"]
        .as_str()
        .expect("a link")
        .rsplit('/')
        .next()
        .expect("a secret");
    let code = ticket["code"].as_str().expect("a code");
    for hidden in [
        ticket["token"].as_str().expect("digits"),
        secret,
        code,
        &code.replace('-', ""),
    ] {
        assert!(!row.contains(hidden), "{row}");
    }
    let shown = site
        .test
        .get(&format!("/api/v1/claimed-tickets/{id}"), &site.attendee)
        .await;
    assert_eq!(shown.expect(200), ticket, "rendered again, digit for digit");
    let mine = site
        .test
        .get("/api/v1/claimed-tickets", &site.attendee)
        .await
        .expect(200);
    assert_eq!(mine["items"], json!([ticket]));
    let path = format!("/api/v1/claimed-tickets/{id}");
    site.test
        .get(&path, &site.organizer)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn the_qr_is_drawn_for_its_holder_and_cached_by_its_tag() {
    // T2
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let path = format!(
        "/api/v1/claimed-tickets/qr/{}",
        ticket["id"].as_str().expect("an id")
    );
    let svg = site
        .test
        .get(&format!("{path}?format=svg"), &site.attendee)
        .await;
    assert_eq!(svg.headers[header::CONTENT_TYPE], "image/svg+xml");
    assert_eq!(svg.headers[header::CACHE_CONTROL], "private, max-age=300");
    let drawn = TicketQr::new(ticket["token"].as_str().expect("digits"))
        .expect("fits")
        .svg();
    assert_eq!(String::from_utf8(svg.bytes).expect("text"), drawn);

    let png = site.test.get(&path, &site.attendee).await;
    assert_eq!(png.headers[header::CONTENT_TYPE], "image/png");
    assert!(png.bytes.starts_with(b"\x89PNG"));
    assert_ne!(png.headers[header::ETAG], svg.headers[header::ETAG]);
    let again = Request::get(&path)
        .header(header::AUTHORIZATION, format!("Bearer {}", site.attendee))
        .header(header::IF_NONE_MATCH, &png.headers[header::ETAG])
        .body(axum::body::Body::empty())
        .expect("a request");
    let again = site.test.send(again).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));

    site.test
        .get(&path, &site.organizer)
        .await
        .expect_error(404, "not_found");
    site.test
        .get(&format!("{path}?format=gif"), &site.attendee)
        .await
        .expect_error(400, "validation");
}
