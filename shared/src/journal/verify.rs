//! Checking a journal from its first seal to its last, line by line.

use std::fmt;

use serde::Serialize;

use super::{Entry, HEADER, LEAVES_MAX, Line, Seal};
use crate::ids::JournalId;

/// Faults that are kept; more are only counted.
const FAULTS_MAX: usize = 1_000;
/// Entries that may wait for their seal.
const HELD_MAX: usize = 4 * LEAVES_MAX;
/// The longest line of an export.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// What does not hold. Named in the journal's order: the first is where the tampering begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "fault")]
pub enum Fault {
    /// The entry is not what was sealed.
    Altered { seq: u64, id: JournalId },
    /// The sealed entry is not there.
    Removed { seq: u64, id: JournalId },
    /// The entry claims to be sealed, and no seal says so.
    Inserted { id: JournalId },
    /// The entry stands at another place than where it was sealed.
    Moved {
        seq: u64,
        id: JournalId,
        stands_at: Option<u64>,
    },
    /// The key that the seal names did not sign it.
    SealForged { number: u64, first: u64, last: u64 },
    /// The seal is signed by another key than is trusted.
    SealOfOther { number: u64 },
    /// Seals are missing from this number on.
    SealMissing { number: u64 },
    /// The seal does not follow the one before it.
    SealOutOfLine { number: u64 },
    /// The journal does not hold the seal that was seen before: it was cut or written anew.
    HeadLost { number: u64 },
    /// A line that is none.
    Unreadable { line: u64 },
}

/// A seal that somebody saw earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub number: u64,
    pub hash: String,
}

/// The last seal: keep it elsewhere, and a later journal must still hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    pub number: u64,
    pub hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub sealed: u64,
    /// Written after the last seal: nothing vouches for them yet.
    pub unsealed: u64,
    pub seals: u64,
    pub head: Option<Head>,
    /// The key that signed, when all is signed by one.
    pub key: Option<String>,
    /// Whether that key was given from outside, and not believed from the journal.
    pub key_pinned: bool,
    pub faults: Vec<Fault>,
    pub more_faults: u64,
}

/// Give it an export's lines, or entries and seals in an export's order.
#[derive(Debug)]
pub struct Verifier {
    expected: Option<Expected>,
    is_met: bool,
    lines: u64,
    next: u64,
    /// Entries since the last seal.
    held: Vec<Entry>,
    report: Report,
}

impl Verifier {
    /// `key` in hex; without it the first seal's own is believed.
    pub fn new(key: Option<String>, expected: Option<Expected>) -> Self {
        Self {
            expected,
            is_met: false,
            lines: 0,
            next: 0,
            held: Vec::new(),
            report: Report {
                sealed: 0,
                unsealed: 0,
                seals: 0,
                head: None,
                key_pinned: key.is_some(),
                key,
                faults: Vec::new(),
                more_faults: 0,
            },
        }
    }

    pub fn line(&mut self, text: &str) {
        let line = self.lines;
        self.lines = line.saturating_add(1);
        match serde_json::from_str(text) {
            Ok(Line::Journal(header)) if line == 0 && header == HEADER => {}
            Ok(Line::Entry(entry)) if line > 0 => self.entry(*entry),
            Ok(Line::Seal(seal)) if line > 0 => self.seal(&seal),
            Ok(_) | Err(_) => self.fault(Fault::Unreadable { line: line + 1 }),
        }
    }

    pub fn entry(&mut self, entry: Entry) {
        if entry.seq.is_none() {
            self.report.unsealed += 1;
        } else if self.held.len() < HELD_MAX {
            self.held.push(entry);
        } else {
            self.fault(Fault::Inserted { id: entry.id });
        }
    }

