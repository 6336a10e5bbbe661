//! The snapshot: a signed manifest that names its segments by hash, and the event's rules.
//!
//! A delta is a newer manifest: the device fetches the segments whose hashes it does not have.
//! That makes fetching idempotent and resumable, from any peer, in any order.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::extras::NOTE_CHARS_MAX;
use super::lists::{self, ListPolicy};
use super::questions::{self, QuestionPolicy};
use super::segment::{SEGMENT_BYTES_MAX, SegmentKind, SegmentRef};
use super::statement::TrustError;
use super::supervisors::Supervisors;
use crate::ids::{ClassId, GateId};
use crate::limits::{
    CLASSES_MAX, GATES_MAX, LANGUAGE_BYTES_MAX, NAME_CHARS_MAX, SEGMENT_TICKETS, SERIAL_MAX,
    TITLE_CHARS_MAX, ZONES_MAX,
};
use crate::time::Timestamp;

pub use super::lists::{RULE_BYTES_MAX, RULES_MAX};

/// Seat indexes are 24 bits.
const SEAT_SEGMENT_INDEX_MAX: u32 = 0x00FF_FFFF / SEGMENT_TICKETS;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassPolicy {
    pub id: ClassId,
    pub name: String,
    pub zones: u16,
    /// Shown to staff with each ticket of it; empty for none.
    pub note: String,
    /// Two of a ticket's three homes must grant an entry before anybody is let in.
    pub strict: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatePolicy {
    pub id: GateId,
    pub name: String,
    /// 0 admits every class.
    pub zones: u16,
    /// Index into the lists; `None` is the event's own list.
    pub list: Option<u8>,
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
    /// When doors open, for rules that speak of it; `None` is the start.
    pub doors: Option<Timestamp>,
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
    pub lists: Vec<ListPolicy>,
    pub questions: Vec<QuestionPolicy>,
    /// Who may overrule a gate.
    pub supervisors: Supervisors,
}

impl Policy {
    /// What a device relies on. A publisher calls this before signing, a device after opening.
    pub fn check(&self) -> Result<(), TrustError> {
        within(
            self.title.chars().count(),
            TITLE_CHARS_MAX,
            "title too long",
        )?;
        if self.language.is_empty()
            || self.language.len() > LANGUAGE_BYTES_MAX
            || !self
                .language
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Err(TrustError::Malformed("not a language tag"));
        }
        if jiff::tz::TimeZone::get(&self.timezone).is_err() {
            return Err(TrustError::Malformed("unknown time zone"));
        }
        if self.ends < self.starts {
            return Err(TrustError::Malformed("the event ends before it starts"));
        }
        if self.serial_max > SERIAL_MAX {
            return Err(TrustError::Malformed("serial out of range"));
        }
        if self.red_after_secs < self.amber_after_secs {
            return Err(TrustError::Malformed("red comes before amber"));
        }
        self.check_tables()?;
        lists::check_rules(&self.rules)?;
        self.supervisors.check()?;
        lists::check(self)?;
        questions::check(self)
    }

    fn check_tables(&self) -> Result<(), TrustError> {
        within(self.zones.len(), ZONES_MAX, "too many zones")?;
        within(self.classes.len(), CLASSES_MAX, "too many classes")?;
        within(self.gates.len(), GATES_MAX, "too many gates")?;
        let names = (self.zones.iter())
            .chain(self.classes.iter().map(|class| &class.name))
            .chain(self.gates.iter().map(|gate| &gate.name));
        for name in names {
            within(name.chars().count(), NAME_CHARS_MAX, "name too long")?;
        }
        for class in &self.classes {
            within(class.note.chars().count(), NOTE_CHARS_MAX, "note too long")?;
        }
        let known = (1_u32 << self.zones.len()) - 1;
        let mut bitmaps = (self.classes.iter().map(|class| class.zones))
            .chain(self.gates.iter().map(|gate| gate.zones));
        if bitmaps.any(|zones| u32::from(zones) & !known != 0) {
            return Err(TrustError::Malformed("a zone without a name"));
        }
        let classes: BTreeSet<_> = self.classes.iter().map(|class| class.id).collect();
        let gates: BTreeSet<_> = self.gates.iter().map(|gate| gate.id).collect();
        if classes.len() != self.classes.len() || gates.len() != self.gates.len() {
            return Err(TrustError::Malformed("a class or gate is listed twice"));
        }
        Ok(())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub keyring_version: u64,
    pub roster_version: u64,
    pub policy: Policy,
    /// Ascending by (kind, index). A segment that is not listed is empty: nothing claimed there.
    pub segments: Vec<SegmentRef>,
}

impl Manifest {
    /// What a device relies on. A publisher calls this before signing, a device after opening.
    pub fn check(&self) -> Result<(), TrustError> {
        self.policy.check()?;
        let ascending = |pair: &[SegmentRef]| pair[0].place() < pair[1].place();
        if !self.segments.windows(2).all(ascending) {
            return Err(TrustError::Malformed("segments out of order"));
        }
        for segment in &self.segments {
            let index_max = match segment.kind {
                SegmentKind::Tickets
                | SegmentKind::Holders
                | SegmentKind::Extras
                | SegmentKind::Codes => self.policy.serial_max / SEGMENT_TICKETS,
                SegmentKind::Seats => SEAT_SEGMENT_INDEX_MAX,
            };
            if segment.index > index_max {
                return Err(TrustError::Malformed("segment out of range"));
            }
            if segment.bytes == 0
                || usize::try_from(segment.bytes).unwrap_or(usize::MAX) > SEGMENT_BYTES_MAX
            {
                return Err(TrustError::Malformed("segment too large"));
            }
        }
        Ok(())
    }
}

pub(super) fn within(count: usize, max: usize, otherwise: &'static str) -> Result<(), TrustError> {
    if count > max {
        return Err(TrustError::Malformed(otherwise));
    }
    Ok(())
}
