//! Leaving an event: the device's logs go into a file, and then off the device (gossip.md 3, ADR 0081).
//!
//! In this order: a sync; the checkpoint that two authorities signed; nothing of the own that it does
//! not cover; the file, written beside and read back by the auditor; the note that says where it is;
//! and only then the data go.
//!
//! Invariants: whatever fails before the note leaves the device as it was; nobody scans, syncs or
//! talks with peers meanwhile; memory follows the entries of the event, never the file.

mod check;
mod leave;
mod read_back;
mod write;

pub use leave::{ArchiveReport, archive_over, archive_to, archived};
