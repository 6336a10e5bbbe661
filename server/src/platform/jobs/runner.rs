//! Taking due jobs and running them.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use shared::time::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Job;
use super::queue::{LEASE_MILLIS, Lease, Outcome, claim, claim_one, due, next_due, renew, settle};
use crate::platform::clock::Clock;
use crate::platform::db::{Db, DbError, Tx, Versioned};
use crate::platform::entropy::Entropy;

/// Between two tries to renew a lease where the database does not take it.
const RENEW_AGAIN: Duration = Duration::from_millis(500);
/// Due jobs of a priority that are tried one by one where some cannot be had.
const TRIED_MAX: u32 = 32;
/// Before looking again at jobs that are due and cannot be had, in milliseconds.
const HELD_MILLIS: i64 = 100;

/// Bounds of a runner.
#[derive(Debug, Clone, Copy)]
pub struct RunnerOptions {
    /// Jobs at a time.
    pub concurrency: usize,
    /// How long a started job is ours without another word, in milliseconds.
    pub lease_millis: i64,
    /// How often that word is said, in milliseconds.
    pub renew_millis: u64,
    /// How long it may take before the handler is stopped. What is left of the lease then is for clocks
    /// of servers that differ.
    pub renew_within_millis: u64,
    /// How long a handler may take, in milliseconds.
    pub run_millis: u64,
    /// Starts before a job is dead.
    pub attempts_max: u32,
    /// Wait after the first failure, in milliseconds; doubles each time, with jitter.
    pub backoff_first_millis: i64,
    pub backoff_max_millis: i64,
    /// How often to look without being woken (other servers enqueue too), in milliseconds.
    pub poll_millis: i64,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            concurrency: 8,
            lease_millis: LEASE_MILLIS,
            renew_millis: 5_000,
            renew_within_millis: 5_000,
            run_millis: 45_000,
            attempts_max: 10,
            backoff_first_millis: 1_000,
            backoff_max_millis: 600_000,
            poll_millis: 2_000,
        }
    }
}

impl RunnerOptions {
    /// How long to wait after the `attempt`-th failed start (from 1), in milliseconds: between half
    /// of the doubled wait and all of it, so that jobs which failed together do not return together.
    pub(super) fn backoff_millis(&self, attempt: u32, random: u64) -> i64 {
        let doublings = attempt.saturating_sub(1).min(30);
        let full = self
            .backoff_first_millis
            .saturating_mul(1 << doublings)
            .clamp(2, self.backoff_max_millis.max(2));
        let half = full / 2;
        let span = u64::try_from(half).unwrap_or(0) + 1;
        half + i64::try_from(random % span).unwrap_or(0)
    }
}

type Handler<S> = Arc<dyn Fn(S, Value) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Runs jobs with the handlers registered by kind. `S` is what handlers get: `AppState`.
pub struct Runner<S> {
    core: Arc<Core>,
    handlers: HashMap<&'static str, Handler<S>>,
    state: S,
}

/// What a job under way needs of its runner.
struct Core {
    db: Db,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    options: RunnerOptions,
}

