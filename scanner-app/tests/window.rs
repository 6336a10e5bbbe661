//! The scanner in its real window: WebKitWebDriver drives the built binary under Xvfb.

#[path = "support/driver.rs"]
mod driver;

use std::time::Duration;

use driver::Window;
use tests::journey::{self, text};
use tests::poll;
use tests::server::Server;

const WITHIN: Duration = Duration::from_secs(30);

fn answer(window: &Window) -> String {
    window.attribute("#answer", "data-verdict")
}

fn wait_for_answer(window: &Window, verdict: &str) {
    poll::until(&format!("{verdict} on the screen"), WITHIN, || {
        (answer(window) == verdict).then_some(())
    });
}

#[test]
fn a_phone_enrols_admits_and_refuses_in_its_window() {
    // V1 V2 V6 V8
    let mut server = Server::start();
    let api = server.api();
    let event = journey::event(&journey::account(&api, "lan"), "River Festival", 10);
    let buyer = journey::account(&api, "mai");
    let ticket = journey::tickets(&buyer, &event, 1).remove(0);
    let token = text(&ticket, "token");

    let window = Window::open();
    poll::until("the set-up screen", WITHIN, || {
        window.is_shown("#enrol").then_some(())
    });
    window.screenshot("1-enrol");

    // Nonsense is told in words and harms nothing.
    window.fill("#enrol-link", "https://example.org/nothing");
    window.click("#enrol-button");
    poll::until("a problem in words", WITHIN, || {
        window.is_shown("#enrol-problem").then_some(())
    });
    assert!(
        window.text("#enrol-problem").contains(' '),
        "{}",
        window.text("#enrol-problem")
    );

    window.fill("#enrol-link", &journey::invite(&event, "Phone 1"));
    window.click("#enrol-button");
    poll::until("the scan screen", WITHIN, || {
        window.is_shown("#scan").then_some(())
    });
    poll::until("online", WITHIN, || {
        (window.text("#link") == "Online").then_some(())
    });
    assert_eq!(window.text("#gate"), event.gate_name);
    poll::until("a fresh list", WITHIN, || {
        (window.text("#age") == "fresh").then_some(())
    });
    window.screenshot("2-ready");

    // No network from here.
    server.stop();

    // A keyboard-wedge scanner: keys and Enter, wherever the focus is.
    window.type_anywhere(&format!("{token}\n"));
    wait_for_answer(&window, "admit");
    assert_eq!(window.text("#word"), "Admit");
    assert!(
        window.text("#who").contains("Standard"),
        "{}",
        window.text("#who")
    );
    poll::until("one entry to send", WITHIN, || {
        (window.text("#pending") == "1").then_some(())
    });
    window.screenshot("3-admit");

    // The same code typed into the field.
    window.fill("#code", &token);
    window.click("#scan-button");
    wait_for_answer(&window, "refuse");
    assert!(
        window.text("#explanation").contains("Gate B"),
        "{}",
        window.text("#explanation")
    );
    window.screenshot("4-used");

    window.fill("#code", "4006381333931");
    window.click("#scan-button");
    poll::until("another refusal", WITHIN, || {
        (window.text("#refused") == "2").then_some(())
    });
    assert_eq!(answer(&window), "refuse");
    window.screenshot("5-not-a-ticket");

    window.click("#sync");
    poll::until("offline", WITHIN, || {
        (window.text("#link") == "Offline").then_some(())
    });
    server.resume();
    poll::until("the entry sent", WITHIN, || {
        window.click("#sync");
        (window.text("#pending") == "0").then_some(())
    });
    let redemptions = journey::redemptions(&event);
    assert_eq!(redemptions.len(), 1, "{redemptions:?}");
    assert_eq!(redemptions[0]["gate"], event.gate_name.as_str());
}
