//! The scanner in its real window: `WebKitWebDriver` drives the built binary under Xvfb.

#[path = "screens/asking.rs"]
mod asking;
#[path = "support/audit.rs"]
mod audit;
#[path = "support/driver.rs"]
mod driver;
#[path = "screens/neighbours.rs"]
mod neighbours;

use std::path::PathBuf;
use std::time::Duration;

use driver::{Look, Window};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::api::Api;
use tests::journey::{self, Event, text};
use tests::poll;
use tests::server::Server;

const WITHIN: Duration = Duration::from_secs(30);

fn fresh_device() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("scanner");
    (folder, data)
}

fn wait_until(window: &Window, css: &str, wanted: &str) {
    poll::until(&format!("{css} to say {wanted}"), WITHIN, || {
        (window.text(css) == wanted).then_some(())
    });
}

fn wait_for_screen(window: &Window, name: &str) {
    poll::until(&format!("the screen {name}"), WITHIN, || {
        (window.attribute("body", "data-screen") == name).then_some(())
    });
}

fn wait_for_answer(window: &Window, verdict: &str) {
    poll::until(&format!("{verdict} on the screen"), WITHIN, || {
        (window.attribute("body", "data-verdict") == verdict).then_some(())
    });
}

/// As `journey::event`, and the organizer lets the gates see names.
fn event_with_names(api: &Api) -> Event {
    let event = journey::event(&journey::account(api, "lan"), "River Festival", 10);
    let path = format!("/events/{}", event.id);
    event.api.patch(&path, &json!({"namesAtGate": true})).ok();
    event
}

fn set_up(window: &Window, event: &Event, name: &str) {
    set_up_by(window, &journey::invite(event, name));
}

fn set_up_by(window: &Window, link: &str) {
    wait_for_screen(window, "enrol");
    window.fill("#enrol-link", link);
    window.click("#enrol-button");
    wait_for_screen(window, "scan");
    wait_until(window, "#link-word", "Online");
    wait_until(window, "#age", "fresh");
}

#[test]
fn a_phone_enrols_admits_and_refuses_in_its_window() {
    // V1 V2 V6 V8 S20
    let mut server = Server::start();
    let api = server.api();
    let event = event_with_names(&api);
    let buyer = journey::account(&api, "mai");
    let token = text(&journey::tickets(&buyer, &event, 1).remove(0), "token");
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, Look::PHONE);

    wait_for_screen(&window, "enrol");
    window.screenshot("1-enrol");
    set_up(&window, &event, "Phone 1");
    assert_eq!(window.text("#gate"), event.gate_name);
    assert_eq!(window.text("#event"), "River Festival");
    window.screenshot("2-ready");

    // No network from here. A keyboard-wedge scanner: keys and Enter, wherever the focus is.
    server.stop();
    window.run("document.activeElement?.blur()", &json!([]));
    window.press(&format!("{token}\n"));
    wait_for_answer(&window, "admit");
    assert_eq!(window.text("#word"), "Admit");
    assert!(
        window.text("#who").contains("Standard"),
        "{}",
        window.text("#who")
    );
    assert_eq!(window.text("#holder"), "Mai Tran");
    wait_until(&window, "#pending", "1");
    window.screenshot("3-admit");

    // The same code typed into the field.
    window.fill("#code", &token);
    window.click("#scan-button");
    wait_for_answer(&window, "refuse");
    assert_eq!(window.text("#word"), "Do not admit");
    assert!(
        window.text("#explanation").contains("Gate B"),
        "{}",
        window.text("#explanation")
    );
    window.screenshot("4-used");

    window.press("4006381333931\n");
    wait_until(&window, "#refused", "2");
    assert_eq!(window.text("#explanation"), "This code is not a ticket.");
    window.screenshot("5-not-a-ticket");

    window.click("#sync");
    wait_until(&window, "#link-word", "Offline");
    window.screenshot("6-offline");
    drop(window);

    // Closed and opened again, still offline: nothing was forgotten.
    let window = Window::open(&data, Look::PHONE);
    wait_for_screen(&window, "scan");
    wait_until(&window, "#pending", "1");
    window.press(&format!("{token}\n"));
    wait_for_answer(&window, "refuse");

    server.resume();
    window.click("#sync");
    wait_until(&window, "#pending", "0");
    wait_until(&window, "#link-word", "Online");
    let redemptions = journey::redemptions(&event);
    assert_eq!(redemptions.len(), 1, "{redemptions:?}");
    assert_eq!(redemptions[0]["gate"], event.gate_name.as_str());
}

