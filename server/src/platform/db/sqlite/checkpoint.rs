//! Copying the WAL back into the database, beside the commits instead of inside one.
//!
//! SQLite's own auto-checkpoint runs in the commit that crosses 1,000 pages: that one waits for a
//! thousand page writes and two fsyncs. Here a thread of its own copies (PASSIVE: it never blocks
//! the writer). It can never quite finish while commits go on, and the WAL starts over only after a
//! complete copy, so the writer copies the last short tail itself; that is a small stall, and the
//! WAL stays bounded by [`PAGES_MIN`] plus what is written during one copy.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::platform::db::DbError;

/// Nothing is copied before the WAL has so many pages (16 MiB): a page that is written often is
/// then copied once for many commits.
const PAGES_MIN: i64 = 4096;
/// A tail of at most so many pages is copied by the writer itself.
const TAIL_MAX: i64 = 512;
/// While a long read keeps the WAL from starting over, the writer tries again after so many pages.
const RETRY_AFTER: i64 = 256;

/// Decides after each commit whether to copy, and who does.
pub(super) struct Checkpoints {
    wanted: SyncSender<()>,
    thread: JoinHandle<()>,
    /// Pages in the WAL when the writer last copied its tail.
    tried_at: i64,
}

impl Checkpoints {
    /// Starts the copying thread.
    pub(super) fn start(
        connection: Connection,
        folder: Option<Arc<TempDir>>,
    ) -> Result<Self, DbError> {
        let (wanted, requests) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("db-checkpoint".to_owned())
            .spawn(move || {
                copy_on_request(&connection, &requests);
                drop(connection);
                drop(folder);
            })?;
        Ok(Self {
            wanted,
            thread,
            tried_at: 0,
        })
    }

    /// Ends the copying thread and closes its connection.
    pub(super) fn finish(self) {
        drop(self.wanted);
        if self.thread.join().is_err() {
            tracing::error!("the thread that copies the write-ahead log back had panicked");
        }
    }

    /// Called by the writer between two groups. An error costs nothing but a longer WAL.
    pub(super) fn after_commit(&mut self, writer: &Connection) {
        let Ok((pages, copied)) = checkpoint(writer, "PRAGMA wal_checkpoint(NOOP)") else {
            return;
        };
        if pages < PAGES_MIN {
            self.tried_at = 0;
            return;
        }
        let tail = pages - copied;
        if tail > TAIL_MAX {
            // Full means that a request is waiting already.
            let _: Result<(), TrySendError<()>> = self.wanted.try_send(());
        } else if tail > 0 && pages >= self.tried_at + RETRY_AFTER {
            self.tried_at = pages;
            log_failure(checkpoint(writer, "PRAGMA wal_checkpoint(PASSIVE)"));
        }
    }
}

fn copy_on_request(connection: &Connection, requests: &Receiver<()>) {
    while requests.recv().is_ok() {
        log_failure(checkpoint(connection, "PRAGMA wal_checkpoint(PASSIVE)"));
    }
}

/// Pages in the WAL, and how many of them are copied back.
fn checkpoint(connection: &Connection, pragma: &str) -> rusqlite::Result<(i64, i64)> {
    connection
        .prepare_cached(pragma)?
        .query_row([], |row| Ok((row.get(1)?, row.get(2)?)))
}

fn log_failure(done: rusqlite::Result<(i64, i64)>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the write-ahead log could not be copied back; it grows until it can");
    }
}
