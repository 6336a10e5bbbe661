//! Where a cancellation stands; pure.

use serde::{Deserialize, Serialize};
use shared::api::cancellation::{CancellationPhase, CancellationView};
use shared::ids::{EventId, UserId};
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, IndexValue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cancellation {
    pub event: EventId,
    pub event_title: String,
    pub reason: String,
    pub by: UserId,
    pub started_at: Timestamp,
    pub phase: Phase,
    /// Looks that found something left to do after both walks.
    pub repairs: u32,
    pub finished_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Phase {
    /// Through the stock, by serial, and once more for orders that were in flight.
    Walking {
        walk: u8,
        serial: u32,
    },
    /// All orders were found; some are still dealt with.
    Settling,
    Done,
}

/// What is left to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub tickets: u64,
    /// Sums that gateways give back.
    pub refunds: u64,
    /// Sums that somebody has to transfer.
    pub by_hand: u64,
}

impl Cancellation {
    pub(super) fn view(&self, left: Left) -> CancellationView {
        CancellationView {
            event_id: self.event,
            reason: self.reason.clone(),
            phase: match self.phase {
                Phase::Walking { .. } => CancellationPhase::Walking,
                Phase::Settling => CancellationPhase::Settling,
                Phase::Done => CancellationPhase::Done,
            },
            tickets_left: left.tickets,
            refunds_left: left.refunds,
            refunds_by_hand: left.by_hand,
            started_at: self.started_at,
            finished_at: self.finished_at,
        }
    }
}

impl Entity for Cancellation {
    const COLLECTION: Collection = Collection {
        name: "cancellations",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}
