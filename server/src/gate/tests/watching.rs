//! The live view (V10): counts, rates, alerts, and the stream that carries them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use futures::StreamExt as _;
use serde_json::{Value, json};
use shared::admission::Reason;
use shared::api::accounts::Role;
use shared::sync::DeviceReport;

use super::site::Site;
use crate::testing::NOW;

/// A reader of the stream; waits for what comes.
struct Reader {
    body: axum::body::BodyDataStream,
    rest: String,
    headers: HeaderMap,
}

/// What one event of the stream says.
#[derive(Debug)]
struct Said {
    name: String,
    id: String,
    data: Value,
}

impl Reader {
    async fn open(site: &Site, token: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(site.path("/gate/live"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).expect("a request");
        let (status, headers, body) = site.test.open(request).await;
        assert_eq!(status, 200);
        Self {
            body: body.into_data_stream(),
            rest: String::new(),
            headers,
        }
    }

    /// `None` when the stream has ended.
    async fn next(&mut self) -> Option<Said> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                let said = Said {
                    name: field("event:"),
                    id: field("id:"),
                    data: serde_json::from_str(&field("data:")).unwrap_or(Value::Null),
                };
                self.rest = rest.to_owned();
                return Some(said);
            }
            let within = Duration::from_secs(20);
            let chunk = tokio::time::timeout(within, self.body.next()).await;
            let chunk = chunk.expect("something comes")?.expect("a body");
            self.rest
                .push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// Reads until something is as wanted; gives all that was said up to there.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Said> {
        let mut said = Vec::new();
        loop {
            let next = self.next().await.expect("the stream goes on");
            let is_wanted = wanted(&next.data);
            said.push(next);
            if is_wanted {
                return said;
            }
        }
    }
}

pub(super) async fn state(site: &Site) -> Value {
    let request = Request::get(site.path("/gate/live"))
        .header("authorization", format!("Bearer {}", site.organizer))
        .header("accept", "application/json")
        .body(Body::empty())
        .expect("a request");
    site.test.send(request).await.expect(200)
}

pub(super) fn kinds(state: &Value) -> Vec<&str> {
    let alerts = state["alerts"].as_array().expect("alerts");
    alerts
        .iter()
        .map(|alert| alert["kind"].as_str().expect("a kind"))
        .collect()
}

pub(super) async fn token(site: &Site, ticket: usize) -> String {
    let claimed = site.claim(ticket).await;
    claimed["token"].as_str().expect("digits").to_owned()
}

#[tokio::test]
async fn counts_follow_what_stands_whatever_order_it_came_in() {
    // V10, V4
    let site = Site::with_tickets(4).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let mut south = site.enrol("South 1", 1, 8).await;
    let tokens = [token(&site, 0).await, token(&site, 1).await];
    // Nobody scans this one; a word counts for a ticket that was claimed.
    site.claim(2).await;
    north.admit(0, &tokens[0], NOW.plus_secs(-90));
    north.admit(1, &tokens[1], NOW.plus_secs(-80));
    south.admit(0, &tokens[0], NOW.plus_secs(-30));
    south.exit(1, NOW.plus_secs(-20));
    south.force(2, NOW.plus_secs(-10));
    south.refuse(Reason::AlreadyUsed, 3, NOW.plus_secs(-5));
    // The later gate first: its exit closes an admission that nobody here has heard of yet.
    south.sync(&site.test).await;
    north.sync(&site.test).await;
    north.sync(&site.test).await;
    let now = state(&site).await;
    let counted = |of: &Value| {
        ["admitted", "inside", "exits", "duplicates", "forced"].map(|name| of[name].clone())
    };
    assert_eq!(
        counted(&now["total"]),
        [4, 3, 1, 1, 1].map(|count| json!(count))
    );
    assert_eq!(
        counted(&now["gates"][0]),
        [2, 1, 0, 0, 0].map(|count| json!(count))
    );
    assert_eq!(
        counted(&now["gates"][1]),
        [2, 2, 1, 1, 1].map(|count| json!(count))
    );
    assert_eq!(now["gates"][1]["refused"], json!({ "already_used": 3 }));
    assert_eq!(now["gates"][1]["gate"], "Gate B");
    // The north's are older than a minute.
    assert_eq!(now["gates"][0]["ratePerMinute"], 0);
    assert_eq!(now["gates"][0]["ratePerMinute5"], 0.4);
    assert_eq!(now["total"]["ratePerMinute"], 2);
    for device in now["devices"].as_array().expect("devices") {
        let forced = i32::from(device["device"] == "South 1");
        assert_eq!(device["forced"], forced, "per staff device: {device}");
    }
    // An undo takes its admission out of every count.
    north.undo(0, 0, NOW);
    north.sync(&site.test).await;
    let now = state(&site).await;
    assert_eq!(
        counted(&now["total"]),
        [3, 2, 1, 0, 1].map(|count| json!(count))
    );
    assert_eq!(kinds(&now), Vec::<&str>::new(), "the conflict is over");
}

