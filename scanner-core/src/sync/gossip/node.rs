//! The node: takes inputs in turn, and keeps the timers.

use std::collections::BTreeMap;

use shared::ids::DeviceId;
use shared::log::LogId;
use shared::sync::StatementSet;
use shared::sync::frame::{Frame, Hello, MESSAGES_MAX, Message, PROTOCOL};

use super::LinkId;
use super::claims::Claims;
use super::clock::Clocks;
use super::forks::Probes;
use super::input::{Input, Now};
use super::links::{LINKS_MAX, Link, REFUSED_MAX, VISIT_MILLIS};
use super::logs::Log;
use super::options::{Options, SeededBug};
use super::output::{Alert, CloseReason, Output, OwnLog};
use super::pulls::Pulls;
use super::random::Random;
use super::store::{Store, StoreError, TrustView};
use super::tree::Patience;
use super::views::Work;

/// A hello that is not answered is said again.
const HELLO_MILLIS: u64 = 1_000;
/// How often the time between exchanges doubles while nothing happens.
const QUIET_DOUBLINGS_MAX: u32 = 3;
/// Bytes of messages in one frame; one message may be larger.
const FRAME_FILL_BYTES: usize = 64 * 1024;

/// One device's part in the gossip. After an error of the store it must be dropped, and another
/// started from what the disk holds.
pub struct Node {
    pub(super) options: Options,
    pub(super) trust: TrustView,
    pub(super) logs: BTreeMap<LogId, Log>,
    pub(super) links: BTreeMap<LinkId, Link>,
    pub(super) random: Random,
    pub(super) clocks: Clocks,
    pub(super) pulls: Pulls,
    pub(super) probes: Probes,
    pub(super) claims: Claims,
    pub(super) own: OwnLog,
    pub(super) own_until: u64,
    pub(super) copies: BTreeMap<DeviceId, (LogId, u32)>,
    pub(super) flush_at: Option<u64>,
    /// When something was last committed and passed on, and when that was for the sake of an own
    /// entry.
    pub(super) flushed_at: u64,
    pub(super) own_flushed_at: u64,
    /// No link is cut before, for bringing what was here.
    pub(super) prune_at: u64,
    pub(super) patience: Patience,
    pub(super) work: Work,
    /// Something new came, or a peer has something else.
    pub(super) stirred: bool,
    /// Exchanges since then.
    quiet: u32,
    /// When links are told of what they are not told of yet.
    pub(super) notes_at: Option<u64>,
    exchange_at: u64,
    pub(super) out: Vec<Output>,
    mail: BTreeMap<LinkId, Vec<Message>>,
}

impl Node {
    /// From what the disk holds.
    pub fn start(
        options: Options,
        now: Now,
        store: &dyn Store,
    ) -> Result<(Self, Vec<Output>), StoreError> {
        let mut logs = BTreeMap::new();
        for stored in store.logs()? {
            if let Some(log) = Log::load(stored, store, &options)? {
                logs.insert(log.id, log);
            }
        }
        let mut random = Random::new(options.seed);
        let (soonest, latest) = options.timing.exchange;
        let exchange_at = now.millis + random.between(soonest / 2, latest);
        let has_open = logs.values().any(Log::is_open);
        let mut node = Self {
            patience: Patience::new(options.timing.pull_after),
            trust: store.trust()?,
            claims: Claims::new(options.device, options.boot),
            own: if has_open {
                OwnLog::Asking
            } else {
                OwnLog::Clear
            },
            own_until: now.millis + options.timing.ask_own,
            logs,
            random,
            exchange_at,
            options,
            links: BTreeMap::new(),
            clocks: Clocks::default(),
            pulls: Pulls::default(),
            probes: Probes::default(),
            copies: BTreeMap::new(),
            flush_at: None,
            flushed_at: 0,
            own_flushed_at: 0,
            prune_at: 0,
            work: Work::default(),
            stirred: false,
            quiet: 0,
            notes_at: None,
            out: Vec::new(),
            mail: BTreeMap::new(),
        };
        node.clocks.look(now);
        let own = node.own;
        node.out.push(Output::Own(own));
        let out = node.post();
        Ok((node, out))
    }

