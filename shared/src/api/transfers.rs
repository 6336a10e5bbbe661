//! Passing a ticket on to somebody else (T3).

use serde::{Deserialize, Serialize};

use crate::ids::{ClaimedTicketId, EventId, TransferId};
use crate::time::Timestamp;

/// Whom a ticket is offered to. It stays good where it is until they accept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OfferTransfer {
    /// Of the account that may accept.
    pub email: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptTransfer {
    /// Who will come.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TransferStatus {
    Offered,
    Accepted,
    Declined,
    /// By whoever offered it, or because the ticket went another way.
    Withdrawn,
    Expired,
}

/// One link of a ticket's chain of holders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferView {
    pub id: TransferId,
    pub ticket_id: ClaimedTicketId,
    pub event_id: EventId,
    pub event_title: String,
    pub status: TransferStatus,
    /// The attendee before.
    pub from_name: String,
    /// The attendee after, once accepted.
    pub to_name: Option<String>,
    /// `null` for those whom it does not concern.
    pub to_email: Option<String>,
    pub from_generation: u8,
    /// The generation that the new holder got.
    pub to_generation: Option<u8>,
    pub offered_at: Timestamp,
    pub expires_at: Timestamp,
    pub settled_at: Option<Timestamp>,
}

/// What an event's organizer lets holders do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferRules {
    pub allowed: bool,
    /// How often one ticket may be passed on; `null`: as often as its generations last.
    #[serde(default)]
    pub per_ticket_max: Option<u8>,
}
