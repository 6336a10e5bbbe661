//! Admissions that are told of and not counted: made after their device's cut, or past a fork in its
//! log. Somebody may be inside on them, so they block the ticket (gossip.md 5).
//!
//! Invariants: only a scan that the ticket bears out is kept, so a stolen device blocks no ticket
//! that it never saw; a supervisor's word from such a device blocks nobody, because it could name
//! any ticket; what is here is in no count.

use std::collections::{BTreeMap, BTreeSet};

use shared::log::{Entry, EntryKind, LogId, Use};

use super::book::Book;
use super::hearsay::Waiting;
use crate::cache::{Cache, LogRow};
use crate::error::Cause;

#[derive(Debug, Default)]
pub(crate) struct Suspects {
    by_serial: BTreeMap<u32, BTreeSet<Use>>,
    /// What was taken from past each fork, by the hash after it.
    strays: BTreeMap<LogId, BTreeSet<[u8; 32]>>,
}

impl Suspects {
    pub(super) fn insert(&mut self, serial: u32, use_: Use) {
        self.by_serial.entry(serial).or_default().insert(use_);
    }

    /// In the common order.
    pub(crate) fn of(&self, serial: u32) -> Vec<Use> {
        let found = self.by_serial.get(&serial).into_iter().flatten();
        found.copied().collect()
    }

    pub(crate) fn serials(&self) -> impl Iterator<Item = u32> {
        self.by_serial.keys().copied()
    }
}

impl Book {
    /// What lies past the place where a log is frozen. It only grows while that place stays.
    pub(super) fn load_strays(&mut self, cache: &Cache, row: &LogRow) -> Result<(), Cause> {
        let known = self.suspects.strays.get(&row.log).map_or(0, BTreeSet::len);
        if row.frozen.is_none() || cache.strays_count(row.log)? == known {
            return Ok(());
        }
        for stray in cache.strays(row.log)? {
            let taken = self.suspects.strays.entry(row.log).or_default();
            if !taken.insert(stray.hash) {
                continue;
            }
            // The exchange took only entries that decode.
            if let Ok(entry) = Entry::decode(&stray.body) {
                let device = row.genesis.device;
                let listed = self.device(device);
                let adopted =
                    listed.is_some_and(|of| of.adopts(&row.log.0, entry.seq + 1, &stray.hash));
                let waiting = Waiting {
                    log: row.log,
                    device,
                    entry,
                    suspect: !adopted,
                };
                if adopted {
                    self.fold_other(waiting);
                } else {
                    self.suspect(waiting);
                }
            }
        }
        Ok(())
    }

    /// Keeps an admission that does not count, when the ticket bears it out.
    pub(super) fn suspect(&mut self, waiting: Waiting) {
        if waiting.entry.kind == EntryKind::Admit {
            self.fold_other(waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::EventId;
    use shared::log::LogHead;
    use shared::ticket::ScanProof;
    use shared::time::Timestamp;

    use super::*;
    use crate::cache::{StoredEntry, Writer, a_cache};
    use crate::sync::gossip::{Batch, Freeze, Stray};

    /// Of the entries that the writer makes.
    const SEEN: ScanProof = ScanProof([9; 8]);

    fn load(book: &mut Book, cache: &Cache) {
        book.event = Some(EventId::new(Timestamp::UNIX_EPOCH, [1; 10]));
        book.load_logs(cache).expect("loads");
        for serial in [5, 6, 7] {
            book.settle(serial, 1, || SEEN);
        }
    }

    fn serials(book: &Book) -> (Vec<u32>, Vec<u32>) {
        let counted = book.state.tickets().map(|(serial, _)| serial);
        (counted.collect(), book.suspects.serials().collect())
    }

    fn stray(foot: LogHead, (entries, after): &(Vec<StoredEntry>, LogHead)) -> Stray {
        Stray {
            hash: after.hash,
            previous: foot.hash,
            seq: foot.next_seq,
            body: entries[0].body.clone(),
            signature: entries[0].signature.clone(),
        }
    }

    #[test]
    fn what_lies_past_a_fork_is_suspect_until_a_cut_takes_it_up_again() {
        // V6, gossip.md 5
        let (mut cache, _dir) = a_cache();
        let writer = Writer::new();
        let trunk = writer.write(writer.genesis.head(), 1, 5);
        let foot = trunk.1;
        let (one, other) = (writer.write(foot, 1, 6), writer.write(foot, 1, 7));
        let mut book = Book::default();
        let whole = [&trunk.0[..], &one.0[..]].concat();
        let whole = writer.extension((whole, one.1));
        cache.merge(&whole).expect("merged");
        load(&mut book, &cache);
        assert_eq!(serials(&book), (vec![5, 6], vec![]));

        let proof = writer.fork(foot, &one.0, &other.0);
        let mut batch = Batch {
            freeze: vec![Freeze {
                head: foot,
                proof: proof.clone(),
                promoted: Vec::new(),
            }],
            strays: vec![(writer.log(), stray(foot, &one))],
            ..Batch::default()
        };
        cache.merge(&batch).expect("merged");
        load(&mut book, &cache);
        assert_eq!(serials(&book), (vec![5], vec![6]));
        // The other side comes later.
        batch.strays = vec![(writer.log(), stray(foot, &other))];
        cache.merge(&batch).expect("merged");
        load(&mut book, &cache);
        assert_eq!(serials(&book), (vec![5], vec![6, 7]));

        batch = Batch {
            freeze: vec![Freeze {
                head: one.1,
                proof,
                promoted: one.0,
            }],
            ..Batch::default()
        };
        cache.merge(&batch).expect("merged");
        load(&mut book, &cache);
        assert_eq!(serials(&book), (vec![5, 6], vec![7]));
    }
}
