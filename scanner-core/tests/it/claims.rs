//! Claims of strict tickets between nodes: who is granted, who is held, and whom nobody believes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use scanner_core::StoredEntry;
use scanner_core::gossip::{
    Batch, ClaimOutcome, Input, LinkId, Node, Now, Options, Output, Store, StoreError, StoredLog,
    Stray, TrustView,
};
use shared::api::gate::DeviceRole;
use shared::ids::{DeviceId, EventId, GateId};
use shared::log::LogId;
use shared::sync::claim::{
    ClaimAnswer, ClaimId, ClaimRequest, ClaimSlot, HomeVerdict, SignedAnswer, SignedClaim, homes,
};
use shared::sync::{Frame, Message, StatementSet};
use shared::time::Timestamp;
use shared::trust::{Roster, RosterEntry};

const EVENT: EventId = EventId::from_bytes([0xE1; 16]);
const SLOT: ClaimSlot = ClaimSlot {
    serial: 48_213,
    generation: 1,
    slot: 0,
};
const KIOSKS: usize = 5;

/// The part of a disk that claims need.
struct Memory {
    trust: TrustView,
    grants: BTreeMap<ClaimSlot, ClaimId>,
    whole: bool,
}

impl Store for Memory {
    fn logs(&self) -> Result<Vec<StoredLog>, StoreError> {
        Ok(Vec::new())
    }
    fn log(&self, _: LogId) -> Result<Option<StoredLog>, StoreError> {
        Ok(None)
    }
    fn entries(&self, _: LogId, _: u32, _: u32) -> Result<Vec<StoredEntry>, StoreError> {
        Ok(Vec::new())
    }
    fn strays(&self, _: LogId) -> Result<Vec<Stray>, StoreError> {
        Ok(Vec::new())
    }
    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        for grant in &batch.grants {
            match grant.to {
                Some(claim) => self.grants.insert(grant.slot, claim),
                None => self.grants.remove(&grant.slot),
            };
        }
        Ok(())
    }
    fn trust(&self) -> Result<TrustView, StoreError> {
        Ok(self.trust.clone())
    }
    fn newer(&self, _: [u64; 4]) -> Result<StatementSet, StoreError> {
        Ok(StatementSet::default())
    }
    fn adopt(
        &mut self,
        _: StatementSet,
        _: Timestamp,
    ) -> Result<(TrustView, Option<String>), StoreError> {
        Ok((self.trust.clone(), None))
    }
    fn missing_chunks(&self, _: usize) -> Result<Vec<[u8; 32]>, StoreError> {
        Ok(Vec::new())
    }
    fn chunk(&self, _: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }
    fn keep_chunks(&mut self, _: Vec<([u8; 32], Vec<u8>)>) -> Result<bool, StoreError> {
        Ok(false)
    }
    fn grant(&self, slot: &ClaimSlot) -> Result<Option<ClaimId>, StoreError> {
        Ok(self.grants.get(slot).copied())
    }
    fn grants_are_whole(&self) -> Result<bool, StoreError> {
        Ok(self.whole)
    }
}

struct Kiosk {
    node: Node,
    store: Memory,
    outcomes: Vec<ClaimOutcome>,
}

/// Kiosks on one network, and the frames that are under way.
struct Net {
    kiosks: Vec<Kiosk>,
    /// One link of each pair that hears each other, as the lower one's number says.
    linked: Vec<(usize, usize)>,
    wire: VecDeque<(usize, usize, Vec<u8>)>,
    time: u64,
}

fn key(at: usize) -> SigningKey {
    SigningKey::from_bytes(&[u8::try_from(at + 1).expect("few"); 32])
}

fn id(at: usize) -> DeviceId {
    DeviceId::from_bytes([u8::try_from(at + 1).expect("few"); 16])
}

fn roster() -> Roster {
    let listed = |at| RosterEntry {
        device: id(at),
        name: format!("Kiosk {at}"),
        public_key: key(at).verifying_key().to_bytes(),
        gate: GateId::from_bytes([1; 16]),
        zones: 0,
        role: DeviceRole::Kiosk,
        attended: true,
        not_after: Timestamp::from_millis(i64::MAX),
        cut: None,
        adopted: Vec::new(),
    };
    Roster {
        devices: (0..KIOSKS).map(listed).collect(),
    }
}

/// The three that keep the ticket, and the others.
fn sides() -> (Vec<usize>, Vec<usize>) {
    let homes = homes(&roster(), SLOT.serial, 0);
    (0..KIOSKS).partition(|at| homes.contains(&id(*at)))
}

