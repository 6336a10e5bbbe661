//! The 19 signed bytes. Fixed layout, no serde.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | `0x80` + ticket type |
//! | 1 | 1 | kid |
//! | 2 | 2 | event hint |
//! | 4 | 3 | serial |
//! | 7 | 1 | generation |
//! | 8 | 1 | class |
//! | 9 | 2 | zones |
//! | 11 | 2 | not before, quarter hours from the event's epoch |
//! | 13 | 2 | not after, the same |
//! | 15 | 1 | flags |
//! | 16 | 3 | seat |
//!
//! Invariants: integers are big-endian; one payload has one encoding; what `decode` refuses,
//! `encode` refuses, so nothing unreadable is ever signed.

use sha2::{Digest, Sha256};

use crate::ids::EventId;
use crate::limits::{SERIAL_MAX, TICKET_WINDOW_DAYS_MAX};
use crate::time::Timestamp;

pub const PAYLOAD_LEN: usize = 19;
pub const TOKEN_LEN: usize = 83;
pub const TOKEN_DIGITS: usize = 202;
/// Entry windows count in quarters of an hour from the event's epoch.
pub const WINDOW_UNIT_SECS: i64 = 900;
/// The widest entry window, in units.
pub const WINDOW_UNITS_MAX: u16 = TICKET_WINDOW_DAYS_MAX * 24 * 4;
/// Seat indices are 24 bits on the wire.
pub const SEAT_INDEX_MAX: u32 = 0x00FF_FFFF;

/// The high nibble of byte 0: format 1. Its decimal form never starts with 0.
const FORMAT: u8 = 0x80;
const EVENT_HINT_DOMAIN: &[u8] = b"TKT1 event";

/// The low nibble of byte 0. Each type has one length; `Static`, `Chain`, `Sealed`
/// and, on a chip, `MediumBound` are issued and admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketType {
    Static,
    Chain,
    Mac,
    HolderKey,
    Sealed,
    SealedChain,
    MediumBound,
}

impl TicketType {
    /// From byte 0 of a token.
    pub const fn from_byte(byte: u8) -> Result<Self, FrameError> {
        if byte & 0xF0 != FORMAT {
            return Err(FrameError::Format);
        }
        match byte & 0x0F {
            0 => Ok(Self::Static),
            1 => Ok(Self::Chain),
            2 => Ok(Self::Mac),
            3 => Ok(Self::HolderKey),
            4 => Ok(Self::Sealed),
            5 => Ok(Self::SealedChain),
            6 => Ok(Self::MediumBound),
            _ => Err(FrameError::Type),
        }
    }
    const fn nibble(self) -> u8 {
        match self {
            Self::Static => 0,
            Self::Chain => 1,
            Self::Mac => 2,
            Self::HolderKey => 3,
            Self::Sealed => 4,
            Self::SealedChain => 5,
            Self::MediumBound => 6,
        }
    }
    /// Bytes of a whole token of this type.
    pub const fn token_len(self) -> usize {
        match self {
            Self::Static | Self::MediumBound => TOKEN_LEN,
            Self::Chain => super::CHAIN_TOKEN_LEN,
            Self::Mac => 93,
            Self::HolderKey => 181,
            Self::Sealed => super::SEALED_TOKEN_LEN,
            Self::SealedChain => 134,
        }
    }
}

/// Bit set of byte 15. The two high bits are reserved: never set by these constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    pub const NONE: Self = Self(0);
    pub const SEAT: Self = Self(1);
    pub const ID_CHECK: Self = Self(1 << 1);
    pub const ADULT: Self = Self(1 << 2);
    pub const COMPANION: Self = Self(1 << 3);
    pub const RE_ENTRY: Self = Self(1 << 4);
    pub const ATTENDED: Self = Self(1 << 5);
    const RESERVED: u8 = 0b1100_0000;

    /// Refuses the reserved bits.
    pub const fn from_bits(bits: u8) -> Result<Self, FrameError> {
        if bits & Self::RESERVED == 0 {
            Ok(Self(bits))
        } else {
            Err(FrameError::Reserved)
        }
    }
    pub const fn bits(self) -> u8 {
        self.0
    }
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What the signature covers, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Slot in the event's keyring.
    pub kid: u8,
    /// Dense per event, 24 bits.
    pub serial: u32,
    /// 1 to 254; a newer one kills the older.
    pub generation: u8,
    /// Index into the snapshot's class table.
    pub class: u8,
    pub zones: u16,
    /// Quarter hours from the event's epoch; `not_after > not_before`, at most
    /// `WINDOW_UNITS_MAX` apart.
    pub not_before: u16,
    pub not_after: u16,
    pub flags: Flags,
    /// Index into the snapshot's seat table; present exactly when `Flags::SEAT` is set.
    pub seat: Option<u32>,
    /// Routing hint, `event_hint(event)`.
    pub hint: [u8; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    #[error("not the length of its ticket type")]
    Length,
    #[error("not format 1")]
    Format,
    #[error("unknown ticket type")]
    Type,
    #[error("a ticket type that is not in use here: {0:?}")]
    Unsupported(TicketType),
    #[error("reserved bits are set")]
    Reserved,
    #[error("seat index without the seat flag, or too large")]
    Seat,
    #[error("the entry window is empty or too wide")]
    Window,
    #[error("generation out of range")]
    Generation,
    #[error("serial out of range")]
    Serial,
    #[error("the routing hint is another event's")]
    Hint,
}

