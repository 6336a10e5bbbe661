//! Checking in ahead over HTTP: when, by whom, what a gate makes of it, and what ends it.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::tickets::TicketStatus;
use shared::ids::ClassId;
use shared::trust::TicketRow;

use super::super::ClaimedTicket;
use crate::events::model::TicketClass;
use crate::gate::tests::Site;
use crate::inventory::model::IssuedTicket;
use crate::orders::fixture::Shop;
use crate::orders::model::Later;
use crate::platform::db::Query;
use crate::platform::journal;
use crate::testing::{Answer, NOW};

/// Of the window; a login is good for longer.
const OPEN_SECS: i64 = 600;

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

/// Open from now on, with a question of each kind that matters here.
fn settings() -> Value {
    json!({
        "preCheckIn": { "opensAt": NOW, "closesAt": NOW.plus_secs(OPEN_SECS) },
        "questions": [
            { "id": "shirt", "text": "Which size?", "kind": "CHOICE",
                "options": [{ "id": "s", "text": "Small" }, { "id": "l", "text": "Large" }] },
            { "id": "food", "text": "What do you not eat?", "required": false },
        ],
    })
}

async fn open(tickets: u32) -> Site {
    let site = Site::with_tickets(tickets).await;
    site.check_in_settings(settings()).await;
    site
}

fn path(ticket: &Value, rest: &str) -> String {
    format!("/api/v1/claimed-tickets/{}/{rest}", text(ticket, "id"))
}

async fn check_in(site: &Site, ticket: &Value, answers: &[(&str, &str)]) -> Answer {
    let answers = answers.iter();
    let answers: Vec<Value> = answers
        .map(|(question, value)| json!({ "question": question, "value": value }))
        .collect();
    let path = path(ticket, "pre-check-in");
    let body = json!({ "answers": answers });
    site.test.post(&path, &site.attendee, body).await
}

async fn shown(site: &Site, ticket: &Value) -> Value {
    let path = path(ticket, "pre-check-in");
    site.test.get(&path, &site.attendee).await.expect(200)
}

async fn reason(site: &Site, ticket: &Value) -> Value {
    let path = path(ticket, "validate");
    site.test.get(&path, &site.attendee).await.expect(200)["reason"].clone()
}

/// What the organizer sees: how many, of how many, and since when each was.
async fn counted(site: &Site) -> (Value, Value, Vec<Value>) {
    let path = site.path("/pre-check-ins");
    let view = site.test.get(&path, &site.organizer).await.expect(200);
    let items = view["items"].as_array().expect("items").iter();
    (
        view["done"].clone(),
        view["of"].clone(),
        items.map(|item| item["doneAt"].clone()).collect(),
    )
}

fn said(view: &Value) -> Vec<(&str, &str)> {
    let answers = view["answers"].as_array().expect("answers").iter();
    answers
        .map(|answer| (text(answer, "question"), text(answer, "value")))
        .collect()
}

