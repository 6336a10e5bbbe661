//! What entries mean: redemptions, labels, conflicts, validation.

use serde_json::json;
use shared::api::tickets::TicketStatus;

use super::device::Device;
use super::site::Site;
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{DbError, Query};
use crate::platform::moments::Moment;
use crate::testing::NOW;

async fn used(site: &Site, ticket: usize) -> String {
    site.claim(ticket).await["token"]
        .as_str()
        .expect("digits")
        .to_owned()
}

#[tokio::test]
async fn an_admission_comes_back_once_with_gate_and_time() {
    // V1, V2, S95, S115: "done when" 2 of the journey
    let site = Site::with_tickets(1).await;
    let token = used(&site, 0).await;
    let mut device = site.enrol("South 1", 1, 7).await;
    device.admit(0, &token, NOW.plus_secs(-90));
    device.sync(&site.test).await;
    device.sync(&site.test).await;
    let all = site.redemptions().await;
    assert_eq!(all.len(), 1);
    let one = &all[0];
    assert_eq!(one["id"], format!("{}:0", device.genesis.log_id()));
    assert_eq!(
        (&one["kind"], &one["label"]),
        (&json!("admit"), &json!("primary"))
    );
    assert_eq!(
        (&one["gate"], &one["device"]),
        (&json!("Gate B"), &json!("South 1"))
    );
    assert_eq!(one["gateId"], json!(site.gates[1]));
    assert_eq!(one["ticketId"], json!(site.tickets[0]));
    assert_eq!(one["at"], json!(NOW.plus_secs(-90)));
    assert_eq!(one["receivedAt"], json!(NOW));
    assert_eq!(site.ticket_status(0).await, TicketStatus::Validated);

    let path = site.path(&format!("/redemptions?ticketId={}", site.tickets[0]));
    let of_ticket = site.test.get(&path, &site.organizer).await.expect(200);
    assert_eq!(of_ticket["items"].as_array().map(Vec::len), Some(1));
    site.test
        .get(&site.path("/redemptions"), &site.attendee)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn who_pages_through_redemptions_misses_none_that_commits_late() {
    // V1, V2
    let site = Site::with_tickets(3).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let mut south = site.enrol("South 1", 1, 8).await;
    for ticket in 0..2 {
        let token = used(&site, ticket).await;
        north.admit(u32::try_from(ticket).expect("small"), &token, NOW);
    }
    south.admit(2, &used(&site, 2).await, NOW);
    let page = async |cursor: &str| {
        let path = site.path(&format!("/redemptions?limit=1&cursor={cursor}"));
        let page = site.test.get(&path, &site.organizer).await.expect(200);
        let serial = page["items"][0]["serial"].clone();
        let next = page["nextCursor"].as_str().unwrap_or_default().to_owned();
        (serial, page["items"][0]["receivedAt"].clone(), next)
    };
    north.sync(&site.test).await;
    let (first, received, next) = page("").await;
    assert_eq!((&first, &received), (&json!(0), &json!(NOW)));
    // The south's request came in before the north's and is stored after it.
    site.test.clock.advance(-5_000);
    south.sync(&site.test).await;
    let (second, _, next) = page(&next).await;
    assert_eq!(second, json!(1));
    let (third, received, end) = page(&next).await;
    assert_eq!(third, json!(2), "behind the reader's back");
    assert_eq!(received, json!(NOW.plus_millis(1)));
    assert!(end.is_empty());
}

#[tokio::test]
async fn redemptions_of_an_older_server_stay_ahead_of_new_ones() {
    // V2: a database from before moments has redemptions and no moment.
    let site = Site::with_tickets(2).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let mut south = site.enrol("South 1", 1, 8).await;
    north.admit(0, &used(&site, 0).await, NOW);
    south.admit(1, &used(&site, 1).await, NOW);
    north.sync(&site.test).await;
    let forget = site.test.app.db.write(|tx| -> Result<usize, DbError> {
        let moments = tx.list::<Moment>(&Query::on("id"))?;
        for moment in &moments {
            tx.delete(moment)?;
        }
        Ok(moments.len())
    });
    // The other is the mark of the live view.
    assert_eq!(forget.await.expect("forgotten"), 2);
    site.test.clock.advance(-5_000);
    south.sync(&site.test).await;
    let all = site.redemptions().await;
    let order: Vec<_> = all
        .iter()
        .map(|one| (&one["serial"], &one["receivedAt"]))
        .collect();
    let (first, second) = (json!(NOW), json!(NOW.plus_millis(1)));
    assert_eq!(order, [(&json!(0), &first), (&json!(1), &second)]);
}

/// Two gates that could not hear each other admit one ticket; the logs arrive in the given order.
async fn double_admission(early_first: bool) -> Vec<(String, String)> {
    let site = Site::with_tickets(2).await;
    let token = used(&site, 0).await;
    let mut early = site.enrol("North 1", 0, 7).await;
    let mut late = site.enrol("South 1", 1, 8).await;
    early.admit(0, &token, NOW.plus_secs(-120));
    late.admit(0, &token, NOW.plus_secs(-60));
    let order: [&Device; 2] = if early_first {
        [&early, &late]
    } else {
        [&late, &early]
    };
    for device in order {
        device.sync(&site.test).await;
    }
    let conflicts = site
        .test
        .get(&site.path("/conflicts"), &site.organizer)
        .await
        .expect(200);
    let items = conflicts["items"].as_array().expect("items");
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["ticketId"], json!(site.tickets[0]));
    let admissions = items[0]["admissions"].as_array().expect("admissions");
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    admissions
        .iter()
        .map(|use_| (text(&use_["device"]), text(&use_["label"])))
        .collect()
}

