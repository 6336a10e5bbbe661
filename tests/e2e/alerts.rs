//! Alerts of the gates reach an organizer who is not looking: a signed webhook to a real address, a mail
//! through a real mail server, each once, whatever becomes of the server in between.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use server::config::Secret;
use shared::time::Timestamp;
use tests::api::Api;
use tests::hook::Receiver;
use tests::hosted::Hosted;
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::poll;
use tests::server::Server;
use tests::smtp::{Received, Sink};

const WITHIN: Duration = Duration::from_mins(1);
const SUBJECT: &str = "Alerts at the gates of River Festival";
const ORGANIZER: &str = "lan@example.org";

/// An event with two gates, a kiosk at each, and tickets.
struct Night {
    event: Event,
    gates: [Kiosk; 2],
    tokens: Vec<String>,
    hook: Receiver,
}

impl Night {
    fn open(api: &Api) -> Self {
        let organizer = journey::account(api, "lan");
        let event = journey::event(&organizer, "River Festival", 20);
        let tickets = journey::tickets(&journey::account(api, "mai"), &event, 4);
        let mut hook = Receiver::new();
        hook.subscribe(&organizer, &event.id, &["gate.alert"]);
        let gates = ["North 1", "South 1"].map(|name| {
            let kiosk = Kiosk::new();
            kiosk.enrol(&invite(&event, name));
            kiosk.sync();
            kiosk
        });
        let tokens = tickets.iter().map(|ticket| text(ticket, "token"));
        Self {
            gates,
            tokens: tokens.collect(),
            event,
            hook,
        }
    }

    /// Neither kiosk hears of the other. Gives the serial, once both have synced.
    fn let_in_twice(&self, ticket: usize) -> u64 {
        let mut serial = None;
        for gate in &self.gates {
            let verdict = gate.scan(&[&self.tokens[ticket]]).remove(0);
            assert_eq!(verdict["verdict"], "admit", "{verdict}");
            serial = verdict["serial"].as_u64();
        }
        for gate in &self.gates {
            gate.sync();
        }
        serial.expect("a serial")
    }

    /// Waits until that device was told to be silent so often, and no more.
    fn silent(&self, device: &str, times: usize) {
        let what = format!("{device}, silent {times} times");
        poll::until(&what, WITHIN, || {
            let heard = self.hook.heard().into_iter();
            let mut told: Vec<_> = heard.map(|of| of.json()["data"].take()).collect();
            told.retain(|of| of["kind"] == "silent_device" && of["device"] == device);
            assert!(told.len() <= times, "{told:?}");
            (told.len() == times).then_some(())
        });
    }

    fn sentence(serial: u64) -> String {
        format!(
            "Ticket {serial} came in twice: first at North 1 (Gate of North 1), \
             then at South 1 (Gate of South 1)."
        )
    }
}

/// At a gate of its own.
fn invite(event: &Event, name: &str) -> String {
    let path = format!("/events/{}/gates", event.id);
    let gate_name = format!("Gate of {name}");
    let gate = event.api.post(&path, &json!({ "name": gate_name })).ok();
    let there = Event {
        api: event.api.clone(),
        id: event.id.clone(),
        class_id: event.class_id.clone(),
        gate_id: text(&gate, "id"),
        gate_name,
    };
    journey::invite(&there, name)
}

/// The mails about alerts, once there are so many.
fn mails(sink: &Sink, count: usize) -> Vec<Received> {
    let what = format!("{count} mails about alerts");
    let found = poll::until(&what, WITHIN, || {
        let found = alert_mails(sink);
        (found.len() >= count).then_some(found)
    });
    assert_eq!(found.len(), count);
    found
}

fn alert_mails(sink: &Sink) -> Vec<Received> {
    let mut mails = sink.to(ORGANIZER);
    mails.retain(|mail| mail.header("Subject").as_deref() == Some(SUBJECT));
    mails
}

fn words(mail: &Received) -> String {
    mail.part("text/plain").expect("text").replace("\r\n", "\n")
}