impl Payload {
    /// As a static ticket carries it. Refuses what `decode` would refuse.
    pub fn encode(&self) -> Result<[u8; PAYLOAD_LEN], FrameError> {
        self.encode_as(TicketType::Static)
    }

    /// As a ticket of this type carries it.
    pub fn encode_as(&self, kind: TicketType) -> Result<[u8; PAYLOAD_LEN], FrameError> {
        if self.seat.is_some() != self.flags.contains(Flags::SEAT) {
            return Err(FrameError::Seat);
        }
        let seat = self.seat.unwrap_or(0);
        if seat > SEAT_INDEX_MAX {
            return Err(FrameError::Seat);
        }
        self.check()?;
        let mut bytes = [0; PAYLOAD_LEN];
        bytes[0] = FORMAT | kind.nibble();
        bytes[1] = self.kid;
        bytes[2..4].copy_from_slice(&self.hint);
        bytes[4..7].copy_from_slice(&self.serial.to_be_bytes()[1..]);
        bytes[7] = self.generation;
        bytes[8] = self.class;
        bytes[9..11].copy_from_slice(&self.zones.to_be_bytes());
        bytes[11..13].copy_from_slice(&self.not_before.to_be_bytes());
        bytes[13..15].copy_from_slice(&self.not_after.to_be_bytes());
        bytes[15] = self.flags.bits();
        bytes[16..19].copy_from_slice(&seat.to_be_bytes()[1..]);
        Ok(bytes)
    }

    /// Parses a static ticket's bytes, whose signature holds; anything that `encode` would not
    /// write is refused.
    pub fn decode(bytes: &[u8; PAYLOAD_LEN]) -> Result<Self, FrameError> {
        Self::decode_as(TicketType::Static, bytes)
    }

    /// The same for a ticket of this type.
    pub fn decode_as(kind: TicketType, bytes: &[u8; PAYLOAD_LEN]) -> Result<Self, FrameError> {
        let found = TicketType::from_byte(bytes[0])?;
        if found != kind {
            return Err(FrameError::Unsupported(found));
        }
        let flags = Flags::from_bits(bytes[15])?;
        let seat = u24([bytes[16], bytes[17], bytes[18]]);
        let seat = match (flags.contains(Flags::SEAT), seat) {
            (true, seat) => Some(seat),
            (false, 0) => None,
            (false, _) => return Err(FrameError::Seat),
        };
        let payload = Self {
            kid: bytes[1],
            hint: [bytes[2], bytes[3]],
            serial: u24([bytes[4], bytes[5], bytes[6]]),
            generation: bytes[7],
            class: bytes[8],
            zones: u16::from_be_bytes([bytes[9], bytes[10]]),
            not_before: u16::from_be_bytes([bytes[11], bytes[12]]),
            not_after: u16::from_be_bytes([bytes[13], bytes[14]]),
            flags,
            seat,
        };
        payload.check()?;
        Ok(payload)
    }

    /// The rules on values that both directions share.
    fn check(&self) -> Result<(), FrameError> {
        if self.serial > SERIAL_MAX {
            return Err(FrameError::Serial);
        }
        // 0 would be older than the first ticket; 255 could have no successor.
        if !(1..=254).contains(&self.generation) {
            return Err(FrameError::Generation);
        }
        match self.not_after.checked_sub(self.not_before) {
            Some(1..=WINDOW_UNITS_MAX) => Ok(()),
            Some(_) | None => Err(FrameError::Window),
        }
    }
}

fn u24(bytes: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]])
}

/// SHA-256("TKT1 event" ‖ uuid)[0..2]. Routing only: two events may share it.
pub fn event_hint(event: EventId) -> [u8; 2] {
    let hash = Sha256::new()
        .chain_update(EVENT_HINT_DOMAIN)
        .chain_update(event.as_bytes())
        .finalize();
    [hash[0], hash[1]]
}

/// The moment a window unit stands for.
pub fn window_time(epoch: Timestamp, unit: u16) -> Timestamp {
    epoch.plus_secs(i64::from(unit) * WINDOW_UNIT_SECS)
}

/// The last unit that is not after `at`; `None` outside the 682 days.
pub fn window_unit_floor(epoch: Timestamp, at: Timestamp) -> Option<u16> {
    u16::try_from(at.millis_since(epoch).div_euclid(WINDOW_UNIT_SECS * 1000)).ok()
}

/// The first unit that is not before `at`; `None` outside the 682 days.
pub fn window_unit_ceil(epoch: Timestamp, at: Timestamp) -> Option<u16> {
    let unit = WINDOW_UNIT_SECS * 1000;
    u16::try_from(
        at.millis_since(epoch)
            .saturating_add(unit - 1)
            .div_euclid(unit),
    )
    .ok()
}
