//! Decide and record. The rule itself is `shared::admission::decide`; here it is given what this
//! device knows, and what it admits is written down first.
//!
//! Invariants: an entry is committed and fsynced before its verdict leaves; if that fails the
//! verdict is a refusal; the same code shown twice is told as used the second time, also within a
//! second and also on this device (a re-read guard is the screen's business, not the log's);
//! nothing here waits for a network, except for the grant of a strict ticket.

mod answering;
mod book;
mod claim;
mod codes;
mod correction;
mod extras;
mod hearsay;
mod labels;
mod log;
mod lookup;
mod media;
mod notes;
mod present;
mod rotation;
mod scan;
mod scanner;
mod shown;
mod supervise;
mod suspects;
mod tries;
mod typed;
mod unable;

pub use scanner::Scanner;
pub use supervise::{Overrides, Overruled, Pin, Subject, Undone};
pub(crate) use tries::wrong_tries;

use shared::admission::{Direction, Verdict};
use shared::trust::QuestionPolicy;

use crate::error::Error;

/// What was read from a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// As received: prefixes and suffixes of barcode readers are taken off here.
    pub text: String,
    /// The same by physical key position (`KeyboardEvent.code`), where the caller knows it.
    pub keys: Option<String>,
}

impl From<&str> for Reading {
    fn from(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            keys: None,
        }
    }
}
impl From<String> for Reading {
    fn from(text: String) -> Self {
        Self { text, keys: None }
    }
}

/// Where and how a ticket is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    pub direction: Direction,
    /// Index from [`Scanner::gate_named`]; `None` is the gate that the device was enrolled for.
    pub gate: Option<u16>,
    /// A person has done what `attention` asked for: such a verdict becomes an admission.
    pub confirmed: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            direction: Direction::In,
            gate: None,
            confirmed: false,
        }
    }
}

/// A verdict, and what went wrong with the device while it was made.
#[derive(Debug)]
pub struct Scanned {
    /// Final: on disk when it is an admission.
    pub verdict: Verdict,
    /// Why a ticket that is good was refused: the device could not write, read or lock its data.
    pub error: Option<Error>,
    /// For staff: about this ticket, then about its class.
    pub notes: Vec<String>,
    /// What is to be asked, when the verdict needs answers: give them to [`Scanner::scan_answered`].
    pub questions: Vec<QuestionPolicy>,
}
