//! Storage: one unit of work over typed collections, on SQLite or on MongoDB.
//!
//! Business code is a synchronous closure over a [`Tx`], given to [`Db::write`]; reads that belong
//! together are one over a [`View`], given to [`Db::view`]; others outside a transaction are
//! [`Db::get`], [`Db::list`], [`Db::page`] and [`Db::count`].
//!
//! Invariants
//! - `Ok` from [`Db::write`] means durable: fsynced (SQLite) or held by a majority (MongoDB).
//! - `Err` from the closure, or a panic in it, leaves nothing behind.
//! - The closure may run more than once. It touches the world only through its `Tx`, and does no
//!   slow work: on SQLite it runs on the one writer thread that all requests share.
//! - Any `Err` from a method of [`Tx`] dooms the transaction: later calls and even an `Ok` from the
//!   closure give [`DbError::Doomed`]. (MongoDB aborts then anyway; SQLite behaves the same so that
//!   a test on SQLite finds the mistake.) Look first (`tx.get`, `tx.list`) where a duplicate is no error.
//! - Only declared indexes can be queried, so every query is an index scan on both backends.
//! - Dropping the future of a `write` may or may not cancel it.

mod collection;
mod error;
mod handle;
mod meta;
mod mongo;
mod plan;
mod query;
pub mod registry;
mod sqlite;
mod tx;
mod value;
mod view;

pub use collection::{Collection, Entity, Field, FieldKind, Index, Versioned};
pub use error::DbError;
pub use handle::Db;
pub use meta::Meta;
pub use mongo::MongoTx;
pub use query::{LIMIT_DEFAULT, LIMIT_MAX, Page, Query};
pub use tx::{Tx, TxBackend};
pub use value::IndexValue;
pub use view::{Reads, View};
