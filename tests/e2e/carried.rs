//! A site without any network: a stick goes from kiosk to kiosk, and with the second one home to the
//! server.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::server::Server;

const GUESTS: usize = 50;
const PER_ORDER: u32 = 10;

fn carry(kiosk: &Kiosk, way: &str, path: &str) -> Value {
    serde_json::from_str(&kiosk.succeed(&["carry", way, path, "--json"])).expect("JSON")
}

#[test]
fn fifty_guests_are_known_at_a_kiosk_and_a_server_that_their_kiosk_never_met() {
    // V1 V2 V5
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 100);
    let buyer = journey::account(&server.api(), "mai");
    let mut codes = Vec::new();
    while codes.len() < GUESTS {
        let tickets = journey::tickets(&buyer, &event, PER_ORDER);
        codes.extend(tickets.iter().map(|ticket| text(ticket, "token")));
    }
    let kiosks = ["Turnstile 0", "Turnstile 1"].map(|name| {
        let kiosk = Kiosk::new();
        kiosk.enrol(&journey::invite(&event, name));
        kiosk
    });
    kiosks.iter().for_each(Kiosk::sync);
    let [first, second] = &kiosks;
    server.stop();

    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let mut serials = BTreeSet::new();
    for verdict in first.scan(&codes) {
        assert_eq!(verdict["verdict"], "admit", "{verdict}");
        serials.insert(verdict["serial"].as_u64().expect("a serial"));
    }
    assert_eq!(serials.len(), GUESTS);
    let stick = first.folder().join("stick");
    let stick = stick.to_str().expect("text");
    let written = carry(first, "--to", stick);
    // Besides the guests a word about its clock.
    let all = first.succeed(&["export"]).lines().count();
    assert_eq!(written["entries"], all, "{written}");
    let taken = carry(second, "--from", stick);
    assert_eq!(
        (&taken["new"], &taken["writer"]),
        (&all.into(), &"Turnstile 0".into())
    );
    assert_eq!(taken["devices"][0]["entries"], all, "{taken}");
    assert_eq!(second.report(), first.report());
    for verdict in second.scan(&codes) {
        assert_eq!(verdict["verdict"], "refuse", "{verdict}");
        assert_eq!(verdict["reason"], "already_used", "{verdict}");
        // With the gate, and the time of day before it.
        let told = text(&verdict, "explanation");
        assert!(
            told.contains("Used") && told.contains(" at ") && told.contains(':'),
            "{told}"
        );
    }
    // Again changes nothing, on either.
    assert_eq!(carry(second, "--from", stick)["new"], 0);
    assert_eq!(carry(first, "--from", stick)["new"], 0);

    // The second one alone comes home.
    server.resume();
    second.sync();
    let known: BTreeSet<u64> = journey::redemptions(&event)
        .iter()
        .map(|of| of["serial"].as_u64().expect("a serial"))
        .collect();
    assert_eq!(known, serials);
    assert_eq!(second.uses(), first.uses());
    // The first one finds that nothing is left to do.
    assert_eq!(first.status()["pending"], all);
    first.sync();
    assert_eq!(first.status()["pending"], 0);
    assert_eq!(journey::redemptions(&event).len(), GUESTS);
}
