//! Reads that belong together: of one state of the database, for the price of one.

use super::mongo::MongoTx;
use super::tx::Inner;
use super::{DbError, Entity, Query, Tx, Versioned};

/// One state of the database. Made by [`super::Db::view`].
pub struct View<'a>(Inner<'a>);

impl<'a> View<'a> {
    pub(super) const fn sqlite(connection: &'a rusqlite::Connection) -> Self {
        Self(Inner::Sqlite(connection))
    }
    pub(super) const fn mongo(tx: &'a mut MongoTx) -> Self {
        Self(Inner::Mongo(tx))
    }
}

/// What a [`View`] and a [`Tx`] can both do, for code that both need.
pub trait Reads {
    /// The row with that key.
    fn get<E: Entity>(&mut self, id: &str) -> Result<Option<Versioned<E>>, DbError>;
    /// The rows of `query`.
    fn list<E: Entity>(&mut self, query: &Query) -> Result<Vec<Versioned<E>>, DbError>;
    /// How many rows `query` has, its limit and cursor aside.
    fn count<E: Entity>(&mut self, query: &Query) -> Result<u64, DbError>;
}

impl Reads for View<'_> {
    fn get<E: Entity>(&mut self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        self.0.get(id)
    }
    fn list<E: Entity>(&mut self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        self.0.list(query)
    }
    fn count<E: Entity>(&mut self, query: &Query) -> Result<u64, DbError> {
        self.0.count::<E>(query)
    }
}

impl Reads for Tx<'_> {
    fn get<E: Entity>(&mut self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        Tx::get(self, id)
    }
    fn list<E: Entity>(&mut self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        Tx::list(self, query)
    }
    fn count<E: Entity>(&mut self, query: &Query) -> Result<u64, DbError> {
        Tx::count::<E>(self, query)
    }
}
