//! The unit of work that business code sees.

use super::{DbError, Entity, Query, Versioned};

/// One transaction. Made by [`super::Db::write`], never by hand.
pub struct Tx<'a> {
    inner: Inner<'a>,
    doomed: bool,
    wakes_jobs: bool,
}

enum Inner<'a> {
    Sqlite(&'a rusqlite::Connection),
    Mongo(&'a mut MongoTx),
}

/// The backend under a transaction, for a slice's `store/{sqlite,mongo}.rs`.
pub enum TxBackend<'t> {
    /// Use `prepare_cached`; never begin, commit, roll back or use savepoints here.
    Sqlite(&'t rusqlite::Connection),
    Mongo(&'t mut MongoTx),
}

/// A transaction on MongoDB.
pub struct MongoTx {}

impl Tx<'_> {
    /// The row with that key, as this transaction sees it.
    pub fn get<E: Entity>(&mut self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        let _ = id;
        unimplemented!()
    }
    /// Adds a row. [`DbError::Duplicate`] names the unique index that refused it (`id`: the key).
    pub fn insert<E: Entity>(&mut self, entity: &E) -> Result<Versioned<E>, DbError> {
        let _ = entity;
        unimplemented!()
    }
    /// Writes the changed entity if its revision is still the stored one, else
    /// [`DbError::Conflict`]; raises `versioned.rev`.
    pub fn replace<E: Entity>(&mut self, versioned: &mut Versioned<E>) -> Result<(), DbError> {
        let _ = versioned;
        unimplemented!()
    }
    /// Removes the row if its revision is still the stored one, else [`DbError::Conflict`].
    pub fn delete<E: Entity>(&mut self, versioned: &Versioned<E>) -> Result<(), DbError> {
        let _ = versioned;
        unimplemented!()
    }
    /// The rows of `query`, as this transaction sees them.
    pub fn list<E: Entity>(&mut self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        let _ = query;
        unimplemented!()
    }
    /// How many rows `query` has, its limit and cursor aside.
    pub fn count<E: Entity>(&mut self, query: &Query) -> Result<u64, DbError> {
        let _ = query;
        unimplemented!()
    }
    /// The backend itself, for what the typed collection cannot do.
    pub fn backend(&mut self) -> TxBackend<'_> {
        match &mut self.inner {
            Inner::Sqlite(connection) => TxBackend::Sqlite(connection),
            Inner::Mongo(tx) => TxBackend::Mongo(tx),
        }
    }
    /// Wakes the job runner once this transaction is durable.
    pub(crate) const fn wake_jobs(&mut self) {
        self.wakes_jobs = true;
    }
}