#[tokio::test]
async fn a_stream_begins_with_the_state_and_tells_changes_at_once() {
    // V10, N3
    let site = Site::with_tickets(3).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let tokens = [token(&site, 0).await, token(&site, 1).await];
    let mut reader = Reader::open(&site, &site.organizer, None).await;
    assert_eq!(reader.headers["content-type"], "text/event-stream");
    assert_eq!(reader.headers["x-accel-buffering"], "no");
    let first = reader.next().await.expect("a state");
    assert_eq!(first.name, "state");
    assert_eq!(first.data["total"]["admitted"], 0);
    assert_eq!(first.data["gates"].as_array().map(Vec::len), Some(2));

    north.admit(0, &tokens[0], NOW);
    north.sync(&site.test).await;
    let said = reader.until(|data| data["total"]["admitted"] == 1).await;
    let change = said.last().expect("a change");
    assert_eq!(change.name, "change");
    let gates = change.data["gates"].as_array().expect("gates");
    assert_eq!(gates.len(), 1, "only the gate that changed");
    assert_eq!(
        (&gates[0]["gate"], &gates[0]["ratePerMinute"]),
        (&json!("Gate A"), &json!(1))
    );

    // Whoever comes back gets what it missed, and nothing twice.
    drop(reader);
    let mut other = Reader::open(&site, &site.organizer, None).await;
    let resumed = other.next().await.expect("a state");
    assert_eq!((&*resumed.name, &*resumed.id), ("state", &*change.id));
    north.admit(1, &tokens[1], NOW);
    north.sync(&site.test).await;
    other.until(|data| data["total"]["admitted"] == 2).await;
    let mut back = Reader::open(&site, &site.organizer, Some(&change.id)).await;
    let missed = back.until(|data| data["total"]["admitted"] == 2).await;
    assert!(
        missed.iter().all(|said| said.name == "change"),
        "{missed:?}"
    );
    let mut strange = Reader::open(&site, &site.organizer, Some("elsewhere-7")).await;
    assert_eq!(strange.next().await.expect("a state").name, "state");

    // A server that stops lets its readers go.
    site.test.app.stopping.cancel();
    while back.next().await.is_some() {}
    while strange.next().await.is_some() {}
}

#[tokio::test]
async fn strangers_see_nothing_and_readers_are_bounded() {
    // V10, A6
    let site = Site::with_tickets(1).await;
    let path = site.path("/gate/live");
    site.test
        .get(&path, &site.attendee)
        .await
        .expect_error(404, "not_found");
    let staff = site.test.token_for(Role::GateStaff);
    site.test
        .get(&path, &staff)
        .await
        .expect_error(404, "not_found");
    site.test.get(&path, "").await.expect(401);
    let admin = site.test.token_for(Role::Admin);
    let mut readers = vec![Reader::open(&site, &admin, None).await];
    for _ in 1..64 {
        readers.push(Reader::open(&site, &site.organizer, None).await);
    }
    site.test
        .get(&path, &site.organizer)
        .await
        .expect_error(429, "rate_limited");
    // Each that leaves makes room, once the hub has looked around.
    readers.truncate(1);
    readers[0].next().await.expect("a state");
    let mut device = site.enrol("North 1", 0, 7).await;
    device.report = Some(DeviceReport::default());
    device.sync(&site.test).await;
    readers[0]
        .until(|data| data["devices"][0]["lastSeenAt"].is_string())
        .await;
    Reader::open(&site, &site.organizer, None)
        .await
        .next()
        .await
        .expect("a state");
}

