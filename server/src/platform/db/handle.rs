//! The handle that everybody holds.

use std::sync::Arc;

use tokio::sync::Notify;

use super::mongo::{MongoDb, Patience};
use super::plan::{Cursor, Plan};
use super::sqlite::{SqliteDb, read};
use super::{Collection, DbError, Entity, IndexValue, LIMIT_MAX, Page, Query, Tx, Versioned, View};
use crate::platform::journal::{self, Witness};

/// A database. Cheap to clone; the last clone closes it, [`Db::close`] does so in order.
#[derive(Clone)]
pub struct Db {
    backend: Backend,
    jobs_signal: Arc<Notify>,
}

#[derive(Clone)]
enum Backend {
    Sqlite(Arc<SqliteDb>),
    Mongo(Arc<MongoDb>),
}

impl Db {
    /// Opens, and migrates to the present schema. `sqlite:PATH` (made if missing),
    /// `sqlite::memory:` (a temporary file, gone with the last clone) or `mongodb://…/NAME`
    /// (a replica set; without NAME: `gatehouse`).
    pub async fn open(url: &str) -> Result<Self, DbError> {
        let jobs_signal = Arc::new(Notify::new());
        let signal = Arc::clone(&jobs_signal);
        let backend = if let Some(path) = url.strip_prefix("sqlite:") {
            Backend::Sqlite(Arc::new(SqliteDb::open(path, signal).await?))
        } else if url.starts_with("mongodb://") || url.starts_with("mongodb+srv://") {
            Backend::Mongo(Arc::new(MongoDb::open(url, signal).await?))
        } else {
            return Err(DbError::BadUrl);
        };
        Ok(Self {
            backend,
            jobs_signal,
        })
    }

    /// One transaction. `Ok` is durable, `Err` is rolled back. `work` may run more than once. Within
    /// an act it leaves a journal entry.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.write_as(Patience::Long, work).await
    }

    /// As [`Db::write`], for whoever has other work where rows are held by another transaction: gives
    /// [`DbError::Contended`] after some ten milliseconds, and not after as many seconds. SQLite has
    /// one writer, which nobody holds.
    pub async fn write_unless_held<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        self.write_as(Patience::Short, work).await
    }

    async fn write_as<T, E, F>(&self, patience: Patience, work: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let draft = journal::current();
        let work = move |tx: &mut Tx<'_>| {
            let Some(draft) = &draft else {
                return work(tx);
            };
            tx.watch(Witness::new(draft.clone()));
            let done = work(tx)?;
            tx.attest()?;
            Ok(done)
        };
        match &self.backend {
            Backend::Sqlite(db) => db.write(work).await,
            Backend::Mongo(db) => db.write(patience, work).await,
        }
    }

    /// Reads that belong together: all of them see one state of the database, and everything that
    /// was answered before. On SQLite they cost one hop to another thread instead of one each.
    pub async fn view<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut View<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.backend {
            Backend::Sqlite(db) => db.view(work).await,
            Backend::Mongo(db) => db.view(work).await,
        }
    }

    /// The row with that key, outside any transaction.
    pub async fn get<E: Entity>(&self, id: &str) -> Result<Option<Versioned<E>>, DbError> {
        match &self.backend {
            Backend::Sqlite(db) => read::get(&db.readers, id).await,
            Backend::Mongo(db) => db.get(id).await,
        }
    }

    /// The rows of `query`, outside any transaction.
    pub async fn list<E: Entity>(&self, query: &Query) -> Result<Vec<Versioned<E>>, DbError> {
        match &self.backend {
            Backend::Sqlite(db) => read::list(&db.readers, query).await,
            Backend::Mongo(db) => db.list(query).await,
        }
    }

    /// The rows of `query` (fewer than [`LIMIT_MAX`]) and the cursor of what follows them.
    pub async fn page<E: Entity>(&self, query: &Query) -> Result<Page<E>, DbError> {
        let wanted = query.limit.clamp(1, LIMIT_MAX - 1);
        let one_more = query.clone().limit(wanted + 1);
        let mut items = self.list::<E>(&one_more).await?;
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        if items.len() <= wanted {
            return Ok(Page { items, next: None });
        }
        items.truncate(wanted);
        let index = Plan::new(E::COLLECTION, query)?.index;
        let next = items
            .last()
            .map(|last| Cursor::of(index, &last.value)?.encode())
            .transpose()?;
        Ok(Page { items, next })
    }

    /// How many rows `query` has, its limit and cursor aside.
    pub async fn count<E: Entity>(&self, query: &Query) -> Result<u64, DbError> {
        match &self.backend {
            Backend::Sqlite(db) => read::count::<E>(&db.readers, query).await,
            Backend::Mongo(db) => db.count::<E>(query).await,
        }
    }

    /// How many rows of `query` have each value of the field after the fixed ones, all seen at one
    /// moment, by value; limit and cursor aside. Values that no row has are not listed.
    pub async fn tally<E: Entity>(&self, query: &Query) -> Result<Vec<(IndexValue, u64)>, DbError> {
        match &self.backend {
            Backend::Sqlite(db) => read::tally::<E>(&db.readers, query).await,
            Backend::Mongo(db) => db.tally::<E>(query).await,
        }
    }

    /// Whether the database answers and can still write.
    pub async fn ping(&self) -> Result<(), DbError> {
        match &self.backend {
            Backend::Sqlite(db) => db.ping().await,
            Backend::Mongo(db) => db.ping().await,
        }
    }

    /// Finishes what is queued, then closes. Later calls give an error.
    pub async fn close(&self) {
        match &self.backend {
            Backend::Sqlite(db) => db.close().await,
            Backend::Mongo(db) => db.close().await,
        }
    }

    /// `sqlite` or `mongodb`.
    pub const fn backend_name(&self) -> &'static str {
        match &self.backend {
            Backend::Sqlite(_) => "sqlite",
            Backend::Mongo(_) => "mongodb",
        }
    }

    /// Makes a collection that no migration makes: for tests and benches of this layer.
    pub async fn create_collection(&self, collection: &Collection) -> Result<(), DbError> {
        match &self.backend {
            Backend::Sqlite(db) => db.create_collection(collection).await,
            Backend::Mongo(db) => db.create_collection(collection).await,
        }
    }

    /// How the backend means to run `query`, in its own words: for tests and for looking into a
    /// slow one.
    pub async fn explain(&self, of: &Collection, query: &Query) -> Result<String, DbError> {
        let plan = Plan::new(*of, query)?;
        match &self.backend {
            Backend::Sqlite(db) => read::explain(&db.readers, &plan).await,
            Backend::Mongo(db) => db.explain(&plan).await,
        }
    }

    /// Signalled after each commit that enqueued jobs.
    pub(crate) const fn jobs_signal(&self) -> &Arc<Notify> {
        &self.jobs_signal
    }
}
