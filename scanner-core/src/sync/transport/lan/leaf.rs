//! How a phone hangs on the hubs (gossip.md 3): on two that stay, and on a third that is another one
//! every few minutes, so that no two hubs can keep news from it for long. Pure.

use std::collections::BTreeSet;

use super::address::PeerAddress;
use super::book::{AddressBook, Source};

/// Links that a leaf opens by itself. What a person gave is called besides.
const LINKS_MAX: usize = 3;
/// Ticks between two third hubs: five minutes.
const TURN_TICKS: u32 = 1_500;
/// The hub that was left is called again after this, when no other took its place.
const LEFT_MS: u64 = 10_000;

/// What may be called now: how many addresses, and whose at the least.
pub(super) fn calls(links: usize, under_way: usize) -> (usize, Source) {
    match links {
        // Addresses of an earlier day may all be dead: whoever answers first is good.
        0 => (usize::MAX, Source::Hint),
        1..LINKS_MAX => ((LINKS_MAX - links).saturating_sub(under_way), Source::Hint),
        _ => (usize::MAX, Source::Seed),
    }
}

/// A call was answered that is no longer needed.
pub(super) fn is_surplus(links: usize, address: &PeerAddress, book: &AddressBook) -> bool {
    links >= LINKS_MAX && book.source(address) != Some(Source::Seed)
}

/// The link to leave at this tick for a hub that is not linked, if there is one. `dialed`: the links, the
/// newest last.
pub(super) fn turn<'a, L: Copy>(
    ticks: u32,
    now_ms: u64,
    dialed: impl DoubleEndedIterator<Item = (L, &'a PeerAddress)> + ExactSizeIterator,
    connected: &BTreeSet<[u8; 32]>,
    book: &mut AddressBook,
) -> Option<L> {
    if !ticks.is_multiple_of(TURN_TICKS) || dialed.len() < LINKS_MAX {
        return None;
    }
    let mut newest = dialed.rev();
    let (link, address) = newest.find(|(_, at)| book.source(at) != Some(Source::Seed))?;
    if !book.knows_other(connected) {
        return None;
    }
    book.leave(address, now_ms + LEFT_MS);
    Some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: u8) -> PeerAddress {
        format!("10.0.0.{host}:1").parse().expect("an address")
    }

    /// Hubs that answered, so many as keys.
    fn book(hubs: u8) -> AddressBook {
        let mut book = AddressBook::default();
        for host in 1..=hubs {
            book.learn(at(host), Source::Hint, 0);
            book.answered(&at(host), [host; 32], u64::from(host));
        }
        book
    }

    fn keys(of: impl IntoIterator<Item = u8>) -> BTreeSet<[u8; 32]> {
        of.into_iter().map(|host| [host; 32]).collect()
    }

    fn turn_of(ticks: u32, linked: &[u8], book: &mut AddressBook) -> Option<u8> {
        let addresses: Vec<PeerAddress> = linked.iter().map(|host| at(*host)).collect();
        let dialed = linked.iter().copied().zip(&addresses);
        turn(ticks, 0, dialed, &keys(linked.iter().copied()), book)
    }

    #[test]
    fn a_phone_calls_everybody_until_it_is_heard_and_then_three() {
        // V1
        assert_eq!(calls(0, 8), (usize::MAX, Source::Hint));
        assert_eq!(calls(1, 0), (2, Source::Hint));
        assert_eq!(calls(2, 1), (0, Source::Hint));
        assert_eq!(calls(3, 0), (usize::MAX, Source::Seed), "a person's word");
        let mut book = book(4);
        assert!(!is_surplus(2, &at(4), &book));
        assert!(is_surplus(3, &at(4), &book));
        book.learn(at(4), Source::Seed, 0);
        assert!(!is_surplus(3, &at(4), &book));
    }

    #[test]
    fn the_third_hub_is_another_one_every_few_minutes() {
        // V1
        let mut book = book(5);
        assert_eq!(turn_of(1, &[1, 2, 3], &mut book), None, "not yet");
        assert_eq!(turn_of(TURN_TICKS, &[1, 2], &mut book), None, "no third");
        assert_eq!(turn_of(TURN_TICKS, &[1, 2, 3], &mut book), Some(3));
        // The one that was left is the last to be called.
        let next = book.due(5, &keys([1, 2]), 1, Source::Hint);
        assert_eq!(next, [at(4)]);
        let later = book.due(LEFT_MS, &keys([1, 2, 4, 5]), 9, Source::Hint);
        assert_eq!(later, [at(3)]);
    }

    #[test]
    fn who_knows_no_other_hub_and_whom_a_person_named_stay() {
        let mut three = book(3);
        assert_eq!(turn_of(TURN_TICKS, &[1, 2, 3], &mut three), None);
        let mut book = book(4);
        book.learn(at(3), Source::Seed, 0);
        assert_eq!(turn_of(TURN_TICKS, &[1, 2, 3], &mut book), Some(2));
    }
}
