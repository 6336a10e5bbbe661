//! Hello and statements: who may talk, and by which roster.
//!
//! Invariants: statements go before anything else on a link; once an epoch is known that evicts a
//! device, no link to it lives.

use shared::ids::DeviceId;
use shared::sync::StatementSet;
use shared::sync::frame::{Hello, Message, PROTOCOL};
use shared::trust::{Signed, StatementKind};

use super::LinkId;
use super::input::Now;
use super::node::Node;
use super::options::SeededBug;
use super::output::{Alert, CloseReason, Output};
use super::store::{Store, StoreError, TrustView};

/// Snapshot segments asked for at once: 16 of 16 KiB.
const CHUNKS_MAX: usize = 16;

impl Node {
    pub(super) fn greeted(
        &mut self,
        now: Now,
        link: LinkId,
        hello: &Hello,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        if hello.protocol != PROTOCOL || hello.event != self.options.event {
            self.close(link, CloseReason::Stranger);
            return Ok(());
        }
        let Some(of) = self.links.get_mut(&link) else {
            return Ok(());
        };
        let again = std::mem::replace(&mut of.greeted, true);
        of.hub = hello.hub;
        of.held = hello.held;
        let peer = of.peer;
        self.clocks.hear(peer, hello.now.millis_since(now.wall));
        if !hello.heard && again {
            // Ours did not arrive.
            self.hello(now, link);
        }
        if again {
            return Ok(());
        }
        self.tell_statements(link, store)?;
        // Before the digest, at which a visit may end.
        self.ask_chunks(link, store)?;
        let digest = self.digest_now();
        self.send(link, Message::Digest(digest));
        Ok(())
    }

    /// What the peer lacks. Of roots one at a time: it asks on with `Held`.
    fn tell_statements(&mut self, link: LinkId, store: &dyn Store) -> Result<(), StoreError> {
        let Some(of) = self.links.get_mut(&link) else {
            return Ok(());
        };
        if !of.greeted || !is_behind(of.held, self.trust.held) {
            return Ok(());
        }
        let set = store.newer(of.held)?;
        of.held = self.trust.held;
        // Under the root, the roster first: an eviction must not wait for a snapshot.
        for signed in [set.root, set.roster, set.keyring, set.snapshot]
            .into_iter()
            .flatten()
        {
            self.send(link, Message::Statement(signed));
        }
        Ok(())
    }

    pub(super) fn peer_holds(
        &mut self,
        link: LinkId,
        held: [u64; 4],
        store: &dyn Store,
    ) -> Result<(), StoreError> {
        if let Some(of) = self.links.get_mut(&link) {
            of.held = held;
        }
        self.tell_statements(link, store)?;
        // It may have got pieces of the snapshot since it was asked.
        self.ask_chunks(link, store)
    }

    pub(super) fn statement(
        &mut self,
        now: Now,
        link: LinkId,
        signed: Signed,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let Ok(kind) = signed.kind() else {
            self.refused(link);
            return Ok(());
        };
        let mut set = StatementSet::default();
        match kind {
            StatementKind::Root => set.root = Some(signed),
            StatementKind::Keyring => set.keyring = Some(signed),
            StatementKind::Roster => set.roster = Some(signed),
            StatementKind::Snapshot => set.snapshot = Some(signed),
            // Nobody sends one: who wants it asks the server.
            StatementKind::Checkpoint => {
                self.refused(link);
                return Ok(());
            }
        }
        let (trust, distrust) = store.adopt(set, now.wall)?;
        if distrust.is_some() {
            self.refused(link);
        }
        self.trusted(trust, distrust, store)
    }

    /// The trust may have changed: acts on it and passes it on.
    pub(super) fn trusted(
        &mut self,
        trust: TrustView,
        distrust: Option<String>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        if let Some(why) = distrust {
            self.out.push(Output::Alert(Alert::Distrust(why)));
        }
        if trust == self.trust {
            return Ok(());
        }
        let roster_changed = trust.roster != self.trust.roster;
        self.trust = trust;
        self.out.push(Output::Trusted(self.trust.held));
        if roster_changed {
            self.drop_evicted();
            self.settle_cuts(store)?;
        }
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            self.tell_statements(link, store)?;
            let held = self.trust.held;
            if self.links.get(&link).is_some_and(|of| of.greeted) {
                self.send(link, Message::Held(held));
            }
            self.ask_chunks(link, store)?;
        }
        Ok(())
    }

    fn drop_evicted(&mut self) {
        if self.options.has(SeededBug::KeepEvicted) {
            return;
        }
        let may_stay = |peer: DeviceId| {
            self.trust
                .roster
                .by_device(peer)
                .is_some_and(|of| !of.is_evicted())
        };
        let gone: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, of)| !may_stay(of.peer))
            .map(|(link, _)| *link)
            .collect();
        for link in gone {
            self.close(link, CloseReason::Evicted);
        }
    }

    /// A pending snapshot is fetched from whoever holds the manifest.
    pub(super) fn ask_chunks(&mut self, link: LinkId, store: &dyn Store) -> Result<(), StoreError> {
        let [.., snapshot] = self.trust.held;
        let knows = self
            .links
            .get(&link)
            .is_some_and(|of| of.greeted && of.held[3] >= snapshot);
        if snapshot == 0 || !knows {
            return Ok(());
        }
        let mut missing = store.missing_chunks(CHUNKS_MAX * 4)?;
        if missing.len() > CHUNKS_MAX {
            // Peers that are asked at the same time should not all bring the same.
            let from = self.random.between(0, (missing.len() - CHUNKS_MAX) as u64);
            missing.drain(..usize::try_from(from).unwrap_or(0));
            missing.truncate(CHUNKS_MAX);
        }
        if !missing.is_empty() {
            self.send(link, Message::WantSnapshot(missing));
            if let Some(of) = self.links.get_mut(&link) {
                of.asks = true;
            }
        }
        Ok(())
    }

    /// All of the snapshot is here: those who asked before it was may ask again.
    fn tell_held(&mut self) {
        let held = self.trust.held;
        let greeted: Vec<LinkId> = self
            .links
            .iter()
            .filter(|(_, of)| of.greeted)
            .map(|(link, _)| *link)
            .collect();
        for link in greeted {
            self.send(link, Message::Held(held));
        }
    }

    pub(super) fn want_chunks(
        &mut self,
        link: LinkId,
        hashes: &[[u8; 32]],
        store: &dyn Store,
    ) -> Result<(), StoreError> {
        let mut chunks = Vec::new();
        for hash in hashes.iter().take(CHUNKS_MAX) {
            if let Some(chunk) = store.chunk(hash)? {
                chunks.push((*hash, chunk));
            }
        }
        if !chunks.is_empty() {
            self.send(link, Message::Snapshot(chunks));
            if let Some(of) = self.links.get_mut(&link) {
                of.gives = true;
            }
        }
        Ok(())
    }

    pub(super) fn chunks(
        &mut self,
        link: LinkId,
        chunks: Vec<([u8; 32], Vec<u8>)>,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        if let Some(of) = self.links.get_mut(&link) {
            of.asks = false;
        }
        // Where nothing was new, asking this peer on would go in circles.
        if store.keep_chunks(chunks)? {
            if store.missing_chunks(1)?.is_empty() {
                self.out.push(Output::Trusted(self.trust.held));
                self.tell_held();
            }
            self.ask_chunks(link, store)?;
        }
        self.leave_when_over(link);
        Ok(())
    }
}

fn is_behind(theirs: [u64; 4], ours: [u64; 4]) -> bool {
    theirs.iter().zip(ours).any(|(theirs, ours)| *theirs < ours)
}
