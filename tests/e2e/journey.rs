//! The main job, on both backends: event, purchase, claim, offline admission, and back.

use std::ffi::OsStr;
use std::path::Path;

use serde_json::json;
use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::server::Server;
use tests::smtp::Sink;

#[test]
fn the_whole_journey_on_sqlite() {
    // A1 A3 E1 E3 I1 I6 O1 P4 P7 T1 V1 V2 V6
    walk(Server::start());
}

#[test]
fn the_whole_journey_on_a_mongodb_replica_set() {
    // A1 A3 E1 E3 I1 I6 O1 P4 P7 T1 V1 V2 V6
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    walk(Server::start_with(Some(&mongo.url), &[]));
}

fn walk(mut server: Server) {
    let api = server.api();
    let organizer = journey::account(&api, "lan");
    let event = journey::event(&organizer, "River Festival", 10);
    let buyer = journey::account(&api, "mai");
    let tickets = journey::tickets(&buyer, &event, 1);
    let token = text(&tickets[0], "token");
    assert_eq!(token.len(), 202, "T1 is 202 digits");

    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    kiosk.sync();
    server.stop();

    let verdicts = kiosk.scan(&[&token, &token]);
    assert_eq!(verdicts[0]["verdict"], "admit", "{}", verdicts[0]);
    assert_eq!(verdicts[0]["reason"], "ok");
    assert_eq!(verdicts[0]["durable"], true);
    assert_eq!(verdicts[0]["class"], "Standard");
    assert_eq!(verdicts[1]["verdict"], "refuse", "{}", verdicts[1]);
    assert_eq!(verdicts[1]["reason"], "already_used");
    assert!(
        text(&verdicts[1], "explanation").contains("Gate B"),
        "{}",
        verdicts[1]
    );
    assert_eq!(kiosk.status()["pending"], 1);

    server.resume();
    kiosk.sync();
    kiosk.sync();
    let redemptions = journey::redemptions(&event);
    assert_eq!(
        redemptions.len(),
        1,
        "once, however often it is synced: {redemptions:?}"
    );
    assert_eq!(redemptions[0]["gate"], event.gate_name.as_str());
    assert_eq!(redemptions[0]["at"], verdicts[0]["at"]);
    assert_eq!(redemptions[0]["kind"], "admit");
    assert_eq!(redemptions[0]["label"], "primary");
    assert_eq!(kiosk.status()["pending"], 0);

    let claimed = text(&tickets[0], "id");
    let again = event
        .api
        .get(&format!("/claimed-tickets/{claimed}/validate"))
        .ok();
    assert_eq!(
        again["reason"], "already_used",
        "the server says what the kiosk says: {again}"
    );
    let stock = event
        .api
        .get(&format!("/issued-tickets/stats/{}", event.id))
        .ok();
    assert_eq!(stock["classes"][0]["validated"], 1, "{stock}");
}

#[test]
fn a_script_walks_the_journey_with_documented_commands_only() {
    // V1 V9
    let kiosk = tests::binaries::path("kiosk");
    follow(
        "journey.sh",
        &[kiosk.as_os_str()],
        "the journey is complete",
    );
}

#[test]
fn a_script_walks_the_buyers_journey_over_rest_and_mail() {
    // A1 A2 A7 I6 I9 I10 O1 O2 O4 P5 P7 P8 T1 T2 T3 T11 N2
    follow_with_mail("buyer.sh", "the buyer's journey is complete");
}

#[test]
fn a_script_walks_the_organizers_journey_over_rest_and_mail() {
    // A9 E1 E2 E4 E5 E16 I1 I2 I3 I4 O4 P5 V1 N2
    follow_with_mail("organizer.sh", "the organizer's journey is complete");
}

fn follow_with_mail(script: &str, end: &str) {
    let sink = Sink::start();
    let mails = tempfile::tempdir().expect("a folder");
    sink.keep_in(mails.path());
    follow(
        script,
        &[sink.url().as_ref(), mails.path().as_os_str()],
        end,
    );
}

/// Runs a script of this folder with the server's binary and more arguments, to its last words.
fn follow(script: &str, more: &[&OsStr], end: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("e2e")
        .join(script);
    let output = std::process::Command::new(script)
        .arg(tests::binaries::path("server"))
        .args(more)
        .output()
        .expect("bash");
    let said = String::from_utf8_lossy(&output.stdout);
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{problem}");
    assert!(said.ends_with(&format!("{end}\n")), "{said}");
}

#[test]
fn an_order_sent_twice_with_one_key_is_one_order() {
    // O2
    let server = Server::start();
    let api = server.api();
    let event = journey::event(&journey::account(&api, "lan"), "River Festival", 5);
    let buyer = journey::account(&api, "mai");
    let body = json!({
        "eventId": event.id, "items": [{"classId": event.class_id, "quantity": 2}],
        "buyer": {"email": "mai@example.org", "name": "Mai"},
    });
    let first = buyer
        .try_post_once("/orders", "key-1", &body)
        .expect("an answer")
        .ok();
    let second = buyer
        .try_post_once("/orders", "key-1", &body)
        .expect("an answer")
        .ok();
    assert_eq!(first, second);
    let mut other = body;
    other["items"][0]["quantity"] = json!(1);
    let clash = buyer
        .try_post_once("/orders", "key-1", &other)
        .expect("an answer");
    assert_eq!(clash.status, 422, "{clash:?}");
    let stock = event
        .api
        .get(&format!("/issued-tickets/stats/{}", event.id))
        .ok();
    assert_eq!(stock["classes"][0]["held"], 2, "{stock}");
}
