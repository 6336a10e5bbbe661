//! One log under audit: its chain is followed entry by entry, and picked up again after a fault.

use std::collections::BTreeMap;

use ed25519_dalek::VerifyingKey;

use super::report::{Finding, FindingKind};
use crate::log::{Entry, Genesis, LogHead, LogId, LogSegment};

/// A log as far as it was read.
pub(super) struct Audited {
    pub(super) id: LogId,
    pub(super) genesis: Genesis,
    /// The device's name in the roster.
    pub(super) device: String,
    key: VerifyingKey,
    /// What the exporter says about its end.
    claimed: LogHead,
    /// `None` after a fault: the chain is picked up where the next run says it stands.
    head: Option<LogHead>,
    next_seq: u32,
    /// By seq, as far as they can be read.
    pub(super) entries: BTreeMap<u32, Held>,
    /// Where the signed roster says that it ends for good, and the hash that was found there.
    cut: Option<LogHead>,
    at_cut: Option<[u8; 32]>,
}

/// An entry, and whether the device's signature covers it.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) entry: Entry,
    pub(super) signed: bool,
    /// The head after it; `None` where the chain is broken.
    pub(super) after: Option<LogHead>,
}

/// Consecutive entries as the bundle gives them.
pub(super) struct Run {
    pub(super) first_seq: u32,
    pub(super) before: [u8; 32],
    pub(super) bodies: Vec<Vec<u8>>,
    pub(super) signature: Vec<u8>,
}

/// More than any device writes.
const SEQ_MAX: u32 = 16_000_000;

impl Audited {
    pub(super) fn new(
        genesis: Genesis,
        device: String,
        key: VerifyingKey,
        claimed: LogHead,
        cut: Option<LogHead>,
    ) -> Self {
        Self {
            id: genesis.log_id(),
            head: Some(genesis.head()),
            genesis,
            device,
            key,
            claimed,
            next_seq: 0,
            entries: BTreeMap::new(),
            cut,
            at_cut: None,
        }
    }

    pub(super) fn finding(&self, kind: FindingKind, seqs: (u32, u32), what: &str) -> Finding {
        Finding {
            kind,
            device: Some(self.device.clone()),
            log: Some(self.id.to_string()),
            seqs: Some(seqs),
            serial: None,
            what: what.to_owned(),
        }
    }

    pub(super) fn run(&mut self, run: &Run, findings: &mut Vec<Finding>) {
        let count = u32::try_from(run.bodies.len()).unwrap_or(u32::MAX);
        let last = run.first_seq.saturating_add(count).saturating_sub(1);
        if count == 0 || last > SEQ_MAX {
            let what = "these entries cannot be read";
            findings.push(self.finding(FindingKind::Malformed, (run.first_seq, last), what));
            return;
        }
        if run.first_seq < self.next_seq {
            let what = "they were given a second time, at a place that was past";
            findings.push(self.finding(FindingKind::Reordered, (run.first_seq, last), what));
            return;
        }
        if run.first_seq > self.next_seq {
            let gap = (self.next_seq, run.first_seq - 1);
            findings.push(self.finding(FindingKind::Missing, gap, "not in the bundle"));
            self.head = None;
        }
        let before = LogHead {
            next_seq: run.first_seq,
            hash: run.before,
        };
        if self.head.is_some_and(|head| head.hash != run.before) {
            let what = "the entries before are not those that it continues";
            findings.push(self.finding(FindingKind::Edited, (run.first_seq, run.first_seq), what));
        }
        let signed = self.follow(run, before, (run.first_seq, last), findings);
        self.keep(run, before, signed);
        self.next_seq = last.saturating_add(1);
    }

    /// Whether every entry is what the device signed; else what is wrong with which.
    fn follow(
        &mut self,
        run: &Run,
        before: LogHead,
        seqs: (u32, u32),
        findings: &mut Vec<Finding>,
    ) -> bool {
        let mut is_whole = true;
        for (seq, body) in (run.first_seq..).zip(&run.bodies) {
            match Entry::decode(body) {
                Err(_) => {
                    is_whole = false;
                    let what = "its bytes are no entry";
                    findings.push(self.finding(FindingKind::Edited, (seq, seq), what));
                }
                Ok(entry) if entry.seq != seq => {
                    is_whole = false;
                    let kind = if run.bodies.iter().any(|body| is_at(body, seq)) {
                        FindingKind::Reordered
                    } else {
                        FindingKind::Missing
                    };
                    let what = format!("entry {} stands in its place", entry.seq);
                    findings.push(self.finding(kind, (seq, seq), &what));
                }
                Ok(_) => {}
            }
        }
        let segment = LogSegment {
            log: self.id,
            first_seq: run.first_seq,
            bodies: run.bodies.clone(),
            signature: run.signature.clone(),
        };
        if let Ok((_, head)) = segment.verify(&self.key, &before) {
            self.note_cut(&segment, before);
            self.head = Some(head);
            return true;
        }
        if is_whole {
            let what = "not what the device signed: at least one of them was changed";
            findings.push(self.finding(FindingKind::Edited, seqs, what));
        }
        self.head = None;
        false
    }

