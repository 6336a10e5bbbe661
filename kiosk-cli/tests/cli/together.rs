//! Full-screen gates on the venue's network, without a server.

use serde_json::Value;

use crate::gate::{admitted, command, start};
use crate::kiosk::{Kiosk, json_lines};
use crate::pty::Pty;

const F4: &str = "\x1bOS";
const ANY_PORT: &[&str] = &["--no-multicast", "--listen", "127.0.0.1:0"];

/// A gate that others can call, and where.
fn open(kiosk: &Kiosk, args: &[&str]) -> (Pty, String) {
    let mut gate = start(kiosk, &[ANY_PORT, args].concat());
    gate.wait_for("ready", |screen| screen.contains("Scan a ticket."));
    command(&mut gate, F4);
    let told = "Others can call this device at ";
    let screen = gate.wait_for("the address", |screen| screen.contains(told));
    command(&mut gate, "\x1b");
    let address = screen.split(told).nth(1).expect("an address");
    let address = address.split_whitespace().next().expect("an address");
    (gate, address.trim_end_matches('.').to_owned())
}

/// Two devices that know of each other.
pub(crate) fn two() -> (Kiosk, Kiosk) {
    let first = Kiosk::enrolled();
    let second = Kiosk::beside(&first);
    first.sync();
    (first, second)
}

fn status(kiosk: &Kiosk) -> Value {
    json_lines(&kiosk.run(&["status", "--json"])).remove(0)
}

#[test]
fn two_gates_without_a_server_know_each_others_guests() {
    // V2 V5 S24
    let (first, second) = two();
    let (mut one, address) = open(&first, &[]);
    one.wait_for("that it is alone", |screen| {
        screen.contains("ALONE for 00:")
    });
    let (mut other, _) = open(&second, &["--peer", &address]);
    for gate in [&one, &other] {
        gate.wait_for("the peer", |screen| {
            screen.contains("1 peer") && !screen.contains("ALONE")
        });
    }
    one.press(&(first.ticket(3) + "\r"));
    one.wait_for("the copy", |screen| {
        admitted(screen) == Some(1) && screen.contains("copied to 1 peer")
    });
    other.wait_for("the guest at the other gate", |screen| {
        screen.contains("Inside 1")
    });
    other.press(&(first.ticket(3) + "\r"));
    other.wait_for("the refusal", |screen| {
        screen.contains("Refused 1") && screen.contains("Used") && admitted(screen) == Some(0)
    });
    other.press(&(first.ticket(4) + "\r"));
    other.wait_for("the next guest", |screen| admitted(screen) == Some(1));
    one.wait_for("the guest of the other gate", |screen| {
        screen.contains("Inside 2")
    });
    one.press(&(first.ticket(4) + "\r"));
    one.wait_for("the refusal", |screen| screen.contains("Refused 1"));
    // One truth: what was refused is no entry, neither here nor there.
    one.wait_for("all copies", |screen| screen.contains("copied to 1 peer"));
    let told = status(&first);
    assert_eq!(
        (&told["entries"], &told["copies"]["uncopied"]),
        (&1.into(), &0.into())
    );

    // The other gate loses its power.
    other.kill();
    one.wait_for("nobody", |screen| screen.contains("0 peers"));
    for at in 0..3 {
        one.press(&format!("hello {at}\r"));
    }
    one.wait_for("the refusals", |screen| screen.contains("Refused 4"));
    one.press(&(first.ticket(5) + "\r"));
    one.wait_for("the guest", |screen| admitted(screen) == Some(2));
    one.pause(600);
    let told = status(&first);
    assert_eq!(
        (&told["entries"], &told["copies"]["uncopied"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn gates_that_were_apart_show_both_what_passed_twice() {
    // V2 S24
    let (first, second) = two();
    let (mut one, address) = open(&first, &[]);
    one.press(&(first.ticket(7) + "\r"));
    one.wait_for("the guest", |screen| admitted(screen) == Some(1));
    let mut apart = start(&second, &["--no-peers"]);
    apart.wait_for("ready", |screen| screen.contains("Scan a ticket."));
    apart.press(&(first.ticket(7) + "\r"));
    apart.wait_for("the copy", |screen| admitted(screen) == Some(1));
    apart.kill();
    let (other, _) = open(&second, &["--peer", &address]);
    for gate in [&one, &other] {
        gate.wait_for("the alert", |screen| {
            screen.contains("ticket 0007 let in 2 times: Gate A at")
        });
    }
}

#[test]
fn a_port_that_is_taken_is_told_and_the_gate_admits_all_the_same() {
    // V1
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("listens");
    let at = taken.local_addr().expect("an address").to_string();
    let kiosk = Kiosk::enrolled();
    let mut gate = start(&kiosk, &["--no-multicast", "--listen", &at]);
    gate.wait_for("the trouble", |screen| {
        screen.contains("other devices: cannot listen on")
    });
    gate.press(&(kiosk.ticket(1) + "\r"));
    gate.wait_for("the guest", |screen| admitted(screen) == Some(1));
}
