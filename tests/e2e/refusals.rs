//! What must not get in, and that each refusal is a sentence for a guest.

use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::kiosk::Kiosk;
use tests::server::Server;

struct Gate {
    server: Server,
    event: Event,
    kiosk: Kiosk,
    tickets: Vec<Value>,
    order_id: String,
}

fn gate(quantity: u32) -> Gate {
    let server = Server::start();
    let api = server.api();
    let event = journey::event(&journey::account(&api, "lan"), "River Festival", 20);
    let buyer = journey::account(&api, "mai");
    let tickets = journey::tickets(&buyer, &event, quantity);
    let order_id = text(&tickets[0], "orderId");
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    kiosk.sync();
    Gate {
        server,
        event,
        kiosk,
        tickets,
        order_id,
    }
}

/// A guest reads it: words, an end, and none of our jargon.
fn assert_sentence(verdict: &Value) {
    let sentence = text(verdict, "explanation");
    let plain = sentence.to_lowercase();
    assert!(
        sentence.ends_with(['.', '!']) && sentence.contains(' '),
        "{verdict}"
    );
    for jargon in [
        "signature",
        "token",
        "serial",
        "decode",
        "null",
        "error",
        "kid",
        "_",
    ] {
        assert!(!plain.contains(jargon), "{jargon} in {sentence:?}");
    }
}

#[test]
fn tampered_truncated_and_foreign_codes_are_refused_in_words() {
    // V1 S4 S73 S75
    let gate = gate(1);
    let token = text(&gate.tickets[0], "token");
    let other_event = journey::event(
        &journey::account(&gate.server.api(), "minh"),
        "Harbour Night",
        5,
    );
    let other_buyer = journey::account(&gate.server.api(), "hoa");
    let foreign = text(&journey::tickets(&other_buyer, &other_event, 1)[0], "token");

    // Another digit in the middle of the signature, still 202 digits.
    let mut tampered: Vec<u8> = token.clone().into_bytes();
    let last = tampered.len() - 20;
    tampered[last] = if tampered[last] == b'1' { b'2' } else { b'1' };
    let tampered = String::from_utf8(tampered).expect("digits");
    let truncated = &token[..150];

    let cases = [
        (
            tampered.as_str(),
            &["bad_signature", "misread", "not_a_ticket"][..],
        ),
        (truncated, &["misread", "not_a_ticket"][..]),
        (foreign.as_str(), &["unknown_event"][..]),
        ("https://example.org/menu", &["not_a_ticket"][..]),
        ("4006381333931", &["not_a_ticket"][..]),
        ("", &["not_a_ticket"][..]),
    ];
    let codes: Vec<&str> = cases.iter().map(|(code, _)| *code).collect();
    // An empty line is a key pressed by accident: it gives a verdict too.
    let verdicts = gate.kiosk.scan(&codes);
    for ((code, expected), verdict) in cases.iter().zip(&verdicts) {
        assert_eq!(verdict["verdict"], "refuse", "{code}: {verdict}");
        assert!(
            expected.contains(&verdict["reason"].as_str().unwrap_or("")),
            "{code}: {verdict}"
        );
        assert_sentence(verdict);
    }
    // None of it harmed the real one.
    let verdicts = gate.kiosk.scan(&[&token]);
    assert_eq!(verdicts[0]["verdict"], "admit", "{}", verdicts[0]);
    gate.kiosk.sync();
    let redemptions = journey::redemptions(&gate.event);
    let admitted = redemptions.iter().filter(|r| r["kind"] == "admit").count();
    assert_eq!(admitted, 1, "{redemptions:?}");
}

#[test]
fn the_same_code_twice_says_when_and_where_it_was_used() {
    // S20 V2
    let gate = gate(1);
    let token = text(&gate.tickets[0], "token");
    let verdicts = gate.kiosk.scan(&[&token, &token]);
    assert_eq!(verdicts[0]["verdict"], "admit", "{}", verdicts[0]);
    assert_eq!(verdicts[1]["reason"], "already_used", "{}", verdicts[1]);
    assert_eq!(
        verdicts[1]["earlier"]["at"], verdicts[0]["at"],
        "{}",
        verdicts[1]
    );
    assert_eq!(verdicts[1]["earlier"]["gate"], "Gate B");
    assert_sentence(&verdicts[1]);
    // And still after the process has ended and started again.
    let later = gate.kiosk.scan(&[&token]);
    assert_eq!(later[0]["reason"], "already_used", "{}", later[0]);
}

#[test]
fn a_screenshot_at_a_second_gate_is_refused_once_the_gates_have_talked() {
    // V2 screenshot_second_gate_refused
    let gate = gate(1);
    let token = text(&gate.tickets[0], "token");
    let second = Kiosk::new();
    second.enrol(&journey::invite(&gate.event, "Turnstile 2"));
    second.sync();
    assert_eq!(gate.kiosk.scan(&[&token])[0]["verdict"], "admit");
    gate.kiosk.sync();
    second.sync();
    let verdict = &second.scan(&[&token])[0];
    assert_eq!(verdict["reason"], "already_used", "{verdict}");
    assert_sentence(verdict);
}

#[test]
fn a_copy_that_a_partition_let_in_twice_is_found_and_labelled_once() {
    // V2
    let gate = gate(1);
    let token = text(&gate.tickets[0], "token");
    let second = Kiosk::new();
    second.enrol(&journey::invite(&gate.event, "Turnstile 2"));
    second.sync();
    let first_verdict = gate.kiosk.scan(&[&token]).remove(0);
    assert_eq!(first_verdict["verdict"], "admit");
    assert_eq!(
        second.scan(&[&token])[0]["verdict"],
        "admit",
        "partitioned: nobody can know"
    );
    // The later one uploads first.
    second.sync();
    gate.kiosk.sync();
    let mut redemptions = journey::redemptions(&gate.event);
    redemptions.sort_by_key(|r| text(r, "at"));
    let labels: Vec<String> = redemptions.iter().map(|r| text(r, "label")).collect();
    assert_eq!(labels, ["primary", "duplicate"], "{redemptions:?}");
    assert_eq!(redemptions[0]["at"], first_verdict["at"]);
    let conflicts = gate
        .event
        .api
        .get(&format!("/events/{}/conflicts", gate.event.id))
        .ok();
    assert_eq!(
        conflicts["items"].as_array().map(Vec::len),
        Some(1),
        "{conflicts}"
    );
}

#[test]
fn a_refunded_ticket_is_refused_after_the_next_sync() {
    // S5 P5 T4
    let gate = gate(1);
    let token = text(&gate.tickets[0], "token");
    let path = format!("/orders/{}/refund", gate.order_id);
    gate.event.api.post(&path, &json!({"reason": "rain"})).ok();
    gate.kiosk.sync();
    let verdict = &gate.kiosk.scan(&[&token])[0];
    assert_eq!(verdict["verdict"], "refuse", "{verdict}");
    assert_eq!(verdict["reason"], "cancelled", "{verdict}");
    assert_sentence(verdict);
}
