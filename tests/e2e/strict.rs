//! A class whose tickets enter only once the kiosks that keep them have granted it: three real
//! kiosks on loopback, without a server.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::kiosk::{Kiosk, Talk};
use tests::poll;
use tests::server::Server;

const WITHIN: Duration = Duration::from_mins(1);
const PIN: &str = "482913";
/// Of two orders: one may have ten.
const TICKETS: [u32; 2] = [10, 2];

struct Stage {
    server: Server,
    codes: Vec<String>,
    kiosks: Vec<Kiosk>,
}

impl Stage {
    fn set() -> Self {
        let server = Server::start();
        let organizer = journey::account(&server.api(), "lan");
        let event = journey::event(&organizer, "River Festival", 100);
        set_strict(&event);
        let path = format!("/events/{}/supervisors/2", event.id);
        let supervisor = json!({"name": "Linh", "pin": PIN});
        organizer.put(&path, &supervisor).ok();
        let buyer = journey::account(&server.api(), "mai");
        let tickets = TICKETS.map(|of| journey::tickets(&buyer, &event, of));
        let codes = tickets.iter().flatten();
        let codes = codes.map(|ticket| text(ticket, "token")).collect();
        let kiosks: Vec<Kiosk> = (0..3)
            .map(|at| {
                let kiosk = Kiosk::new();
                kiosk.enrol(&journey::invite(&event, &format!("Turnstile {at}")));
                kiosk
            })
            .collect();
        // All go by the same roster.
        kiosks.iter().for_each(Kiosk::sync);
        Self {
            server,
            codes,
            kiosks,
        }
    }

    /// Each hears both others.
    fn talk(&self) -> Vec<Talk> {
        let mut talks: Vec<Talk> = Vec::new();
        for kiosk in &self.kiosks {
            let peers: Vec<String> = talks.iter().map(|talk| talk.address.clone()).collect();
            talks.push(kiosk.gossip("127.0.0.1:0", &peers, &["--no-server"]));
        }
        for kiosk in &self.kiosks {
            poll::until("both peers", WITHIN, || {
                let status = kiosk.status();
                let peers = status["peers"].as_array().expect("peers").iter();
                let devices = peers.filter(|of| of["kind"] == "device");
                (devices.count() == 2).then_some(())
            });
        }
        talks
    }
}

fn set_strict(event: &Event) {
    let path = format!("/events/{}/check-in", event.id);
    let settings = json!({"strictClassIds": [event.class_id]});
    let set = event.api.put(&path, &settings).ok();
    assert_eq!(set["strictClassIds"], json!([event.class_id]));
}

#[test]
fn a_copy_at_two_gates_in_one_moment_enters_once_and_without_homes_it_is_held() {
    // V2 V11 S24
    let mut stage = Stage::set();
    stage.server.stop();
    let mut talks = stage.talk();
    let mut gates: Vec<_> = stage.kiosks.iter().map(|kiosk| kiosk.gate(&[])).collect();
    for code in &stage.codes[..10] {
        let mut green = 0;
        // On a slow machine both may be held at first, because the homes answered too late.
        poll::until("both gates to know it as used", WITHIN, || {
            gates[0].send(code);
            gates[1].send(code);
            let answers = [0, 1].map(|at| gates[at].read().expect("a verdict"));
            green += answers.iter().filter(|of| of["verdict"] == "admit").count();
            assert!(green <= 1, "{answers:#?}");
            let used = |of: &Value| of["reason"] == "already_used";
            answers.iter().all(used).then_some(())
        });
        assert_eq!(green, 1, "one guest was let in");
    }

    // Cut off from both other homes: nobody is let in on hope.
    talks.drain(..2);
    let held = gates[2].scan(&stage.codes[10]);
    assert_eq!(
        (&held["verdict"], &held["reason"], &held["durable"]),
        (&json!("refuse"), &json!("rule"), &json!(false)),
        "{held}"
    );
    assert!(text(&held, "explanation").contains("supervisor"), "{held}");
    // Used is used, whoever can be asked.
    poll::until("the entries of the others", WITHIN, || {
        (gates[2].scan(&stage.codes[0])["reason"] == "already_used").then_some(())
    });
    gates.pop().expect("the third").finish();
    let forced = force(&stage.kiosks[2], &stage.codes[10]);
    assert_eq!(
        (&forced["verdict"], &forced["also"]),
        (&json!("admit"), &json!(["rule"])),
        "{forced}"
    );

    // No gossip at all is no grant either.
    talks.clear();
    let held = gates[0].scan(&stage.codes[11]);
    assert_eq!(held["reason"], "rule", "{held}");
    assert!(held["notes"].to_string().contains("kiosk gossip"), "{held}");
    drop(gates);
    let _talks = stage.talk();
    let mut gate = stage.kiosks[1].gate(&[]);
    poll::until("a grant after the cut", WITHIN, || {
        (gate.scan(&stage.codes[11])["verdict"] == "admit").then_some(())
    });
}

fn force(kiosk: &Kiosk, ticket: &str) -> Value {
    let mut child = kiosk
        .command(&["force", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kiosk starts");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{ticket}\n{PIN}").expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
