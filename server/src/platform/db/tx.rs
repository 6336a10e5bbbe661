//! The unit of work that business code sees.

use super::mongo::MongoTx;
use super::sqlite::rows as sqlite;
use super::{DbError, Entity, Query, Versioned};
use crate::platform::journal::{self, Witness};

/// One transaction. Made by [`super::Db::write`], never by hand.
pub struct Tx<'a> {
    inner: Inner<'a>,
    doomed: bool,
    wakes_jobs: bool,
    /// Watches the commit of an act.
    witness: Option<Witness>,
}

/// Where a transaction or a view happens.
pub(super) enum Inner<'a> {
    Sqlite(&'a rusqlite::Connection),
    Mongo(&'a mut MongoTx),
}

impl Inner<'_> {
    pub(super) fn get<E: Entity>(&mut self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        match self {
            Self::Sqlite(connection) => sqlite::get(connection, id),
            Self::Mongo(tx) => tx.get(id),
        }
    }
    pub(super) fn list<E: Entity>(&mut self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        match self {
            Self::Sqlite(connection) => sqlite::list(connection, query),
            Self::Mongo(tx) => tx.list(query),
        }
    }
    pub(super) fn count<E: Entity>(&mut self, query: &Query) -> Result<u64, DbError> {
        match self {
            Self::Sqlite(connection) => sqlite::count::<E>(connection, query),
            Self::Mongo(tx) => tx.count::<E>(query),
        }
    }
}

/// The backend under a transaction, for a slice's `store/{sqlite,mongo}.rs`.
pub enum TxBackend<'t> {
    /// Use `prepare_cached`; never begin, commit, roll back or use savepoints here.
    Sqlite(&'t rusqlite::Connection),
    Mongo(&'t mut MongoTx),
}

impl<'a> Tx<'a> {
    pub(super) const fn sqlite(connection: &'a rusqlite::Connection) -> Self {
        Self::new(Inner::Sqlite(connection))
    }
    pub(super) const fn mongo(tx: &'a mut MongoTx) -> Self {
        Self::new(Inner::Mongo(tx))
    }
    const fn new(inner: Inner<'a>) -> Self {
        Self {
            inner,
            doomed: false,
            wakes_jobs: false,
            witness: None,
        }
    }

    /// The row with that key, as this transaction sees it.
    pub fn get<E: Entity>(&mut self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        self.call(|inner| inner.get(id))
    }
    /// Adds a row. [`DbError::Duplicate`] names the unique index that refused it (`id`: the key).
    pub fn insert<E: Entity>(&mut self, entity: &E) -> Result<Versioned<E>, DbError> {
        self.call(|inner| match inner {
            Inner::Sqlite(connection) => sqlite::insert(connection, entity),
            Inner::Mongo(tx) => tx.insert(entity),
        })?;
        self.saw(None, Some(entity))?;
        Ok(Versioned {
            rev: 1,
            value: entity.clone(),
        })
    }
    /// Adds rows: [`insert`](Self::insert) for many, in one call where the backend has one.
    pub fn insert_all<E: Entity>(&mut self, entities: &[E]) -> Result<(), DbError> {
        self.call(|inner| match inner {
            Inner::Sqlite(connection) => entities
                .iter()
                .try_for_each(|entity| sqlite::insert(connection, entity)),
            Inner::Mongo(tx) => tx.insert_all(entities),
        })?;
        entities
            .iter()
            .try_for_each(|entity| self.saw(None, Some(entity)))
    }
    /// Writes the changed entity if its revision is still the stored one, else
    /// [`DbError::Conflict`]; raises `versioned.rev`.
    pub fn replace<E: Entity>(&mut self, versioned: &mut Versioned<E>) -> Result<(), DbError> {
        let before = self.before::<E>(&versioned.value)?;
        self.call(|inner| match inner {
            Inner::Sqlite(connection) => sqlite::replace(connection, versioned),
            Inner::Mongo(tx) => tx.replace(versioned),
        })?;
        self.saw(before.as_ref(), Some(&versioned.value))?;
        versioned.rev += 1;
        Ok(())
    }
    /// Removes the row if its revision is still the stored one, else [`DbError::Conflict`].
    pub fn delete<E: Entity>(&mut self, versioned: &Versioned<E>) -> Result<(), DbError> {
        self.call(|inner| match inner {
            Inner::Sqlite(connection) => sqlite::delete(connection, versioned),
            Inner::Mongo(tx) => tx.delete(versioned),
        })?;
        self.saw(Some(&versioned.value), None)
    }
    /// The rows of `query`, as this transaction sees them.
    pub fn list<E: Entity>(&mut self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        self.call(|inner| inner.list(query))
    }
    /// How many rows `query` has, its limit and cursor aside.
    pub fn count<E: Entity>(&mut self, query: &Query) -> Result<u64, DbError> {
        self.call(|inner| inner.count::<E>(query))
    }
    /// The backend itself, for what the typed collection cannot do. Whoever changes rows through
    /// it raises their `rev` and keeps body and fields alike.
    pub fn backend(&mut self) -> TxBackend<'_> {
        if let Some(witness) = &mut self.witness {
            witness.saw_backend();
        }
        match &mut self.inner {
            Inner::Sqlite(connection) => TxBackend::Sqlite(connection),
            Inner::Mongo(tx) => TxBackend::Mongo(tx),
        }
    }
    /// Wakes the job runner once this transaction is durable.
    pub(crate) const fn wake_jobs(&mut self) {
        self.wakes_jobs = true;
    }

    pub(super) const fn wakes_jobs(&self) -> bool {
        self.wakes_jobs
    }
    pub(super) const fn is_doomed(&self) -> bool {
        self.doomed
    }

    /// From here on what changes is watched.
    pub(super) fn watch(&mut self, witness: Witness) {
        self.witness = Some(witness);
    }
    /// Writes what the witness has to say, as the last thing of its commit.
    pub(super) fn attest(&mut self) -> Result<(), DbError> {
        let entries = self.witness.take().map(Witness::entries);
        for entry in entries.unwrap_or_default() {
            self.insert(&entry)?;
        }
        Ok(())
    }
    /// A journal entry: at once, or with what the witness saw.
    pub(crate) fn record(&mut self, entry: &journal::Entry) -> Result<(), DbError> {
        match &mut self.witness {
            Some(witness) => {
                witness.keep(entry.clone());
                Ok(())
            }
            None => self.insert(entry).map(drop),
        }
    }
    pub(crate) fn about(&mut self, kind: &str, id: &dyn std::fmt::Display) {
        if let Some(witness) = &mut self.witness {
            witness.about(kind, id);
        }
    }
    /// The row as it still is, where somebody watches.
    fn before<E: Entity>(&mut self, row: &E) -> Result<Option<E>, DbError> {
        let looks = self.witness.as_ref().is_some_and(Witness::has_room);
        if !looks || !Witness::watches::<E>() {
            return Ok(None);
        }
        let before = self.get::<E>(&row.id())?;
        Ok(before.map(Versioned::into_inner))
    }
    fn saw<E: Entity>(&mut self, before: Option<&E>, after: Option<&E>) -> Result<(), DbError> {
        match &mut self.witness {
            Some(witness) if Witness::watches::<E>() => witness.saw(before, after),
            _ => Ok(()),
        }
    }

    fn call<T>(
        &mut self,
        work: impl FnOnce(&mut Inner<'a>) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        if self.doomed {
            return Err(DbError::Doomed);
        }
        let done = work(&mut self.inner);
        self.doomed = done.is_err();
        done
    }
}