#[tokio::test]
async fn staff_may_watch_and_nothing_else() {
    // V10, A6
    let site = Site::with_tickets(1).await;
    let helper = site.test.stored_user(Role::Attendee).await;
    let me = site.test.get("/api/v1/auth/me", &helper).await.expect(200);
    let (live, staff) = (site.path("/gate/live"), site.path("/staff"));
    site.test
        .get(&live, &helper)
        .await
        .expect_error(404, "not_found");
    let unknown = json!({ "username": "nobody-at-all" });
    site.test
        .post(&staff, &site.organizer, unknown)
        .await
        .expect_error(400, "validation");
    let body = json!({ "username": me["username"] });
    site.test
        .post(&staff, &helper, body.clone())
        .await
        .expect_error(404, "not_found");
    for _ in 0..2 {
        site.test
            .post(&staff, &site.organizer, body.clone())
            .await
            .expect(200);
    }
    let listed = site.test.get(&staff, &site.organizer).await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["userId"], me["id"]);
    let mut reader = Reader::open(&site, &helper, None).await;
    assert_eq!(reader.next().await.expect("a state").name, "state");
    for closed in ["/devices", "/redemptions", "/conflicts", "/audit", "/staff"] {
        site.test
            .get(&site.path(closed), &helper)
            .await
            .expect_error(404, "not_found");
    }
    let id = me["id"].as_str().expect("an id");
    let gone = format!("{staff}/{id}");
    site.test
        .call("DELETE", &gone, &site.organizer, None)
        .await
        .expect(204);
    site.test
        .get(&live, &helper)
        .await
        .expect_error(404, "not_found");
    site.test
        .call("DELETE", &gone, &site.organizer, None)
        .await
        .expect_error(404, "not_found");
}

#[tokio::test]
async fn forged_codes_at_a_device_are_told_once() {
    // V10, token.md 4 (counterfeit printer)
    let site = Site::with_tickets(1).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    north.refuse(Reason::BadSignature, 4, NOW);
    north.refuse(Reason::AlreadyUsed, 50, NOW);
    north.sync(&site.test).await;
    assert_eq!(
        kinds(&state(&site).await),
        Vec::<&str>::new(),
        "four are misreads"
    );
    north.refuse(Reason::UnknownKey, 1, NOW);
    north.refuse(Reason::BadSignature, 7, NOW);
    north.sync(&site.test).await;
    let now = state(&site).await;
    assert_eq!(kinds(&now), ["forged_codes"]);
    assert_eq!(now["alerts"][0]["deviceId"], json!(north.id));
    assert_eq!(
        now["total"]["refused"],
        json!({ "already_used": 50, "bad_signature": 11, "unknown_key": 1 })
    );
}

#[tokio::test]
async fn a_rush_silence_and_wrong_clocks_are_told() {
    // V10, V3
    let site = Site::with_tickets(41).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    for ticket in 0..40_u32 {
        let token = token(&site, usize::try_from(ticket).expect("small")).await;
        north.admit(ticket, &token, NOW.plus_secs(-i64::from(ticket % 30)));
    }
    north.sync(&site.test).await;
    let now = state(&site).await;
    assert_eq!(kinds(&now), ["surge"]);
    assert_eq!(now["alerts"][0]["gateId"], json!(site.gates[0]));
    site.test.clock.advance(120_000);
    assert_eq!(kinds(&state(&site).await), Vec::<&str>::new());
    site.test.clock.advance(61_000);
    let now = state(&site).await;
    assert_eq!(kinds(&now), ["silent_device"]);
    // It speaks again; its clock has stayed behind.
    north.sync(&site.test).await;
    let now = state(&site).await;
    assert_eq!(kinds(&now), ["wrong_clock"]);
    assert_eq!(
        now["alerts"][0]["message"],
        "The clock of North 1 is 181 seconds slow."
    );
    // By the corrected clock an old entry is no rush, and the entry of a slow clock is a fresh one.
    let last = token(&site, 40).await;
    north.admit(40, &last, NOW);
    north.sync(&site.test).await;
    assert_eq!(state(&site).await["total"]["ratePerMinute"], 1);
}

