//! What an audit found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::ids::EventId;
use crate::time::Timestamp;

/// Findings that are kept; more are only counted.
const FINDINGS_MAX: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A line that is no line, or a bundle without its end.
    Malformed,
    /// No root fits the pin.
    RootNotPinned,
    /// A root, keyring, roster, snapshot or segment that its key did not sign.
    Untrusted,
    /// A log of a device that the roster does not know, or with another key.
    UnknownDevice,
    /// Entries that are not there.
    Missing,
    /// An entry at another place than its own number says.
    Reordered,
    /// Entries that are not what the device signed.
    Edited,
    /// The log ends before its end.
    CutLog,
    /// A device signed two entries with one number.
    Fork,
    /// A ticket came in that nobody had issued.
    NeverIssued,
    /// An admission whose device cannot have seen the ticket.
    Unproven,
    /// A redemption that no entry bears out, or another than the entry.
    RedemptionWithoutEntry,
    /// An entry that counts, and that the server lists no redemption for.
    EntryWithoutRedemption,
    /// The server calls a use what it is not.
    OtherLabel,
}

impl FindingKind {
    /// About what a device or its guests did, as the bundle truly tells it; not about the bundle.
    pub const fn is_of_the_night(self) -> bool {
        match self {
            Self::Fork | Self::NeverIssued | Self::Unproven => true,
            Self::Malformed
            | Self::RootNotPinned
            | Self::Untrusted
            | Self::UnknownDevice
            | Self::Missing
            | Self::Reordered
            | Self::Edited
            | Self::CutLog
            | Self::RedemptionWithoutEntry
            | Self::EntryWithoutRedemption
            | Self::OtherLabel => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub kind: FindingKind,
    /// The device's name in the roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// First and last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seqs: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<u32>,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(device) = &self.device {
            write!(f, "{device}")?;
            match self.seqs {
                Some((first, last)) if first == last => write!(f, ", entry {first}")?,
                Some((first, last)) => write!(f, ", entries {first} to {last}")?,
                None => {}
            }
            if let Some(log) = &self.log {
                write!(f, " of log {log}")?;
            }
            write!(f, ": ")?;
        }
        if let Some(serial) = self.serial {
            write!(f, "ticket {serial}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// What the entries that hold up come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub devices: usize,
    pub logs: usize,
    /// Entries that their device signed.
    pub entries: u64,
    pub admitted: u64,
    pub exits: u64,
    pub undone: u64,
    /// Admissions while somebody was in on the ticket.
    pub duplicates: u64,
    /// Tickets with one.
    pub conflicts: u64,
    /// Entries after their device was cut off: kept, and counted for nothing.
    pub quarantined: u64,
    /// Admissions of an older generation than the snapshot has: signed, not to be judged any more.
    pub unjudged: u64,
    /// Redemptions that the server lists.
    pub redemptions: u64,
    pub refused: BTreeMap<String, u64>,
    /// By device: forced admissions, and admissions by typed codes.
    pub forced: BTreeMap<String, u64>,
    pub typed: BTreeMap<String, u64>,
}

/// What two authorities have signed off, and what the bundle has beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedOff {
    pub version: u64,
    pub signed_at: Timestamp,
    pub logs: usize,
    pub entries: u64,
    /// Entries of the bundle that came later.
    pub since: u64,
    /// Of a device's bundle: entries that were signed off and that it never had.
    pub elsewhere: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub event: Option<EventId>,
    pub title: String,
    /// The device that wrote the bundle, by its name in the roster. The server's redemptions are a
    /// second record of the same night: they are not in such a bundle, and were not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written_by: Option<String>,
    /// `None`: no checkpoint came along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_off: Option<SignedOff>,
    /// The root that everything was checked by, 32 hex digits.
    pub root: String,
    /// Whether the caller named that root. If not, compare it with a device's or a link's.
    pub pinned: bool,
    pub totals: Totals,
    pub findings: Vec<Finding>,
    /// Findings beyond those that are listed.
    pub more_findings: u64,
    /// What the server noted while it ran.
    pub incidents: Vec<String>,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
    pub(super) fn add(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        } else {
            self.more_findings += 1;
        }
    }
    pub(super) fn plain(&mut self, kind: FindingKind, what: impl Into<String>) {
        self.add(Finding {
            kind,
            device: None,
            log: None,
            seqs: None,
            serial: None,
            what: what.into(),
        });
    }
}

impl fmt::Display for SignedOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "checkpoint {} of {}: {} entries in {} logs are signed off, {} came later",
            self.version, self.signed_at, self.entries, self.logs, self.since
        )?;
        if self.elsewhere > 0 {
            writeln!(
                f,
                "{} of those were never with this device: the server has them",
                self.elsewhere
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let totals = &self.totals;
        writeln!(f, "{}", self.title)?;
        let pinned = if self.pinned {
            "as pinned"
        } else {
            "not pinned: compare it with the enrolment link's"
        };
        writeln!(f, "root {} ({pinned})", self.root)?;
        if let Some(device) = &self.written_by {
            writeln!(
                f,
                "written by {device}: the server's own list, the second record, is not in it and was not compared"
            )?;
        }
        if let Some(of) = &self.signed_off {
            write!(f, "{of}")?;
        }
        writeln!(
            f,
            "{} devices, {} logs, {} signed entries, {} quarantined",
            totals.devices, totals.logs, totals.entries, totals.quarantined
        )?;
        write!(
            f,
            "{} admitted, {} out again, {} undone, {} twice on {} tickets",
            totals.admitted, totals.exits, totals.undone, totals.duplicates, totals.conflicts
        )?;
        if self.written_by.is_none() {
            write!(f, "; the server lists {}", totals.redemptions)?;
        }
        writeln!(f)?;
        for (reason, count) in &totals.refused {
            writeln!(f, "refused {count}: {reason}")?;
        }
        for (device, count) in &totals.forced {
            writeln!(f, "{device} forced {count}")?;
        }
        for (device, count) in &totals.typed {
            writeln!(f, "{device} admitted {count} by typed codes")?;
        }
        for incident in &self.incidents {
            writeln!(f, "noted: {incident}")?;
        }
        if self.is_clean() {
            return writeln!(f, "Everything holds.");
        }
        for finding in &self.findings {
            writeln!(f, "! {finding}")?;
        }
        if self.more_findings > 0 {
            writeln!(f, "! and {} more", self.more_findings)?;
        }
        Ok(())
    }
}
