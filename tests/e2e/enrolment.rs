//! One code, one device.

use tests::journey;
use tests::kiosk::Kiosk;
use tests::server::Server;

#[test]
fn an_enrolment_code_works_once() {
    // V6 corpus 94
    let server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let link = journey::invite(&event, "Turnstile 1");
    let first = Kiosk::new();
    first.enrol(&link);
    let thief = Kiosk::new();
    let refused = thief.run(&["enrol", &link]);
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr).to_lowercase();
    assert!(words.contains("used"), "{words}");
    // The refused device is no device: exit code 3 says "not enrolled".
    assert_eq!(thief.run(&["status", "--json"]).status.code(), Some(3));
    first.sync();
}

#[test]
fn a_kiosk_that_was_never_enrolled_says_so() {
    let kiosk = Kiosk::new();
    for args in [
        &["scan", "--json"][..],
        &["sync", "--once"],
        &["status", "--json"],
        &["doctor"],
    ] {
        let output = kiosk.run(args);
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        let words = [output.stdout, output.stderr].concat();
        let words = String::from_utf8_lossy(&words).to_lowercase();
        assert!(words.contains("enrol"), "the hint says what to do: {words}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_exit_code_5_and_loses_nothing() {
    // V1
    let mut server = Server::start();
    let event = journey::event(&journey::account(&server.api(), "lan"), "River Festival", 5);
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    server.kill();
    assert_eq!(kiosk.run(&["sync", "--once"]).status.code(), Some(5));
    assert_eq!(kiosk.status()["pending"], 0);
}
