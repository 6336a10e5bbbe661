//! Putting jobs in, taking due ones out, and looking at what is there.

use std::sync::Arc;

use shared::ids::JobId;
use shared::time::Timestamp;
use tokio::sync::Notify;

use super::model::{STATE_DEAD, STATE_LIVE};
use super::{Job, JobStatus, NewJob, Priority};
use crate::platform::db::{Db, DbError, LIMIT_MAX, Query, Tx, Versioned};

/// In this order due jobs are taken.
const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];
/// How long a started job is its runner's without another word from it, in milliseconds (ADR 0077).
pub(super) const LEASE_MILLIS: i64 = 25_000;
/// The longest lease that any version of this server took.
const LEASE_MILLIS_EVER: i64 = 60_000;
/// The longest error text that is kept with a job, in characters.
const ERROR_MAX: usize = 500;

/// Adds a job in the caller's transaction and wakes the runner after its commit. If a job with the
/// same dedupe key waits already, nothing is added.
pub fn enqueue(tx: &mut Tx<'_>, job: NewJob) -> Result<(), DbError> {
    if let Some(key) = &job.dedupe_key
        && is_waiting(tx, key)?
    {
        return Ok(());
    }
    tx.insert(&Job {
        id: job.id,
        kind: job.kind.to_owned(),
        payload: job.payload,
        run_at: job.run_at,
        priority: job.priority,
        dedupe_key: job.dedupe_key,
        status: JobStatus::Queued,
        attempts: 0,
        holder: None,
        last_error: None,
    })?;
    tx.wake_jobs();
    Ok(())
}

/// Gives a dead job another life: due now, its attempts forgotten. `false`: there is none.
pub fn revive(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<bool, DbError> {
    let Some(mut job) = tx.get::<Job>(&id.to_string())? else {
        return Ok(false);
    };
    if !matches!(job.status, JobStatus::Dead { .. }) {
        return Ok(false);
    }
    job.attempts = 0;
    job.run_at = now;
    put_back(tx, &mut job)?;
    tx.wake_jobs();
    Ok(true)
}

/// Makes a job that waits due now. `false`: there is none, or it is not waiting.
pub fn hasten(tx: &mut Tx<'_>, id: JobId, now: Timestamp) -> Result<bool, DbError> {
    let Some(mut job) = tx.get::<Job>(&id.to_string())? else {
        return Ok(false);
    };
    if job.status != JobStatus::Queued {
        return Ok(false);
    }
    job.run_at = job.run_at.min(now);
    tx.replace(&mut job)?;
    tx.wake_jobs();
    Ok(true)
}

/// Whose a started job is, and how long without another word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    /// Drawn for each claim.
    pub(super) holder: i64,
    pub(super) until: Timestamp,
}

/// Takes up to `limit` due jobs, most urgent first, each under a lease. A job whose last allowed start
/// has ended without a word is declared dead instead.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    lease: Lease,
    limit: u32,
    attempts_max: u32,
) -> Result<Vec<Versioned<Job>>, DbError> {
    let mut claimed = Vec::new();
    for priority in PRIORITIES {
        let taken = u32::try_from(claimed.len()).unwrap_or(u32::MAX);
        let due = live(priority)
            .at_most(now)
            .limit(limit.saturating_sub(taken));
        for job in tx.list::<Job>(&due)? {
            claimed.extend(start(tx, job, now, lease, attempts_max)?);
        }
    }
    Ok(claimed)
}

/// As [`claim`], of one job: if it is due still.
pub(super) fn claim_one(
    tx: &mut Tx<'_>,
    id: JobId,
    now: Timestamp,
    lease: Lease,
    attempts_max: u32,
) -> Result<Option<Versioned<Job>>, DbError> {
    let job = tx.get::<Job>(&id.to_string())?;
    let is_dead = |job: &Job| matches!(job.status, JobStatus::Dead { .. });
    match job.filter(|job| !is_dead(job) && job.due_at() <= now) {
        Some(job) => start(tx, job, now, lease, attempts_max),
        None => Ok(None),
    }
}

fn start(
    tx: &mut Tx<'_>,
    mut job: Versioned<Job>,
    now: Timestamp,
    lease: Lease,
    attempts_max: u32,
) -> Result<Option<Versioned<Job>>, DbError> {
    if job.attempts >= attempts_max {
        job.holder = None;
        job.status = JobStatus::Dead { at: now };
        job.last_error = Some("its runner died each time".to_owned());
        tx.replace(&mut job)?;
        return Ok(None);
    }
    job.attempts += 1;
    job.holder = Some(lease.holder);
    job.status = JobStatus::Running {
        lease_until: lease.until,
    };
    tx.replace(&mut job)?;
    Ok(Some(job))
}

/// Up to `limit` due jobs, most urgent first, as they are outside any transaction.
pub(super) async fn due(db: &Db, now: Timestamp, limit: u32) -> Result<Vec<JobId>, DbError> {
    let mut ids = Vec::new();
    for priority in PRIORITIES {
        let due = live(priority).at_most(now).limit(limit);
        ids.extend(db.list::<Job>(&due).await?.iter().map(|job| job.id));
    }
    Ok(ids)
}

