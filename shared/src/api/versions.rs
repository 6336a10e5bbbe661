//! Copies and versions of events (E14).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::UserId;
use crate::time::Timestamp;

/// An event like another one, at another date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CopyEvent {
    pub start_date: Timestamp,
    /// Absent means the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// What an event was after an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionView {
    /// The event's revision then.
    pub version: u64,
    pub at: Timestamp,
    pub by: UserId,
    /// An administrator approved exactly this one.
    pub approved: bool,
    /// It is what the event is now.
    pub current: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionContent {
    pub version: u64,
    pub at: Timestamp,
    pub by: UserId,
    /// What people decided, by the names that it has elsewhere.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub content: Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionDiff {
    pub from: u64,
    pub to: u64,
    /// At most 500.
    pub differences: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// `classes.0190….price.amount`.
    pub path: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub from: Value,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub to: Value,
}

/// Which version an administrator approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Approval {
    pub version: u64,
    pub by: UserId,
    pub at: Timestamp,
}
