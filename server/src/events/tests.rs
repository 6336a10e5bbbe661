//! Events over HTTP, and their rules.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::api::events::{CreateEvent, EventPhase, EventStatus};
use shared::ids::{EventId, UserId};
use shared::time::Timestamp;

use super::model::{Action, Event, TicketClass, after, epoch_of};
use crate::orders::fixture::{Shop, draft, event_body, text};
use crate::testing::{Answer, NOW, TestApp};

const EVENTS: &str = "/api/v1/events";

fn event() -> Event {
    let wanted: CreateEvent = serde_json::from_value(event_body()).expect("a request");
    let id = EventId::new(NOW, [1; 10]);
    Event::draft(id, UserId::new(NOW, [2; 10]), wanted, NOW).expect("a valid event")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

#[test]
fn every_move_is_in_the_table_and_no_other() {
    // E2
    use Action::{Approve, AskAgain, Cancel, Edit, Publish, Submit};
    use EventStatus::{Cancelled, Draft, PendingApproval, Published};
    let legal = [
        (Draft, Publish, Published),
        (Draft, Submit, PendingApproval),
        (Draft, Cancel, Cancelled),
        (PendingApproval, Approve, Published),
        (PendingApproval, Cancel, Cancelled),
        (Published, AskAgain, PendingApproval),
        (Published, Cancel, Cancelled),
    ];
    for from in [Draft, PendingApproval, Published, Cancelled] {
        for action in [Publish, Submit, Approve, AskAgain, Cancel, Edit] {
            let expected = legal
                .iter()
                .find(|(at, by, _)| (*at, *by) == (from, action))
                .map(|(_, _, to)| *to);
            assert_eq!(after(from, action), expected, "{from:?} {action:?}");
        }
    }
}

#[test]
fn phases_follow_the_clock() {
    // E2
    let mut event = event();
    assert_eq!(event.phase(NOW), EventPhase::Draft);
    event.apply(Action::Publish, NOW).expect("legal");
    for (moment, phase) in [
        (NOW, EventPhase::Upcoming),
        (event.start.plus_millis(-1), EventPhase::Upcoming),
        (event.start, EventPhase::Active),
        (event.end, EventPhase::Completed),
        (event.end.plus_secs(30 * 86_400), EventPhase::Archived),
    ] {
        assert_eq!(event.phase(moment), phase, "{moment}");
    }
    assert!(event.on_sale(event.end.plus_millis(-1)));
    assert!(!event.on_sale(event.end));
}

#[test]
fn windows_count_quarters_of_an_hour_from_the_epoch() {
    // I7
    let event = event();
    assert_eq!(event.epoch, at("2026-09-20T00:00:00Z"));
    assert_eq!(epoch_of(at("2026-09-21T23:59:59.999Z")), event.epoch);
    let mut class = class(&event);
    assert_eq!(
        class.window(&event),
        (at("2026-10-12T00:00:00Z"), at("2026-10-12T16:00:00Z"))
    );
    assert_eq!(class.window_units(&event), (22 * 96, 22 * 96 + 64));
    class.entry_from = Some(at("2026-10-12T10:14:59Z"));
    class.entry_until = Some(at("2026-10-12T10:15:01Z"));
    let quarter = 22 * 96 + 40;
    assert_eq!(
        class.window_units(&event),
        (quarter, quarter + 2),
        "rounded outwards"
    );
}

fn class(event: &Event) -> TicketClass {
    let wanted = json!({ "name": "VIP", "price": { "amount": 1, "currency": "VND" } });
    let wanted: shared::api::events::CreateTicketClass =
        serde_json::from_value(wanted).expect("a request");
    let id = shared::ids::ClassId::new(NOW, [3; 10]);
    TicketClass::add(id, &mut event.clone(), 0, &wanted, NOW).expect("a class")
}

#[test]
fn zones_become_bits_in_the_order_of_their_names_first_use() {
    // I7
    let mut event = event();
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        event.zone_bits(&names(&["Floor", "VIP"])).expect("bits"),
        0b11
    );
    assert_eq!(
        event.zone_bits(&names(&["VIP", "Stage"])).expect("bits"),
        0b110
    );
    assert_eq!(event.zone_names(0b101), names(&["Floor", "Stage"]));
    let many: Vec<String> = (0..14).map(|zone| format!("Z{zone}")).collect();
    let refused = event.clone().zone_bits(&many).expect_err("17 zones");
    assert_eq!(refused.0[0].0, "zones[13]");
    assert_eq!(event.zone_bits(&many[..13]).expect("16 zones"), 0xFFF8);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    // E1
    let t = TestApp::new().await;
    let token = t.token_for(Role::Attendee);
    let body = json!({
        "title": " ", "description": "x".repeat(20_001), "venueId": "v".repeat(101),
        "startDate": "2026-10-12T12:00:00Z", "endDate": "2026-10-12T12:00:00Z",
        "timezone": "Mars/Olympus", "capacity": 0,
    });
    let details = t
        .post(EVENTS, &token, body)
        .await
        .expect_error(400, "validation");
    let fields: Vec<&String> = details.as_object().expect("details").keys().collect();
    assert_eq!(
        fields,
        [
            "capacity",
            "description",
            "endDate",
            "timezone",
            "title",
            "venueId"
        ]
    );
    for (field, value) in [
        ("capacity", json!(5_000_001)),
        ("endDate", json!("2025-01-01T00:00:00Z")),
        ("endDate", json!("2028-08-03T00:00:00Z")),
        ("title", json!("line\nbreak")),
        ("timezone", json!("")),
    ] {
        let mut body = event_body();
        body[field] = value.clone();
        if field == "endDate" && value != "2028-08-03T00:00:00Z" {
            body["startDate"] = json!("2024-12-31T00:00:00Z");
        }
        let details = t
            .post(EVENTS, &token, body)
            .await
            .expect_error(400, "validation");
        assert!(details[field].is_string(), "{field} {value}: {details}");
    }
}

