//! Putting jobs in, and looking at what is there.

use std::sync::Arc;

use tokio::sync::Notify;

use super::NewJob;
use crate::platform::db::{Db, DbError, Tx};

/// Adds a job in the caller's transaction and wakes the runner after its commit. If a job with the
/// same dedupe key waits already, nothing is added.
pub fn enqueue(tx: &mut Tx<'_>, job: NewJob) -> Result<(), DbError> {
    let _ = (tx, job);
    unimplemented!()
}

/// What the rest of the application may know about jobs.
#[derive(Clone)]
pub struct JobsHandle {
    db: Db,
    signal: Arc<Notify>,
}

/// How many jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCounts {
    /// Queued or running.
    pub live: u64,
    pub dead: u64,
}

impl JobsHandle {
    pub fn new(db: &Db) -> Self {
        Self {
            db: db.clone(),
            signal: Arc::clone(db.jobs_signal()),
        }
    }
    /// Makes the runner look for due jobs now.
    pub fn wake(&self) {
        self.signal.notify_one();
    }
    pub async fn counts(&self) -> Result<JobCounts, DbError> {
        let _ = &self.db;
        unimplemented!()
    }
}
