//! Gate incidents: what people may have to look at, with the evidence.

use serde::{Deserialize, Serialize};
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use super::encoding::base64;
use super::{alert, live};
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
    /// More came in on a ticket than may.
    SameTicketTwice,
    /// Many codes that nobody issued.
    ForgedCodes,
    /// A device that had been evicted asked for something.
    EvictedSpoke,
    /// A device says that it lost the end of a log.
    LogCut,
}

impl IncidentKind {
    /// The stored word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CodeReused => "code_reused",
            Self::Fork => "fork",
            Self::UnprovenScan => "unproven_scan",
            Self::Quarantined => "quarantined",
            Self::SameTicketTwice => "same_ticket_twice",
            Self::ForgedCodes => "forged_codes",
            Self::EvictedSpoke => "evicted_spoke",
            Self::LogCut => "log_cut",
        }
    }
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
    /// The ticket, if it is about one.
    #[serde(default)]
    pub serial: Option<u32>,
    /// Where the ticket came in first, if that is known.
    #[serde(default)]
    pub first: Option<DeviceId>,
    /// When it turned out to be none, for example because an admission was undone.
    #[serde(default)]
    pub resolved_at: Option<Timestamp>,
}

impl Entity for Incident {
    const COLLECTION: Collection = Collection {
        name: "gate_incidents",
        fields: &[Field::text("event_id"), Field::int("noted_at")],
        indexes: &[Index::on("by_event", &["event_id", "noted_at"])],
    };
    fn id(&self) -> String {
        let kind = self.kind.word();
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
            serial: None,
            first: None,
            resolved_at: None,
        }
    }
    #[must_use]
    pub fn with_evidence(mut self, evidence: Vec<u8>) -> Self {
        self.evidence = evidence;
        self
    }
    #[must_use]
    pub fn about(mut self, serial: u32) -> Self {
        self.serial = Some(serial);
        self
    }
    #[must_use]
    pub fn after(mut self, first: Option<DeviceId>) -> Self {
        self.first = first;
        self
    }
    /// Stores it unless it is known; one that was resolved is open again. Whoever wants to hear of it is
    /// told by a job of the same commit.
    pub fn note(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        let known = tx.get::<Self>(&self.id())?;
        if known.as_ref().is_none_or(|row| row.resolved_at.is_some()) {
            tracing::warn!(
                event.id = %self.event,
                device.id = %self.device,
                incident.kind = ?self.kind,
                incident.subject = %self.subject,
                "gate incident noted"
            );
            match known {
                Some(mut row) => {
                    row.value = self.clone();
                    tx.replace(&mut row)?;
                }
                None => {
                    tx.insert(self)?;
                }
            }
            live::touch(tx, self.event, self.at)?;
            alert::tell_later(tx, self)?;
        }
        Ok(())
    }
    /// There is nothing left to look at.
    pub fn resolve(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        if let Some(mut row) = tx.get::<Self>(&self.id())?
            && row.resolved_at.is_none()
        {
            row.value.resolved_at = Some(self.at);
            tx.replace(&mut row)?;
            alert::incident_over(tx, &row)?;
            live::touch(tx, self.event, self.at)?;
        }
        Ok(())
    }
}