#[tokio::test]
async fn a_guest_checks_in_ahead_and_the_gate_asks_nothing() {
    // V7 S56 S58 S101
    let site = open(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let ticket = site.claim(0).await;
    let before = shown(&site, &ticket).await;
    assert_eq!(
        (&before["state"], &before["doneAt"], &before["barred"]),
        (&json!("OPEN"), &json!(null), &json!(null))
    );
    let asked = before["questions"].as_array().expect("questions").iter();
    let asked: Vec<&str> = asked.map(|question| text(question, "id")).collect();
    assert_eq!(asked, ["shirt", "food"]);
    assert_eq!(reason(&site, &ticket).await, "needs_answer");

    // What is optional and not mentioned is left open on purpose.
    let view = check_in(&site, &ticket, &[("shirt", "Large")]).await;
    let view = view.expect(200);
    assert_eq!(view["doneAt"], json!(NOW));
    assert_eq!(said(&view), [("food", ""), ("shirt", "l")]);
    assert_eq!(shown(&site, &ticket).await, view);
    assert_eq!(reason(&site, &ticket).await, "ok");
    let manifest = device.manifest(&device.sync(&site.test).await);
    let row = device.row(&site.test, &manifest.body, 0).await;
    assert_eq!(row.flags, TicketRow::ANSWERED);

    // It is no admission.
    assert_eq!(site.ticket_status(0).await, TicketStatus::Claimed);
    assert_eq!(site.redemptions().await, [] as [Value; 0]);
}

#[tokio::test]
async fn again_it_changes_nothing_or_replaces_the_answers_until_it_closes() {
    // V7 O2
    let site = open(1).await;
    let ticket = site.claim(0).await;
    let answers = [("shirt", "s"), ("food", "Fish")];
    let first = check_in(&site, &ticket, &answers).await.expect(200);
    site.test.clock.set(NOW.plus_secs(60));
    let again = check_in(&site, &ticket, &answers).await.expect(200);
    assert_eq!(again, first, "also the moments");
    let revised = check_in(&site, &ticket, &[("shirt", "l")]).await;
    let revised = revised.expect(200);
    assert_eq!(said(&revised), [("food", "Fish"), ("shirt", "l")]);
    assert_eq!(revised["doneAt"], json!(NOW), "it was checked in all along");
    let revised = check_in(&site, &ticket, &[("food", "")]).await.expect(200);
    assert_eq!(said(&revised), [("food", ""), ("shirt", "l")]);

    site.test.clock.set(NOW.plus_secs(OPEN_SECS));
    let late = check_in(&site, &ticket, &answers).await;
    late.expect_error(409, "closed");
    let kept = shown(&site, &ticket).await;
    assert_eq!(
        (&kept["state"], said(&kept)),
        (&json!("CLOSED"), said(&revised))
    );
    let all = Query::on("id").limit(1000);
    let entries = site.test.app.db.list::<journal::Entry>(&all).await;
    let entries = entries.expect("read");
    let told = entries
        .iter()
        .filter(|of| of.action == "ticket.pre_checked_in");
    assert_eq!(told.count(), 1);
}

#[tokio::test]
async fn it_is_off_until_the_organizer_opens_it() {
    // V7
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let off = check_in(&site, &ticket, &[]).await;
    off.expect_error(409, "not_offered");
    assert_eq!(shown(&site, &ticket).await["state"], "OFF");

    // Nothing is asked: to confirm is enough, and needs no body.
    let window = json!({ "opensAt": NOW.plus_secs(60), "closesAt": NOW.plus_secs(OPEN_SECS) });
    site.check_in_settings(json!({ "preCheckIn": window }))
        .await;
    let early = check_in(&site, &ticket, &[]).await;
    early.expect_error(409, "not_open");
    assert_eq!(shown(&site, &ticket).await["state"], "EARLY");
    site.test.clock.set(NOW.plus_secs(60));
    let path = path(&ticket, "pre-check-in");
    let plain = site.test.call("POST", &path, &site.attendee, None).await;
    assert_eq!(plain.expect(200)["doneAt"], json!(NOW.plus_secs(60)));
}

#[tokio::test]
async fn wrong_answers_are_refused_with_their_questions_and_check_nobody_in() {
    // V7 S59 S92 S93
    let site = open(1).await;
    let ticket = site.claim(0).await;
    let long = "x".repeat(501);
    for (answers, field, why) in [
        (vec![], "shirt", "must be answered"),
        (vec![("shirt", "xl")], "shirt", "must be one of the options"),
        (
            vec![("shirt", "s"), ("age", "18")],
            "age",
            "is not asked of this ticket",
        ),
        (
            vec![("shirt", "s"), ("shirt", "l")],
            "shirt",
            "is answered twice",
        ),
        (
            vec![("food", long.as_str())],
            "food",
            "must have at most 500 characters",
        ),
        (vec![("food", "Fish"); 33], "answers", "must be at most 32"),
    ] {
        let refused = check_in(&site, &ticket, &answers).await;
        let fields = refused.expect_error(400, "validation");
        assert_eq!(fields[field], why, "{fields}");
    }
    let view = shown(&site, &ticket).await;
    assert_eq!((&view["doneAt"], said(&view)), (&json!(null), vec![]));
    assert_eq!(reason(&site, &ticket).await, "needs_answer");
}

#[tokio::test]
async fn it_is_the_holders_and_nobody_elses() {
    // V7 A6 S135
    let site = open(2).await;
    let ticket = site.claim(0).await;
    let path = path(&ticket, "pre-check-in");
    let others = [
        site.test.token_for(Role::Attendee),
        site.organizer.clone(),
        site.test.token_for(Role::Admin),
    ];
    for other in &others {
        let shown = site.test.get(&path, other).await;
        shown.expect_error(404, "not_found");
        let done = site.test.post(&path, other, json!({ "answers": [] })).await;
        done.expect_error(404, "not_found");
    }
    // Not claimed yet: there is no such ticket.
    let unclaimed = format!("/api/v1/claimed-tickets/{}/pre-check-in", site.tickets[1]);
    let refused = site.test.post(&unclaimed, &site.attendee, json!({})).await;
    refused.expect_error(404, "not_found");
    let list = site.path("/pre-check-ins");
    for stranger in [&site.attendee, &others[0]] {
        let refused = site.test.get(&list, stranger).await;
        refused.expect_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_ticket_by_which_nobody_comes_in_is_refused_in_the_gates_words() {
    // V7 S5 S6 S9 S19 S70
    let site = open(5).await;
    let mut tickets = Vec::new();
    for at in 0..5 {
        tickets.push(site.claim(at).await);
    }
    let good = [("shirt", "s")];
    let mut device = site.enrol("North 1", 0, 7).await;
    device.admit(0, text(&tickets[0], "token"), NOW);
    device.sync(&site.test).await;

    let revoke = path(&tickets[1], "revoke");
    site.test
        .post(&revoke, &site.organizer, json!({}))
        .await
        .expect(200);
    let stock = site.tickets[2].to_string();
    site.change::<IssuedTicket>(&stock, |stock| stock.status = TicketStatus::Cancelled)
        .await;
    let block = path(&tickets[3], "block");
    let why = Some(json!({ "reason": "Payment is disputed" }));
    let blocked = site.test.call("PUT", &block, &site.organizer, why).await;
    blocked.expect(200);
    site.change::<ClaimedTicket>(text(&tickets[4], "id"), |ticket| {
        ticket.pending = Some(Later {
            valid_if_pending: false,
            needs_approval: false,
        });
    })
    .await;
    let words = ["already_used", "revoked", "cancelled", "blocked", "unpaid"];
    for (ticket, word) in tickets.iter().zip(words) {
        check_in(&site, ticket, &good).await.expect_error(409, word);
        assert_eq!(shown(&site, ticket).await["barred"], word);
        // The gate answers alike, whatever it asks besides.
        assert_eq!(reason(&site, ticket).await, word);
    }
    assert_eq!(counted(&site).await.0, 0);

    // Where the gate lets somebody in before the money comes, they may check in too.
    site.change::<ClaimedTicket>(text(&tickets[4], "id"), |ticket| {
        ticket.pending = Some(Later {
            valid_if_pending: true,
            needs_approval: false,
        });
    })
    .await;
    check_in(&site, &tickets[4], &good).await.expect(200);
    assert_eq!(reason(&site, &tickets[4]).await, "ok");
}

#[tokio::test]
async fn a_new_attendee_starts_anew_and_the_same_one_does_not() {
    // V7 T3
    let site = open(1).await;
    let ticket = site.claim(0).await;
    let answers = [("shirt", "s"), ("food", "Fish")];
    let done = check_in(&site, &ticket, &answers).await.expect(200);
    let reissue = path(&ticket, "reissue");
    let same = json!({ "attendee": { "name": "Ann Lee", "email": "ann@example.org" } });
    for body in [json!({}), same] {
        let again = site.test.post(&reissue, &site.attendee, body).await;
        again.expect(200);
        assert_eq!(
            shown(&site, &ticket).await,
            done,
            "a new code, the same guest"
        );
    }
    let wristband = json!({ "uid": "04A1B2C3D4E5F6" });
    let bound = site
        .test
        .post(&path(&ticket, "bind"), &site.organizer, wristband)
        .await;
    bound.expect(200);
    assert_eq!(
        shown(&site, &ticket).await,
        done,
        "a wristband on the same guest"
    );
    let other = json!({ "attendee": { "name": "Bo Tran", "email": "bo@example.org" } });
    let passed_on = site.test.post(&reissue, &site.attendee, other).await;
    passed_on.expect(200);
    let anew = shown(&site, &ticket).await;
    assert_eq!((&anew["doneAt"], said(&anew)), (&json!(null), vec![]));
    assert_eq!(reason(&site, &ticket).await, "needs_answer");
    assert_eq!(counted(&site).await.0, 0);
    check_in(&site, &ticket, &[("shirt", "l")])
        .await
        .expect(200);
    assert_eq!(reason(&site, &ticket).await, "ok");
}

#[tokio::test]
async fn a_phone_that_takes_over_a_turning_code_asks_for_nothing_again() {
    // V7 T9
    let site = open(1).await;
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    site.change::<TicketClass>(&class, |class| class.rotating = true)
        .await;
    let ticket = site.claim(0).await;
    let done = check_in(&site, &ticket, &[("shirt", "s")]).await;
    let done = done.expect(200);
    let page = text(&ticket, "pageUrl").strip_prefix("http://gatehouse.test");
    let chain = format!("{}/chain", page.expect("ours"));
    for (generation, anchor) in [(1, "5e"), (2, "77")] {
        site.test
            .clock
            .set(NOW.plus_secs(i64::from(generation) * 60));
        let activation = json!({ "generation": generation, "anchor": anchor.repeat(16) });
        site.test.post(&chain, "", activation).await.expect(200);
        assert_eq!(shown(&site, &ticket).await, done);
        assert_eq!(reason(&site, &ticket).await, "ok");
    }
}

#[tokio::test]
async fn what_a_gate_heard_stays_when_the_ticket_is_passed_on() {
    // V7 S58
    let site = open(1).await;
    let ticket = site.claim(0).await;
    check_in(&site, &ticket, &[("shirt", "s")])
        .await
        .expect(200);
    let id = text(&ticket, "id").to_owned();
    site.change::<super::super::TicketAnswers>(&id, |answers| {
        let food = answers.given.get_mut("food").expect("said");
        food.device = Some(shared::ids::DeviceId::from_bytes([7; 16]));
    })
    .await;
    let other = json!({ "attendee": { "name": "Bo Tran", "email": "bo@example.org" } });
    let reissue = path(&ticket, "reissue");
    site.test
        .post(&reissue, &site.attendee, other)
        .await
        .expect(200);
    assert_eq!(said(&shown(&site, &ticket).await), [("food", "")]);
}

#[tokio::test]
async fn the_organizer_counts_those_who_can_still_come() {
    // V7 I2
    let site = open(4).await;
    let mut tickets = Vec::new();
    for at in 0..3 {
        tickets.push(site.claim(at).await);
    }
    assert_eq!(
        counted(&site).await,
        (json!(0), json!(3), vec![json!(null); 3])
    );
    for ticket in &tickets[..2] {
        check_in(&site, ticket, &[("shirt", "s")]).await.expect(200);
    }
    let each = vec![json!(NOW), json!(NOW), json!(null)];
    assert_eq!(counted(&site).await, (json!(2), json!(3), each.clone()));
    let page = site.path("/pre-check-ins?limit=1");
    let page = site.test.get(&page, &site.organizer).await.expect(200);
    assert_eq!(page["items"][0]["name"], "Ann Lee");
    assert_eq!(page["items"][0]["status"], "CLAIMED");
    assert_eq!(page["items"][0]["claimedTicketId"], tickets[0]["id"]);
    assert!(page["nextCursor"].is_string(), "{page}");

    // Who came in did check in; who cannot come any more did not.
    let mut device = site.enrol("North 1", 0, 7).await;
    device.admit(0, text(&tickets[0], "token"), NOW);
    device.sync(&site.test).await;
    assert_eq!(counted(&site).await, (json!(2), json!(3), each));
    let revoke = path(&tickets[1], "revoke");
    site.test
        .post(&revoke, &site.organizer, json!({}))
        .await
        .expect(200);
    let each = vec![json!(NOW), json!(null), json!(null)];
    assert_eq!(counted(&site).await, (json!(1), json!(2), each));
}

/// A guest of a shop where nothing is asked, checked in ahead.
async fn checked_in(shop: &Shop, ticket: &Value) -> String {
    let attendee = json!({ "name": "Ann", "email": "ann@example.org" });
    let claim = json!({ "ticketId": ticket["id"], "attendee": attendee });
    let claim = shop
        .t
        .post("/api/v1/claimed-tickets/claim", &shop.buyer, claim);
    let ticket = claim.await.expect(201);
    let check_in = path(&ticket, "pre-check-in");
    let done = shop.t.post(&check_in, &shop.buyer, json!({})).await;
    done.expect(200);
    check_in
}

#[tokio::test]
async fn an_order_that_ends_takes_it_along() {
    // V7 P5 S16
    let shop = Shop::open(3).await;
    let window = json!({ "opensAt": NOW, "closesAt": NOW.plus_secs(OPEN_SECS) });
    let settings = Some(json!({ "preCheckIn": window }));
    let path = format!("/api/v1/events/{}/check-in", shop.event);
    let set = shop.t.call("PUT", &path, &shop.organizer, settings).await;
    set.expect(200);
    let list = format!("/api/v1/events/{}/pre-check-ins", shop.event);
    let counts = async || {
        let view = shop.t.get(&list, &shop.organizer).await.expect(200);
        (view["done"].clone(), view["of"].clone())
    };
    let act = async |order: &Value, act: &str, caller: &str, body: Value| {
        let path = format!("/api/v1/orders/{}/{act}", text(order, "id"));
        shop.t.post(&path, caller, body).await.expect(200);
    };
    let paid = shop.buy(2).await;
    let first = checked_in(&shop, &paid["tickets"][0]).await;
    let owing = shop.order(1).await.expect(201);
    let terms = json!({ "validIfPending": true });
    act(&owing, "pay-later", &shop.organizer, terms).await;
    let second = checked_in(&shop, &owing["tickets"][0]).await;
    assert_eq!(counts().await, (json!(2), json!(2)));

    act(&paid, "refund", &shop.organizer, json!({})).await;
    assert_eq!(counts().await, (json!(1), json!(1)));
    act(&owing, "cancel", &shop.buyer, json!({})).await;
    assert_eq!(counts().await, (json!(0), json!(0)));
    for check_in in [first, second] {
        let refused = shop.t.post(&check_in, &shop.buyer, json!({})).await;
        refused.expect_error(409, "cancelled");
    }
}
