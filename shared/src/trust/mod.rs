//! Signed, versioned statements: root, keyring, roster, snapshot manifest.
//!
//! Invariants: a version never goes down; an equal version with another hash is an alarm; a
//! signature counts once per key; a statement of another event or kind, or past its expiry, is
//! refused. "Now" is passed in, once per update.

pub mod enrolment;
pub mod keyring;
pub mod root;
pub mod roster;
pub mod snapshot;
pub mod statement;

pub use keyring::{KeyStatus, Keyring, KeyringEntry, TrustedKeys};
pub use root::{Root, RootPin};
pub use roster::{Roster, RosterEntry};
pub use snapshot::{
    ClassPolicy, GatePolicy, Manifest, Policy, Segment, SegmentKind, SegmentRef, TicketRow,
    TicketRowStatus,
};
pub use statement::{
    Authority, Expected, Header, KeyId, Opened, Signed, Statement, StatementKind, TrustError, open,
    seal,
};
