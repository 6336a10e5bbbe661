//! Issuing keys over HTTP: retired, given up, bounded by the stock, and nothing printed again.

use serde_json::{Value, json};
use shared::admission::{Presented, Reason, present_listed};
use shared::api::accounts::Role;
use shared::ids::EventId;
use shared::ticket::{Payload, Token, event_hint, sign, verify};
use shared::trust::{
    Expected, KeyStatus, Keyring, Segment, SegmentKind, StatementKind, TicketRow, TrustedKeys, open,
};

use super::device::{Device, Synced};
use super::site::Site;
use crate::events::model::Event;
use crate::gate::keys::{self, WrappedKeys};
use crate::testing::{Answer, NOW};

async fn keys_of(site: &Site) -> Vec<Value> {
    let answer = site.test.get(&site.path("/keys"), &site.organizer).await;
    answer.expect(200)["items"]
        .as_array()
        .expect("items")
        .clone()
}

async fn take_out(site: &Site, kid: u8, verb: &str) -> Answer {
    let path = site.path(&format!("/keys/{kid}/{verb}"));
    site.test.call("POST", &path, &site.organizer, None).await
}

fn statuses(keys: &[Value]) -> Vec<&str> {
    keys.iter()
        .map(|key| key["status"].as_str().expect("a status"))
        .collect()
}

fn digits(ticket: &Value) -> &str {
    ticket["token"].as_str().expect("digits")
}

fn kid(ticket: &Value) -> u8 {
    Token::from_digits(digits(ticket)).expect("a token").kid()
}

/// As a device reads it, signature and all.
fn keyring(device: &Device, synced: &Synced) -> Keyring {
    let root = device.root.as_ref().expect("enrolled");
    let signed = synced.statements.keyring.as_ref().expect("a keyring");
    let expected = Expected {
        kind: StatementKind::Keyring,
        event: device.event,
        now: NOW,
        seen: None,
    };
    open(signed, &root.body.keyring, &expected)
        .expect("a good keyring")
        .body
}

async fn rows(device: &Device, site: &Site, synced: &Synced) -> Vec<TicketRow> {
    let manifest = device.manifest(synced);
    let segments = device
        .fetch(&site.test, &manifest.body, SegmentKind::Tickets)
        .await;
    segments.iter().flat_map(Segment::rows).collect()
}

fn judged(text: &str, event: EventId, keyring: &Keyring, rows: &[TicketRow]) -> Option<Reason> {
    let keys = TrustedKeys::load(keyring).expect("good keys");
    let issued = |serial: u32| {
        let row = rows.get(usize::try_from(serial).expect("small"))?;
        Some((row.generation, row.commitment))
    };
    match present_listed(text, event, &keys, &issued, NOW) {
        Presented::Ticket { .. } | Presented::Found { .. } => None,
        Presented::Refused(reason) => Some(reason),
    }
}

#[tokio::test]
async fn a_retired_key_leaves_its_tickets_good_and_the_next_one_signs() {
    // T4
    let site = Site::with_tickets(3).await;
    let before = site.claim(0).await;
    let device = site.enrol("North 1", 0, 7).await;
    let first = keyring(&device, &device.sync(&site.test).await);
    assert_eq!(statuses(&keys_of(&site).await), ["ACTIVE", "STANDBY"]);
    for _ in 0..2 {
        let answer = take_out(&site, 0, "retire").await.expect(200);
        let keys = answer["items"].as_array().expect("items");
        assert_eq!(statuses(keys), ["RETIRED", "ACTIVE", "STANDBY"]);
    }
    take_out(&site, 2, "retire")
        .await
        .expect_error(409, "not_active");
    take_out(&site, 9, "retire")
        .await
        .expect_error(404, "not_found");
    let after = site.claim(1).await;
    assert_eq!((kid(&before), kid(&after)), (0, 1));

    let synced = device.sync(&site.test).await;
    let second = keyring(&device, &synced);
    assert_eq!(second.keys.len(), 3);
    let published = device.manifest(&synced).body;
    assert_eq!(published.keyring_version, 2);
    let rows = rows(&device, &site, &synced).await;
    for ticket in [&before, &after] {
        // Known by the keyring of before, too: the next key stood in it.
        assert_eq!(judged(digits(ticket), site.event, &first, &rows), None);
        assert_eq!(judged(digits(ticket), site.event, &second, &rows), None);
    }
    let path = format!(
        "/api/v1/claimed-tickets/{}",
        before["id"].as_str().expect("an id")
    );
    let shown = site.test.get(&path, &site.attendee).await.expect(200);
    assert_eq!(shown["token"], before["token"], "nothing is printed again");
}

