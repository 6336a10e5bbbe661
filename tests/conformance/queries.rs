//! Lists, ranges, cursors and counts, against a model that sorts and filters in memory.

use server::platform::db::registry::ALL;
use server::platform::db::{
    Collection, Db, DbError, Entity, FieldKind, IndexValue, LIMIT_MAX, Query, Versioned,
};

use crate::stage::{Stage, Thing, insert};

const PAGE: u32 = 7;

/// Rows with ties, gaps and nulls in every field that may have them.
fn population() -> Vec<Thing> {
    (0_i64..60)
        .map(|n| Thing {
            id: format!("{:02}", (n * 37) % 60),
            owner: ["a", "b", "B", "ä", ""][usize::try_from(n % 5).expect("small")].to_owned(),
            at: (n * 13) % 9 - 4,
            label: (n % 3 != 0).then(|| format!("l{}", (n * 7) % 60)),
            slot: (n % 4 != 0).then_some(n / 4),
            note: n.into(),
        })
        .collect()
}

/// A query and what it means: which rows (by the values of the index's fields).
struct Meaning {
    query: Query,
    index: &'static [usize],
    keeps: fn(&[IndexValue]) -> bool,
}

fn meaning(query: Query, index: &'static [usize], keeps: fn(&[IndexValue]) -> bool) -> Meaning {
    Meaning {
        query,
        index,
        keeps,
    }
}

const OWNER: usize = 0;
const AT: usize = 1;
const LABEL: usize = 2;
const SLOT: usize = 3;

fn int(value: &IndexValue) -> Option<i64> {
    match value {
        IndexValue::Int(int) => Some(*int),
        IndexValue::Null | IndexValue::Text(_) => None,
    }
}

fn meanings() -> Vec<Meaning> {
    vec![
        meaning(Query::on("id"), &[], |_| true),
        meaning(Query::on("by_owner"), &[OWNER, AT], |_| true),
        meaning(Query::on("by_owner").eq("b"), &[OWNER, AT], |v| {
            v[0] == "b".into()
        }),
        meaning(Query::on("by_owner").eq(""), &[OWNER, AT], |v| {
            v[0] == "".into()
        }),
        meaning(Query::on("by_owner").eq("nobody"), &[OWNER, AT], |_| false),
        meaning(
            Query::on("by_owner").at_least("a").less_than("b"),
            &[OWNER, AT],
            |v| v[0] == "a".into(),
        ),
        meaning(Query::on("by_owner").eq("a").eq(2), &[OWNER, AT], |v| {
            v[0] == "a".into() && v[1] == 2.into()
        }),
        meaning(
            Query::on("by_owner").eq("a").range(-2, 3),
            &[OWNER, AT],
            |v| v[0] == "a".into() && int(&v[1]).is_some_and(|at| (-2..3).contains(&at)),
        ),
        meaning(
            Query::on("by_owner").eq("ä").more_than(-2).at_most(3),
            &[OWNER, AT],
            |v| v[0] == "ä".into() && int(&v[1]).is_some_and(|at| (-1..=3).contains(&at)),
        ),
        meaning(
            Query::on("by_owner").eq("a").range(3, 3),
            &[OWNER, AT],
            |_| false,
        ),
        meaning(
            Query::on("by_owner").eq("a").range(3, -3),
            &[OWNER, AT],
            |_| false,
        ),
        meaning(Query::on("by_slot"), &[SLOT, LABEL], |_| true),
        meaning(
            Query::on("by_slot").eq(IndexValue::Null),
            &[SLOT, LABEL],
            |v| v[0] == IndexValue::Null,
        ),
        meaning(Query::on("by_slot").eq(5), &[SLOT, LABEL], |v| {
            v[0] == 5.into()
        }),
        meaning(
            Query::on("by_slot").eq(5).eq(IndexValue::Null),
            &[SLOT, LABEL],
            |v| v[0] == 5.into() && v[1] == IndexValue::Null,
        ),
        meaning(Query::on("by_slot").at_most(6), &[SLOT, LABEL], |v| {
            int(&v[0]).is_some_and(|slot| slot <= 6)
        }),
        meaning(Query::on("by_slot").less_than(6), &[SLOT, LABEL], |v| {
            int(&v[0]).is_some_and(|slot| slot < 6)
        }),
        meaning(Query::on("by_slot").more_than(6), &[SLOT, LABEL], |v| {
            int(&v[0]).is_some_and(|slot| slot > 6)
        }),
        meaning(
            Query::on("by_slot").eq(IndexValue::Null).at_least("l3"),
            &[SLOT, LABEL],
            |v| v[0] == IndexValue::Null && v[1] >= "l3".into(),
        ),
        meaning(Query::on("by_label"), &[LABEL], |_| true),
        meaning(Query::on("by_label").eq("l7"), &[LABEL], |v| {
            v[0] == "l7".into()
        }),
        meaning(Query::on("by_label").at_most("l3"), &[LABEL], |v| {
            v[0] > IndexValue::Null && v[0] <= "l3".into()
        }),
        meaning(Query::on("by_place").eq("a"), &[OWNER, SLOT], |v| {
            v[0] == "a".into()
        }),
        meaning(
            Query::on("by_place").eq("a").at_least(3),
            &[OWNER, SLOT],
            |v| v[0] == "a".into() && int(&v[1]).is_some_and(|slot| slot >= 3),
        ),
    ]
}

impl Meaning {
    /// The ids that the query must give, in its order.
    fn model(&self, things: &[Thing]) -> Vec<String> {
        let mut rows: Vec<(Vec<IndexValue>, String)> = things
            .iter()
            .map(|thing| {
                let all = thing.index();
                let values: Vec<_> = self.index.iter().map(|at| all[*at].clone()).collect();
                (values, thing.id.clone())
            })
            .filter(|(values, _)| (self.keeps)(values))
            .collect();
        rows.sort();
        rows.into_iter().map(|(_, id)| id).collect()
    }
}

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
