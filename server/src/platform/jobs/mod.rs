//! Work that leaves the request: enqueued in the commit that causes it, done at least once.
//!
//! Invariants
//! - A job exists if and only if its commit does.
//! - A job carries ids, not objects, and its handler is idempotent: a crash between the effect and
//!   the end of the lease runs it again.
//! - One runner at a time works on a job: it holds a lease and renews it, and a handler whose lease
//!   cannot be renewed is cancelled long before it ends.
//! - A job whose service is known to be away waits for it; that costs none of its tries.
//! - A job that keeps failing ends as a dead letter, visible and revivable, never silently dropped.

mod model;
mod queue;
mod runner;

pub use model::{Job, JobStatus, NewJob, Priority};
pub(crate) use model::{STATE_DEAD, STATE_LIVE};
pub use queue::{JobCounts, JobsHandle, enqueue, hasten, revive, take_over};
pub use runner::{Fatal, NotNow, Runner, RunnerOptions, fatal, not_now};
