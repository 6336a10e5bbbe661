//! `Idempotency-Key`: the answer to a request is remembered in the commit of its effect, and given
//! again when the same request comes with the same key.
//!
//! Use inside one closure: [`begin`]; on [`Begin::Fresh`] do the work and [`store`] the answer. Two
//! racing requests cannot both be fresh: SQLite has one writer, and on MongoDB the loser of the
//! write conflict runs again and finds the answer. Store only answers that a retry should see
//! again: a declined card is not one.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use crate::platform::db::{Collection, DbError, Entity, Field, Index, IndexValue, Tx};

/// How long an answer is remembered, in milliseconds.
pub const TTL_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// The longest key that clients may send, in bytes.
pub const KEY_MAX: usize = 200;

/// A remembered answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub id: String,
    pub scope: String,
    pub key: String,
    /// Hash of what was asked (hex or base64, the caller's choice).
    pub request_hash: String,
    /// HTTP status.
    pub status: u16,
    pub body: serde_json::Value,
    pub expires_at: Timestamp,
}

impl Entity for Remembered {
    const COLLECTION: Collection = Collection {
        name: "idempotency",
        fields: &[Field::int("expires_at")],
        indexes: &[Index::on("by_expiry", &["expires_at"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.expires_at.into()]
    }
}

/// What is known about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Not seen (or expired): do the work, then [`store`].
    Fresh,
    /// The same request was answered before: answer the same again.
    Replay {
        status: u16,
        body: serde_json::Value,
    },
    /// The key was used for another request: 422, code `idempotency_mismatch`.
    Mismatch,
}

/// Looks the key up. `scope` keeps callers and routes apart (`"orders:<user id>"`).
pub fn begin(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    request_hash: &str,
    now: Timestamp,
) -> Result<Begin, DbError> {
    let _ = (tx, scope, key, request_hash, now);
    unimplemented!()
}

/// Remembers the answer, in the commit of the effect.
pub fn store(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    request_hash: &str,
    status: u16,
    body: serde_json::Value,
    now: Timestamp,
) -> Result<(), DbError> {
    let _ = (tx, scope, key, request_hash, status, body, now);
    unimplemented!()
}
