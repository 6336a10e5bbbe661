//! Taking due jobs and running them.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::platform::clock::Clock;
use crate::platform::db::{Db, DbError};
use crate::platform::entropy::Entropy;

/// Bounds of a runner.
#[derive(Debug, Clone, Copy)]
pub struct RunnerOptions {
    /// Jobs at a time.
    pub concurrency: usize,
    /// How long a started job is ours, in milliseconds; the handler gets three quarters of it.
    pub lease_millis: i64,
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
            lease_millis: 60_000,
            attempts_max: 10,
            backoff_first_millis: 1_000,
            backoff_max_millis: 600_000,
            poll_millis: 2_000,
        }
    }
}

/// Runs jobs with the handlers registered by kind. `S` is what handlers get: `AppState`.
pub struct Runner<S> {
    db: Db,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    options: RunnerOptions,
    state: S,
}

impl<S: Clone + Send + Sync + 'static> Runner<S> {
    pub fn new(db: Db, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, state: S) -> Self {
        Self {
            db,
            clock,
            entropy,
            options: RunnerOptions::default(),
            state,
        }
    }
    #[must_use]
    pub const fn options(mut self, options: RunnerOptions) -> Self {
        self.options = options;
        self
    }
    /// Handles jobs of `kind`: `runner.register("orders.mail", |app, payload| async move { … })`.
    /// An error puts the job back with a back-off, unless it is [`fatal`].
    pub fn register<F, Fut>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(S, serde_json::Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let _ = (kind, handler);
        unimplemented!()
    }
    /// Runs until `stop`, then waits for the jobs under way.
    pub async fn run(self, stop: CancellationToken) {
        let _ = (
            stop,
            &self.db,
            &self.clock,
            &self.entropy,
            &self.options,
            &self.state,
        );
        unimplemented!()
    }
    /// Runs everything that is due now, and what that enqueues, one after the other; gives how many
    /// jobs ran. For tests and one-shot commands.
    pub async fn run_due(&self) -> Result<usize, DbError> {
        unimplemented!()
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
