//! How long entries take to be durable everywhere, and what was sent for it.

use std::collections::HashMap;

use scanner_core::gossip::ClaimOutcome;
use shared::log::LogId;
use shared::sync::claim::ClaimId;

/// What a frame costs beside its bytes: our length, one TLS record, TCP and IPv4 with timestamps,
/// Ethernet, and an acknowledgement of its own.
const FRAME_OVERHEAD_BYTES: u64 = 4 + 22 + 52 + 14 + 66;

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: u64,
    urgent: bool,
    by: usize,
    /// Devices that committed it, and when the last of them did.
    reached: usize,
    last: u64,
}

/// Watches a run.
#[derive(Debug, Default)]
pub(crate) struct Deliveries {
    entries: HashMap<(LogId, u32), Sent>,
    heads: Vec<HashMap<LogId, u32>>,
    /// By device: frames and bytes, in and out.
    pub(crate) received: Vec<[u64; 2]>,
    pub(crate) sent: Vec<[u64; 2]>,
    asked: HashMap<ClaimId, u64>,
    /// By claim of a strict ticket: how long its answer took, and what it was.
    pub(crate) claims: Vec<(u64, ClaimOutcome)>,
}

/// Of a set of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delays {
    pub(crate) entries: usize,
    /// Not everywhere at the end.
    pub(crate) unreached: usize,
    /// Until the last device had it: the 50th and 99th percentile, and the longest.
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) longest: u64,
}

impl Deliveries {
    pub(crate) fn of(devices: usize) -> Self {
        Self {
            heads: vec![HashMap::new(); devices],
            received: vec![[0; 2]; devices],
            sent: vec![[0; 2]; devices],
            ..Self::default()
        }
    }

    pub(crate) fn made(&mut self, log: LogId, seq: u32, at: u64, by: usize, urgent: bool) {
        let sent = Sent {
            at,
            urgent,
            by,
            reached: 0,
            last: at,
        };
        self.entries.insert((log, seq), sent);
    }

    pub(crate) fn asked(&mut self, claim: ClaimId, at: u64) {
        self.asked.insert(claim, at);
    }

    pub(crate) fn answered(&mut self, claim: ClaimId, at: u64, outcome: ClaimOutcome) {
        if let Some(asked) = self.asked.remove(&claim) {
            self.claims.push((at - asked, outcome));
        }
    }

    /// A device's log goes so far now.
    pub(crate) fn committed(&mut self, device: usize, log: LogId, next_seq: u32, at: u64) {
        let Some(heads) = self.heads.get_mut(device) else {
            return;
        };
        let head = heads.entry(log).or_insert(0);
        for seq in *head..next_seq {
            if let Some(sent) = self.entries.get_mut(&(log, seq))
                && sent.by != device
            {
                sent.reached += 1;
                sent.last = at;
            }
        }
        *head = next_seq.max(*head);
    }

    pub(crate) fn framed(&mut self, from: usize, to: usize, bytes: usize) {
        let bytes = bytes as u64 + FRAME_OVERHEAD_BYTES;
        for (side, device) in [(&mut self.sent, from), (&mut self.received, to)] {
            if let Some([frames, sum]) = side.get_mut(device) {
                *frames += 1;
                *sum += bytes;
            }
        }
    }

    /// In a world in which so many devices live.
    pub(crate) fn delays(&self, urgent: bool, living: usize) -> Delays {
        let mut all: Vec<u64> = Vec::new();
        let mut unreached = 0;
        for sent in self.entries.values() {
            if sent.urgent != urgent {
                continue;
            }
            if sent.reached + 1 < living {
                unreached += 1;
            } else {
                all.push(sent.last - sent.at);
            }
        }
        all.sort_unstable();
        let quantile = |per_mille: usize| {
            let at = (all.len() * per_mille / 1_000).min(all.len().saturating_sub(1));
            all.get(at).copied().unwrap_or(0)
        };
        Delays {
            entries: all.len() + unreached,
            unreached,
            p50: quantile(500),
            p99: quantile(990),
            longest: quantile(1_000),
        }
    }

    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }
}
