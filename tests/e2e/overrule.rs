//! A guest without a code that can be scanned, and a supervisor's word: typed offline, forced, taken
//! back, heard everywhere.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use tests::api::Api;
use tests::journey::{self, text};
use tests::kiosk::Kiosk;
use tests::mongo::ReplicaSet;
use tests::server::Server;

const PIN: &str = "482913";

#[test]
fn a_typed_code_and_a_word_go_round_on_sqlite() {
    // T6 V11 V12 S123 S130 S131 S138
    play(Server::start());
}

#[test]
fn a_typed_code_and_a_word_go_round_on_a_mongodb_replica_set() {
    // T6 V11 V12 S123 S130 S131 S138
    let Some(mongo) = ReplicaSet::start_if_available() else {
        return;
    };
    play(Server::start_with(Some(&mongo.url), &[]));
}

fn play(mut server: Server) {
    let api = server.api();
    let event = journey::event(&journey::account(&api, "lan"), "River Festival", 10);
    let path = format!("/events/{}/supervisors/2", event.id);
    event
        .api
        .put(&path, &json!({"name": "Linh", "pin": PIN}))
        .ok();
    let bought = journey::tickets(&journey::account(&api, "mai"), &event, 3);
    let (north, south) = (Kiosk::new(), Kiosk::new());
    north.enrol(&journey::invite(&event, "North"));
    south.enrol(&journey::invite(&event, "South"));

    // No network from here: the code alone, and one word against the rules.
    server.stop();
    let typed = text(&bought[0], "code");
    let told = north.scan(&[&typed, &typed.replace('-', "")]);
    assert_eq!(
        (&told[0]["verdict"], &told[0]["durable"]),
        (&json!("admit"), &json!(true))
    );
    assert_eq!(told[1]["reason"], "already_used");
    let forced = with_pin(
        &north,
        &["force", "-", "--json"],
        &text(&bought[0], "token"),
    );
    assert_eq!(forced["also"], json!(["already_used"]));
    server.resume();
    north.sync();
    south.sync();

    // The other gate knows, and takes one of them back.
    let ticket = text(&bought[0], "token");
    assert_eq!(south.scan(&[&ticket])[0]["reason"], "already_used");
    let undone = with_pin(&south, &["undo", "-", "--json"], &ticket);
    assert_eq!(undone["undone"], "forced");
    south.sync();
    let told: Vec<_> = journey::redemptions(&event)
        .iter()
        .map(|one| {
            (
                text(one, "kind"),
                one["typed"].clone(),
                one["supervisor"].clone(),
            )
        })
        .collect();
    let linh = json!("Linh");
    assert_eq!(
        told,
        [
            ("admit".to_owned(), json!(true), Value::Null),
            ("forced".to_owned(), json!(false), linh.clone()),
            ("undo".to_owned(), json!(false), linh),
        ]
    );
    by_the_office(&event.api, &bought[1], &[&north, &south]);
}

/// What the organizer says over REST is heard at the gates like any other device's word.
fn by_the_office(organizer: &Api, ticket: &Value, gates: &[&Kiosk]) {
    let path = |verb: &str| format!("/claimed-tickets/{}/{verb}", text(ticket, "id"));
    let forced = organizer.post(&path("force"), &json!({})).ok();
    assert_eq!(forced["verdict"], "admit");
    let token = text(ticket, "token");
    for gate in gates {
        gate.sync();
        assert_eq!(gate.scan(&[&token])[0]["reason"], "already_used");
        assert_eq!(gate.status()["contradicted"], 0);
    }
    organizer.post(&path("annul"), &json!({})).ok();
    gates[0].sync();
    assert_eq!(gates[0].scan(&[&token])[0]["verdict"], "admit");
    let again = organizer.post(&path("annul"), &json!({}));
    assert_eq!(again.code(), "not_used");
}

/// The ticket and the PIN on stdin, one line each.
fn with_pin(kiosk: &Kiosk, args: &[&str], ticket: &str) -> Value {
    let mut child = kiosk
        .command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kiosk starts");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{ticket}\n{PIN}").expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}
