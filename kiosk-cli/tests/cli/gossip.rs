//! `kiosk gossip` where it cannot begin, and where nobody answers.

use std::net::TcpListener;

use crate::kiosk::{Kiosk, code, stderr, stdout};

#[test]
fn a_device_that_is_not_enrolled_has_nobody_to_talk_with() {
    let output = Kiosk::new().run(&["gossip", "--once", "--no-multicast"]);
    assert_eq!(code(&output), 3);
    assert_eq!(stdout(&output), "");
}

#[test]
fn what_is_no_address_is_a_mistake_and_says_how_to_write_one() {
    let output = Kiosk::enrolled().run(&["gossip", "--peer", "http://hub/x"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains("host:port"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("listens");
    let at = taken.local_addr().expect("an address").to_string();
    let output = Kiosk::enrolled().run(&["gossip", "--no-multicast", "--listen", &at]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(said.contains(&format!("cannot listen on {at}")), "{said}");
}

#[test]
fn nobody_reached_is_exit_code_5() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("listens");
    let at = gone.local_addr().expect("an address").to_string();
    drop(gone);
    let output = Kiosk::enrolled().run(&["gossip", "--once", "--no-multicast", "--peer", &at]);
    assert_eq!(code(&output), 5);
    assert!(stdout(&output).contains(&at), "{}", stdout(&output));
}
