//! MongoDB: each closure in a transaction of its own, on a replica set.
//!
//! Invariants
//! - Transactions read a snapshot and commit to a majority; reads outside them see only what a
//!   majority holds.
//! - A transaction that lost a race is run again from its start, a bounded number of times; the
//!   closure cannot tell, which is why it is `Fn` and touches nothing but its `Tx`.
//! - A document is `{_id, rev, ix: {field: value}, body: {…}}`; a `Null` field is left out of `ix`,
//!   which is how a partial unique index lets it pass.

mod bounds;
mod json;
mod migrate;
mod open;
mod read;
mod transact;
mod tx;

pub(super) use transact::{MongoDb, Patience};
pub use tx::MongoTx;
