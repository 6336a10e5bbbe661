//! A device that hears of the same things from its server and from its neighbours at once: one
//! thread syncs, another gossips, on one set of data.

use scanner_core::{Outcome, Reason, Syncer, Transport, TransportError, open_disk};
use shared::api::gate::{EnrolChallenge, EnrolRequest, EnrolResponse};
use shared::sync::{
    AnswersResponse, ScanKeysResponse, SegmentsResponse, SignedRequest, SyncResponse,
};
use shared::trust::TicketRowStatus;

use crate::device::{Device, scan};
use crate::server::{NOW, Server, Shared};
use crate::wire::Wire;

/// A connection during whose calls something else happens, once for each call.
struct Meanwhile<'a> {
    wire: Wire,
    /// Between the server's answer to a sync and the device's hearing it.
    in_sync: Option<&'a dyn Fn()>,
    /// The same for the pieces of a snapshot.
    in_segments: Option<&'a dyn Fn()>,
}

impl Meanwhile<'_> {
    fn to(server: &Shared) -> Self {
        Self {
            wire: Wire::to(server),
            in_sync: None,
            in_segments: None,
        }
    }
}

fn happens(what: &mut Option<&dyn Fn()>) {
    if let Some(what) = what.take() {
        what();
    }
}

impl Transport for Meanwhile<'_> {
    fn challenge(&mut self) -> Result<EnrolChallenge, TransportError> {
        self.wire.challenge()
    }
    fn enrol(&mut self, request: &EnrolRequest) -> Result<EnrolResponse, TransportError> {
        self.wire.enrol(request)
    }
    fn sync(&mut self, request: &SignedRequest) -> Result<SyncResponse, TransportError> {
        let answer = self.wire.sync(request);
        happens(&mut self.in_sync);
        answer
    }
    fn segments(&mut self, request: &SignedRequest) -> Result<SegmentsResponse, TransportError> {
        let answer = self.wire.segments(request);
        happens(&mut self.in_segments);
        answer
    }
    fn scan_keys(
        &mut self,
        request: &SignedRequest,
    ) -> Result<Option<ScanKeysResponse>, TransportError> {
        self.wire.scan_keys(request)
    }
    fn answers(&mut self, request: &SignedRequest) -> Result<AnswersResponse, TransportError> {
        self.wire.answers(request)
    }
}

fn sync(device: &Device, transport: &mut dyn Transport) -> scanner_core::SyncReport {
    let mut syncer = Syncer::open(device.path(), device.edge.clone()).expect("opens");
    syncer.run(transport).expect("syncs")
}

fn cancel(server: &Shared, serial: usize) {
    server.borrow_mut().rows[serial].status = TicketRowStatus::Cancelled;
    server.borrow_mut().publish();
}

/// The neighbours tell all that the server says, and as many pieces of its list.
fn hear_from_neighbours(device: &Device, pieces: usize) {
    let mut disk = open_disk(device.path()).expect("opens");
    loop {
        let held = disk.trust().expect("read").held;
        let offered = device.server.borrow().newer_than(held);
        let (told, distrust) = disk.adopt(offered, NOW).expect("stored");
        assert_eq!(distrust, None);
        if told.held == held {
            break;
        }
    }
    let wanted = disk.missing_chunks(pieces).expect("read");
    let server = device.server.borrow();
    let given = wanted
        .iter()
        .map(|hash| (*hash, server.segments[hash].clone()));
    disk.keep_chunks(given.collect()).expect("stored");
}

#[test]
fn a_list_that_comes_from_two_sides_stays_at_the_gate() {
    // V2 S89
    let server = Server::new(100);
    let device = Device::enrolled(&server, 1);
    cancel(&server, 3);
    let neighbours = || hear_from_neighbours(&device, 8);
    let mut transport = Meanwhile::to(&server);
    transport.in_segments = Some(&neighbours);
    assert_eq!(sync(&device, &mut transport).snapshot_version, Some(2));
    let ticket = |serial| server.borrow().ticket(serial);
    let mut gate = device.open();
    assert_eq!(scan(&mut gate, &ticket(3)).reason, Reason::Cancelled);
    assert_eq!(scan(&mut gate, &ticket(4)).verdict, Outcome::Admit);
}

