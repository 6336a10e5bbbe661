//! Tables, as numbered migrations: append-only, safe for the binary before.

use std::sync::LazyLock;

use rusqlite::Connection;
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

static MIGRATIONS: LazyLock<Migrations<'static>> =
    LazyLock::new(|| Migrations::new(vec![M::up(V1), M::up(ANSWERS)]));

pub(super) fn migrate(conn: &mut Connection) -> Result<(), Cause> {
    Ok(MIGRATIONS.to_latest(conn)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn migrations_are_well_formed() {
        assert!(super::MIGRATIONS.validate().is_ok());
    }
}
