//! The organizer watches: the live view of real kiosks, on one server and on two that share a
//! database; the audit of the night; a device that waits for its six digits.

use std::process::Command;

use serde_json::{Value, json};
use tests::binaries;
use tests::browser::Browser;
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::live::Live;
use tests::mongo::ReplicaSet;
use tests::server::Server;

/// A code of the right form that nobody signed.
fn forged(token: &str, number: usize) -> String {
    let mut digits: Vec<char> = token.chars().collect();
    // Somewhere in the signature, another each time.
    let at = digits.len() - 40 - number;
    digits[at] = if digits[at] == '7' { '1' } else { '7' };
    digits.into_iter().collect()
}

/// Two kiosks that hear nothing of each other admit one ticket, and each sees forged codes; they
/// sync with `second`, and `first` shows it.
fn watch(first: &Server, second: &Server) -> (Event, Kiosk) {
    let organizer = journey::account(&first.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 20);
    let tickets = journey::tickets(&journey::account(&first.api(), "mai"), &event, 3);
    let token = |at: usize| text(&tickets[at], "token");
    let there = Event {
        api: second
            .api()
            .with_bearer(organizer.bearer().expect("a login")),
        id: event.id.clone(),
        class_id: event.class_id.clone(),
        gate_id: event.gate_id.clone(),
        gate_name: event.gate_name.clone(),
    };
    let (north, south) = (Kiosk::new(), Kiosk::new());
    north.enrol(&journey::invite(&there, "North 1"));
    south.enrol(&journey::invite(&there, "South 1"));
    let mut live = Live::open(&organizer, &event.id);
    live.until(|state| state["devices"].as_array().map(Vec::len) == Some(2));
    assert_eq!(live.state["total"]["admitted"], 0);

    let mut codes = vec![token(0), token(1), token(1)];
    codes.extend((0..6).map(|number| forged(&token(2), number)));
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let verdicts = north.scan(&codes);
    assert_eq!(verdicts[3]["reason"], "bad_signature", "{}", verdicts[3]);
    south.scan(&[&token(0)]);
    north.sync();
    live.until(|state| state["total"]["admitted"] == 2);
    live.until(|state| state["total"]["refused"]["bad_signature"] == 6);
    assert_eq!(live.state["total"]["refused"]["already_used"], 1);
    south.sync();
    live.until(|state| state["total"]["duplicates"] == 1);
    assert_eq!(live.state["total"]["admitted"], 3);
    assert_eq!(live.state["total"]["ratePerMinute"], 3);
    live.until(|state| state["alerts"].as_array().map(Vec::len) == Some(2));
    assert_eq!(live.alerts(), ["forged_codes", "same_ticket_twice"]);

    let conflicts = |api: &tests::api::Api| {
        let path = format!("/events/{}/conflicts", event.id);
        let mut answer = api.get(&path).ok();
        answer["items"][0].take()
    };
    let told = conflicts(&event.api);
    assert_eq!(
        told,
        conflicts(&there.api),
        "every server tells it the same way"
    );
    assert_eq!(told["category"], "partition");
    assert_eq!(told["admissions"].as_array().map(Vec::len), Some(2));
    let path = format!("/events/{}/devices", event.id);
    let devices = event.api.get(&path).ok();
    let device = &devices["items"][0];
    assert_eq!(
        (&device["name"], &device["pending"]),
        (&json!("North 1"), &json!(0))
    );
    assert!(
        device["snapshot"]["version"].as_u64() >= Some(1),
        "{device}"
    );
    (event, north)
}