#[tokio::test]
async fn the_first_event_makes_an_organizer() {
    // A6
    let t = TestApp::new().await;
    let account = json!({ "email": "bo@example.org", "username": "bob", "password": "correct horse battery" });
    t.post("/api/v1/auth/register", "", account)
        .await
        .expect(201);
    let login = json!({ "username": "bob", "password": "correct horse battery" });
    let login = t.post("/api/v1/auth/login", "", login).await.expect(200);
    let token = text(&login["accessToken"]);
    assert_eq!(login["user"]["role"], "ATTENDEE");
    draft(&t, &token).await;
    let me = t.get("/api/v1/auth/me", &token).await.expect(200);
    assert_eq!(me["role"], "ORGANIZER", "{me}");
}

#[tokio::test]
async fn a_draft_does_not_exist_for_strangers() {
    // E1
    let t = TestApp::new().await;
    let (owner, stranger) = (t.token_for(Role::Organizer), t.token_for(Role::Organizer));
    let admin = t.token_for(Role::Admin);
    let path = format!("{EVENTS}/{}", draft(&t, &owner).await);
    t.get(&path, &owner).await.expect(200);
    t.get(&path, &admin).await.expect(200);
    for token in ["", stranger.as_str()] {
        t.get(&path, token).await.expect_error(404, "not_found");
        t.get(&format!("{path}/ticket-classes"), token)
            .await
            .expect_error(404, "not_found");
        t.get(&format!("{path}/gates"), token)
            .await
            .expect_error(404, "not_found");
    }
    let class = json!({ "name": "A", "price": { "amount": 1, "currency": "VND" } });
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({ "title": "Mine" })),
        ("POST", format!("{path}/publish"), json!({})),
        ("POST", format!("{path}/ticket-classes"), class),
        ("POST", format!("{path}/gates"), json!({ "name": "A" })),
    ] {
        let answer = t.call(method, &path, &stranger, Some(body)).await;
        answer.expect_error(404, "not_found");
    }
}

async fn patch(t: &TestApp, path: &str, token: &str, if_match: &str, body: Value) -> Answer {
    let request = Request::patch(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, if_match)
        .body(Body::from(body.to_string()))
        .expect("a request");
    t.send(request).await
}

#[tokio::test]
async fn edits_are_partial_and_never_overwrite_the_unseen() {
    // E1
    let t = TestApp::new().await;
    let owner = t.token_for(Role::Organizer);
    let path = format!("{EVENTS}/{}", draft(&t, &owner).await);
    let seen = t.get(&path, &owner).await;
    let tag = seen.headers[header::ETAG]
        .to_str()
        .expect("text")
        .to_owned();
    assert_eq!(tag, "\"1\"");

    let edited = patch(&t, &path, &owner, &tag, json!({ "title": " New " })).await;
    let body = edited.expect(200);
    assert_eq!(edited.headers[header::ETAG], "\"2\"");
    assert_eq!(
        (&body["title"], &body["revision"]),
        (&json!("New"), &json!(2))
    );
    let before = seen.json();
    for same in [
        "description",
        "startDate",
        "endDate",
        "timezone",
        "capacity",
        "venueId",
    ] {
        assert_eq!(body[same], before[same], "{same}");
    }
    let late = patch(&t, &path, &owner, &tag, json!({ "title": "Lost" })).await;
    assert_eq!(late.expect_error(412, "revision_mismatch")["revision"], "2");
    patch(&t, &path, &owner, "*", json!({})).await.expect(200);
    patch(&t, &path, &owner, "\"7\", \"3\"", json!({}))
        .await
        .expect(200);
    patch(&t, &path, &owner, "\"abc\"", json!({}))
        .await
        .expect_error(412, "revision_mismatch");
    // Adding a class or a gate changes what the tag stands for.
    t.post(&format!("{path}/gates"), &owner, json!({ "name": "North" }))
        .await
        .expect(201);
    patch(&t, &path, &owner, "\"4\"", json!({}))
        .await
        .expect_error(412, "revision_mismatch");
}