impl Net {
    fn new(roster: &Roster) -> Self {
        let kiosks = (0..KIOSKS).map(|at| {
            let store = Memory {
                trust: TrustView {
                    held: [1, 1, 1, 0],
                    roster: roster.clone(),
                },
                grants: BTreeMap::new(),
                whole: true,
            };
            let byte = u8::try_from(at).expect("few");
            let mut options = Options::new(EVENT, id(at), true, [byte; 16], at as u64);
            options.key = Some(Arc::new(key(at)));
            let (node, _) = Node::start(options, now(0), &store).expect("starts");
            Kiosk {
                node,
                store,
                outcomes: Vec::new(),
            }
        });
        Self {
            kiosks: kiosks.collect(),
            linked: Vec::new(),
            wire: VecDeque::new(),
            time: 0,
        }
    }

    fn meshed() -> Self {
        let mut net = Self::new(&roster());
        for one in 0..KIOSKS {
            for other in one + 1..KIOSKS {
                net.link(one, other);
            }
        }
        net.settle();
        net
    }

    fn link(&mut self, one: usize, other: usize) {
        self.linked.push((one, other));
        for (at, peer) in [(one, other), (other, one)] {
            let input = Input::Up {
                link: link(at, peer),
                key: key(peer).verifying_key().to_bytes(),
                visit: false,
            };
            self.feed(at, input);
        }
    }

    fn feed(&mut self, at: usize, input: Input<'_>) {
        let time = now(self.time);
        let Kiosk {
            node,
            store,
            outcomes,
        } = &mut self.kiosks[at];
        for output in node.handle(time, input, store).expect("its disk is good") {
            match output {
                Output::Send { link, bytes } => {
                    let peer = usize::try_from(link.0).expect("small") % KIOSKS;
                    self.wire.push_back((at, peer, bytes));
                }
                Output::Claimed { outcome, .. } => outcomes.push(outcome),
                _ => {}
            }
        }
    }

    fn settle(&mut self) {
        while let Some((from, to, bytes)) = self.wire.pop_front() {
            let bytes = &bytes;
            let link = link(to, from);
            self.feed(to, Input::Frame { link, bytes });
        }
    }

    fn claim(&mut self, at: usize) {
        self.feed(
            at,
            Input::Claim {
                slot: SLOT,
                zones: 0,
            },
        );
    }

    /// So long that every open claim is over.
    fn pass(&mut self) {
        self.time += 200;
        for at in 0..KIOSKS {
            self.feed(at, Input::Tick);
        }
        self.settle();
    }

    fn granted(&self) -> usize {
        let all = self.kiosks.iter().flat_map(|of| &of.outcomes);
        all.filter(|of| **of == ClaimOutcome::Granted).count()
    }

    /// What `from` says to `to`, whoever it says it is.
    fn say(&mut self, from: usize, to: usize, message: Message) {
        let bytes = Frame::V1(vec![message]).to_wire();
        self.wire.push_back((from, to, bytes));
        self.settle();
    }
}

const fn link(at: usize, peer: usize) -> LinkId {
    LinkId((at * KIOSKS + peer) as u64)
}

const fn now(millis: u64) -> Now {
    Now {
        wall: Timestamp::from_secs(1_790_000_000),
        millis,
    }
}

#[test]
fn of_all_that_ask_in_one_moment_one_is_granted() {
    // S24, gossip.md 6
    let mut net = Net::meshed();
    for at in 0..KIOSKS {
        net.claim(at);
    }
    net.settle();
    net.pass();
    assert!(net.granted() <= 1, "never two");
    // Whoever asks after that is granted what nobody was, or told that it is taken.
    let before = net.granted();
    net.claim(0);
    net.settle();
    net.pass();
    let last = net.kiosks[0].outcomes.last().copied();
    match before {
        0 => assert_eq!(last, Some(ClaimOutcome::Granted)),
        _ => assert!(matches!(last, Some(ClaimOutcome::Taken(_))), "{last:?}"),
    }
}

#[test]
fn one_after_the_other_the_second_is_told_who_was_first() {
    // S24
    let mut net = Net::meshed();
    net.claim(3);
    net.settle();
    assert_eq!(net.kiosks[3].outcomes, [ClaimOutcome::Granted]);
    net.claim(4);
    net.settle();
    net.pass();
    let [ClaimOutcome::Taken(by)] = net.kiosks[4].outcomes[..] else {
        panic!("{:?}", net.kiosks[4].outcomes);
    };
    assert_eq!(by.device, id(3));
}