#[test]
fn the_live_view_shows_what_kiosks_did_and_the_audit_bears_it_out() {
    // V2 V10, token.md 4 (malicious gate staff)
    let server = Server::start();
    let (event, north) = watch(&server, &server);
    let link = journey::invite(&event, "For its pin");
    let pin = link
        .split("&r=")
        .nth(1)
        .and_then(|rest| rest.split('&').next());
    let pin = pin.expect("a pin").to_owned();
    let (bundle, kind) = event.api.bytes(&format!("/events/{}/audit", event.id));
    assert_eq!(kind, "application/x-ndjson");
    let file = north.folder().join("audit.jsonl");
    let audit = |bytes: &[u8], pin: &str| {
        std::fs::write(&file, bytes).expect("written");
        let mut command = Command::new(binaries::path("server"));
        command
            .args(["audit", "verify", "--json", "--root", pin])
            .arg(&file);
        let output = command.output().expect("it runs");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), report)
    };
    let (code, report) = audit(&bundle, &pin);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["totals"]["admitted"], 3);
    assert_eq!(report["totals"]["conflicts"], 1);
    assert_eq!(report["totals"]["refused"]["bad_signature"], 6);
    // Somebody takes an entry out.
    let text = String::from_utf8(bundle).expect("text");
    let changed: Vec<String> = text
        .lines()
        .map(|line| {
            let mut json: Value = serde_json::from_str(line).expect("JSON");
            if json["line"] == "entries" {
                let bodies = json["bodies"].as_array_mut().expect("bodies");
                bodies.remove(0);
            }
            json.to_string()
        })
        .collect();
    let (code, report) = audit(changed.join("\n").as_bytes(), &pin);
    assert_eq!(code, Some(1), "{report}");
    let named = report["findings"].as_array().expect("findings").iter();
    let named = named.filter(|finding| finding["seqs"] == json!([0, 0]));
    let mut devices: Vec<String> = named.map(|finding| text_of(finding, "device")).collect();
    devices.sort();
    devices.dedup();
    assert_eq!(devices, ["North 1", "South 1"]);
    let (code, _) = audit(text.as_bytes(), &"00".repeat(16));
    assert_eq!(code, Some(1), "another root");
}

fn text_of(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn two_servers_on_one_mongodb_show_the_same() {
    // V10 N3 H4
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    let key = "11".repeat(32);
    let env = [
        ("KEY_ENCRYPTION_KEY", key.as_str()),
        ("JWT_SECRET", "one secret for both of the two servers"),
    ];
    let first = Server::start_with(Some(&mongo.url), &env);
    let second = Server::start_with(Some(&mongo.url), &env);
    watch(&first, &second);
}

#[test]
fn a_kiosk_waits_until_its_digits_were_compared() {
    // V6
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let path = format!("/events/{}", event.id);
    event
        .api
        .patch(&path, &json!({ "confirmDevices": true }))
        .ok();
    let kiosk = Kiosk::new();
    let said = kiosk.succeed(&["enrol", &journey::invite(&event, "Turnstile 1"), "--json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["awaitingConfirmation"], true);
    let refused = kiosk.run(&["sync", "--once"]);
    assert!(!refused.status.success());
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(why.contains("confirm"), "{why}");
    let device = format!("{path}/devices/{}", text(&said, "deviceId"));
    let shown = event.api.get(&device).ok();
    assert_eq!(shown["status"], "PENDING");
    assert_eq!(shown["transcriptCode"], said["transcriptCode"]);
    let digits = json!({ "transcriptCode": said["transcriptCode"] });
    event.api.post(&format!("{device}/confirm"), &digits).ok();
    kiosk.sync();
    assert_eq!(event.api.get(&device).ok()["status"], "ENROLLED");
}

#[test]
fn the_live_page_logs_in_and_follows_without_a_token_in_its_address() {
    // V10 N5
    let server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 20);
    let tickets = journey::tickets(&journey::account(&server.api(), "mai"), &event, 2);
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "North 1"));
    let mut browser = Browser::new();
    browser.open(&format!("{}/events/{}/live", server.url(), event.id));
    browser.until("return document.getElementById('login')");
    let login = |password: &str| {
        format!(
            "(() => {{ const form = document.getElementById('login'); form.username.value = 'lan'; \
             form.password.value = '{password}'; form.requestSubmit(); return true; }})()"
        )
    };
    browser.value(&login("not the password at all"));
    browser.until("return document.getElementById('login-error').textContent.length > 0");
    browser.value(&login(journey::PASSWORD));
    browser.until("return document.getElementById('connection').textContent === 'Live'");
    browser.until("return document.getElementById('headline').textContent === 'River Festival'");
    kiosk.scan(&[&text(&tickets[0], "token"), &text(&tickets[0], "token")]);
    kiosk.sync();
    browser.until("return document.getElementById('admitted').textContent === '1'");
    browser
        .until("return document.getElementById('reasons').textContent.includes('already used: 1')");
    browser.until("return document.querySelector('#devices .pill').textContent === 'online'");
    let address = browser.value("location.href");
    let address = address.as_str().expect("an address");
    assert!(address.ends_with("/live"), "{address}");
    // Nothing is left where the next user of this browser would find it.
    let kept =
        browser.value("localStorage.length + sessionStorage.length + document.cookie.length");
    assert_eq!(kept, 0);
    let asked =
        browser.value("performance.getEntriesByType('resource').map((one) => one.name).join(' ')");
    let bearer = organizer.bearer().expect("a login");
    let asked = asked.as_str().expect("addresses");
    assert!(
        !asked.contains(bearer) && !asked.contains("token="),
        "{asked}"
    );
}
