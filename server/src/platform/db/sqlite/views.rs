//! Views: several reads in one transaction, on a thread that may block.
//!
//! sqlx sends each statement to the thread of its connection and back, which costs more than a read
//! by key does. Who knows what they will read goes there once.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::open;
use crate::platform::db::{DbError, View};

/// Views at a time: each holds a thread and a connection, for microseconds.
const VIEWS_MAX: u32 = 8;

/// Read-only connections for views, opened when they are first needed.
pub(super) struct Views {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    /// Of a temporary database: it outlives a view whose caller has gone.
    _folder: Option<Arc<TempDir>>,
}

impl Views {
    pub(super) fn new(path: PathBuf, folder: Option<Arc<TempDir>>) -> Self {
        Self {
            path,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(VIEWS_MAX as usize)),
            _folder: folder,
        }
    }

    pub(super) async fn view<T, E, F>(self: &Arc<Self>, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| DbError::Stopped)?;
        let views = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            // Goes back when the view ends, however it ends, and after its connection.
            let _permit = permit;
            let connection = views.take()?;
            // Lost with a panic: the next view opens another.
            run(&connection, "BEGIN")?;
            let result = work(&mut View::sqlite(&connection));
            run(&connection, "COMMIT")?;
            views.idle().push(connection);
            result
        });
        done.await.unwrap_or_else(|_| Err(DbError::Panicked.into()))
    }

    /// Waits for the views under way; later ones are refused.
    pub(super) async fn close(&self) {
        // An error means that it is closed already.
        drop(self.permits.acquire_many(VIEWS_MAX).await);
        self.permits.close();
        self.idle().clear();
    }

    fn take(&self) -> Result<Connection, DbError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| open::viewer(&self.path), Ok)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(connection: &Connection, what: &str) -> Result<(), DbError> {
    connection.prepare_cached(what)?.execute(())?;
    Ok(())
}
