//! Series: several dates of one thing (E17).

use serde::{Deserialize, Serialize};

use super::events::EventStatus;
use super::selling::{Charges, UpdateTicketClass};
use crate::ids::{EventId, OrganizationId, SeriesId, UserId};
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Every week, or every few, at the time of day of the first date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Weekly {
    /// Absent or empty means the weekday of the first date.
    #[serde(default)]
    pub weekdays: Vec<Weekday>,
    /// 1 to 52; absent means every week.
    #[serde(default = "one")]
    pub every_weeks: u32,
    /// How many dates the rule adds.
    pub count: u32,
}

const fn one() -> u32 {
    1
}

/// Makes a series of an event: it is the first date, and the others are like it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSeries {
    pub event_id: EventId,
    /// Absent means the event's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
    /// Starts, chosen one by one.
    #[serde(default)]
    pub dates: Vec<Timestamp>,
}

/// More dates, like the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddDates {
    /// Goes on from the last date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekly: Option<Weekly>,
    #[serde(default)]
    pub dates: Vec<Timestamp>,
}

/// Changes this date and all after it that are not over or cancelled. Absent fields stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditDates {
    pub from: EventId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charges: Option<Charges>,
    /// Start and end, earlier or later on the event's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_minutes: Option<i32>,
}

/// Changes the class of that name on this date and all after it. Times in `terms` are those of the
/// first of these dates; on the others they move with the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EditDatesClass {
    pub from: EventId,
    pub class_name: String,
    pub changes: UpdateTicketClass,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeriesView {
    pub id: SeriesId,
    pub title: String,
    pub organizer_id: UserId,
    pub organization_id: Option<OrganizationId>,
    /// By start.
    pub dates: Vec<SeriesDate>,
    pub created_at: Timestamp,
}

/// One date: an event like any other, with its own stock, capacity, gates and devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeriesDate {
    pub event_id: EventId,
    pub title: String,
    pub start_date: Timestamp,
    pub end_date: Timestamp,
    pub status: EventStatus,
    pub capacity: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}
