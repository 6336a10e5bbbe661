//! The one task that owns all links: it accepts, calls, tells and lets go.
//!
//! Invariants: one link to a member, and both ends agree which; connections and handshakes are
//! bounded, in all and per address, so that garbage on the port costs a little CPU and nobody's
//! link; a member that the roster no longer lists loses its link within a moment.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::address::PeerAddress;
use super::book::{AddressBook, Source};
use super::frame::FrameKind;
use super::greet::{self, Greeted, Missed, SharedDoorway};
use super::leaf;
use super::link::{Hold, LinkEnd};
use super::multicast::Multicast;
use super::notes::Note;
use super::{LanEvent, LinkId, LinkUp, Sink};
use crate::clock::Edge;

/// Links at once: a mesh of twenty hubs, and the phones that lean on one of them.
const LINKS_MAX: usize = 64;
/// Links that a device opens by itself.
const CALLED_LINKS_MAX: usize = 24;
/// Handshakes under way, in all and with one address.
const GREETINGS_MAX: usize = 24;
const GREETINGS_PER_ADDRESS_MAX: usize = 6;
/// Calls under way.
const CALLS_MAX: usize = 8;
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two notes about addresses: five seconds.
const NOTE_TICKS: u32 = 25;

pub(super) enum Command {
    Send(LinkId, Vec<u8>),
    Close(LinkId, String),
    Learn(PeerAddress, Source),
    Hurry,
    Stop,
}

/// What the tasks of links and handshakes report.
enum Report {
    Greeted(Box<Greeted>),
    Missed(PeerAddress, Missed),
    /// A caller that was not let in.
    TurnedAway(SocketAddr, Missed),
    Note(LinkId, Vec<u8>, Hold),
    Ended(LinkId, String),
}

struct Link {
    end: LinkEnd,
    key: [u8; 32],
    socket: SocketAddr,
    /// The address that was called.
    dialed: Option<PeerAddress>,
}

pub(super) struct Net {
    doorway: SharedDoorway,
    edge: Edge,
    sink: Sink,
    /// Where this device listens; 0 when it does not.
    listens: u16,
    leaf: bool,
    book: AddressBook,
    links: BTreeMap<LinkId, Link>,
    next_link: u64,
    calls: usize,
    greetings: BTreeMap<IpAddr, usize>,
    reports: UnboundedSender<Report>,
    told: BTreeSet<PeerAddress>,
    ticks: u32,
}

impl Net {
    pub(super) fn new(
        doorway: SharedDoorway,
        edge: Edge,
        sink: Sink,
        (listens, leaf): (u16, bool),
    ) -> (Self, Inbox) {
        let (reports, inbox) = unbounded_channel();
        let net = Self {
            doorway,
            edge,
            sink,
            listens,
            leaf,
            book: AddressBook::default(),
            links: BTreeMap::new(),
            next_link: 0,
            calls: 0,
            greetings: BTreeMap::new(),
            reports,
            told: BTreeSet::new(),
            ticks: 0,
        };
        (net, Inbox(inbox))
    }

