//! The gate's scenarios with real processes: what is set over REST, what the server says over REST,
//! and what a kiosk says offline are the same words.

use serde_json::{Value, json};
use tests::journey::{self, Event, in_seconds, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::server::Server;

#[test]
fn server_and_kiosk_say_the_same_on_sqlite() {
    // S18 S22 S26 S29 S30 S31 S34 S35 S48 S49 S50 S51 S54 S58 S98 S104 S110 S124 V4 V9
    play(&Server::start());
}

#[test]
fn server_and_kiosk_say_the_same_on_a_mongodb_replica_set() {
    // S18 S22 S26 S29 S30 S31 S34 S35 S48 S49 S50 S51 S54 S58 S98 S104 S110 S124 V4 V9
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    play(&Server::start_with(Some(&mongo.url), &[]));
}

/// Numbers, settings, and the reason of each scan in a row of the same ticket.
type Scenario = (&'static str, Value, &'static [&'static str]);

fn rule(logic: &Value) -> Value {
    json!({ "rules": [{ "name": "House rule", "logic": logic }] })
}

/// Now compared with a moment so many seconds from now.
fn time(operator: &str, seconds: i64, tolerance: &Value) -> Value {
    let moment = json!({"buildTime": ["custom", in_seconds(seconds)]});
    rule(&json!({operator: [{"var": "now"}, moment, tolerance]}))
}

fn by_rules(event: &Event) -> Vec<Scenario> {
    let among = |variable: &str, id: &str| {
        let it = json!({"objectList": [{"lookup": [variable, id, "it"]}]});
        rule(&json!({"inList": [{"var": variable}, it]}))
    };
    let stranger = "00000000-0000-7000-8000-000000000001";
    let no = json!(null);
    let ten = json!(10);
    let end = json!({"isBefore": [{"var": "now"}, {"buildTime": ["date_to"]}, null]});
    vec![
        ("S1 S20", json!({}), &["ok", "already_used"]),
        ("S29", rule(&json!(false)), &["rule"]),
        ("S29", rule(&json!(true)), &["ok"]),
        ("S30", among("product", &event.class_id), &["ok"]),
        ("S30", among("product", stranger), &["rule"]),
        ("S31", among("variation", &event.class_id), &["ok"]),
        ("S34", among("gate", &event.gate_id), &["ok"]),
        ("S34", among("gate", stranger), &["rule"]),
        ("S48", time("isAfter", 540, &no), &["rule"]),
        ("S48", time("isAfter", 540, &ten), &["ok"]),
        ("S49", time("isBefore", -300, &ten), &["ok"]),
        ("S49", time("isBefore", -900, &ten), &["rule"]),
        ("S50", rule(&end), &["ok"]),
        ("S51 S110", time("isAfter", 3000, &no), &["rule"]),
    ]
}

fn by_lists(event: &Event) -> Vec<Scenario> {
    let list = |more: &Value| {
        let mut list = json!({ "name": "Main", "gateIds": [event.gate_id] });
        for (name, value) in more.as_object().expect("fields") {
            list[name] = value.clone();
        }
        json!({ "lists": [list] })
    };
    let many = json!({ "entries": "UNLIMITED" });
    let mut two = many.clone();
    let fewer = json!({"<": [{"var": "entries_number"}, 2]});
    two["rules"] = rule(&fewer)["rules"].clone();
    let ask = |more: &Value| {
        let mut question = json!({ "text": "Which workshop?" });
        question["classIds"] = more.clone();
        json!({ "questions": [question] })
    };
    vec![
        ("S35", list(&two), &["ok", "ok", "rule"]),
        ("S22 S104", list(&many), &["ok", "ok", "ok"]),
        (
            "S18 S26 S124",
            list(&json!({ "classIds": [] })),
            &["wrong_class"],
        ),
        (
            "S98",
            list(&json!({ "classIds": [event.class_id] })),
            &["ok", "already_used"],
        ),
        (
            "S104",
            list(&json!({ "entries": "ONCE_PER_DAY" })),
            &["ok", "already_used"],
        ),
        ("S98", list(&json!({ "idCheck": true })), &["needs_id"]),
        ("S54", ask(&json!([])), &["ok"]),
        ("S58", ask(&json!(null)), &["needs_answer"]),
    ]
}

fn play(server: &Server) {
    let api = server.api();
    let organizer = journey::account(&api, "lan");
    let event = journey::event(&organizer, "River Festival", 60);
    let buyer = journey::account(&api, "mai");
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(&event, "Turnstile 1"));
    let mut scenarios = by_rules(&event);
    scenarios.extend(by_lists(&event));
    let quantity = u32::try_from(scenarios.len()).expect("few");
    let mut tickets = Vec::new();
    while tickets.len() < scenarios.len() {
        let more = quantity.min(10);
        tickets.extend(journey::tickets(&buyer, &event, more));
    }
    for ((numbers, settings, reasons), ticket) in scenarios.iter().zip(&tickets) {
        let path = format!("/events/{}/check-in", event.id);
        event.api.put(&path, settings).ok();
        for reason in *reasons {
            // The kiosk learns of the settings, and the server of the scan before.
            kiosk.sync();
            let path = format!(
                "/claimed-tickets/{}/validate?gateId={}",
                text(ticket, "id"),
                event.gate_id
            );
            let online = event.api.get(&path).ok();
            let offline = kiosk.scan(&[&text(ticket, "token")]).remove(0);
            let place = format!("{numbers} {settings}\nserver {online}\nkiosk {offline}");
            assert_eq!(offline["reason"], *reason, "{place}");
            for word in ["verdict", "reason", "explanation", "class"] {
                assert_eq!(online[word], offline[word], "{word}: {place}");
            }
        }
    }
}
