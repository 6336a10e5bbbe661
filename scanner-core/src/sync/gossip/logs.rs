//! The replica: heads of all logs, what is verified and waits for its commit, what came too early.
//!
//! Bodies lie in the store; here are hashes and what is on its way there.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;
use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{
    ChainError, Entry, ForkProof, Genesis, Hlc, LogHead, LogId, LogSegment, SignedEntry,
};

use super::LinkId;
use super::options::{Options, SeededBug, Verifier};
use super::store::{Store, StoreError, StoredLog, Stray};
use crate::cache::StoredEntry;

/// Early entries kept of one log; what is more comes again by a pull.
pub(super) const EARLY_MAX: usize = 64;
/// A remembered hash every so many entries: 0.25 bytes an entry.
const MARK_ENTRIES: u32 = 128;
/// Quarantined entries kept of one log. The freeze itself needs none of them.
pub(super) const STRAYS_KEPT_MAX: usize = 4096;
const BEYOND_CLOCK_MILLIS: u64 = 300_000;

/// What the node knows of one log, for whoever shows or checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    pub log: LogId,
    pub genesis: Genesis,
    pub own: bool,
    pub head: LogHead,
    /// The log ends here for good.
    pub frozen: Option<LogHead>,
    /// Entries from here on count for nothing: the head, or an eviction's cut before it.
    pub counted: u32,
    pub strays: usize,
}

/// Verified, not committed.
#[derive(Clone, Debug)]
pub(super) struct Staged {
    pub(super) stored: StoredEntry,
    pub(super) via: Option<LinkId>,
}

/// Signed and committed, to be passed on at the next flush.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    pub(super) seq: u32,
    pub(super) entry: SignedEntry,
    pub(super) via: Option<LinkId>,
}

/// What was asked for last, because nobody pushed it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pulled {
    /// Where it ended.
    pub(super) next_seq: u32,
    /// When it was offered.
    pub(super) since: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) id: LogId,
    pub(super) genesis: Genesis,
    key: VerifyingKey,
    pub(super) own: bool,
    pub(super) closed: bool,
    /// Durable.
    pub(super) head: LogHead,
    /// After what is staged.
    pub(super) tip: LogHead,
    pub(super) staged: Vec<Staged>,
    pub(super) fresh: Vec<Fresh>,
    pub(super) early: BTreeMap<u32, SignedEntry>,
    pub(super) pulled: Pulled,
    marks: BTreeMap<u32, [u8; 32]>,
    pub(super) fork: Option<ForkProof>,
    /// Where it ends for good.
    pub(super) end: Option<LogHead>,
    /// By the hash after them.
    pub(super) strays: BTreeMap<[u8; 32], Stray>,
    pub(super) blamed: bool,
}

impl Log {
    /// `None` when the device's key is no key: the roster refuses those.
    pub(super) fn new(genesis: Genesis) -> Option<Self> {
        let key = VerifyingKey::from_bytes(&genesis.device_key).ok()?;
        let head = genesis.head();
        Some(Self {
            id: genesis.log_id(),
            genesis,
            key,
            own: false,
            closed: false,
            head,
            tip: head,
            staged: Vec::new(),
            fresh: Vec::new(),
            early: BTreeMap::new(),
            pulled: Pulled::default(),
            marks: BTreeMap::new(),
            fork: None,
            end: None,
            strays: BTreeMap::new(),
            blamed: false,
        })
    }

    pub(super) fn load(
        stored: StoredLog,
        store: &dyn Store,
        options: &Options,
    ) -> Result<Option<Self>, StoreError> {
        let Some(mut log) = Self::new(stored.genesis) else {
            return Ok(None);
        };
        log.own = stored.own;
        log.closed = stored.closed;
        log.head = stored.head;
        log.tip = stored.head;
        log.fork = stored.fork;
        if options.has(SeededBug::ForgetQuarantine) {
            log.fork = None;
        }
        if let Some(fork) = &log.fork {
            // A cut may have moved the end up.
            let at = fork.at();
            log.end = Some(if log.head.next_seq > at.next_seq {
                log.head
            } else {
                at
            });
            for stray in store.strays(log.id)? {
                log.strays.insert(stray.hash, stray);
            }
        }
        Ok(Some(log))
    }

