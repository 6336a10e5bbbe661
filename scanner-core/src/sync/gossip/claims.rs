//! Strict tickets: asking homes, being a home, and carrying questions for others.
//!
//! Invariants: what is asked and answered is believed by the signature of the device that said it,
//! whoever brought it; a home's grant is committed before it is told; an attempt that was given up admits
//! nobody, whatever answers come after; a slot that this device won is not asked for again.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::DeviceId;
use shared::sync::claim::{
    ClaimAnswer, ClaimId, ClaimRequest, ClaimSlot, HOPS_MAX, HomeVerdict, SignedAnswer,
    SignedClaim, homes, quorum,
};
use shared::sync::frame::Message;

use super::LinkId;
use super::input::Now;
use super::node::Node;
use super::options::SeededBug;
use super::output::{ClaimOutcome, Output};
use super::store::{Batch, Grant, Store, StoreError};

/// Attempts under way, and questions carried for others.
const OPEN_MAX: usize = 256;
const CARRIED_MAX: usize = 4_096;
const CARRIED_MILLIS: u64 = 2_000;
/// Slots that are remembered as won; older ones are told by the own log.
const WON_MAX: usize = 65_536;

#[derive(Debug)]
pub(super) struct Claims {
    device: DeviceId,
    boot: [u8; 16],
    next: u32,
    open: BTreeMap<ClaimId, Attempt>,
    /// Who asked, by attempt, home and whether it is a release.
    carried: BTreeMap<(ClaimId, DeviceId, bool), (LinkId, u64)>,
    won: BTreeSet<ClaimSlot>,
    /// Only for the seeded bug.
    unwritten: Vec<Grant>,
}

#[derive(Debug)]
struct Attempt {
    slot: ClaimSlot,
    zones: u16,
    homes: Vec<DeviceId>,
    granted: BTreeSet<DeviceId>,
    taken: BTreeMap<DeviceId, ClaimId>,
    abstained: BTreeSet<DeviceId>,
    until: u64,
}

impl Attempt {
    /// Homes that have not said no.
    fn open(&self) -> usize {
        let said = self.granted.len() + self.taken.len() + self.abstained.len();
        self.homes.len().saturating_sub(said)
    }
}

impl Claims {
    pub(super) const fn new(device: DeviceId, boot: [u8; 16]) -> Self {
        Self {
            device,
            boot,
            next: 0,
            open: BTreeMap::new(),
            carried: BTreeMap::new(),
            won: BTreeSet::new(),
            unwritten: Vec::new(),
        }
    }

    pub(super) const fn next_id(&self) -> ClaimId {
        ClaimId {
            device: self.device,
            boot: self.boot,
            number: self.next,
        }
    }

    pub(super) fn due(&self) -> Option<u64> {
        self.open.values().map(|of| of.until).min()
    }
}

impl Node {
    pub(super) fn claim(
        &mut self,
        now: Now,
        slot: ClaimSlot,
        zones: u16,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let claim = self.claims.next_id();
        self.claims.next = self.claims.next.saturating_add(1);
        if self.claims.won.contains(&slot) {
            self.claimed(claim, slot, ClaimOutcome::Taken(claim));
            return Ok(());
        }
        if self.claims.open.len() >= OPEN_MAX {
            self.claimed(claim, slot, ClaimOutcome::Unreached);
            return Ok(());
        }
        let homes = if self.options.has(SeededBug::HomesFromLiveMembership) {
            self.live_homes(slot.serial)
        } else {
            homes(&self.trust.roster, slot.serial, zones)
        };
        let attempt = Attempt {
            slot,
            zones,
            homes: homes.clone(),
            granted: BTreeSet::new(),
            taken: BTreeMap::new(),
            abstained: BTreeSet::new(),
            until: now.millis + self.options.timing.claim,
        };
        self.claims.open.insert(claim, attempt);
        for home in homes {
            let request = self.request(claim, (slot, zones), home, false);
            self.ask_home(now, request, store)?;
        }
        Ok(())
    }

    fn request(
        &self,
        claim: ClaimId,
        (slot, zones): (ClaimSlot, u16),
        home: DeviceId,
        release: bool,
    ) -> ClaimRequest {
        ClaimRequest {
            claim,
            slot,
            zones,
            home,
            roster_version: self.trust.held[2],
            release,
        }
    }

