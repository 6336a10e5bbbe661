//! Stock (issued tickets) and claimed tickets (I1, I2, T1, T2, T5).

use serde::{Deserialize, Serialize};

use crate::ids::{ClaimedTicketId, ClassId, EventId, OrderId, TicketId};
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TicketStatus {
    Available,
    Held,
    Paid,
    Claimed,
    Validated,
    Cancelled,
    Expired,
}

/// Exactly one of `quantity` and `seats`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateBatch {
    pub event_id: EventId,
    pub class_id: ClassId,
    #[serde(default)]
    pub quantity: Option<u32>,
    #[serde(default)]
    pub seats: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchView {
    pub event_id: EventId,
    pub class_id: ClassId,
    pub created: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedTicketView {
    pub id: TicketId,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub status: TicketStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
}

/// Exact counts. `held` may return: "all held" is not "sold out".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StockStats {
    pub class_id: ClassId,
    pub available: u64,
    pub held: u64,
    pub paid: u64,
    pub claimed: u64,
    pub validated: u64,
    pub cancelled: u64,
    pub expired: u64,
    pub total: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventStats {
    pub event_id: EventId,
    pub classes: Vec<StockStats>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attendee {
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimRequest {
    pub ticket_id: TicketId,
    pub attendee: Attendee,
}

/// A new code for a ticket; its old one dies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReissueRequest {
    /// Whom it is for from now on; without it the name stays.
    #[serde(default)]
    pub attendee: Option<Attendee>,
}

/// What became of it. The code is the holder's: it is on the ticket and its page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reissued {
    pub id: ClaimedTicketId,
    pub ticket_id: TicketId,
    pub event_id: EventId,
    pub serial: u32,
    pub generation: u8,
    pub status: TicketStatus,
}

/// What the holder gets. `token` and `code` open the gate: never logged.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClaimedTicketView {
    pub id: ClaimedTicketId,
    pub ticket_id: TicketId,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub order_id: OrderId,
    pub status: TicketStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    pub serial: u32,
    pub generation: u8,
    pub attendee: Attendee,
    /// The code changes: there is no `token`, the attendee's page shows it.
    #[serde(default)]
    pub rotating: bool,
    /// The digits of the QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Typed fallback, shown 4-4-4-2.
    pub code: String,
    /// The attendee's page, at an unguessable link.
    pub page_url: String,
    pub qr_url: String,
    pub claimed_at: Timestamp,
}

super::accounts::redacted_debug!(ClaimedTicketView {
    id,
    ticket_id,
    serial,
    generation,
    status
});
