//! What can go wrong in storage.
//!
//! `Display` never carries a value, an id or SQL, so that it may be shown; `source()` has the rest
//! and belongs in the log.

use std::sync::Arc;

/// An error of the storage layer. Slices turn `Duplicate` and `Conflict` into their own words and
/// pass the others through.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// A unique index refused the row. `index` is its declared name, or `id` for the key.
    #[error("{collection}: another row has the same {index}")]
    Duplicate {
        collection: &'static str,
        index: &'static str,
    },
    /// The row was changed or deleted since it was read.
    #[error("{collection}: the row has changed meanwhile")]
    Conflict { collection: &'static str },
    /// An earlier call in this transaction failed and its error was not returned.
    #[error("the transaction had already failed")]
    Doomed,
    /// The closure panicked; its transaction was rolled back.
    #[error("the transaction panicked")]
    Panicked,
    /// The database is closed, or was stopped after a disk error.
    #[error("the database is stopped")]
    Stopped,
    /// The transaction kept colliding with others and was given up.
    #[error("the database is too busy")]
    Contended,
    /// The group's COMMIT failed; nothing of it was kept.
    #[error("the commit failed")]
    Commit(#[source] Arc<rusqlite::Error>),
    /// The answer to the COMMIT was lost: it may have happened or not.
    #[error("the commit's outcome is unknown")]
    Unknown(#[source] mongodb::error::Error),
    /// The query asks for what its collection does not declare: a bug of the caller.
    #[error("the query does not fit its collection: {0}")]
    BadQuery(&'static str),
    /// The cursor was not made by the same query. The caller's client is at fault (400).
    #[error("the cursor is not valid")]
    BadCursor,
    /// The entity does not fit its own declaration or cannot be stored: a bug of the caller.
    #[error("{collection}: the entity does not fit its collection: {why}")]
    BadEntity {
        collection: &'static str,
        why: &'static str,
    },
    /// A stored row cannot be read back.
    #[error("{collection}: a stored row cannot be read")]
    Inconsistent {
        collection: &'static str,
        source: serde_json::Error,
    },
    /// `DATABASE_URL` is neither `sqlite:PATH`, `sqlite::memory:` nor `mongodb://…`.
    #[error("the database URL is not understood")]
    BadUrl,
    /// MongoDB runs alone; transactions need a replica set.
    #[error("MongoDB must be a replica set")]
    NoTransactions,
    #[error("the database failed")]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database failed")]
    Sqlx(#[from] sqlx::Error),
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the database failed")]
    Mongo(#[from] mongodb::error::Error),
    #[error("the entity cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    #[error("the database's files cannot be used")]
    Io(#[from] std::io::Error),
}

impl DbError {
    /// Whether a unique index of that name (or `id`) refused the row.
    pub fn is_duplicate_of(&self, name: &str) -> bool {
        matches!(self, Self::Duplicate { index, .. } if *index == name)
    }
}
