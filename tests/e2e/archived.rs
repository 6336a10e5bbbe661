//! After the event: the organizer signs it off, and each kiosk leaves with a file (gossip.md 3).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tests::api::Answer;
use tests::browser::Browser;
use tests::journey::{self, Event, PASSWORD, in_seconds, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::server::Server;
use tests::{binaries, poll};

const OVER_WITHIN: Duration = Duration::from_secs(30);

fn sign(event: &Event, without: &[&str]) -> Answer {
    let path = format!("/events/{}/gate/checkpoint", event.id);
    event.api.post(&path, &json!({ "without": without }))
}

/// Ends in two seconds; gives the first answer after it.
fn end(event: &Event) -> Answer {
    let over = in_seconds(2);
    let change = json!({ "startDate": in_seconds(-7_200), "endDate": over });
    event
        .api
        .patch(&format!("/events/{}", event.id), &change)
        .ok();
    let early = sign(event, &[]);
    assert_eq!((early.status, early.code()), (409, "event_not_over"));
    poll::until("the end of the event", OVER_WITHIN, || {
        (in_seconds(0) > over).then_some(())
    });
    sign(event, &[])
}

/// `server audit verify`, which needs no server: its exit code and report.
fn verify(file: &Path, pin: &str) -> (Option<i32>, Value) {
    let mut command = Command::new(binaries::path("server"));
    command
        .args(["audit", "verify", "--json", "--root", pin])
        .arg(file);
    let output = command.output().expect("it runs");
    let report = serde_json::from_slice(&output.stdout).expect("JSON");
    (output.status.code(), report)
}

fn pin_of(link: &str) -> String {
    let rest = link.split("&r=").nth(1).expect("a pin");
    rest.split('&').next().unwrap_or_default().to_owned()
}

/// Runs a command that must end with this code; what it says on stdout and on stderr.
fn ends(kiosk: &Kiosk, args: &[&str], code: i32) -> (String, String) {
    let output = kiosk.run(args);
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (words(&output.stdout), words(&output.stderr));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}\n{stdout}\n{stderr}"
    );
    (stdout, stderr)
}

fn archive(kiosk: &Kiosk, file: &Path) -> Value {
    let file = file.to_str().expect("text");
    let told = kiosk.succeed(&["archive", "--to", file, "--json"]);
    serde_json::from_str(&told).expect("JSON")
}

/// Files of the data directory, but the locks.
fn left(data: &Path) -> Vec<String> {
    let found = std::fs::read_dir(data).expect("a folder");
    let mut names: Vec<String> = found
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("text")
        })
        .filter(|name| name.strip_suffix(".lock").is_none())
        .collect();
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

/// Two kiosks that let four guests in each; the second has not synced since.
struct Night {
    server: Server,
    event: Event,
    pin: String,
    kiosks: [Kiosk; 2],
    codes: Vec<String>,
}

