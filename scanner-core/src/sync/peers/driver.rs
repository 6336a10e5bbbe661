//! The thread between the node, the disk and the links.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use shared::log::LogId;
use shared::sync::claim::ClaimId;
use shared::time::Timestamp;
use shared::trust::Roster;

use super::desk::{Claimed, Reply, Wanted};
use super::gossip::{Watch, reachable};
use super::report::{self, GossipEvent, MissedView, NoticeView, PeersReport};
use super::store::DiskStore;
use crate::cache::{Cache, Identity};
use crate::clock::Edge;
use crate::error::{Cause, Error};
use crate::sync::gossip::{
    ClaimOutcome, CloseReason, Input, LinkId, Node, Now, Options, Output, StoreError,
};
use crate::sync::transport::lan::{
    EVICTED, Lan, LanEvent, LinkUp, Members, Missed, PeerAddress, Source,
};

/// Between two looks at what other processes have stored.
const LOOK_MS: u64 = 25;
/// After the disk failed.
const RETRY_MS: u64 = 1_000;
/// Things taken from the queue before the clock is looked at again.
const TAKE_MAX: usize = 256;

pub(super) enum Wake {
    Lan(LanEvent),
    Nudge,
    Call(PeerAddress),
    Claim(Wanted, Reply),
    Stop,
}

/// A linked member.
pub(super) struct Linked {
    pub(super) up: LinkUp,
    pub(super) since: Timestamp,
}

pub(super) struct Driver {
    pub(super) store: DiskStore,
    /// `None` after the disk failed, until it is tried again.
    pub(super) node: Option<Node>,
    pub(super) retry_at: u64,
    pub(super) edge: Edge,
    pub(super) members: Members,
    pub(super) boot: [u8; 16],
    pub(super) hub: bool,
    pub(super) visit: bool,
    pub(super) report: Arc<Mutex<PeersReport>>,
    pub(super) watch: Watch,
    pub(super) links: BTreeMap<LinkId, Linked>,
    pub(super) key: Arc<SigningKey>,
    /// Who waits for the outcome of which claim.
    claiming: BTreeMap<ClaimId, Reply>,
    pub(super) roster: Roster,
    /// The state of the database when it was last looked at.
    pub(super) version: i64,
    pub(super) statements: [u64; 4],
    /// How far each log was when the node was last told.
    pub(super) ends: BTreeMap<LogId, u32>,
    pub(super) open: Option<LogId>,
    pub(super) shown_at: u64,
    pub(super) changed: bool,
}

impl Driver {
    pub(super) fn new(
        (cache, identity, key): (Cache, Identity, Arc<SigningKey>),
        (edge, members, boot): (Edge, Members, [u8; 16]),
        (hub, visit): (bool, bool),
        (report, watch): (Arc<Mutex<PeersReport>>, Watch),
    ) -> Result<Self, Cause> {
        let mut driver = Self {
            store: DiskStore::new(cache, identity),
            node: None,
            retry_at: 0,
            edge,
            members,
            boot,
            hub,
            visit,
            report,
            watch,
            links: BTreeMap::new(),
            key,
            claiming: BTreeMap::new(),
            roster: Roster::default(),
            version: 0,
            statements: [0; 4],
            ends: BTreeMap::new(),
            open: None,
            shown_at: 0,
            changed: true,
        };
        driver.adopt_roster()?;
        Ok(driver)
    }

    pub(super) fn run(&mut self, lan: &Lan, woken: &Receiver<Wake>) {
        if let Some(at) = lan.listening() {
            // For others to be told: "any" is no address to call.
            let address = reachable(at).map_or_else(|| at.to_string(), |of| of.to_string());
            self.edit(|report| report.listening = Some(address.clone()));
            (self.watch)(GossipEvent::Listening { address });
        }
        while self.turn(lan, woken) {}
    }

    /// One round; `false` when it is to stop.
    fn turn(&mut self, lan: &Lan, woken: &Receiver<Wake>) -> bool {
        if self.node.is_none() && self.retry_at <= self.now().millis {
            let started = self.begin(lan);
            self.survive(lan, started);
        }
        let mut next = match woken.recv_timeout(self.patience()) {
            Ok(wake) => Some(wake),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return false,
        };
        let mut taken = 0;
        while let Some(wake) = next {
            if !self.take(lan, wake) {
                return false;
            }
            taken += 1;
            next = if taken < TAKE_MAX {
                woken.try_recv().ok()
            } else {
                None
            };
        }
        let looked = self.look(lan).and_then(|()| self.tick(lan));
        self.survive(lan, looked);
        self.show();
        true
    }

    /// `false` when it is to stop.
    fn take(&mut self, lan: &Lan, wake: Wake) -> bool {
        match wake {
            Wake::Stop => return false,
            Wake::Nudge => {}
            Wake::Claim(wanted, reply) => {
                let claimed = self.claim(lan, wanted, reply);
                self.survive(lan, claimed);
            }
            Wake::Call(address) => {
                lan.learn(address, Source::Seed);
                lan.hurry();
            }
            Wake::Lan(event) => {
                let heard = self.hear(lan, event);
                self.survive(lan, heard);
            }
        }
        true
    }