    /// One input, and all that follows from it.
    pub fn handle(
        &mut self,
        now: Now,
        input: Input<'_>,
        store: &mut dyn Store,
    ) -> Result<Vec<Output>, StoreError> {
        self.clocks.look(now);
        match input {
            Input::Up { link, key, visit } => self.up(now, link, &key, visit),
            Input::Down(link) => self.forget(link),
            Input::Frame { link, bytes } => self.frame(now, link, bytes, store)?,
            Input::Tick => self.tick(now, store)?,
            Input::Appended { log, urgent } => {
                self.grown(log, store)?;
                self.flush_own(now, urgent);
            }
            Input::Statements(set) => self.offered(now, set, store)?,
            Input::Claim { slot, zones } => self.claim(now, slot, zones, store)?,
            Input::Addresses(addresses) => self.tell_addresses(&addresses),
        }
        if self.flush_at.is_some_and(|at| at <= now.millis) {
            self.flushed_at = now.millis;
            self.flush(store)?;
        }
        self.tell_when_due(now);
        self.serve(now, store)?;
        self.stay_awake(now);
        if let Some(offset) = self.clocks.news() {
            self.out.push(Output::ClockOffset(-offset));
        }
        Ok(self.post())
    }

    /// When the next `Tick` is due, in `Now::millis`.
    pub fn next_tick(&self) -> u64 {
        let hello = self
            .links
            .values()
            .filter(|link| !link.greeted)
            .map(|link| link.hello_at + HELLO_MILLIS);
        let visits = self
            .links
            .values()
            .filter(|link| link.visit)
            .map(|link| link.up_at + VISIT_MILLIS);
        let own = (self.own == OwnLog::Asking).then_some(self.own_until);
        [
            Some(self.exchange_at),
            self.flush_at,
            self.notes_at,
            own,
            self.pulls
                .due(&self.links, self.options.timing.pull_timeout),
            self.claims.due(),
            self.probes.due(),
        ]
        .into_iter()
        .flatten()
        .chain(hello)
        .chain(visits)
        .min()
        .unwrap_or(self.exchange_at)
    }

    fn up(&mut self, now: Now, link: LinkId, key: &[u8; 32], visit: bool) {
        let Some(of) = self.trust.roster.by_key(key) else {
            self.out.push(Output::Close {
                link,
                why: CloseReason::Unknown,
            });
            return;
        };
        let why = if of.is_evicted() && !self.options.has(SeededBug::KeepEvicted) {
            Some(CloseReason::Evicted)
        } else if self.links.len() >= LINKS_MAX {
            Some(CloseReason::Flood)
        } else if of.device == self.options.device {
            self.out.push(Output::Alert(Alert::Clone));
            Some(CloseReason::Stranger)
        } else {
            None
        };
        if let Some(why) = why {
            self.out.push(Output::Close { link, why });
            return;
        }
        let of = Link::new(of.device, visit, now.millis);
        self.links.insert(link, of);
        self.hello(now, link);
    }

    pub(super) fn hello(&mut self, now: Now, link: LinkId) {
        let hello = Hello {
            protocol: PROTOCOL,
            event: self.options.event,
            held: self.trust.held,
            boot: self.options.boot,
            now: now.wall,
            hub: self.options.hub,
            heard: self.links.get(&link).is_some_and(|of| of.greeted),
        };
        self.send(link, Message::Hello(hello));
    }

    /// The link is gone.
    pub(super) fn forget(&mut self, link: LinkId) {
        self.links.remove(&link);
        self.mail.remove(&link);
        self.pulls.lost(link);
        self.probes.lost(link);
    }

    pub(super) fn close(&mut self, link: LinkId, why: CloseReason) {
        if self.links.contains_key(&link) {
            self.forget(link);
            self.out.push(Output::Close { link, why });
        }
    }

