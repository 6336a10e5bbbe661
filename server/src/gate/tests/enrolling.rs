//! V6: enrolment and eviction.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::{Value, json};
use shared::trust::enrolment::{EnrolmentLink, normalise_code};
use shared::trust::{Expected, RootPin, Roster, RosterEntry, Signed, StatementKind, open};

use super::device::Device;
use super::site::Site;
use crate::gate::Incident;
use crate::platform::db::Query;
use crate::testing::{NOW, TestApp};

async fn incidents(site: &Site) -> Vec<String> {
    let query = Query::on("by_event").eq(site.event);
    let found = site
        .test
        .app
        .db
        .list::<Incident>(&query)
        .await
        .expect("read");
    found
        .iter()
        .map(|incident| format!("{:?}", incident.kind))
        .collect()
}

async fn nonce(test: &TestApp) -> String {
    let answer = test
        .post("/api/v1/gate/enrolment/challenge", "", json!({}))
        .await;
    answer.expect(200)["nonce"]
        .as_str()
        .expect("a nonce")
        .to_owned()
}

#[tokio::test]
async fn a_link_enrols_a_device_once() {
    // V6, corpus 94
    let site = Site::with_tickets(1).await;
    let invited = site.invite("North 1", 0).await;
    let link =
        EnrolmentLink::parse(invited["enrolmentUrl"].as_str().expect("a link")).expect("a link");
    assert_eq!(link.hub, "http://gatehouse.test");
    assert_eq!(link.event, Some(site.event));
    assert!(invited["qr"].as_str().expect("a QR").starts_with("<svg"));

    let mut device = Device::new(7, 0);
    let answer = device.enrol(&site.test, &invited).await.expect(200);
    assert_eq!(answer["deviceName"], "North 1");
    assert_eq!(answer["gateName"], "Gate A");
    assert_eq!(answer["transcriptCode"].as_str().map(str::len), Some(6));
    let root = device.root.as_ref().expect("the root opened by its pin");
    let pin: [u8; 16] = root.hash[..16].try_into().expect("16 bytes");
    assert_eq!(link.pin, Some(RootPin(pin)));

    let mut thief = Device::new(8, 0);
    thief
        .enrol(&site.test, &invited)
        .await
        .expect_error(409, "code_used");
    assert_eq!(incidents(&site).await, ["CodeReused"]);
    let devices = site
        .test
        .get(&site.path("/devices"), &site.organizer)
        .await
        .expect(200);
    assert_eq!(devices["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(devices["items"][0]["status"], "ENROLLED");
}

#[tokio::test]
async fn a_lost_answer_does_not_burn_the_code() {
    // V6, S142, corpus 94
    let site = Site::with_tickets(1).await;
    let invited = site.invite("North 1", 0).await;
    let code = invited["enrolmentCode"].as_str().expect("a code");
    let mut device = Device::new(7, 0);
    let request = device.enrol_request(&nonce(&site.test).await, code);
    let post = || {
        let body = request.clone();
        site.test.post("/api/v1/gate/enrolment", "", body)
    };
    // At once, and again.
    let (first, raced) = futures::join!(post(), post());
    let first = first.expect(200);
    assert_eq!(raced.expect(200), first);
    assert_eq!(post().await.expect(200), first);
    // The device starts over with a new challenge: the same place in the roster.
    site.test.clock.advance(500_000);
    let again = device.enrol(&site.test, &invited).await.expect(200);
    assert_eq!(again["deviceId"], first["deviceId"]);
    assert_eq!(again["root"], first["root"]);
    let devices = site.path("/devices");
    let devices = site.test.get(&devices, &site.organizer).await.expect(200);
    assert_eq!(devices["items"].as_array().map(Vec::len), Some(1));
    assert!(incidents(&site).await.is_empty(), "nobody else was there");

    // Not with another key, not after the code's life, not once it was removed.
    Device::new(8, 0)
        .enrol(&site.test, &invited)
        .await
        .expect_error(409, "code_used");
    assert_eq!(incidents(&site).await, ["CodeReused"]);
    site.test.clock.advance(200_000);
    device
        .enrol(&site.test, &invited)
        .await
        .expect_error(409, "code_used");
}

#[tokio::test]
async fn an_evicted_device_does_not_come_back_by_its_code() {
    // V6, S141, S143
    let site = Site::with_tickets(1).await;
    let invited = site.invite("North 1", 0).await;
    let mut device = Device::new(7, 0);
    device.enrol(&site.test, &invited).await.expect(200);
    let path = site.path(&format!("/devices/{}/evict", device.id));
    site.test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    device
        .enrol(&site.test, &invited)
        .await
        .expect_error(409, "code_used");
    assert_eq!(incidents(&site).await, ["CodeReused"]);
}

#[tokio::test]
async fn the_roster_names_the_device_with_its_key() {
    // V6
    let site = Site::with_tickets(1).await;
    let device = site.enrol("North 1", 0, 7).await;
    let synced = device.sync(&site.test).await;
    let root = device.root.as_ref().expect("enrolled");
    let expected = Expected {
        kind: StatementKind::Roster,
        event: site.event,
        now: NOW,
        seen: None,
    };
    let roster = synced.statements.roster.as_ref().expect("a roster");
    let roster = open::<Roster>(roster, &root.body.roster, &expected).expect("a signed roster");
    roster.body.check().expect("in bounds");
    assert_eq!(roster.header.version, 2);
    let entry = roster.body.by_device(device.id).expect("listed");
    assert_eq!(entry.public_key, device.key.verifying_key().to_bytes());
    assert!(entry.is_active(NOW));
}

#[tokio::test]
async fn late_unknown_and_forged_enrolments_are_refused() {
    // V6, S141, corpus 94: expired, unknown, wrong proof, stale or foreign nonce.
    let site = Site::with_tickets(1).await;
    let invited = site.invite("North 1", 0).await;
    let code = invited["enrolmentCode"].as_str().expect("a code");
    let device = Device::new(7, 0);
    let post = async |body: Value| site.test.post("/api/v1/gate/enrolment", "", body).await;

    let mut forged = device.enrol_request(&nonce(&site.test).await, code);
    forged["publicKey"] = json!("22".repeat(32));
    post(forged).await.expect_error(400, "bad_proof");
    let other = device.enrol_request(&nonce(&site.test).await, code);
    let mut swapped = other.clone();
    swapped["nonce"] = json!(nonce(&site.test).await);
    post(swapped).await.expect_error(400, "bad_proof");
    let invented = device.enrol_request(&"00".repeat(32), code);
    post(invented).await.expect_error(400, "challenge_stale");

    let unknown = device.enrol_request(&nonce(&site.test).await, "0000-0000-0000-0000");
    let unknown = post(unknown).await;
    unknown.expect_error(404, "code_unknown");
    let late = device.enrol_request(&nonce(&site.test).await, code);
    site.test.clock.advance(61_000);
    post(late).await.expect_error(400, "challenge_stale");
    site.test.clock.advance(600_000);
    let late = device.enrol_request(&nonce(&site.test).await, code);
    let late = post(late).await;
    late.expect_error(410, "code_expired");
    // A guesser cannot tell a late code from a wrong one by its words.
    assert_eq!(late.json()["message"], unknown.json()["message"]);

    let path = site.path(&format!(
        "/devices/{}/re-invite",
        invited["deviceId"].as_str().expect("an id")
    ));
    let again = site
        .test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    let mut device = device;
    device.enrol(&site.test, &again).await.expect(200);
    site.test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect_error(409, "already_enrolled");
}

#[tokio::test]
async fn strangers_manage_no_devices() {
    // A6
    let site = Site::with_tickets(1).await;
    let body = json!({ "name": "x", "gateId": site.gates[0], "role": "kiosk" });
    let path = site.path("/devices");
    site.test
        .post(&path, &site.attendee, body.clone())
        .await
        .expect_error(404, "not_found");
    site.test
        .get(&path, &site.attendee)
        .await
        .expect_error(404, "not_found");
    site.test.post(&path, "", body).await.expect(401);
    let body = json!({ "name": " ", "gateId": site.event, "role": "kiosk" });
    let wrong = site
        .test
        .post(&path, &site.organizer, body)
        .await
        .expect_error(400, "validation");
    assert!(
        wrong["name"].is_string() && wrong["gateId"].is_string(),
        "{wrong}"
    );
}

/// The roster in an answer is signed, and says that this device was removed.
fn assert_cut(site: &Site, device: &Device, roster: &Value) {
    let roster = roster.as_str().expect("a roster");
    let roster = data_encoding::BASE64
        .decode(roster.as_bytes())
        .expect("base64");
    let roster = Signed::from_wire(&roster).expect("a statement");
    let expected = Expected {
        kind: StatementKind::Roster,
        event: site.event,
        now: NOW,
        seen: None,
    };
    let root = device.root.as_ref().expect("enrolled");
    let roster = open::<Roster>(&roster, &root.body.roster, &expected).expect("signed");
    let listed = roster.body.by_device(device.id);
    assert!(listed.is_some_and(RosterEntry::is_evicted));
}

#[tokio::test]
async fn an_evicted_device_is_cut_where_the_server_knows_it() {
    // V6, corpus 91: entries up to the cut count, later ones are kept and count for nothing.
    let site = Site::with_tickets(3).await;
    let tokens = [
        site.claim(0).await,
        site.claim(1).await,
        site.claim(2).await,
    ];
    let token = |ticket: usize| tokens[ticket]["token"].as_str().expect("digits").to_owned();
    let mut lost = site.enrol("Lost", 0, 7).await;
    let other = site.enrol("Other", 1, 8).await;
    lost.admit(0, &token(0), NOW);
    lost.sync(&site.test).await;

    let path = site.path(&format!("/devices/{}/evict", lost.id));
    let evicted = site
        .test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);
    assert_eq!(evicted["status"], "EVICTED");
    site.test
        .post(&path, &site.organizer, json!({}))
        .await
        .expect(200);

    lost.admit(1, &token(1), NOW);
    let body = shared::sync::SyncRequest::V1 {
        now: NOW,
        held: [0; 4],
        report: None,
        vector: Vec::new(),
        geneses: Vec::new(),
        segments: Vec::new(),
    };
    let details = lost
        .post(&site.test, "/api/v1/gate/sync", &body)
        .await
        .expect_error(403, "device_evicted");
    // A bare word could be anybody's: the signed roster says so itself.
    assert_cut(&site, &lost, &details["roster"]);

    // Somebody who met it relays what it wrote since.
    let relayed = other
        .send(&site.test, Vec::new(), Vec::new(), lost.all_segments())
        .await;
    assert!(relayed.refused.is_empty(), "{:?}", relayed.refused);
    let seqs: Vec<_> = site
        .redemptions()
        .await
        .iter()
        .map(|item| item["serial"].clone())
        .collect();
    assert_eq!(seqs, [json!(0)]);
    assert_eq!(incidents(&site).await, ["EvictedSpoke", "Quarantined"]);
    let stored = relayed
        .vector
        .iter()
        .find(|at| at.log == lost.genesis.log_id());
    assert_eq!(stored.map(|at| at.next_seq), Some(2));

    // A log that it began after the cut counts for nothing at all.
    lost.reinstall(2);
    lost.admit(2, &token(2), NOW);
    let relayed = other
        .send(
            &site.test,
            Vec::new(),
            vec![lost.genesis.clone()],
            lost.all_segments(),
        )
        .await;
    assert!(relayed.refused.is_empty(), "{:?}", relayed.refused);
    assert_eq!(site.redemptions().await.len(), 1);
}

#[tokio::test]
async fn one_key_is_one_invitation_and_its_code_rests_sealed() {
    // O2, V6, S143
    let site = Site::with_tickets(1).await;
    let path = site.path("/devices");
    let body = json!({ "name": "North 1", "gateId": site.gates[0], "role": "kiosk" });
    let invite = || site.test.keyed(&path, &site.organizer, "k", &body);
    let (first, raced) = futures::join!(invite(), invite());
    let first = first.expect(201);
    assert_eq!(raced.expect(201), first);
    assert_eq!(invite().await.expect(201), first);
    let other = json!({ "name": "North 2", "gateId": site.gates[0], "role": "kiosk" });
    site.test
        .keyed(&path, &site.organizer, "k", &other)
        .await
        .expect_error(422, "idempotency_mismatch");
    let listed = site.test.get(&path, &site.organizer).await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));

    // The second code is new, under its key the same, and the one that counts.
    let again = format!(
        "{path}/{}/re-invite",
        first["deviceId"].as_str().expect("an id")
    );
    let none = json!({});
    let reinvite = || site.test.keyed(&again, &site.organizer, "k", &none);
    let second = reinvite().await.expect(200);
    assert_ne!(second["enrolmentCode"], first["enrolmentCode"]);
    assert_eq!(reinvite().await.expect(200), second);

    let stored = site.test.remembered().await;
    for shown in [&first, &second] {
        let code = shown["enrolmentCode"].as_str().expect("a code");
        let link = shown["enrolmentUrl"].as_str().expect("a link");
        let code = normalise_code(code).expect("a code");
        for secret in [
            code.as_str(),
            &shown["enrolmentCode"].to_string(),
            link,
            "<svg",
        ] {
            assert!(!stored.contains(secret), "{secret} in {stored}");
        }
    }
    let mut device = Device::new(7, 0);
    device
        .enrol(&site.test, &first)
        .await
        .expect_error(404, "code_unknown");
    device.enrol(&site.test, &second).await.expect(200);
    // An answer that was given stays given.
    assert_eq!(reinvite().await.expect(200), second);
}