#[tokio::test]
async fn new_dates_must_leave_every_class_a_window() {
    // E1
    let shop = Shop::open(0).await;
    let path = format!("{EVENTS}/{}", shop.event);
    let class = json!({
        "name": "Early", "price": { "amount": 1, "currency": "VND" },
        "entryFrom": "2026-10-12T11:00:00Z",
    });
    let classes = format!("{path}/ticket-classes");
    shop.t
        .post(&classes, &shop.organizer, class)
        .await
        .expect(201);
    let body = json!({ "startDate": "2026-10-11T12:00:00Z", "endDate": "2026-10-11T16:00:00Z" });
    let answer = shop
        .t
        .call("PATCH", &path, &shop.organizer, Some(body))
        .await;
    let details = answer.expect_error(400, "validation");
    assert!(text(&details["endDate"]).contains("Early"), "{details}");
}

#[tokio::test]
async fn publishing_checks_what_it_needs_and_happens_once() {
    // E3
    let t = TestApp::new().await;
    let owner = t.token_for(Role::Organizer);
    let path = format!("{EVENTS}/{}", draft(&t, &owner).await);
    let publish = format!("{path}/publish");
    let details = t
        .call("POST", &publish, &owner, None)
        .await
        .expect_error(409, "not_ready");
    assert!(details["classes"].is_string(), "{details}");
    let class = json!({ "name": "A", "price": { "amount": 0, "currency": "EUR" } });
    t.post(&format!("{path}/ticket-classes"), &owner, class)
        .await
        .expect(201);

    let published = t.call("POST", &publish, &owner, None).await.expect(200);
    assert_eq!(
        (&published["status"], &published["phase"]),
        (&json!("PUBLISHED"), &json!("UPCOMING"))
    );
    t.call("POST", &publish, &owner, None)
        .await
        .expect_error(409, "illegal_transition");
    t.get(&path, "").await.expect(200);
}

#[tokio::test]
async fn approval_is_asked_for_where_the_server_wants_it() {
    // E3
    let t = TestApp::configured(&[], |config| config.events_require_approval = true).await;
    let (owner, admin) = (t.token_for(Role::Organizer), t.token_for(Role::Admin));
    let path = format!("{EVENTS}/{}", draft(&t, &owner).await);
    let class = json!({ "name": "A", "price": { "amount": 0, "currency": "EUR" } });
    t.post(&format!("{path}/ticket-classes"), &owner, class)
        .await
        .expect(201);
    let approve = format!("{path}/approve");
    t.call("POST", &approve, &admin, None)
        .await
        .expect_error(409, "illegal_transition");
    let event = t
        .call("POST", &format!("{path}/publish"), &owner, None)
        .await
        .expect(200);
    assert_eq!(event["status"], "PENDING_APPROVAL");
    t.get(&path, "").await.expect_error(404, "not_found");
    t.call("POST", &approve, &owner, None)
        .await
        .expect_error(403, "forbidden");
    let event = t.call("POST", &approve, &admin, None).await.expect(200);
    assert_eq!(event["status"], "PUBLISHED");
    t.get(&path, "").await.expect(200);
}

