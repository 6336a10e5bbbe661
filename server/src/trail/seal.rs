//! Sealing what was written since the last look.

use std::time::Duration;

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use shared::journal::{LEAVES_MAX, Seal};
use shared::time::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::app::{App, AppState};
use crate::platform::db::{Db, DbError, IndexValue, Query};
use crate::platform::journal::{Entry, StoredSeal};
use crate::platform::vault::Vault;

/// So long an entry may wait for its seal.
const PERIOD: Duration = Duration::from_secs(5);

/// Seals until `stop`, and once more then. It only reads while there is nothing to seal.
pub async fn keep_sealed(app: AppState, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut is_last = false;
    while !is_last {
        tokio::select! {
            () = stop.cancelled() => is_last = true,
            _ = ticks.tick() => {}
        }
        if let Err(error) = seal_due(&app).await {
            tracing::error!(%error, "the journal cannot be sealed; trying again");
        }
    }
}

/// Seals all that has no seal; gives how many entries that were.
pub async fn seal_due(app: &App) -> Result<usize, DbError> {
    seal_with(&app.db, &signing_key(&app.vault), app.clock.now()).await
}

/// [`seal_due`] with a key.
pub async fn seal_with(db: &Db, key: &SigningKey, now: Timestamp) -> Result<usize, DbError> {
    let mut sealed = 0;
    loop {
        let batch = match seal_some(db, key, now).await {
            // Another server has sealed them.
            Err(DbError::Duplicate { .. } | DbError::Conflict { .. }) => 0,
            batch => batch?,
        };
        sealed += batch;
        if batch < LEAVES_MAX {
            return Ok(sealed);
        }
    }
}

async fn seal_some(db: &Db, key: &SigningKey, now: Timestamp) -> Result<usize, DbError> {
    let limit = u32::try_from(LEAVES_MAX).unwrap_or(u32::MAX);
    let open = db.list::<Entry>(&unsealed().limit(limit)).await?;
    if open.is_empty() {
        return Ok(0);
    }
    let last = last_seal(db).await?;
    let entries: Vec<Entry> = open.iter().map(|row| row.value.clone()).collect();
    let seal = Seal::draw(last.as_ref(), &entries, now, key);
    let (number, hash, count) = (seal.number, seal.hash(), open.len());
    db.write(move |tx| {
        tx.insert(&StoredSeal(seal.clone()))?;
        for (row, seq) in open.iter().zip(seal.first..) {
            let mut row = row.clone();
            row.seq = Some(seq);
            tx.replace(&mut row)?;
        }
        Ok::<_, DbError>(())
    })
    .await?;
    // Where logs go elsewhere, this line is what a journal that was cut later fails against.
    tracing::info!(
        seal.number = number,
        seal.hash = hash,
        entries = count,
        "the journal is sealed"
    );
    Ok(count)
}

/// Entries that have no place yet, the oldest first.
pub(super) fn unsealed() -> Query {
    Query::on("by_seq").eq(IndexValue::Null)
}

pub(super) async fn last_seal(db: &Db) -> Result<Option<Seal>, DbError> {
    let query = Query::on("id").descending().limit(1);
    let last = db.list::<StoredSeal>(&query).await?.into_iter().next();
    Ok(last.map(|row| row.value.0))
}

fn signing_key(vault: &Vault) -> SigningKey {
    SigningKey::from_bytes(&vault.derive("journal/seals"))
}

/// The key that this server's seals are signed with, in hex.
pub fn public_key(vault: &Vault) -> String {
    HEXLOWER.encode(signing_key(vault).verifying_key().as_bytes())
}