    pub(super) fn now(&self) -> Now {
        Now {
            wall: self.edge.clock.now(),
            millis: self.edge.clock.monotonic_micros() / 1000,
        }
    }

    fn patience(&self) -> Duration {
        let now = self.now().millis;
        let due = self.node.as_ref().map_or(self.retry_at, Node::next_tick);
        Duration::from_millis(due.saturating_sub(now).clamp(1, LOOK_MS))
    }

    /// From what the disk holds.
    fn begin(&mut self, lan: &Lan) -> Result<(), StoreError> {
        let mut seed = [0; 8];
        self.edge.entropy.fill(&mut seed)?;
        let mut options = Options::new(
            self.store.identity.event,
            self.store.identity.device,
            self.hub,
            self.boot,
            u64::from_be_bytes(seed),
        );
        options.key = Some(Arc::clone(&self.key));
        self.version = self.store.cache.data_version().map_err(Error::from)?;
        self.statements = self.store.cache.statement_versions().map_err(Error::from)?;
        self.ends.clear();
        let (node, outputs) = Node::start(options, self.now(), &self.store)?;
        for log in node.logs() {
            self.ends.insert(log.log, log.head.next_seq);
        }
        self.find_open()?;
        self.node = Some(node);
        self.edit(|report| report.trouble = None);
        self.adopt_roster().map_err(Error::from)?;
        self.act(lan, outputs)
    }

    /// The disk failed: the node may believe what is not there. Its links go with it.
    fn survive(&mut self, lan: &Lan, outcome: Result<(), StoreError>) {
        let Err(error) = outcome else {
            return;
        };
        let why = error.to_string();
        tracing::error!(error = %why, "the gossip begins anew from the disk");
        self.node = None;
        // Who waits for a claim hears that nobody was reached.
        self.claiming.clear();
        self.retry_at = self.now().millis + RETRY_MS;
        for link in std::mem::take(&mut self.links).into_keys() {
            lan.close(link, "this device has trouble with its disk".to_owned());
        }
        self.edit(|report| report.trouble = Some(why.clone()));
        (self.watch)(GossipEvent::Trouble { why });
    }