    /// A seal behind its entries.
    pub fn seal(&mut self, seal: &Seal) {
        let number = seal.number;
        let awaited = self.report.seals;
        if number < awaited {
            self.fault(Fault::SealOutOfLine { number });
            return;
        }
        let before = self.report.head.take();
        if number > awaited {
            self.fault(Fault::SealMissing { number: awaited });
        } else {
            let previous = before.map(|head| head.hash).unwrap_or_default();
            if previous != seal.previous || self.next != seal.first {
                self.fault(Fault::SealOutOfLine { number });
            }
        }
        let key = self.report.key.get_or_insert_with(|| seal.key.clone());
        if *key != seal.key {
            self.fault(Fault::SealOfOther { number });
        } else if !seal.is_signed() || seal.leaves.is_empty() || seal.leaves.len() > LEAVES_MAX {
            let (first, last) = (seal.first, seal.end().saturating_sub(1));
            self.fault(Fault::SealForged {
                number,
                first,
                last,
            });
        }
        self.compare(seal);
        let hash = seal.hash();
        if let Some(expected) = &self.expected
            && expected.number == number
        {
            self.is_met = expected.hash == hash;
        }
        self.next = seal.end();
        self.report.seals = number.saturating_add(1);
        self.report.head = Some(Head { number, hash });
    }

    /// The entries since the last seal with what this one says of them.
    fn compare(&mut self, seal: &Seal) {
        let mut held = std::mem::take(&mut self.held);
        for (leaf, seq) in seal.leaves.iter().zip(seal.first..) {
            let found = held.iter().position(|entry| entry.id == leaf.id);
            let Some(entry) = found.map(|at| held.swap_remove(at)) else {
                self.fault(Fault::Removed { seq, id: leaf.id });
                continue;
            };
            self.report.sealed += 1;
            if entry.hash() != leaf.hash {
                self.fault(Fault::Altered { seq, id: leaf.id });
            } else if entry.seq != Some(seq) {
                self.fault(Fault::Moved {
                    seq,
                    id: leaf.id,
                    stands_at: entry.seq,
                });
            }
        }
        for stranger in held {
            self.fault(Fault::Inserted { id: stranger.id });
        }
    }

    pub fn finish(mut self) -> Report {
        for stranger in std::mem::take(&mut self.held) {
            self.fault(Fault::Inserted { id: stranger.id });
        }
        if let Some(expected) = self.expected.take().filter(|_| !self.is_met) {
            let number = expected.number;
            self.fault(Fault::HeadLost { number });
        }
        self.report
    }

    fn fault(&mut self, fault: Fault) {
        if self.report.faults.len() < FAULTS_MAX {
            self.report.faults.push(fault);
        } else {
            self.report.more_faults = self.report.more_faults.saturating_add(1);
        }
    }
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "entries sealed   {}", self.sealed)?;
        writeln!(f, "not sealed yet   {}", self.unsealed)?;
        match &self.head {
            Some(head) => writeln!(f, "last seal        {}:{}", head.number, head.hash)?,
            None => writeln!(f, "last seal        none")?,
        }
        if let Some(key) = &self.key {
            let trust = if self.key_pinned {
                "as given"
            } else {
                "as the journal says"
            };
            writeln!(f, "signed by        {key} ({trust})")?;
        }
        for fault in &self.faults {
            writeln!(f, "FAULT            {fault}")?;
        }
        if self.more_faults > 0 {
            writeln!(f, "                 and {} more", self.more_faults)?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq, id } => write!(f, "entry {seq} ({id}) was altered"),
            Self::Removed { seq, id } => write!(f, "entry {seq} ({id}) was removed"),
            Self::Inserted { id } => write!(f, "entry {id} was inserted: no seal names it"),
            Self::Moved {
                seq,
                id,
                stands_at: Some(at),
            } => write!(f, "entry {seq} ({id}) was moved to {at}"),
            Self::Moved { seq, id, .. } => write!(f, "entry {seq} ({id}) has lost its place"),
            Self::SealForged {
                number,
                first,
                last,
            } => write!(
                f,
                "seal {number} is forged; it covers entries {first} to {last}"
            ),
            Self::SealOfOther { number } => write!(f, "seal {number} is signed by another key"),
            Self::SealMissing { number } => write!(f, "seal {number} is missing"),
            Self::SealOutOfLine { number } => {
                write!(f, "seal {number} does not follow the one before it")
            }
            Self::HeadLost { number } => write!(
                f,
                "seal {number} is not the one that was seen: the journal was cut or written anew"
            ),
            Self::Unreadable { line } => write!(f, "line {line} is not a line of a journal"),
        }
    }
}
