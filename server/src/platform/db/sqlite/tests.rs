//! What only the grouped writer can get wrong.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::platform::db::{
    Collection, Db, DbError, Entity, Field, Index, IndexValue, Query, Tx, TxBackend,
};

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    id: String,
    filler: String,
}

impl Entity for Row {
    const COLLECTION: Collection = Collection {
        name: "group_rows",
        fields: &[Field::text("filler")],
        indexes: &[Index::on("by_filler", &["filler"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.filler.as_str().into()]
    }
}

fn insert(tx: &mut Tx<'_>, id: &str, filler_bytes: usize) -> Result<(), DbError> {
    let filler = "x".repeat(filler_bytes);
    tx.insert(&Row {
        id: id.to_owned(),
        filler,
    })
    .map(drop)
}

fn sql(tx: &mut Tx<'_>, sql: &str) -> Result<(), DbError> {
    match tx.backend() {
        TxBackend::Sqlite(connection) => Ok(connection.execute_batch(sql)?),
        TxBackend::Mongo(_) => Err(DbError::BadUrl),
    }
}

async fn open() -> Db {
    let db = Db::open("sqlite::memory:").await.expect("open");
    db.create_collection(&Row::COLLECTION).await.expect("make");
    db
}

/// Keeps the writer busy until the sender is dropped or used: what is written meanwhile is one group.
async fn busy(db: &Db) -> (Sender<()>, JoinHandle<Result<(), DbError>>) {
    let (release, wait): (_, Receiver<()>) = channel();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let shared = Mutex::new((wait, Some(begun)));
    let db = db.clone();
    let holder = tokio::spawn(async move {
        db.write(move |_| {
            let (wait, begun) = &mut *shared.lock().expect("only the writer holds it");
            if let Some(begun) = begun.take() {
                begun.send(()).expect("the test waits");
            }
            // Ends when the test lets go.
            let _: Result<(), RecvError> = wait.recv();
            Ok(())
        })
        .await
    });
    has_begun.await.expect("the writer began");
    (release, holder)
}

/// Queues a write behind the busy writer.
async fn queue<F>(db: &Db, work: F) -> JoinHandle<Result<(), DbError>>
where
    F: Fn(&mut Tx<'_>) -> Result<(), DbError> + Send + Sync + 'static,
{
    let db = db.clone();
    let queued = tokio::spawn(async move { db.write(work).await });
    // On a runtime of one thread the task has sent its closure when we are back.
    tokio::task::yield_now().await;
    queued
}

async fn ids(db: &Db) -> Vec<String> {
    let rows = db.list::<Row>(&Query::on("id")).await.expect("list");
    rows.into_iter().map(|row| row.value.id).collect()
}

#[tokio::test]
async fn a_failed_commit_fails_its_whole_group_and_no_other() {
    let db = open().await;
    let tables = "CREATE TABLE parent (id INTEGER PRIMARY KEY);
        CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);";
    db.write(move |tx| sql(tx, tables)).await.expect("tables");
    let (release, holder) = busy(&db).await;
    let good = queue(&db, |tx| insert(tx, "good", 1)).await;
    // Its reference is checked at COMMIT: an error that no savepoint holds.
    let bad = queue(&db, |tx| sql(tx, "INSERT INTO child VALUES (7)")).await;
    let refused = queue(&db, |_| Err(DbError::Contended)).await;
    drop(release);
    for lost in [holder, good, bad] {
        let lost = lost.await.expect("a task");
        assert!(matches!(lost, Err(DbError::Commit(_))), "{lost:?}");
    }
    // Its own refusal, not the neighbours' misfortune.
    let refused = refused.await.expect("a task");
    assert!(matches!(refused, Err(DbError::Contended)), "{refused:?}");
    assert!(ids(&db).await.is_empty());
    db.write(|tx| insert(tx, "next", 1))
        .await
        .expect("the writer lives");
    assert_eq!(ids(&db).await, ["next"]);
}

#[tokio::test]
async fn a_caller_who_has_left_is_not_served() {
    let db = open().await;
    let (release, holder) = busy(&db).await;
    let gone = queue(&db, |tx| insert(tx, "gone", 1)).await;
    let stayed = queue(&db, |tx| insert(tx, "stayed", 1)).await;
    gone.abort();
    assert!(gone.await.expect_err("aborted").is_cancelled());
    drop(release);
    holder.await.expect("a task").expect("the holder's write");
    stayed.await.expect("a task").expect("the other's write");
    assert_eq!(ids(&db).await, ["stayed"]);
}

#[tokio::test]
async fn a_full_disk_is_told_to_whom_it_concerns() {
    let db = open().await;
    db.write(|tx| sql(tx, "PRAGMA max_page_count = 200"))
        .await
        .expect("a small disk");
    let (release, holder) = busy(&db).await;
    let small = queue(&db, |tx| insert(tx, "small", 10)).await;
    let large = queue(&db, |tx| insert(tx, "large", 4_000_000)).await;
    let after = queue(&db, |tx| insert(tx, "after", 10)).await;
    drop(release);
    holder.await.expect("a task").ok();
    let mut told = Vec::new();
    for (id, task) in [("after", after), ("large", large), ("small", small)] {
        if task.await.expect("a task").is_ok() {
            told.push(id);
        }
    }
    assert!(!told.contains(&"large"));
    assert_eq!(ids(&db).await, told, "an answer is a promise");
    db.write(|tx| sql(tx, "PRAGMA max_page_count = 100000"))
        .await
        .expect("a larger disk");
    db.write(|tx| insert(tx, "large", 4_000_000))
        .await
        .expect("the writer lives");
}

/// The folder of a `sqlite::memory:` database.
async fn folder(db: &Db) -> PathBuf {
    let path = db.write(|tx| match tx.backend() {
        TxBackend::Sqlite(connection) => Ok::<_, DbError>(connection.path().map(PathBuf::from)),
        TxBackend::Mongo(_) => Err(DbError::BadUrl),
    });
    let file = path.await.expect("a write").expect("a file");
    file.parent().expect("a folder").to_owned()
}

#[tokio::test]
async fn a_dropped_temporary_database_leaves_no_folder() {
    // N7
    let db = open().await;
    let folder = folder(&db).await;
    db.write(|tx| insert(tx, "a", 100_000)).await.expect("kept");
    assert!(folder.exists());
    let clone = db.clone();
    drop(db);
    clone.ping().await.expect("one handle is left");
    assert!(folder.exists());
    // No `close`. The process may end on the next line.
    drop(clone);
    assert!(!folder.exists(), "{}", folder.display());
}

#[tokio::test]
async fn what_is_queued_by_nobody_does_not_outlive_the_handle() {
    // N7
    let db = open().await;
    let folder = folder(&db).await;
    let (release, holder) = busy(&db).await;
    let queued = queue(&db, |tx| insert(tx, "gone", 1)).await;
    for task in [holder, queued] {
        task.abort();
        assert!(task.await.expect_err("aborted").is_cancelled());
    }
    drop(release);
    drop(db);
    assert!(!folder.exists(), "{}", folder.display());
}

#[tokio::test]
async fn the_last_handle_may_go_on_the_writer_thread() {
    // N7
    let db = open().await;
    let (release, holder) = busy(&db).await;
    let (gone, is_gone) = channel::<()>();
    // Fields go in order: the sender's end tells that the handle's drop came back.
    let last = Mutex::new((db.clone(), gone));
    let queued = queue(&db, move |_| {
        drop(last.lock());
        Ok(())
    })
    .await;
    for task in [holder, queued] {
        task.abort();
        assert!(task.await.expect_err("aborted").is_cancelled());
    }
    drop(db);
    drop(release);
    let end = is_gone.recv_timeout(Duration::from_secs(20));
    assert_eq!(end, Err(RecvTimeoutError::Disconnected));
}
