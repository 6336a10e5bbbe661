//! One line of the journal.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::seal::digest;
use crate::ids::{DeviceId, JournalId, UserId};
use crate::time::Timestamp;

/// Changed rows that one entry names; more are only counted.
pub const CHANGES_MAX: usize = 32;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalEntry))]
pub struct Entry {
    pub id: JournalId,
    pub at: Timestamp,
    pub actor: Actor,
    /// What happened, dotted: `order.paid`. What has no name of its own is called by its route.
    pub action: String,
    /// What it happened to, kind and id: `order/0190…`.
    pub subject: String,
    /// Ids and amounts.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub details: Value,
    /// The event or organization whose people may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The route it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The rows that its commit changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Rows beyond those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unlisted: u32,
    /// Its place among all entries, once it is sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "id", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalActor))]
pub enum Actor {
    User(UserId),
    Device(DeviceId),
    /// A payment gateway, by name.
    Gateway(String),
    /// A job or a timer.
    System,
    /// Somebody at the server's command line.
    Operator,
}

/// A row before and after, as digests under a key of the server: they show that it was another, and
/// tell nothing about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = JournalChange))]
pub struct Change {
    /// Collection and id: `events/0190…`.
    pub of: String,
    /// Absent: the row is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Absent: the row is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl Entry {
    pub fn new(
        id: JournalId,
        at: Timestamp,
        actor: Actor,
        action: impl Into<String>,
        subject: impl Into<String>,
        details: Value,
    ) -> Self {
        Self {
            id,
            at,
            actor,
            action: action.into(),
            subject: subject.into(),
            details,
            scope: None,
            via: None,
            changes: Vec::new(),
            unlisted: 0,
            seq: None,
        }
    }

    /// What a seal says of it. Its place is the seal's to say.
    pub fn hash(&self) -> String {
        let unplaced = Self {
            seq: None,
            ..self.clone()
        };
        digest("gatehouse 2026-11 journal entry", &unplaced)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user/{id}"),
            Self::Device(id) => write!(f, "device/{id}"),
            Self::Gateway(name) => write!(f, "gateway/{name}"),
            Self::System => f.write_str("system"),
            Self::Operator => f.write_str("operator"),
        }
    }
}

/// `order/0190…`.
pub fn subject(kind: &str, id: impl fmt::Display) -> String {
    format!("{kind}/{id}")
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