impl<S: Clone + Send + Sync + 'static> Runner<S> {
    pub fn new(db: Db, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, state: S) -> Self {
        let options = RunnerOptions::default();
        Self {
            core: Arc::new(Core {
                db,
                clock,
                entropy,
                options,
            }),
            handlers: HashMap::new(),
            state,
        }
    }

    #[must_use]
    pub fn options(mut self, options: RunnerOptions) -> Self {
        self.core = Arc::new(Core {
            db: self.core.db.clone(),
            clock: Arc::clone(&self.core.clock),
            entropy: Arc::clone(&self.core.entropy),
            options,
        });
        self
    }

    /// Handles jobs of `kind`: `runner.register("orders.mail", |app, payload| async move { … })`.
    /// An error puts the job back with a back-off, unless it is [`fatal`].
    pub fn register<F, Fut>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(S, Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let handler: Handler<S> = Arc::new(move |state, payload| handler(state, payload).boxed());
        self.handlers.insert(kind, handler);
    }

    /// Runs until `stop`, then waits for the jobs under way. A job that is cut off by the end of
    /// the process is taken up again when its lease ends, or by [`take_over`](super::take_over).
    pub async fn run(self, stop: CancellationToken) {
        let signal = Arc::clone(self.core.db.jobs_signal());
        let mut under_way = JoinSet::new();
        while !stop.is_cancelled() {
            let free = self
                .core
                .options
                .concurrency
                .saturating_sub(under_way.len());
            let pause = match self.core.claim(free).await {
                Ok(claimed) => {
                    let found = !claimed.is_empty();
                    for job in claimed {
                        under_way.spawn(self.execute(job));
                    }
                    self.core.pause(found).await
                }
                Err(error) => {
                    tracing::error!(%error, "jobs cannot be read; trying again");
                    self.core.poll()
                }
            };
            let is_full = under_way.len() >= self.core.options.concurrency;
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = under_way.join_next() => {}
                () = signal.notified(), if !is_full => {}
                () = tokio::time::sleep(pause), if !is_full => {}
            }
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Runs everything that is due now, and what that enqueues, one after the other; gives how many
    /// starts that took. For tests and one-shot commands.
    pub async fn run_due(&self) -> Result<usize, DbError> {
        let mut ran = 0;
        loop {
            let claimed = self.core.claim(1).await?;
            if claimed.is_empty() {
                return Ok(ran);
            }
            for job in claimed {
                self.execute(job).await;
                ran += 1;
            }
        }
    }

    /// Runs a claimed job and writes down how it ended.
    fn execute(&self, job: Versioned<Job>) -> impl Future<Output = ()> + Send + 'static {
        let core = Arc::clone(&self.core);
        let call = self
            .handlers
            .get(&*job.kind)
            .map(|handler| handler(self.state.clone(), job.payload.clone()));
        async move {
            let result = match call {
                None => Err(anyhow!(
                    "no handler for this kind; a newer server may have one"
                )),
                Some(call) => core.bounded(&job, call).await,
            };
            core.settle(job, result).await;
        }
    }
}

impl Core {
    async fn claim(&self, limit: usize) -> Result<Vec<Versioned<Job>>, DbError> {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let now = self.clock.now();
        // Stored as a signed number.
        let lease = self.lease((self.entropy.u64() >> 1).cast_signed());
        let attempts_max = self.options.attempts_max;
        let all = move |tx: &mut Tx<'_>| claim(tx, now, lease, limit, attempts_max);
        match self.db.write_unless_held(all).await {
            Err(DbError::Contended) => self.claim_each(now, lease, limit).await,
            claimed => claimed,
        }
    }

    /// A server that was killed within a transaction holds what it wrote until the database ends that:
    /// the jobs beside those are taken all the same.
    async fn claim_each(
        &self,
        now: Timestamp,
        lease: Lease,
        limit: u32,
    ) -> Result<Vec<Versioned<Job>>, DbError> {
        let attempts_max = self.options.attempts_max;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut claimed = Vec::new();
        for id in due(&self.db, now, TRIED_MAX).await? {
            if claimed.len() >= limit {
                break;
            }
            let one = move |tx: &mut Tx<'_>| claim_one(tx, id, now, lease, attempts_max);
            match self.db.write_unless_held(one).await {
                Ok(job) => claimed.extend(job),
                Err(DbError::Contended) => tracing::debug!(job.id = %id, "a job cannot be had yet"),
                Err(error) if claimed.is_empty() => return Err(error),
                Err(error) => {
                    // What is ours is run.
                    tracing::error!(job.id = %id, %error, "a job cannot be had");
                    break;
                }
            }
        }
        Ok(claimed)
    }

    fn lease(&self, holder: i64) -> Lease {
        let until = self.clock.now().plus_millis(self.options.lease_millis);
        Lease { holder, until }
    }

    /// Runs a handler while its lease holds, and no longer than any may take; a panic is an error.
    async fn bounded(
        &self,
        job: &Job,
        call: BoxFuture<'static, anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let caught = AssertUnwindSafe(call).catch_unwind();
        tokio::select! {
            biased;
            ended = caught => ended.unwrap_or_else(|_| Err(anyhow!("the handler panicked"))),
            why = self.hold(job) => Err(why),
            () = tokio::time::sleep(Duration::from_millis(self.options.run_millis)) => {
                Err(anyhow!("the handler took longer than it may"))
            }
        }
    }

    /// Renews the lease again and again; comes back, with why, when that does not work. Cut off at any
    /// point it leaves nothing that matters: a renewal is about one start, and settling ends that.
    async fn hold(&self, job: &Job) -> anyhow::Error {
        let pause = Duration::from_millis(self.options.renew_millis);
        let within = Duration::from_millis(self.options.renew_within_millis);
        loop {
            tokio::time::sleep(pause).await;
            match tokio::time::timeout(within, self.renew(job)).await {
                Ok(true) => {}
                Ok(false) => return anyhow!("another runner has the job"),
                Err(_) => return anyhow!("the job's lease could not be renewed"),
            }
        }
    }

