//! Wristbands: linked over REST, known to the gates, believed from them.

use serde_json::{Value, json};
use shared::trust::{Segment, SegmentKind};

use super::site::Site;
use crate::testing::{Answer, NOW};

const BAND: &str = "04A22B9A5C6180";

async fn link(site: &Site, caller: &str, medium: &str, body: Value) -> Answer {
    let path = site.path(&format!("/media/{medium}"));
    site.test.call("PUT", &path, caller, Some(body)).await
}

async fn reason(site: &Site, medium: &str) -> Value {
    let path = site.path(&format!(
        "/media/{medium}/validate?gateId={}",
        site.gates[0]
    ));
    site.test.get(&path, &site.organizer).await.expect(200)["reason"].clone()
}

#[tokio::test]
async fn a_linked_band_enters_and_its_use_is_the_tickets() {
    // S81 S120
    let site = Site::with_tickets(2).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let ticket = site.claim(1).await;
    let body = json!({ "ticketIds": [ticket["id"]] });
    // As its reader writes it, and as another one does.
    let linked = link(
        &site,
        &site.organizer,
        "04%3Aa2%3A2b%3A9a%3A5c%3A61%3A80",
        body,
    )
    .await;
    let band = json!({
        "medium": BAND, "ticketIds": [ticket["id"]], "active": true, "until": null,
    });
    assert_eq!(linked.expect(200), band);
    let listed = site.test.get(&site.path("/media"), &site.organizer).await;
    assert_eq!(listed.expect(200)["items"], json!([band]));
    assert_eq!(reason(&site, BAND).await, "ok");
    assert_eq!(reason(&site, "04-A2-2B-9A-5C-61-80").await, "ok");

    let manifest = north.manifest(&north.sync(&site.test).await);
    let extras = north
        .fetch(&site.test, &manifest.body, SegmentKind::Extras)
        .await;
    let [Segment::Extras(extras)] = &extras[..] else {
        panic!("extras");
    };
    assert_eq!((extras[0].0, extras[0].1.media.len()), (1, 1));
    let wire = extras[0].1.media[0].id.0;
    assert!(
        !BAND
            .as_bytes()
            .windows(4)
            .any(|part| wire.windows(4).any(|of| of == part))
    );

    north.admit_medium(1, BAND, NOW);
    north.sync(&site.test).await;
    let redemptions = site.redemptions().await;
    assert_eq!(redemptions.len(), 1);
    assert_eq!(redemptions[0]["claimedTicketId"], ticket["id"]);
    assert_eq!(reason(&site, BAND).await, "already_used");
    // An entry that names a band which is not the ticket's counts for nothing.
    north.admit_medium(0, BAND, NOW.plus_secs(1));
    north.sync(&site.test).await;
    assert_eq!(site.redemptions().await.len(), 1);
}

#[tokio::test]
async fn a_band_that_is_lost_over_or_of_others_lets_nobody_in() {
    // S78 S79 S120 S121
    let site = Site::with_tickets(2).await;
    let ticket = site.claim(1).await;
    assert_eq!(reason(&site, BAND).await, "not_a_ticket");
    for (body, expected) in [
        (
            json!({ "ticketIds": [ticket["id"]], "active": false }),
            "blocked",
        ),
        (
            json!({ "ticketIds": [ticket["id"]], "until": NOW.plus_secs(-1) }),
            "expired",
        ),
        (json!({ "ticketIds": [ticket["id"]] }), "ok"),
        // Taken off, the gates still know it, as one that is dead.
        (json!({ "ticketIds": [] }), "blocked"),
    ] {
        link(&site, &site.organizer, BAND, body).await.expect(200);
        assert_eq!(reason(&site, BAND).await, expected);
    }
    let foreign = json!({ "ticketIds": [site.event] });
    let refused = link(&site, &site.organizer, BAND, foreign).await;
    let fields = refused.expect_error(400, "validation");
    assert_eq!(fields["ticketIds"], "names a ticket of another event");
    let short = link(&site, &site.organizer, "04A2", json!({ "ticketIds": [] })).await;
    assert!(short.expect_error(400, "validation")["medium"].is_string());
    let body = json!({ "ticketIds": [ticket["id"]] });
    link(&site, &site.attendee, BAND, body)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn a_band_goes_with_its_guest_and_not_with_the_ticket() {
    // S79 T4
    let site = Site::with_tickets(2).await;
    let ticket = site.claim(1).await;
    let body = json!({ "ticketIds": [ticket["id"]] });
    link(&site, &site.organizer, BAND, body.clone())
        .await
        .expect(200);
    let id = ticket["id"].as_str().expect("an id");
    let reissue = format!("/api/v1/claimed-tickets/{id}/reissue");
    let again = site.test.post(&reissue, &site.attendee, json!({})).await;
    again.expect(200);
    assert_eq!(reason(&site, BAND).await, "ok", "the same guest wears it");
    let other = json!({ "attendee": { "name": "Bo Tran", "email": "bo@example.org" } });
    let passed_on = site.test.post(&reissue, &site.attendee, other).await;
    passed_on.expect(200);
    assert_eq!(reason(&site, BAND).await, "blocked");
    let listed = site.test.get(&site.path("/media"), &site.organizer).await;
    assert_eq!(listed.expect(200)["items"][0]["ticketIds"], json!([]));
    // The guest of now may get it, by whoever runs the event.
    link(&site, &site.organizer, BAND, body).await.expect(200);
    assert_eq!(reason(&site, BAND).await, "ok");
}

#[tokio::test]
async fn of_two_tickets_on_a_band_none_is_guessed() {
    // S80
    let site = Site::with_tickets(2).await;
    let (one, two) = (site.claim(0).await, site.claim(1).await);
    let both = json!({ "ticketIds": [one["id"], two["id"]] });
    link(&site, &site.organizer, BAND, both).await.expect(200);
    assert_eq!(reason(&site, BAND).await, "wrong_class");
    let one = json!({ "ticketIds": [one["id"]] });
    link(&site, &site.organizer, BAND, one).await.expect(200);
    assert_eq!(reason(&site, BAND).await, "ok");
}

#[tokio::test]
async fn a_ticket_has_a_few_bands_in_its_life() {
    // S120
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    for number in 0..5 {
        let body = json!({ "ticketIds": [ticket["id"]] });
        let linked = link(&site, &site.organizer, &format!("BAND000{number}"), body).await;
        if number < 4 {
            linked.expect(200);
        } else {
            let fields = linked.expect_error(400, "validation");
            assert_eq!(fields["ticketIds"], "names a ticket with too many media");
        }
    }
}
