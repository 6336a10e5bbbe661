//! What the gate slice stores: keys, statements, segments, devices, logs, entries, redemptions.
//!
//! Invariants: a log's runs are contiguous from seq 0 to its head, and the head moves in the commit
//! that stores the run; statements of one kind have dense versions; nothing here holds a seed or a
//! code in the clear.

use serde::{Deserialize, Serialize};
use shared::api::gate::{DeviceRole, DeviceStatus};
use shared::ids::{DeviceId, EventId, GateId};
use shared::log::{Genesis, LogHead, LogId, LogSegment};
use shared::sync::DeviceReport;
use shared::time::Timestamp;
use shared::trust::{Segment, SegmentKind, SegmentRef, Signed, StatementKind, TrustError};

use super::encoding::{base64, hex};
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// A signed statement as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredStatement {
    pub event: EventId,
    pub kind: StatementKind,
    pub version: u64,
    pub created: Timestamp,
    pub expires: Timestamp,
    #[serde(with = "hex")]
    pub hash: [u8; 32],
    #[serde(with = "base64")]
    wire: Vec<u8>,
}

impl StoredStatement {
    pub fn new(header: &shared::trust::Header, signed: &Signed) -> Self {
        Self {
            event: header.event,
            kind: header.kind,
            version: header.version,
            created: header.created,
            expires: header.expires,
            hash: signed.hash(),
            wire: signed.to_wire(),
        }
    }
    pub fn key(event: EventId, kind: StatementKind, version: u64) -> String {
        format!("{event}:{}:{version}", kind_name(kind))
    }
    pub fn signed(&self) -> Result<Signed, TrustError> {
        Signed::from_wire(&self.wire)
    }
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }
}
impl Entity for StoredStatement {
    const COLLECTION: Collection = Collection {
        name: "gate_statements",
        fields: &[
            Field::text("event_id"),
            Field::text("kind"),
            Field::int("version"),
        ],
        indexes: &[Index::unique(
            "by_version",
            &["event_id", "kind", "version"],
        )],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.kind, self.version)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.event.into(),
            kind_name(self.kind).into(),
            i64::try_from(self.version).unwrap_or(i64::MAX).into(),
        ]
    }
}

/// The stored name of a statement kind.
pub const fn kind_name(kind: StatementKind) -> &'static str {
    match kind {
        StatementKind::Root => "root",
        StatementKind::Keyring => "keyring",
        StatementKind::Roster => "roster",
        StatementKind::Snapshot => "snapshot",
        StatementKind::Checkpoint => "checkpoint",
    }
}

/// One segment of the current snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSegment {
    pub event: EventId,
    pub reference: SegmentRef,
    #[serde(with = "base64")]
    pub wire: Vec<u8>,
}

impl StoredSegment {
    pub fn new(event: EventId, index: u32, segment: &Segment) -> Self {
        Self {
            event,
            reference: segment.reference(index),
            wire: segment.to_wire(),
        }
    }
    pub fn key(event: EventId, kind: SegmentKind, index: u32) -> String {
        let kind = match kind {
            SegmentKind::Tickets => "tickets",
            SegmentKind::Seats => "seats",
            SegmentKind::Holders => "holders",
            SegmentKind::Extras => "extras",
            SegmentKind::Codes => "codes",
        };
        format!("{event}:{kind}:{index}")
    }
}
impl Entity for StoredSegment {
    const COLLECTION: Collection = Collection {
        name: "gate_segments",
        fields: &[Field::text("event_id"), Field::text("hash")],
        indexes: &[Index::on("by_hash", &["event_id", "hash"])],
    };
    fn id(&self) -> String {
        Self::key(self.event, self.reference.kind, self.reference.index)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.event.into(),
            data_encoding::HEXLOWER.encode(&self.reference.hash).into(),
        ]
    }
}

/// A kiosk or phone of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateDevice {
    pub id: DeviceId,
    pub event: EventId,
    pub name: String,
    pub gate: GateId,
    /// Of its gate, which keeps them.
    #[serde(default)]
    pub zones: u16,
    pub role: DeviceRole,
    /// Somebody stands beside it.
    #[serde(default = "attended")]
    pub attended: bool,
    pub status: DeviceStatus,
    pub created_at: Timestamp,
    /// SHA-256 of the enrolment code, hex; kept after use, so that a second use is told apart.
    pub code_hash: Option<String>,
    pub code_expires_at: Timestamp,
    /// Hex; set at enrolment.
    pub public_key: Option<String>,
    pub enrolled_at: Option<Timestamp>,
    pub evicted_at: Option<Timestamp>,
    /// Where its logs end for good, once it is evicted.
    #[serde(default)]
    pub cut: Vec<LogCut>,
    /// Where entries past the cut lead that people took up again.
    #[serde(default)]
    pub adopted: Vec<LogCut>,
    pub last_seen_at: Option<Timestamp>,
    /// Server clock minus device clock at the last sync.
    #[serde(default)]
    pub clock_offset_ms: i64,
    #[serde(default)]
    pub app_version: String,
    /// What it said about itself at its last sync.
    #[serde(default)]
    pub report: Option<DeviceReport>,
    /// Six digits that its screen shows too, from its enrolment.
    #[serde(default)]
    pub transcript_code: Option<String>,
    /// Entries received from its logs.
    #[serde(default)]
    pub entries: u64,
}

/// Devices of before the question was asked have people beside them.
const fn attended() -> bool {
    true
}

/// Entries of `log` before `next_seq` count; later ones are quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogCut {
    #[serde(with = "hex")]
    pub log: [u8; 16],
    pub next_seq: u32,
    #[serde(with = "hex")]
    pub head: [u8; 32],
}

