//! The publishing job: one per event, a moment after a change, for devices that fetch later.
//!
//! A sync publishes by itself when something is pending, so this job is never what a device waits
//! for; it keeps the marks from piling up while nobody syncs.

use serde::{Deserialize, Serialize};
use shared::ids::{EventId, JobId};
use shared::time::Timestamp;

use super::publish;
use crate::app::AppState;
use crate::platform::db::{DbError, Tx};
use crate::platform::jobs::{self, NewJob, Priority, Runner};

pub use super::alert::schedule;

const KIND: &str = "gate.publish";
/// Claims come in bursts: one manifest takes in what a moment brings.
const DELAY_MILLIS: i64 = 1_000;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    event: EventId,
}

pub fn register(runner: &mut Runner<AppState>) {
    super::alert::register(runner);
    super::codes::register(runner);
    runner.register(KIND, |app: AppState, payload| async move {
        let Payload { event } = serde_json::from_value(payload)?;
        publish::refresh(&app, event, app.clock.now()).await?;
        Ok(())
    });
}

/// In the commit that marked `serial`. The id is derived, because marking draws no randomness;
/// while a job of the event waits, nothing is added.
pub(super) fn enqueue_publish(
    tx: &mut Tx<'_>,
    event: EventId,
    serial: u32,
    now: Timestamp,
) -> Result<(), DbError> {
    let random = derived(KIND, event, serial, now);
    let payload = serde_json::to_value(Payload { event })?;
    let job = NewJob::new(JobId::new(now, random), KIND, payload, now)
        .run_at(now.plus_millis(DELAY_MILLIS))
        .priority(Priority::High)
        .dedupe(format!("{KIND}:{event}"));
    jobs::enqueue(tx, job)
}

/// In place of randomness, which marking does not draw.
pub(super) fn derived(kind: &str, event: EventId, serial: u32, now: Timestamp) -> [u8; 10] {
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(kind.as_bytes())
        .update(event.as_bytes())
        .update(&serial.to_be_bytes())
        .update(&now.as_millis().to_be_bytes());
    let mut random = [0; 10];
    hasher.finalize_xof().fill(&mut random);
    random
}