/// The server dies as soon as the kiosks have their acknowledgement, and again once the webhook is out,
/// while the mail mostly waits for what may follow.
fn tell_that_a_killed_server_tells_once(database: Option<&str>) {
    let sink = Sink::start();
    let url = sink.url();
    let env = [("SMTP_URL", url.as_str())];
    let settings = "[hooks]\nto_private_addresses = true\n";
    let mut server = Server::start_configured(settings, database, &env);
    let night = Night::open(&server.api());
    let serial = night.let_in_twice(0);
    server.kill();
    server.resume();
    let told = night.hook.alerts("same_ticket_twice", 1);
    server.kill();
    server.resume();

    let alert = &told[0];
    assert_eq!(alert["serial"], serial);
    assert_eq!(alert["message"], Night::sentence(serial));
    assert_eq!(
        (&alert["gate"], &alert["device"]),
        (&json!("Gate of South 1"), &json!("South 1"))
    );
    let mail = mails(&sink, 1).remove(0);
    let said = words(&mail);
    assert!(said.contains(&Night::sentence(serial)), "{said}");
    let live = format!("{}/events/{}/live", server.url(), night.event.id);
    assert!(said.contains(&live), "{said}");
    assert_eq!(alert["liveView"], live);
    let stops = mail.header("List-Unsubscribe").expect("a way out");
    assert!(stops.contains("/unsubscribe/"), "{stops}");

    // A second one within ten minutes: the webhook comes at once, the mail does not.
    let second = night.let_in_twice(1);
    let told = night.hook.alerts("same_ticket_twice", 2);
    assert_eq!(told[1]["serial"], second);
    assert_eq!(mails(&sink, 1).len(), 1);
    assert_eq!(night.hook.heard().len(), 2, "and nothing else was told");
}

/// The clock is the test's: ten minutes pass in no time.
fn tell_that_mails_gather_and_silence_is_told_again(database: Option<&str>) {
    let sink = Sink::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("a clock").as_secs();
    let now = Timestamp::from_secs(i64::try_from(now).expect("a clock"));
    let server = Hosted::configured(database, now, |config| {
        config.mail.smtp_url = Some(Secret::new(sink.url()));
        config.hooks.to_private_addresses = true;
    });
    let later = |secs: i64| server.clock.advance(secs * 1_000);
    let night = Night::open(&server.api());
    let first = night.let_in_twice(0);
    later(1);
    night.hook.alerts("same_ticket_twice", 1);
    later(10);
    let mail = mails(&sink, 1).remove(0);
    assert!(words(&mail).contains(&Night::sentence(first)), "{mail:?}");

    let others = [1, 2].map(|ticket| {
        later(30);
        let serial = night.let_in_twice(ticket);
        later(1);
        night.hook.alerts("same_ticket_twice", ticket + 1);
        serial
    });
    assert_eq!(
        alert_mails(&sink).len(),
        1,
        "webhooks do not wait, mails do"
    );
    later(60);
    night.gates.iter().for_each(Kiosk::sync);
    assert_eq!(alert_mails(&sink).len(), 1);
    later(480);
    let second = words(&mails(&sink, 2)[1]);
    for serial in others {
        assert!(second.contains(&Night::sentence(serial)), "{second}");
    }
    assert!(!second.contains(&Night::sentence(first)), "{second}");

    // By then nobody had heard of the kiosks for minutes.
    night.silent("North 1", 1);
    night.silent("South 1", 1);
    let east = Kiosk::new();
    east.enrol(&invite(&night.event, "East 1"));
    later(100);
    // The north is back, the south is not. When the east is missed, that has been seen.
    night.gates[0].sync();
    later(100);
    night.silent("East 1", 1);
    later(200);
    night.silent("North 1", 2);
    night.silent("South 1", 1);
    later(300);
    let third = words(&mails(&sink, 3)[2]);
    let says = "Gate of North 1: North 1 has not been heard of for minutes.";
    assert!(third.contains(says), "{third}");
}

#[test]
fn a_killed_server_tells_once() {
    // V10 H3, gossip.md 2
    tell_that_a_killed_server_tells_once(None);
}

#[test]
fn mails_gather_and_silence_is_told_again() {
    // V10
    tell_that_mails_gather_and_silence_is_told_again(None);
}

#[test]
fn alerts_go_out_the_same_way_over_mongodb() {
    // V10 H3
    let Some(set) = ReplicaSet::start_if_available() else {
        return;
    };
    tell_that_a_killed_server_tells_once(Some(&set.url_of("alerts1")));
    tell_that_mails_gather_and_silence_is_told_again(Some(&set.url_of("alerts2")));
}