    fn frame(
        &mut self,
        now: Now,
        link: LinkId,
        bytes: &[u8],
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        // Bytes of a link that was closed here while they were under way.
        if !self.links.contains_key(&link) {
            return Ok(());
        }
        let messages = match Frame::from_wire(bytes) {
            Ok(Frame::V1(messages)) => messages,
            Err(error) => {
                tracing::debug!(%error, "a frame was refused");
                self.close(link, CloseReason::Garbage);
                return Ok(());
            }
        };
        for message in messages {
            self.message(now, link, message, store)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        now: Now,
        link: LinkId,
        message: Message,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        // An earlier message of the frame may have closed the link.
        let Some(of) = self.links.get_mut(&link) else {
            return Ok(());
        };
        if let Message::Hello(hello) = message {
            return self.greeted(now, link, &hello, store);
        }
        if !of.greeted {
            return Ok(());
        }
        match message {
            Message::Hello(_) => {}
            Message::Statement(signed) => self.statement(now, link, signed, store)?,
            Message::Held(held) => self.peer_holds(link, held, store)?,
            Message::Digest(digest) => self.digest(link, digest),
            Message::Names(names) => self.names(link, names),
            Message::Vector(vector) => self.vector(now, link, &vector, store)?,
            Message::Pull(wants) => self.asked(now, link, wants),
            Message::Segments(segments) => self.segments(now, link, segments, store)?,
            Message::Credit(bytes) => self.credit(now, link, bytes),
            Message::Live(entries) => self.live(now, link, entries, store)?,
            Message::Notes(notes) => self.notes(now, link, &notes, store)?,
            Message::Prune | Message::Graft => {
                of.eager = matches!(message, Message::Graft);
                self.count_anew(now);
            }
            Message::Probe(probe) => self.probed(link, &probe, store)?,
            Message::Hashes(hashes) => self.hashes(now, link, &hashes, store)?,
            Message::Forks(proofs) => self.proofs(now, link, proofs, store)?,
            Message::Strays(strays) => self.strays(link, &strays),
            Message::WantStrays(strays) => self.want_strays(link, &strays),
            Message::WantBranch(want) => self.want_branch(link, want, store)?,
            Message::Branches(branches) => self.branches(now, link, branches, store)?,
            Message::WantSnapshot(hashes) => self.want_chunks(link, &hashes, store)?,
            Message::Snapshot(chunks) => self.chunks(link, chunks, store)?,
            Message::Claim(claim) => self.claim_asked(now, link, claim, store)?,
            Message::ClaimAnswer(answer) => self.claim_answered(now, link, answer),
            Message::Addresses(addresses) => self.out.push(Output::Addresses(addresses)),
        }
        Ok(())
    }

    /// Something did not hold up. It may be the peer's fault, so it has a budget for it.
    pub(super) fn refused(&mut self, link: LinkId) {
        let over = self.links.get_mut(&link).is_some_and(|of| {
            of.refused = of.refused.saturating_add(1);
            of.refused > REFUSED_MAX
        });
        if over {
            self.close(link, CloseReason::Flood);
        }
    }

    fn tick(&mut self, now: Now, store: &mut dyn Store) -> Result<(), StoreError> {
        let mut silent = Vec::new();
        let mut over = Vec::new();
        for (link, of) in &mut self.links {
            if !of.greeted && of.hello_at + HELLO_MILLIS <= now.millis {
                of.hello_at = now.millis;
                silent.push(*link);
            }
            if of.visit && of.up_at + VISIT_MILLIS <= now.millis {
                over.push(*link);
            }
        }
        for link in silent {
            self.hello(now, link);
        }
        for link in over {
            self.close(link, CloseReason::Done);
        }
        if self.own == OwnLog::Asking && self.own_until <= now.millis {
            self.set_own(OwnLog::Clear);
        }
        self.probes.expire(now.millis);
        self.ask_offers(now);
        self.retry_pulls(now);
        self.expire_claims(now, store)?;
        if self.exchange_at <= now.millis {
            self.exchange_at = now.millis + (self.next_exchange() << self.quiet);
            // Whoever has no neighbours hears of nothing by itself.
            let heard = self.links.values().any(Link::is_neighbour);
            self.quiet = if heard {
                (self.quiet + 1).min(QUIET_DOUBLINGS_MAX)
            } else {
                0
            };
            self.exchange(store)?;
        }
        Ok(())
    }

    fn next_exchange(&mut self) -> u64 {
        let (soonest, latest) = self.options.timing.exchange;
        self.random.between(soonest, latest)
    }

    /// Where nothing happens, exchanges become rare; news ends that. Whoever has news and whoever
    /// is visited by somebody with news is awake, so that one who is told nothing is found by them.
    fn stay_awake(&mut self, now: Now) {
        if std::mem::take(&mut self.stirred) && self.quiet > 0 {
            self.quiet = 0;
            let soon = now.millis + self.next_exchange();
            self.exchange_at = self.exchange_at.min(soon);
        }
    }

    /// A digest to one neighbour, and a wish to meet somebody else.
    fn exchange(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let neighbours: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, of)| of.is_neighbour())
            .map(|(link, _)| *link)
            .collect();
        if let Some(link) = self.random.pick(&neighbours).copied() {
            // A statement may have been lost under way, and nobody there may know of it.
            let held = self.trust.held;
            self.send(link, Message::Held(held));
            let digest = self.digest_now();
            self.send(link, Message::Digest(digest));
            self.ask_chunks(link, store)?;
        }
        let linked: Vec<DeviceId> = self.links.values().map(|of| of.peer).collect();
        let strangers: Vec<DeviceId> = self
            .trust
            .roster
            .devices
            .iter()
            .filter(|of| !of.is_evicted() && of.device != self.options.device)
            .map(|of| of.device)
            .filter(|device| !linked.contains(device))
            .collect();
        if let Some(device) = self.random.pick(&strangers) {
            self.out.push(Output::Visit(*device));
        }
        Ok(())
    }

    fn offered(
        &mut self,
        now: Now,
        set: StatementSet,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let (trust, distrust) = if set == StatementSet::default() {
            (store.trust()?, None)
        } else {
            store.adopt(set, now.wall)?
        };
        self.trusted(trust, distrust, store)
    }

    fn tell_addresses(&mut self, addresses: &[(DeviceId, String)]) {
        let neighbours: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, of)| of.is_neighbour())
            .map(|(link, _)| *link)
            .collect();
        for link in neighbours {
            let chunk = addresses
                .iter()
                .take(shared::sync::frame::ADDRESSES_MAX)
                .cloned()
                .collect();
            self.send(link, Message::Addresses(chunk));
        }
    }

    pub(super) fn set_own(&mut self, own: OwnLog) {
        if self.own != own {
            self.own = own;
            self.out.push(Output::Own(own));
        }
    }

    pub(super) fn send(&mut self, link: LinkId, message: Message) {
        self.mail.entry(link).or_default().push(message);
    }

    /// Seals what is to be sent into frames.
    pub(super) fn post(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        for (link, messages) in std::mem::take(&mut self.mail) {
            let mut bundle = Vec::new();
            let mut bytes = 0;
            for message in messages {
                let size = message.size_hint();
                if !bundle.is_empty()
                    && (bundle.len() == MESSAGES_MAX || bytes + size > FRAME_FILL_BYTES)
                {
                    let frame = Frame::V1(std::mem::take(&mut bundle));
                    bytes = 0;
                    out.push(Output::Send {
                        link,
                        bytes: frame.to_wire(),
                    });
                }
                bytes += size;
                bundle.push(message);
            }
            if !bundle.is_empty() {
                out.push(Output::Send {
                    link,
                    bytes: Frame::V1(bundle).to_wire(),
                });
            }
        }
        // What is to be sent goes before links are closed, and people hear of it last.
        out.append(&mut self.out);
        out
    }
}
