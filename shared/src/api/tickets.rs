//! Stock (issued tickets) and claimed tickets (I1, I2, T1, T2, T5).

use serde::{Deserialize, Serialize};

use super::check_in::CheckInQuestion;
use crate::admission::Answer;
use crate::ids::{ClaimedTicketId, ClassId, DeviceId, EventId, OrderId, TicketId};
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

/// Exactly one of `quantity`, `seats` and `sections`.
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
    /// All seats of these sections of the event's seating plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchView {
    pub id: String,
    pub event_id: EventId,
    pub class_id: ClassId,
    pub quantity: u32,
    /// In stock already; `quantity` when it is done.
    pub created: u32,
    /// A seat of it was in stock before: nothing more will come.
    #[serde(default)]
    pub stopped: bool,
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
    /// Absent means whom the order named for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendee: Option<Attendee>,
    /// Another ticket of yours for the same event. Where a gate's list matches add-ons, showing
    /// that one opens it for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_on_to: Option<ClaimedTicketId>,
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

/// Puts a ticket on a chip: its next generation is good on that chip only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BindRequest {
    /// The chip's UID in hex: 4, 7 or 10 bytes.
    pub uid: String,
}

/// What the encoder writes. Of no use on another chip.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Bound {
    pub id: ClaimedTicketId,
    pub serial: u32,
    pub generation: u8,
    pub uid: String,
    /// 83 bytes in hex: the payload of an NDEF record of external type `gatehouse:t`.
    pub ticket: String,
}

super::accounts::redacted_debug!(Bound {
    id,
    serial,
    generation,
    uid
});

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add_on_to: Option<ClaimedTicketId>,
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

/// For staff, when the ticket is scanned; empty takes it away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketNote {
    pub text: String,
}

/// Stops a ticket at the gates until it is let go again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockTicket {
    /// Staff read it at the gate, in place of the ticket's note.
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockView {
    pub reason: String,
    pub blocked_at: Timestamp,
}

/// What a wristband or card stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkMedium {
    /// Claimed tickets of the event. A gate lets in by a medium when just one of them is good there
    /// and then.
    pub ticket_ids: Vec<ClaimedTicketId>,
    /// `false`: lost or blocked.
    #[serde(default = "yes")]
    pub active: bool,
    /// Absent means for as long as its tickets.
    #[serde(default)]
    pub until: Option<Timestamp>,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MediumView {
    /// Its id as readers give it: letters and digits.
    pub medium: String,
    pub ticket_ids: Vec<ClaimedTicketId>,
    pub active: bool,
    pub until: Option<Timestamp>,
}

/// Answers to questions of the event, by their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetAnswers {
    pub answers: Vec<Answer>,
}

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswerView {
    pub question: String,
    /// The question as it was put. Of answers that were kept without it, as it is put now; absent when
    /// it is not any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// In its normal form: an option's id, `yes`, `2026-05-02`; empty when an optional question was
    /// left open on purpose.
    pub value: String,
    /// The same in the words of the options, as they were then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    pub at: Timestamp,
    /// The gate's device that took it; absent when it was given ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnswersView {
    pub answers: Vec<AnswerView>,
    /// What has no answer, or none that is good for the question as it is now.
    pub open: Vec<CheckInQuestion>,
}

super::accounts::redacted_debug!(ClaimedTicketView {
    id,
    ticket_id,
    serial,
    generation,
    status
});
