//! The journal: who did what to what, and when (N9).
//!
//! Invariants: append-only (there is no other operation here; sealing only adds an entry's place);
//! an entry is written in the commit of what it tells about, so neither exists without the other;
//! details hold ids and amounts, never secrets or personal data, because entries outlive accounts.
//!
//! A request that the router calls privileged is an [`Act`]: each of its commits that changes rows
//! leaves an entry by itself, with digests of those rows; where the use case records one, that one
//! carries them.

mod act;
mod entity;
mod witness;

pub(super) use act::current;
pub use act::{Act, acted_by, acting, acts_on};
pub use entity::StoredSeal;
pub use shared::journal::{Actor, Entry, subject};
pub(super) use witness::Witness;

use super::db::{DbError, Tx};

/// Appends an entry in the caller's commit.
pub fn record(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), DbError> {
    tx.record(entry)
}

/// Says which event or organization the commit is about, for those who may read of it.
pub fn about(tx: &mut Tx<'_>, kind: &str, id: impl std::fmt::Display) {
    tx.about(kind, &id);
}