#[test]
fn a_newer_list_of_which_nothing_is_here_is_not_switched_to() {
    // V2 S89
    let server = Server::new(100);
    let device = Device::enrolled(&server, 1);
    cancel(&server, 3);
    let neighbours = || {
        cancel(&server, 4);
        hear_from_neighbours(&device, 0);
    };
    let mut transport = Meanwhile::to(&server);
    transport.in_segments = Some(&neighbours);
    // The first list's pieces come; the second's are cut off.
    transport.wire.calls_left = Some(2);
    let mut syncer = Syncer::open(device.path(), device.edge.clone()).expect("opens");
    syncer.run(&mut transport).expect_err("cut");
    let ticket = |serial| server.borrow().ticket(serial);
    let mut gate = device.open();
    assert_eq!(scan(&mut gate, &ticket(5)).verdict, Outcome::Admit);
    assert_eq!(device.sync().snapshot_version, Some(3));
    assert_eq!(scan(&mut gate, &ticket(3)).reason, Reason::Cancelled);
    assert_eq!(scan(&mut gate, &ticket(4)).reason, Reason::Cancelled);
}

#[test]
fn an_answer_that_comes_late_takes_no_newer_list_away() {
    // V2 S89 corpus 83
    let server = Server::new(100);
    let device = Device::enrolled(&server, 1);
    cancel(&server, 3);
    let neighbours = || {
        cancel(&server, 4);
        hear_from_neighbours(&device, 8);
    };
    let mut transport = Meanwhile::to(&server);
    transport.in_sync = Some(&neighbours);
    assert_eq!(sync(&device, &mut transport).snapshot_version, Some(3));
    let ticket = |serial| server.borrow().ticket(serial);
    let mut gate = device.open();
    assert_eq!(scan(&mut gate, &ticket(4)).reason, Reason::Cancelled);
    assert_eq!(scan(&mut gate, &ticket(5)).verdict, Outcome::Admit);
}

#[test]
fn a_new_root_that_comes_from_two_sides_is_taken_up_once() {
    // V2 S89
    let server = Server::new(100);
    let device = Device::enrolled(&server, 1);
    server.borrow_mut().rows[3].status = TicketRowStatus::Cancelled;
    server.borrow_mut().replace_snapshot_key();
    let neighbours = || hear_from_neighbours(&device, 8);
    let mut transport = Meanwhile::to(&server);
    transport.in_sync = Some(&neighbours);
    assert_eq!(sync(&device, &mut transport).snapshot_version, Some(1));
    let ticket = |serial| server.borrow().ticket(serial);
    let mut gate = device.open();
    assert_eq!(scan(&mut gate, &ticket(3)).reason, Reason::Cancelled);
    assert_eq!(scan(&mut gate, &ticket(4)).verdict, Outcome::Admit);
}

#[test]
fn pieces_that_the_server_brought_are_not_waited_for() {
    // V2 S89
    let server = Server::new(20_000);
    let device = Device::enrolled(&server, 1);
    cancel(&server, 3);
    cancel(&server, 9_000);
    let mut disk = open_disk(device.path()).expect("opens");
    let held = disk.trust().expect("read").held;
    let offered = device.server.borrow().newer_than(held);
    disk.adopt(offered, NOW).expect("stored");
    let wanted = disk.missing_chunks(8).expect("read");
    assert_eq!(wanted.len(), 2, "only what changed");
    let piece = |hash: &[u8; 32]| (*hash, server.borrow().segments[hash].clone());
    assert!(disk.keep_chunks(vec![piece(&wanted[0])]).expect("stored"));
    let strange = ([9; 32], piece(&wanted[1]).1);
    assert!(!disk.keep_chunks(vec![strange]).expect("refused"));
    assert_eq!(disk.missing_chunks(8).expect("read"), wanted[1..]);
    assert_eq!(device.sync().snapshot_version, Some(3));
    assert_eq!(
        disk.missing_chunks(8).expect("read"),
        Vec::<[u8; 32]>::new()
    );
    assert!(!disk.keep_chunks(vec![piece(&wanted[1])]).expect("refused"));
    let ticket = |serial| server.borrow().ticket(serial);
    let mut gate = device.open();
    assert_eq!(scan(&mut gate, &ticket(9_000)).reason, Reason::Cancelled);
    assert_eq!(scan(&mut gate, &ticket(4)).verdict, Outcome::Admit);
}
