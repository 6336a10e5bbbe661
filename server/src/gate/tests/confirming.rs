//! Confirming a device by six digits, and the list of devices (V6, V10).

use serde_json::{Value, json};
use shared::sync::DeviceReport;

use super::device::Device;
use super::site::Site;
use crate::events::model::Event;
use crate::testing::NOW;

async fn careful() -> Site {
    let site = Site::with_tickets(1).await;
    let id = site.event.to_string();
    site.change::<Event>(&id, |event| event.confirm_devices = true)
        .await;
    site
}

async fn shown(site: &Site, device: &Device) -> Value {
    let path = site.path(&format!("/devices/{}", device.id));
    site.test.get(&path, &site.organizer).await.expect(200)
}

fn confirm_path(site: &Site, device: &Device) -> String {
    site.path(&format!("/devices/{}/confirm", device.id))
}

#[tokio::test]
async fn a_device_that_waits_is_nobody_until_its_digits_were_compared() {
    // V6, token.md 3
    let site = careful().await;
    let invited = site.invite("North 1", 0).await;
    let mut device = Device::new(7, 0);
    let answer = device.enrol(&site.test, &invited).await.expect(200);
    assert_eq!(answer["awaitingConfirmation"], true);
    let digits = answer["transcriptCode"]
        .as_str()
        .expect("digits")
        .to_owned();
    let body = shared::sync::SegmentsRequest::V1 { hashes: Vec::new() };
    let speak = || device.post(&site.test, "/api/v1/gate/segments", &body);
    speak().await.expect_error(403, "device_pending");
    let other = site.test.app.db.clone();
    assert!(!roster_names(&site, &device).await, "no gate knows it");
    drop(other);

    let pending = shown(&site, &device).await;
    assert_eq!(
        (&pending["status"], &pending["transcriptCode"]),
        (&json!("PENDING"), &json!(digits))
    );
    let path = confirm_path(&site, &device);
    let wrong = json!({ "transcriptCode": "000000" });
    site.test
        .post(&path, &site.organizer, wrong)
        .await
        .expect_error(409, "digits_differ");
    let right = json!({ "transcriptCode": format!("{} {}", &digits[..3], &digits[3..]) });
    site.test
        .post(&path, &site.attendee, right.clone())
        .await
        .expect_error(404, "not_found");
    let confirmed = site
        .test
        .post(&path, &site.organizer, right.clone())
        .await
        .expect(200);
    assert_eq!(confirmed["status"], "ENROLLED");
    // A click whose answer got lost.
    site.test
        .post(&path, &site.organizer, right)
        .await
        .expect(200);
    speak().await.expect(200);
    assert!(roster_names(&site, &device).await);
}

/// Whether the newest roster names the device.
async fn roster_names(site: &Site, device: &Device) -> bool {
    use shared::trust::{Roster, StatementKind};
    let stored =
        crate::gate::statements::latest(&site.test.app.db, site.event, StatementKind::Roster);
    let stored = stored.await.expect("read").expect("a roster");
    let keys = crate::gate::keys::for_event(&site.test.app, site.event, NOW)
        .await
        .expect("keys");
    let roster = crate::gate::statements::read::<Roster>(&stored, &keys.roster).expect("a roster");
    roster.body.by_device(device.id).is_some()
}

#[tokio::test]
async fn a_photographed_code_is_found_out_by_its_digits() {
    // V6, token.md 4 (enrolment QR photographed): second use of the code refused and reported
    let site = careful().await;
    let invited = site.invite("North 1", 0).await;
    let mut thief = Device::new(8, 0);
    thief.enrol(&site.test, &invited).await.expect(200);
    let mut real = Device::new(7, 0);
    real.enrol(&site.test, &invited)
        .await
        .expect_error(409, "code_used");
    let live = axum::http::Request::get(site.path("/gate/live"))
        .header("authorization", format!("Bearer {}", site.organizer))
        .header("accept", "application/json")
        .body(axum::body::Body::empty())
        .expect("a request");
    let live = site.test.send(live).await.expect(200);
    let kinds: Vec<_> = live["alerts"]
        .as_array()
        .expect("alerts")
        .iter()
        .map(|of| &of["kind"])
        .collect();
    assert_eq!(kinds.len(), 2);
    assert!(
        kinds.contains(&&json!("code_reused")) && kinds.contains(&&json!("awaiting_confirmation"))
    );
    // Nobody confirms it; it is removed, and the place is invited anew.
    let evict = site.path(&format!("/devices/{}/evict", thief.id));
    site.test
        .post(&evict, &site.organizer, json!({}))
        .await
        .expect(200);
    let digits = shown(&site, &thief).await["transcriptCode"].clone();
    site.test
        .post(
            &confirm_path(&site, &thief),
            &site.organizer,
            json!({ "transcriptCode": digits }),
        )
        .await
        .expect_error(409, "nothing_to_confirm");
}

