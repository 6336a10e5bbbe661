//! Idempotency keys.

use serde_json::json;
use server::platform::db::{Db, DbError, Query};
use server::platform::idempotency::{self, Begin, Remembered, TTL_MILLIS};
use shared::time::Timestamp;

use crate::stage::{NOW, Stage, Thing};

/// A request: makes a thing unless it was made before; the answer names it.
async fn request(db: &Db, key: &str, hash: &str, thing: &str, now: Timestamp) -> Begin {
    let (key, hash, thing) = (key.to_owned(), hash.to_owned(), thing.to_owned());
    db.write(move |tx| {
        let begin = idempotency::begin(tx, "orders:ann", &key, &hash, now)?;
        if begin == Begin::Fresh {
            tx.insert(&Thing::new(&thing))?;
            let body = json!({ "made": thing });
            idempotency::store(tx, "orders:ann", &key, &hash, 201, body, now)?;
        }
        Ok::<_, DbError>(begin)
    })
    .await
    .expect("the request")
}

pub(crate) async fn an_answer_is_given_again(stage: &Stage) {
    let db = stage.open().await;
    assert_eq!(request(&db, "k", "h", "a", NOW).await, Begin::Fresh);
    let replay = Begin::Replay {
        status: 201,
        body: json!({ "made": "a" }),
    };
    assert_eq!(request(&db, "k", "h", "b", NOW).await, replay);
    assert_eq!(request(&db, "k", "other", "b", NOW).await, Begin::Mismatch);
    // The scope and the key cannot be shifted into each other.
    let shifted = db
        .write(|tx| idempotency::begin(tx, "orders:an", "nk", "h", NOW))
        .await
        .expect("begin");
    assert_eq!(shifted, Begin::Fresh);
    assert_eq!(db.count::<Thing>(&Query::on("id")).await.expect("count"), 1);
    // What is not committed is not remembered.
    let aborted = db
        .write(|tx| {
            idempotency::store(tx, "orders:ann", "k2", "h", 201, json!(null), NOW)?;
            Err::<(), _>(DbError::Contended)
        })
        .await;
    assert!(aborted.is_err());
    assert_eq!(request(&db, "k2", "h", "c", NOW).await, Begin::Fresh);
}

pub(crate) async fn racing_requests_have_one_effect(stage: &Stage) {
    let db = stage.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let db = db.clone();
        tasks.spawn(async move { request(&db, "k", "h", &format!("by {n}"), NOW).await });
    }
    let mut fresh = 0;
    while let Some(done) = tasks.join_next().await {
        match done.expect("a task") {
            Begin::Fresh => fresh += 1,
            Begin::Replay { status, .. } => assert_eq!(status, 201),
            Begin::Mismatch => panic!("the requests are alike"),
        }
    }
    assert_eq!(fresh, 1);
    assert_eq!(db.count::<Thing>(&Query::on("id")).await.expect("count"), 1);
}

pub(crate) async fn answers_expire(stage: &Stage) {
    let db = stage.open().await;
    assert_eq!(request(&db, "k", "h", "a", NOW).await, Begin::Fresh);
    assert_eq!(
        request(&db, "k2", "h", "b", NOW.plus_millis(1)).await,
        Begin::Fresh
    );
    let later = NOW.plus_millis(TTL_MILLIS);
    // Expired but not swept: another request may take the key.
    assert_eq!(request(&db, "k", "other", "c", later).await, Begin::Fresh);
    assert_eq!(request(&db, "k", "h", "d", later).await, Begin::Mismatch);
    let swept = db
        .write(move |tx| idempotency::sweep(tx, later.plus_millis(1), 100))
        .await;
    assert_eq!(swept.expect("sweep"), 1);
    assert_eq!(
        db.count::<Remembered>(&Query::on("id"))
            .await
            .expect("count"),
        1
    );
}
