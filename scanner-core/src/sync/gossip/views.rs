//! What a node shows: to the runtime, to people, to checks.

use shared::ids::DeviceId;
use shared::log::Hlc;
use shared::sync::claim::ClaimId;

use super::clock::ClockView;
use super::input::Now;
use super::logs::{Log, LogView};
use super::node::Node;
use super::options::SeededBug;
use super::output::OwnLog;
use super::store::Copies;

/// What the exchange took since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Logs asked for, each as often as it was.
    pub pulls: u64,
    /// Entries of others that came, as often as they came.
    pub came: u64,
    /// Of them, those that were committed.
    pub taken: u64,
    /// Links that were made eager, because what they offered had to be asked for.
    pub grafts: u64,
    /// Links that were made lazy, because what they brought was here.
    pub prunes: u64,
}

impl Node {
    /// Neighbours to which entries are pushed.
    pub fn eager_links(&self) -> usize {
        self.links
            .values()
            .filter(|of| of.is_neighbour() && of.eager)
            .count()
    }

    pub const fn work(&self) -> Work {
        self.work
    }

    /// The id that the next `Input::Claim` will have.
    pub fn next_claim(&self) -> ClaimId {
        self.claims.next_id()
    }

    pub const fn own_log(&self) -> OwnLog {
        self.own
    }

    /// How far each other device has the open own log, as far as it said so.
    pub fn copies(&self) -> Copies {
        let open = self.logs.values().find(|log| log.is_open());
        self.copies
            .iter()
            .filter(|(_, (log, _))| open.is_some_and(|open| open.id == *log))
            .map(|(device, (_, next_seq))| (*device, *next_seq))
            .collect()
    }

    pub fn clock(&self) -> ClockView {
        self.clocks.view()
    }

    /// The clock that the next own entry must come after. At most 500 ms ahead of the own clock.
    pub fn hlc_floor(&self, now: Now) -> Hlc {
        let unlimited = self.options.has(SeededBug::FollowAnyClock);
        self.clocks.floor(now, unlimited)
    }

    /// The devices that are linked and have said hello.
    pub fn peers(&self) -> Vec<DeviceId> {
        let mut peers: Vec<DeviceId> = self
            .links
            .values()
            .filter(|link| link.greeted)
            .map(|link| link.peer)
            .collect();
        peers.sort_unstable();
        peers.dedup();
        peers
    }

    /// Every log that says something, in order.
    pub fn logs(&self) -> Vec<LogView> {
        let held = self.logs.values().filter(|log| log.is_held());
        held.map(|log| LogView {
            log: log.id,
            genesis: log.genesis.clone(),
            own: log.own,
            head: log.head,
            frozen: log.end,
            counted: self.counted(log),
            strays: log.strays.len(),
        })
        .collect()
    }

    /// The most entries of one log that wait behind a gap.
    pub fn early_of_a_log(&self) -> usize {
        let early = self.logs.values().map(|log| log.early.len());
        early.max().unwrap_or(0)
    }

    /// Bytes and things that are buffered here, to be held against the bounds.
    pub fn buffered(&self) -> usize {
        self.logs
            .values()
            .map(|log| log.staged.len() + log.early.len() + log.fresh.len())
            .sum::<usize>()
            + self
                .links
                .values()
                .map(|link| link.wants.len())
                .sum::<usize>()
    }

    fn counted(&self, log: &Log) -> u32 {
        let entry = self.trust.roster.by_device(log.genesis.device);
        let cut = entry.and_then(|of| of.cut.as_ref()).map(|cut| {
            cut.iter()
                .find(|(known, _, _)| *known == log.id.0)
                .map_or(0, |(_, next_seq, _)| *next_seq)
        });
        cut.map_or(log.head.next_seq, |cut| cut.min(log.head.next_seq))
    }
}
