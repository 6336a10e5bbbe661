//! Lists, ranges, cursors and counts, against a model that sorts and filters in memory.

use server::platform::db::registry::ALL;
use server::platform::db::{
    Collection, Db, DbError, Entity, FieldKind, IndexValue, LIMIT_MAX, Query, Versioned,
};

use crate::meanings::{meanings, population};
use crate::stage::{Stage, Thing, insert};

const PAGE: u32 = 7;

fn ids(rows: &[Versioned<Thing>]) -> Vec<String> {
    rows.iter().map(|row| row.id.clone()).collect()
}

pub(crate) async fn every_index_gives_the_rows_of_the_model(stage: &Stage) {
    let db = stage.open().await;
    let things = population();
    insert(&db, things.clone()).await.expect("insert");
    for meaning in meanings() {
        let expected = meaning.model(&things);
        let query = &meaning.query;
        let rows = db.list::<Thing>(query).await.expect("list");
        assert_eq!(ids(&rows), expected, "{query:?}");
        for row in &rows {
            assert!(things.contains(&row.value), "{row:?}");
        }
        let count = db.count::<Thing>(query).await.expect("count");
        assert_eq!(count, expected.len() as u64, "{query:?}");

        let backwards = query.clone().descending().limit(5);
        let inside = query.clone();
        let (rows, count) = db
            .write(move |tx| {
                Ok::<_, DbError>((tx.list::<Thing>(&backwards)?, tx.count::<Thing>(&inside)?))
            })
            .await
            .expect("list in a transaction");
        let last: Vec<_> = expected.iter().rev().take(5).cloned().collect();
        assert_eq!(ids(&rows), last, "{query:?}");
        assert_eq!(count, expected.len() as u64, "{query:?}");
    }
    assert!(
        db.list::<Thing>(&Query::on("id").limit(0))
            .await
            .expect("none")
            .is_empty()
    );
}

pub(crate) async fn pages_meet_without_gap_or_overlap(stage: &Stage) {
    let db = stage.open().await;
    let things = population();
    insert(&db, things.clone()).await.expect("insert");
    for meaning in meanings() {
        let expected = meaning.model(&things);
        assert_eq!(
            walk(&db, &meaning.query).await,
            expected,
            "{:?}",
            meaning.query
        );
        let backwards = meaning.query.clone().descending();
        let expected: Vec<_> = expected.into_iter().rev().collect();
        assert_eq!(walk(&db, &backwards).await, expected, "{backwards:?}");
    }
    let all = db
        .page::<Thing>(&Query::on("id").limit(LIMIT_MAX))
        .await
        .expect("page");
    assert_eq!((all.items.len(), all.next), (60, None));
}

/// All pages, one after the other.
async fn walk(db: &Db, query: &Query) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let query = query.clone().limit(PAGE).after(cursor.as_deref());
        let page = db.page::<Thing>(&query).await.expect("page");
        assert!(page.items.len() <= PAGE as usize);
        found.extend(ids(&page.items));
        assert!(found.len() <= 60, "{query:?} goes in circles");
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

pub(crate) async fn a_tally_counts_each_value_once(stage: &Stage) {
    let db = stage.open().await;
    let mut things: Vec<_> = (0..30)
        .map(|number| {
            let mut thing = Thing::new(&format!("t{number:02}"));
            thing.at = number % 3;
            thing.slot = (number % 2 == 0).then_some(number);
            thing
        })
        .collect();
    "else".clone_into(&mut things[29].owner);
    insert(&db, things).await.expect("insert");
    let by_at = db.tally::<Thing>(&Query::on("by_owner").eq("nobody")).await;
    let int = IndexValue::from;
    assert_eq!(
        by_at.expect("tally"),
        [(int(0_i64), 10), (int(1), 10), (int(2), 9)]
    );
    let upper = Query::on("by_owner").eq("nobody").at_least(2);
    assert_eq!(
        db.tally::<Thing>(&upper).await.expect("tally"),
        [(int(2), 9)]
    );
    let by_owner = db
        .tally::<Thing>(&Query::on("by_owner"))
        .await
        .expect("tally");
    assert_eq!(by_owner, [("else".into(), 1), ("nobody".into(), 29)]);
    let by_slot = db
        .tally::<Thing>(&Query::on("by_slot"))
        .await
        .expect("tally");
    assert_eq!((by_slot.len(), &by_slot[0]), (16, &(IndexValue::Null, 15)));
    let none = db
        .tally::<Thing>(&Query::on("by_owner").eq("nobody").eq(1))
        .await;
    assert!(matches!(none, Err(DbError::BadQuery(_))), "{none:?}");
}

pub(crate) async fn queries_that_nobody_declared_are_refused(stage: &Stage) {
    let db = stage.open().await;
    for query in [
        Query::on("by_note"),
        Query::on("by_label").eq(1),
        Query::on("id").at_least("a"),
    ] {
        let inside = query.clone();
        let outside = db.list::<Thing>(&query).await;
        assert!(matches!(outside, Err(DbError::BadQuery(_))), "{query:?}");
        let inside = db.write(move |tx| tx.list::<Thing>(&inside)).await;
        assert!(matches!(inside, Err(DbError::BadQuery(_))), "{query:?}");
    }
}

pub(crate) async fn cursors_of_other_queries_are_refused(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, population()).await.expect("insert");
    let query = Query::on("by_owner").eq("a").limit(3);
    let cursor = db
        .page::<Thing>(&query)
        .await
        .expect("page")
        .next
        .expect("more");
    let theirs = Query::on("by_owner").eq("b").after(&*cursor);
    let longer = format!("{cursor}A");
    for query in [theirs, query.clone().after("!"), query.after(&*longer)] {
        let refused = db.list::<Thing>(&query).await;
        assert!(
            matches!(refused, Err(DbError::BadCursor)),
            "{query:?} {refused:?}"
        );
    }
}

// H1
pub(crate) async fn every_query_scans_its_index(stage: &Stage) {
    let db = stage.open().await;
    insert(&db, population()).await.expect("insert");
    let all: Vec<_> = ALL.iter().copied().chain([Thing::COLLECTION]).collect();
    for collection in all {
        for query in shapes(&collection) {
            let plan = db.explain(&collection, &query).await.expect("a plan");
            let names_index = query.index_name() == "id" || plan.contains(query.index_name());
            assert!(names_index, "{} {query:?}\n{plan}", collection.name);
            for bad in ["TEMP B-TREE", "MULTI-INDEX", "COLLSCAN", "\"SORT\""] {
                assert!(!plan.contains(bad), "{} {query:?}\n{plan}", collection.name);
            }
        }
    }
}

/// Every number of fixed fields of every index, both ways, with ranges.
fn shapes(collection: &Collection) -> Vec<Query> {
    let mut shapes = vec![Query::on("id"), Query::on("id").descending()];
    for index in collection.indexes {
        for fixed in 0..=index.fields.len() {
            let mut query = Query::on(index.name);
            let kinds: Vec<_> = index
                .fields
                .iter()
                .filter_map(|name| collection.field(name))
                .map(|field| field.kind)
                .collect();
            let sample = |kind| match kind {
                FieldKind::Text => IndexValue::from("m"),
                FieldKind::Int => IndexValue::from(1),
            };
            for kind in &kinds[..fixed] {
                query = query.eq(sample(*kind));
            }
            if let Some(kind) = kinds.get(fixed) {
                shapes.push(query.clone().at_least(sample(*kind)));
                shapes.push(query.clone().at_most(sample(*kind)).descending());
            }
            shapes.push(query.clone().descending());
            shapes.push(query);
        }
    }
    shapes
}
