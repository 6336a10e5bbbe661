//! Tickets on wristbands over HTTP: who may put them there, what dies, what comes back.

use serde_json::{Value, json};
use shared::api::tickets::TicketStatus;
use shared::ids::ClassId;
use shared::ticket::{ChipUid, ScanProof, Token, verify};

use super::super::ClaimedTicket;
use crate::events::model::TicketClass;
use crate::gate::keys;
use crate::gate::tests::Site;
use crate::inventory::model::IssuedTicket;
use crate::testing::{Answer, NOW};

const UID: &str = "04A2245A716C80";

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().expect("a text")
}

async fn bind(site: &Site, ticket: &Value, caller: &str, uid: &str) -> Answer {
    let path = format!("/api/v1/claimed-tickets/{}/bind", text(ticket, "id"));
    site.test.post(&path, caller, json!({ "uid": uid })).await
}

#[tokio::test]
async fn a_ticket_moves_to_a_chip_and_off_it_again() {
    // T7 T3
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let device = site.enrol("North 1", 0, 7).await;
    let bound = bind(&site, &ticket, &site.organizer, "04a2245a716c80").await;
    let bound = bound.expect(200);
    assert_eq!(
        (&bound["uid"], &bound["generation"]),
        (&json!(UID), &json!(2))
    );
    let bytes = data_encoding::HEXUPPER.decode(text(&bound, "ticket").as_bytes());
    let uid = data_encoding::HEXUPPER.decode(UID.as_bytes()).expect("hex");
    let uid = ChipUid::new(&uid).expect("a uid");
    let token = Token::from_chip(&bytes.expect("hex"), uid).expect("a chip's ticket");
    let held = keys::for_event(&site.test.app, site.event, NOW).await;
    let key = held
        .expect("keys")
        .issuing(token.kid())
        .expect("a key")
        .verifying_key();
    let payload = verify(&token, site.event, &key).expect("a good signature");
    assert_eq!((payload.serial, payload.generation), (0, 2));

    let manifest = device.manifest(&device.sync(&site.test).await);
    let row = device.row(&site.test, &manifest.body, 0).await;
    let proof = ScanProof::of_token(site.event, &token);
    assert_eq!(row.commitment, proof.commitment(site.event, 0, 2));

    // Nothing is left to show, and the same chip gets the same bytes.
    let again = bind(&site, &ticket, &site.organizer, UID).await.expect(200);
    assert_eq!(again, bound);
    let path = format!("/api/v1/claimed-tickets/{}", text(&ticket, "id"));
    let shown = site.test.get(&path, &site.attendee).await.expect(200);
    assert!(shown.get("token").is_none(), "{shown}");
    let qr = format!("/api/v1/claimed-tickets/qr/{}", text(&ticket, "id"));
    site.test
        .get(&qr, &site.attendee)
        .await
        .expect_error(409, "on_chip");
    let page = text(&ticket, "pageUrl").strip_prefix("http://gatehouse.test");
    let page = site.test.get(page.expect("ours"), "").await;
    let page = String::from_utf8(page.bytes).expect("text");
    assert!(
        page.contains("wristband") && !page.contains("<svg"),
        "{page}"
    );
    let checked = format!("{path}/validate");
    let verdict = site.test.get(&checked, &site.attendee).await;
    assert_eq!(verdict.expect(200)["verdict"], "admit");

    // Lost: a code to show, and the chip is dead.
    site.test
        .post(&format!("{path}/reissue"), &site.attendee, json!({}))
        .await
        .expect(200);
    let shown = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(shown["generation"], 3);
    assert!(shown["token"].is_string());
}

#[tokio::test]
async fn only_the_organizer_binds_and_only_what_may_come_in() {
    // T7 A6
    let site = Site::with_tickets(2).await;
    let ticket = site.claim(0).await;
    for caller in [
        &site.attendee,
        &site.test.token_for(shared::api::accounts::Role::Organizer),
    ] {
        let answer = bind(&site, &ticket, caller, UID).await;
        answer.expect_error(404, "not_found");
    }
    for uid in ["", "04", "zz", "08123456", "00000000"] {
        let answer = bind(&site, &ticket, &site.organizer, uid).await;
        answer.expect_error(400, "validation");
    }
    let stock = site.tickets[0].to_string();
    site.change::<IssuedTicket>(&stock, |stock| stock.status = TicketStatus::Cancelled)
        .await;
    let answer = bind(&site, &ticket, &site.organizer, UID).await;
    answer.expect_error(409, "not_reissuable");
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    site.change::<TicketClass>(&class, |class| class.rotating = true)
        .await;
    let turning = site.claim(1).await;
    let answer = bind(&site, &turning, &site.organizer, UID).await;
    answer.expect_error(409, "rotating");
    let stored = site
        .test
        .app
        .db
        .get::<ClaimedTicket>(text(&turning, "id"))
        .await;
    assert_eq!(stored.expect("read").expect("stored").generation, 1);
}
