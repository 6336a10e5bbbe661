//! The address book: whom to call next, and when to try again. Pure.
//!
//! Invariants: bounded; what a person typed in is never crowded out by what peers told; a dead
//! address costs a call every quarter of a minute and no more.

use std::collections::{BTreeMap, BTreeSet};

use super::address::PeerAddress;

const ADDRESSES_MAX: usize = 256;
const RETRY_FIRST_MS: u64 = 500;
const RETRY_MAX_MS: u64 = 15_000;
/// A hint that failed this often in a row is forgotten.
const HINT_FAILURES_MAX: u32 = 12;

/// Where an address comes from; the order is the order of trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// Told by a peer, or heard by multicast.
    Hint,
    /// A member answered there on an earlier day.
    Remembered,
    /// Given by a person.
    Seed,
}

#[derive(Debug)]
struct Known {
    source: Source,
    /// Who answered there last.
    key: Option<[u8; 32]>,
    failures: u32,
    due_ms: u64,
    calling: bool,
}

#[derive(Debug, Default)]
pub(crate) struct AddressBook {
    known: BTreeMap<PeerAddress, Known>,
    /// This device's own addresses.
    own: BTreeSet<PeerAddress>,
}

impl AddressBook {
    pub(crate) fn learn(&mut self, address: PeerAddress, source: Source, now_ms: u64) {
        if self.own.contains(&address) {
            return;
        }
        if let Some(known) = self.known.get_mut(&address) {
            known.source = known.source.max(source);
            return;
        }
        if self.known.len() >= ADDRESSES_MAX && !self.make_room(source) {
            return;
        }
        let known = Known {
            source,
            key: None,
            failures: 0,
            due_ms: now_ms,
            calling: false,
        };
        self.known.insert(address, known);
    }

    /// Forgets the hint that failed most, for something at least as good.
    fn make_room(&mut self, source: Source) -> bool {
        let worst = self
            .known
            .iter()
            .filter(|(_, of)| !of.calling && of.source < source.max(Source::Remembered))
            .max_by_key(|(_, of)| of.failures)
            .map(|(address, _)| address.clone());
        worst.is_some_and(|address| self.known.remove(&address).is_some())
    }

    /// Addresses to call now, at most `calls`, told by `least` or better; none where a connected
    /// member answered.
    pub(crate) fn due(
        &mut self,
        now_ms: u64,
        connected: &BTreeSet<[u8; 32]>,
        calls: usize,
        least: Source,
    ) -> Vec<PeerAddress> {
        let is_connected = |of: &Known| of.key.is_some_and(|key| connected.contains(&key));
        let mut due: Vec<(&PeerAddress, &mut Known)> = self
            .known
            .iter_mut()
            .filter(|(_, of)| !of.calling && of.due_ms <= now_ms && !is_connected(of))
            .filter(|(_, of)| of.source >= least)
            .collect();
        due.sort_by_key(|(_, of)| (of.due_ms, std::cmp::Reverse(of.source)));
        due.truncate(calls);
        due.into_iter()
            .map(|(address, of)| {
                of.calling = true;
                address.clone()
            })
            .collect()
    }

    pub(crate) fn answered(&mut self, address: &PeerAddress, key: [u8; 32], now_ms: u64) {
        if let Some(known) = self.known.get_mut(address) {
            known.key = Some(key);
            known.failures = 0;
            known.calling = false;
            // When the link ends it is called again at once.
            known.due_ms = now_ms;
        }
    }

    pub(crate) fn source(&self, address: &PeerAddress) -> Option<Source> {
        self.known.get(address).map(|of| of.source)
    }

    /// There is an address that did not fail and where none of these members answered.
    pub(crate) fn knows_other(&self, connected: &BTreeSet<[u8; 32]>) -> bool {
        self.known.values().any(|of| {
            let is_connected = of.key.is_some_and(|key| connected.contains(&key));
            of.failures == 0 && !is_connected
        })
    }

    /// Its link was given up for another: it is not called before that moment.
    pub(crate) fn leave(&mut self, address: &PeerAddress, until_ms: u64) {
        if let Some(known) = self.known.get_mut(address) {
            known.due_ms = until_ms;
        }
    }

    /// A member told that it listens there, and its address fits: no call is needed to know.
    pub(crate) fn belongs(&mut self, address: &PeerAddress, key: [u8; 32]) {
        if let Some(known) = self.known.get_mut(address) {
            known.key = Some(key);
        }
    }