#[tokio::test]
async fn lists_show_the_published_to_all_and_drafts_to_their_owner() {
    // E1
    let t = TestApp::new().await;
    let owner = t.token_for(Role::Organizer);
    let class = json!({ "name": "A", "price": { "amount": 1, "currency": "VND" } });
    let mut published = Vec::new();
    for day in 1..=5 {
        let mut body = event_body();
        body["startDate"] = json!(format!("2026-11-0{day}T10:00:00Z"));
        body["endDate"] = json!(format!("2026-11-0{day}T12:00:00Z"));
        let id = text(&t.post(EVENTS, &owner, body).await.expect(201)["id"]);
        let classes = format!("{EVENTS}/{id}/ticket-classes");
        t.post(&classes, &owner, class.clone()).await.expect(201);
        t.call("POST", &format!("{EVENTS}/{id}/publish"), &owner, None)
            .await
            .expect(200);
        published.push(id);
    }
    let drafted = draft(&t, &owner).await;
    let stranger = t.token_for(Role::Organizer);
    assert_eq!(pages(&t, "limit=2", &stranger).await, published);
    assert_eq!(
        pages(&t, "limit=2&mine=true", &stranger).await,
        Vec::<String>::new()
    );
    let mine = pages(&t, "limit=4&mine=true", &owner).await;
    assert_eq!(mine.len(), 6);
    assert!(mine.contains(&drafted));
    t.get("/api/v1/events?mine=true", "")
        .await
        .expect_error(401, "unauthenticated");
    t.get("/api/v1/events?cursor=nonsense", "")
        .await
        .expect_error(400, "validation");

    t.clock.set(at("2026-11-03T12:00:00Z"));
    assert_eq!(
        pages(&t, "", "").await,
        published[3..],
        "what is over is not listed"
    );
}

/// The ids of all pages.
async fn pages(t: &TestApp, query: &str, token: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = format!("{EVENTS}?{query}");
    for _ in 0..10 {
        let page = t.get(&path, token).await.expect(200);
        ids.extend(
            page["items"]
                .as_array()
                .expect("items")
                .iter()
                .map(|event| text(&event["id"])),
        );
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("{EVENTS}?{query}&cursor={cursor}"),
            None => return ids,
        }
    }
    panic!("the list does not end");
}

#[tokio::test]
async fn classes_and_gates_are_checked_and_keep_their_zones() {
    // I7
    let t = TestApp::new().await;
    let owner = t.token_for(Role::Organizer);
    let path = format!("{EVENTS}/{}", draft(&t, &owner).await);
    let classes = format!("{path}/ticket-classes");
    let vip = json!({
        "name": "VIP", "price": { "amount": 500_000, "currency": "VND" },
        "zones": ["Floor", "Lounge"], "maxPerOrder": 4,
    });
    let made = t.post(&classes, &owner, vip.clone()).await.expect(201);
    assert_eq!(made["zones"], json!(["Floor", "Lounge"]));
    assert_eq!(made["entryFrom"], "2026-10-12T00:00:00.000Z");
    for (field, value) in [
        ("name", json!("vip")),
        ("name", json!("")),
        ("price", json!({ "amount": -1, "currency": "VND" })),
        ("price", json!({ "amount": 1, "currency": "EUR" })),
        ("maxPerOrder", json!(0)),
        ("maxPerOrder", json!(21)),
        ("entryUntil", json!("2026-10-11T00:00:00Z")),
        ("entryFrom", json!("2026-09-19T23:59:59Z")),
        ("entryFrom", json!("2026-10-12T07:27:39Z")),
        ("entryUntil", json!("2026-10-12T15:00:00.001Z")),
    ] {
        let mut body = vip.clone();
        body["name"] = json!("Other");
        body[field] = value.clone();
        let details = t
            .post(&classes, &owner, body)
            .await
            .expect_error(400, "validation");
        let named = details
            .as_object()
            .expect("details")
            .keys()
            .any(|key| key.starts_with(field));
        assert!(named, "{field} {value}: {details}");
    }
    let gate = json!({ "name": "Lounge door", "zones": ["Lounge"] });
    t.post(&format!("{path}/gates"), &owner, gate)
        .await
        .expect(201);
    let event = t.get(&path, &owner).await.expect(200);
    assert_eq!(event["classes"][0]["name"], "VIP");
    assert_eq!(event["gates"][0]["zones"], json!(["Lounge"]));
    assert_eq!(
        event["classes"].as_array().map(Vec::len),
        Some(1),
        "refused classes are not kept"
    );
    let listed = t.get(&classes, &owner).await.expect(200);
    assert_eq!(listed["items"], event["classes"]);
}

#[tokio::test]
async fn creating_twice_with_one_key_creates_once() {
    // O2
    let shop = Shop::open(0).await;
    let token = shop.t.token_for(Role::Attendee);
    let first = shop
        .keyed(EVENTS, &token, "k1", &event_body())
        .await
        .expect(201);
    let again = shop
        .keyed(EVENTS, &token, "k1", &event_body())
        .await
        .expect(201);
    assert_eq!(first, again);
    let mut other = event_body();
    other["title"] = json!("Other");
    let answer = shop.keyed(EVENTS, &token, "k1", &other).await;
    answer.expect_error(422, "idempotency_mismatch");
    assert_eq!(pages(&shop.t, "mine=true", &token).await.len(), 1);
}