impl Night {
    fn play(server: Server) -> Self {
        let organizer = journey::account(&server.api(), "lan");
        let event = journey::event(&organizer, "River Festival", 20);
        let names = json!({ "namesAtGate": true });
        organizer
            .patch(&format!("/events/{}", event.id), &names)
            .ok();
        let buyer = journey::account(&server.api(), "mai");
        let tickets = journey::tickets(&buyer, &event, 10);
        let codes: Vec<String> = tickets.iter().map(|ticket| text(ticket, "token")).collect();
        let mut pin = String::new();
        let kiosks = ["Turnstile 0", "Turnstile 1"].map(|name| {
            let link = journey::invite(&event, name);
            pin = pin_of(&link);
            let kiosk = Kiosk::new();
            kiosk.enrol(&link);
            kiosk.sync();
            kiosk
        });
        for (kiosk, codes) in kiosks.iter().zip(codes.chunks(4)) {
            let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
            for verdict in kiosk.scan(&codes) {
                assert_eq!(verdict["verdict"], "admit", "{verdict}");
            }
        }
        kiosks[0].sync();
        Self {
            server,
            event,
            pin,
            kiosks,
            codes,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.kiosks[0].folder().join(name)
    }

    /// Both have synced after the end, and so has the first what the second had.
    fn sign_off(&self) -> Value {
        let missing = end(&self.event);
        assert_eq!((missing.status, missing.code()), (409, "devices_missing"));
        let named: Vec<&str> = missing.json["details"]
            .as_object()
            .expect("details")
            .values()
            .filter_map(Value::as_str)
            .collect();
        assert!(named.contains(&"Turnstile 1"), "{}", missing.text);
        self.kiosks.iter().for_each(Kiosk::sync);
        let signed = sign(&self.event, &[]).ok();
        assert_eq!(signed["missing"], json!([]), "{signed}");
        signed
    }
}

#[test]
fn two_kiosks_leave_a_signed_off_event_with_files_that_anybody_can_check() {
    // gossip.md 3, token.md 4
    let mut night = Night::play(Server::start());
    let signed = night.sign_off();
    let entries = signed["checkpoint"]["entries"].clone();
    assert!(entries.as_u64() >= Some(8), "{signed}");
    let [first, second] = &night.kiosks;

    // Without a server nothing changes.
    let file = night.file("turnstile-0.jsonl");
    let before = left(&first.data());
    night.server.stop();
    ends(first, &["archive", "--to", file.to_str().expect("text")], 5);
    assert!(!file.exists());
    assert_eq!(left(&first.data()), before);
    night.server.resume();

    for (kiosk, name) in [(first, "turnstile-0.jsonl"), (second, "turnstile-1.jsonl")] {
        let file = night.file(name);
        let report = archive(kiosk, &file);
        assert_eq!(report["entries"], entries, "{report}");
        assert_eq!(report["findings"], json!([]), "{report}");
        let (code, audit) = verify(&file, &night.pin);
        assert_eq!(code, Some(0), "{audit}");
        assert_eq!(audit["totals"]["admitted"], 8);
        assert_eq!(audit["signedOff"]["entries"], entries);
        assert_eq!(audit["writtenBy"], report["deviceName"]);
        let bytes = std::fs::read(&file).expect("the file");
        let written = String::from_utf8(bytes).expect("text");
        assert!(!written.contains("Mai Tran"), "a guest's name");
        assert_eq!(left(&kiosk.data()), ["archived.json"]);
    }
    let (code, _) = verify(&file, &"00".repeat(16));
    assert_eq!(code, Some(1), "another root");
    // A flipped bit is found.
    let text = std::fs::read_to_string(&file).expect("the file");
    let at = text.find("\"bodies\":[\"").expect("entries") + 12;
    let mut bytes = text.into_bytes();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    let spoiled = night.file("spoiled.jsonl");
    std::fs::write(&spoiled, bytes).expect("written");
    let (code, report) = verify(&spoiled, &night.pin);
    assert_eq!(code, Some(1), "{report}");
    // What the server exports is judged as before, and has been signed off, too.
    let path = format!("/events/{}/audit", night.event.id);
    let (bundle, _) = night.event.api.bytes(&path);
    let exported = night.file("server.jsonl");
    std::fs::write(&exported, bundle).expect("written");
    let (code, report) = verify(&exported, &night.pin);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["signedOff"]["entries"], entries);
    assert_eq!(report["writtenBy"], Value::Null);
}