#[test]
fn without_homes_a_claim_is_held_and_nothing_is_used_up() {
    let (homes, others) = sides();
    let mut net = Net::new(&roster());
    net.link(others[0], others[1]);
    net.settle();
    net.claim(others[0]);
    net.settle();
    assert_eq!(net.kiosks[others[0]].outcomes, [], "it is still asking");
    net.pass();
    let unreached = [ClaimOutcome::Unreached];
    assert_eq!(net.kiosks[others[0]].outcomes, unreached);
    // One home is not enough, and gives back what it granted.
    net.link(others[0], homes[0]);
    net.settle();
    net.claim(others[0]);
    net.settle();
    assert_eq!(net.kiosks[homes[0]].store.grants.len(), 1);
    net.pass();
    assert_eq!(net.granted(), 0);
    assert_eq!(net.kiosks[homes[0]].store.grants.len(), 0);
    // Two are; the second is asked through the first.
    net.link(homes[0], homes[1]);
    net.settle();
    net.claim(others[0]);
    net.settle();
    assert_eq!(net.granted(), 1);
}

#[test]
fn a_hub_that_carries_answers_cannot_make_one_up() {
    // Threat: a hub on the way admits a copy.
    let (homes, others) = sides();
    let (asker, hub) = (others[0], others[1]);
    let mut evicted = roster();
    evicted.devices[homes[2]].cut = Some(Vec::new());
    let mut net = Net::new(&evicted);
    net.link(asker, hub);
    net.settle();
    let claim = net.kiosks[asker].node.next_claim();
    net.claim(asker);
    net.settle();
    let answer = |home: usize| ClaimAnswer {
        claim,
        slot: SLOT,
        home: id(home),
        verdict: HomeVerdict::Granted,
    };
    for home in [homes[0], homes[1]] {
        let made_up = SignedAnswer::sign(&key(hub), EVENT, answer(home));
        net.say(hub, asker, Message::ClaimAnswer(made_up));
        // Good in another event, or about another slot.
        let elsewhere = EventId::from_bytes([0xE2; 16]);
        let other = SignedAnswer::sign(&key(home), elsewhere, answer(home));
        net.say(hub, asker, Message::ClaimAnswer(other));
    }
    // A thief holds the key of a home that was evicted.
    let stolen = SignedAnswer::sign(&key(homes[2]), EVENT, answer(homes[2]));
    net.say(hub, asker, Message::ClaimAnswer(stolen));
    let genuine = |home: usize| SignedAnswer::sign(&key(home), EVENT, answer(home));
    net.say(hub, asker, Message::ClaimAnswer(genuine(homes[0])));
    assert_eq!(net.granted(), 0, "one home is not enough");
    net.say(hub, asker, Message::ClaimAnswer(genuine(homes[1])));
    assert_eq!(
        net.granted(),
        1,
        "what homes have signed counts, whoever brings it"
    );
}

#[test]
fn a_hub_cannot_ask_or_give_back_for_another() {
    // Threat: a hub on the way frees a slot that was used.
    let (homes, others) = sides();
    let (asker, hub) = (others[0], others[1]);
    let mut net = Net::meshed();
    let claim = net.kiosks[asker].node.next_claim();
    net.claim(asker);
    net.settle();
    assert_eq!(net.granted(), 1);
    let request = |home: usize, release| ClaimRequest {
        claim,
        slot: SLOT,
        zones: 0,
        home: id(home),
        roster_version: 1,
        release,
    };
    for home in &homes {
        let forged = SignedClaim::sign(&key(hub), EVENT, request(*home, true));
        net.say(hub, *home, Message::Claim(forged));
        // The asker's own question, turned into its release.
        let mut turned = SignedClaim::sign(&key(asker), EVENT, request(*home, false));
        turned.request.release = true;
        net.say(hub, *home, Message::Claim(turned));
        assert_eq!(net.kiosks[*home].store.grants.get(&SLOT), Some(&claim));
    }
    net.claim(hub);
    net.settle();
    net.pass();
    assert_eq!(net.granted(), 1);
}

#[test]
fn a_home_that_lost_its_disk_abstains() {
    let (homes, others) = sides();
    let mut net = Net::meshed();
    net.kiosks[homes[0]].store.whole = false;
    net.claim(others[0]);
    net.settle();
    assert_eq!(net.granted(), 1, "two of three remember");
    assert!(net.kiosks[homes[0]].store.grants.is_empty());
    let mut net = Net::meshed();
    for home in &homes[..2] {
        net.kiosks[*home].store.whole = false;
    }
    net.claim(others[0]);
    net.settle();
    net.pass();
    assert_eq!(net.granted(), 0);
    let unreached = [ClaimOutcome::Unreached];
    assert_eq!(net.kiosks[others[0]].outcomes, unreached);
}
