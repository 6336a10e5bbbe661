//! A phone beside a kiosk, over real sockets on loopback and in real time.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use scanner_core::{
    Edge, Gossip, GossipEvent, GossipOptions, Invitation, Neighbours, Outcome, Reason, Scanner,
    Syncer, enrol_over,
};
use tempfile::TempDir;

use crate::device::scan;
use crate::server::{Server, Shared};
use crate::wire::Wire;

const WITHIN: Duration = Duration::from_secs(30);
const LOOPBACK: &str = "127.0.0.1:0";

fn enrol(server: &Shared, dir: &Path, edge: &Edge) {
    let link = server.borrow_mut().invite().to_url();
    let invitation = Invitation::parse(&link, None).expect("a link");
    enrol_over(dir, &invitation, edge, &mut Wire::to(server)).expect("enrols");
}

fn open(dir: &Path, edge: &Edge) -> Scanner {
    let scanner = Scanner::open(dir, edge.clone()).expect("opens");
    scanner.expect("is enrolled")
}

/// Waits for an event that is wanted; the others are passed over.
fn until(heard: &Receiver<GossipEvent>, wanted: impl Fn(&GossipEvent) -> bool) {
    while !wanted(&heard.recv_timeout(WITHIN).expect("an event in time")) {}
}

fn is_up(event: &GossipEvent) -> bool {
    matches!(event, GossipEvent::Up { .. })
}

fn is_down(event: &GossipEvent) -> bool {
    matches!(event, GossipEvent::Down { .. })
}

#[test]
fn a_phone_is_linked_while_it_is_in_use_and_catches_up_after_a_pause() {
    // V1 V2 V6 S24
    let edge = Edge::system();
    let server = Server::at(edge.clock.now(), 10);
    let (kiosk, phone) = (TempDir::new().expect("a"), TempDir::new().expect("b"));
    let ticket = server.borrow().ticket(4);
    enrol(&server, kiosk.path(), &edge);

    // It waits for its enrolment, and tells of no trouble meanwhile.
    let (tell, told) = channel();
    let neighbours = Neighbours::keep(
        phone.path().to_path_buf(),
        edge.clone(),
        GossipOptions::default(),
        move |event| {
            let _gone = tell.send(event);
        },
    )
    .expect("a thread");
    enrol(&server, phone.path(), &edge);
    let mut syncer = Syncer::open(kiosk.path(), edge.clone()).expect("opens");
    syncer.run(&mut Wire::to(&server)).expect("syncs");
    drop((syncer, server));

    let (tell, at_kiosk) = channel();
    let options = GossipOptions {
        listen: Some(LOOPBACK.parse().expect("an address")),
        hub: true,
        ..GossipOptions::default()
    };
    let watch = Box::new(move |event| {
        let _gone = tell.send(event);
    });
    let gossip = Gossip::start(kiosk.path(), edge.clone(), options, watch).expect("starts");
    neighbours.resume();
    neighbours.call(gossip.reachable_at().expect("listens"));
    until(&at_kiosk, is_up);
    until(&told, is_up);

    neighbours.pause();
    until(&at_kiosk, is_down);
    let admitted = scan(&mut open(kiosk.path(), &edge), &ticket);
    assert_eq!(admitted.verdict, Outcome::Admit);
    neighbours.resume();
    until(&at_kiosk, is_up);
    until(&told, |event| matches!(event, GossipEvent::Merged { .. }));
    let refused = scan(&mut open(phone.path(), &edge), &ticket);
    assert_eq!(refused.reason, Reason::AlreadyUsed);

    drop(neighbours);
    until(&at_kiosk, is_down);
    let trouble = |event: GossipEvent| matches!(event, GossipEvent::Trouble { .. });
    assert!(!told.try_iter().any(trouble));
}
