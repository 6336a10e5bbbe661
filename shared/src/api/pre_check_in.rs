//! Checking in ahead, before the venue (V7): the guest confirms to come and answers what a gate would
//! ask. It is no admission: nothing is used up, and whoever did not do it comes in all the same.

use serde::{Deserialize, Serialize};

use super::check_in::CheckInQuestion;
use super::tickets::{AnswerView, TicketStatus};
use crate::admission::Answer;
use crate::ids::{ClaimedTicketId, ClassId, EventId, TicketId};
use crate::time::Timestamp;

/// When guests may check in ahead: from `opensAt`, until before `closesAt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreCheckInWindow {
    pub opens_at: Timestamp,
    pub closes_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PreCheckInState {
    /// The event does not have it.
    Off,
    Early,
    Open,
    Closed,
}

/// Why a ticket cannot be checked in ahead, in the word that a gate would say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Barred {
    Revoked,
    Cancelled,
    Expired,
    Blocked,
    Unpaid,
    /// Somebody came in by it.
    AlreadyUsed,
}

/// What is left out keeps the answer that it has; an optional question without one is left open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreCheckInRequest {
    #[serde(default)]
    pub answers: Vec<Answer>,
}

/// How it stands with one ticket, for its holder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreCheckInView {
    pub claimed_ticket_id: ClaimedTicketId,
    pub state: PreCheckInState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<Timestamp>,
    /// When it was checked in ahead for who holds it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barred: Option<Barred>,
    /// All that is asked of this ticket.
    pub questions: Vec<CheckInQuestion>,
    pub answers: Vec<AnswerView>,
}

/// One claimed ticket, for the organizer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreCheckInItem {
    pub claimed_ticket_id: ClaimedTicketId,
    pub ticket_id: TicketId,
    pub class_id: ClassId,
    pub serial: u32,
    pub name: String,
    pub status: TicketStatus,
    /// Absent: not checked in ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

/// A page of an event's claimed tickets, with the count of the whole event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreCheckInsView {
    pub event_id: EventId,
    pub state: PreCheckInState,
    /// Of the tickets of `of`, those that were checked in ahead.
    pub done: u64,
    /// Tickets that were claimed and are not void, also those that came in.
    pub of: u64,
    pub items: Vec<PreCheckInItem>,
    #[serde(default)]
    pub next_cursor: Option<String>,
}
