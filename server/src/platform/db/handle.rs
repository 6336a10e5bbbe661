//! The handle that everybody holds.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Collection, DbError, Entity, Page, Query, Tx, Versioned};

/// A database. Cheap to clone; the last clone closes it, [`Db::close`] does so in order.
#[derive(Clone)]
pub struct Db {
    jobs_signal: Arc<Notify>,
}

impl Db {
    /// Opens, and migrates to the present schema. `sqlite:PATH` (made if missing),
    /// `sqlite::memory:` (a temporary file, gone with the last clone) or `mongodb://…/NAME`
    /// (a replica set; without NAME: `gatehouse`).
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let _ = url;
        unimplemented!()
    }
    /// One transaction. `Ok` is durable, `Err` is rolled back. `work` may run more than once.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let _ = work;
        unimplemented!()
    }
    /// The row with that key, outside any transaction.
    pub async fn get<E: Entity>(&self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        let _ = id;
        unimplemented!()
    }
    /// The rows of `query`, outside any transaction.
    pub async fn list<E: Entity>(&self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        let _ = query;
        unimplemented!()
    }
    /// The rows of `query` and the cursor of what follows them.
    pub async fn page<E: Entity>(&self, query: &Query) -> Result<Page<E>, DbError> {
        let _ = query;
        unimplemented!()
    }
    /// How many rows `query` has, its limit and cursor aside.
    pub async fn count<E: Entity>(&self, query: &Query) -> Result<u64, DbError> {
        let _ = query;
        unimplemented!()
    }
    /// Whether the database answers and can still write.
    pub async fn ping(&self) -> Result<(), DbError> {
        unimplemented!()
    }
    /// Finishes what is queued, then closes. Later calls give [`DbError::Stopped`].
    pub async fn close(&self) {
        unimplemented!()
    }
    /// `sqlite` or `mongodb`.
    pub fn backend_name(&self) -> &'static str {
        unimplemented!()
    }
    /// Makes a collection that no migration makes: for tests and benches of this layer.
    pub async fn create_collection(&self, collection: &Collection) -> Result<(), DbError> {
        let _ = collection;
        unimplemented!()
    }
    /// Signalled after each commit that enqueued jobs.
    pub(crate) fn jobs_signal(&self) -> &Arc<Notify> {
        &self.jobs_signal
    }
}
