//! Sealed tickets over HTTP: what the holder carries, what the gates are given, what a lost device
//! costs.

use serde_json::{Value, json};
use shared::api::tickets::TicketStatus;
use shared::ids::ClassId;
use shared::sync::{ScanKeysRequest, ScanKeysResponse};
use shared::ticket::{SEALED_TOKEN_DIGITS, ScanKey, ScanProof, Token, verify};
use shared::trust::{ScanKeyFor, TicketRow};

use crate::events::model::TicketClass;
use crate::gate::keys;
use crate::gate::tests::{Device, Site};
use crate::testing::{NOW, TestApp};

async fn site(tickets: u32) -> Site {
    let site = Site::with_tickets(tickets).await;
    let class = ClassId::from_bytes([0xC0; 16]).to_string();
    site.change::<TicketClass>(&class, |class| class.sealed = true)
        .await;
    site
}

/// What the server gives the device, unwrapped.
async fn given(test: &TestApp, device: &Device) -> Vec<ScanKey> {
    let answer = device
        .post(test, "/api/v1/gate/scan-keys", &ScanKeysRequest::V1 {})
        .await;
    assert_eq!(answer.status, 200);
    let ScanKeysResponse::V1 { keys } =
        ScanKeysResponse::from_wire(&answer.bytes).expect("an answer");
    let holder = ScanKeyFor {
        event: device.event,
        device: device.id,
        public_key: device.key.verifying_key().to_bytes(),
    };
    let root = device.root.as_ref().expect("enrolled");
    keys.iter()
        .map(|key| key.unwrap(&holder, &device.key, &root.body.roster))
        .collect::<Result<_, _>>()
        .expect("wrapped to this device, and signed")
}

fn token(ticket: &Value) -> Token {
    Token::from_digits(ticket["token"].as_str().expect("digits")).expect("a token")
}

#[tokio::test]
async fn a_sealed_ticket_is_read_by_the_events_devices_and_by_nobody_else() {
    // T10
    let site = site(2).await;
    let ticket = site.claim(0).await;
    assert_eq!(
        ticket["token"].as_str().map(str::len),
        Some(SEALED_TOKEN_DIGITS)
    );
    let device = site.enrol("North 1", 0, 7).await;
    let scan_keys = given(&site.test, &device).await;
    assert_eq!(scan_keys.len(), 1);
    let opened = token(&ticket)
        .open(site.event, &scan_keys[0])
        .expect("opens");
    let held = keys::for_event(&site.test.app, site.event, NOW).await;
    let key = held
        .expect("keys")
        .issuing(opened.kid())
        .expect("a key")
        .verifying_key();
    let payload = verify(&opened, site.event, &key).expect("a good ticket");
    assert_eq!((payload.serial, payload.generation), (0, 1));

    let manifest = device.manifest(&device.sync(&site.test).await);
    let row = device.row(&site.test, &manifest.body, 0).await;
    assert_eq!(row.flags & TicketRow::SEALED, TicketRow::SEALED);
    let proof = ScanProof::of_token(site.event, &opened);
    assert_eq!(row.commitment, proof.commitment(site.event, 0, 1));

    let id = ticket["id"].as_str().expect("an id");
    let path = format!("/api/v1/claimed-tickets/qr/{id}?format=svg");
    assert_eq!(site.test.get(&path, &site.attendee).await.status, 200);
    let path = format!("/api/v1/claimed-tickets/{id}/validate");
    let verdict = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(verdict["verdict"], "admit", "{verdict}");
    let path = format!("/api/v1/claimed-tickets/{id}");
    let again = site.test.get(&path, &site.attendee);
    assert_eq!(again.await.expect(200)["token"], ticket["token"]);
}

#[tokio::test]
async fn an_admission_by_a_sealed_ticket_is_proven_by_what_was_in_it() {
    // T10 V2
    let site = site(1).await;
    let ticket = site.claim(0).await;
    let mut device = site.enrol("North 1", 0, 7).await;
    let scan_keys = given(&site.test, &device).await;
    let opened = token(&ticket)
        .open(site.event, &scan_keys[0])
        .expect("opens");
    device.admit_token(0, &opened, NOW);
    assert!(device.sync(&site.test).await.refused.is_empty());
    let redemptions = site.redemptions().await;
    assert_eq!(redemptions.len(), 1);
    assert_eq!(redemptions[0]["label"], "primary");
    assert_eq!(site.ticket_status(0).await, TicketStatus::Validated);
}

#[tokio::test]
async fn a_lost_device_reads_nothing_that_is_sealed_after_it() {
    // T10, token.md 3 (lost device)
    let site = site(3).await;
    let before = site.claim(0).await;
    let lost = site.enrol("North 1", 0, 7).await;
    let held = given(&site.test, &lost).await;
    let path = site.path(&format!("/devices/{}/evict", lost.id));
    site.test
        .call("POST", &path, &site.organizer, None)
        .await
        .expect(200);
    let answer = lost
        .post(
            &site.test,
            "/api/v1/gate/scan-keys",
            &ScanKeysRequest::V1 {},
        )
        .await;
    answer.expect_error(403, "device_evicted");

    let after = site.claim(1).await;
    assert_eq!(token(&before).scan_key_id(), Some(0));
    assert_eq!(token(&after).scan_key_id(), Some(1));
    assert!(
        held.iter()
            .all(|key| token(&after).open(site.event, key).is_err())
    );
    let other = site.enrol("South 1", 1, 8).await;
    let keys = given(&site.test, &other).await;
    assert_eq!(keys.len(), 2);
    token(&before)
        .open(site.event, &keys[0])
        .expect("the old ones open");
    token(&after)
        .open(site.event, &keys[1])
        .expect("the new ones too");
    // Who wants the old one unread gets it issued again, under the key of today.
    let id = before["id"].as_str().expect("an id");
    let path = format!("/api/v1/claimed-tickets/{id}/reissue");
    site.test
        .post(&path, &site.attendee, json!({}))
        .await
        .expect(200);
    let path = format!("/api/v1/claimed-tickets/{id}");
    let again = site.test.get(&path, &site.attendee);
    assert_eq!(token(&again.await.expect(200)).scan_key_id(), Some(1));
}

#[tokio::test]
async fn strangers_get_no_scan_key_and_a_code_does_not_both_turn_and_hide() {
    // T10 A6
    let site = site(1).await;
    let stranger = Device::new(9, 0);
    let answer = stranger
        .post(
            &site.test,
            "/api/v1/gate/scan-keys",
            &ScanKeysRequest::V1 {},
        )
        .await;
    answer.expect_error(401, "unknown_device");
    let mut impostor = site.enrol("North 1", 0, 7).await;
    impostor.key = stranger.key;
    let answer = impostor
        .post(
            &site.test,
            "/api/v1/gate/scan-keys",
            &ScanKeysRequest::V1 {},
        )
        .await;
    answer.expect_error(401, "unknown_device");
    let class = |rotating: bool, name: &str| {
        json!({
            "name": name, "price": { "amount": 1, "currency": "VND" },
            "sealed": true, "rotating": rotating,
        })
    };
    let path = site.path("/ticket-classes");
    let both = site
        .test
        .post(&path, &site.organizer, class(true, "Both"))
        .await;
    both.expect_error(400, "validation");
    let made = site
        .test
        .post(&path, &site.organizer, class(false, "Boxes"))
        .await;
    assert_eq!(made.expect(201)["sealed"], true);
}
