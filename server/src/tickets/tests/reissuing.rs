//! Re-issuing over HTTP: who may, what dies, what the gates are told.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::tickets::TicketStatus;
use shared::ids::{ClassId, UserId};
use shared::ticket::{ScanCommitment, Token, verify};

use super::super::ClaimedTicket;
use super::super::model::GENERATION_MAX;
use crate::events::model::TicketClass;
use crate::gate::tests::Site;
use crate::inventory::model::IssuedTicket;
use crate::testing::{Answer, NOW};

fn text<'a>(ticket: &'a Value, field: &str) -> &'a str {
    ticket[field].as_str().expect("a text")
}

fn page(ticket: &Value) -> &str {
    let page = text(ticket, "pageUrl");
    page.strip_prefix("http://gatehouse.test").expect("ours")
}

async fn reissue(site: &Site, ticket: &Value, caller: &str, body: Value) -> Answer {
    let path = format!("/api/v1/claimed-tickets/{}/reissue", text(ticket, "id"));
    site.test.post(&path, caller, body).await
}

async fn shown(site: &Site, ticket: &Value) -> Value {
    let path = format!("/api/v1/claimed-tickets/{}", text(ticket, "id"));
    site.test.get(&path, &site.attendee).await.expect(200)
}

async fn stored(site: &Site, ticket: &Value) -> ClaimedTicket {
    let id = text(ticket, "id");
    let found = site.test.app.db.get::<ClaimedTicket>(id).await;
    found.expect("read").expect("stored").into_inner()
}

#[tokio::test]
async fn a_new_code_kills_the_old_one_its_typed_form_and_its_page() {
    // T3 T4 S145
    let site = Site::with_tickets(2).await;
    let old = site.claim(0).await;
    let device = site.enrol("North 1", 0, 7).await;
    let answer = reissue(&site, &old, &site.attendee, json!({})).await;
    let answer = answer.expect(200);
    assert_eq!(
        (&answer["generation"], &answer["serial"]),
        (&json!(2), &json!(0))
    );
    assert!(answer.get("token").is_none() && answer.get("code").is_none());
    let new = shown(&site, &old).await;
    assert_eq!(new["generation"], 2);
    for changed in ["token", "code", "pageUrl"] {
        assert_ne!(new[changed], old[changed], "{changed}");
    }
    assert_eq!(
        (&new["seat"], &new["attendee"]),
        (&old["seat"], &old["attendee"])
    );
    let token = Token::from_digits(text(&new, "token")).expect("a token");
    let keys = crate::gate::keys::for_event(&site.test.app, site.event, NOW)
        .await
        .expect("keys");
    let key = keys.issuing(token.kid()).expect("a key").verifying_key();
    let payload = verify(&token, site.event, &key).expect("a good code");
    assert_eq!((payload.serial, payload.generation), (0, 2));
    assert_eq!(site.test.get(page(&old), "").await.status, 404);
    assert_eq!(site.test.get(page(&new), "").await.status, 200);

    // The delta tells the gates.
    let synced = device.sync(&site.test).await;
    let manifest = device.manifest(&synced);
    let row = device.row(&site.test, &manifest.body, 0).await;
    assert_eq!(row.generation, 2);
    assert_eq!(row.commitment, stored(&site, &old).await.commitment);
    // And the REST check speaks of the ticket that is.
    let path = format!("/api/v1/claimed-tickets/{}/validate", text(&old, "id"));
    let verdict = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(
        (&verdict["verdict"], &verdict["generation"]),
        (&json!("admit"), &json!(2))
    );
}

#[tokio::test]
async fn an_entry_by_the_old_code_counts_when_it_arrives_late() {
    // T3, ADR 0004: the gate was offline; the host decides, the server has both.
    let site = Site::with_tickets(1).await;
    let old = site.claim(0).await;
    let mut device = site.enrol("North 1", 0, 7).await;
    device.admit(0, text(&old, "token"), NOW);
    reissue(&site, &old, &site.attendee, json!({}))
        .await
        .expect(200);
    assert!(device.sync(&site.test).await.refused.is_empty());
    let redemptions = site.redemptions().await;
    assert_eq!(redemptions.len(), 1);
    assert_eq!(
        (&redemptions[0]["generation"], &redemptions[0]["label"]),
        (&json!(1), &json!("primary"))
    );
    // Who is in may get a new code for tomorrow; it is used all the same.
    reissue(&site, &old, &site.attendee, json!({}))
        .await
        .expect(200);
    let path = format!("/api/v1/claimed-tickets/{}/validate", text(&old, "id"));
    let verdict = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(
        (&verdict["reason"], &verdict["generation"]),
        (&json!("already_used"), &json!(3))
    );
}

