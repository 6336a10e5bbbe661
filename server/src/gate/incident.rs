//! Gate incidents: what people may have to look at, with the evidence.

use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use super::encoding::base64;
use crate::platform::db::{Collection, DbError, Entity, Field, Index, IndexValue, Tx};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// An enrolment code was presented a second time.
    CodeReused,
    /// Two entries, both signed, at one place of a log.
    Fork,
    /// An admission whose proof of scan does not fit the ticket.
    UnprovenScan,
    /// Entries of an evicted device past its cut.
    Quarantined,
}

/// One incident. The same incident is noted once, however often it is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub event: EventId,
    pub kind: IncidentKind,
    pub device: DeviceId,
    pub at: Timestamp,
    /// What tells this incident from others of its kind: a log and seq, a code's hash.
    pub subject: String,
    /// The signed bytes that prove it, if there are any.
    #[serde(with = "base64")]
    pub evidence: Vec<u8>,
}

impl Entity for Incident {
    const COLLECTION: Collection = Collection {
        name: "gate_incidents",
        fields: &[Field::text("event_id"), Field::int("noted_at")],
        indexes: &[Index::on("by_event", &["event_id", "noted_at"])],
    };
    fn id(&self) -> String {
        let kind = match self.kind {
            IncidentKind::CodeReused => "code_reused",
            IncidentKind::Fork => "fork",
            IncidentKind::UnprovenScan => "unproven_scan",
            IncidentKind::Quarantined => "quarantined",
        };
        format!("{}:{kind}:{}", self.event, self.subject)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into(), self.at.into()]
    }
}

impl Incident {
    pub fn new(
        event: EventId,
        kind: IncidentKind,
        device: DeviceId,
        subject: String,
        at: Timestamp,
    ) -> Self {
        Self {
            event,
            kind,
            device,
            at,
            subject,
            evidence: Vec::new(),
        }
    }
    #[must_use]
    pub fn with_evidence(mut self, evidence: Vec<u8>) -> Self {
        self.evidence = evidence;
        self
    }
    /// Stores it unless it is known.
    pub fn note(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        if tx.get::<Self>(&self.id())?.is_none() {
            tracing::warn!(
                event.id = %self.event,
                device.id = %self.device,
                incident.kind = ?self.kind,
                incident.subject = %self.subject,
                "gate incident noted"
            );
            tx.insert(self)?;
        }
        Ok(())
    }
}
