//! Tables, as numbered migrations: append-only, safe for the binary before.

use std::sync::LazyLock;

use rusqlite::{Connection, TransactionBehavior};
use rusqlite_migration::{M, Migrations};

use crate::error::Cause;

/// - `facts`: small JSON documents by name: `identity`, `sync`.
/// - `statements`: exact wire bytes; `slot` 0 is in use, 1 is a snapshot still being fetched.
///   All root versions are kept, because each is trusted through the one before.
/// - `segments`: snapshot segments by BLAKE3 of their wire bytes.
/// - `logs`: own logs count down from the top, so that the open log's appends land on the last
///   page of `entries`, the cheapest insert there is. (`checked_seq`, `checked_head`) is a head
///   that has been verified; entries behind it are re-hashed at open.
/// - `entries`: `id` is (log number << 32) | seq: a sequence number cannot be used twice.
const V1: &str = "
CREATE TABLE facts (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE statements (
    kind INTEGER NOT NULL, slot INTEGER NOT NULL, version INTEGER NOT NULL, wire BLOB NOT NULL,
    PRIMARY KEY (kind, slot, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE segments (hash BLOB PRIMARY KEY, wire BLOB NOT NULL) STRICT;
CREATE TABLE logs (
    number INTEGER PRIMARY KEY, log BLOB NOT NULL UNIQUE, genesis BLOB NOT NULL,
    own INTEGER NOT NULL, closed INTEGER NOT NULL DEFAULT 0,
    checked_seq INTEGER NOT NULL, checked_head BLOB NOT NULL,
    acked INTEGER NOT NULL DEFAULT 0, refused TEXT
) STRICT;
CREATE TABLE entries (id INTEGER PRIMARY KEY, body BLOB NOT NULL, signature BLOB) STRICT;
";

/// - `answers`: what guests said, by the admission that it came with, until the server has it.
const ANSWERS: &str = "
CREATE TABLE answers (
    log BLOB NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;
";

/// - `forks`: logs whose writer signed two entries in one place, by log number: frozen from `seq` on.
/// - `strays`: quarantined entries, named by the hash after them.
/// - `grants`: uses of strict tickets that this device granted as their home.
const GOSSIP: &str = "
CREATE TABLE forks (number INTEGER PRIMARY KEY, seq INTEGER NOT NULL, proof BLOB NOT NULL) STRICT;
CREATE TABLE strays (
    number INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, previous BLOB NOT NULL,
    body BLOB NOT NULL, signature BLOB, PRIMARY KEY (number, seq, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE grants (
    serial INTEGER NOT NULL, generation INTEGER NOT NULL, slot INTEGER NOT NULL, claim BLOB NOT NULL,
    PRIMARY KEY (serial, generation, slot)
) STRICT, WITHOUT ROWID;
";

static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(vec![M::up(V1), M::up(ANSWERS), M::up(GOSSIP)]));

/// A program that enrols and one that waits for the enrolment may open a new database at once: whoever
/// comes second waits, and finds that all is done.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), Cause> {
    conn.set_transaction_behavior(TransactionBehavior::Immediate);
    match MIGRATIONS.to_latest(conn) {
        Err(_) if MIGRATIONS.pending_migrations(conn)? == 0 => Ok(()),
        migrated => Ok(migrated?),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};

    use crate::cache::Cache;

    #[test]
    fn a_new_database_may_be_opened_by_several_at_once() {
        // V6
        const OPENERS: usize = 4;
        for _ in 0..20 {
            let dir = tempfile::TempDir::new().expect("a folder");
            let at_once = Arc::new(Barrier::new(OPENERS));
            let openers: Vec<_> = (0..OPENERS)
                .map(|_| {
                    let (dir, at_once) = (dir.path().to_owned(), at_once.clone());
                    std::thread::spawn(move || {
                        at_once.wait();
                        Cache::create(&dir).map(drop)
                    })
                })
                .collect();
            for opener in openers {
                opener.join().expect("no panic").expect("opens");
            }
        }
    }

    #[test]
    fn migrations_are_well_formed() {
        assert!(super::MIGRATIONS.validate().is_ok());
    }
}
