//! Removing sessions, refresh tokens, mailed links, ceremonies and invitations that ended of age.

use serde_json::Value;
use shared::ids::JobId;
use shared::time::Timestamp;

use super::model::{RefreshToken, Session};
use super::one_time::OneTime;
use super::passkeys::Ceremony;
use crate::app::{App, AppState};
use crate::organizations::Invitation;
use crate::platform::db::{DbError, Entity, Query, Tx};
use crate::platform::jobs::{self, NewJob, Priority, Runner};

const SWEEP: &str = "accounts.sweep";
const EVERY_SECS: i64 = 60 * 60;
/// Rows in one transaction: the writer is shared.
const BATCH: u32 = 500;

pub fn register(runner: &mut Runner<AppState>) {
    super::password::register(runner);
    super::own::register(runner);
    runner.register(SWEEP, |app, _payload| async move {
        sweep(&app).await?;
        let next = app.clock.now().plus_secs(EVERY_SECS);
        schedule(&app, next).await?;
        Ok(())
    });
}

/// Plans the sweep; one that waits already is enough.
pub async fn schedule(app: &App, at: Timestamp) -> Result<(), DbError> {
    let id = JobId::new(app.clock.now(), app.entropy.id10());
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let job = NewJob::new(id, SWEEP, Value::Null, now)
                .run_at(at)
                .priority(Priority::Low)
                .dedupe(SWEEP);
            jobs::enqueue(tx, job)
        })
        .await
}

/// Gives how many rows went.
pub async fn sweep(app: &App) -> Result<usize, DbError> {
    let now = app.clock.now();
    let mut removed = 0;
    loop {
        let batch = app
            .db
            .write(move |tx| {
                Ok::<_, DbError>(
                    remove::<RefreshToken>(tx, now)?
                        + remove::<Session>(tx, now)?
                        + remove::<OneTime>(tx, now)?
                        + remove::<Ceremony>(tx, now)?
                        + remove::<Invitation>(tx, now)?,
                )
            })
            .await?;
        removed += batch;
        if batch == 0 {
            return Ok(removed);
        }
    }
}

fn remove<E: Entity>(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, DbError> {
    let expired = tx.list::<E>(&Query::on("by_expiry").less_than(now).limit(BATCH))?;
    for row in &expired {
        tx.delete(row)?;
    }
    Ok(expired.len())
}
