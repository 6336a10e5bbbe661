//! Venues and their seating plans (E5), and the seats of an event (I3).

use serde::{Deserialize, Serialize};

use crate::ids::{ClassId, EventId, VenueId};
use crate::money::Money;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Coordinates {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateVenue {
    pub name: String,
    pub address: String,
    #[serde(default)]
    pub coordinates: Option<Coordinates>,
    pub capacity: u32,
}

/// Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateVenue {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VenueView {
    pub id: VenueId,
    pub name: String,
    pub address: String,
    pub coordinates: Option<Coordinates>,
    pub capacity: u32,
    /// The newest version of its seating plan; absent while there is none.
    pub seating_version: Option<u32>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Also the `ETag`.
    pub revision: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

/// For whom a seat is meant. Only standard seats are picked for buyers who name none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SeatKind {
    #[default]
    Standard,
    Wheelchair,
    /// Beside a wheelchair place.
    Companion,
}

impl SeatKind {
    pub fn is_standard(&self) -> bool {
        *self == Self::Standard
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanSeat {
    /// Unique in the plan, as printed on the ticket: `A-12`.
    pub label: String,
    #[serde(default, skip_serializing_if = "SeatKind::is_standard")]
    pub kind: SeatKind,
    /// An aisle or a pillar follows: the next seat is not beside this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gap_after: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanRow {
    pub name: String,
    /// Side by side, in this order.
    pub seats: Vec<PlanSeat>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanSection {
    pub name: String,
    /// Best row first.
    pub rows: Vec<PlanRow>,
}

/// A new version of a venue's plan. Earlier versions stay, for the events that use them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetSeating {
    /// Best section first.
    pub sections: Vec<PlanSection>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeatingView {
    pub venue_id: VenueId,
    pub version: u32,
    pub seats: u32,
    pub sections: Vec<PlanSection>,
    pub created_at: Timestamp,
}

/// Ties an event to one version of a venue's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UseSeating {
    pub venue_id: VenueId,
    /// Absent means the newest.
    #[serde(default)]
    pub version: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SeatStatus {
    Available,
    /// May return when a buyer gives up.
    Held,
    Sold,
    /// Not for sale any more.
    Withdrawn,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeatView {
    pub seat: String,
    pub class_id: ClassId,
    pub status: SeatStatus,
    /// What it costs now.
    pub price: Money,
    pub kind: SeatKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventSeatingView {
    pub event_id: EventId,
    pub venue_id: VenueId,
    pub version: u32,
}
