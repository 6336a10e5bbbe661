//! What really happened: every entry that was signed, what the guest was shown, who held a copy.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::DeviceId;
use shared::log::LogId;

#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) log: LogId,
    pub(crate) seq: u32,
    pub(crate) hash: [u8; 32],
    pub(crate) device: usize,
    pub(crate) generation: u64,
    /// The guest saw green.
    pub(crate) shown: bool,
}

#[derive(Default)]
pub(crate) struct Oracle {
    pub(crate) made: Vec<Made>,
    pub(crate) hashes: BTreeSet<[u8; 32]>,
    /// Bodies at one place of a log that are durable somewhere.
    places: BTreeMap<(LogId, u32), BTreeSet<[u8; 32]>>,
    /// (log, before this seq, by whom, on which of its disks): told to the log's writer.
    pub(crate) copies: BTreeSet<(LogId, u32, usize, u64)>,
    /// Devices of which a copy ran, or that were put back without noticing.
    pub(crate) may_fork: BTreeSet<DeviceId>,
    pub(crate) evicted: BTreeMap<DeviceId, u64>,
    /// Admissions of strict tickets.
    pub(crate) strict: BTreeMap<u32, u32>,
    pub(crate) broken: Option<String>,
}

impl Oracle {
    pub(crate) fn made(&mut self, made: Made, author: DeviceId) {
        self.hashes.insert(made.hash);
        let place = self.places.entry((made.log, made.seq)).or_default();
        if made.shown {
            place.insert(made.hash);
        }
        if place.len() > 1 && !self.may_fork.contains(&author) {
            self.violated(
                9,
                &format!("seq {} of log {} was used twice", made.seq, made.log),
            );
        }
        self.made.push(made);
    }

    pub(crate) fn violated(&mut self, invariant: u8, what: &str) {
        self.broken
            .get_or_insert_with(|| format!("invariant {invariant}: {what}"));
    }
}
