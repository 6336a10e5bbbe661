//! One entry: fixed codec, versioned from the first byte. Hex dump: `docs/formats.md`.

use super::chain::LogId;
use crate::ticket::ScanProof;
use crate::time::Timestamp;

/// Hybrid logical clock: 48 bits of milliseconds, 16 of counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hlc {
    pub millis: u64,
    pub counter: u16,
}

impl Hlc {
    /// The next stamp after `self` at wall time `now`; strictly larger.
    #[must_use]
    pub fn tick(self, _now: Timestamp) -> Self {
        unimplemented!()
    }
    pub fn at(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.millis).unwrap_or(i64::MAX))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Admission of a scanned, verified token; carries a proof of scan.
    Admit,
    Exit,
    /// Takes back the entry named by `target`.
    Undo,
    /// Admission without a scan, or against the rules, by a supervisor.
    Forced,
    /// A sample of what was refused, for the organizer's picture.
    Refused,
    Clock,
    Roster,
    Checkpoint,
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
    /// All zero for kinds without a scan.
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
    #[error("a field is out of range")]
    Range,
}

impl Entry {
    pub const LEN: usize = 30;
    pub const LEN_WITH_TARGET: usize = 50;
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        unimplemented!()
    }
    /// Canonical: `decode(b)?.encode()? == b`.
    pub fn decode(_bytes: &[u8]) -> Result<Self, EntryError> {
        unimplemented!()
    }
}
