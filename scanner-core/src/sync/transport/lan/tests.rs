//! Real sockets on loopback: who gets a link, what it carries, and what ends it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, GateId};
use shared::time::Timestamp;
use shared::trust::{Roster, RosterEntry};
use tempfile::TempDir;

use super::frame::{self, FrameKind};
use super::tls::Identity;
use super::{Lan, LanEvent, LanOptions, LinkId, LinkUp, Members, Missed, PeerAddress};
use crate::cache::DeviceKey;
use crate::clock::Edge;

const WITHIN: Duration = Duration::from_secs(20);
const MOMENT: Duration = Duration::from_millis(50);
const ATTEMPTS: usize = 100;

/// A device with a key, not yet on the network.
struct Device {
    key: Arc<DeviceKey>,
    edge: Edge,
    _dir: TempDir,
}

impl Device {
    fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let edge = Edge::system();
        let key = DeviceKey::find_or_make(dir.path(), &*edge.entropy).expect("a key");
        Self {
            key: Arc::new(key),
            edge,
            _dir: dir,
        }
    }

    fn entry(&self) -> RosterEntry {
        let public_key = self.key.public();
        let mut random = [0; 10];
        random.copy_from_slice(&public_key[..10]);
        RosterEntry {
            device: DeviceId::new(Timestamp::UNIX_EPOCH, random),
            name: "Gate".to_owned(),
            public_key,
            gate: GateId::new(Timestamp::UNIX_EPOCH, [1; 10]),
            zones: 0,
            role: DeviceRole::Kiosk,
            not_after: self.edge.clock.now().plus_secs(3600),
            attended: false,
            cut: None,
            adopted: Vec::new(),
        }
    }

    fn members(&self, listed: &[RosterEntry]) -> Members {
        let members = Members::new(self.key.public(), self.edge.clock.clone());
        members.adopt(&roster(listed), 0);
        members
    }

    /// On the network, with these members and calling these addresses.
    fn join(&self, listed: &[RosterEntry], seeds: &[SocketAddr]) -> Joined {
        let (sender, events) = channel();
        let members = self.members(listed);
        let options = LanOptions {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            seeds: seeds.iter().map(|at| PeerAddress::from(*at)).collect(),
            ..LanOptions::default()
        };
        let sink = Arc::new(move |event| {
            let _gone = sender.send(event);
        });
        let (key, edge) = (self.key.clone(), self.edge.clone());
        let lan = Lan::start(options, key, members.clone(), edge, sink).expect("starts");
        Joined {
            lan,
            members,
            events,
        }
    }

    /// A client that speaks the protocol by hand and lets anybody in.
    fn raw(&self, server: &Device, at: SocketAddr) -> RawClient {
        let identity = Identity::new(self.key.clone(), &self.members(&[server.entry()]));
        RawClient::connect(&identity.expect("an identity"), at)
    }
}

fn roster(listed: &[RosterEntry]) -> Roster {
    Roster {
        devices: listed.to_vec(),
    }
}

struct Joined {
    lan: Lan,
    members: Members,
    events: Receiver<LanEvent>,
}

impl Joined {
    fn at(&self) -> SocketAddr {
        self.lan.listening().expect("it listens")
    }