#[tokio::test]
async fn a_lost_answer_shows_the_same_digits_on_both_screens() {
    // V6
    let site = careful().await;
    let invited = site.invite("North 1", 0).await;
    let mut device = Device::new(7, 0);
    let first = device.enrol(&site.test, &invited).await.expect(200);
    site.test.clock.advance(5_000);
    let again = device.enrol(&site.test, &invited).await.expect(200);
    assert_ne!(again["transcriptCode"], first["transcriptCode"]);
    assert_eq!(again["awaitingConfirmation"], true);
    assert_eq!(
        shown(&site, &device).await["transcriptCode"],
        again["transcriptCode"]
    );
    // The digits of an enrolment that is no longer the one in hand confirm nothing.
    let stale = json!({ "transcriptCode": first["transcriptCode"] });
    site.test
        .post(&confirm_path(&site, &device), &site.organizer, stale)
        .await
        .expect_error(409, "digits_differ");
}

#[tokio::test]
async fn one_step_stays_the_default_and_shows_its_digits() {
    // V6
    let site = Site::with_tickets(1).await;
    let invited = site.invite("North 1", 0).await;
    let mut device = Device::new(7, 0);
    let answer = device.enrol(&site.test, &invited).await.expect(200);
    assert_eq!(answer["awaitingConfirmation"], false);
    let view = shown(&site, &device).await;
    assert_eq!(view["status"], "ENROLLED");
    assert_eq!(view["transcriptCode"], answer["transcriptCode"]);
}

#[tokio::test]
async fn the_list_of_devices_tells_how_each_is() {
    // V10, V6
    let site = Site::with_tickets(2).await;
    let claimed = site.claim(0).await;
    let token = claimed["token"].as_str().expect("digits");
    let mut device = site.enrol("North 1", 1, 7).await;
    device.admit(0, token, NOW.plus_secs(-30));
    device.report = Some(DeviceReport {
        app_version: "kiosk 9.9".to_owned(),
        snapshot: Some((3, NOW.plus_secs(-120))),
        pending: 5,
        battery_percent: Some(64),
        wrong_codes: 2,
        wrong_pins: 1,
        cut_logs: Vec::new(),
    });
    device.sync(&site.test).await;
    let devices = site
        .test
        .get(&site.path("/devices"), &site.organizer)
        .await
        .expect(200);
    let view = &devices["items"][0];
    assert_eq!(
        view,
        &shown(&site, &device).await,
        "the list and the page agree"
    );
    for (field, value) in [
        ("gate", json!("Gate B")),
        ("appVersion", json!("kiosk 9.9")),
        ("pending", json!(4)),
        ("batteryPercent", json!(64)),
        ("clockOffsetMs", json!(0)),
        ("lastSeenAt", json!(NOW)),
        ("admitted", json!(1)),
        ("forced", json!(0)),
        ("wrongCodes", json!(2)),
        ("wrongPins", json!(1)),
        ("entries", json!(1)),
        (
            "snapshot",
            json!({ "version": 3, "createdAt": NOW.plus_secs(-120), "ageSecs": 120 }),
        ),
    ] {
        assert_eq!(view[field], value, "{field}");
    }
    let log = &view["logs"][0];
    assert_eq!(log["log"], device.genesis.log_id().to_string());
    assert_eq!(log["entries"], 1);
    let stranger = site.path(&format!("/devices/{}", device.id));
    site.test
        .get(&stranger, &site.attendee)
        .await
        .expect_error(404, "not_found");
}
