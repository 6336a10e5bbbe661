//! SQLite: one writer thread that groups commits, a pool of readers beside it.
//!
//! Invariants
//! - Only the writer thread writes; readers and views are opened read-only.
//! - An answer leaves the writer only after the COMMIT that it depends on.
//! - The writer outlives every closure: errors and panics roll back their own savepoint. Only a
//!   failed fsync stops it, because what the disk holds is then unknown (see [`writer`]).

mod checkpoint;
mod open;
pub(super) mod read;
pub(super) mod rows;
mod sql;
#[cfg(test)]
mod tests;
mod views;
mod writer;

use std::sync::Arc;

use sqlx::SqlitePool;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{Collection, DbError, Tx, View};
use views::Views;
use writer::Writer;

/// An open SQLite database.
pub(super) struct SqliteDb {
    pub(super) readers: SqlitePool,
    views: Arc<Views>,
    writer: Writer,
    /// Where a `sqlite::memory:` database lives. The writer thread holds it too, but has ended when
    /// this one, the last field, goes.
    _folder: Option<Arc<TempDir>>,
}

impl SqliteDb {
    /// Opens what follows `sqlite:` in the URL.
    pub(super) async fn open(path: &str, jobs_signal: Arc<Notify>) -> Result<Self, DbError> {
        let opened = open::open(path).await?;
        let writer = Writer::start(
            opened.writer,
            opened.checkpointer,
            opened.folder.clone(),
            jobs_signal,
        )?;
        Ok(Self {
            readers: opened.readers,
            views: Arc::new(Views::new(opened.path, opened.folder.clone())),
            writer,
            _folder: opened.folder,
        })
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.writer.write(work).await
    }

    pub(super) async fn view<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.views.view(work).await
    }

    /// Whether both sides answer. A stopped writer is an error although reads still work.
    pub(super) async fn ping(&self) -> Result<(), DbError> {
        self.writer.check()?;
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        // Readers first, so that the writer's connection is the last one.
        self.readers.close().await;
        self.views.close().await;
        self.writer.drain().await;
    }

    pub(super) async fn create_collection(&self, collection: &Collection) -> Result<(), DbError> {
        let ddl = sql::ddl(collection);
        self.write(move |tx| match tx.backend() {
            super::TxBackend::Sqlite(connection) => Ok(connection.execute_batch(&ddl)?),
            super::TxBackend::Mongo(_) => Err(DbError::BadUrl),
        })
        .await
    }
}