    /// The first event that tells what is wanted.
    fn until<T>(&self, wanted: impl Fn(&LanEvent) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(WITHIN).expect("an event in time");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    fn up(&self) -> LinkUp {
        self.until(|event| match event {
            LanEvent::Up(up) => Some(up.clone()),
            _ => None,
        })
    }

    fn frame(&self) -> (LinkId, Vec<u8>) {
        self.until(|event| match event {
            LanEvent::Frame { link, payload, .. } => Some((*link, payload.clone())),
            _ => None,
        })
    }

    fn down(&self) -> String {
        self.until(|event| match event {
            LanEvent::Down { why, .. } => Some(why.clone()),
            _ => None,
        })
    }

    /// Why the next call came to nothing. A link is not what was asked for.
    fn missed(&self) -> Missed {
        self.until(|event| match event {
            LanEvent::Missed { missed, .. } => Some(missed.clone()),
            LanEvent::Up(up) => panic!("a link: {up:?}"),
            _ => None,
        })
    }

    fn turned_away(&self) -> Missed {
        self.until(|event| match event {
            LanEvent::TurnedAway { missed, .. } => Some(missed.clone()),
            LanEvent::Up(up) => panic!("a link: {up:?}"),
            _ => None,
        })
    }
}

/// TLS by hand, blocking.
struct RawClient {
    tls: ClientConnection,
    tcp: TcpStream,
}

impl RawClient {
    fn connect(identity: &Identity, at: SocketAddr) -> Self {
        let name = ServerName::IpAddress(at.ip().into());
        let tcp = TcpStream::connect(at).expect("connects");
        tcp.set_read_timeout(Some(WITHIN)).expect("a time limit");
        let tls = ClientConnection::new(identity.client.clone(), name).expect("a client");
        Self { tls, tcp }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut stream = rustls::Stream::new(&mut self.tls, &mut self.tcp);
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// The acceptor's welcome, or why there is none.
    fn welcome(&mut self) -> std::io::Result<[u8; 4]> {
        let mut welcome = [0; 4];
        rustls::Stream::new(&mut self.tls, &mut self.tcp).read_exact(&mut welcome)?;
        Ok(welcome)
    }
}

#[test]
fn members_link_and_carry_frames_both_ways() {
    let (a, b) = (Device::new(), Device::new());
    let listed = [a.entry(), b.entry()];
    let hub = a.join(&listed, &[]);
    let leaf = b.join(&listed, &[hub.at()]);
    let (here, there) = (hub.up(), leaf.up());
    assert_eq!(
        (here.device, there.device),
        (b.entry().device, a.entry().device)
    );
    assert_eq!(here.key, b.key.public());
    assert_eq!(there.dialed, Some(hub.at().into()));
    leaf.lan.send(there.link, vec![1; 70_000]);
    assert_eq!(hub.frame(), (here.link, vec![1; 70_000]));
    hub.lan.send(here.link, vec![2]);
    assert_eq!(leaf.frame(), (there.link, vec![2]));
    drop(hub);
    leaf.down();
}

#[test]
fn peers_are_learnt_from_peers() {
    let (a, b, c) = (Device::new(), Device::new(), Device::new());
    let listed = [a.entry(), b.entry(), c.entry()];
    let hub = a.join(&listed, &[]);
    let first = b.join(&listed, &[hub.at()]);
    first.up();
    let second = c.join(&listed, &[hub.at()]);
    let met = [second.up().device, second.up().device];
    assert!(met.contains(&b.entry().device), "c was told of b: {met:?}");
}

#[test]
fn two_that_call_each_other_keep_one_link() {
    let (a, b) = (Device::new(), Device::new());
    let listed = [a.entry(), b.entry()];
    let first = a.join(&listed, &[]);
    let second = b.join(&listed, &[first.at()]);
    first.lan.learn(second.at().into(), super::Source::Seed);
    first.lan.hurry();
    let (mut here, mut there) = (first.up(), second.up());
    // Either side may see both links come up, or only the one that is kept. What was sent on the
    // other is lost with it, so it is sent until it arrives.
    for _ in 0..ATTEMPTS {
        second.lan.send(there.link, vec![7]);
        while let Ok(event) = second.events.recv_timeout(MOMENT) {
            if let LanEvent::Up(up) = event {
                there = up;
            }
        }
        while let Ok(event) = first.events.recv_timeout(MOMENT) {
            match event {
                LanEvent::Up(up) => here = up,
                LanEvent::Frame { link, payload, .. } if link == here.link => {
                    assert_eq!(payload, [7]);
                    return;
                }
                _ => {}
            }
        }
    }
    panic!("no link was kept");
}

/// Threat: rogue device on LAN.
#[test]
fn rogue_device_on_lan_gets_no_link() {
    let hub = Device::new();
    let (stranger, evicted, expired) = (Device::new(), Device::new(), Device::new());
    let listed = [
        hub.entry(),
        RosterEntry {
            cut: Some(Vec::new()),
            ..evicted.entry()
        },
        RosterEntry {
            not_after: Timestamp::from_secs(1),
            ..expired.entry()
        },
    ];
    let joined = hub.join(&listed, &[]);
    for (device, hears) in [
        (&stranger, "it does not know this device"),
        (&evicted, "this device was evicted"),
        (&expired, "this device's time is over"),
    ] {
        // Each would let the hub in; a key of another event is a stranger's key here.
        let rogue = device.join(&[hub.entry()], &[joined.at()]);
        assert_eq!(rogue.missed(), Missed::Refused(hears));
        assert!(matches!(joined.turned_away(), Missed::Distrusted(_)));
    }
}

#[test]
fn a_device_calls_no_stranger_and_not_itself() {
    let (honest, stranger) = (Device::new(), Device::new());
    let trap = stranger.join(&[honest.entry()], &[]);
    let caller = honest.join(&[honest.entry()], &[trap.at()]);
    assert_eq!(
        caller.missed(),
        Missed::Distrusted("its key is in no roster")
    );
    let alone = Device::new();
    let joined = alone.join(&[alone.entry()], &[]);
    joined.lan.learn(joined.at().into(), super::Source::Seed);
    assert_eq!(joined.turned_away(), Missed::Myself);
}

#[test]
fn eviction_ends_a_living_link_and_stays() {
    let (a, b) = (Device::new(), Device::new());
    let listed = [a.entry(), b.entry()];
    let hub = a.join(&listed, &[]);
    let leaf = b.join(&listed, &[hub.at()]);
    hub.up();
    leaf.up();
    let cut = RosterEntry {
        cut: Some(Vec::new()),
        ..b.entry()
    };
    hub.members.adopt(&roster(&[a.entry(), cut]), 0);
    assert_eq!(hub.down(), "its device was evicted");
    assert_eq!(leaf.missed(), Missed::Refused("this device was evicted"));
}

/// A resumed session would pass by the roster.
#[test]
fn an_evicted_device_cannot_resume_a_session() {
    let (a, b) = (Device::new(), Device::new());
    let hub = a.join(&[a.entry(), b.entry()], &[]);
    let mut identity = Identity::new(b.key.clone(), &b.members(&[a.entry()])).expect("an identity");
    // The attacker's client would resume if it were given anything to resume with.
    let mut willing = (*identity.client).clone();
    willing.resumption = rustls::client::Resumption::in_memory_sessions(8);
    identity.client = Arc::new(willing);
    let mut client = RawClient::connect(&identity, hub.at());
    assert_eq!(client.welcome().expect("let in"), [0; 4]);
    hub.up();
    hub.members.adopt(&roster(&[a.entry()]), 0);
    let mut again = RawClient::connect(&identity, hub.at());
    again.welcome().expect_err("not let in again");
    assert_eq!(
        hub.turned_away(),
        Missed::Distrusted("its key is in no roster")
    );
}

/// Threat: MITM on venue Wi-Fi. Its own key is a stranger's, a recorded hello proves nothing, and
/// a byte that it changes ends the link.
#[test]
fn mitm_on_venue_wifi_gets_nothing() {
    let (a, b, mitm) = (Device::new(), Device::new(), Device::new());
    let listed = [a.entry(), b.entry()];
    let hub = a.join(&listed, &[]);
    // Ends TLS with a key of its own.
    let between = mitm.join(&listed, &[]);
    let leaf = b.join(&listed, &[between.at()]);
    assert_eq!(leaf.missed(), Missed::Distrusted("its key is in no roster"));
    drop(leaf);
    // Passes on, and records what the honest device says.
    let (at, recorded) = tap(hub.at(), None);
    let leaf = b.join(&listed, &[at]);
    let up = leaf.up();
    hub.up();
    leaf.lan.send(up.link, vec![5; 100]);
    hub.frame();
    drop(leaf);
    hub.down();
    let hello = recorded.recv_timeout(WITHIN).expect("a recording");
    let mut replay = TcpStream::connect(hub.at()).expect("connects");
    replay.write_all(&hello).expect("sent");
    assert!(matches!(hub.turned_away(), Missed::Unreachable(_)));
    // Changes a byte of what the device says inside.
    let (at, _recorded) = tap(hub.at(), Some(4000));
    let leaf = b.join(&listed, &[at]);
    let up = leaf.up();
    hub.up();
    leaf.lan.send(up.link, vec![5; 20_000]);
    hub.until(|event| match event {
        LanEvent::Down { .. } => Some(()),
        LanEvent::Frame { .. } => panic!("a changed frame came through"),
        _ => None,
    });
}

/// A relay on the way to `hub`: gives what the caller said, and flips a bit of one byte of it.
fn tap(hub: SocketAddr, flip: Option<usize>) -> (SocketAddr, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
    let at = listener.local_addr().expect("an address");
    let (sender, recorded) = channel();
    std::thread::spawn(move || {
        let (mut caller, _) = listener.accept().expect("a call");
        let mut hub = TcpStream::connect(hub).expect("connects");
        let (mut back, mut to) = (
            hub.try_clone().expect("a copy"),
            caller.try_clone().expect("a copy"),
        );
        let backwards = std::thread::spawn(move || std::io::copy(&mut back, &mut to).is_ok());
        let mut said = Vec::new();
        let mut chunk = [0; 512];
        while let Ok(read @ 1..) = caller.read(&mut chunk) {
            let (from, till) = (said.len(), said.len() + read);
            if let Some(at) = flip.filter(|at| (from..till).contains(at)) {
                chunk[at - from] ^= 1;
            }
            said.extend_from_slice(&chunk[..read]);
            if hub.write_all(&chunk[..read]).is_err() {
                break;
            }
        }
        let _gone = hub.shutdown(std::net::Shutdown::Both);
        let _gone = caller.shutdown(std::net::Shutdown::Both);
        let _ended = backwards.join();
        let _gone = sender.send(said);
    });
    (at, recorded)
}

#[test]
fn garbage_on_the_port_hurts_nobody() {
    let (a, b, c) = (Device::new(), Device::new(), Device::new());
    let listed = [a.entry(), b.entry(), c.entry()];
    let hub = a.join(&listed, &[]);
    let leaf = b.join(&listed, &[hub.at()]);
    let (here, there) = (hub.up(), leaf.up());
    // Some say nonsense, some say nothing and stay.
    let mut held = Vec::new();
    for at in 0..200_u32 {
        let mut stream = TcpStream::connect(hub.at()).expect("connects");
        let _reset = stream.write_all(&at.to_be_bytes().repeat(at as usize));
        if at % 2 == 0 {
            held.push(stream);
        }
    }
    leaf.lan.send(there.link, vec![3; 1000]);
    assert_eq!(hub.frame(), (here.link, vec![3; 1000]));
    let late = c.join(&listed, &[hub.at()]);
    let met = [late.up().device, late.up().device];
    assert!(met.contains(&a.entry().device), "{met:?}");
}

#[test]
fn a_frame_beyond_its_bound_ends_the_link() {
    let (a, b) = (Device::new(), Device::new());
    let hub = a.join(&[a.entry(), b.entry()], &[]);
    let mut client = b.raw(&a, hub.at());
    assert_eq!(client.welcome().expect("let in"), [0; 4]);
    hub.up();
    client.write(&[1, 255, 255, 255]).expect("sent");
    assert_eq!(hub.down(), "a frame that is too long");
}

#[test]
fn a_peer_that_does_not_read_is_let_go_when_its_queue_is_full() {
    let (a, b) = (Device::new(), Device::new());
    let hub = a.join(&[a.entry(), b.entry()], &[]);
    let mut client = b.raw(&a, hub.at());
    assert_eq!(client.welcome().expect("let in"), [0; 4]);
    let link = hub.up().link;
    for _ in 0..64 {
        hub.lan.send(link, vec![0; frame::FRAME_BYTES_MAX / 4]);
    }
    assert_eq!(hub.down(), "it reads too slowly");
}

#[test]
fn frames_that_are_not_used_hold_back_their_sender_only() {
    let (a, b, c) = (Device::new(), Device::new(), Device::new());
    let listed = [a.entry(), b.entry(), c.entry()];
    let hub = a.join(&listed, &[]);
    let mut flood = b.raw(&a, hub.at());
    flood.welcome().expect("let in");
    let of_flood = hub.up().link;
    let mut bytes = Vec::new();
    for _ in 0..8 {
        assert!(frame::put(FrameKind::Gossip, &vec![9; 400_000], &mut bytes));
    }
    // The thread's result keeps the connection: one that is dropped is reset, and loses what the hub
    // has not read yet.
    let _open = std::thread::spawn(move || (flood.write(&bytes), flood));
    // Frames that are kept are not used up: of the eight, two and a half fit.
    let mut kept = Vec::new();
    while kept.len() < 2 {
        let event = hub.events.recv_timeout(WITHIN).expect("an event in time");
        if matches!(event, LanEvent::Frame { link, .. } if link == of_flood) {
            kept.push(event);
        }
    }
    let leaf = c.join(&listed, &[hub.at()]);
    let there = leaf.up();
    leaf.lan.send(there.link, vec![1]);
    let next = hub.frame().1;
    assert_eq!(next, [1], "and nothing more of the flood before it");
}
