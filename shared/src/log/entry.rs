//! One entry: fixed codec, versioned from the first byte. Hex dump: `docs/formats.md`.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 1 | kind |
//! | 2 | 4 | seq |
//! | 6 | 6 | clock, milliseconds since 1970 |
//! | 12 | 2 | clock, counter |
//! | 14 | 2 | gate |
//! | 16 | 2 | flags; the top bit says that a target follows |
//! | 18 | 3 | serial |
//! | 21 | 1 | generation |
//! | 22 | 8 | proof of scan |
//! | 30 | 16 | target's log, only with a target |
//! | 46 | 4 | target's seq, only with a target |
//!
//! Invariants: integers are big-endian; one entry has one encoding; what `decode` refuses, `encode`
//! refuses, so a device never signs what its peers would not read.

use super::chain::LogId;
use crate::limits::SERIAL_MAX;
use crate::ticket::ScanProof;
use crate::time::Timestamp;

const VERSION: u8 = 1;
const HLC_MILLIS_MAX: u64 = (1 << 48) - 1;
/// In the flags word: a target follows. No decision flag may use it.
const TARGET_BIT: u16 = 1 << 15;
const NO_PROOF: ScanProof = ScanProof([0; 8]);

/// Hybrid logical clock: 48 bits of milliseconds, 16 of counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hlc {
    pub millis: u64,
    pub counter: u16,
}

impl Hlc {
    /// The next stamp after `self` at wall time `now`; strictly larger.
    ///
    /// A clock that stands still or runs backwards counts up; a full counter moves the millis on.
    #[must_use]
    pub fn tick(self, now: Timestamp) -> Self {
        let now = u64::try_from(now.as_millis())
            .unwrap_or(0)
            .min(HLC_MILLIS_MAX);
        if now > self.millis {
            return Self {
                millis: now,
                counter: 0,
            };
        }
        match self.counter.checked_add(1) {
            Some(counter) => Self { counter, ..self },
            None => Self {
                // Past 48 bits, in the year 10889, `encode` refuses; nothing wraps.
                millis: self.millis.saturating_add(1),
                counter: 0,
            },
        }
    }
    pub fn at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.millis).unwrap_or(i64::MAX))
    }
}

/// Order is part of the codec: kinds sort by their byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// Admission of a scanned, verified token; carries a proof of scan.
    Admit,
    /// Out again; scanned or counted. Its target is the admission it closes, when that is known.
    Exit,
    /// Takes back the entry named by `target`.
    Undo,
    /// Admission without a scan, or against the rules, by a supervisor.
    Forced,
    /// A sample of what was refused, for the organizer's picture.
    Refused,
    /// How far the own clock was off the median of the peers'.
    Clock,
    Roster,
    Checkpoint,
}

impl EntryKind {
    /// The byte on the wire; also a stable number for storage.
    pub const fn to_byte(self) -> u8 {
        match self {
            Self::Admit => 1,
            Self::Exit => 2,
            Self::Undo => 3,
            Self::Forced => 4,
            Self::Refused => 5,
            Self::Clock => 6,
            Self::Roster => 7,
            Self::Checkpoint => 8,
        }
    }
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Admit),
            2 => Some(Self::Exit),
            3 => Some(Self::Undo),
            4 => Some(Self::Forced),
            5 => Some(Self::Refused),
            6 => Some(Self::Clock),
            7 => Some(Self::Roster),
            8 => Some(Self::Checkpoint),
            _ => None,
        }
    }
}

/// How the decision was made, and whom the device could hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DecisionFlags(pub u16);

impl DecisionFlags {
    /// The server answered within the last sync interval.
    pub const HEARD_SERVER: Self = Self(1);
    /// At least one other device was heard.
    pub const HEARD_PEER: Self = Self(1 << 1);
    /// The clock was not trusted.
    pub const CLOCK_UNSURE: Self = Self(1 << 2);
    /// The snapshot was past its amber age.
    pub const SNAPSHOT_STALE: Self = Self(1 << 3);
    /// The ticket's code was typed: the proof is the code's and not the token's.
    pub const TYPED: Self = Self(1 << 4);
    /// A person did what the gate asked for: looked at an ID, took the money, heard an answer.
    pub const CONFIRMED: Self = Self(1 << 5);
    /// Bits 8 to 11: the supervisor who decided, 1 to 14, or 15, the organizer's office; 0 is nobody.
    const SUPERVISOR_SHIFT: u16 = 8;
    const SUPERVISOR_MASK: u16 = 0b1111 << Self::SUPERVISOR_SHIFT;
    /// All that version 1 knows; others are refused, so that they can gain a meaning later.
    const KNOWN: u16 = 0b11_1111 | Self::SUPERVISOR_MASK;
    /// By the word of the supervisor of this number, 1 to 15.
    #[must_use]
    pub const fn by_supervisor(self, number: u8) -> Self {
        let number = (number as u16) << Self::SUPERVISOR_SHIFT & Self::SUPERVISOR_MASK;
        Self(self.0 & !Self::SUPERVISOR_MASK | number)
    }
    /// Whose word it was.
    pub const fn supervisor(self) -> Option<u8> {
        match (self.0 & Self::SUPERVISOR_MASK) >> Self::SUPERVISOR_SHIFT {
            0 => None,
            // Four bits.
            number => Some(number.to_le_bytes()[0]),
        }
    }
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// Names another entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub log: LogId,
    pub seq: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: u32,
    pub hlc: Hlc,
    pub kind: EntryKind,
    /// Index into the policy's gates.
    pub gate: u16,
    pub flags: DecisionFlags,
    pub serial: u32,
    pub generation: u8,
    /// All zero for kinds without a scan; a clock entry's offset lies here.
    pub proof: ScanProof,
    pub target: Option<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("wrong length")]
    Length,
    #[error("unknown version")]
    Version,
    #[error("unknown kind")]
    Kind,
    #[error("unknown flags")]
    Flags,
    #[error("the kind does not go with target, proof or ticket")]
    Shape,
    #[error("a field is out of range")]
    Range,
}

