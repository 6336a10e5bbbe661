//! Webhooks for organizers (N10).

use serde::{Deserialize, Serialize};

use crate::ids::{EventId, HookId, HookMessageId};
use crate::time::Timestamp;

/// What an organizer's own systems can hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HookKind {
    #[serde(rename = "order.paid")]
    OrderPaid,
    #[serde(rename = "order.refunded")]
    OrderRefunded,
    /// A payer's bank takes money back, or asks about it.
    #[serde(rename = "payment.disputed")]
    PaymentDisputed,
    /// The bank has decided.
    #[serde(rename = "payment.dispute_closed")]
    DisputeClosed,
    #[serde(rename = "ticket.transferred")]
    TicketTransferred,
    #[serde(rename = "event.cancelled")]
    EventCancelled,
    /// Something at the event's gates that somebody should look at: each alert of the live view, once.
    #[serde(rename = "gate.alert")]
    GateAlert,
    /// Sent on request, to try the address.
    #[serde(rename = "ping")]
    Ping,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateHook {
    /// `https`, on the public internet.
    pub url: String,
    pub kinds: Vec<HookKind>,
    /// Only of this event; without it, of all the caller's events.
    #[serde(default)]
    pub event_id: Option<EventId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookView {
    pub id: HookId,
    pub url: String,
    pub kinds: Vec<HookKind>,
    pub event_id: Option<EventId>,
    pub created_at: Timestamp,
}

/// The only time that the secret is shown.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookCreated {
    pub hook: HookView,
    /// `whsec_` and 32 bytes in base64.
    pub secret: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HookMessageStatus {
    Waiting,
    Delivered,
    /// Tried too often. It can be replayed.
    Failed,
}

/// One try to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookTry {
    pub at: Timestamp,
    /// What the address answered; `null` where it did not.
    pub status: Option<u16>,
    /// Why not, where there was no answer.
    pub error: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookMessageView {
    pub id: HookMessageId,
    pub kind: HookKind,
    pub status: HookMessageStatus,
    pub created_at: Timestamp,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    pub tries: Vec<HookTry>,
}
