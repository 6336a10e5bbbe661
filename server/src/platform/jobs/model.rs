//! A job and its states; pure.

use serde::{Deserialize, Serialize};
use shared::ids::JobId;
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// What a caller asks for. `id` is drawn by the caller, as all ids are.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: JobId,
    /// Names the handler: `payments.demo.webhook`.
    pub kind: &'static str,
    /// Ids, not objects.
    pub payload: serde_json::Value,
    pub run_at: Timestamp,
    pub priority: Priority,
    /// While a job with this key waits, enqueueing another does nothing.
    pub dedupe_key: Option<String>,
}

impl NewJob {
    /// A job of normal priority that is due at once.
    pub const fn new(
        id: JobId,
        kind: &'static str,
        payload: serde_json::Value,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            kind,
            payload,
            run_at: now,
            priority: Priority::Normal,
            dedupe_key: None,
        }
    }
    #[must_use]
    pub const fn run_at(mut self, at: Timestamp) -> Self {
        self.run_at = at;
        self
    }
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
    #[must_use]
    pub fn dedupe(mut self, key: impl Into<String>) -> Self {
        self.dedupe_key = Some(key.into());
        self
    }
}

/// Which of the due jobs go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Priority {
    /// Someone is waiting: webhooks, gate deltas.
    High,
    Normal,
    /// Sweepers, statistics.
    Low,
}

/// Where a job stands. Done jobs are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum JobStatus {
    /// Waits for `run_at`.
    Queued,
    /// A runner works on it; after `lease_until` it is up for grabs again.
    Running { lease_until: Timestamp },
    /// Failed too often, or for good, at `at`.
    Dead { at: Timestamp },
}

/// A stored job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    pub payload: serde_json::Value,
    pub run_at: Timestamp,
    pub priority: Priority,
    pub dedupe_key: Option<String>,
    pub status: JobStatus,
    /// How often it was started.
    pub attempts: u32,
    /// Names the start that is under way: its runner may hold on to the job, and settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<i64>,
    pub last_error: Option<String>,
}

impl Job {
    /// When a runner may take it; for a dead job, when it died.
    pub(super) const fn due_at(&self) -> Timestamp {
        match self.status {
            JobStatus::Queued => self.run_at,
            JobStatus::Running { lease_until } => lease_until,
            JobStatus::Dead { at } => at,
        }
    }
}

impl Entity for Job {
    const COLLECTION: Collection = Collection {
        name: "jobs",
        fields: &[
            Field::text("state"),
            Field::int("priority"),
            Field::int("due_at"),
            Field::text("kind"),
            Field::text("dedupe_key").nullable(),
        ],
        indexes: &[
            Index::on("by_due", &["state", "priority", "due_at"]),
            Index::on("by_kind", &["kind", "state"]),
            Index::unique("by_dedupe", &["dedupe_key"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        let (state, waits) = match self.status {
            JobStatus::Queued => (STATE_LIVE, true),
            JobStatus::Running { .. } => (STATE_LIVE, false),
            JobStatus::Dead { .. } => (STATE_DEAD, false),
        };
        vec![
            state.into(),
            (self.priority as u8).into(),
            self.due_at().into(),
            self.kind.as_str().into(),
            self.dedupe_key.as_deref().filter(|_| waits).into(),
        ]
    }
}

/// Queued or running: `due_at` says when a runner may take it.
pub(crate) const STATE_LIVE: &str = "live";
pub(crate) const STATE_DEAD: &str = "dead";
