//! One use of a ticket as the server tells it: projected from a device's entry, labelled by the
//! fold over all entries of the ticket.

use serde::{Deserialize, Serialize};
use shared::api::gate::{RedemptionKind, RedemptionLabel};
use shared::ids::{ClaimedTicketId, DeviceId, EventId, TicketId};
use shared::log::{DecisionFlags, Entry, EntryKind, Hlc, LogId, Target, Use, UseLabel};
use shared::time::Timestamp;

use super::encoding::hex;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    pub event: EventId,
    #[serde(with = "hex")]
    log: [u8; 16],
    pub seq: u32,
    pub device: DeviceId,
    pub ticket: Option<TicketId>,
    pub claimed_ticket: Option<ClaimedTicketId>,
    pub serial: u32,
    pub generation: u8,
    pub kind: RedemptionKind,
    pub label: RedemptionLabel,
    /// Index into the event's gates.
    pub gate: u16,
    hlc_millis: u64,
    hlc_counter: u16,
    target_log: Option<String>,
    target_seq: Option<u32>,
    /// How the decision was made, as the entry says.
    #[serde(default)]
    flags: u16,
    /// Server clock minus the device's, as far as it was known when the entry came.
    #[serde(default)]
    pub clock_offset_ms: i64,
    pub received_at: Timestamp,
}

/// The kind under which an entry shows as a redemption; `None` for what moves nobody.
pub(super) fn redemption_kind(kind: EntryKind) -> Option<RedemptionKind> {
    match kind {
        EntryKind::Admit => Some(RedemptionKind::Admit),
        EntryKind::Exit => Some(RedemptionKind::Exit),
        EntryKind::Forced => Some(RedemptionKind::Forced),
        EntryKind::Undo => Some(RedemptionKind::Undo),
        EntryKind::Refused | EntryKind::Clock | EntryKind::Roster | EntryKind::Checkpoint => None,
    }
}

pub(super) fn redemption_label(label: UseLabel) -> RedemptionLabel {
    match label {
        UseLabel::Primary => RedemptionLabel::Primary,
        UseLabel::Duplicate => RedemptionLabel::Duplicate,
        UseLabel::None => RedemptionLabel::None,
    }
}

impl Redemption {
    /// `None` when the entry is of a kind that redeems nothing.
    pub fn of_entry(
        event: EventId,
        log: LogId,
        device: DeviceId,
        entry: &Entry,
        received_at: Timestamp,
    ) -> Option<Self> {
        Some(Self {
            event,
            log: log.0,
            seq: entry.seq,
            device,
            ticket: None,
            claimed_ticket: None,
            serial: entry.serial,
            generation: entry.generation,
            kind: redemption_kind(entry.kind)?,
            label: RedemptionLabel::None,
            gate: entry.gate,
            hlc_millis: entry.hlc.millis,
            hlc_counter: entry.hlc.counter,
            target_log: entry.target.map(|target| target.log.to_string()),
            target_seq: entry.target.map(|target| target.seq),
            flags: entry.flags.0,
            clock_offset_ms: 0,
            received_at,
        })
    }
    /// The id of the row that an entry became.
    pub fn key(log: LogId, seq: u32) -> String {
        format!("{log}:{seq}")
    }
    pub fn log(&self) -> LogId {
        LogId(self.log)
    }
    /// When the device recorded it.
    pub fn at(&self) -> Timestamp {
        self.hlc().at()
    }
    /// The same by the server's clock.
    pub fn corrected_at(&self) -> Timestamp {
        self.at().plus_millis(self.clock_offset_ms)
    }
    pub fn flags(&self) -> DecisionFlags {
        DecisionFlags(self.flags)
    }
    fn hlc(&self) -> Hlc {
        Hlc {
            millis: self.hlc_millis,
            counter: self.hlc_counter,
        }
    }
    /// As the fold sees it.
    pub fn as_use(&self) -> Use {
        let target_log = self
            .target_log
            .as_deref()
            .and_then(super::encoding::parse_hex);
        Use {
            log: self.log(),
            seq: self.seq,
            device: self.device,
            hlc: self.hlc(),
            kind: match self.kind {
                RedemptionKind::Admit => EntryKind::Admit,
                RedemptionKind::Exit => EntryKind::Exit,
                RedemptionKind::Forced => EntryKind::Forced,
                RedemptionKind::Undo => EntryKind::Undo,
            },
            gate: self.gate,
            generation: self.generation,
            target: target_log.zip(self.target_seq).map(|(log, seq)| Target {
                log: LogId(log),
                seq,
            }),
        }
    }
}
impl Entity for Redemption {
    const COLLECTION: Collection = Collection {
        name: "redemptions",
        fields: &[
            Field::text("event_id"),
            Field::int("received_at"),
            Field::int("seq"),
            Field::int("serial"),
            Field::int("duplicate_serial").nullable(),
        ],
        indexes: &[
            Index::on("by_event", &["event_id", "received_at", "seq"]),
            Index::on("by_serial", &["event_id", "serial"]),
            Index::on("by_duplicate", &["event_id", "duplicate_serial"]),
        ],
    };
    fn id(&self) -> String {
        Self::key(self.log(), self.seq)
    }
    fn index(&self) -> Vec<IndexValue> {
        let duplicate =
            (self.label == RedemptionLabel::Duplicate).then_some(i64::from(self.serial));
        vec![
            self.event.into(),
            self.received_at.into(),
            i64::from(self.seq).into(),
            i64::from(self.serial).into(),
            duplicate.into(),
        ]
    }
}

/// A use that counts for nothing, because its device had been cut off when it was made. Kept so
/// that people learn of it: somebody may have come in by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect(pub Redemption);

impl Entity for Suspect {
    const COLLECTION: Collection = Collection {
        name: "gate_suspects",
        fields: &[Field::text("event_id"), Field::int("serial")],
        indexes: &[Index::on("by_serial", &["event_id", "serial"])],
    };
    fn id(&self) -> String {
        self.0.id()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.0.event.into(), i64::from(self.0.serial).into()]
    }
}
