//! The 19 signed bytes. Fixed layout, no serde.

use crate::ids::EventId;
use crate::time::Timestamp;

pub const PAYLOAD_LEN: usize = 19;
pub const TOKEN_LEN: usize = 83;
pub const TOKEN_DIGITS: usize = 202;
/// Entry windows count in quarters of an hour from the event's epoch.
pub const WINDOW_UNIT_SECS: i64 = 900;

/// Bit set of byte 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    pub const SEAT: Self = Self(1);
    pub const ID_CHECK: Self = Self(1 << 1);
    pub const ADULT: Self = Self(1 << 2);
    pub const COMPANION: Self = Self(1 << 3);
    pub const RE_ENTRY: Self = Self(1 << 4);
    pub const ATTENDED: Self = Self(1 << 5);
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
    /// Quarter hours from the event's epoch; `not_after > not_before`.
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
    #[error("not {PAYLOAD_LEN} + 64 bytes")]
    Length,
    #[error("unknown ticket type")]
    Type,
    #[error("reserved bits are set")]
    Reserved,
    #[error("seat index without the seat flag")]
    Seat,
    #[error("the entry window is empty")]
    Window,
    #[error("generation out of range")]
    Generation,
}

impl Payload {
    /// Refuses what `decode` would refuse.
    pub fn encode(&self) -> Result<[u8; PAYLOAD_LEN], FrameError> {
        unimplemented!()
    }
    pub fn decode(_bytes: &[u8; PAYLOAD_LEN]) -> Result<Self, FrameError> {
        unimplemented!()
    }
}

/// SHA-256("TKT1 event" ‖ uuid)[0..2]. Routing only: two events may share it.
pub fn event_hint(_event: EventId) -> [u8; 2] {
    unimplemented!()
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