#[test]
fn an_archived_kiosk_says_so_and_admits_again_once_it_is_enrolled_anew() {
    // gossip.md 3, V6
    let night = Night::play(Server::start());
    night.sign_off();
    let [first, second] = &night.kiosks;
    let earlier = Kiosk::new();
    copy(&first.data(), &earlier.data());
    let file = night.file("archive");
    let report = archive(first, &file);

    let (told, words) = ends(first, &["status", "--json"], 3);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["archived"]["hash"], report["hash"]);
    for word in [
        "River Festival",
        "Turnstile 0",
        "archive",
        "enrolled anew",
        "kiosk enrol",
    ] {
        assert!(words.contains(word), "{words}");
    }
    let again = night.file("again");
    let again = again.to_str().expect("text");
    for args in [
        &["status"][..],
        &["scan"],
        &["run"],
        &["sync"],
        &["archive", "--to", again],
    ] {
        let (_, words) = ends(first, args, 3);
        assert!(words.contains("was archived at"), "{args:?}: {words}");
    }
    assert!(!night.file("again").exists());

    // As `kill -9` leaves it right after the note was written: the next look finishes it.
    assert!(left(&earlier.data()).contains(&"device.key".to_owned()));
    let note = "archived.json";
    std::fs::copy(first.data().join(note), earlier.data().join(note)).expect("copied");
    ends(&earlier, &["status"], 3);
    assert_eq!(left(&earlier.data()), [note]);

    // Enrolled anew, for the next event.
    let next = journey::event(&night.event.api, "Harbour Nights", 5);
    let buyer = journey::login(&night.server.api(), "mai");
    let code = text(&journey::tickets(&buyer, &next, 1)[0], "token");
    first.enrol(&journey::invite(&next, "Turnstile 7"));
    let verdict = &first.scan(&[&code])[0];
    assert_eq!(verdict["verdict"], "admit", "{verdict}");
    first.sync();
    assert_eq!(journey::redemptions(&next).len(), 1);
    // What the old device had let in is not known here any more, and the other one goes on.
    assert_eq!(first.status()["pending"], 0);
    let verdict = &second.scan(&[&night.codes[0]])[0];
    assert_eq!(verdict["verdict"], "refuse", "{verdict}");
}

#[test]
fn an_event_is_signed_off_and_left_on_a_mongodb_replica_set() {
    // gossip.md 3, N2
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    let night = Night::play(Server::start_with(Some(&mongo.url), &[]));
    let signed = night.sign_off();
    let again = sign(&night.event, &[]).ok();
    assert_eq!(again["checkpoint"], signed["checkpoint"], "idempotent");
    let file = night.file("archive");
    let report = archive(&night.kiosks[1], &file);
    assert_eq!(report["entries"], signed["checkpoint"]["entries"]);
    let (code, audit) = verify(&file, &night.pin);
    assert_eq!(code, Some(0), "{audit}");
    let path = format!("/events/{}/audit", night.event.id);
    let exported = night.file("server.jsonl");
    std::fs::write(&exported, night.event.api.bytes(&path).0).expect("written");
    let (code, audit) = verify(&exported, &night.pin);
    assert_eq!(code, Some(0), "{audit}");
    assert_eq!(audit["signedOff"]["version"], 1);
}

#[test]
fn the_organizer_signs_off_on_the_live_page_and_names_whom_nobody_waits_for() {
    // gossip.md 3, V10
    let night = Night::play(Server::start());
    let mut browser = Browser::new();
    browser.open(&format!(
        "{}/events/{}/live",
        night.server.url(),
        night.event.id
    ));
    let log_in = format!(
        "document.querySelector('#username').value = 'lan'; \
         document.querySelector('#password').value = '{PASSWORD}'; \
         document.querySelector('#login button').click()"
    );
    browser.until("document.querySelector('#login button')?.disabled === false");
    browser.value(&log_in);
    browser.until("document.querySelector('#devices')?.rows.length === 2");
    browser.until("document.querySelector('#books').hidden === true");
    assert_eq!(end(&night.event).code(), "devices_missing");
    night.kiosks[0].sync();
    // The page looks again after a while.
    browser.open(&format!(
        "{}/events/{}/live",
        night.server.url(),
        night.event.id
    ));
    browser.until("document.querySelector('#login button')?.disabled === false");
    browser.value(&log_in);
    let missing =
        "[...document.querySelectorAll('#books-missing li')].map((of) => of.textContent).join()";
    browser.until(&format!(
        "{missing} === ' Turnstile 1: not heard since the end'"
    ));
    browser.value("document.querySelector('#books-sign').click()");
    browser.until(
        "document.querySelector('#books-error').textContent.includes('may still have entries')",
    );
    browser.value("document.querySelector('#books-missing input').click()");
    browser.value("document.querySelector('#books-sign').click()");
    browser
        .until("document.querySelector('#books-signed').textContent.startsWith('Signed off at')");
    let path = format!("/events/{}/gate/checkpoint", night.event.id);
    let signed = night.event.api.get(&path).ok();
    assert_eq!(signed["checkpoint"]["version"], 1, "{signed}");
}
