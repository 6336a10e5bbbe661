//! The device log: append-only, hash-chained, signed by the device. `gossip.md` 1 and 2.
//!
//! Invariants: seq has no gaps; an entry's previous hash is implied and recomputed by the receiver;
//! state is a pure fold over the set of valid entries, whatever order they came in.

pub mod chain;
pub mod conflict;
pub mod entry;
mod event;
mod refusal;
pub mod state;

pub use chain::{ChainError, Genesis, LogHead, LogId, LogSegment, SignedEntry};
pub use conflict::{Admission, ConflictCategory};
pub use entry::{DecisionFlags, Entry, EntryError, EntryKind, Hlc, Target};
pub use event::EventState;
pub use refusal::RefusalNote;
pub use state::{TicketState, Use, UseLabel};
