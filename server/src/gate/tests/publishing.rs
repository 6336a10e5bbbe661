//! Snapshots: what a device learns of tickets, and how soon.

use serde_json::json;
use shared::api::tickets::TicketStatus;
use shared::trust::{Segment, SegmentKind, TicketRowStatus};

use super::site::Site;
use crate::events::model::Event;
use crate::gate::{GateChange, mark_changed};
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{DbError, Query};
use crate::testing::NOW;

#[tokio::test]
async fn a_claim_is_in_the_next_snapshot_and_a_refund_in_the_one_after() {
    // T1, T4, E4
    let site = Site::with_tickets(2).await;
    let device = site.enrol("North 1", 0, 7).await;
    let before = device.manifest(&device.sync(&site.test).await);
    assert!(before.body.segments.is_empty(), "nothing is claimed yet");
    assert_eq!(before.body.policy.title, "Night of the Open Gates");
    assert_eq!(before.body.policy.serial_max, 1);

    site.claim(1).await;
    let claimed = device.manifest(&device.sync(&site.test).await);
    assert_eq!(claimed.header.version, before.header.version + 1);
    assert_eq!(claimed.header.previous, Some(before.hash));
    let row = device.row(&site.test, &claimed.body, 1).await;
    assert_eq!(row.status, TicketRowStatus::Active);
    assert_eq!(row.generation, 1);
    assert_eq!(
        device.row(&site.test, &claimed.body, 0).await.status,
        TicketRowStatus::Unclaimed
    );

    // What a refund does in its commit.
    let (event, id) = (site.event, site.tickets[1].to_string());
    site.test
        .app
        .db
        .write(move |tx| -> Result<(), DbError> {
            let mut stock = tx.get::<IssuedTicket>(&id)?.expect("stock");
            stock.status = TicketStatus::Cancelled;
            tx.replace(&mut stock)?;
            mark_changed(tx, event, stock.serial, NOW)
        })
        .await
        .expect("refunded");
    let refunded = device.manifest(&device.sync(&site.test).await);
    assert_eq!(refunded.header.version, claimed.header.version + 1);
    let row = device.row(&site.test, &refunded.body, 1).await;
    assert_eq!(row.status, TicketRowStatus::Cancelled);

    let quiet = device.manifest(&device.sync(&site.test).await);
    assert_eq!(
        quiet.header.version, refunded.header.version,
        "nothing changed, nothing signed"
    );
    let marks = site
        .test
        .app
        .db
        .count::<GateChange>(&Query::on("by_event").eq(site.event))
        .await;
    assert_eq!(marks.expect("counted"), 0);
}

#[tokio::test]
async fn a_revoked_ticket_is_refused_at_the_gates() {
    // T4
    let site = Site::with_tickets(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let ticket = site.claim(0).await;
    let path = format!(
        "/api/v1/claimed-tickets/{}/revoke",
        ticket["id"].as_str().expect("an id")
    );
    site.test
        .post(&path, &site.attendee, json!({}))
        .await
        .expect_error(404, "not_found");
    let revoked = site
        .test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    assert_eq!(revoked["status"], "CANCELLED");
    site.test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    let manifest = device.manifest(&device.sync(&site.test).await);
    let row = device.row(&site.test, &manifest.body, 0).await;
    assert_eq!(row.status, TicketRowStatus::Revoked);
}

#[tokio::test]
async fn seats_travel_always_and_names_only_when_the_event_says_so() {
    // V12, S136, token.md 4: a stolen device tells no names.
    let site = Site::with_tickets(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    site.claim(0).await;
    let manifest = device.manifest(&device.sync(&site.test).await).body;
    let seats = device
        .fetch(&site.test, &manifest, SegmentKind::Seats)
        .await;
    assert_eq!(seats, [Segment::Seats(vec!["A-12".to_owned()])]);
    assert!(
        device
            .fetch(&site.test, &manifest, SegmentKind::Holders)
            .await
            .is_empty()
    );

    let id = site.event.to_string();
    site.change::<Event>(&id, |event| event.names_at_gate = true)
        .await;
    let manifest = device.manifest(&device.sync(&site.test).await).body;
    let names = device
        .fetch(&site.test, &manifest, SegmentKind::Holders)
        .await;
    assert_eq!(names, [Segment::Holders(vec![(0, "Ann Lee".to_owned())])]);

    site.change::<Event>(&id, |event| event.names_at_gate = false)
        .await;
    let manifest = device.manifest(&device.sync(&site.test).await).body;
    assert!(
        device
            .fetch(&site.test, &manifest, SegmentKind::Holders)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_change_of_the_rules_is_published_by_itself() {
    // V4, E1
    let site = Site::with_tickets(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let before = device.manifest(&device.sync(&site.test).await);
    let id = site.event.to_string();
    site.change::<Event>(&id, |event| "Moved to Sunday".clone_into(&mut event.title))
        .await;
    let after = device.manifest(&device.sync(&site.test).await);
    assert_eq!(after.header.version, before.header.version + 1);
    assert_eq!(after.body.policy.title, "Moved to Sunday");
}

#[tokio::test]
async fn many_publishers_at_once_lose_nothing() {
    // V1: racing syncs publish a chain of versions, and every mark is settled.
    let site = Site::with_tickets(40).await;
    let device = site.enrol("North 1", 0, 7).await;
    for ticket in 0..40 {
        site.claim(ticket).await;
    }
    let racing = (0..8).map(|_| device.sync(&site.test));
    let answers = futures::future::join_all(racing).await;
    let manifests: Vec<_> = answers
        .iter()
        .map(|answer| device.manifest(answer))
        .collect();
    assert!(
        manifests
            .iter()
            .all(|manifest| manifest.hash == manifests[0].hash)
    );
    let segments = device
        .fetch(&site.test, &manifests[0].body, SegmentKind::Tickets)
        .await;
    let active = segments.iter().flat_map(Segment::rows);
    assert_eq!(
        active
            .filter(|row| row.status == TicketRowStatus::Active)
            .count(),
        40
    );
}
