//! The writer thread: many closures, one fsync.
//!
//! A group is what is queued when the thread gets to it, and what arrives while it works, up to
//! [`GROUP_MAX`]: nobody waits on purpose. Each closure has a savepoint; the group has one COMMIT;
//! the answers leave after it. While the disk syncs, the next group gathers.
//!
//! The thread ends with its handle, and never after it: a process that drops its last `Db` and ends
//! leaves no temporary folder and no half-closed file behind.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc, oneshot};

use super::checkpoint::Checkpoints;
use crate::platform::db::{DbError, Tx};

/// Closures in one commit, at most.
const GROUP_MAX: usize = 512;
/// Closures that may wait; more callers wait for room.
const QUEUE_MAX: usize = 4096;

/// A group that takes longer is worth a line in the log.
const SLOW: Duration = Duration::from_millis(500);

/// The handle to the writer thread.
pub(super) struct Writer {
    // Dropped before `thread`, and must be: the thread ends when its queue does.
    queue: mpsc::Sender<Order>,
    thread: Thread,
}

enum Order {
    Run(Box<dyn Unit>),
    Drain,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        checkpointer: Connection,
        folder: Option<Arc<TempDir>>,
        jobs_signal: Arc<Notify>,
    ) -> Result<Self, DbError> {
        let (queue, orders) = mpsc::channel(QUEUE_MAX);
        let groups = Groups {
            connection,
            orders,
            checkpoints: Checkpoints::start(checkpointer, folder.clone())?,
            jobs_signal,
        };
        let thread = thread::Builder::new()
            .name("db-writer".to_owned())
            .spawn(move || {
                groups.run();
                drop(folder);
            })?;
        Ok(Self {
            queue,
            thread: Thread(Mutex::new(Some(thread))),
        })
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Call {
            work,
            result: None,
            reply,
        };
        if self.queue.send(Order::Run(Box::new(call))).await.is_err() {
            return Err(DbError::Stopped.into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(DbError::Stopped.into()))
    }

    pub(super) fn check(&self) -> Result<(), DbError> {
        if self.queue.is_closed() {
            return Err(DbError::Stopped);
        }
        Ok(())
    }

    /// Finishes what is queued and ends the thread.
    pub(super) async fn drain(&self) {
        // An error means that the thread has ended already.
        drop(self.queue.send(Order::Drain).await);
        if let Some(thread) = self.thread.take() {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the database writer did not end in order");
            }
        }
    }
}

/// The thread itself; who drops this waits for its end.
struct Thread(Mutex<Option<JoinHandle<()>>>);

impl Thread {
    fn take(&self) -> Option<JoinHandle<()>> {
        let mut thread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        thread.take()
    }
}

impl Drop for Thread {
    /// Blocks for what is queued (nobody waits for it any more, so it is skipped) and the last
    /// copy-back. Inside a runtime that is as safe as anywhere: the thread never needs one.
    fn drop(&mut self) {
        let Some(thread) = self.take() else { return };
        // A queued closure may own the last handle; a thread cannot wait for itself, and ends
        // soon after this.
        if thread.thread().id() == thread::current().id() {
            return;
        }
        if thread.join().is_err() {
            tracing::error!("the database writer had panicked");
        }
    }
}

/// A closure with its caller, its types forgotten.
trait Unit: Send {
    /// Whether the caller is gone, so that the work may be left out.
    fn is_abandoned(&self) -> bool;
    /// Runs the closure. `true`: keep what it did.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// What it did is lost: its result becomes `error`, unless it is an error of its own.
    fn fail(&mut self, error: DbError);
    fn answer(self: Box<Self>);
}

struct Call<T, E, F> {
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Unit for Call<T, E, F>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<DbError> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        // Sound to go on after a panic: the closure is `Fn` and dropped unused, and the connection
        // is rolled back to the savepoint.
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)))
            .unwrap_or_else(|_| Err(DbError::Panicked.into()));
        let result = if result.is_ok() && tx.is_doomed() {
            Err(DbError::Doomed.into())
        } else {
            result
        };
        self.result.insert(result).is_ok()
    }
    fn fail(&mut self, error: DbError) {
        if !matches!(self.result, Some(Err(_))) {
            self.result = Some(Err(error.into()));
        }
    }
    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // An error means that the caller has gone away.
            drop(self.reply.send(result));
        }
    }
}

