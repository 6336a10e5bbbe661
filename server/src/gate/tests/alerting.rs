//! Alerts that reach people who are not looking (V10): webhooks and mails, once each.

use serde_json::{Value, json};
use shared::api::accounts::Role;
use shared::ids::{DeviceId, EventId, UserId};
use shared::sync::DeviceReport;
use shared::time::Timestamp;

use super::device::Device;
use super::site::Site;
use super::watching::{kinds, state, token};
use crate::accounts::model::User;
use crate::events::model::Event;
use crate::gate::jobs::schedule;
use crate::gate::{Alert, Incident, IncidentKind};
use crate::hooks::HookMessage;
use crate::notices::{GateAlertsMail, Mail, Notice};
use crate::orders::fixture::text;
use crate::platform::db::{DbError, Query};
use crate::testing::{NOW, TestApp};

/// A site whose organizer has an address, and a webhook that hears of its gates.
struct House {
    site: Site,
    hook: String,
}

impl House {
    async fn open(tickets: u32) -> Self {
        let test = TestApp::configured(&[], |config| {
            config.hooks.to_private_addresses = true;
            config.access_ttl_secs = 86_400;
        });
        let site = Site::over(test.await, tickets).await;
        site.put(vec![organizer()]).await;
        Self {
            site,
            hook: String::new(),
        }
    }

    async fn with_hook(tickets: u32) -> Self {
        let mut house = Self::open(tickets).await;
        // Nobody is there: what is told is in the hook's log all the same.
        let body = json!({
            "url": "http://127.0.0.1:9/", "kinds": ["gate.alert"], "eventId": house.site.event,
        });
        let made = house
            .site
            .test
            .post("/api/v1/webhooks", &house.site.organizer, body);
        house.hook = text(&made.await.expect(201)["hook"]["id"]);
        house
    }

    /// Runs what is due `secs` later.
    async fn after(&self, secs: i64) {
        self.site.test.clock.advance(secs * 1_000);
        let ran = self.site.test.app.runner().run_due().await;
        ran.expect("the jobs run");
    }

    /// Waits in steps of a minute, as jobs come due.
    async fn minutes(&self, count: usize) {
        for _ in 0..count {
            self.after(60).await;
        }
    }

    /// What the hook was told, oldest first.
    async fn heard(&self) -> Vec<Value> {
        let query = Query::on("by_hook").eq(&self.hook);
        let messages = self.site.test.app.db.list::<HookMessage>(&query).await;
        let messages = messages.expect("read");
        messages
            .iter()
            .map(|message| serde_json::from_str(&message.body).expect("JSON"))
            .collect()
    }

    /// The kinds that the hook was told, oldest first.
    async fn heard_kinds(&self) -> Vec<String> {
        let heard = self.heard().await;
        heard.iter().map(|of| text(&of["data"]["kind"])).collect()
    }

