//! Three kiosks without a server: they admit alone, hear each other, and agree.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tests::journey::{self, Event, text};
use tests::kiosk::{Kiosk, Talk};
use tests::poll;
use tests::server::Server;

const WITHIN: Duration = Duration::from_mins(1);
const ANY_PORT: &str = "127.0.0.1:0";

/// An event whose tickets are all in the kiosks' list.
struct Stage {
    server: Server,
    event: Event,
    codes: Vec<String>,
    kiosks: Vec<Kiosk>,
}

impl Stage {
    fn set(kiosks: usize, tickets: u32) -> Self {
        let server = Server::start();
        let organizer = journey::account(&server.api(), "lan");
        let event = journey::event(&organizer, "River Festival", 100);
        let buyer = journey::account(&server.api(), "mai");
        let tickets = journey::tickets(&buyer, &event, tickets);
        let codes = tickets.iter().map(|ticket| text(ticket, "token")).collect();
        let kiosks = (0..kiosks).map(|at| enrolled(&event, at)).collect();
        let stage = Self {
            server,
            event,
            codes,
            kiosks,
        };
        // Each learns of those that were enrolled after it.
        stage.kiosks.iter().for_each(Kiosk::sync);
        stage
    }

    fn codes(&self, from: usize, to: usize) -> Vec<&str> {
        self.codes[from..to].iter().map(String::as_str).collect()
    }

    fn admit(&self, kiosk: usize, codes: &[&str]) {
        for verdict in self.kiosks[kiosk].scan(codes) {
            assert_eq!(verdict["verdict"], "admit", "{verdict}");
        }
    }

    /// Waits until all of them have the same entries, and as many as that.
    fn until_equal(&self, entries: usize) {
        poll::until("equal reports", WITHIN, || {
            let first = self.kiosks[0].report();
            let equal = self.kiosks[1..].iter().all(|kiosk| kiosk.report() == first);
            (equal && first.len() == entries).then_some(())
        });
    }

    fn evict(&self, kiosk: usize) {
        let device = text(&self.kiosks[kiosk].status()["device"], "id");
        let path = format!("/events/{}/devices/{device}/evict", self.event.id);
        self.event.api.post(&path, &json!({})).ok();
    }
}

fn enrolled(event: &Event, at: usize) -> Kiosk {
    let kiosk = Kiosk::new();
    kiosk.enrol(&journey::invite(event, &format!("Turnstile {at}")));
    kiosk
}

fn alone(kiosk: &Kiosk, peers: &[&Talk]) -> Talk {
    let peers: Vec<String> = peers.iter().map(|talk| talk.address.clone()).collect();
    kiosk.gossip(ANY_PORT, &peers, &["--no-server"])
}

fn hears(why: &str) -> impl Fn(&Value) -> bool {
    move |event| {
        let said = event["why"].as_str().unwrap_or_default();
        event["event"] == "missed" && said.contains(why)
    }
}

#[test]
fn three_kiosks_without_a_server_agree_and_show_their_conflict() {
    // V1 V2 S24
    let mut stage = Stage::set(3, 10);
    stage.server.stop();
    // Each alone: tickets of their own, and one that two of them are shown.
    stage.admit(0, &stage.codes(0, 3));
    stage.admit(1, &stage.codes(3, 6));
    stage.admit(2, &stage.codes(6, 8));
    let copied = stage.codes(8, 9);
    stage.admit(0, &copied);
    stage.admit(1, &copied);
    assert!(
        stage.kiosks[0].own_conflicts().is_empty(),
        "nobody was heard yet"
    );

    // The third is told of the first by the second.
    let first = alone(&stage.kiosks[0], &[]);
    let second = alone(&stage.kiosks[1], &[&first]);
    let _third = alone(&stage.kiosks[2], &[&second]);
    stage.until_equal(10);

    let [a, b, c] = [0, 1, 2].map(|at| stage.kiosks[at].own_conflicts());
    assert_eq!(a.len(), 1, "shown where it happened");
    assert_eq!(a, b);
    assert!(c.is_empty(), "and not where it did not");
    let told = &stage.kiosks[2].status()["conflicts"];
    assert_eq!(
        told[0]["admissions"].as_array().map(Vec::len),
        Some(2),
        "{told}"
    );

    // From now on a copy is refused, whoever let the first one in, also by a gate that is running.
    let mut gate = stage.kiosks[2].gate(&[]);
    let refused = gate.scan(&stage.codes[0]);
    assert_eq!(refused["reason"], "already_used", "{refused}");
    assert_eq!(gate.scan(&stage.codes[9])["verdict"], "admit");
    let mut other = stage.kiosks[0].gate(&[]);
    poll::until("the entry at the other gate", WITHIN, || {
        (stage.kiosks[0].report().len() == 11).then_some(())
    });
    let refused = other.scan(&stage.codes[9]);
    assert_eq!(refused["reason"], "already_used", "{refused}");
    poll::until("copies on both other devices", WITHIN, || {
        let copies = &stage.kiosks[2].status()["copies"];
        (copies["devices"] == 2 && copies["uncopied"] == 0).then_some(())
    });
}

