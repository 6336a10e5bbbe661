//! Running closures as transactions, again and again until they neither lose a race nor patience.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::doc;
use mongodb::error::{TRANSIENT_TRANSACTION_ERROR, UNKNOWN_TRANSACTION_COMMIT_RESULT};
use mongodb::options::{DatabaseOptions, ReadConcern, SelectionCriteria, WriteConcern};
use mongodb::{Client, ClientSession, Database};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

use super::{MongoTx, open};
use crate::platform::db::{Collection, DbError, Tx, View};
use crate::platform::entropy::{Entropy, SystemEntropy};

/// Transactions at a time: each holds a blocking thread and a connection.
const TRANSACTIONS_MAX: u32 = 64;
/// Sends of one COMMIT whose result is unknown.
const COMMITS_MAX: u32 = 5;
/// Wait before the second run; doubles up to [`BACKOFF_MAX`], and is jittered.
const BACKOFF_FIRST: Duration = Duration::from_millis(2);
const BACKOFF_MAX: Duration = Duration::from_millis(250);

/// An open MongoDB database.
pub(in crate::platform::db) struct MongoDb {
    client: Client,
    pub(super) database: Database,
    permits: Arc<Semaphore>,
    jobs_signal: Arc<Notify>,
    entropy: SystemEntropy,
}

/// How long to lose races before giving up.
#[derive(Clone, Copy, Debug)]
pub(in crate::platform::db) enum Patience {
    /// Some twelve seconds.
    Long,
    /// Some thirty milliseconds.
    Short,
}

impl Patience {
    /// Runs of one closure before it is given up.
    const fn attempts_max(self) -> u32 {
        match self {
            Self::Long => 60,
            Self::Short => 5,
        }
    }
}

/// How one run of a closure ended.
enum Run<T, E> {
    Done {
        result: Result<T, E>,
        wakes_jobs: bool,
    },
    /// Lost a race; nothing of it was kept.
    Again,
}

impl MongoDb {
    pub(in crate::platform::db) async fn open(
        url: &str,
        jobs_signal: Arc<Notify>,
    ) -> Result<Self, DbError> {
        let (client, database) = open::open(url).await?;
        Ok(Self {
            client,
            database,
            permits: Arc::new(Semaphore::new(TRANSACTIONS_MAX as usize)),
            jobs_signal,
            entropy: SystemEntropy,
        })
    }

    pub(in crate::platform::db) async fn write<T, E, F>(
        &self,
        patience: Patience,
        work: F,
    ) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let work = Arc::new(work);
        for attempt in 0..patience.attempts_max() {
            if attempt > 0 {
                metrics::counter!("db_transactions_repeated_total").increment(1);
                tokio::time::sleep(self.backoff(attempt)).await;
            }
            let permit = Arc::clone(&self.permits)
                .acquire_owned()
                .await
                .map_err(|_| DbError::Stopped)?;
            let session = self.client.start_session().await.map_err(DbError::from)?;
            let (database, work) = (self.database.clone(), Arc::clone(&work));
            let run = tokio::task::spawn_blocking(move || {
                let run = run_once(database, session, &*work);
                drop(permit);
                run
            });
            match run.await {
                Ok(Run::Again) => {}
                Ok(Run::Done { result, wakes_jobs }) => {
                    if wakes_jobs && result.is_ok() {
                        self.jobs_signal.notify_one();
                    }
                    return result;
                }
                Err(_) => return Err(DbError::Panicked.into()),
            }
        }
        Err(DbError::Contended.into())
    }

    /// Reads at one moment that a majority has: whatever was answered before is in it.
    pub(in crate::platform::db) async fn view<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| DbError::Stopped)?;
        let session = self.client.start_session().snapshot(true).await;
        let session = session.map_err(DbError::from)?;
        // The client's own concern, majority, would stand above the session's.
        let concern = DatabaseOptions::builder().read_concern(ReadConcern::snapshot());
        let database = self
            .client
            .database_with_options(self.database.name(), concern.build());
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut mongo = MongoTx::new(database, session, Handle::current());
            work(&mut View::mongo(&mut mongo))
        });
        done.await.unwrap_or_else(|_| Err(DbError::Panicked.into()))
    }

    pub(in crate::platform::db) async fn ping(&self) -> Result<(), DbError> {
        if self.permits.is_closed() {
            return Err(DbError::Stopped);
        }
        self.database
            .run_command(doc! { "ping": 1 })
            .selection_criteria(SelectionCriteria::from(
                mongodb::options::ReadPreference::Primary,
            ))
            .await?;
        Ok(())
    }

    /// Waits for the transactions under way.
    pub(in crate::platform::db) async fn close(&self) {
        // An error means that it is closed already.
        drop(self.permits.acquire_many(TRANSACTIONS_MAX).await);
        self.permits.close();
    }

    pub(in crate::platform::db) async fn create_collection(
        &self,
        collection: &Collection,
    ) -> Result<(), DbError> {
        open::ensure(&self.database, std::slice::from_ref(collection)).await
    }

    /// Half of the doubled wait, and up to as much again: who lost together does not meet again.
    fn backoff(&self, attempt: u32) -> Duration {
        let doubled = BACKOFF_FIRST.saturating_mul(1 << attempt.min(10));
        let half = doubled.min(BACKOFF_MAX) / 2;
        let span = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
        half + Duration::from_micros(self.entropy.u64() % span)
    }
}

