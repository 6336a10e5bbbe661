//! What is said to whatever is shown (V9, T6), and tickets that are blocked (S9).

use serde_json::{Value, json};
use shared::trust::TicketRowStatus;

use super::site::Site;
use crate::platform::db::Query;
use crate::platform::journal;
use crate::testing::Answer;

async fn ask(site: &Site, caller: &str, code: &str) -> Answer {
    let body = json!({ "code": code, "gateId": site.gates[0] });
    let path = site.path("/validate");
    site.test.post(&path, caller, body).await
}

async fn reason(site: &Site, code: &str) -> Value {
    ask(site, &site.organizer, code).await.expect(200)["reason"].clone()
}

fn text(ticket: &Value, field: &str) -> String {
    ticket[field].as_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_typed_code_finds_its_ticket_and_wrong_ones_wait() {
    // T6 V9, corpus 100
    let site = Site::with_tickets(2).await;
    let ticket = site.claim(0).await;
    let code = text(&ticket, "code");
    assert_eq!(reason(&site, &code).await, "ok");
    let stranger = ask(&site, &site.attendee, &code).await;
    stranger.expect_error(404, "not_found");
    let slip = code.replace(|c: char| c.is_ascii_digit(), "1");
    assert_eq!(reason(&site, &slip).await, "misread", "a slip costs no try");
    // The check digits fit, and no ticket has it.
    let wrong = "00000000000098";
    let five = async || {
        for _ in 0..5 {
            assert_eq!(reason(&site, wrong).await, "not_a_ticket");
        }
        assert_eq!(reason(&site, &code).await, "rate_limited", "right ones too");
    };
    for secs in [60, 120, 240] {
        five().await;
        site.test.clock.advance(secs * 1000 - 1);
        assert_eq!(reason(&site, &code).await, "rate_limited");
        site.test.clock.advance(1);
    }
    five().await;
    let told = ask(&site, &site.organizer, wrong).await.expect(200);
    let wait = told["explanation"].as_str().expect("a sentence");
    assert!(wait.contains("3600"), "{wait}");
    let scanned = text(&ticket, "token");
    assert_eq!(
        reason(&site, &scanned).await,
        "ok",
        "scans wait for nothing"
    );
}

#[tokio::test]
async fn a_flood_of_guesses_gets_no_more_looks_than_guesses_in_turn() {
    // T6, corpus 100 (KDF flood): each look costs a slow hash, and a try is counted before its look.
    let site = Site::with_tickets(1).await;
    let code = text(&site.claim(0).await, "code");
    let flood = (0..24).map(|_| reason(&site, "00000000000098"));
    let mut answers = futures::future::join_all(flood).await;
    answers.sort_by_key(Value::to_string);
    let hashed = answers.iter().filter(|of| **of == "not_a_ticket").count();
    assert_eq!(hashed, 5, "{answers:?}");
    assert!(
        answers[hashed..].iter().all(|of| *of == "rate_limited"),
        "{answers:?}"
    );
    assert_eq!(reason(&site, &code).await, "rate_limited");
}

#[tokio::test]
async fn a_blocked_ticket_is_refused_with_its_reason_until_it_is_let_go() {
    // S9
    let site = Site::with_tickets(2).await;
    let device = site.enrol("North 1", 0, 7).await;
    let ticket = site.claim(0).await;
    let path = format!("/api/v1/claimed-tickets/{}/block", text(&ticket, "id"));
    let put = async |caller: &str, reason: &str| {
        let body = Some(json!({ "reason": reason }));
        site.test.call("PUT", &path, caller, body).await
    };
    put(&site.attendee, "Mine")
        .await
        .expect_error(404, "not_found");
    put(&site.organizer, " ")
        .await
        .expect_error(400, "validation");
    let blocked = put(&site.organizer, "Payment is disputed")
        .await
        .expect(200);
    assert_eq!(blocked["reason"], "Payment is disputed");
    let again = put(&site.organizer, "Ask for Linh").await.expect(200);
    assert_eq!(again["blockedAt"], blocked["blockedAt"]);

    let token = text(&ticket, "token");
    let verdict = ask(&site, &site.organizer, &token).await.expect(200);
    assert_eq!(
        (&verdict["reason"], &verdict["class"], &verdict["notes"]),
        (&json!("blocked"), &json!("VIP"), &json!(["Ask for Linh"]))
    );
    let manifest = device.manifest(&device.sync(&site.test).await).body;
    let row = device.row(&site.test, &manifest, 0).await;
    assert_eq!(row.status, TicketRowStatus::Blocked);
    // A new code does not shake it off.
    let path = |verb: &str| format!("/api/v1/claimed-tickets/{}/{verb}", text(&ticket, "id"));
    let reissue = path("reissue");
    let reissued = site.test.post(&reissue, &site.attendee, json!({})).await;
    reissued.expect(200);
    let own = format!("/api/v1/claimed-tickets/{}", text(&ticket, "id"));
    let own = site.test.get(&own, &site.attendee).await.expect(200);
    let token = text(&own, "token");
    assert_eq!(reason(&site, &token).await, "blocked");

    let block = path("block");
    for _ in 0..2 {
        let gone = site
            .test
            .call("DELETE", &block, &site.organizer, None)
            .await;
        gone.expect(204);
    }
    assert_eq!(reason(&site, &token).await, "ok");
    let manifest = device.manifest(&device.sync(&site.test).await).body;
    let row = device.row(&site.test, &manifest, 0).await;
    assert_eq!(row.status, TicketRowStatus::Active);
    let query = Query::on("id");
    let all = site.test.app.db.list::<journal::Entry>(&query).await;
    let all = all.expect("read");
    let mut told: Vec<&str> = all.iter().map(|entry| entry.action.as_str()).collect();
    told.retain(|action| action.contains("blocked"));
    told.sort_unstable();
    assert_eq!(
        told,
        ["ticket.blocked", "ticket.blocked", "ticket.unblocked"]
    );
}