    /// The mails about alerts, oldest first.
    async fn mails(&self) -> Vec<GateAlertsMail> {
        let query = Query::on("by_recipient").eq("lan@example.org");
        let mails = self.site.test.app.db.list::<Notice>(&query).await;
        let mails = mails.expect("read").into_iter();
        mails
            .map(|mail| match mail.into_inner().mail {
                Mail::GateAlerts(mail) => mail,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    async fn told(&self, mail: usize) -> Vec<String> {
        let mails = self.mails().await;
        let lines = mails[mail].alerts.iter();
        lines.map(|line| line.says.clone()).collect()
    }

    /// Both let in that ticket, and tell the server.
    async fn let_in_twice(&self, gates: [&mut Device; 2], ticket: usize) -> String {
        let token = token(&self.site, ticket).await;
        let serial = u32::try_from(ticket).expect("small");
        let now = self.site.test.app.clock.now();
        for (gate, ago) in gates.into_iter().zip([20, 10]) {
            gate.admit(serial, &token, now.plus_secs(-ago));
            gate.sync(&self.site.test).await;
        }
        token
    }

    async fn note(&self, incidents: Vec<Incident>) {
        let noted = self
            .site
            .test
            .app
            .db
            .write(move |tx| incidents.iter().try_for_each(|incident| incident.note(tx)));
        let noted: Result<(), DbError> = noted.await;
        noted.expect("noted");
    }
}

fn organizer() -> User {
    User {
        id: UserId::from_bytes([1; 16]),
        email: "lan@example.org".to_owned(),
        email_key: "lan@example.org".to_owned(),
        username: "lan".to_owned(),
        username_key: "lan".to_owned(),
        password_hash: String::new(),
        role: Role::Organizer,
        created_at: NOW,
        verified_at: Some(NOW),
        display_name: None,
        erased_at: None,
    }
}

fn forged_codes(event: EventId, number: usize, at: Timestamp) -> Incident {
    let device = DeviceId::from_bytes([9; 16]);
    Incident::new(
        event,
        IncidentKind::ForgedCodes,
        device,
        number.to_string(),
        at,
    )
}

#[tokio::test]
async fn one_ticket_at_two_gates_is_told_once_with_both() {
    // V10, gossip.md 2
    let house = House::with_hook(2).await;
    let mut north = house.site.enrol("North 1", 0, 7).await;
    let mut south = house.site.enrol("South 1", 1, 8).await;
    house.let_in_twice([&mut north, &mut south], 0).await;
    assert_eq!(house.heard().await, Vec::<Value>::new(), "jobs tell");
    house.after(1).await;
    let heard = house.heard().await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    let sentence = "Ticket 0 came in twice: first at North 1 (Gate A), then at South 1 (Gate B).";
    let data = &heard[0]["data"];
    assert_eq!(heard[0]["type"], "gate.alert");
    assert_eq!(
        *data,
        json!({
            "eventId": house.site.event, "kind": "same_ticket_twice", "at": data["at"],
            "gateId": house.site.gates[1], "gate": "Gate B", "deviceId": south.id,
            "device": "South 1", "serial": 0, "message": sentence,
            "liveView": format!("http://gatehouse.test/events/{}/live", house.site.event),
        })
    );
    let shown = state(&house.site).await;
    assert_eq!(
        shown["alerts"][0]["message"], sentence,
        "the page says the same"
    );
    assert_eq!(shown["alerts"][0]["at"], data["at"]);
    assert_eq!(house.mails().await.len(), 0, "it waits for what follows");
    house.after(10).await;
    let mails = house.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!((&*mails[0].name, mails[0].event), ("lan", house.site.event));
    assert_eq!(house.told(0).await, [sentence]);

    // Told again by the same device it is the same incident, for hours.
    north.sync(&house.site.test).await;
    south.sync(&house.site.test).await;
    house.minutes(30).await;
    assert_eq!(
        (house.heard().await.len(), house.mails().await.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn what_follows_within_ten_minutes_is_in_one_next_mail() {
    // V10
    let house = House::with_hook(5).await;
    let mut north = house.site.enrol("North 1", 0, 7).await;
    let mut south = house.site.enrol("South 1", 1, 8).await;
    house.let_in_twice([&mut north, &mut south], 0).await;
    house.after(1).await;
    house.let_in_twice([&mut north, &mut south], 1).await;
    house.after(10).await;
    assert_eq!(house.told(0).await.len(), 2, "both at once");
    for ticket in [2, 3] {
        house.minutes(3).await;
        house.let_in_twice([&mut north, &mut south], ticket).await;
        house.after(1).await;
    }
    assert_eq!(house.heard().await.len(), 4, "webhooks do not wait");
    house.after(230).await;
    assert_eq!(house.mails().await.len(), 1, "ten minutes are not over");
    house.after(10).await;
    assert_eq!(house.mails().await.len(), 2);
    let second = house.told(1).await;
    let serials: Vec<_> = second
        .iter()
        .filter_map(|says| says.split_whitespace().nth(1))
        .collect();
    assert_eq!(serials, ["2", "3"]);
    house.minutes(30).await;
    assert_eq!(
        house.mails().await.len(),
        2,
        "there is nothing more to tell"
    );
    house.let_in_twice([&mut north, &mut south], 4).await;
    house.after(1).await;
    house.after(10).await;
    assert_eq!(house.mails().await.len(), 3, "long after, at once again");
}

#[tokio::test]
async fn a_mail_is_not_endless_and_forgets_nothing() {
    // V10
    let house = House::open(1).await;
    let event = house.site.event;
    let incidents = (0..230).map(|number| forged_codes(event, number, NOW));
    house.note(incidents.collect()).await;
    house.after(0).await;
    for mails in 1..=3 {
        house.after(if mails == 1 { 10 } else { 600 }).await;
        assert_eq!(house.mails().await.len(), mails);
    }
    let mails = house.mails().await;
    let told: Vec<_> = mails.iter().map(|of| (of.alerts.len(), of.more)).collect();
    assert_eq!(told, [(100, true), (100, true), (30, false)]);
    house.minutes(20).await;
    assert_eq!(house.mails().await.len(), 3);
}

#[tokio::test]
async fn an_alert_that_is_over_is_mailed_as_such() {
    // V10
    let house = House::with_hook(1).await;
    let mut north = house.site.enrol("North 1", 0, 7).await;
    let mut south = house.site.enrol("South 1", 1, 8).await;
    let token = house.let_in_twice([&mut north, &mut south], 0).await;
    house.after(1).await;
    south.undo(0, 0, NOW);
    south.sync(&house.site.test).await;
    assert_eq!(kinds(&state(&house.site).await), Vec::<&str>::new());
    house.after(10).await;
    let mails = house.mails().await;
    let over = mails[0].alerts[0].over.as_deref();
    assert_eq!(over, Some("Mon 21 September 2026, 21:13"));
    assert_eq!(house.heard_kinds().await, ["same_ticket_twice"]);
    // Another one lets it in again: that is news.
    south.admit(0, &token, NOW.plus_secs(5));
    south.sync(&house.site.test).await;
    house.after(1).await;
    assert_eq!(house.heard().await.len(), 2);
    house.after(600).await;
    assert_eq!(house.mails().await[1].alerts[0].over, None);
}

#[tokio::test]
async fn a_device_that_falls_silent_is_told_once_and_again_when_it_was_back() {
    // V10, V3
    let house = House::with_hook(1).await;
    let north = house.site.enrol("North 1", 0, 7).await;
    schedule(&house.site.test.app, NOW).await.expect("planned");
    house.minutes(3).await;
    assert_eq!(house.heard().await, Vec::<Value>::new(), "it may be slow");
    house.minutes(1).await;
    assert_eq!(house.heard_kinds().await, ["silent_device"]);
    let told = house.heard().await;
    assert_eq!(told[0]["data"]["deviceId"], json!(north.id));
    assert_eq!(told[0]["data"]["at"], json!(NOW), "since when");
    house.minutes(20).await;
    assert_eq!(house.heard_kinds().await, ["silent_device"], "once");
    let mails = house.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        mails[0].alerts[0].says,
        "North 1 has not been heard of for minutes."
    );
    assert_eq!(mails[0].alerts[0].gate.as_deref(), Some("Gate A"));

    // Its clock stands still in this story: that is told too, and not mailed.
    north.sync(&house.site.test).await;
    house.minutes(2).await;
    assert_eq!(house.heard_kinds().await, ["silent_device", "wrong_clock"]);
    house.minutes(20).await;
    let expected = ["silent_device", "wrong_clock", "silent_device"];
    assert_eq!(house.heard_kinds().await, expected);
    assert_eq!(house.mails().await.len(), 2);
    assert_eq!(
        house.told(1).await,
        ["North 1 has not been heard of for minutes."]
    );
}

#[tokio::test]
async fn a_rush_and_guesses_are_told_to_webhooks_alone() {
    // V10, T6
    let house = House::with_hook(40).await;
    let mut north = house.site.enrol("North 1", 0, 7).await;
    for ticket in 0..40_u32 {
        let token = token(&house.site, usize::try_from(ticket).expect("small")).await;
        north.admit(ticket, &token, NOW.plus_secs(-i64::from(ticket % 30)));
    }
    north.report = Some(DeviceReport {
        wrong_codes: 6,
        ..DeviceReport::default()
    });
    north.sync(&house.site.test).await;
    schedule(&house.site.test.app, NOW).await.expect("planned");
    house.after(0).await;
    let mut kinds = house.heard_kinds().await;
    kinds.sort_unstable();
    assert_eq!(kinds, ["guessing", "surge"]);
    house.minutes(2).await;
    assert_eq!(house.heard().await.len(), 2);
    assert_eq!(house.mails().await.len(), 0);
}

#[tokio::test]
async fn the_event_says_which_alerts_are_mailed() {
    // V10
    let house = House::with_hook(3).await;
    let mut north = house.site.enrol("North 1", 0, 7).await;
    let mut south = house.site.enrol("South 1", 1, 8).await;
    let off = json!({ "alertMails": "OFF" });
    house.site.check_in_settings(off).await;
    house.let_in_twice([&mut north, &mut south], 0).await;
    house.after(1).await;
    house.minutes(11).await;
    assert_eq!(house.heard_kinds().await, ["same_ticket_twice"]);
    assert_eq!(house.mails().await.len(), 0);

    let all = json!({ "alertMails": "ALL" });
    house.site.check_in_settings(all).await;
    let now = house.site.test.app.clock.now();
    schedule(&house.site.test.app, now).await.expect("planned");
    // Its clock stands still.
    north.sync(&house.site.test).await;
    south.sync(&house.site.test).await;
    house.after(0).await;
    house.after(10).await;
    let told = house.told(0).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().all(|says| says.contains("seconds slow")),
        "{told:?}"
    );

    // What waits when mails are switched off stays away.
    house.let_in_twice([&mut north, &mut south], 1).await;
    house.after(1).await;
    let off = json!({ "alertMails": "OFF" });
    house.site.check_in_settings(off).await;
    house.minutes(12).await;
    assert_eq!(house.mails().await.len(), 1);
}

#[tokio::test]
async fn gates_are_looked_at_while_their_event_is_on() {
    // V10
    let house = House::with_hook(1).await;
    house.site.enrol("North 1", 0, 7).await;
    let id = house.site.event.to_string();
    let in_ten_hours = |event: &mut Event| {
        event.start = NOW.plus_secs(10 * 3_600);
        event.end = NOW.plus_secs(11 * 3_600);
    };
    house.site.change::<Event>(&id, in_ten_hours).await;
    schedule(&house.site.test.app, NOW).await.expect("planned");
    house.minutes(10).await;
    assert_eq!(kinds(&state(&house.site).await), ["silent_device"]);
    assert_eq!(house.heard().await.len(), 0, "nobody is at the gates yet");
    // In a drawer since before the event's hours: nobody misses it.
    house.after(7 * 3_600).await;
    house.minutes(10).await;
    assert_eq!(kinds(&state(&house.site).await), ["silent_device"]);
    assert_eq!(house.heard().await.len(), 0);
    // Over: nothing is looked at any more, and the looks go on for others.
    house.after(4 * 3_600).await;
    house.minutes(3).await;
    assert_eq!(house.heard().await.len(), 0);
    let extended = |event: &mut Event| event.end = NOW.plus_secs(40 * 3_600);
    house.site.change::<Event>(&id, extended).await;
    let mut south = Device::new(8, 1);
    let invited = house.site.invite("South 1", 1).await;
    south.enrol(&house.site.test, &invited).await.expect(200);
    house.minutes(5).await;
    assert_eq!(house.heard_kinds().await, ["silent_device"]);
    assert_eq!(house.heard().await[0]["data"]["device"], "South 1");
}

#[tokio::test]
async fn a_telling_that_runs_twice_tells_once_and_names_no_code() {
    // V10, H3
    let house = House::with_hook(1).await;
    let event = house.site.event;
    let device = house.site.enrol("North 1", 0, 7).await;
    let code = "c0de".repeat(16);
    let reused = Incident::new(
        event,
        IncidentKind::CodeReused,
        device.id,
        code.clone(),
        NOW,
    );
    house.note(vec![reused.clone()]).await;
    house.after(0).await;
    // The job ran, and its server died before it could say so.
    let again = house
        .site
        .test
        .app
        .db
        .write(move |tx| crate::gate::alert::tell_later(tx, &reused));
    again.await.expect("noted");
    house.after(0).await;
    house.after(10).await;
    assert_eq!(house.heard_kinds().await, ["code_reused"]);
    assert_eq!(house.mails().await.len(), 1);
    let heard = house.heard().await[0].to_string();
    assert!(!heard.contains(&code), "{heard}");
    let waits = Query::on("by_mail").eq(event).eq("waits");
    let waiting = house.site.test.app.db.count::<Alert>(&waits).await;
    assert_eq!(waiting.expect("counted"), 0);
}

#[tokio::test]
async fn without_a_hook_or_a_reader_nothing_is_in_the_way() {
    // V10: the organizer's account has no row, as after an erasure
    let site = Site::with_tickets(1).await;
    let event = site.event;
    let noted = site
        .test
        .app
        .db
        .write(move |tx| forged_codes(event, 1, NOW).note(tx));
    noted.await.expect("noted");
    for _ in 0..3 {
        site.test.app.runner().run_due().await.expect("run");
        site.test.clock.advance(600_000);
    }
    let counts = site.test.app.jobs.counts().await.expect("counted");
    assert_eq!((counts.live, counts.dead), (0, 0));
}