/// Queues what was under way again, without the wait for its leases: for a server that knows that it
/// is alone, so that whoever held them is dead. The starts stay counted. Gives how many.
pub async fn take_over(db: &Db, now: Timestamp) -> Result<usize, DbError> {
    let mut taken = 0;
    for priority in PRIORITIES {
        taken += db.write(move |tx| take_back(tx, priority, now)).await?;
    }
    Ok(taken)
}

/// A runner has a handful under way; what ended its lease already is up for grabs anyway.
fn take_back(tx: &mut Tx<'_>, priority: Priority, now: Timestamp) -> Result<usize, DbError> {
    let mut taken = 0;
    let leased = live(priority)
        .more_than(now)
        .at_most(now.plus_millis(LEASE_MILLIS_EVER));
    for mut job in tx.list::<Job>(&leased.limit(LIMIT_MAX))? {
        if matches!(job.status, JobStatus::Running { .. }) {
            put_back(tx, &mut job)?;
            taken += 1;
        }
    }
    if taken > 0 {
        tx.wake_jobs();
    }
    Ok(taken)
}

/// The runner of a claimed job is alive, and goes on until the lease ends. `false`: the job is not its
/// own any more.
pub(super) fn renew(tx: &mut Tx<'_>, id: JobId, lease: Lease) -> Result<bool, DbError> {
    let Some(mut job) = held(tx, id, Some(lease.holder))? else {
        return Ok(false);
    };
    job.status = JobStatus::Running {
        lease_until: lease.until,
    };
    tx.replace(&mut job)?;
    Ok(true)
}

/// The job, if that start of it is still under way: each has a name of its own.
fn held(
    tx: &mut Tx<'_>,
    id: JobId,
    holder: Option<i64>,
) -> Result<Option<Versioned<Job>>, DbError> {
    let job = tx.get::<Job>(&id.to_string())?;
    Ok(job.filter(|job| {
        let is_running = matches!(job.status, JobStatus::Running { .. });
        is_running && holder.is_some() && job.holder == holder
    }))
}

/// How a started job ended.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Done,
    Retry {
        at: Timestamp,
        why: String,
    },
    /// This start does not count.
    Wait {
        at: Timestamp,
        why: String,
    },
    Dead {
        at: Timestamp,
        why: String,
    },
}

/// Writes down how a claimed job ended, unless its lease has passed to another runner: then that
/// one's word counts. Gives whether it was still ours.
pub(super) fn settle(tx: &mut Tx<'_>, claimed: &Job, outcome: &Outcome) -> Result<bool, DbError> {
    let Some(mut job) = held(tx, claimed.id, claimed.holder)? else {
        return Ok(false);
    };
    match outcome {
        Outcome::Done => tx.delete(&job)?,
        Outcome::Retry { at, why } => {
            job.run_at = *at;
            job.last_error = Some(why.chars().take(ERROR_MAX).collect());
            put_back(tx, &mut job)?;
        }
        Outcome::Wait { at, why } => {
            job.attempts = job.attempts.saturating_sub(1);
            job.run_at = *at;
            job.last_error = Some(why.chars().take(ERROR_MAX).collect());
            put_back(tx, &mut job)?;
        }
        Outcome::Dead { at, why } => {
            job.holder = None;
            job.status = JobStatus::Dead { at: *at };
            job.last_error = Some(why.chars().take(ERROR_MAX).collect());
            tx.replace(&mut job)?;
        }
    }
    Ok(true)
}

/// Queues a job again. If its like was queued meanwhile, that one does the work of both.
fn put_back(tx: &mut Tx<'_>, job: &mut Versioned<Job>) -> Result<(), DbError> {
    if let Some(key) = &job.dedupe_key
        && is_waiting(tx, key)?
    {
        return tx.delete(job);
    }
    job.holder = None;
    job.status = JobStatus::Queued;
    tx.replace(job)
}

fn is_waiting(tx: &mut Tx<'_>, dedupe_key: &str) -> Result<bool, DbError> {
    Ok(tx.count::<Job>(&Query::on("by_dedupe").eq(dedupe_key))? > 0)
}

fn live(priority: Priority) -> Query {
    Query::on("by_due").eq(STATE_LIVE).eq(priority as u8)
}

/// When the next job is due (or its lease ends); `None` when there is none.
pub(super) async fn next_due(db: &Db) -> Result<Option<Timestamp>, DbError> {
    let mut next: Option<Timestamp> = None;
    for priority in PRIORITIES {
        for job in db.list::<Job>(&live(priority).limit(1)).await? {
            let due = job.due_at();
            next = Some(next.map_or(due, |next| next.min(due)));
        }
    }
    Ok(next)
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
        let by_state = |state| Query::on("by_due").eq(state);
        Ok(JobCounts {
            live: self.db.count::<Job>(&by_state(STATE_LIVE)).await?,
            dead: self.db.count::<Job>(&by_state(STATE_DEAD)).await?,
        })
    }
    /// The latest dead letters, at most `limit`, grouped by priority.
    pub async fn dead(&self, limit: u32) -> Result<Vec<Versioned<Job>>, DbError> {
        let query = Query::on("by_due").eq(STATE_DEAD).descending().limit(limit);
        self.db.list(&query).await
    }
    /// Whether nothing waits and nothing is dead: what a test asks at its end.
    pub async fn is_clean(&self) -> Result<bool, DbError> {
        let counts = self.counts().await?;
        Ok(counts.live == 0 && counts.dead == 0)
    }
}
