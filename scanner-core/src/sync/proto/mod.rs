//! The state machine of an exchange: what to ask, and what to do with an answer, as values.

mod logs;
mod plan;
mod request;
mod statements;

pub(crate) use plan::{Extension, Plan, adoption, plan};
pub(crate) use request::{next_fetch, request};

use std::collections::BTreeMap;

use shared::ids::EventId;
use shared::log::{Genesis, LogHead, LogId};

use crate::cache::Trust;

/// Snapshot segments asked for at once: 64 of 16 KiB are a megabyte, well under the body bound.
pub(crate) const FETCH_SEGMENTS_MAX: usize = 128;
pub(crate) const FETCH_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Catch-up segments sent at once.
pub(crate) const SEND_SEGMENTS_MAX: usize = 16;
/// Entries applied in one transaction.
pub(crate) const APPLY_ENTRIES_MAX: usize = 8192;

/// What this device has, as far as an exchange is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) event: EventId,
    pub(crate) trust: Trust,
    pub(crate) logs: BTreeMap<LogId, HeldLog>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeldLog {
    pub(crate) number: i64,
    pub(crate) genesis: Genesis,
    pub(crate) own: bool,
    pub(crate) closed: bool,
    pub(crate) head: LogHead,
    pub(crate) acked: u32,
    /// The server does not take it.
    pub(crate) refused: bool,
}

impl HeldLog {
    /// Of another device, and passed on to the server. What it refused once, its writer may send.
    pub(crate) fn is_relayed(&self) -> bool {
        !self.own && !self.refused
    }
}
