//! Requests that no client of ours makes: what is missing, malformed or somebody else's word.

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use shared::sync::{SegmentsRequest, SignedRequest};

use super::device::Device;
use super::site::Site;
use crate::testing::NOW;

#[tokio::test]
async fn an_enrolment_with_a_field_missing_or_malformed_is_refused_and_the_code_stays_good() {
    // S141 S142 V6
    let site = Site::with_tickets(1).await;
    let invited = site.invite("North 1", 0).await;
    let code = invited["enrolmentCode"].as_str().expect("a code");
    let mut device = Device::new(7, 0);
    let challenge = site
        .test
        .post("/api/v1/gate/enrolment/challenge", "", json!({}))
        .await;
    let nonce = challenge.expect(200)["nonce"]
        .as_str()
        .expect("a nonce")
        .to_owned();
    let whole = device.enrol_request(&nonce, code);
    let post = async |body: Value| site.test.post("/api/v1/gate/enrolment", "", body).await;
    for field in ["code", "publicKey", "nonce", "proof", "appVersion"] {
        let mut lacking = whole.clone();
        lacking.as_object_mut().expect("fields").remove(field);
        let refused = post(lacking).await;
        refused.expect(400);
        assert!(refused.json()["message"].is_string(), "{field}");
    }
    for (field, bad) in [
        ("publicKey", "22"),
        ("publicKey", "not hex"),
        ("proof", "00"),
        ("nonce", ""),
    ] {
        let mut malformed = whole.clone();
        malformed[field] = json!(bad);
        post(malformed).await.expect(400);
    }
    // No canonical point of the curve: it could sign nothing.
    let mut no_key = whole.clone();
    no_key["publicKey"] = json!("ff".repeat(32));
    post(no_key).await.expect(400);
    // corpus 94 (other role): what a device may be was said by who invited it.
    for role in ["scanner", "kiosk", "admin"] {
        let mut greedy = whole.clone();
        greedy["role"] = json!(role);
        post(greedy).await.expect(400);
    }
    let enrolled = device.enrol(&site.test, &invited).await.expect(200);
    assert_eq!(enrolled["role"], "kiosk");
}

#[tokio::test]
async fn a_gate_device_opens_no_door_of_the_office() {
    // corpus 95, A6, token.md 4 (rogue device on LAN): its key is good, for the gate and nothing else.
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let device = site.enrol("North 1", 0, 7).await;
    let of_ticket = |verb: &str| {
        let id = ticket["id"].as_str().expect("an id");
        format!("/api/v1/claimed-tickets/{id}/{verb}")
    };
    let verbs = [
        site.path("/devices"),
        site.path(&format!("/devices/{}/confirm", device.id)),
        site.path(&format!("/devices/{}/evict", device.id)),
        site.path("/keys/0/retire"),
        site.path("/keys/0/compromise"),
        site.path("/staff"),
        site.path("/validate"),
        of_ticket("revoke"),
        of_ticket("reissue"),
        of_ticket("force"),
        of_ticket("annul"),
    ];
    let views = [
        "/devices",
        "/keys",
        "/redemptions",
        "/audit",
        "/supervisors",
        "/gate/live",
    ];
    let body = SegmentsRequest::V1 { hashes: Vec::new() };
    let signed = SignedRequest::sign(&device.key, device.id, site.event, NOW, &body);
    let bearers = [
        String::new(),
        HEXLOWER.encode(device.key.verifying_key().as_bytes()),
        BASE64.encode(&signed.to_wire()),
    ];
    for verb in &verbs {
        device.post(&site.test, verb, &body).await.expect(401);
        for bearer in &bearers {
            site.test.post(verb, bearer, json!({})).await.expect(401);
        }
    }
    for view in views {
        for bearer in &bearers {
            site.test.get(&site.path(view), bearer).await.expect(401);
        }
    }
    // Nothing was done, and the device is what it was.
    let devices = site.test.get(&site.path("/devices"), &site.organizer).await;
    let devices = devices.expect(200)["items"].clone();
    assert_eq!(devices.as_array().map(Vec::len), Some(1));
    assert_eq!(devices[0]["status"], "ENROLLED");
    let keys = site
        .test
        .get(&site.path("/keys"), &site.organizer)
        .await
        .expect(200);
    assert_eq!(keys["items"][0]["status"], "ACTIVE");
    let good = site
        .test
        .get(&of_ticket("validate"), &site.attendee)
        .await
        .expect(200);
    assert_eq!(good["reason"], "ok");
    device
        .post(&site.test, "/api/v1/gate/segments", &body)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_ticket_is_asked_for_by_its_id_and_by_nothing_else() {
    // S117 S118
    let site = Site::with_tickets(1).await;
    let ticket = site.claim(0).await;
    let validate = |id: &str| format!("/api/v1/claimed-tickets/{id}/validate");
    let good = validate(ticket["id"].as_str().expect("an id"));
    site.test.get(&good, &site.attendee).await.expect(200);
    // The serial, the stock's id, the event's, and ids of another shape.
    let stock = site.tickets[0].to_string();
    let event = site.event.to_string();
    for other in [
        "0",
        "1",
        stock.as_str(),
        event.as_str(),
        "a+b",
        "a%2Fb",
        "%3D",
        "-",
    ] {
        let refused = site.test.get(&validate(other), &site.attendee).await;
        let status = refused.status.as_u16();
        assert!(status == 404 || status == 400, "{other}: {status}");
        assert!(refused.json()["code"].is_string(), "{other}");
    }
    // What a holder is given to open and to type survives an address as it is.
    let page = ticket["pageUrl"].as_str().expect("a link");
    let secret = page.rsplit('/').next().expect("a secret");
    let plain = |c: char| c.is_ascii_alphanumeric();
    assert!(secret.chars().all(plain), "{secret}");
    let path = page
        .strip_prefix("http://gatehouse.test")
        .expect("our page");
    site.test.get(path, "").await.expect(200);
    assert!(
        ticket["token"]
            .as_str()
            .expect("digits")
            .chars()
            .all(|c| c.is_ascii_digit())
    );
}