    /// Remembers the hash at the signed cut, if the run passes it.
    fn note_cut(&mut self, segment: &LogSegment, before: LogHead) {
        let Some(cut) = self.cut else {
            return;
        };
        let mut head = before;
        for body in &segment.bodies {
            if head.next_seq == cut.next_seq {
                self.at_cut = Some(head.hash);
                return;
            }
            let next = Entry::decode(body)
                .ok()
                .and_then(|entry| head.append(self.id, &entry).ok());
            let Some(next) = next else {
                return;
            };
            head = next;
        }
        if head.next_seq == cut.next_seq {
            self.at_cut = Some(head.hash);
        }
    }

    fn keep(&mut self, run: &Run, before: LogHead, signed: bool) {
        let entries = run
            .bodies
            .iter()
            .filter_map(|body| Entry::decode(body).ok());
        let mut head = Some(before);
        for entry in entries {
            head = head.and_then(|head| head.append(self.id, &entry).ok());
            let after = head;
            self.entries.insert(
                entry.seq,
                Held {
                    entry,
                    signed,
                    after,
                },
            );
        }
    }

    /// The log ends where the exporter says, and no earlier than a signed cut.
    pub(super) fn end(&self, findings: &mut Vec<Finding>) {
        let end = self.cut.map_or(self.claimed.next_seq, |cut| {
            cut.next_seq.max(self.claimed.next_seq)
        });
        if self.next_seq < end {
            let what = "the log was cut: they are not in the bundle";
            let seqs = (self.next_seq, end - 1);
            findings.push(self.finding(FindingKind::CutLog, seqs, what));
        } else if self.next_seq > self.claimed.next_seq {
            let what = "beyond the end that the server gives";
            let seqs = (self.claimed.next_seq, self.next_seq - 1);
            findings.push(self.finding(FindingKind::Malformed, seqs, what));
        } else if self.head.is_some_and(|head| head.hash != self.claimed.hash) {
            let last = self.next_seq.saturating_sub(1);
            let what = "the server gives another end of the log";
            findings.push(self.finding(FindingKind::Edited, (last, last), what));
        }
        if let (Some(cut), Some(found)) = (self.cut, self.at_cut)
            && found != cut.hash
        {
            let last = cut.next_seq.saturating_sub(1);
            let what = "not the history that the roster cut off";
            findings.push(self.finding(FindingKind::Edited, (0, last), what));
        }
    }

    /// Whether the device signed another entry at a number of this run: it told two histories.
    pub(super) fn fork(&self, run: Run) -> Option<Finding> {
        let segment = LogSegment {
            log: self.id,
            first_seq: run.first_seq,
            bodies: run.bodies,
            signature: run.signature,
        };
        let before = LogHead {
            next_seq: run.first_seq,
            hash: run.before,
        };
        let (entries, _) = segment.verify(&self.key, &before).ok()?;
        let differs = entries.iter().find(|entry| {
            let held = self.entries.get(&entry.seq);
            held.is_some_and(|held| held.signed && held.entry != **entry)
        })?;
        let what = "signed twice, with different contents";
        Some(self.finding(FindingKind::Fork, (differs.seq, differs.seq), what))
    }

    /// The hash of all before `seq`, as the entries lead to it.
    pub(super) fn hash_at(&self, seq: u32) -> Option<[u8; 32]> {
        let Some(last) = seq.checked_sub(1) else {
            return Some(self.genesis.head().hash);
        };
        Some(self.entries.get(&last)?.after?.hash)
    }

    /// Entries up to here were given; later ones came after the bundle was made.
    pub(super) fn next_seq(&self) -> u32 {
        self.next_seq
    }
}

fn is_at(body: &[u8], seq: u32) -> bool {
    Entry::decode(body).is_ok_and(|entry| entry.seq == seq)
}
