//! `Idempotency-Key`: the answer to a request is remembered in the commit of its effect, and given
//! again when the same request comes with the same key.
//!
//! Use inside one closure: [`begin`]; on [`Begin::Fresh`] do the work and [`store`] the answer. Two
//! racing requests cannot both be fresh: SQLite has one writer, and on MongoDB the loser of the
//! write conflict runs again and finds the answer. Store only answers that a retry should see
//! again: a declined card is not one.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use crate::platform::db::{
    Collection, Db, DbError, Entity, Field, Index, IndexValue, Query, Tx, Versioned,
};

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
    let known = tx.get::<Remembered>(&row_id(scope, key))?;
    Ok(judge(known, request_hash, now))
}

/// As [`begin`], outside any transaction: spares a repeated request the work before its commit.
/// [`Begin::Fresh`] promises nothing; only [`begin`] decides.
pub async fn look(
    db: &Db,
    scope: &str,
    key: &str,
    request_hash: &str,
    now: Timestamp,
) -> Result<Begin, DbError> {
    let known = db.get::<Remembered>(&row_id(scope, key)).await?;
    Ok(judge(known, request_hash, now))
}

fn judge(known: Option<Versioned<Remembered>>, request_hash: &str, now: Timestamp) -> Begin {
    match known.map(Versioned::into_inner) {
        Some(known) if known.expires_at <= now => Begin::Fresh,
        Some(known) if known.request_hash != request_hash => Begin::Mismatch,
        Some(known) => Begin::Replay {
            status: known.status,
            body: known.body,
        },
        None => Begin::Fresh,
    }
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
    let fresh = Remembered {
        id: row_id(scope, key),
        scope: scope.to_owned(),
        key: key.to_owned(),
        request_hash: request_hash.to_owned(),
        status,
        body,
        expires_at: now.plus_millis(TTL_MILLIS),
    };
    if let Some(mut expired) = tx.get::<Remembered>(&fresh.id)? {
        expired.value = fresh;
        return tx.replace(&mut expired);
    }
    tx.insert(&fresh).map(drop)
}

/// Forgets up to `limit` answers that have expired; gives how many. For a periodic job.
pub fn sweep(tx: &mut Tx<'_>, now: Timestamp, limit: u32) -> Result<usize, DbError> {
    let expired = tx.list::<Remembered>(&Query::on("by_expiry").at_most(now).limit(limit))?;
    for row in &expired {
        tx.delete(row)?;
    }
    Ok(expired.len())
}

/// A hash, because clients choose the key and a separator of ours could be part of it.
fn row_id(scope: &str, key: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("gatehouse idempotency key v1");
    hasher.update(&u64::try_from(scope.len()).unwrap_or(u64::MAX).to_le_bytes());
    hasher.update(scope.as_bytes());
    hasher.update(key.as_bytes());
    data_encoding::HEXLOWER.encode(&hasher.finalize().as_bytes()[..16])
}
