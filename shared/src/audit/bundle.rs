//! The bundle: one JSON object a line, so that it can be streamed, cut into pieces and looked at.
//!
//! In this order: header; statements (roots ascending, keyring, roster, snapshot, checkpoint); the
//! snapshot's segments of tickets and extras; each log with its entries; forks; the server's
//! redemptions; end. A device writes one, too, as its archive: its header names it, and it has no
//! redemptions, which are the server's.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::api::gate::{RedemptionKind, RedemptionLabel};
use crate::ids::{DeviceId, EventId};
use crate::time::Timestamp;
use crate::trust::SegmentKind;

pub const FORMAT: u32 = 1;
/// The largest line is a statement of two megabytes, in base64.
pub const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "line",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Line {
    Header {
        format: u32,
        event: EventId,
        title: String,
        exported_at: Timestamp,
        /// The device that wrote it; absent: the server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
    },
    /// A signed root, keyring, roster, snapshot manifest or checkpoint: its wire form, base64.
    Statement { wire: String },
    /// A segment of tickets or extras that the manifest names: its wire form, base64.
    Segment {
        kind: SegmentKind,
        index: u32,
        wire: String,
    },
    /// A log, and where it ends in the exporter's store.
    Log {
        /// Wire form, base64.
        genesis: String,
        next_seq: u32,
        /// Hex.
        head: String,
    },
    /// Consecutive entries of a log with the signature of the last.
    Entries {
        /// Hex.
        log: String,
        first_seq: u32,
        /// Hash of everything before, hex.
        before: String,
        /// Each base64.
        bodies: Vec<String>,
        /// Base64.
        signature: String,
    },
    /// Other entries of a log, signed by the same device: proof that it told two histories.
    Fork {
        log: String,
        first_seq: u32,
        before: String,
        bodies: Vec<String>,
        signature: String,
    },
    /// What the server made of the entries.
    Redemptions { rows: Vec<RedemptionRow> },
    /// Something that the server noted; told, not checked.
    Incident {
        kind: String,
        device: DeviceId,
        at: Timestamp,
        subject: String,
    },
    /// Lines before this one. Without it the bundle was cut off.
    End { lines: u64 },
}

/// One redemption as the server has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedemptionRow {
    /// Hex.
    pub log: String,
    pub seq: u32,
    pub kind: RedemptionKind,
    pub label: RedemptionLabel,
    pub serial: u32,
    pub generation: u8,
    pub gate: u16,
    pub at: Timestamp,
}

pub fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}

/// A fixed number of bytes from hex.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok()
}