/// Threat: stolen scanner.
#[test]
fn stolen_scanner_is_refused_by_peers_that_never_hear_the_server() {
    // S24 V6
    let mut stage = Stage::set(3, 4);
    let first = alone(&stage.kiosks[0], &[]);
    let mut second = alone(&stage.kiosks[1], &[&first]);
    let mut stolen = alone(&stage.kiosks[2], &[&first, &second]);
    for _ in 0..2 {
        stolen.until(|event| event["event"] == "up");
    }
    stage.evict(2);
    stage.kiosks[0].sync();
    stage.server.stop();
    // The first was told; the second learns it from the first, before anything else.
    second.until(|event| event["event"] == "down" && event["name"] == "Turnstile 2");
    stolen.until(hears("this device was evicted"));
    let notices = || stage.kiosks[2].status()["notices"].to_string();
    poll::until("the notice", WITHIN, || {
        notices().contains("evicted").then_some(())
    });
    // What it admits from now on is believed by nobody.
    let late = stage.kiosks[2].scan(&stage.codes(0, 1));
    let wrote = late[0]["verdict"] == "admit";
    stage.admit(0, &stage.codes(1, 2));
    poll::until("the entry of the first at the second", WITHIN, || {
        (stage.kiosks[1].report().len() == 1).then_some(())
    });
    assert_eq!(stage.kiosks[2].report().len(), usize::from(wrote));
}

/// Threat: rogue device on LAN.
#[test]
fn rogue_device_on_lan_and_garbage_on_the_port_hurt_nobody() {
    let mut stage = Stage::set(2, 4);
    // A device of another event on the same server, and so with a key that is good elsewhere.
    let other = journey::event(&stage.event.api, "Another Night", 5);
    let stranger = enrolled(&other, 9);
    stage.server.stop();
    let first = alone(&stage.kiosks[0], &[]);
    let mut rogue = alone(&stranger, &[&first]);
    let why = rogue.until(|event| event["event"] == "missed");
    let why = text(&why, "why");
    assert!(
        why.contains("not trusted") || why.contains("does not know this device"),
        "{why}"
    );
    let mut held = Vec::new();
    for at in 0..100_u8 {
        let mut stream = TcpStream::connect(&first.address).expect("connects");
        let _reset = stream.write_all(&[at; 700]);
        if at % 10 == 0 {
            held.push(stream);
        }
    }
    stage.admit(0, &stage.codes(0, 2));
    stage.admit(1, &stage.codes(2, 3));
    let _second = alone(&stage.kiosks[1], &[&first]);
    stage.until_equal(3);
    assert!(stranger.report().is_empty());
}

#[test]
fn one_exchange_by_hand_and_exit_code_5_when_nobody_is_there() {
    let mut stage = Stage::set(2, 2);
    stage.server.stop();
    stage.admit(0, &stage.codes(0, 1));
    stage.admit(1, &stage.codes(1, 2));
    let first = alone(&stage.kiosks[0], &[]);
    let once = ["gossip", "--once", "--no-multicast", "--peer"];
    stage.kiosks[1].succeed(&[&once[..], &[first.address.as_str()]].concat());
    stage.until_equal(2);
    let address = first.address.clone();
    drop(first);
    // Remembered from before, and named: nobody answers any more.
    let nobody = stage.kiosks[1].run(&[&once[..], &[address.as_str()]].concat());
    let said = String::from_utf8_lossy(&nobody.stderr);
    assert_eq!(nobody.status.code(), Some(5), "{said}");
    assert!(said.contains("no other device was reached"), "{said}");
}