#[test]
fn links_that_fail_are_told_in_a_sentence_and_keep_nothing() {
    // V6
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 1);
    let link = journey::invite(&event, "Phone 1");
    let (_folder, data) = fresh_device();
    let first = Window::open(&data, Look::PHONE);
    wait_for_screen(&first, "enrol");
    let try_link = |window: &Window, link: &str| {
        window.fill("#enrol-link", link);
        window.click("#enrol-button");
        poll::until("a problem in words", WITHIN, || {
            window
                .is_shown("#enrol-problem")
                .then(|| window.text("#enrol-problem"))
        })
    };

    let nonsense = try_link(&first, "https://example.org/nothing");
    assert!(
        nonsense.starts_with("This is not a set-up link."),
        "{nonsense}"
    );
    // Enter in the field is the button.
    let nowhere = link.replace(&server.url(), "http://127.0.0.1:1");
    first.fill("#enrol-link", &nowhere);
    first.press("\n");
    poll::until("another problem", WITHIN, || {
        first
            .text("#enrol-problem")
            .starts_with("The server cannot be reached.")
            .then_some(())
    });
    first.fill("#enrol-link", &link);
    first.press("\n");
    wait_for_screen(&first, "scan");

    let (_folder, data) = fresh_device();
    let second = Window::open(&data, Look::PHONE);
    wait_for_screen(&second, "enrol");
    let used = try_link(&second, &link);
    assert!(used.starts_with("This link was used before."), "{used}");
    drop(second);
    let second = Window::open(&data, Look::PHONE);
    wait_for_screen(&second, "enrol");
}

#[test]
fn no_key_of_a_wedge_scanner_is_lost() {
    // S20, corpus 16: other layouts by physical key
    let server = Server::start();
    let api = server.api();
    let event = journey::event(&journey::account(&api, "lan"), "River Festival", 10);
    let buyer = journey::account(&api, "mai");
    let tickets = journey::tickets(&buyer, &event, 6);
    let tokens: Vec<String> = tickets.iter().map(|ticket| text(ticket, "token")).collect();
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, Look::PHONE);
    set_up(&window, &event, "Phone 1");

    // Three back to back, while a button has the focus.
    window.run("document.getElementById('sync').focus()", &json!([]));
    window.press(&format!("{}\n{}\n{}\n", tokens[0], tokens[1], tokens[2]));
    wait_until(&window, "#admitted", "3");
    assert_eq!(window.text("#refused"), "0");
    window.screenshot("7-back-to-back");

    // While somebody looks for a name; and from a reader that ends with Tab.
    window.click("#find-open");
    window.press(&format!("{}\n", tokens[3]));
    wait_until(&window, "#admitted", "4");
    assert!(!window.is_shown("#find"));
    window.press(&format!("{}\t", tokens[4]));
    wait_until(&window, "#admitted", "5");

    // Pasted whole, it needs no button.
    window.fill("#code", &tokens[0]);
    window.press_with_control('a');
    window.press_with_control('x');
    window.press_with_control('v');
    wait_until(&window, "#refused", "1");
    assert!(
        window.text("#explanation").contains("Gate B"),
        "{}",
        window.text("#explanation")
    );

    // A host whose layout types nothing that can be read: the physical keys tell.
    window.run(
        "const press = (key, code) => document.body.dispatchEvent(
           new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true }));
         document.activeElement?.blur();
         for (const digit of arguments[0]) press('Dead', `Digit${digit}`);
         press('Enter', 'Enter');",
        &json!([tokens[5]]),
    );
    wait_until(&window, "#admitted", "6");
    assert_eq!(window.text("#refused"), "1");
}