#[tokio::test]
async fn a_double_admission_is_told_the_same_way_in_either_order() {
    // V2, S24
    let expected = [
        ("North 1".to_owned(), "primary".to_owned()),
        ("South 1".to_owned(), "duplicate".to_owned()),
    ];
    assert_eq!(double_admission(true).await, expected);
    assert_eq!(double_admission(false).await, expected);
}

#[tokio::test]
async fn an_undone_admission_frees_the_ticket() {
    // V11
    let site = Site::with_tickets(1).await;
    let token = used(&site, 0).await;
    let mut device = site.enrol("North 1", 0, 7).await;
    device.admit(0, &token, NOW);
    device.sync(&site.test).await;
    assert_eq!(site.ticket_status(0).await, TicketStatus::Validated);
    device.undo(0, 0, NOW.plus_secs(5));
    device.sync(&site.test).await;
    assert_eq!(site.ticket_status(0).await, TicketStatus::Claimed);
    let labels: Vec<_> = site
        .redemptions()
        .await
        .iter()
        .map(|use_| use_["label"].clone())
        .collect();
    assert_eq!(labels, [json!("none"), json!("none")]);
}

#[tokio::test]
async fn a_device_cannot_burn_tickets_that_it_never_saw() {
    // ADR 0004
    let site = Site::with_tickets(2).await;
    let token = used(&site, 0).await;
    let mut rogue = site.enrol("Rogue", 0, 7).await;
    rogue.invent(0, NOW);
    // Nobody has claimed this one, so nobody can have shown it.
    rogue.invent(1, NOW);
    let answer = rogue.sync(&site.test).await;
    assert!(
        answer.refused.is_empty(),
        "the chain must not break: {:?}",
        answer.refused
    );
    assert_eq!(answer.vector, [rogue.vector()]);
    assert!(site.redemptions().await.is_empty());
    assert_eq!(site.ticket_status(0).await, TicketStatus::Claimed);
    let mut honest = site.enrol("Honest", 1, 8).await;
    honest.admit(0, &token, NOW);
    honest.sync(&site.test).await;
    assert_eq!(site.redemptions().await[0]["label"], "primary");
}

#[tokio::test]
async fn validation_says_what_a_gate_would_say_and_changes_nothing() {
    // V9
    let site = Site::with_tickets(2).await;
    let ticket = site.claim(0).await;
    let path = format!(
        "/api/v1/claimed-tickets/{}/validate",
        ticket["id"].as_str().expect("an id")
    );
    let at_gate = format!("{path}?gateId={}", site.gates[0]);
    for caller in [&site.attendee, &site.organizer] {
        let verdict = site.test.get(&at_gate, caller).await.expect(200);
        assert_eq!(
            (&verdict["verdict"], &verdict["reason"]),
            (&json!("admit"), &json!("ok"))
        );
        assert_eq!(
            (&verdict["class"], &verdict["seat"]),
            (&json!("VIP"), &json!("A-12"))
        );
        assert_eq!(verdict["holder"], "Ann Lee");
    }
    assert_eq!(site.ticket_status(0).await, TicketStatus::Claimed);
    let stranger = site.test.token_for(shared::api::accounts::Role::Attendee);
    site.test
        .get(&path, &stranger)
        .await
        .expect_error(404, "not_found");
    site.test
        .get(&format!("{path}?gateId={}", site.event), &site.attendee)
        .await
        .expect(404);

    let token = ticket["token"].as_str().expect("digits");
    let mut device = site.enrol("South 1", 1, 7).await;
    device.admit(0, token, NOW.plus_secs(-60));
    device.sync(&site.test).await;
    let verdict = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(
        (&verdict["verdict"], &verdict["reason"]),
        (&json!("refuse"), &json!("already_used"))
    );
    assert_eq!(verdict["earlier"]["gate"], "Gate B");
    assert!(
        verdict["explanation"]
            .as_str()
            .expect("a sentence")
            .contains("Gate B"),
        "{verdict}"
    );

    let stock = site.tickets[0].to_string();
    site.change::<IssuedTicket>(&stock, |stock| stock.status = TicketStatus::Cancelled)
        .await;
    let verdict = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(verdict["reason"], "cancelled");
}

#[tokio::test]
async fn validation_knows_the_entry_window() {
    // V3, V9
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let path = format!(
        "/api/v1/claimed-tickets/{}/validate",
        ticket["id"].as_str().expect("an id")
    );
    site.test.clock.advance(-12 * 3_600_000);
    let early = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(
        (&early["verdict"], &early["reason"]),
        (&json!("refuse"), &json!("too_early"))
    );
}