    fn ask_home(
        &mut self,
        now: Now,
        request: ClaimRequest,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        if request.home == self.options.device {
            let answer = self.decide(&request, store)?;
            self.count(now, answer);
            return Ok(());
        }
        if let Some(key) = &self.options.key {
            let claim = SignedClaim::sign(key, self.options.event, request);
            self.carry(None, &claim);
        }
        Ok(())
    }

    /// To the home itself when it is linked, else to every hub that is.
    fn carry(&mut self, from: Option<LinkId>, claim: &SignedClaim) {
        let home = claim.request.home;
        let direct = self
            .links
            .iter()
            .find(|(_, of)| of.greeted && of.peer == home)
            .map(|(link, _)| *link);
        let to: Vec<LinkId> = match direct {
            Some(link) => vec![link],
            None if claim.hops == 0 => Vec::new(),
            None => self
                .links
                .iter()
                .filter(|(link, of)| of.is_neighbour() && of.hub && Some(**link) != from)
                .map(|(link, _)| *link)
                .collect(),
        };
        for link in to {
            self.send(link, Message::Claim(claim.clone()));
        }
    }

    pub(super) fn claim_asked(
        &mut self,
        now: Now,
        link: LinkId,
        claim: SignedClaim,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let request = claim.request;
        if request.home == self.options.device {
            if !self.is_by(&claim) {
                self.refused(link);
                return Ok(());
            }
            let answer = self.decide(&request, store)?;
            if let (Some(key), false) = (&self.options.key, request.release) {
                let answer = SignedAnswer::sign(key, self.options.event, answer);
                self.send(link, Message::ClaimAnswer(answer));
            }
            return Ok(());
        }
        let key = (request.claim, request.home, request.release);
        self.claims
            .carried
            .retain(|_, (_, until)| *until > now.millis);
        if !self.options.hub
            || claim.hops == 0
            || self.claims.carried.contains_key(&key)
            || self.claims.carried.len() >= CARRIED_MAX
        {
            return Ok(());
        }
        self.claims
            .carried
            .insert(key, (link, now.millis + CARRIED_MILLIS));
        let hops = claim.hops.min(HOPS_MAX) - 1;
        self.carry(Some(link), &SignedClaim { hops, ..claim });
        Ok(())
    }

    /// The device that it names has signed it. Hubs on the way do not look: it would cost them, and
    /// the home does.
    fn is_by(&self, claim: &SignedClaim) -> bool {
        let asker = self.trust.roster.by_device(claim.request.claim.device);
        asker.is_some_and(|of| claim.is_by(&of.public_key, self.options.event))
    }

    /// As a home.
    fn decide(
        &mut self,
        request: &ClaimRequest,
        store: &mut dyn Store,
    ) -> Result<ClaimAnswer, StoreError> {
        let ClaimRequest { claim, slot, .. } = *request;
        let answer = |verdict| ClaimAnswer {
            claim,
            slot,
            home: request.home,
            verdict,
        };
        let live = self.options.has(SeededBug::HomesFromLiveMembership);
        let is_home = live
            || (request.roster_version == self.trust.held[2]
                && homes(&self.trust.roster, slot.serial, request.zones)
                    .contains(&self.options.device));
        let may_ask = self
            .trust
            .roster
            .by_device(claim.device)
            .is_some_and(|of| !of.is_evicted());
        let whole = store.grants_are_whole()? || self.options.has(SeededBug::VoteAfterDiskLoss);
        if !is_home || !may_ask || !whole {
            return Ok(answer(HomeVerdict::Abstains));
        }
        let known = store.grant(&slot)?;
        if request.release {
            if known == Some(claim) {
                self.grant(Grant { slot, to: None }, store)?;
            }
            return Ok(answer(HomeVerdict::Abstains));
        }
        let free = match known {
            None => true,
            // A later attempt of the same run of the same program: the earlier one is dead.
            Some(known) => {
                known.device == claim.device
                    && known.boot == claim.boot
                    && known.number < claim.number
            }
        };
        match known {
            Some(known) if known == claim => Ok(answer(HomeVerdict::Granted)),
            Some(known) if !free => Ok(answer(HomeVerdict::Taken(known))),
            _ => {
                let to = Some(claim);
                self.grant(Grant { slot, to }, store)?;
                Ok(answer(HomeVerdict::Granted))
            }
        }
    }

    fn grant(&mut self, grant: Grant, store: &mut dyn Store) -> Result<(), StoreError> {
        if self.options.has(SeededBug::GrantBeforePersist) {
            self.claims.unwritten.push(grant);
            return Ok(());
        }
        let grants = vec![grant];
        store.commit(&Batch {
            grants,
            ..Batch::default()
        })
    }