#[test]
fn a_supervisor_overrules_in_the_window() {
    // T6 V11 V12
    let server = Server::start();
    let api = server.api();
    let event = event_with_names(&api);
    let path = format!("/events/{}/supervisors/1", event.id);
    let linh = json!({"name": "Linh", "pin": "482913"});
    event.api.put(&path, &linh).ok();
    let bought = journey::tickets(&journey::account(&api, "mai"), &event, 2);
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, Look::PHONE);
    set_up(&window, &event, "Phone 1");

    // A typed code is read where tickets are.
    let typed = text(&bought[0], "code");
    window.fill("#code", &typed);
    window.click("#scan-button");
    wait_for_answer(&window, "admit");
    assert_eq!(window.text("#holder"), "Mai Tran");
    window.fill("#code", &typed);
    window.click("#scan-button");
    wait_for_answer(&window, "refuse");

    window.click("#overrule");
    window.fill("#pin", "111111");
    window.click("#let-in");
    wait_until(&window, "#supervise-problem", "This PIN is nobody's.");
    window.screenshot("9-supervisor");
    window.fill("#pin", "482913");
    window.click("#let-in");
    wait_for_answer(&window, "admit");
    assert!(!window.is_shown("#supervise"));
    assert_eq!(window.text("#explanation"), "Let in by a supervisor.");

    // A guest who was found by name; and it is taken back again.
    window.click("#find-open");
    window.press("mai tr");
    poll::until("hits", WITHIN, || {
        window.text("#hits").contains("inside").then_some(())
    });
    // Both tickets are hers, and listed by serial, which the server draws.
    let inside = (1..=2)
        .map(|at| format!("#hits li:nth-child({at})"))
        .find(|hit| window.text(hit).contains("inside"))
        .expect("one of the two");
    window.click(&format!("{inside} .hit"));
    window.fill("#pin", "482913");
    window.click("#take-back");
    poll::until("what was taken back", WITHIN, || {
        let told = window.text("#explanation");
        told.contains("was taken back. Decided by Linh.")
            .then_some(())
    });
    window.click("#sync");
    wait_until(&window, "#pending", "0");
    let kinds: Vec<String> = journey::redemptions(&event)
        .iter()
        .map(|one| format!("{} {}", text(one, "kind"), one["typed"]))
        .collect();
    assert_eq!(kinds, ["admit true", "forced true", "undo false"]);
}

#[test]
fn guests_are_found_by_name() {
    // S62 V12
    let server = Server::start();
    let api = server.api();
    let event = event_with_names(&api);
    let token = text(
        &journey::tickets(&journey::account(&api, "mai"), &event, 1).remove(0),
        "token",
    );
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, Look::PHONE);
    set_up(&window, &event, "Phone 1");
    window.press(&format!("{token}\n"));
    wait_for_answer(&window, "admit");

    window.click("#find-open");
    window.press("MAI TR");
    poll::until("a hit", WITHIN, || {
        let hits = window.text("#hits");
        (hits.contains("Mai Tran") && hits.contains("inside")).then_some(())
    });
    window.screenshot("8-find");
    window.press("ZZ");
    wait_until(&window, "#find-note", "No ticket on this device matches.");
    window.click("#find-close");
    assert!(!window.is_shown("#find"));
}

#[test]
fn unreadable_data_is_told_and_nothing_is_admitted() {
    let (_folder, data) = fresh_device();
    std::fs::create_dir(&data).expect("a folder");
    std::fs::write(data.join("gatehouse.db"), "no database").expect("a file");
    let window = Window::open(&data, Look::PHONE);
    wait_for_screen(&window, "trouble");
    let problem = window.text("#trouble-problem");
    assert!(
        problem.starts_with("This device cannot read or write its data."),
        "{problem}"
    );
    assert_eq!(window.attribute("body", "data-verdict"), "idle");
}

