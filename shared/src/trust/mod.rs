//! Signed, versioned statements: root, keyring, roster, snapshot manifest, checkpoint.
//!
//! Invariants: a version never goes down; an equal version with another hash is an alarm; a
//! signature counts once per key; a statement of another event or kind, or past its expiry, is
//! refused. "Now" is passed in, once per update.

pub mod authority;
pub mod checkpoint;
pub mod codes;
pub mod enrolment;
pub mod extras;
pub mod keyring;
pub mod lists;
pub mod questions;
pub mod root;
pub mod roster;
pub mod scan_key;
pub mod segment;
pub mod snapshot;
pub mod statement;
pub mod supervisors;

pub use authority::{Authority, KeyId};
pub use checkpoint::{Checkpoint, Coverage};
pub use codes::{CodeRow, Codes, TicketTerms};
pub use extras::{Extra, MediumLink};
pub use keyring::{KeyStatus, Keyring, KeyringEntry, TrustedKeys};
pub use lists::{EntryLimit, ListFlags, ListPolicy};
pub use questions::{QuestionKind, QuestionPolicy};
pub use root::{Root, RootPin};
pub use roster::{Cut, Roster, RosterEntry};
pub use scan_key::{ScanKeyFor, WrappedScanKey};
pub use segment::{Segment, SegmentKind, SegmentRef, TicketRow, TicketRowStatus};
pub use snapshot::{ClassPolicy, GatePolicy, Manifest, Policy};
pub use statement::{
    Expected, Header, Opened, Signed, Statement, StatementKind, TrustError, open, seal,
};
pub use supervisors::{Supervisor, Supervisors};