    pub(super) fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Its entries come from this device alone.
    pub(super) fn is_open(&self) -> bool {
        self.own && !self.closed
    }

    /// Says something: a log that was only heard of does not.
    pub(super) fn is_held(&self) -> bool {
        self.head.next_seq > 0 || self.fork.is_some()
    }

    pub(super) fn strays_digest(&self) -> [u8; 8] {
        let mut hasher = blake3::Hasher::new();
        for hash in self.strays.keys() {
            hasher.update(hash);
        }
        short(hasher.finalize().as_bytes())
    }

    /// The hash before `seq`, of what is durable here.
    pub(super) fn hash_at(
        &mut self,
        seq: u32,
        store: &dyn Store,
    ) -> Result<Option<[u8; 32]>, StoreError> {
        if seq == self.head.next_seq {
            return Ok(Some(self.head.hash));
        }
        if seq > self.head.next_seq {
            return Ok(None);
        }
        let mut at = match self.marks.range(..=seq).next_back() {
            Some((next_seq, hash)) => LogHead {
                next_seq: *next_seq,
                hash: *hash,
            },
            None => self.genesis.head(),
        };
        while at.next_seq < seq {
            let wanted = MARK_ENTRIES.min(seq - at.next_seq);
            let page = store.entries(self.id, at.next_seq, wanted)?;
            if page.is_empty() {
                return Err("a log is shorter than its head says".into());
            }
            for stored in page {
                let entry = Entry::decode(&stored.body)?;
                at = at.append(self.id, &entry)?;
                if at.next_seq.is_multiple_of(MARK_ENTRIES) {
                    self.marks.insert(at.next_seq, at.hash);
                }
            }
        }
        Ok(Some(at.hash))
    }

    /// One live entry at the tip. Entries of other places are the caller's to sort out.
    pub(super) fn stage(
        &mut self,
        signed: SignedEntry,
        via: Option<LinkId>,
        verifier: &dyn Verifier,
        trusting: bool,
    ) -> Result<Hlc, ChainError> {
        let (entry, after) = if trusting {
            let entry = Entry::decode(&signed.body)?;
            (entry, self.tip.append(self.id, &entry)?)
        } else {
            verifier.entry(&self.key, self.id, &self.tip, &signed)?
        };
        self.staged.push(Staged {
            stored: StoredEntry {
                seq: entry.seq,
                body: signed.body,
                signature: Some(signed.signature),
            },
            via,
        });
        self.tip = after;
        Ok(entry.hlc)
    }

    /// A segment that continues the tip, or overlaps it; `None` when nothing of it is new. Gives
    /// the latest clock in it.
    pub(super) fn stage_segment(
        &mut self,
        mut segment: LogSegment,
        via: Option<LinkId>,
        verifier: &dyn Verifier,
        trusting: bool,
    ) -> Result<Option<Hlc>, ChainError> {
        let Some(behind) = self.tip.next_seq.checked_sub(segment.first_seq) else {
            return Err(ChainError::Gap {
                expected: self.tip.next_seq,
                found: segment.first_seq,
            });
        };
        let behind = usize::try_from(behind).unwrap_or(usize::MAX);
        if behind >= segment.bodies.len() {
            return Ok(None);
        }
        segment.bodies.drain(..behind);
        segment.first_seq = self.tip.next_seq;
        let (entries, after, signed) = match self.end {
            Some(end) => {
                if let Some((entries, after)) = self.up_to(end, &mut segment)? {
                    (entries, after, false)
                } else {
                    let (entries, after) = verifier.segment(&self.key, &self.tip, &segment)?;
                    (entries, after, true)
                }
            }
            None if trusting => {
                let (entries, after) = self.chain(&segment)?;
                (entries, after, true)
            }
            None => {
                let (entries, after) = verifier.segment(&self.key, &self.tip, &segment)?;
                (entries, after, true)
            }
        };
        let last = entries.len().saturating_sub(1);
        let mut signature = signed.then_some(segment.signature);
        for (at, (entry, body)) in entries.iter().zip(segment.bodies).enumerate() {
            let signature = if at == last { signature.take() } else { None };
            self.staged.push(Staged {
                stored: StoredEntry {
                    seq: entry.seq,
                    body,
                    signature,
                },
                via,
            });
        }
        self.tip = after;
        Ok(entries.iter().map(|entry| entry.hlc).max())
    }

