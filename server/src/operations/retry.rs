//! Starting a job again, by an administrator.

use serde_json::json;
use shared::api::jobs::JobView;
use shared::ids::{JobId, JournalId};

use super::find;
use crate::app::App;
use crate::error::ApiError;
use crate::platform::db::DbError;
use crate::platform::http::Caller;
use crate::platform::jobs;
use crate::platform::journal::{self, Actor};

/// A dead letter lives again; a job that waits for its next try is due now. One that runs is left
/// alone: its runner has it.
pub(super) async fn retry(app: &App, caller: &Caller, id: JobId) -> Result<JobView, ApiError> {
    let now = app.clock.now();
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        "job.retried",
        journal::subject("job", id),
        json!({}),
    );
    let is_started = app
        .db
        .write(move |tx| -> Result<bool, DbError> {
            let is_started = jobs::revive(tx, id, now)? || jobs::hasten(tx, id, now)?;
            if is_started {
                journal::record(tx, &entry)?;
            }
            Ok(is_started)
        })
        .await?;
    if is_started {
        match find::show(app, id).await {
            Ok(view) => return Ok(view),
            // Its like waits already and does the work of both.
            Err(_) => return Err(not_waiting()),
        }
    }
    find::show(app, id).await?;
    Err(not_waiting())
}

fn not_waiting() -> ApiError {
    ApiError::conflict(
        "job_running",
        "This job is being done, or another like it waits.",
    )
}
