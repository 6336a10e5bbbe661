//! The snapshot's segments: what the manifest names by hash.
//!
//! Invariant: an opened segment holds only rows, labels and names that are in bounds and belong to
//! its index; readers need not check again.

use serde::{Deserialize, Serialize};

use super::codes::Codes;
use super::extras::{self, Extra};
use super::statement::TrustError;
use crate::limits::{NAME_CHARS_MAX, SEGMENT_TICKETS};
use crate::sync::strict::{self, bounded};
use crate::ticket::ScanCommitment;

/// Segments of names are the largest: 1024 of 100 characters of up to 4 bytes.
pub const SEGMENT_BYTES_MAX: usize = 448 * 1024;
/// "Block 104, row 23, seat 118" and then some.
pub const SEAT_LABEL_BYTES_MAX: usize = 100;
const ROWS_MAX: usize = SEGMENT_TICKETS as usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SegmentKind {
    /// `TicketRow`s of `SEGMENT_TICKETS` serials, 16 bytes each.
    Tickets,
    /// Seat labels by seat index, `SEGMENT_TICKETS` each.
    Seats,
    /// Holder names by serial; only when the event says so.
    Holders,
    /// Notes and add-ons by serial.
    Extras,
    /// What a ticket's token would tell, and the index of its typed code.
    Codes,
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

impl SegmentRef {
    /// Where the segment stands in a manifest.
    pub fn place(&self) -> (SegmentKind, u32) {
        (self.kind, self.index)
    }
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

impl TicketRowStatus {
    const fn code(self) -> u8 {
        match self {
            Self::Unclaimed => 0,
            Self::Active => 1,
            Self::Cancelled => 2,
            Self::Revoked => 3,
            Self::Blocked => 4,
            Self::Unpaid => 5,
            Self::Expired => 6,
        }
    }
    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Unclaimed,
            1 => Self::Active,
            2 => Self::Cancelled,
            3 => Self::Revoked,
            4 => Self::Blocked,
            5 => Self::Unpaid,
            6 => Self::Expired,
            _ => return None,
        })
    }
}

/// 16 bytes: status, generation, class, flags, seat u24 (big-endian), reserved 0, commitment 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketRow {
    pub status: TicketRowStatus,
    pub generation: u8,
    pub class: u8,
    /// Bits by the constants below. The others are 0.
    pub flags: u8,
    /// 24 bits.
    pub seat: u32,
    pub commitment: ScanCommitment,
}

impl TicketRow {
    pub const LEN: usize = 16;
    /// Staff must look at the ID.
    pub const ID_CHECK: u8 = 1;
    /// Enters although it is not paid for yet.
    pub const VALID_IF_PENDING: u8 = 1 << 1;
    /// The order waits for the organizer's approval: nobody at the gate can give it.
    pub const NEEDS_APPROVAL: u8 = 1 << 2;
    /// What the gate would ask was answered in the order.
    pub const ANSWERED: u8 = 1 << 3;
    /// The code turns; its still form was never issued.
    pub const ROTATING: u8 = 1 << 4;
    /// The code is sealed; its clear form was never issued.
    pub const SEALED: u8 = 1 << 7;
    const FLAGS_KNOWN: u8 = 0b1001_1111;
    pub const EMPTY: Self = Self {
        status: TicketRowStatus::Unclaimed,
        generation: 0,
        class: 0,
        flags: 0,
        seat: 0,
        commitment: ScanCommitment([0; 8]),
    };
    /// A seat beyond 24 bits spills into the reserved byte, so that readers refuse the row instead
    /// of taking it for another seat.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let [high, seat @ ..] = self.seat.to_be_bytes();
        let mut bytes = [0; Self::LEN];
        bytes[0] = self.status.code();
        bytes[1] = self.generation;
        bytes[2] = self.class;
        bytes[3] = self.flags;
        bytes[4..7].copy_from_slice(&seat);
        bytes[7] = high;
        bytes[8..].copy_from_slice(&self.commitment.0);
        bytes
    }
    /// Canonical: what is accepted encodes to the same bytes.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Result<Self, TrustError> {
        let [
            status,
            generation,
            class,
            flags,
            s0,
            s1,
            s2,
            reserved,
            commitment @ ..,
        ] = *bytes;
        let status = TicketRowStatus::from_code(status)
            .ok_or(TrustError::Malformed("unknown ticket status"))?;
        if flags & !Self::FLAGS_KNOWN != 0 || reserved != 0 {
            return Err(TrustError::Malformed("reserved bits are set"));
        }
        Ok(Self {
            status,
            generation,
            class,
            flags,
            seat: u32::from_be_bytes([0, s0, s1, s2]),
            commitment: ScanCommitment(commitment),
        })
    }
}

