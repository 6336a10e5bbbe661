//! The snapshot: a signed manifest that names its segments by hash, and the segments.
//!
//! A delta is a newer manifest: the device fetches the segments whose hashes it does not have.
//! That makes fetching idempotent and resumable, from any peer, in any order.

use serde::{Deserialize, Serialize};

use super::statement::TrustError;
use crate::ids::{ClassId, GateId};
use crate::ticket::ScanCommitment;
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPolicy {
    pub id: ClassId,
    pub name: String,
    pub zones: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatePolicy {
    pub id: GateId,
    pub name: String,
    /// 0 admits every class.
    pub zones: u16,
}

/// The event's rules as data. Order of classes, zones and gates is append-only: the token and the
/// log name them by index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub title: String,
    /// IANA name.
    pub timezone: String,
    /// BCP 47; the language of explanations.
    pub language: String,
    /// Zero of the tickets' window units.
    pub epoch: Timestamp,
    pub starts: Timestamp,
    pub ends: Timestamp,
    /// Highest serial ever put in stock.
    pub serial_max: u32,
    pub zones: Vec<String>,
    pub classes: Vec<ClassPolicy>,
    pub gates: Vec<GatePolicy>,
    pub early_tolerance_secs: u32,
    pub late_tolerance_secs: u32,
    /// Older than this: amber. Older than `red`: `snapshot_too_old` without a supervisor.
    pub amber_after_secs: u32,
    pub red_after_secs: u32,
    /// JSON-logic documents by name; all must be true.
    pub rules: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SegmentKind {
    /// `TicketRow`s of `SEGMENT_TICKETS` serials, 16 bytes each.
    Tickets,
    /// Seat labels by seat index, `SEGMENT_TICKETS` each.
    Seats,
    /// Holder names by serial; only when the event says so.
    Holders,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRef {
    pub kind: SegmentKind,
    /// First serial (or seat index) is `index * SEGMENT_TICKETS`.
    pub index: u32,
    /// BLAKE3 of the segment's wire bytes.
    pub hash: [u8; 32],
    pub bytes: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub keyring_version: u64,
    pub roster_version: u64,
    pub policy: Policy,
    pub segments: Vec<SegmentRef>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketRowStatus {
    /// No ticket was claimed under this serial when the snapshot was made.
    Unclaimed,
    Active,
    Cancelled,
    Revoked,
    Blocked,
    Unpaid,
    Expired,
}

/// 16 bytes: status, generation, class, flags, seat u24, reserved 0, commitment 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketRow {
    pub status: TicketRowStatus,
    pub generation: u8,
    pub class: u8,
    /// Bit 0: staff must look at the ID.
    pub flags: u8,
    pub seat: u32,
    pub commitment: ScanCommitment,
}

impl TicketRow {
    pub const LEN: usize = 16;
    pub const EMPTY: Self = Self {
        status: TicketRowStatus::Unclaimed,
        generation: 0,
        class: 0,
        flags: 0,
        seat: 0,
        commitment: ScanCommitment([0; 8]),
    };
    pub fn encode(&self) -> [u8; Self::LEN] {
        unimplemented!()
    }
    pub fn decode(_bytes: &[u8; Self::LEN]) -> Result<Self, TrustError> {
        unimplemented!()
    }
}

/// A segment's content. Wire form: postcard, `V1` first, read strictly, hash checked by the caller
/// against the manifest through `Segment::open`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Segment {
    /// Concatenated `TicketRow`s, at most `SEGMENT_TICKETS`.
    Tickets(Vec<u8>),
    Seats(Vec<String>),
    /// (serial, name), ascending.
    Holders(Vec<(u32, String)>),
}

impl Segment {
    pub fn to_wire(&self) -> Vec<u8> {
        unimplemented!()
    }
    /// Checks length, hash, kind, canonical form and bounds.
    pub fn open(_reference: &SegmentRef, _wire: &[u8]) -> Result<Self, TrustError> {
        unimplemented!()
    }
    pub fn reference(&self, _index: u32) -> SegmentRef {
        unimplemented!()
    }
}
