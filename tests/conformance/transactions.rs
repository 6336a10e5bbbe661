//! What a transaction keeps, loses and sees.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use server::platform::db::{Db, DbError, Query, Tx};
use tokio::task::JoinSet;

use crate::stage::{Stage, Thing, found, insert};

/// A slice's own error around the storage's.
#[derive(Debug)]
enum Refused {
    SoldOut,
    Db(DbError),
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

pub(crate) async fn an_error_leaves_nothing(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a"), Thing::new("b")])
        .await
        .expect("insert");
    let refused = db
        .write(|tx| {
            tx.insert(&Thing::new("c"))?;
            let mut a = found::<Thing>(tx, "a")?;
            a.at = 9;
            tx.replace(&mut a)?;
            let b = found::<Thing>(tx, "b")?;
            tx.delete(&b)?;
            Err::<(), _>(Refused::SoldOut)
        })
        .await;
    assert!(matches!(refused, Err(Refused::SoldOut)), "{refused:?}");
    let rows = db.list::<Thing>(&Query::on("id")).await.expect("list");
    let rows: Vec<_> = rows.iter().map(|row| (&*row.id, row.rev, row.at)).collect();
    assert_eq!(rows, [("a", 1, 0), ("b", 1, 0)]);
}

pub(crate) async fn a_panic_is_contained(stage: &Stage) {
    let db = stage.open().await;
    let caught = db
        .write(|tx| -> Result<(), Refused> {
            tx.insert(&Thing::new("a"))?;
            panic!("on purpose, in a closure")
        })
        .await;
    assert!(
        matches!(caught, Err(Refused::Db(DbError::Panicked))),
        "{caught:?}"
    );
    assert!(db.get::<Thing>("a").await.expect("get").is_none());
    insert(&db, vec![Thing::new("b")])
        .await
        .expect("the writer lives");
    db.ping().await.expect("the database answers");
}

pub(crate) async fn a_transaction_sees_its_own_writes(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a")]).await.expect("insert");
    let seen = db
        .write(|tx| {
            tx.insert(&Thing::new("b"))?;
            let mut a = found::<Thing>(tx, "a")?;
            "somebody".clone_into(&mut a.owner);
            tx.replace(&mut a)?;
            let b = found::<Thing>(tx, "b")?;
            let theirs = tx.count::<Thing>(&Query::on("by_owner").eq("somebody"))?;
            tx.delete(&b)?;
            let left = tx.list::<Thing>(&Query::on("id"))?;
            Ok::<_, DbError>((a.rev, b.rev, theirs, left.len()))
        })
        .await
        .expect("the transaction");
    assert_eq!(seen, (2, 1, 1, 1));
    // And afterwards everybody else does.
    let a = db.get::<Thing>("a").await.expect("get").expect("there");
    assert_eq!(a.owner, "somebody");
}

pub(crate) async fn a_swallowed_error_dooms(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a")]).await.expect("insert");
    let doomed = db
        .write(|tx| {
            let duplicate = tx.insert(&Thing::new("a")).is_err();
            let after = tx.insert(&Thing::new("b"));
            assert!(
                duplicate && matches!(after, Err(DbError::Doomed)),
                "{after:?}"
            );
            Ok::<_, DbError>(())
        })
        .await;
    assert!(matches!(doomed, Err(DbError::Doomed)), "{doomed:?}");
    assert!(db.get::<Thing>("b").await.expect("get").is_none());
}

fn increment(tx: &mut Tx<'_>) -> Result<(), DbError> {
    let mut counter = found::<Thing>(tx, "counter")?;
    counter.at += 1;
    tx.replace(&mut counter)
}

pub(crate) async fn no_increment_is_lost(stage: &Stage) {
    const TASKS: i64 = 12;
    const EACH: i64 = 10;
    let db = stage.open().await;
    insert(&db, vec![Thing::new("counter")])
        .await
        .expect("insert");
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let db = db.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                db.write(increment).await.expect("increment");
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("a task");
    }
    let counter = db
        .get::<Thing>("counter")
        .await
        .expect("get")
        .expect("there");
    assert_eq!(counter.at, TASKS * EACH);
    assert_eq!(i64::try_from(counter.rev), Ok(TASKS * EACH + 1));
}