/// A segment's content. Wire form: postcard, `V1` first, read strictly, hash checked by the caller
/// against the manifest through `Segment::open`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Segment {
    /// Concatenated `TicketRow`s, at most `SEGMENT_TICKETS`.
    Tickets(Vec<u8>),
    Seats(#[serde(deserialize_with = "bounded::<ROWS_MAX, _, _>")] Vec<String>),
    /// (serial, name), ascending.
    Holders(#[serde(deserialize_with = "bounded::<ROWS_MAX, _, _>")] Vec<(u32, String)>),
    /// Ascending by serial.
    Extras(#[serde(deserialize_with = "bounded::<ROWS_MAX, _, _>")] Vec<(u32, Extra)>),
    Codes(Codes),
}

impl Segment {
    pub fn of_rows(rows: &[TicketRow]) -> Self {
        Self::Tickets(rows.iter().flat_map(TicketRow::encode).collect())
    }
    /// The rows of an opened ticket segment, first serial first; none for other kinds.
    pub fn rows(&self) -> impl Iterator<Item = TicketRow> {
        let bytes = match self {
            Self::Tickets(bytes) => bytes.as_slice(),
            Self::Seats(_) | Self::Holders(_) | Self::Extras(_) | Self::Codes(_) => &[],
        };
        let (rows, _) = bytes.as_chunks::<{ TicketRow::LEN }>();
        // `open` has refused rows that do not decode.
        rows.iter().filter_map(|row| TicketRow::decode(row).ok())
    }
    pub fn kind(&self) -> SegmentKind {
        match self {
            Self::Tickets(_) => SegmentKind::Tickets,
            Self::Seats(_) => SegmentKind::Seats,
            Self::Holders(_) => SegmentKind::Holders,
            Self::Extras(_) => SegmentKind::Extras,
            Self::Codes(_) => SegmentKind::Codes,
        }
    }
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_versioned(self)
    }
    /// Checks length, hash, kind, canonical form and bounds.
    pub fn open(reference: &SegmentRef, wire: &[u8]) -> Result<Self, TrustError> {
        if wire.len() > SEGMENT_BYTES_MAX || u32::try_from(wire.len()) != Ok(reference.bytes) {
            return Err(TrustError::Malformed("segment length"));
        }
        if *blake3::hash(wire).as_bytes() != reference.hash {
            return Err(TrustError::Malformed("segment hash"));
        }
        let segment: Self = strict::from_versioned(wire, SEGMENT_BYTES_MAX)?;
        if segment.kind() != reference.kind {
            return Err(TrustError::Malformed("segment kind"));
        }
        segment.check(reference.index)?;
        Ok(segment)
    }
    /// How a manifest names this segment. A segment over `SEGMENT_BYTES_MAX` gets a reference that
    /// `Manifest::check` refuses.
    pub fn reference(&self, index: u32) -> SegmentRef {
        let wire = self.to_wire();
        SegmentRef {
            kind: self.kind(),
            index,
            hash: *blake3::hash(&wire).as_bytes(),
            bytes: u32::try_from(wire.len()).unwrap_or(u32::MAX),
        }
    }
    /// Bounds that a publisher keeps and `open` insists on.
    pub fn check(&self, index: u32) -> Result<(), TrustError> {
        match self {
            Self::Tickets(bytes) => check_rows(bytes),
            Self::Seats(labels) => check_seats(labels),
            Self::Holders(holders) => check_holders(holders, index),
            Self::Extras(extras) => extras::check(extras, index),
            Self::Codes(codes) => codes.check(),
        }
    }
}

fn check_rows(bytes: &[u8]) -> Result<(), TrustError> {
    let (rows, rest) = bytes.as_chunks::<{ TicketRow::LEN }>();
    if !rest.is_empty() {
        return Err(TrustError::Malformed("half a ticket row"));
    }
    if rows.len() > ROWS_MAX {
        return Err(TrustError::Malformed("too many rows"));
    }
    rows.iter()
        .try_for_each(|row| TicketRow::decode(row).map(|_| ()))
}

fn check_seats(labels: &[String]) -> Result<(), TrustError> {
    if labels.len() > ROWS_MAX {
        return Err(TrustError::Malformed("too many rows"));
    }
    if labels
        .iter()
        .any(|label| label.len() > SEAT_LABEL_BYTES_MAX)
    {
        return Err(TrustError::Malformed("seat label too long"));
    }
    Ok(())
}

fn check_holders(holders: &[(u32, String)], index: u32) -> Result<(), TrustError> {
    // Ascending serials of one segment are at most `SEGMENT_TICKETS` in number.
    if !holders.windows(2).all(|pair| pair[0].0 < pair[1].0) {
        return Err(TrustError::Malformed("holders out of order"));
    }
    for (serial, name) in holders {
        if serial / SEGMENT_TICKETS != index {
            return Err(TrustError::Malformed("holder outside the segment"));
        }
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(TrustError::Malformed("name too long"));
        }
    }
    Ok(())
}
