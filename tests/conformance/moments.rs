//! Moments that follow one another.

use server::platform::db::{Db, DbError, Query};
use server::platform::moments;
use shared::time::Timestamp;
use tokio::task::JoinSet;

use crate::stage::{NOW, Stage, Thing};

/// A thing of the moment, in one commit.
async fn add(db: &Db, id: String, now: Timestamp) -> Timestamp {
    db.write(move |tx| {
        let at = moments::next(tx, "things", now, |_| Ok(None))?;
        let mut thing = Thing::new(&id);
        thing.at = at.as_millis();
        tx.insert(&thing)?;
        Ok::<_, DbError>(at)
    })
    .await
    .expect("a commit")
}

async fn listed(db: &Db) -> Vec<String> {
    let query = Query::on("by_owner").eq("nobody").limit(1_000);
    let things = db.list::<Thing>(&query).await.expect("list");
    things.into_iter().map(|thing| thing.value.id).collect()
}

pub(crate) async fn a_later_commit_has_a_later_moment(stage: &Stage) {
    let db = stage.open().await;
    let before = NOW.plus_millis(7);
    let first = db.write(move |tx| moments::next(tx, "other", NOW, move |_| Ok(Some(before))));
    assert_eq!(first.await.expect("a commit"), NOW.plus_millis(8));
    assert_eq!(add(&db, "a".to_owned(), NOW).await, NOW);
    // A request that came earlier and commits later.
    let early = add(&db, "b".to_owned(), NOW.plus_secs(-60)).await;
    assert_eq!(early, NOW.plus_millis(1));
    let late = NOW.plus_secs(60);
    assert_eq!(add(&db, "c".to_owned(), late).await, late);
    assert_eq!(listed(&db).await, ["a", "b", "c"]);
}

/// Whoever reads while others write never finds a row before one that it has seen.
pub(crate) async fn a_list_by_moment_grows_at_its_end_only(stage: &Stage) {
    const WRITERS: i64 = 6;
    const EACH: i64 = 10;
    let db = stage.open().await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let db = db.clone();
        writers.spawn(async move {
            for n in 0..EACH {
                let id = format!("{writer}/{n}");
                add(&db, id, NOW.plus_millis(-writer * n)).await;
            }
        });
    }
    let mut seen = Vec::new();
    while !writers.is_empty() {
        let now = listed(&db).await;
        assert!(now.starts_with(&seen), "{now:?} after {seen:?}");
        seen = now;
        if let Some(done) = writers.try_join_next() {
            done.expect("a writer");
        }
    }
    let all = listed(&db).await;
    assert!(all.starts_with(&seen));
    assert_eq!(i64::try_from(all.len()), Ok(WRITERS * EACH));
}
