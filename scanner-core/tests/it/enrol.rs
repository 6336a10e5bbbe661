//! Enrolment: once, pinned, proven, and whole or not at all.

use scanner_core::{Invitation, Kind, Scanner, enrol_over};

use crate::device::Device;
use crate::server::{CODE, Server};
use crate::wire::Wire;

#[test]
fn a_link_makes_a_device_with_a_snapshot() {
    // V1 S85
    let server = Server::new(10);
    let device = Device::new(&server, 1);
    assert!(
        Scanner::open(device.path(), device.edge.clone())
            .expect("opens")
            .is_none()
    );
    let report = device.enrol(&mut Wire::to(&server)).expect("enrols");
    assert!(report.pinned);
    assert_eq!(report.transcript_code.len(), 6);
    assert_eq!(report.gate_name, "Gate A");
    assert_eq!(report.sync.expect("synced").snapshot_version, Some(1));
    let status = device.open().status().expect("a status");
    assert_eq!(status.snapshot.expect("a snapshot").version, 1);
    assert_eq!(status.event.title, "Quiet Night");
}

#[cfg(unix)]
#[test]
fn the_key_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::new(1);
    let device = Device::enrolled(&server, 1);
    for file in ["device.key", "gatehouse.db", "seen"] {
        let meta = std::fs::metadata(device.path().join(file)).expect(file);
        assert_eq!(meta.permissions().mode() & 0o077, 0, "{file}");
    }
}

#[test]
fn a_bare_code_needs_a_server_and_is_not_pinned() {
    let server = Server::new(1);
    let device = Device::new(&server, 1);
    server.borrow_mut().invite();
    let error = Invitation::parse(CODE, None).expect_err("no server");
    assert_eq!(error.kind(), Kind::Input);
    assert!(Invitation::parse("hello", Some("http://hub.test")).is_err());
    let invitation =
        Invitation::parse("abcd-efgh-1234-5678", Some("http://hub.test/")).expect("a code");
    assert_eq!(invitation.server(), "http://hub.test");
    let wire = &mut Wire::to(&server);
    let report = enrol_over(device.path(), &invitation, &device.edge, wire).expect("enrols");
    assert!(!report.pinned);
}

#[test]
fn the_code_is_good_once() {
    // corpus 94
    let server = Server::new(1);
    let first = Device::new(&server, 1);
    let link = server.borrow_mut().invite().to_url();
    let invitation = Invitation::parse(&link, None).expect("a link");
    enrol_over(
        first.path(),
        &invitation,
        &first.edge,
        &mut Wire::to(&server),
    )
    .expect("enrols");
    let second = Device::new(&server, 2);
    let wire = &mut Wire::to(&server);
    let error = enrol_over(second.path(), &invitation, &second.edge, wire).expect_err("used");
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(error.refusal_code(), Some("enrolment_code_used"));
    // An enrolled directory stays what it is.
    let wire = &mut Wire::to(&server);
    let error = enrol_over(first.path(), &invitation, &first.edge, wire).expect_err("enrolled");
    assert_eq!(error.kind(), Kind::AlreadyEnrolled);
}

#[test]
fn another_root_than_the_links_is_not_believed() {
    let server = Server::new(1);
    let device = Device::new(&server, 1);
    let mut link = server.borrow_mut().invite();
    link.pin.as_mut().expect("pinned").0[0] ^= 1;
    let invitation = Invitation::parse(&link.to_url(), None).expect("a link");
    let wire = &mut Wire::to(&server);
    let error = enrol_over(device.path(), &invitation, &device.edge, wire).expect_err("pin");
    assert_eq!(error.kind(), Kind::Untrusted);
    let opened = Scanner::open(device.path(), device.edge.clone()).expect("opens");
    assert!(opened.is_none(), "nothing was stored");
}

#[test]
fn an_enrolment_that_is_cut_leaves_nothing_and_can_be_repeated() {
    let server = Server::new(1);
    for calls in 0..2 {
        let device = Device::new(&server, 10 + calls as u64);
        let wire = &mut Wire::cut_after(&server, calls, false);
        let error = device.enrol(wire).expect_err("cut");
        assert_eq!(error.kind(), Kind::Unreachable);
        assert!(
            Scanner::open(device.path(), device.edge.clone())
                .expect("opens")
                .is_none()
        );
        let key = std::fs::read(device.path().join("device.key")).expect("a key");
        device.enrol(&mut Wire::to(&server)).expect("enrols");
        let again = std::fs::read(device.path().join("device.key")).expect("a key");
        assert_eq!(key, again, "the same key is shown again");
    }
}

#[test]
fn an_enrolment_whose_answer_was_lost_is_done_anew_with_another_code() {
    let server = Server::new(1);
    let device = Device::new(&server, 1);
    let error = device
        .enrol(&mut Wire::cut_after(&server, 1, true))
        .expect_err("lost");
    assert_eq!(error.kind(), Kind::Unreachable);
    assert_eq!(server.borrow().roster.devices.len(), 1);
    device.enrol(&mut Wire::to(&server)).expect("enrols");
    assert_eq!(server.borrow().roster.devices.len(), 2);
    let ticket = server.borrow().ticket(0);
    assert!(crate::device::scan(&mut device.open(), &ticket).durable);
}

#[test]
fn an_enrolment_stands_when_its_first_sync_fails() {
    let server = Server::new(5);
    let device = Device::new(&server, 1);
    let report = device
        .enrol(&mut Wire::cut_after(&server, 2, false))
        .expect("enrols");
    assert!(report.sync.is_none());
    assert!(report.sync_error.expect("told").contains("cut"));
    // Without a ticket list nobody comes in, and the words say what to do.
    let ticket = server.borrow().ticket(1);
    let verdict = crate::device::scan(&mut device.open(), &ticket);
    assert_eq!(verdict.reason, scanner_core::Reason::SnapshotTooOld);
    assert!(
        verdict.explanation.contains("sync"),
        "{}",
        verdict.explanation
    );
    assert_eq!(device.sync().snapshot_version, Some(1));
    assert_eq!(
        crate::device::scan(&mut device.open(), &ticket).verdict,
        scanner_core::Outcome::Admit
    );
}