/// On SQLite nobody can get in between; on MongoDB somebody does, and the closure runs again.
pub(crate) async fn a_lost_race_runs_again(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("counter")])
        .await
        .expect("insert");
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let (read, has_read) = channel();
    let (overtaken, is_overtaken) = channel();
    let gate = Mutex::new((read, is_overtaken));
    let races = !stage.is_sqlite();
    let slow = {
        let db = db.clone();
        tokio::spawn(async move {
            db.write(move |tx| {
                let mut counter = found::<Thing>(tx, "counter")?;
                if counted.fetch_add(1, Ordering::SeqCst) == 0 && races {
                    let (read, is_overtaken) = &*gate.lock().expect("only we hold it");
                    read.send(()).expect("the test listens");
                    is_overtaken.recv().expect("the test says so");
                }
                counter.at += 1;
                tx.replace(&mut counter)
            })
            .await
        })
    };
    if races {
        tokio::task::spawn_blocking(move || has_read.recv())
            .await
            .expect("a thread")
            .expect("the closure has read");
        db.write(increment).await.expect("the overtaker");
        overtaken.send(()).expect("the closure waits");
    }
    slow.await.expect("the task").expect("the write");
    let expected = if races { 2 } else { 1 };
    assert_eq!(runs.load(Ordering::SeqCst), expected);
    let counter = db
        .get::<Thing>("counter")
        .await
        .expect("get")
        .expect("there");
    assert_eq!(counter.at, i64::from(expected));
}

pub(crate) async fn neighbours_in_a_group_do_not_harm_each_other(stage: &Stage) {
    const CALLERS: usize = 90;
    let db = stage.open().await;
    let mut tasks = JoinSet::new();
    for n in 0..CALLERS {
        let db = db.clone();
        tasks.spawn(async move { (n, one_caller(&db, n).await) });
    }
    while let Some(done) = tasks.join_next().await {
        let (n, result) = done.expect("a task");
        assert_eq!(result.is_ok(), is_kept(n), "{n}: {result:?}");
    }
    let rows = db.list::<Thing>(&Query::on("id")).await.expect("list");
    let rows: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let expected: Vec<_> = (0..CALLERS)
        .filter(|n| is_kept(*n))
        .map(|n| format!("{n:03}"))
        .collect();
    assert_eq!(rows, expected);
}

const fn is_kept(caller: usize) -> bool {
    !caller.is_multiple_of(3) && caller % 30 != 7
}

async fn one_caller(db: &Db, n: usize) -> Result<(), Refused> {
    db.write(move |tx| {
        tx.insert(&Thing::new(&format!("{n:03}")))?;
        assert!(n % 30 != 7, "on purpose, among neighbours");
        if n.is_multiple_of(3) {
            return Err(Refused::SoldOut);
        }
        Ok(())
    })
    .await
}

pub(crate) async fn what_was_answered_survives(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a")]).await.expect("insert");
    // As after `kill -9`: the files as they are this moment, the WAL not copied back.
    if let Some(folder) = &stage.folder {
        let copy = tempfile::tempdir().expect("a folder");
        for name in ["stage.db", "stage.db-wal"] {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).expect("copy");
        }
        let url = format!("sqlite:{}", copy.path().join("stage.db").display());
        let crashed = Db::open(&url).await.expect("the copy opens");
        assert!(crashed.get::<Thing>("a").await.expect("get").is_some());
    }
    db.close().await;
    let again = stage.open().await;
    let a = again.get::<Thing>("a").await.expect("get").expect("there");
    assert_eq!(a.rev, 1);
    if let Some(folder) = &stage.folder {
        again.close().await;
        assert!(
            !folder.path().join("stage.db-wal").exists(),
            "closing empties the WAL"
        );
    }
}

pub(crate) async fn a_closed_database_says_so(stage: &Stage) {
    let db = stage.open().await;
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let db = db.clone();
        tasks.spawn(async move { insert(&db, vec![Thing::new(&n.to_string())]).await.is_ok() });
    }
    tokio::task::yield_now().await;
    db.close().await;
    let mut kept = 0;
    while let Some(done) = tasks.join_next().await {
        kept += u64::from(done.expect("a task"));
    }
    let late = insert(&db, vec![Thing::new("late")]).await;
    assert!(matches!(late, Err(DbError::Stopped)), "{late:?}");
    assert!(matches!(db.ping().await, Err(DbError::Stopped)));
    // Whoever was told yes is there, and nobody else.
    let again = stage.open().await;
    assert_eq!(
        again.count::<Thing>(&Query::on("id")).await.expect("count"),
        kept
    );
}
