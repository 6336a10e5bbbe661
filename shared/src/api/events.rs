//! Events, ticket classes, gates (E1-E3, I7).

use serde::{Deserialize, Serialize};

use super::selling::{Charges, Terms};
use super::versions::Approval;
use crate::ids::{ClassId, EventId, GateId, OrganizationId, SeriesId, UserId};
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventStatus {
    Draft,
    PendingApproval,
    Published,
    Cancelled,
}

/// Derived from the stored status and the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventPhase {
    Draft,
    PendingApproval,
    Upcoming,
    Active,
    Completed,
    Archived,
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateEvent {
    pub title: String,
    #[serde(default)]
    pub description: String,
    pub start_date: Timestamp,
    pub end_date: Timestamp,
    /// IANA name: `Asia/Ho_Chi_Minh`.
    pub timezone: String,
    #[serde(default)]
    pub venue_id: Option<String>,
    pub capacity: u32,
    /// Whose event it is; without one it is the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Whether gate devices carry holders' names. Off by default: a stolen device tells nothing.
    #[serde(default)]
    pub names_at_gate: bool,
    /// Whether somebody compares six digits before a new gate device may speak. Off by default.
    #[serde(default)]
    pub confirm_devices: bool,
    /// Whether people without an account may buy.
    #[serde(default = "yes")]
    pub guest_checkout: bool,
    /// Fees and taxes on its tickets.
    #[serde(default)]
    pub charges: Charges,
}

const fn yes() -> bool {
    true
}

/// Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names_at_gate: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_devices: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest_checkout: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charges: Option<Charges>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    pub id: EventId,
    pub title: String,
    pub description: String,
    /// Who made it.
    pub organizer_id: UserId,
    pub organization_id: Option<OrganizationId>,
    pub venue_id: Option<String>,
    pub start_date: Timestamp,
    pub end_date: Timestamp,
    pub timezone: String,
    pub status: EventStatus,
    pub phase: EventPhase,
    pub capacity: u32,
    pub names_at_gate: bool,
    pub confirm_devices: bool,
    #[serde(default = "yes")]
    pub guest_checkout: bool,
    #[serde(default)]
    pub charges: Charges,
    pub classes: Vec<TicketClassView>,
    pub gates: Vec<GateView>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub published_at: Option<Timestamp>,
    /// Which version an administrator approved, where that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
    /// The series whose date it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_id: Option<SeriesId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
    /// Also the `ETag`; send it back as `If-Match` to edit only what you have seen.
    pub revision: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateTicketClass {
    pub name: String,
    pub price: Money,
    /// Names of the zones the class opens; absent means every gate without zones.
    #[serde(default)]
    pub zones: Vec<String>,
    #[serde(default)]
    pub max_per_order: Option<u32>,
    /// When entry begins, on a quarter of an hour; absent means 12 hours before the event's start,
    /// and the quarter before that.
    #[serde(default)]
    pub entry_from: Option<Timestamp>,
    /// When entry ends, on a quarter of an hour; absent means the event's end, and the quarter
    /// after that.
    #[serde(default)]
    pub entry_until: Option<Timestamp>,
    /// The code changes every 30 seconds on the attendee's phone, so that a screenshot dies.
    #[serde(default)]
    pub rotating: bool,
    /// The code is sealed: a photograph of it tells nothing, and gates need the event's scan key.
    #[serde(default)]
    pub sealed: bool,
    /// How it is sold.
    #[serde(default)]
    pub terms: Terms,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketClassView {
    pub id: ClassId,
    pub event_id: EventId,
    pub name: String,
    /// What a ticket costs now, fees and added taxes aside.
    pub price: Money,
    /// Where its pricing starts from.
    pub base_price: Money,
    pub zones: Vec<String>,
    pub max_per_order: u32,
    /// As the tickets say it and the gates apply it.
    pub entry_from: Timestamp,
    pub entry_until: Timestamp,
    #[serde(default)]
    pub rotating: bool,
    #[serde(default)]
    pub sealed: bool,
    #[serde(default)]
    pub terms: Terms,
    /// No longer sold; tickets of it stay good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateGate {
    pub name: String,
    /// Zones this gate leads into; empty admits every class.
    #[serde(default)]
    pub zones: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateView {
    pub id: GateId,
    pub event_id: EventId,
    pub name: String,
    pub zones: Vec<String>,
    /// No device is enrolled for it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}
