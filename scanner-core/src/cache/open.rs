//! The one function that opens the database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{archived, facts::Identity, files, mark, schema, seen};
use crate::error::Cause;

pub(crate) const DATABASE: &str = "gatehouse.db";

/// Set on every connection, in this order.
const PRAGMAS: [(&str, &str, &str); 9] = [
    (
        "journal_mode",
        "WAL",
        "a commit is one append; readers never wait for the scanner",
    ),
    (
        "synchronous",
        "FULL",
        "a commit is on disk when it returns: nothing is shown on hope",
    ),
    (
        "wal_autocheckpoint",
        "0",
        "checkpoints run between scans, never inside one",
    ),
    (
        "journal_size_limit",
        "16777216",
        "a long log is given back to the disk after a checkpoint",
    ),
    (
        "secure_delete",
        "ON",
        "a guest's name that the organizer took off the gates is not left in free pages",
    ),
    ("foreign_keys", "ON", "off by default in SQLite"),
    (
        "cell_size_check",
        "ON",
        "a damaged page is an error and not a wrong answer",
    ),
    (
        "trusted_schema",
        "OFF",
        "a tampered schema must not run functions",
    ),
    (
        "cache_size",
        "-8192",
        "8 MiB: the scan path touches a handful of pages",
    ),
];

/// How long a scan waits for a sync's commit, and the other way round.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const TRY_AGAIN: Duration = Duration::from_millis(5);

/// Above this size the check at open would keep a gate waiting; `doctor` still does it.
const CHECK_AT_OPEN_BYTES_MAX: u64 = 256 * 1024 * 1024;

pub(crate) struct Cache {
    pub(super) conn: Connection,
    dir: PathBuf,
}

/// A new database turns to write-ahead logging once. Whoever opens it at that moment is told that it is
/// busy, and SQLite does not wait by itself there.
fn set(conn: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let mut tries = BUSY_TIMEOUT.as_millis() / TRY_AGAIN.as_millis();
    loop {
        match conn.pragma_update(None, name, value) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries > 0 =>
            {
                tries -= 1;
                std::thread::sleep(TRY_AGAIN);
            }
            done => return done,
        }
    }
}

impl Cache {
    /// The data of an enrolled device; `None` when the directory holds none. One that was archived is
    /// an error of its own, and what a cut left of it goes now.
    pub(crate) fn open(dir: &Path) -> Result<Option<(Self, Identity)>, Cause> {
        if let Some(note) = archived::read(dir)? {
            archived::finish(dir)?;
            return Err(Cause::Archived(Box::new(note)));
        }
        let remains = || seen::exists(dir) || mark::exists(dir);
        if !dir.join(DATABASE).exists() {
            return if remains() {
                Err(Cause::Damaged(format!("{DATABASE} is missing")))
            } else {
                Ok(None)
            };
        }
        let cache = Self::connect(dir)?;
        match cache.identity()? {
            Some(identity) => Ok(Some((cache, identity))),
            None if remains() => Err(Cause::Damaged(format!("{DATABASE} lost its contents"))),
            None => Ok(None),
        }
    }

    /// Opens or creates the database, for enrolment.
    pub(crate) fn create(dir: &Path) -> Result<Self, Cause> {
        files::create_private_dir(dir)?;
        // Created by hand so that the database and its companions are readable by the owner only.
        files::touch_private(&dir.join(DATABASE))?;
        Self::connect(dir)
    }

    fn connect(dir: &Path) -> Result<Self, Cause> {
        let path = dir.join(DATABASE);
        let mut conn = Connection::open_with_flags(
            &path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        conn.busy_timeout(BUSY_TIMEOUT)?;
        for (name, value, _reason) in PRAGMAS {
            set(&conn, name, value)?;
        }
        schema::migrate(&mut conn)?;
        let small = std::fs::metadata(&path).is_ok_and(|m| m.len() <= CHECK_AT_OPEN_BYTES_MAX);
        let cache = Self {
            conn,
            dir: dir.to_path_buf(),
        };
        if small {
            cache.check_pages()?;
        }
        Ok(cache)
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The engine's own check of every page.
    pub(crate) fn check_pages(&self) -> Result<(), Cause> {
        let answer: String = self
            .conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if answer == "ok" {
            Ok(())
        } else {
            Err(Cause::Damaged(answer))
        }
    }

    /// Runs `work` in one immediate transaction; durable when it returns `Ok`.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&tx)?;
        tx.commit()?;
        Ok(value)
    }

    /// Runs `work` on one unchanging view of the data.
    pub(crate) fn view<T>(&self, work: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
        let tx = self.conn.unchecked_transaction()?;
        let value = work()?;
        tx.commit()?;
        Ok(value)
    }

    /// Changes when another connection has committed; own commits do not count.
    pub(crate) fn data_version(&self) -> Result<i64, Cause> {
        let mut statement = self.conn.prepare_cached("PRAGMA data_version")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Moves the write-ahead log into the database and empties its file: what was deleted is not to
    /// stay in it. When somebody reads meanwhile this is left to the next sync.
    pub(crate) fn empty_wal(&self) -> Result<(), Cause> {
        // A scan must not wait for this, nor this for a scan.
        self.conn.busy_timeout(Duration::ZERO)?;
        let done = self
            .conn
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.conn.busy_timeout(BUSY_TIMEOUT)?;
        match done {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Moves the write-ahead log into the database, as far as readers allow.
    pub(crate) fn checkpoint(&self) -> Result<(), Cause> {
        self.conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        Ok(())
    }
}