impl GateDevice {
    /// The first quarantined seq of a log of this device; `None` while nothing is.
    pub fn cut_of(&self, log: LogId) -> Option<u32> {
        match self.status {
            DeviceStatus::Invited | DeviceStatus::Pending | DeviceStatus::Enrolled => None,
            DeviceStatus::Evicted => Some(
                self.cut
                    .iter()
                    .find(|cut| cut.log == log.0)
                    .map_or(0, |cut| cut.next_seq),
            ),
        }
    }
    pub fn public_key_bytes(&self) -> Option<[u8; 32]> {
        self.public_key
            .as_deref()
            .and_then(super::encoding::parse_hex)
    }
}
impl Entity for GateDevice {
    const COLLECTION: Collection = Collection {
        name: "gate_devices",
        fields: &[
            Field::text("event_id"),
            Field::text("code_hash").nullable(),
            Field::text("public_key").nullable(),
        ],
        indexes: &[
            Index::on("by_event", &["event_id"]),
            Index::unique("by_code", &["code_hash"]),
            Index::unique("by_key", &["event_id", "public_key"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.event.into(),
            self.code_hash.clone().into(),
            self.public_key.clone().into(),
        ]
    }
}

/// How far a device's log is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateLog {
    #[serde(with = "hex")]
    id: [u8; 16],
    pub event: EventId,
    pub device: DeviceId,
    pub next_seq: u32,
    #[serde(with = "hex")]
    pub head: [u8; 32],
    #[serde(with = "base64")]
    genesis: Vec<u8>,
    /// How far the device's clock is off, as its last clock entry says.
    #[serde(default)]
    pub clock_told_ms: Option<i64>,
}

impl GateLog {
    pub fn new(genesis: &Genesis) -> Self {
        let head = genesis.head();
        Self {
            id: genesis.log_id().0,
            event: genesis.event,
            device: genesis.device,
            next_seq: head.next_seq,
            head: head.hash,
            genesis: genesis.to_wire(),
            clock_told_ms: None,
        }
    }
    pub fn log(&self) -> LogId {
        LogId(self.id)
    }
    pub fn head(&self) -> LogHead {
        LogHead {
            next_seq: self.next_seq,
            hash: self.head,
        }
    }
    pub fn move_to(&mut self, head: LogHead) {
        self.next_seq = head.next_seq;
        self.head = head.hash;
    }
    pub fn genesis(&self) -> Result<Genesis, shared::log::ChainError> {
        Genesis::from_wire(&self.genesis)
    }
}
impl Entity for GateLog {
    const COLLECTION: Collection = Collection {
        name: "gate_logs",
        fields: &[Field::text("event_id"), Field::text("device_id")],
        indexes: &[
            Index::on("by_event", &["event_id"]),
            Index::on("by_device", &["device_id"]),
        ],
    };
    fn id(&self) -> String {
        self.log().to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into(), self.device.into()]
    }
}

/// Consecutive entries as received, with the signature of the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRun {
    #[serde(with = "hex")]
    log: [u8; 16],
    pub first_seq: u32,
    /// Hash of everything before `first_seq`.
    #[serde(with = "hex")]
    before: [u8; 32],
    /// Concatenated: length byte, body.
    #[serde(with = "base64")]
    bodies: Vec<u8>,
    count: u32,
    #[serde(with = "base64")]
    signature: Vec<u8>,
}

impl EntryRun {
    /// `segment` was verified on top of `before` and is not empty.
    pub fn new(segment: &LogSegment, before: [u8; 32]) -> Self {
        let mut bodies = Vec::with_capacity(segment.bodies.len() * 31);
        for body in &segment.bodies {
            // Entry bodies are 30 or 50 bytes: the codec knows no other.
            bodies.push(u8::try_from(body.len()).unwrap_or(0));
            bodies.extend_from_slice(body);
        }
        Self {
            log: segment.log.0,
            first_seq: segment.first_seq,
            before,
            bodies,
            count: u32::try_from(segment.bodies.len()).unwrap_or(0),
            signature: segment.signature.clone(),
        }
    }
    pub fn before(&self) -> LogHead {
        LogHead {
            next_seq: self.first_seq,
            hash: self.before,
        }
    }
    /// Of its last entry.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
    /// The seq after its last entry.
    pub fn next_seq(&self) -> u32 {
        self.first_seq + self.count
    }
    /// The entries from `from` on, which lies inside the run, as a catch-up segment.
    pub fn segment_from(&self, from: u32) -> LogSegment {
        let skip = from.saturating_sub(self.first_seq);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        LogSegment {
            log: LogId(self.log),
            first_seq: self.first_seq.max(from),
            bodies: self.bodies().skip(skip).map(<[u8]>::to_vec).collect(),
            signature: self.signature.clone(),
        }
    }
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bodies.as_slice();
        std::iter::from_fn(move || {
            let (length, tail) = rest.split_first()?;
            let (body, tail) = tail.split_at_checked(usize::from(*length))?;
            rest = tail;
            Some(body)
        })
    }
}
impl Entity for EntryRun {
    const COLLECTION: Collection = Collection {
        name: "gate_entries",
        fields: &[Field::text("log_id"), Field::int("last_seq")],
        indexes: &[Index::unique("by_log", &["log_id", "last_seq"])],
    };
    fn id(&self) -> String {
        format!("{}:{}", LogId(self.log), self.first_seq)
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            LogId(self.log).to_string().into(),
            i64::from(self.next_seq().saturating_sub(1)).into(),
        ]
    }
}