/// A long answer, a status that is bad in every way.
fn hard_case(verdict: &str, reason: &str) -> Value {
    json!([
        {
            "verdict": verdict, "reason": reason, "serial": 48213, "class": "VIP standing, early entry", "seat": "Stand 12-A",
            "holder": "Nguyễn Thị Hoàng Anh-Katharina von Hohenstein",
            "explanation": "Please show your ID. It must name the holder of the ticket.",
            "earlier": {"at": "2026-07-31T22:45:00Z", "gate": "North entrance"},
        },
        {
            "online": false, "pending": 1280, "snapshotAgeSeconds": 7000, "staleness": if verdict == "refuse" { "red" } else { "amber" },
            "gate": "North-western entrance, upper deck", "event": "River Festival at the Old Docks", "notice": null,
        },
    ])
}

/// Shows invented answers: what the smallest phone must fit, whatever the core says.
fn read_every_screen(look: Look, name: &str) {
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, look);
    wait_for_screen(&window, "enrol");
    window.fill("#enrol-link", "nonsense");
    window.click("#enrol-button");
    poll::until("a problem in words", WITHIN, || {
        window.is_shown("#enrol-problem").then_some(())
    });
    audit::assert_readable(&window, &format!("{name}, set-up"));
    window.screenshot(&format!("{name}-enrol"));

    audit::open_scan_screen(&window);
    audit::assert_readable(&window, &format!("{name}, ready"));
    window.screenshot(&format!("{name}-ready"));
    for (verdict, reason) in [
        ("admit", "ok"),
        ("refuse", "already_used"),
        ("attention", "needs_id"),
    ] {
        audit::show(&window, &hard_case(verdict, reason));
        audit::assert_readable(&window, &format!("{name}, {verdict}"));
        window.screenshot(&format!("{name}-{verdict}"));
    }
    audit::show(&window, &hard_case("refuse", "already_used"));
    audit::open_supervisor(&window);
    audit::assert_readable(&window, &format!("{name}, supervisor"));
    window.screenshot(&format!("{name}-supervisor"));
    audit::open_devices(&window);
    audit::assert_readable(&window, &format!("{name}, other devices"));
    window.screenshot(&format!("{name}-devices"));
}

#[test]
fn a_conflict_of_this_device_is_told_in_words() {
    // V2, V8
    let (_folder, data) = fresh_device();
    let window = Window::open(&data, Look::PHONE);
    wait_for_screen(&window, "enrol");
    audit::open_scan_screen(&window);
    assert!(!window.is_shown("#conflict"));
    let mut shown = hard_case("admit", "ok");
    shown[1]["conflict"] = json!({
        "serial": 7, "mine": true,
        "admissions": [
            {"deviceId": "0", "device": "North", "gate": "Gate A", "at": "2026-07-31T22:45:00Z", "duplicate": false, "quarantined": false},
            {"deviceId": "1", "device": "South", "gate": null, "at": "2026-07-31T22:46:00Z", "duplicate": true, "quarantined": false},
        ],
    });
    shown[1]["moreConflicts"] = json!(1);
    audit::show(&window, &shown);
    assert!(window.is_shown("#conflict"));
    let told = window.text("#conflict");
    assert!(
        told.starts_with("Ticket 0007 let in 2 times: Gate A at "),
        "{told}"
    );
    assert!(told.contains(", South at "), "{told}");
    assert!(told.ends_with(", and 1 more such ticket"), "{told}");
}

#[test]
fn every_screen_can_be_read_by_day_on_a_small_phone() {
    // V8
    let look = Look {
        is_dark: false,
        width: 360,
        height: 640,
    };
    read_every_screen(look, "light-small");
}

#[test]
fn every_screen_can_be_read_by_night() {
    // V8
    let look = Look {
        is_dark: true,
        ..Look::PHONE
    };
    read_every_screen(look, "dark");
}