#[tokio::test]
async fn what_a_removed_device_does_is_told() {
    // V6, V10
    let site = Site::with_tickets(2).await;
    let mut lost = site.enrol("Lost", 0, 7).await;
    let other = site.enrol("Other", 1, 8).await;
    let first = token(&site, 0).await;
    let evict = site.path(&format!("/devices/{}/evict", lost.id));
    site.test
        .post(&evict, &site.organizer, json!({}))
        .await
        .expect(200);
    assert_eq!(kinds(&state(&site).await), Vec::<&str>::new());
    lost.admit(0, &first, NOW);
    for _ in 0..3 {
        let body = shared::sync::SegmentsRequest::V1 { hashes: Vec::new() };
        lost.post(&site.test, "/api/v1/gate/segments", &body)
            .await
            .expect_error(403, "device_evicted");
    }
    assert_eq!(kinds(&state(&site).await), ["evicted_device_spoke"]);
    let geneses = vec![lost.genesis.clone()];
    other
        .send(&site.test, Vec::new(), geneses, lost.all_segments())
        .await;
    let now = state(&site).await;
    let mut told = kinds(&now);
    told.sort_unstable();
    assert_eq!(told, ["evicted_device_spoke", "quarantined"]);
    assert_eq!(now["total"]["admitted"], 0);
}

#[tokio::test]
async fn a_device_that_lost_its_log_says_so() {
    // V10, gossip.md 5
    let site = Site::with_tickets(1).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    north.report = Some(DeviceReport {
        cut_logs: vec![north.genesis.log_id()],
        ..DeviceReport::default()
    });
    north.sync(&site.test).await;
    north.sync(&site.test).await;
    assert_eq!(kinds(&state(&site).await), ["log_cut"]);
}

#[tokio::test]
async fn guesses_at_devices_and_at_the_server_are_told() {
    // T6, V10, corpus 100
    let site = Site::with_tickets(1).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let reports = async |north: &mut super::device::Device, codes: u32, pins: u32| {
        north.report = Some(DeviceReport {
            wrong_codes: codes,
            wrong_pins: pins,
            ..DeviceReport::default()
        });
        north.sync(&site.test).await;
        // Reports are noted as often as devices are.
        site.test.clock.advance(31_000);
    };
    // The device of this story has a clock that stands still, which is told too.
    let guessing = async || {
        let now = state(&site).await;
        let alerts = now["alerts"].as_array().expect("alerts").clone();
        alerts.into_iter().find(|alert| alert["kind"] == "guessing")
    };
    reports(&mut north, 4, 4).await;
    assert_eq!(guessing().await, None, "slips");
    reports(&mut north, 4, 5).await;
    assert_eq!(
        guessing().await.expect("an alert")["message"],
        "North 1: 4 wrong typed codes and 5 wrong PINs within an hour. Somebody may be guessing."
    );
    assert_eq!(state(&site).await["devices"][0]["wrongPins"], 5);
    reports(&mut north, 0, 0).await;
    assert_eq!(guessing().await, None);

    // Fourteen digits that check, and are no ticket's here.
    let ask = json!({ "code": "00000000000098", "gateId": site.gates[0] });
    for _ in 0..5 {
        let path = site.path("/validate");
        let asked = site.test.post(&path, &site.organizer, ask.clone()).await;
        assert_eq!(asked.expect(200)["reason"], "not_a_ticket");
    }
    let alert = guessing().await.expect("an alert");
    assert_eq!(alert["deviceId"], Value::Null);
}

#[tokio::test]
async fn forged_codes_of_a_lonely_hour_are_told_when_they_come() {
    // V10
    let site = Site::with_tickets(1).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    north.refuse(Reason::BadSignature, 4, NOW.plus_secs(-1_800));
    north.sync(&site.test).await;
    assert_eq!(kinds(&state(&site).await), Vec::<&str>::new(), "misreads");
    // Told in one go with a later refusal, which makes the counts forget what is older.
    north.refuse(Reason::BadSignature, 3, NOW.plus_secs(-1_200));
    north.refuse(Reason::UnknownKey, 2, NOW.plus_secs(-1_170));
    north.refuse(Reason::BadSignature, 1, NOW.plus_secs(-5));
    north.sync(&site.test).await;
    assert_eq!(kinds(&state(&site).await), ["forged_codes"]);
}

#[tokio::test]
async fn a_stolen_device_buries_no_other_alert() {
    // V10
    let site = Site::with_tickets(2).await;
    let mut north = site.enrol("North 1", 0, 7).await;
    let tokens = [token(&site, 0).await, token(&site, 1).await];
    for second in 0..20 {
        // Whoever writes this never saw the ticket.
        north.admit(0, &tokens[1], NOW.plus_secs(second - 60));
    }
    north.sync(&site.test).await;
    let unproven = |state: &Value| {
        let kinds = kinds(state);
        kinds.iter().filter(|of| **of == "unproven_scan").count()
    };
    assert_eq!(unproven(&state(&site).await), 1);
}