    /// Writes what the seeded bug left unwritten.
    pub(super) fn settle_claims(&mut self, store: &mut dyn Store) -> Result<(), StoreError> {
        let grants = std::mem::take(&mut self.claims.unwritten);
        if grants.is_empty() {
            return Ok(());
        }
        store.commit(&Batch {
            grants,
            ..Batch::default()
        })
    }

    pub(super) fn claim_answered(&mut self, now: Now, link: LinkId, signed: SignedAnswer) {
        let answer = signed.answer;
        if answer.claim.device == self.options.device {
            if self.is_home_saying(&signed) {
                self.count(now, answer);
            } else {
                self.refused(link);
            }
            return;
        }
        let key = (answer.claim, answer.home, false);
        let back = self.claims.carried.remove(&key);
        if let Some((back, _)) = back
            && back != link
        {
            self.send(back, Message::ClaimAnswer(signed));
        }
    }

    /// The home has signed it, and is still one of us: a thief may hold an evicted home's key.
    fn is_home_saying(&self, signed: &SignedAnswer) -> bool {
        let home = self.trust.roster.by_device(signed.answer.home);
        home.is_some_and(|of| !of.is_evicted() && signed.is_by(&of.public_key, self.options.event))
    }

    /// An answer to an attempt of this device.
    fn count(&mut self, now: Now, answer: ClaimAnswer) {
        let Some(attempt) = self.claims.open.get_mut(&answer.claim) else {
            return;
        };
        if answer.slot != attempt.slot
            || !attempt.homes.contains(&answer.home)
            || attempt.until <= now.millis
        {
            return;
        }
        match answer.verdict {
            HomeVerdict::Granted => {
                attempt.granted.insert(answer.home);
            }
            HomeVerdict::Taken(by) => {
                attempt.taken.insert(answer.home, by);
            }
            HomeVerdict::Abstains => {
                attempt.abstained.insert(answer.home);
            }
        }
        let needed = quorum(attempt.homes.len());
        let slot = attempt.slot;
        if attempt.granted.len() >= needed {
            self.claims.open.remove(&answer.claim);
            if self.claims.won.len() < WON_MAX {
                self.claims.won.insert(slot);
            }
            self.claimed(answer.claim, slot, ClaimOutcome::Granted);
        } else if attempt.granted.len() + attempt.open() < needed {
            // Whatever is still to come: the guest need not wait for it.
            attempt.until = now.millis;
        }
    }

    /// Attempts whose time is over, or that can no longer win: given up and released.
    pub(super) fn expire_claims(
        &mut self,
        now: Now,
        store: &mut dyn Store,
    ) -> Result<(), StoreError> {
        let over: Vec<ClaimId> = self
            .claims
            .open
            .iter()
            .filter(|(_, of)| of.until <= now.millis)
            .map(|(claim, _)| *claim)
            .collect();
        for claim in over {
            let Some(attempt) = self.claims.open.remove(&claim) else {
                continue;
            };
            let needed = quorum(attempt.homes.len());
            let taken = attempt.taken.values().copied().max();
            let outcome = match taken {
                Some(by) if attempt.homes.len() - attempt.taken.len() < needed => {
                    ClaimOutcome::Taken(by)
                }
                _ => ClaimOutcome::Unreached,
            };
            for home in attempt.homes {
                let of = (attempt.slot, attempt.zones);
                let request = self.request(claim, of, home, true);
                self.ask_home(now, request, store)?;
            }
            self.claimed(claim, attempt.slot, outcome);
        }
        Ok(())
    }

    fn claimed(&mut self, claim: ClaimId, slot: ClaimSlot, outcome: ClaimOutcome) {
        self.out.push(Output::Claimed {
            claim,
            slot,
            outcome,
        });
    }

    /// What the seeded bug does: the hubs that can be heard choose among themselves.
    fn live_homes(&self, serial: u32) -> Vec<DeviceId> {
        let mut heard = self.trust.roster.clone();
        let linked: Vec<DeviceId> = self
            .links
            .values()
            .filter(|of| of.greeted && of.hub)
            .map(|of| of.peer)
            .collect();
        heard
            .devices
            .retain(|of| linked.contains(&of.device) || of.device == self.options.device);
        homes(&heard, serial, 0)
    }
}