impl Entry {
    pub const LEN: usize = 30;
    pub const LEN_WITH_TARGET: usize = 50;
    /// 30 or 50 bytes.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        self.check()?;
        let target_bit = self.target.map_or(0, |_| TARGET_BIT);
        let mut bytes = Vec::with_capacity(Self::LEN_WITH_TARGET);
        bytes.push(VERSION);
        bytes.push(self.kind.to_byte());
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        bytes.extend_from_slice(&self.hlc.millis.to_be_bytes()[2..]);
        bytes.extend_from_slice(&self.hlc.counter.to_be_bytes());
        bytes.extend_from_slice(&self.gate.to_be_bytes());
        bytes.extend_from_slice(&(self.flags.0 | target_bit).to_be_bytes());
        bytes.extend_from_slice(&self.serial.to_be_bytes()[1..]);
        bytes.push(self.generation);
        bytes.extend_from_slice(&self.proof.0);
        if let Some(target) = self.target {
            bytes.extend_from_slice(&target.log.0);
            bytes.extend_from_slice(&target.seq.to_be_bytes());
        }
        Ok(bytes)
    }

    /// Canonical: `decode(b)?.encode()? == b`.
    pub fn decode(bytes: &[u8]) -> Result<Self, EntryError> {
        let (fixed, rest) = bytes
            .split_first_chunk::<{ Self::LEN }>()
            .ok_or(EntryError::Length)?;
        if fixed[0] != VERSION {
            return Err(EntryError::Version);
        }
        let kind = EntryKind::from_byte(fixed[1]).ok_or(EntryError::Kind)?;
        let word = u16::from_be_bytes([fixed[16], fixed[17]]);
        let target = match (word & TARGET_BIT != 0, rest.split_first_chunk::<16>()) {
            (false, None) if rest.is_empty() => None,
            (true, Some((log, seq))) => Some(Target {
                log: LogId(*log),
                seq: u32::from_be_bytes(seq.try_into().map_err(|_| EntryError::Length)?),
            }),
            _ => return Err(EntryError::Length),
        };
        let entry = Self {
            seq: u32::from_be_bytes([fixed[2], fixed[3], fixed[4], fixed[5]]),
            hlc: Hlc {
                millis: u64::from_be_bytes([
                    0, 0, fixed[6], fixed[7], fixed[8], fixed[9], fixed[10], fixed[11],
                ]),
                counter: u16::from_be_bytes([fixed[12], fixed[13]]),
            },
            kind,
            gate: u16::from_be_bytes([fixed[14], fixed[15]]),
            flags: DecisionFlags(word & !TARGET_BIT),
            serial: u32::from_be_bytes([0, fixed[18], fixed[19], fixed[20]]),
            generation: fixed[21],
            proof: ScanProof([
                fixed[22], fixed[23], fixed[24], fixed[25], fixed[26], fixed[27], fixed[28],
                fixed[29],
            ]),
            target,
        };
        entry.check()?;
        Ok(entry)
    }

    /// The rules on values that both directions share.
    ///
    /// A proof is not demanded here, even of an admission: whether it is the right one is judged
    /// against the snapshot's commitment, and zero is merely a wrong one.
    fn check(&self) -> Result<(), EntryError> {
        if self.flags.0 & !DecisionFlags::KNOWN != 0 {
            return Err(EntryError::Flags);
        }
        // 255 would be a generation without successor: no ticket carries it.
        if self.hlc.millis > HLC_MILLIS_MAX || self.serial > SERIAL_MAX || self.generation == 255 {
            return Err(EntryError::Range);
        }
        let no_proof = self.proof == NO_PROOF;
        let no_ticket = self.serial == 0 && self.generation == 0;
        let fits = match self.kind {
            EntryKind::Admit => self.generation != 0 && self.target.is_none(),
            EntryKind::Exit => true,
            EntryKind::Undo => no_proof && self.target.is_some(),
            EntryKind::Forced | EntryKind::Refused => self.target.is_none(),
            // What it says stands in the proof's place: `log::ClockNote`.
            EntryKind::Clock => no_ticket && self.target.is_none(),
            EntryKind::Roster | EntryKind::Checkpoint => {
                no_proof && no_ticket && self.target.is_none()
            }
        };
        if fits { Ok(()) } else { Err(EntryError::Shape) }
    }
}
