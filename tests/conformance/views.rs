//! What a view sees, and what it leaves alone.

use std::sync::mpsc::channel;

use server::platform::db::{DbError, Query, Reads as _, View};

use crate::stage::{Stage, Thing, insert};

fn ids(view: &mut View<'_>) -> Result<Vec<String>, DbError> {
    let rows = view.list::<Thing>(&Query::on("id"))?;
    Ok(rows.iter().map(|row| row.id.clone()).collect())
}

pub(crate) async fn a_view_is_of_one_state(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a")]).await.expect("insert");
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let (go_on, may_go_on) = channel();
    let viewer = db.clone();
    let view = tokio::spawn(async move {
        let work = move |view: &mut View<'_>| {
            let before = ids(view)?;
            began.send(()).expect("somebody waits");
            may_go_on.recv().expect("somebody wakes");
            let found = view.get::<Thing>("b")?;
            let count = view.count::<Thing>(&Query::on("id"))?;
            Ok::<_, DbError>((before, ids(view)?, found.is_some(), count))
        };
        viewer.view(work).await
    });
    has_begun.await.expect("the view begins");
    insert(&db, vec![Thing::new("b")]).await.expect("insert");
    go_on.send(()).expect("the view waits");
    let seen = view.await.expect("no panic").expect("a view");
    let a = vec!["a".to_owned()];
    assert_eq!(seen, (a.clone(), a, false, 1));
}

pub(crate) async fn a_view_sees_what_was_answered(stage: &Stage) {
    // As when somebody asks right after the answer to what they did, on another connection.
    let (here, there) = (stage.open().await, stage.open().await);
    for n in 0..20_usize {
        let id = format!("{n:02}");
        insert(&here, vec![Thing::new(&id)]).await.expect("insert");
        let seen = there.view(ids).await.expect("a view");
        assert_eq!(seen.len(), n + 1);
        assert_eq!(seen.last(), Some(&id));
    }
}

pub(crate) async fn a_view_reads_as_others_do(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a"), Thing::new("b")])
        .await
        .expect("insert");
    let of_all = || Query::on("id").descending().limit(1);
    let work = move |view: &mut View<'_>| {
        let row = view.get::<Thing>("a")?;
        let none = view.get::<Thing>("z")?;
        Ok::<_, DbError>((row, none, view.list::<Thing>(&of_all())?))
    };
    let (row, none, list) = db.view(work).await.expect("a view");
    let same = db.get::<Thing>("a").await.expect("get");
    let (row, same) = (row.expect("a row"), same.expect("a row"));
    assert_eq!((row.rev, &row.id), (same.rev, &same.id));
    assert!(none.is_none());
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].id, "b");
    let refused = db.view(|view| view.list::<Thing>(&Query::on("nowhere")));
    assert!(refused.await.is_err(), "an index that nobody declared");
    let seen = db.view(ids).await.expect("an error spoils no later view");
    assert_eq!(seen, ["a", "b"]);
}

pub(crate) async fn a_panic_in_a_view_is_contained(stage: &Stage) {
    let db = stage.open().await;
    // More often than there may be views at a time.
    for _ in 0..70 {
        let caught = db.view(|view: &mut View<'_>| -> Result<(), DbError> {
            ids(view)?;
            panic!("on purpose, in a view")
        });
        let caught = caught.await;
        assert!(matches!(caught, Err(DbError::Panicked)), "{caught:?}");
    }
    insert(&db, vec![Thing::new("a")]).await.expect("insert");
    assert_eq!(db.view(ids).await.expect("a view"), ["a"]);
    db.close().await;
    let closed = db.view(ids).await;
    assert!(matches!(closed, Err(DbError::Stopped)), "{closed:?}");
}