    /// A frozen log's last stretch needs no signature: the proof, which is signed, names the hash
    /// that the chain must reach. `None`: the segment stays below it.
    fn up_to(
        &self,
        end: LogHead,
        segment: &mut LogSegment,
    ) -> Result<Option<(Vec<Entry>, LogHead)>, ChainError> {
        let room =
            usize::try_from(end.next_seq.saturating_sub(segment.first_seq)).unwrap_or(usize::MAX);
        if segment.bodies.len() < room {
            return Ok(None);
        }
        segment.bodies.truncate(room);
        let (entries, after) = self.chain(segment)?;
        if after != end {
            return Err(ChainError::Signature);
        }
        Ok(Some((entries, after)))
    }

    fn chain(&self, segment: &LogSegment) -> Result<(Vec<Entry>, LogHead), ChainError> {
        let mut after = self.tip;
        let mut entries = Vec::with_capacity(segment.bodies.len());
        for body in &segment.bodies {
            let entry = Entry::decode(body)?;
            after = after.append(self.id, &entry)?;
            entries.push(entry);
        }
        Ok((entries, after))
    }

    /// Durable entries from `first` to a signature, or to the frozen end. `None`: there are none.
    pub(super) fn segment(
        &self,
        first: u32,
        store: &dyn Store,
    ) -> Result<Option<LogSegment>, StoreError> {
        if first >= self.head.next_seq {
            return Ok(None);
        }
        let wanted = u32::try_from(LOG_SEGMENT_ENTRIES_MAX)
            .unwrap_or(u32::MAX)
            .min(self.head.next_seq - first);
        let mut entries = store.entries(self.id, first, wanted)?;
        let reaches_end = self.end == Some(self.head)
            && entries
                .last()
                .is_some_and(|entry| entry.seq + 1 == self.head.next_seq);
        while !reaches_end
            && entries
                .last()
                .is_some_and(|entry| entry.signature.is_none())
        {
            entries.pop();
        }
        let Some(last) = entries.last_mut() else {
            return Ok(None);
        };
        let signature = last.signature.take().unwrap_or_else(|| vec![0; 64]);
        Ok(Some(LogSegment {
            log: self.id,
            first_seq: first,
            bodies: entries.into_iter().map(|entry| entry.body).collect(),
            signature,
        }))
    }

    /// Forgets what was not committed and what lies past `head`.
    pub(super) fn cut_back(&mut self, head: LogHead) {
        self.head = head;
        self.tip = head;
        self.staged.clear();
        self.fresh.clear();
        self.early.clear();
        self.marks.retain(|seq, _| *seq <= head.next_seq);
    }
}

/// The names under which strays are asked for.
pub(super) fn short(hash: &[u8; 32]) -> [u8; 8] {
    let mut short = [0; 8];
    short.copy_from_slice(&hash[..8]);
    short
}

/// Only for the seeded bug: nobody else refuses by clock.
pub(super) fn is_beyond_clock(hlc: Hlc, wall_millis: i64) -> bool {
    let own = u64::try_from(wall_millis).unwrap_or(0);
    hlc.millis.abs_diff(own) > BEYOND_CLOCK_MILLIS
}
