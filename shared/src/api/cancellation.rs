//! Calling an event off (E4).

use serde::{Deserialize, Serialize};

use crate::ids::EventId;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancelEvent {
    /// In the words that buyers and attendees read.
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CancellationPhase {
    /// Orders are looked for.
    Walking,
    /// All were found; some are still dealt with.
    Settling,
    Done,
}

/// Sales have ended; how far the rest is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CancellationView {
    pub event_id: EventId,
    pub reason: String,
    pub phase: CancellationPhase,
    /// Tickets that are held or good still.
    pub tickets_left: u64,
    /// Sums that gateways are still to give back.
    pub refunds_left: u64,
    /// Sums that somebody has to transfer.
    pub refunds_by_hand: u64,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}
