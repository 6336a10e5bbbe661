//! Single rows.

use serde::{Deserialize, Serialize};
use serde_json::json;
use server::platform::db::{Collection, DbError, Entity, IndexValue, Versioned};

use crate::stage::{Stage, Thing, found, insert};

pub(crate) async fn a_row_lives_and_dies(stage: &Stage) {
    let db = stage.open().await;
    assert_eq!(db.get::<Thing>("a").await.expect("get"), None);
    let inserted = db
        .write(|tx| tx.insert(&Thing::new("a")))
        .await
        .expect("insert");
    assert_eq!(inserted.rev, 1);
    assert_eq!(db.get("a").await.expect("get"), Some(inserted.clone()));

    let replaced: Versioned<Thing> = db
        .write(move |tx| {
            let mut thing = inserted.clone();
            thing.at = 7;
            tx.replace(&mut thing)?;
            Ok::<_, DbError>(thing)
        })
        .await
        .expect("replace");
    assert_eq!((replaced.rev, replaced.at), (2, 7));
    assert_eq!(db.get("a").await.expect("get"), Some(replaced.clone()));

    db.write(move |tx| tx.delete(&replaced))
        .await
        .expect("delete");
    assert_eq!(db.get::<Thing>("a").await.expect("get"), None);
}

pub(crate) async fn a_duplicate_names_its_index(stage: &Stage) {
    let db = stage.open().await;
    let mut first = Thing::new("a");
    (first.label, first.slot) = (Some("red".to_owned()), Some(1));
    insert(&db, vec![first.clone(), Thing::new("b")])
        .await
        .expect("insert");

    let mut same_label = Thing::new("c");
    same_label.label.clone_from(&first.label);
    let mut same_place = Thing::new("d");
    same_place.slot = first.slot;
    let cases = [
        (Thing::new("a"), "id"),
        (same_label.clone(), "by_label"),
        (same_place, "by_place"),
    ];
    for (thing, name) in cases {
        let refused = insert(&db, vec![thing]).await.expect_err("a duplicate");
        assert!(refused.is_duplicate_of(name), "{name}: {refused:?}");
    }
    let refused = db
        .write(move |tx| {
            let mut second = found::<Thing>(tx, "b")?;
            second.label.clone_from(&same_label.label);
            tx.replace(&mut second)
        })
        .await
        .expect_err("a duplicate by change");
    assert!(refused.is_duplicate_of("by_label"), "{refused:?}");
    assert!(!refused.to_string().contains("red"), "{refused}");
}

pub(crate) async fn null_never_collides(stage: &Stage) {
    let db = stage.open().await;
    // Same owner, no slot, no label, three times.
    let things = ["a", "b", "c"].map(Thing::new).to_vec();
    insert(&db, things).await.expect("nulls are apart");
    // A value may be given up and taken by another.
    db.write(|tx| {
        let mut a = found::<Thing>(tx, "a")?;
        a.label = Some("red".to_owned());
        tx.replace(&mut a)?;
        a.label = None;
        tx.replace(&mut a)?;
        let mut b = found::<Thing>(tx, "b")?;
        b.label = Some("red".to_owned());
        tx.replace(&mut b)
    })
    .await
    .expect("the label is free again");
}

pub(crate) async fn a_stale_revision_conflicts(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, vec![Thing::new("a")]).await.expect("insert");
    let stale = db.get::<Thing>("a").await.expect("get").expect("there");
    let (for_replace, for_delete) = (stale.clone(), stale.clone());
    db.write(move |tx| tx.replace(&mut stale.clone()))
        .await
        .expect("the first change");
    let late = db
        .write(move |tx| tx.replace(&mut for_replace.clone()))
        .await;
    assert!(
        matches!(
            late,
            Err(DbError::Conflict {
                collection: "things"
            })
        ),
        "{late:?}"
    );
    let late = db.write(move |tx| tx.delete(&for_delete)).await;
    assert!(matches!(late, Err(DbError::Conflict { .. })), "{late:?}");
    let missing = Versioned {
        rev: 1,
        value: Thing::new("nowhere"),
    };
    let gone = db.write(move |tx| tx.replace(&mut missing.clone())).await;
    assert!(matches!(gone, Err(DbError::Conflict { .. })), "{gone:?}");
    let now = db.get::<Thing>("a").await.expect("get").expect("there");
    assert_eq!(now.rev, 2);
}

pub(crate) async fn a_body_comes_back_as_it_was(stage: &Stage) {
    let db = stage.open().await;
    let mut thing = Thing::new("ключ/🎟 $a.b");
    "a\u{0}b".clone_into(&mut thing.owner);
    thing.note = json!({
        "int": [i64::MIN, -1, 0, i64::MAX], "float": [0.1, -2.0, 1e300], "truth": [true, false, null],
        "$set": {"a.b": {"": "empty name"}}, "text": "Đêm nhạc \u{1F3B6} \"quoted\" \\ \n",
    });
    insert(&db, vec![thing.clone()]).await.expect("insert");
    let read = db.get::<Thing>(&thing.id).await.expect("get");
    assert_eq!(read.map(Versioned::into_inner), Some(thing.clone()));
    let in_tx = db
        .write(move |tx| found::<Thing>(tx, &thing.id).map(|read| read.value == thing))
        .await;
    assert!(in_tx.expect("get"));
}

/// Lives in the same collection, but gives other index values than it declares.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Liar(Vec<Option<i64>>);

impl Entity for Liar {
    const COLLECTION: Collection = Thing::COLLECTION;
    fn id(&self) -> String {
        "liar".to_owned()
    }
    fn index(&self) -> Vec<IndexValue> {
        self.0.iter().map(|value| (*value).into()).collect()
    }
}

pub(crate) async fn an_entity_that_breaks_its_word_is_refused(stage: &Stage) {
    let db = stage.open().await;
    // Too few values; a null where none may be; a number where a text is declared.
    for values in [vec![], vec![None; 4], vec![Some(1); 4]] {
        let liar = Liar(values);
        let refused = db.write(move |tx| tx.insert(&liar).map(drop)).await;
        assert!(
            matches!(refused, Err(DbError::BadEntity { .. })),
            "{refused:?}"
        );
    }
    assert!(db.get::<Thing>("liar").await.expect("get").is_none());
}