    /// Until it is told to stop, or its owner is gone.
    pub(super) async fn run(
        mut self,
        mut inbox: Inbox,
        listener: Option<TcpListener>,
        multicast: Option<Multicast>,
        mut commands: UnboundedReceiver<Command>,
    ) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                command = commands.recv() => match command {
                    None | Some(Command::Stop) => return,
                    Some(command) => self.obey(command),
                },
                Some(report) = inbox.0.recv() => self.take(report),
                called = accept(listener.as_ref()) => self.called(called),
                addresses = hear(multicast.as_ref()) => self.learn(addresses),
                _ = ticks.tick() => self.tick(),
            }
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Send(id, payload) => {
                let sent = self
                    .links
                    .get(&id)
                    .is_none_or(|link| link.end.send(FrameKind::Gossip, &payload));
                if !sent {
                    self.end(id, "it reads too slowly".to_owned());
                }
            }
            Command::Close(id, why) => self.end(id, why),
            Command::Learn(address, source) => {
                let now = self.now_ms();
                self.book.learn(address, source, now);
            }
            Command::Hurry => {
                let now = self.now_ms();
                self.book.hurry(now);
            }
            Command::Stop => {}
        }
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Greeted(greeted) => self.greeted(*greeted),
            Report::Missed(address, missed) => {
                self.calls = self.calls.saturating_sub(1);
                if missed == Missed::Myself {
                    self.book.is_own(&address);
                    return;
                }
                let (now, spread) = (self.now_ms(), self.spread());
                self.book.failed(&address, now, spread);
                (self.sink)(LanEvent::Missed { address, missed });
            }
            Report::TurnedAway(socket, missed) => {
                self.end_greeting(socket.ip());
                (self.sink)(LanEvent::TurnedAway { socket, missed });
            }
            Report::Note(id, bytes, _hold) => self.note(id, &bytes),
            Report::Ended(id, why) => self.end(id, why),
        }
    }

    fn called(&mut self, called: std::io::Result<(TcpStream, SocketAddr)>) {
        let Ok((stream, socket)) = called else {
            return;
        };
        let under_way: usize = self.greetings.values().sum();
        let of_caller = self.greetings.get(&socket.ip()).copied().unwrap_or(0);
        if under_way >= GREETINGS_MAX || of_caller >= GREETINGS_PER_ADDRESS_MAX {
            return;
        }
        self.greetings.insert(socket.ip(), of_caller + 1);
        let (doorway, reports) = (self.doorway.clone(), self.reports.clone());
        tokio::spawn(async move {
            let greeted = greet::accept(stream, socket, &doorway.identity, &doorway.members).await;
            let report = match greeted {
                Ok(greeted) => Report::Greeted(Box::new(greeted)),
                Err(missed) => Report::TurnedAway(socket, missed),
            };
            // Nobody listens any more when all is being stopped.
            let _gone = reports.send(report);
        });
    }

    fn end_greeting(&mut self, ip: IpAddr) {
        if let Some(under_way) = self.greetings.get_mut(&ip) {
            *under_way = under_way.saturating_sub(1);
            if *under_way == 0 {
                self.greetings.remove(&ip);
            }
        }
    }

    fn greeted(&mut self, greeted: Greeted) {
        let Greeted {
            stream,
            key,
            device,
            socket,
            dialed,
        } = greeted;
        if let Some(address) = &dialed {
            self.calls = self.calls.saturating_sub(1);
            let now = self.now_ms();
            self.book.answered(address, key, now);
        } else {
            self.end_greeting(socket.ip());
        }
        let before = self.links.iter().find(|(_, link)| link.key == key);
        if let Some((id, link)) = before {
            let id = *id;
            if !self.replaces(link, &key, dialed.is_some()) {
                return;
            }
            self.end(id, "a newer link to the same device".to_owned());
        } else if self.links.len() >= LINKS_MAX || self.is_surplus(dialed.as_ref()) {
            return;
        }
        self.next_link += 1;
        let id = LinkId(self.next_link);
        (self.sink)(LanEvent::Up(LinkUp {
            link: id,
            key,
            device,
            socket,
            dialed: dialed.clone(),
        }));
        let (sink, reports) = (self.sink.clone(), self.reports.clone());
        let ends = self.reports.clone();
        let each = move |kind, payload, hold| match kind {
            FrameKind::Gossip => sink(LanEvent::Frame {
                link: id,
                payload,
                hold,
            }),
            FrameKind::Beat | FrameKind::Note => {
                let _gone = reports.send(Report::Note(id, payload, hold));
            }
        };
        let ended = move |why| {
            let _gone = ends.send(Report::Ended(id, why));
        };
        let link = Link {
            end: LinkEnd::start(stream, each, ended),
            key,
            socket,
            dialed,
        };
        let note = self.note_for(&key);
        let _queued = link.end.send(FrameKind::Note, &note);
        self.links.insert(id, link);
    }

    /// Of two links to one member the one is kept that the lower key called; of two that the same
    /// side called, the newer: the other end has seen the older one die.
    fn replaces(&self, before: &Link, key: &[u8; 32], dialed: bool) -> bool {
        if before.dialed.is_some() == dialed {
            return true;
        }
        let lower_is_me = self.doorway.members.myself() < *key;
        lower_is_me == dialed
    }

    /// A phone hangs on enough hubs without this one.
    fn is_surplus(&self, dialed: Option<&PeerAddress>) -> bool {
        let links = self.dialed().count();
        self.leaf && dialed.is_some_and(|at| leaf::is_surplus(links, at, &self.book))
    }

    /// The links that this device opened, the newest last.
    fn dialed(&self) -> impl DoubleEndedIterator<Item = (LinkId, &PeerAddress)> {
        let links = self.links.iter();
        links.filter_map(|(id, link)| Some((*id, link.dialed.as_ref()?)))
    }

    fn end(&mut self, id: LinkId, why: String) {
        if self.links.remove(&id).is_some() {
            (self.sink)(LanEvent::Down { link: id, why });
        }
    }

    fn note_for(&self, key: &[u8; 32]) -> Vec<u8> {
        let others = self.book.proven().filter(|(_, of)| of != key);
        let others = others.map(|(address, _)| address.clone());
        Note::new(self.listens, others).to_wire()
    }

    fn note(&mut self, id: LinkId, bytes: &[u8]) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let (key, now) = (link.key, self.now_ms());
        match Note::read(bytes, link.socket.ip().to_canonical()) {
            Ok((own, others)) => {
                if let Some(address) = own {
                    self.book.learn(address.clone(), Source::Hint, now);
                    self.book.belongs(&address, key);
                }
                self.learn(others);
            }
            Err(error) => self.end(id, format!("it sent a note that makes no sense: {error}")),
        }
    }

    fn learn(&mut self, hints: Vec<PeerAddress>) {
        let now = self.now_ms();
        for address in hints {
            self.book.learn(address, Source::Hint, now);
        }
    }

    fn tick(&mut self) {
        let members = self.doorway.members.clone();
        let left: Vec<(LinkId, String)> = self
            .links
            .iter()
            .filter_map(|(id, link)| Some((*id, members.find(&link.key).err()?.to_string())))
            .collect();
        for (id, why) in left {
            self.end(id, why);
        }
        self.ticks = self.ticks.wrapping_add(1);
        self.turn();
        self.call();
        if self.ticks.is_multiple_of(NOTE_TICKS) {
            self.tell();
        }
    }

    /// A phone's third hub makes room for another.
    fn turn(&mut self) {
        if !self.leaf {
            return;
        }
        let (connected, now) = (self.connected(), self.now_ms());
        let dialed: Vec<(LinkId, PeerAddress)> = self
            .dialed()
            .map(|(id, address)| (id, address.clone()))
            .collect();
        let dialed = dialed.iter().map(|(id, address)| (*id, address));
        if let Some(left) = leaf::turn(self.ticks, now, dialed, &connected, &mut self.book) {
            self.end(left, "another hub takes its turn".to_owned());
        }
    }

    fn connected(&self) -> BTreeSet<[u8; 32]> {
        self.links.values().map(|link| link.key).collect()
    }

    fn call(&mut self) {
        let links = self.dialed().count();
        let mut calls = CALLS_MAX
            .saturating_sub(self.calls)
            .min(CALLED_LINKS_MAX.saturating_sub(links + self.calls));
        let mut least = Source::Hint;
        if self.leaf {
            let (few, of) = leaf::calls(links, self.calls);
            (calls, least) = (calls.min(few), of);
        }
        let (connected, now) = (self.connected(), self.now_ms());
        for address in self.book.due(now, &connected, calls, least) {
            self.calls += 1;
            let (doorway, reports) = (self.doorway.clone(), self.reports.clone());
            tokio::spawn(async move {
                let greeted =
                    greet::dial(address.clone(), &doorway.identity, &doorway.members).await;
                let report = match greeted {
                    Ok(greeted) => Report::Greeted(Box::new(greeted)),
                    Err(missed) => Report::Missed(address, missed),
                };
                let _gone = reports.send(report);
            });
        }
    }

    /// Tells all members, and the owner, where members answered, when that has changed.
    fn tell(&mut self) {
        let proven: BTreeSet<PeerAddress> = self
            .book
            .proven()
            .map(|(address, _)| address.clone())
            .collect();
        if proven == self.told {
            return;
        }
        for link in self.links.values() {
            let note = self.note_for(&link.key);
            // A full queue shows at the next frame that matters.
            let _queued = link.end.send(FrameKind::Note, &note);
        }
        (self.sink)(LanEvent::Proven(proven.iter().cloned().collect()));
        self.told = proven;
    }

    fn now_ms(&self) -> u64 {
        self.edge.clock.monotonic_micros() / 1000
    }

    /// Spreads calls; when there is no randomness they come together.
    fn spread(&self) -> u64 {
        let mut bytes = [0; 8];
        match self.edge.entropy.fill(&mut bytes) {
            Ok(()) => u64::from_be_bytes(bytes),
            Err(_) => 0,
        }
    }
}

pub(super) struct Inbox(UnboundedReceiver<Report>);

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => {
            let accepted = listener.accept().await;
            if accepted.is_err() {
                // Out of descriptors: asking again at once would only burn the processor.
                tokio::time::sleep(TICK).await;
            }
            accepted
        }
        None => std::future::pending().await,
    }
}

async fn hear(multicast: Option<&Multicast>) -> Vec<PeerAddress> {
    match multicast {
        Some(multicast) => multicast.next().await,
        None => std::future::pending().await,
    }
}
