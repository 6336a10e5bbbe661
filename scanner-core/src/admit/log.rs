//! The open log: the only place that appends.

use shared::log::{Entry, Genesis, Hlc, LogHead, SignedEntry};

use super::book::{Book, Folded};
use crate::cache::{Cache, DeviceKey, HeadMark, Identity, Lock, LockKind, LogRow, Ring, SLOTS};
use crate::clock::Edge;
use crate::error::Cause;

/// Holds the append lock for as long as it lives.
pub(super) struct OpenLog {
    pub(super) row: LogRow,
    pub(super) head: LogHead,
    pub(super) hlc: Hlc,
    /// The database has the entries before this one; the others are in the ring only.
    taken_over: u32,
    ring: Ring,
    mark: HeadMark,
    _lock: Lock,
}

impl OpenLog {
    /// Takes the append lock and finds the log to go on with. A new log is begun on a new device,
    /// when the data was copied or put back from a copy, when the server knows better than this
    /// device what it wrote, when a fork has ended the one before, and after a cut that a sync has
    /// settled.
    pub(super) fn open(
        cache: &mut Cache,
        identity: &Identity,
        book: &mut Book,
        edge: &Edge,
    ) -> Result<Self, Cause> {
        let lock = Lock::take(cache.dir(), LockKind::Append)?;
        let written = cache.written()?;
        // Somebody else may have appended until a moment ago.
        book.load(cache, identity)?;
        if let Some(cut) = cache.cut(&written, |log| book.end(log))? {
            return Err(Cause::Cut(cut));
        }
        // The slots are free for another log, and this one is whole in the database.
        for of in book.logs.values().filter(|of| of.row.own) {
            cache.take_over(of.row.place(), of.head)?;
        }
        let place = cache.place()?;
        let marked = HeadMark::read(cache.dir())?;
        let kept = cache.identity()?.ok_or(Cause::NotEnrolled)?.place;
        let open = book.logs.values().find(|of| of.row.is_open()).cloned();
        let latest = book
            .logs
            .values()
            .filter(|of| of.row.own)
            .map(|of| of.hlc)
            .max();
        let folded = match open {
            // A database from before its latest log began knows an older one as open.
            Some(folded)
                if kept == place && marked.is_none_or(|(log, _)| log == folded.row.log) =>
            {
                folded
            }
            _ => begin(cache, identity, edge, &place)?,
        };
        // What guests said at admissions that were never written.
        cache.drop_answers_from(folded.row.log, folded.head.next_seq)?;
        let ring = Ring::open(cache.dir())?;
        let mark = HeadMark::open(cache.dir(), folded.row.log, folded.head.next_seq)?;
        book.logs.insert(folded.row.log, folded.clone());
        Ok(Self {
            row: folded.row,
            head: folded.head,
            hlc: folded.hlc.max(latest.unwrap_or_default()),
            taken_over: folded.head.next_seq,
            ring,
            mark,
            _lock: lock,
        })
    }

    /// Signs entries on top of the head, without writing.
    pub(super) fn sign(
        &self,
        key: &DeviceKey,
        head: &LogHead,
        entry: &Entry,
    ) -> Result<(SignedEntry, LogHead), Cause> {
        Ok(SignedEntry::sign(key.signing(), self.row.log, head, entry)?)
    }

    /// Writes them, durably, and moves the head. The database is not touched, unless it has to
    /// take entries over to make room.
    pub(super) fn append(
        &mut self,
        cache: &mut Cache,
        entries: &[(u32, SignedEntry)],
        head: LogHead,
        hlc: Hlc,
    ) -> Result<(), Cause> {
        if head.next_seq.saturating_sub(self.taken_over) > SLOTS {
            self.take_over(cache)?;
        }
        self.ring.append(self.row.log, entries)?;
        self.head = head;
        self.hlc = hlc;
        Ok(())
    }

    /// Entries that are in the ring only.
    pub(super) fn in_ring(&self) -> u32 {
        self.head.next_seq.saturating_sub(self.taken_over)
    }

    /// Brings the database up to the head.
    pub(super) fn take_over(&mut self, cache: &mut Cache) -> Result<(), Cause> {
        if self.in_ring() > 0 {
            cache.take_over(self.row.place(), self.head)?;
            self.taken_over = self.head.next_seq;
        }
        Ok(())
    }

    /// Moves the mark to the head. It is a guard against later loss; entries are safe without it.
    pub(super) fn set_mark(&mut self) {
        if let Err(error) = self.mark.set(self.head.next_seq) {
            tracing::warn!(%error, "the head mark could not be written");
        }
    }
}

fn begin(
    cache: &mut Cache,
    identity: &Identity,
    edge: &Edge,
    place: &str,
) -> Result<Folded, Cause> {
    let mut incarnation = [0; 16];
    edge.entropy
        .fill(&mut incarnation)
        .map_err(Cause::Entropy)?;
    let genesis = Genesis {
        event: identity.event,
        device: identity.device,
        device_key: identity.public_key,
        incarnation,
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let row = cache.begin_own_log(&genesis, place)?;
    Ok(Folded {
        head: genesis.head(),
        hlc: Hlc::default(),
        row,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shared::time::Timestamp;

    use super::*;
    use crate::cache::{Writer, a_cache, enrolled};
    use crate::clock::{Clock, Entropy};
    use crate::sync::gossip::{Batch, Freeze};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
        fn monotonic_micros(&self) -> u64 {
            0
        }
    }

    impl Entropy for Still {
        fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
            bytes.fill(9);
            Ok(())
        }
    }

    #[test]
    fn a_log_that_a_fork_has_ended_is_followed_by_another() {
        // V6, ADR 0009: also while the ring still holds what this device wrote past the fork
        let (mut cache, dir) = a_cache();
        let writer = Writer::new();
        let genesis = &writer.genesis;
        let identity = enrolled(&mut cache, genesis.device, genesis.device_key);
        cache
            .begin_own_log(&writer.genesis, &identity.place)
            .expect("begun");
        let (trunk, foot) = writer.write(writer.genesis.head(), 3, 5);
        let (own, _) = writer.write(foot, 2, 5);
        let (other, _) = writer.write(foot, 1, 6);
        let written: Vec<(u32, SignedEntry)> = trunk
            .iter()
            .chain(&own)
            .map(|of| {
                let signature = of.signature.clone().expect("signed");
                let body = of.body.clone();
                (of.seq, SignedEntry { body, signature })
            })
            .collect();
        let mut ring = Ring::open(dir.path()).expect("opens");
        ring.append(writer.log(), &written).expect("written");
        drop(HeadMark::open(dir.path(), writer.log(), 5).expect("marked"));
        let batch = Batch {
            freeze: vec![Freeze {
                head: foot,
                proof: writer.fork(foot, &own, &other),
                promoted: Vec::new(),
            }],
            ..Batch::default()
        };
        cache.merge(&batch).expect("merged");
        let still = Arc::new(Still);
        let edge = Edge {
            clock: still.clone(),
            entropy: still,
        };
        for _ in 0..2 {
            let mut book = Book::default();
            let log = OpenLog::open(&mut cache, &identity, &mut book, &edge).expect("goes on");
            assert_ne!(log.row.log, writer.log());
            assert_eq!(log.head.next_seq, 0, "the same one after a restart");
            assert_eq!(book.end(writer.log()), 3);
        }
        // What counts of the old log is in the database, and the slots are free.
        let place = cache.place_of(writer.log()).expect("read").expect("known");
        assert_eq!(cache.entries(place, 0, 100).expect("read").len(), 3);
    }
}
