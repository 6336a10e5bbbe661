//! A ticket is issued again, a key is given up: what gates do that have heard of it, and that have not.

use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::server::Server;

fn kiosk(event: &Event, name: &str) -> Kiosk {
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(event, name));
    kiosk.sync();
    kiosk
}

fn reason(kiosk: &Kiosk, ticket: &Value) -> String {
    text(&kiosk.scan(&[&text(ticket, "token")])[0], "reason")
}

#[test]
fn a_new_code_kills_the_old_one_with_and_without_a_network() {
    // T3 T4
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 20);
    let buyer = journey::account(&server.api(), "mai");
    let tickets = journey::tickets(&buyer, &event, 2);
    let (told, untold) = (kiosk(&event, "North 1"), kiosk(&event, "South 1"));
    let reissued: Vec<Value> = tickets
        .iter()
        .map(|ticket| {
            let path = format!("/claimed-tickets/{}", text(ticket, "id"));
            buyer.post(&format!("{path}/reissue"), &json!({})).ok();
            buyer.get(&path).ok()
        })
        .collect();
    told.sync();
    server.stop();

    // By the delta: refused without having seen the newer code.
    assert_eq!(reason(&told, &tickets[0]), "reissued");
    assert_eq!(reason(&told, &reissued[0]), "ok");
    // By sight: the gate that heard nothing takes the newer code, and then the old one no more.
    assert_eq!(reason(&untold, &reissued[1]), "ok");
    assert_eq!(reason(&untold, &tickets[1]), "reissued");

    server.resume();
    told.sync();
    untold.sync();
    let redemptions = journey::redemptions(&event);
    let generations: Vec<&Value> = redemptions.iter().map(|of| &of["generation"]).collect();
    assert_eq!(generations, [2, 2]);
}

#[test]
fn giving_up_a_key_prints_nothing_again_and_survives_the_server() {
    // T4, corpus 47
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let event = journey::event(&organizer, "River Festival", 20);
    let buyer = journey::account(&server.api(), "mai");
    let before = journey::tickets(&buyer, &event, 2);
    let gate = kiosk(&event, "North 1");
    let path = format!("/events/{}/keys/0/compromise", event.id);
    let keys = organizer.post(&path, &json!({})).ok();
    assert_eq!(keys["items"][0]["status"], "COMPROMISED", "{keys}");
    // From a process that read the keys anew.
    server.stop();
    server.resume();
    let after = journey::tickets(&buyer, &event, 1);
    gate.sync();
    server.stop();
    for ticket in before.iter().chain(&after) {
        assert_eq!(reason(&gate, ticket), "ok");
        assert_eq!(reason(&gate, ticket), "already_used");
    }
}

#[test]
fn a_sealed_ticket_is_opened_by_the_events_gates_without_a_network() {
    // T10
    let mut server = Server::start();
    let organizer = journey::account(&server.api(), "lan");
    let class = json!({
        "name": "Box", "price": {"amount": 250_000, "currency": "VND"}, "sealed": true,
    });
    let event = journey::event_of(&organizer, "River Festival", 20, &class);
    let buyer = journey::account(&server.api(), "mai");
    let tickets = journey::tickets(&buyer, &event, 2);
    let gate = kiosk(&event, "North 1");
    // A device of another event has no key for it, and cannot even tell what it is.
    let other = journey::event(&organizer, "Another night", 1);
    let stranger = kiosk(&other, "Elsewhere");
    server.stop();
    for ticket in &tickets {
        assert_eq!(text(ticket, "token").len(), 243);
        assert_eq!(reason(&stranger, ticket), "unknown_event");
        assert_eq!(reason(&gate, ticket), "ok");
        assert_eq!(reason(&gate, ticket), "already_used");
    }
    server.resume();
    gate.sync();
    assert_eq!(journey::redemptions(&event).len(), 2);
}
