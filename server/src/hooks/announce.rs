//! Telling hooks, in the commit of what is told: one job, and only where somebody listens.

use serde_json::json;
use shared::api::hooks::HookKind;
use shared::ids::{EventId, JobId};
use shared::time::Timestamp;

use super::deliver::FAN_OUT;
use super::model::{Hook, scope};
use crate::events::model::Event;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs::{self, Job, NewJob};

/// What happened, by id.
#[derive(Clone, Debug)]
pub struct Told {
    pub kind: HookKind,
    pub event: EventId,
    /// The order, dispute, transfer, event or alert.
    pub subject: String,
}

/// Enqueues the job that tells whoever listens.
pub fn announce(tx: &mut Tx<'_>, told: &Told, now: Timestamp) -> Result<(), DbError> {
    let Some(event) = tx.get::<Event>(&told.event.to_string())? else {
        return Ok(());
    };
    // Whether they may still know is asked when they are told.
    let mut listens = false;
    for of in [Some(told.event), None] {
        let query = Query::on("by_scope").eq(scope(of, event.organizer_id));
        listens |= tx
            .list::<Hook>(&query)?
            .iter()
            .any(|hook| hook.hears(told.kind));
    }
    if !listens {
        return Ok(());
    }
    // Twice in one moment is one piece of news.
    let job = job_id(told, now);
    if tx.get::<Job>(&job.to_string())?.is_some() {
        return Ok(());
    }
    let payload = json!({
        "kind": told.kind, "eventId": told.event, "subject": told.subject, "at": now,
    });
    jobs::enqueue(tx, NewJob::new(job, FAN_OUT, payload, now))
}

/// Drawn from what is told: that happens once at a time.
fn job_id(told: &Told, now: Timestamp) -> JobId {
    let text = format!("{:?}/{}/{}", told.kind, told.event, told.subject);
    let hash = blake3::derive_key("gatehouse hook announcement", text.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    JobId::new(now, random)
}
