//! The one function that opens a SQLite database: pragmas, migrations, connections.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tempfile::TempDir;

use crate::platform::db::DbError;

/// Pragmas of every connection: name, value, reason.
const PRAGMAS: &[(&str, &str, &str)] = &[
    (
        "journal_mode",
        "WAL",
        "readers and the writer do not block each other",
    ),
    (
        "synchronous",
        "FULL",
        "COMMIT fsyncs the WAL: an answered request survives a power cut",
    ),
    (
        "busy_timeout",
        "5000",
        "another process (backup, a second server) may hold the lock",
    ),
    (
        "foreign_keys",
        "ON",
        "no migration may rely on broken references being accepted",
    ),
    (
        "temp_store",
        "MEMORY",
        "savepoint journals and sorts are small; a temp file costs system calls",
    ),
    (
        "trusted_schema",
        "OFF",
        "a tampered file must not run functions from its schema",
    ),
    (
        "journal_size_limit",
        "67108864",
        "after a burst the WAL shrinks back to 64 MiB",
    ),
];

/// Pragmas of the writer alone.
const WRITER_PRAGMAS: &[(&str, &str, &str)] = &[
    (
        "cache_size",
        "-8192",
        "8 MiB: hot index pages stay decoded; a commit after a page split walks the whole cache, \
         which at 64 MiB had an eighth of a benchmark's samples",
    ),
    (
        "wal_autocheckpoint",
        "0",
        "`checkpoint` does it: a commit never waits for a full copy-back",
    ),
];

/// Pragmas of each reader.
const READER_PRAGMAS: &[(&str, &str, &str)] = &[(
    "cache_size",
    "-8192",
    "at most 8 MiB each: there are several, and the page cache is below",
)];

/// Prepared statements kept by the writer and by each view's connection: a few per collection plus
/// the slices' own.
const STATEMENTS_MAX: usize = 512;
/// Reader connections; each is a thread, and a read takes microseconds.
const READERS_MAX: u32 = 8;
/// How long a reader may wait for a connection.
const READER_WAIT: Duration = Duration::from_secs(10);

pub(super) struct Opened {
    pub(super) writer: Connection,
    pub(super) checkpointer: Connection,
    pub(super) readers: SqlitePool,
    pub(super) path: PathBuf,
    pub(super) folder: Option<Arc<TempDir>>,
}

/// Opens the database at `path` (`:memory:` for a temporary one), making and migrating it.
pub(super) async fn open(path: &str) -> Result<Opened, DbError> {
    let (path, folder) = locate(path)?;
    // Two servers that start together must not migrate together. (A file of its own: locking the
    // database's would end SQLite's own locks when it is closed.)
    let mut lock_path = path.clone().into_os_string();
    lock_path.push("-open");
    let lock = File::create(lock_path)?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock))
        .await
        .map_err(std::io::Error::other)??;
    migrate(&path).await?;
    // The writer comes first: a read-only connection cannot make the WAL's shared memory.
    let writable = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let writer = connect(&path, writable, WRITER_PRAGMAS)?;
    writer.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    let checkpointer = connect(&path, writable, READER_PRAGMAS)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS_MAX)
        .acquire_timeout(READER_WAIT)
        // Checking a local file's connection before each use doubles the cost of a point read.
        .test_before_acquire(false)
        .connect_with(options(&path, READER_PRAGMAS).read_only(true))
        .await?;
    drop(lock);
    Ok(Opened {
        writer,
        checkpointer,
        readers,
        path,
        folder,
    })
}

/// The file, and for `:memory:` the folder that must outlive it. A temporary file, because a
/// database in memory has no WAL, no reader beside the writer, and no fsync to be honest about.
fn locate(path: &str) -> Result<(PathBuf, Option<Arc<TempDir>>), DbError> {
    if path == ":memory:" {
        let folder = tempfile::Builder::new().prefix("gatehouse-").tempdir()?;
        return Ok((folder.path().join("memory.db"), Some(Arc::new(folder))));
    }
    let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
    // Options behind a `?` are ours to choose; silently making a file of that name helps nobody.
    if path.as_os_str().is_empty() || path.as_os_str().as_encoded_bytes().contains(&b'?') {
        return Err(DbError::BadUrl);
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    Ok((path, None))
}

async fn migrate(path: &Path) -> Result<(), DbError> {
    let options = options(path, &[]).create_if_missing(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await?;
    let done = sqlx::migrate!().run(&pool).await;
    pool.close().await;
    Ok(done?)
}

fn options(path: &Path, more: &[(&'static str, &'static str, &str)]) -> SqliteConnectOptions {
    PRAGMAS
        .iter()
        .chain(more)
        // A reader cannot switch the journal; the writer has.
        .filter(|(name, ..)| *name != "journal_mode" || more.is_empty())
        .fold(
            SqliteConnectOptions::new().filename(path),
            |options, (name, value, _)| options.pragma(*name, *value),
        )
}

/// A connection for views.
pub(super) fn viewer(path: &Path) -> Result<Connection, DbError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, READER_PRAGMAS)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn connect(
    path: &Path,
    access: OpenFlags,
    more: &[(&str, &str, &str)],
) -> Result<Connection, DbError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let writes = !access.contains(OpenFlags::SQLITE_OPEN_READ_ONLY);
    for (name, value, _) in PRAGMAS.iter().chain(more) {
        // A reader cannot switch the journal; the writer has.
        if writes || *name != "journal_mode" {
            connection.pragma_update(None, name, value)?;
        }
    }
    Ok(connection)
}
