//! The journal: who did what to what, and when (N9).
//!
//! Invariants: append-only (there is no other operation here); an entry is written in the commit
//! of what it tells about, so neither exists without the other; details hold ids and amounts,
//! never secrets or personal data, because entries outlive accounts.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, JournalId, UserId};
use shared::time::Timestamp;

use super::db::{Collection, DbError, Entity, Field, Index, IndexValue, Tx};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: JournalId,
    pub at: Timestamp,
    pub actor: Actor,
    /// What happened, dotted: `order.paid`, `session.reuse`.
    pub action: String,
    /// What it happened to, kind and id: `order/0190…`.
    pub subject: String,
    pub details: serde_json::Value,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "id", rename_all = "snake_case")]
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

impl Entry {
    pub fn new(
        id: JournalId,
        at: Timestamp,
        actor: Actor,
        action: &'static str,
        subject: impl Into<String>,
        details: serde_json::Value,
    ) -> Self {
        Self {
            id,
            at,
            actor,
            action: action.to_owned(),
            subject: subject.into(),
            details,
        }
    }
}

/// `order/0190…`.
pub fn subject(kind: &str, id: impl fmt::Display) -> String {
    format!("{kind}/{id}")
}

/// Appends an entry in the caller's commit.
pub fn record(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), DbError> {
    tx.insert(entry).map(drop)
}

impl Entity for Entry {
    const COLLECTION: Collection = Collection {
        name: "journal",
        fields: &[
            Field::int("at"),
            Field::text("subject"),
            Field::text("action"),
        ],
        indexes: &[
            Index::on("by_time", &["at"]),
            Index::on("by_subject", &["subject", "at"]),
            Index::on("by_action", &["action", "at"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.at.into(),
            (&self.subject).into(),
            (&self.action).into(),
        ]
    }
}