/// Runs the closure in a transaction, on a thread that may block.
fn run_once<T, E, F>(database: Database, session: ClientSession, work: &F) -> Run<T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E>,
    E: From<DbError>,
{
    let handle = Handle::current();
    let mut mongo = MongoTx::new(database, session, handle.clone());
    let started = handle.block_on(async {
        mongo
            .session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(WriteConcern::majority())
            .await
    });
    if let Err(error) = started {
        return Run::failed(error.into());
    }
    let mut tx = Tx::mongo(&mut mongo);
    // Sound to go on after a panic: the closure is `Fn`, and the transaction is aborted.
    let result = catch_unwind(AssertUnwindSafe(|| work(&mut tx)))
        .unwrap_or_else(|_| Err(DbError::Panicked.into()));
    let (doomed, wakes_jobs) = (tx.is_doomed(), tx.wakes_jobs());
    let result = match result {
        Ok(_) if doomed || mongo.has_failed() => Err(DbError::Doomed.into()),
        result => result,
    };
    let lost_race = mongo.lost_race();
    if lost_race || result.is_err() {
        // If the abort does not arrive, the server aborts by its own time limit.
        drop(handle.block_on(async { mongo.session.abort_transaction().await }));
    }
    if lost_race {
        return Run::Again;
    }
    match result {
        Err(error) => Run::Done {
            result: Err(error),
            wakes_jobs,
        },
        Ok(value) => match handle.block_on(commit(&mut mongo.session)) {
            Ok(()) => Run::Done {
                result: Ok(value),
                wakes_jobs,
            },
            Err(error) if error.contains_label(TRANSIENT_TRANSACTION_ERROR) => Run::Again,
            Err(error) if error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {
                Run::failed(DbError::Unknown(error))
            }
            Err(error) => Run::failed(error.into()),
        },
    }
}

async fn commit(session: &mut ClientSession) -> mongodb::error::Result<()> {
    let mut sent = 1;
    loop {
        match session.commit_transaction().await {
            Err(error)
                if sent < COMMITS_MAX
                    && error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) =>
            {
                tokio::time::sleep(BACKOFF_MAX).await;
                sent += 1;
            }
            done => return done,
        }
    }
}

impl<T, E: From<DbError>> Run<T, E> {
    fn failed(error: DbError) -> Self {
        Self::Done {
            result: Err(error.into()),
            wakes_jobs: false,
        }
    }
}