/// What the thread works with.
struct Groups {
    connection: Connection,
    orders: mpsc::Receiver<Order>,
    checkpoints: Checkpoints,
    jobs_signal: Arc<Notify>,
}

/// How a group ended.
enum End {
    Committed,
    /// Nothing of it was kept.
    Lost(Arc<rusqlite::Error>),
}

impl Groups {
    fn run(mut self) {
        let mut group = Vec::with_capacity(GROUP_MAX);
        while let Some(first) = self.orders.blocking_recv() {
            let started = stopwatch();
            let mut wakes_jobs = false;
            let end = self.one_group(first, &mut group, &mut wakes_jobs);
            measure(group.len(), started.elapsed());
            let stop = self.settle(&end, &mut group);
            if wakes_jobs && matches!(end, End::Committed) {
                self.jobs_signal.notify_one();
            }
            if stop {
                tracing::error!("the database writer stops: what the disk holds is unknown");
                break;
            }
            self.checkpoints.after_commit(&self.connection);
        }
        // Our connection is then the last one, whose end empties and removes the WAL.
        self.checkpoints.finish();
    }

    /// Runs closures in one transaction and commits it.
    fn one_group(
        &mut self,
        first: Order,
        group: &mut Vec<Box<dyn Unit>>,
        wakes_jobs: &mut bool,
    ) -> End {
        let mut begun = false;
        let mut next = Some(first);
        while let Some(order) = next {
            match order {
                // From here on senders get an error, and `recv` ends after what is queued.
                Order::Drain => self.orders.close(),
                Order::Run(unit) if unit.is_abandoned() => {}
                Order::Run(unit) => {
                    group.push(unit);
                    let unit = group.last_mut().expect("just pushed");
                    if let Err(error) = self.one_unit(&mut begun, unit.as_mut(), wakes_jobs) {
                        return self.give_up(error);
                    }
                }
            }
            next = (group.len() < GROUP_MAX)
                .then(|| self.orders.try_recv().ok())
                .flatten();
        }
        if !begun {
            return End::Committed;
        }
        match self.execute("COMMIT") {
            Ok(()) => End::Committed,
            Err(error) => self.give_up(error),
        }
    }

    /// Runs one closure in its savepoint. An error means that the whole group is lost.
    fn one_unit(
        &self,
        begun: &mut bool,
        unit: &mut dyn Unit,
        wakes_jobs: &mut bool,
    ) -> rusqlite::Result<()> {
        if !*begun {
            self.execute("BEGIN IMMEDIATE")?;
            *begun = true;
        }
        self.execute("SAVEPOINT unit")?;
        let mut tx = Tx::sqlite(&self.connection);
        if unit.run(&mut tx) {
            *wakes_jobs |= tx.wakes_jobs();
        } else {
            // A full disk or an I/O error rolls back the transaction by itself, and this fails.
            self.execute("ROLLBACK TO unit")?;
        }
        self.execute("RELEASE unit")
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }

    fn give_up(&self, error: rusqlite::Error) -> End {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a group of commits could not be rolled back");
        }
        End::Lost(Arc::new(error))
    }

    /// Answers everybody in the group. `true`: the writer must stop.
    fn settle(&self, end: &End, group: &mut Vec<Box<dyn Unit>>) -> bool {
        let mut stop = false;
        if let End::Lost(error) = end {
            metrics::counter!("db_commits_failed_total").increment(1);
            tracing::error!(%error, units = group.len(), "a group of commits failed");
            // After a failed fsync the kernel may have dropped the pages: a later success would
            // not cover them. Stop, and let a restart recover what the disk really has.
            stop = !self.connection.is_autocommit() || is_disk_error(error);
            for unit in group.iter_mut() {
                unit.fail(DbError::Commit(Arc::clone(error)));
            }
        }
        for unit in group.drain(..) {
            unit.answer();
        }
        stop
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the writer measures itself; nothing decides by it"
)]
fn stopwatch() -> Instant {
    Instant::now()
}

fn measure(units: usize, took: Duration) {
    let count = u32::try_from(units).unwrap_or(u32::MAX);
    metrics::histogram!("db_group_units").record(f64::from(count));
    metrics::histogram!("db_group_seconds").record(took.as_secs_f64());
    if took > SLOW {
        let millis = took.as_millis();
        tracing::warn!(
            units,
            millis,
            "a group of commits was slow: a busy disk, or work in a closure"
        );
    }
}

fn is_disk_error(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