    fn hear(&mut self, lan: &Lan, event: LanEvent) -> Result<(), StoreError> {
        match event {
            LanEvent::Up(up) => self.up(lan, up),
            LanEvent::Frame {
                link,
                payload,
                hold,
            } => {
                // A peer may know of own entries that were written a moment ago, by way of the
                // server: the node must not take them for proof of a restored copy.
                self.look(lan)?;
                let input = Input::Frame {
                    link,
                    bytes: &payload,
                };
                let fed = self.feed(lan, input);
                drop(hold);
                fed
            }
            LanEvent::Down { link, why } => {
                self.gone(link, why, false);
                self.feed(lan, Input::Down(link))
            }
            LanEvent::Missed { address, missed } => {
                if missed == Missed::Refused(EVICTED) {
                    self.refused_as_evicted();
                }
                let (address, why) = (address.to_string(), missed.to_string());
                let at = self.now().wall;
                let view = MissedView {
                    address: address.clone(),
                    why: why.clone(),
                    at,
                };
                self.edit(|report| report.missed(view));
                (self.watch)(GossipEvent::Missed { address, why });
                Ok(())
            }
            LanEvent::TurnedAway { socket, missed } => {
                self.edit(|report| report.turned_away += 1);
                (self.watch)(GossipEvent::TurnedAway {
                    address: socket.to_string(),
                    why: missed.to_string(),
                });
                Ok(())
            }
            LanEvent::Proven(addresses) => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                let remembered = self.store.cache.remember_addresses(&addresses);
                Ok(remembered.map_err(Error::from)?)
            }
        }
    }

    fn up(&mut self, lan: &Lan, up: LinkUp) -> Result<(), StoreError> {
        if self.node.is_none() {
            lan.close(up.link, "this device has trouble with its disk".to_owned());
            return Ok(());
        }
        let address = up
            .dialed
            .clone()
            .unwrap_or_else(|| PeerAddress::from(up.socket))
            .to_string();
        let name = report::name_of(&self.roster, up.device);
        (self.watch)(GossipEvent::Up {
            device_id: up.device,
            name,
            address: address.clone(),
        });
        let input = Input::Up {
            link: up.link,
            key: up.key,
            visit: self.visit,
        };
        let since = self.now().wall;
        self.edit(|report| report.missed.retain(|of| of.address != address));
        self.links.insert(up.link, Linked { up, since });
        self.feed(lan, input)
    }

    /// A member says so, who was asked in its own handshake: staff must know, once.
    fn refused_as_evicted(&mut self) {
        let mut told = false;
        self.edit(|report| told = report.notices.iter().any(|of| of.kind == "evicted"));
        if told {
            return;
        }
        let notice = NoticeView {
            at: self.now().wall,
            kind: "evicted".to_owned(),
            text: "other devices say that this one was evicted: what it admits counts nowhere"
                .to_owned(),
        };
        self.edit(|report| report.notice(notice.clone()));
        (self.watch)(GossipEvent::Notice { notice });
    }

    fn gone(&mut self, link: LinkId, why: String, done: bool) {
        self.changed = true;
        if let Some(linked) = self.links.remove(&link) {
            (self.watch)(GossipEvent::Down {
                device_id: linked.up.device,
                name: report::name_of(&self.roster, linked.up.device),
                why,
                done,
            });
        }
    }

    pub(super) fn feed(&mut self, lan: &Lan, input: Input<'_>) -> Result<(), StoreError> {
        let now = self.now();
        let Some(node) = &mut self.node else {
            return Ok(());
        };
        let outputs = node.handle(now, input, &mut self.store)?;
        self.act(lan, outputs)
    }

    fn act(&mut self, lan: &Lan, outputs: Vec<Output>) -> Result<(), StoreError> {
        for output in outputs {
            match output {
                Output::Send { link, bytes } => lan.send(link, bytes),
                Output::Close { link, why } => {
                    let done = why == CloseReason::Done;
                    lan.close(link, closed(why).to_owned());
                    self.gone(link, closed(why).to_owned(), done);
                }
                Output::Merged(logs) => {
                    self.changed = true;
                    (self.watch)(GossipEvent::Merged { logs: logs.len() });
                }
                Output::Trusted(held) => self.trusted(held)?,
                Output::Addresses(addresses) => {
                    let near = addresses.iter().filter_map(|(_, of)| of.parse().ok());
                    for address in near.filter(PeerAddress::is_near) {
                        lan.learn(address, Source::Hint);
                    }
                }
                Output::ClockOffset(offset_ms) => self.compared(offset_ms)?,
                Output::Own(own) => {
                    if let Some(why) = report::of_own(own) {
                        tracing::info!(why, "the own log");
                    }
                }
                // Every member that is known is called anyway.
                Output::Visit(_) => {}
                Output::Claimed { claim, outcome, .. } => {
                    if let Some(reply) = self.claiming.remove(&claim) {
                        // Whoever asked may have given up; it admitted nobody then.
                        let _heard = reply.try_send(self.claimed(outcome));
                    }
                }
                Output::Alert(alert) => {
                    let notice = report::told(&alert, &self.roster, self.now().wall);
                    tracing::warn!(notice = %notice.text, "a peer's log or this device's own");
                    self.edit(|report| report.notice(notice.clone()));
                    (self.watch)(GossipEvent::Notice { notice });
                }
            }
        }
        Ok(())
    }

    fn claim(&mut self, lan: &Lan, wanted: Wanted, reply: Reply) -> Result<(), StoreError> {
        // Homes go by the roster: one that was just synced may be known to the disk alone.
        self.look(lan)?;
        let Some(claim) = self.node.as_ref().map(Node::next_claim) else {
            return Ok(());
        };
        self.claiming.insert(claim, reply);
        let Wanted { slot, zones } = wanted;
        self.feed(lan, Input::Claim { slot, zones })
    }

    fn claimed(&self, outcome: ClaimOutcome) -> Claimed {
        match outcome {
            ClaimOutcome::Granted => Claimed::Granted,
            ClaimOutcome::Taken(by) if by.device == self.store.identity.device => Claimed::Spent,
            ClaimOutcome::Taken(_) => Claimed::Taken,
            ClaimOutcome::Unreached => Claimed::Unreached,
        }
    }

    fn trusted(&mut self, held: [u64; 4]) -> Result<(), StoreError> {
        self.statements = self.store.cache.statement_versions().map_err(Error::from)?;
        self.adopt_roster().map_err(Error::from)?;
        (self.watch)(GossipEvent::Trusted { held });
        Ok(())
    }

    /// The own clock was held against the peers'.
    fn compared(&mut self, offset: i64) -> Result<(), StoreError> {
        let stored = self.store.cache.store_peers_offset(offset);
        stored.map_err(Error::from)?;
        self.adopt_roster().map_err(Error::from)?;
        self.edit(|report| report.clock_offset_ms = Some(offset));
        Ok(())
    }

    fn tick(&mut self, lan: &Lan) -> Result<(), StoreError> {
        let due = self.node.as_ref().map(Node::next_tick);
        if due.is_some_and(|due| due <= self.now().millis) {
            self.feed(lan, Input::Tick)?;
        }
        Ok(())
    }
}

fn closed(why: CloseReason) -> &'static str {
    match why {
        CloseReason::Stranger => "it is of another event, or speaks another protocol",
        CloseReason::Unknown => "its key is in no roster",
        CloseReason::Evicted => "its device was evicted",
        CloseReason::Garbage => "what it sent makes no sense",
        CloseReason::Flood => "it sent more than is good for it",
        CloseReason::Done => "both sides have the same",
    }
}
