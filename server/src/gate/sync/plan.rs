//! What to store of the offered segments: a pure plan, made from what is known of their logs.
//!
//! Invariants: a log grows by whole verified segments on top of its head or not at all; after a
//! refusal nothing more of that log is taken; the plan changes nothing by itself.

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::VerifyingKey;
use shared::log::{Entry, LogHead, LogId, LogSegment};

use super::super::model::{EntryRun, GateLog};

/// What is known of a log before the plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) log: GateLog,
    /// Not stored yet: only its genesis is known.
    pub(super) is_new: bool,
    pub(super) key: VerifyingKey,
    /// First quarantined seq.
    pub(super) cut: Option<u32>,
    /// Server clock minus the device's, as of its last sync.
    pub(super) clock_offset_ms: i64,
}

/// Entries to store.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) log: LogId,
    pub(super) stored: EntryRun,
    pub(super) entries: Vec<Entry>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Logs that grow or are new: as known, and the head after the plan.
    pub(super) grown: BTreeMap<LogId, (Known, LogHead)>,
    pub(super) runs: Vec<Run>,
    /// Segments that begin before the head: what they repeat is compared with what is stored.
    pub(super) overlaps: Vec<LogSegment>,
    pub(super) refused: BTreeMap<LogId, String>,
}

/// `segments` are in order of (log, first seq). `opened` names new logs to store even when empty.
pub(super) fn plan(
    known: &BTreeMap<LogId, Known>,
    opened: &BTreeSet<LogId>,
    segments: Vec<LogSegment>,
) -> Plan {
    let mut plan = Plan::default();
    for (id, known) in known {
        if known.is_new && opened.contains(id) {
            plan.grown.insert(*id, (known.clone(), known.log.head()));
        }
    }
    for segment in segments {
        let log = segment.log;
        if plan.refused.contains_key(&log) {
            continue;
        }
        let Some(known) = known.get(&log) else {
            plan.refused
                .insert(log, "unknown log: send its genesis".to_owned());
            continue;
        };
        if let Err(why) = plan.extend(known, segment) {
            plan.refused.insert(log, why);
        }
    }
    plan
}

impl Plan {
    fn extend(&mut self, known: &Known, segment: LogSegment) -> Result<(), String> {
        let log = segment.log;
        let head = self
            .grown
            .get(&log)
            .map_or(known.log.head(), |(_, head)| *head);
        let Some(fresh) = self.beyond(&head, segment) else {
            return Ok(());
        };
        let (entries, after) = fresh
            .verify(&known.key, &head)
            .map_err(|error| error.to_string())?;
        self.runs.push(Run {
            log,
            stored: EntryRun::new(&fresh, head.hash),
            entries,
        });
        self.grown.insert(log, (known.clone(), after));
        Ok(())
    }

    /// The part of the segment that lies beyond the head; `None` when there is none. The chain
    /// from our head to the signature at the end vouches for exactly that part.
    fn beyond(&mut self, head: &LogHead, segment: LogSegment) -> Option<LogSegment> {
        let repeated = head.next_seq.saturating_sub(segment.first_seq);
        if repeated == 0 {
            return Some(segment);
        }
        let repeated = usize::try_from(repeated).unwrap_or(usize::MAX);
        let fresh = (repeated < segment.bodies.len()).then(|| LogSegment {
            log: segment.log,
            first_seq: head.next_seq,
            bodies: segment.bodies[repeated..].to_vec(),
            signature: segment.signature.clone(),
        });
        self.overlaps.push(segment);
        fresh
    }
}
