//! What queries mean: a model that filters and sorts in memory.

use server::platform::db::{Entity, IndexValue, Query};

use crate::stage::Thing;

/// Rows with ties, gaps and nulls in every field that may have them.
pub(crate) fn population() -> Vec<Thing> {
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
pub(crate) struct Meaning {
    pub(crate) query: Query,
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

pub(crate) fn meanings() -> Vec<Meaning> {
    let mut all = by_owner();
    all.extend(by_slot_and_label());
    all
}

fn by_owner() -> Vec<Meaning> {
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
    ]
}

fn by_slot_and_label() -> Vec<Meaning> {
    vec![
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
    pub(crate) fn model(&self, things: &[Thing]) -> Vec<String> {
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