#[tokio::test]
async fn enrolment_is_limited_per_address() {
    // V6, A3
    let test = TestApp::new().await;
    let allowed = test.app.config.limits.enrol_per_minute;
    assert!(allowed > 0);
    let from = async |path: &str, last: u8| {
        let guess = Device::new(7, 0).enrol_request(&"00".repeat(32), "0000-0000-0000-0000");
        let mut request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(guess.to_string()))
            .expect("a request");
        let address = SocketAddr::from(([192, 0, 2, last], 4000));
        request.extensions_mut().insert(ConnectInfo(address));
        test.send(request).await
    };
    let path = "/api/v1/gate/enrolment";
    for _ in 0..allowed {
        from(path, 1).await.expect_error(400, "challenge_stale");
    }
    let refused = from(path, 1).await;
    refused.expect_error(429, "rate_limited");
    let wait = &refused.headers["retry-after"];
    let wait: i64 = wait.to_str().expect("text").parse().expect("seconds");
    // Both steps draw on one budget, and nobody else's.
    from("/api/v1/gate/enrolment/challenge", 1)
        .await
        .expect_error(429, "rate_limited");
    from(path, 2).await.expect_error(400, "challenge_stale");
    test.clock.advance(wait * 1000);
    from(path, 1).await.expect_error(400, "challenge_stale");
}