    /// Tries until it is known whether the job is still ours.
    async fn renew(&self, job: &Job) -> bool {
        let (id, holder) = (job.id, job.holder.unwrap_or_default());
        loop {
            let lease = self.lease(holder);
            match self.db.write(move |tx| renew(tx, id, lease)).await {
                Ok(is_ours) => return is_ours,
                Err(error) => tracing::debug!(job.id = %id, %error, "a lease is not renewed yet"),
            }
            tokio::time::sleep(RENEW_AGAIN).await;
        }
    }

    async fn settle(&self, job: Versioned<Job>, result: anyhow::Result<()>) {
        let kind = job.kind.clone();
        let outcome = self.outcome(&job, result);
        let name = match &outcome {
            Outcome::Done => "done",
            Outcome::Retry { why, .. } => {
                tracing::warn!(job.kind = kind, job.id = %job.id, job.attempts, why, "a job failed");
                "retried"
            }
            Outcome::Wait { why, .. } => {
                tracing::debug!(job.kind = kind, job.id = %job.id, why, "a job waits");
                "waits"
            }
            Outcome::Dead { why, .. } => {
                tracing::error!(job.kind = kind, job.id = %job.id, job.attempts, why, "a job is dead");
                "dead"
            }
        };
        metrics::counter!("jobs_total", "kind" => kind, "outcome" => name).increment(1);
        match self.db.write(move |tx| settle(tx, &job, &outcome)).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("a job outlived its lease; another runner has it"),
            Err(error @ DbError::Stopped) => {
                tracing::info!(%error, "a job ended after the database");
            }
            Err(error) => {
                tracing::error!(%error, "a job's end is not recorded; its lease brings it back");
            }
        }
    }

    fn outcome(&self, job: &Job, result: anyhow::Result<()>) -> Outcome {
        let Err(error) = result else {
            return Outcome::Done;
        };
        let (now, why) = (self.clock.now(), format!("{error:#}"));
        if let Some(NotNow { secs, .. }) = error.downcast_ref() {
            let millis = i64::from(*secs).saturating_mul(1_000);
            // Jobs that wait for one service do not all come back in one moment.
            let jitter = i64::try_from(self.entropy.u64() % 1_000).unwrap_or(0);
            let at = now.plus_millis(millis + jitter);
            return Outcome::Wait { at, why };
        }
        if job.attempts >= self.options.attempts_max || error.is::<Fatal>() {
            return Outcome::Dead { at: now, why };
        }
        let wait = self
            .options
            .backoff_millis(job.attempts, self.entropy.u64());
        Outcome::Retry {
            at: now.plus_millis(wait),
            why,
        }
    }

    /// How long there is nothing to do, unless we are woken.
    async fn pause(&self, found: bool) -> Duration {
        let Ok(Some(due)) = next_due(&self.db).await else {
            return self.poll();
        };
        let millis = due.millis_since(self.clock.now());
        let is_held = !found && millis <= 0;
        let least = if is_held { HELD_MILLIS } else { 1 };
        let millis = millis.clamp(least, self.options.poll_millis.max(least));
        Duration::from_millis(u64::try_from(millis).unwrap_or(1))
    }

    fn poll(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.options.poll_millis).unwrap_or(1))
    }
}

/// An error that no retry can mend: the job is dead at once.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// `return Err(jobs::fatal("no such order"))`
pub fn fatal(why: impl Into<String>) -> anyhow::Error {
    Fatal(why.into()).into()
}

/// The service that a job needs is away: it waits, and has not failed.
#[derive(Debug, thiserror::Error)]
#[error("{why}; again in {secs} s")]
pub struct NotNow {
    secs: u32,
    why: String,
}

/// `return Err(jobs::not_now(30, "the mail server is left alone"))`
pub fn not_now(secs: u32, why: impl Into<String>) -> anyhow::Error {
    let why = why.into();
    NotNow { secs, why }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_to_its_bound_and_is_jittered() {
        let options = RunnerOptions::default();
        assert_eq!(options.backoff_millis(1, 0), 500);
        assert_eq!(options.backoff_millis(1, 500), 1_000);
        assert_eq!(options.backoff_millis(4, 0), 4_000);
        for attempt in [1, 5, 40, u32::MAX] {
            for random in [0, 1, 12_345, u64::MAX] {
                let wait = options.backoff_millis(attempt, random);
                assert!((500..=options.backoff_max_millis).contains(&wait), "{wait}");
            }
        }
        assert!(options.backoff_millis(u32::MAX, 0) >= options.backoff_max_millis / 2);
    }
}