#[tokio::test]
async fn the_organizer_may_and_learns_no_code_and_strangers_learn_nothing() {
    // T3 A6
    let site = Site::with_tickets(1).await;
    let old = site.claim(0).await;
    let named = json!({ "attendee": { "name": "Binh Le", "email": "binh@example.org" } });
    let answer = reissue(&site, &old, &site.organizer, named).await;
    let answer = String::from_utf8(answer.bytes).expect("text");
    let new = shown(&site, &old).await;
    assert_eq!(new["attendee"]["name"], "Binh Le");
    for hidden in ["token", "code", "pageUrl"] {
        assert!(!answer.contains(text(&new, hidden)), "{answer}");
    }
    let stranger = site.test.token(UserId::from_bytes([9; 16]), Role::Attendee);
    for caller in [&stranger, &site.test.token_for(Role::Organizer)] {
        let answer = reissue(&site, &old, caller, json!({})).await;
        answer.expect_error(404, "not_found");
    }
    let nameless = json!({ "attendee": { "name": "", "email": "x" } });
    let answer = reissue(&site, &old, &site.attendee, nameless).await;
    answer.expect_error(400, "validation");
    assert_eq!(shown(&site, &old).await["generation"], 2);
}

#[tokio::test]
async fn one_attempt_is_one_generation_and_racing_ones_all_count() {
    // O2 T3
    let site = Site::with_tickets(1).await;
    let old = site.claim(0).await;
    let path = format!("/api/v1/claimed-tickets/{}/reissue", text(&old, "id"));
    let keyed =
        async |key: &str, body: Value| site.test.keyed(&path, &site.attendee, key, &body).await;
    let first = keyed("k", json!({})).await.expect(200);
    let again = keyed("k", json!({})).await.expect(200);
    assert_eq!(
        (&first["generation"], &again["generation"]),
        (&json!(2), &json!(2))
    );
    let other = json!({ "attendee": { "name": "Binh Le", "email": "binh@example.org" } });
    keyed("k", other)
        .await
        .expect_error(422, "idempotency_mismatch");
    let racing = (0..4).map(|_| reissue(&site, &old, &site.attendee, json!({})));
    let mut generations: Vec<u64> = futures::future::join_all(racing)
        .await
        .into_iter()
        .map(|answer| answer.expect(200)["generation"].as_u64().expect("a number"))
        .collect();
    generations.sort_unstable();
    assert_eq!(generations, [3, 4, 5, 6]);
    assert!(
        !site
            .test
            .remembered()
            .await
            .contains(text(&shown(&site, &old).await, "token"))
    );
}

#[tokio::test]
async fn what_may_not_come_in_is_not_issued_again() {
    // T4 T5, token.md 2.6: generations do not wrap around.
    let site = Site::with_tickets(1).await;
    let old = site.claim(0).await;
    let stock = site.tickets[0].to_string();
    let id = text(&old, "id").to_owned();
    site.change::<ClaimedTicket>(&id, |ticket| ticket.generation = GENERATION_MAX)
        .await;
    let answer = reissue(&site, &old, &site.attendee, json!({})).await;
    answer.expect_error(409, "reissued_too_often");
    site.change::<ClaimedTicket>(&id, |ticket| ticket.generation = 7)
        .await;
    let changes: [fn(&mut IssuedTicket); 2] = [
        |stock| stock.status = TicketStatus::Cancelled,
        |stock| stock.status = TicketStatus::Expired,
    ];
    for change in changes {
        site.change::<IssuedTicket>(&stock, change).await;
        let answer = reissue(&site, &old, &site.attendee, json!({})).await;
        answer.expect_error(409, "not_reissuable");
    }
    site.change::<IssuedTicket>(&stock, |stock| stock.status = TicketStatus::Claimed)
        .await;
    site.change::<ClaimedTicket>(&id, |ticket| ticket.revoked_at = Some(NOW))
        .await;
    let answer = reissue(&site, &old, &site.attendee, json!({})).await;
    answer.expect_error(409, "not_reissuable");
}

#[tokio::test]
async fn a_turning_ticket_dies_at_once_and_waits_for_its_next_phone() {
    // T3 T9
    let site = Site::with_tickets(1).await;
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    site.change::<TicketClass>(&class, |class| class.rotating = true)
        .await;
    let ticket = site.claim(0).await;
    let activate = async |page: &str, generation: u8, anchor: &str| {
        let body = json!({ "generation": generation, "anchor": anchor.repeat(16) });
        site.test.post(&format!("{page}/chain"), "", body).await
    };
    activate(page(&ticket), 1, "5e").await.expect(200);
    let first = stored(&site, &ticket).await;
    reissue(&site, &ticket, &site.attendee, json!({}))
        .await
        .expect(200);
    let dormant = stored(&site, &ticket).await;
    let row = dormant.row(TicketStatus::Claimed);
    // The row kills the first phone's codes, and contradicts nothing that is signed later.
    assert_eq!((row.generation, row.commitment), (2, ScanCommitment::NONE));
    assert_eq!(dormant.commitment_of(1), Some(first.commitment));
    assert_eq!(dormant.commitment_of(2), None);
    activate(page(&ticket), 2, "77")
        .await
        .expect_error(404, "not_found");
    let next = shown(&site, &ticket).await;
    activate(page(&next), 2, "77").await.expect(200);
    let active = stored(&site, &ticket).await;
    assert_eq!(active.generation, 2);
    assert_ne!(
        active.row(TicketStatus::Claimed).commitment,
        ScanCommitment::NONE
    );
}