    /// `spread` is any number: calls of many devices to one that came back do not all come in the
    /// same moment.
    pub(crate) fn failed(&mut self, address: &PeerAddress, now_ms: u64, spread: u64) {
        let Some(known) = self.known.get_mut(address) else {
            return;
        };
        known.calling = false;
        known.failures = known.failures.saturating_add(1);
        let wait = RETRY_FIRST_MS
            .saturating_mul(1 << known.failures.min(16).saturating_sub(1))
            .min(RETRY_MAX_MS);
        known.due_ms = now_ms + wait / 2 + spread % (wait / 2 + 1);
        if known.source == Source::Hint && known.failures >= HINT_FAILURES_MAX {
            self.known.remove(address);
        }
    }

    /// It is this device itself that answers there.
    pub(crate) fn is_own(&mut self, address: &PeerAddress) {
        self.known.remove(address);
        if self.own.len() < ADDRESSES_MAX {
            self.own.insert(address.clone());
        }
    }

    /// Call all of them soon: the network changed, or a person asked.
    pub(crate) fn hurry(&mut self, now_ms: u64) {
        for known in self.known.values_mut() {
            known.due_ms = now_ms;
        }
    }

    /// Where members answered, with their keys: worth telling others and remembering.
    pub(crate) fn proven(&self) -> impl Iterator<Item = (&PeerAddress, [u8; 32])> {
        let answered = self.known.iter().filter(|(_, of)| of.failures == 0);
        answered.filter_map(|(address, of)| Some((address, of.key?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: usize) -> PeerAddress {
        format!("10.0.{}.{}:1", host / 256, host % 256)
            .parse()
            .expect("an address")
    }

    #[test]
    fn a_dead_address_is_called_less_and_less_and_a_living_one_at_once() {
        let mut book = AddressBook::default();
        let nobody = BTreeSet::new();
        book.learn(at(1), Source::Seed, 0);
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..10 {
            assert_eq!(book.due(now, &nobody, 8, Source::Hint), [at(1)]);
            assert_eq!(
                book.due(now, &nobody, 8, Source::Hint),
                [],
                "a call is under way"
            );
            book.failed(&at(1), now, u64::MAX);
            let from = now;
            while book.known[&at(1)].due_ms > now {
                now += 1;
            }
            waits.push(now - from);
        }
        assert!(waits.is_sorted(), "{waits:?}");
        assert!(
            waits[0] <= RETRY_FIRST_MS && waits[9] <= RETRY_MAX_MS,
            "{waits:?}"
        );
        assert_eq!(book.due(now, &nobody, 8, Source::Hint), [at(1)]);
        book.answered(&at(1), [7; 32], now);
        assert_eq!(
            book.due(now, &BTreeSet::from([[7; 32]]), 8, Source::Hint),
            []
        );
        assert_eq!(
            book.due(now, &nobody, 8, Source::Hint),
            [at(1)],
            "the link ended"
        );
    }

    #[test]
    fn hints_never_crowd_out_seeds() {
        let mut book = AddressBook::default();
        for host in 0..ADDRESSES_MAX {
            book.learn(at(host), Source::Seed, 0);
        }
        book.learn(at(9999), Source::Hint, 0);
        assert!(!book.known.contains_key(&at(9999)));
        let mut book = AddressBook::default();
        for host in 0..2 * ADDRESSES_MAX {
            book.learn(at(host), Source::Hint, 0);
        }
        book.learn(at(9999), Source::Seed, 0);
        assert_eq!(book.known.len(), ADDRESSES_MAX);
        assert!(book.known.contains_key(&at(9999)));
    }

    #[test]
    fn a_hint_that_stays_dead_is_forgotten_and_a_seed_is_not() {
        let mut book = AddressBook::default();
        book.learn(at(1), Source::Hint, 0);
        book.learn(at(2), Source::Seed, 0);
        for _ in 0..HINT_FAILURES_MAX {
            book.failed(&at(1), 0, 0);
            book.failed(&at(2), 0, 0);
        }
        assert!(!book.known.contains_key(&at(1)));
        assert!(book.known.contains_key(&at(2)));
    }

    #[test]
    fn ones_own_address_is_called_once() {
        let mut book = AddressBook::default();
        book.learn(at(1), Source::Hint, 0);
        book.is_own(&at(1));
        book.learn(at(1), Source::Hint, 0);
        assert_eq!(book.due(0, &BTreeSet::new(), 8, Source::Hint), []);
    }

    #[test]
    fn only_answering_addresses_are_told_to_others() {
        let mut book = AddressBook::default();
        book.learn(at(1), Source::Hint, 0);
        book.learn(at(2), Source::Hint, 0);
        book.answered(&at(2), [2; 32], 0);
        assert_eq!(book.proven().collect::<Vec<_>>(), [(&at(2), [2; 32])]);
        book.failed(&at(2), 0, 0);
        assert_eq!(book.proven().count(), 0);
    }
}
