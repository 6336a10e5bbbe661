//! What an answer changes here, as one value: merge is plan, then apply.

use shared::log::{Genesis, LogHead, LogId};
use shared::sync::{StatementSet, SyncResponse};
use shared::time::Timestamp;
use shared::trust::{Signed, StatementKind, TrustError};

use super::{Held, logs, statements};
use crate::cache::StoredEntry;

/// Everything that applying an answer will do. Applying it twice equals applying it once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// In the order in which they must be stored.
    pub(crate) adopt: Vec<Adopted>,
    /// Kinds whose keys a new root replaced: their versions start over.
    pub(crate) forget: Vec<StatementKind>,
    /// Why the rest of the statements was not adopted.
    pub(crate) distrust: Option<TrustError>,
    pub(crate) extend: Vec<Extension>,
    pub(crate) acked: Vec<Acked>,
    /// Own logs that the server knows more of, or other content of: this device was put back from
    /// a copy. They take no more entries.
    pub(crate) close: Vec<LogId>,
    /// What the server refused: own entries stay here, and it says why.
    pub(crate) refused: Vec<(LogId, String)>,
    /// What was left out of the answer, and why.
    pub(crate) ignored: Vec<(LogId, String)>,
    pub(crate) more: bool,
    /// The server's clock when it answered.
    pub(crate) peer_now: Option<Timestamp>,
}

impl Plan {
    /// Something besides entries is to be stored.
    pub(crate) fn has_news(&self) -> bool {
        !(self.adopt.is_empty()
            && self.acked.is_empty()
            && self.close.is_empty()
            && self.refused.is_empty())
    }
}

/// A statement that holds up and is newer than what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Adopted {
    pub(crate) kind: StatementKind,
    pub(crate) version: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) signed: Signed,
}

/// Verified entries that continue a log without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) genesis: Genesis,
    pub(crate) entries: Vec<StoredEntry>,
    pub(crate) head: LogHead,
}

/// The server durably has this log's entries before `next_seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acked {
    pub(crate) log: LogId,
    pub(crate) next_seq: u32,
}

/// Judges statements that came without an answer around them.
pub(crate) fn adoption(held: &Held, offered: StatementSet, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    statements::adopt(held, offered, now, &mut plan);
    plan
}

/// Judges an answer. `now` is fixed once for the whole answer.
pub(crate) fn plan(held: &Held, response: SyncResponse, now: Timestamp) -> Plan {
    let SyncResponse::V1 {
        now: peer_now,
        vector,
        statements,
        geneses,
        segments,
        more,
        refused,
    } = response;
    let mut plan = Plan {
        more,
        peer_now: Some(peer_now),
        refused,
        ..Plan::default()
    };
    // Statements first: entries are judged by the newest roster.
    let roster = statements::adopt(held, statements, now, &mut plan);
    logs::acknowledge(held, &vector, &mut plan);
    logs::extend(held, roster.as_ref(), geneses, segments, &mut plan);
    plan
}
