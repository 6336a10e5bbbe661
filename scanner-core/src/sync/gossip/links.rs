//! One connection: who is there, what it has, what it was told, what it still gets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::ids::DeviceId;
use shared::log::LogId;
use shared::sync::frame::{Have, Want};
use shared::sync::message::LOGS_MAX;

/// Bytes of segments that may be under way to a peer.
pub(super) const WINDOW_BYTES: i64 = 256 * 1024;
/// Links of one node; more are turned away.
pub(super) const LINKS_MAX: usize = 64;
/// Things that did not hold up, of one link. An honest peer stays far below.
pub(super) const REFUSED_MAX: u32 = 1024;
/// A visit that is not over by then is over.
pub(super) const VISIT_MILLIS: u64 = 10_000;

/// A peer has more of a log than is here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) next_seq: u32,
    /// When to ask for it.
    pub(super) at: u64,
    /// It should have come by itself: whoever has to be asked is to push from now on.
    pub(super) graft: bool,
    /// So much was offered first, then; and the rest by the second moment.
    pub(super) first: u32,
    pub(super) since: u64,
    pub(super) newest: u64,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; no two of them make a state"
)]
pub(super) struct Link {
    pub(super) peer: DeviceId,
    pub(super) visit: bool,
    pub(super) hub: bool,
    /// Its hello came.
    pub(super) greeted: bool,
    pub(super) up_at: u64,
    pub(super) hello_at: u64,
    /// New entries go to it at once; otherwise it gets notes.
    pub(super) eager: bool,
    /// Entries that it pushed since the tree changed, and those of them that were here already.
    pub(super) tally: (u64, u64),
    pub(super) held: [u64; 4],
    numbers: BTreeMap<LogId, u16>,
    names: BTreeMap<u16, LogId>,
    /// What the peer has, as far as it said or was sent.
    pub(super) has: BTreeMap<LogId, u32>,
    /// Logs that it is to be told of: the next frame to it, or the next round of notes, does.
    pub(super) untold: BTreeSet<LogId>,
    /// What it was told of each log.
    pub(super) told: BTreeMap<LogId, Have>,
    pub(super) told_all: bool,
    /// Digests that differed, one after another.
    pub(super) unlike: u32,
    /// How often it was told everything since anything new came from anywhere.
    pub(super) fruitless: u32,
    /// When it last asked or opened its window.
    pub(super) paid_at: u64,
    /// What it offered and is not here.
    pub(super) offers: BTreeMap<LogId, Offer>,
    /// What it asked for.
    pub(super) wants: VecDeque<Want>,
    pub(super) serving: bool,
    pub(super) credit: i64,
    /// Bytes of segments that came since the last commit.
    pub(super) unpaid: u32,
    /// When something that was pulled last came from here.
    pub(super) brought_at: u64,
    pub(super) refused: u32,
    /// The last digest that came was ours.
    pub(super) agrees: bool,
    /// Pieces of a list were asked for here and have not come, or were given here.
    pub(super) asks: bool,
    pub(super) gives: bool,
}

impl Link {
    pub(super) fn new(peer: DeviceId, visit: bool, now: u64) -> Self {
        Self {
            peer,
            visit,
            hub: false,
            greeted: false,
            up_at: now,
            hello_at: now,
            eager: true,
            tally: (0, 0),
            held: [0; 4],
            numbers: BTreeMap::new(),
            names: BTreeMap::new(),
            has: BTreeMap::new(),
            untold: BTreeSet::new(),
            told: BTreeMap::new(),
            told_all: false,
            unlike: 0,
            fruitless: 0,
            paid_at: now,
            offers: BTreeMap::new(),
            wants: VecDeque::new(),
            serving: false,
            credit: 0,
            unpaid: 0,
            brought_at: now,
            refused: 0,
            agrees: false,
            asks: false,
            gives: false,
        }
    }

    /// Gets new entries and notes.
    pub(super) fn is_neighbour(&self) -> bool {
        self.greeted && !self.visit
    }

    /// A visit that has nothing more to bring. Whoever gives pieces leaves the end to who asks.
    pub(super) fn is_over(&self) -> bool {
        self.visit && self.agrees && !self.asks && !self.gives
    }

    /// The number by which this side calls a log here, and whether it is new.
    pub(super) fn number(&mut self, log: LogId) -> (u16, bool) {
        let next = u16::try_from(self.numbers.len()).unwrap_or(u16::MAX);
        match self.numbers.entry(log) {
            std::collections::btree_map::Entry::Occupied(known) => (*known.get(), false),
            std::collections::btree_map::Entry::Vacant(free) => (*free.insert(next), true),
        }
    }

    pub(super) fn learn_name(&mut self, number: u16, log: LogId) {
        if self.names.len() < LOGS_MAX || self.names.contains_key(&number) {
            self.names.insert(number, log);
        }
    }

    pub(super) fn named(&self, number: u16) -> Option<LogId> {
        self.names.get(&number).copied()
    }

    pub(super) fn has(&self, log: LogId) -> u32 {
        self.has.get(&log).copied().unwrap_or(0)
    }
}
