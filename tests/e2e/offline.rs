//! A long time alone, then one sync.

use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::server::Server;

const SCANS: usize = 1000;
const PER_ORDER: u32 = 10;

#[test]
fn a_thousand_offline_scans_arrive_with_one_sync() {
    // V1 V2
    let mut server = Server::start();
    let event = journey::event(
        &journey::account(&server.api(), "lan"),
        "River Festival",
        1000,
    );
    let buyer = journey::account(&server.api(), "mai");
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    let mut tokens = Vec::new();
    while tokens.len() < SCANS {
        let tickets = journey::tickets(&buyer, &event, PER_ORDER);
        tokens.extend(tickets.iter().map(|ticket| text(ticket, "token")));
    }
    // From here the kiosk is alone; it last heard of tickets at its enrolment.
    server.stop();
    let codes: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let verdicts = kiosk.scan(&codes);
    let admitted = verdicts
        .iter()
        .filter(|verdict| verdict["verdict"] == "admit")
        .count();
    assert_eq!(
        admitted, SCANS,
        "sold after the snapshot, signed all the same (S66)"
    );
    assert_eq!(kiosk.status()["pending"], SCANS);

    server.resume();
    kiosk.sync();
    assert_eq!(kiosk.status()["pending"], 0);
    let redemptions = journey::redemptions(&event);
    assert_eq!(redemptions.len(), SCANS);
    assert!(
        redemptions
            .iter()
            .all(|redemption| redemption["label"] == "primary")
    );
}
