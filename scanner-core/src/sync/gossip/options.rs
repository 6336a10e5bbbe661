//! What a node is told when it starts.

use std::sync::Arc;

use ed25519_dalek::{SigningKey, VerifyingKey};
use shared::ids::{DeviceId, EventId};
use shared::log::{Branch, ChainError, Entry, ForkProof, LogHead, LogId, LogSegment, SignedEntry};

#[derive(Clone)]
pub struct Options {
    pub event: EventId,
    pub device: DeviceId,
    /// On mains and wire: relays at once, more neighbours.
    pub hub: bool,
    /// Fresh randomness of each start of the program.
    pub boot: [u8; 16],
    /// For jitter and choice, never for keys.
    pub seed: u64,
    pub timing: Timing,
    pub verifier: Arc<dyn Verifier>,
    /// The device's own, for claims and for grants as a home; without it there are neither.
    pub key: Option<Arc<SigningKey>>,
    /// For the simulator's test of itself.
    #[doc(hidden)]
    pub bug: Option<SeededBug>,
}

impl Options {
    pub fn new(event: EventId, device: DeviceId, hub: bool, boot: [u8; 16], seed: u64) -> Self {
        Self {
            event,
            device,
            hub,
            boot,
            seed,
            timing: Timing::of(hub),
            verifier: Arc::new(StrictVerifier),
            key: None,
            bug: None,
        }
    }
    pub(super) fn has(&self, bug: SeededBug) -> bool {
        self.bug == Some(bug)
    }
}

/// Milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// At least this long between two flushes: what comes meanwhile is gathered, then committed and
    /// passed on together.
    pub flush: u64,
    /// What is durable here is told within this, with the next entries that go the same way if they
    /// come first: a packet for each flush and link would cost more than the entries.
    pub note: u64,
    /// What a peer told of and nobody brought is asked for after this at the soonest; later where
    /// pushes are seen to take longer.
    pub pull_after: u64,
    /// Between two exchanges of digests: a random time between these; up to eight times as long
    /// while nothing happens.
    pub exchange: (u64, u64),
    /// A peer that was asked and brings nothing is passed over after this.
    pub pull_timeout: u64,
    /// Homes answer a claim within this.
    pub claim: u64,
    /// How long the first append waits for peers.
    pub ask_own: u64,
}

impl Timing {
    pub const fn of(hub: bool) -> Self {
        Self {
            flush: if hub { 50 } else { 100 },
            note: if hub { 100 } else { 200 },
            pull_after: 60,
            exchange: (2_000, 5_000),
            pull_timeout: 2_000,
            claim: 150,
            ask_own: 2_000,
        }
    }
}

/// Judges signatures. There is one way to do it; the simulator remembers answers, because a
/// hundred of its devices check the same entry.
pub trait Verifier: Send + Sync {
    fn entry(
        &self,
        key: &VerifyingKey,
        log: LogId,
        head: &LogHead,
        signed: &SignedEntry,
    ) -> Result<(Entry, LogHead), ChainError>;
    fn segment(
        &self,
        key: &VerifyingKey,
        head: &LogHead,
        segment: &LogSegment,
    ) -> Result<(Vec<Entry>, LogHead), ChainError>;
    fn branch(
        &self,
        key: &VerifyingKey,
        branch: &Branch,
    ) -> Result<(Vec<Entry>, LogHead), ChainError> {
        self.segment(key, &branch.foot(), &branch.segment)
    }
    fn fork(&self, proof: &ForkProof) -> Result<(), ChainError> {
        proof.verify()
    }
}

/// Only `verify_strict` accepts.
#[derive(Clone, Copy, Debug)]
pub struct StrictVerifier;

impl Verifier for StrictVerifier {
    fn entry(
        &self,
        key: &VerifyingKey,
        log: LogId,
        head: &LogHead,
        signed: &SignedEntry,
    ) -> Result<(Entry, LogHead), ChainError> {
        signed.verify(key, log, head)
    }
    fn segment(
        &self,
        key: &VerifyingKey,
        head: &LogHead,
        segment: &LogSegment,
    ) -> Result<(Vec<Entry>, LogHead), ChainError> {
        segment.verify(key, head)
    }
}

/// Mistakes that the simulator must find. Nothing sets one outside its tests.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeededBug {
    /// Entries that wait behind a gap are told as held.
    AcceptGap,
    /// What a hub brings is not verified.
    TrustRelay,
    /// Whoever brings a bad entry is cut off.
    BlameMessenger,
    /// A ticket's homes are the hubs that can be heard.
    HomesFromLiveMembership,
    /// Entries with a clock far from the own are refused.
    RejectByClock,
    /// A frozen log thaws at a restart.
    ForgetQuarantine,
    /// A home answers before its grant is on disk.
    GrantBeforePersist,
    /// A home that lost its disk goes on granting.
    VoteAfterDiskLoss,
    /// An evicted device keeps its links.
    KeepEvicted,
    /// The peers' clocks move the own without a limit.
    FollowAnyClock,
    /// What was offered and did not come is never asked for.
    NeverPull,
    /// Early entries are kept without a limit.
    KeepAllEarly,
    /// Everything is asked of everybody at once, and again at every tick.
    PullStorm,
    /// A log is frozen at the first fork heard of, not at the lowest.
    FreezeAtFirst,
}