#[tokio::test]
async fn a_compromised_key_is_worth_what_was_issued_under_it() {
    // T4, corpus 47
    let site = Site::with_tickets(3).await;
    let genuine = site.claim(0).await;
    let device = site.enrol("North 1", 0, 7).await;
    let stolen = keys::for_event(&site.test.app, site.event, NOW).await;
    let stolen = stolen.expect("keys").issuing(0).expect("a key").clone();
    let payload = {
        let token = Token::from_digits(digits(&genuine)).expect("a token");
        verify(&token, site.event, &stolen.verifying_key()).expect("good")
    };
    let forged = |serial, generation| {
        let payload = Payload {
            serial,
            generation,
            hint: event_hint(site.event),
            ..payload
        };
        let token = sign(&stolen, site.event, &payload).expect("signs");
        token.to_digits()
    };
    let answer = take_out(&site, 0, "compromise").await.expect(200);
    let keys = answer["items"].as_array().expect("items");
    assert_eq!(statuses(keys), ["COMPROMISED", "ACTIVE", "STANDBY"]);
    assert_eq!(
        (&keys[0]["serialLast"], &keys[1]["serialLast"]),
        (&json!(2), &json!(4095))
    );
    let since = site.claim(1).await;
    assert_eq!(kid(&since), 1);

    let synced = device.sync(&site.test).await;
    let ring = keyring(&device, &synced);
    assert_eq!(ring.keys[0].status, KeyStatus::Compromised);
    let rows = rows(&device, &site, &synced).await;
    let judged = |text: &str| judged(text, site.event, &ring, &rows);
    assert_eq!(judged(digits(&genuine)), None);
    assert_eq!(judged(digits(&since)), None);
    let unknown = Some(Reason::UnknownKey);
    // Not claimed, claimed under the next key, a newer generation, beyond the stock.
    for (serial, generation) in [(2, 1), (1, 1), (0, 2), (3, 1)] {
        assert_eq!(
            judged(&forged(serial, generation)),
            unknown,
            "{serial} {generation}"
        );
    }
    // What the thief can do is copy a ticket, as anybody can who has seen it.
    assert_eq!(forged(0, 1), digits(&genuine));

    // A holder who fears that gets a code of the next key, and the copy is dead.
    let path = format!(
        "/api/v1/claimed-tickets/{}/reissue",
        genuine["id"].as_str().expect("an id")
    );
    site.test
        .post(&path, &site.attendee, json!({}))
        .await
        .expect(200);
    let synced = device.sync(&site.test).await;
    let ring = keyring(&device, &synced);
    let rows = self::rows(&device, &site, &synced).await;
    let dead = self::judged(digits(&genuine), site.event, &ring, &rows);
    assert_eq!(dead, Some(Reason::Reissued));
}

#[tokio::test]
async fn keys_are_bounded_by_the_stock_and_grow_with_it() {
    // T4, corpus 43
    let site = Site::with_tickets(3).await;
    let device = site.enrol("North 1", 0, 7).await;
    let bounds = async || {
        let ring = keyring(&device, &device.sync(&site.test).await);
        ring.keys
            .iter()
            .map(|key| key.serial_last)
            .collect::<Vec<_>>()
    };
    assert_eq!(bounds().await, [4095, 4095]);
    take_out(&site, 0, "retire").await.expect(200);
    let id = site.event.to_string();
    site.change::<Event>(&id, |event| event.serial_next = 2_000)
        .await;
    assert_eq!(bounds().await, [2, 4095, 4095]);
    site.change::<Event>(&id, |event| event.serial_next = 2_100)
        .await;
    assert_eq!(bounds().await, [2, 8191, 8191]);
    site.change::<Event>(&id, |event| event.serial_next = 0x00FF_FFFE)
        .await;
    assert_eq!(bounds().await, [2, 0x00FF_FFFE, 0x00FF_FFFE]);
}

#[tokio::test]
async fn keys_are_the_organizers_and_their_seeds_the_vaults() {
    // A6 N6
    let site = Site::with_tickets(1).await;
    for caller in [&site.attendee, &site.test.token_for(Role::Organizer)] {
        let path = site.path("/keys/0/compromise");
        let answer = site.test.call("POST", &path, caller, None).await;
        answer.expect_error(404, "not_found");
        let answer = site.test.get(&site.path("/keys"), caller).await;
        answer.expect_error(404, "not_found");
    }
    take_out(&site, 0, "compromise").await.expect(200);
    let held = keys::for_event(&site.test.app, site.event, NOW).await;
    let seed = held.expect("keys").issuing(2).expect("drawn").to_bytes();
    let stored = site
        .test
        .app
        .db
        .get::<WrappedKeys>(&site.event.to_string())
        .await;
    let stored = stored.expect("read").expect("stored").into_inner();
    let row = serde_json::to_string(&stored).expect("JSON");
    for spelling in [
        data_encoding::HEXLOWER.encode(&seed),
        data_encoding::BASE64.encode(&seed),
        format!("{seed:?}").replace(' ', ""),
    ] {
        assert!(!row.contains(&spelling));
    }
    let shown = serde_json::to_string(&keys_of(&site).await).expect("JSON");
    assert!(!shown.contains(&data_encoding::HEXLOWER.encode(&seed)));
}

#[tokio::test]
async fn racing_organizers_take_a_key_out_once() {
    // T4
    let site = Site::with_tickets(1).await;
    let calls = (0..4).map(|at| {
        let verb = if at % 2 == 0 { "retire" } else { "compromise" };
        take_out(&site, 0, verb)
    });
    for answer in futures::future::join_all(calls).await {
        answer.expect(200);
    }
    let keys = keys_of(&site).await;
    assert_eq!(statuses(&keys), ["COMPROMISED", "ACTIVE", "STANDBY"]);
}
