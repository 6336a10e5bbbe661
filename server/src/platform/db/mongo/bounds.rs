//! A plan as bounds of an index. Pure.
//!
//! A query is sent as `hint` + `min` + `max`: the two ends of a stretch of the index, spelled out
//! for every field. So it is an index scan by construction, whatever the planner thinks, and a
//! cursor is no filter but the end that the scan starts from.

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{FindOptions, Hint};

use crate::platform::db::plan::{Cursor, Plan};
use crate::platform::db::{FieldKind, IndexValue};

/// One component of an index position. The order of the variants, and of [`IndexValue`]'s, is BSON's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Min,
    Value(IndexValue),
    Max,
}

/// Sort order, hint and bounds of a plan; `None` when the stretch is empty.
pub(super) fn find_options(plan: &Plan<'_>) -> Option<FindOptions> {
    let (mut lower, mut upper) = (lower(plan), upper(plan));
    if let Some(Cursor(values, id)) = &plan.after {
        let mut at: Vec<_> = values.iter().cloned().map(Key::Value).collect();
        if plan.descending {
            // `max` is exclusive.
            at.push(Key::Value(id.as_str().into()));
            upper = at;
        } else {
            // `min` is inclusive; the id with a NUL behind it is the next possible one.
            at.push(Key::Value(format!("{id}\0").into()));
            lower = at;
        }
    }
    if lower >= upper || plan.limit == 0 {
        return None;
    }
    let way = if plan.descending { -1 } else { 1 };
    let mut sort = Document::new();
    for name in names(plan) {
        sort.insert(name, way);
    }
    Some(
        FindOptions::builder()
            .hint(hint(plan))
            .min(bound(plan, lower))
            .max(bound(plan, upper))
            .sort(sort)
            .limit(i64::from(plan.limit))
            .batch_size(plan.limit)
            .build(),
    )
}

/// The plan as a filter, for counting (which takes no bounds).
pub(super) fn filter(plan: &Plan<'_>) -> Document {
    let mut filter = Document::new();
    for (field, value) in plan.fields.iter().zip(plan.eq) {
        filter.insert(path(field.name), Bson::from(value));
    }
    let Some(next) = plan.open_fields().first() else {
        return filter;
    };
    let mut range = Document::new();
    if let Some(bound) = plan.lower {
        let op = if bound.inclusive { "$gte" } else { "$gt" };
        range.insert(op, Bson::from(&bound.value));
    }
    if let Some(bound) = plan.upper {
        let op = if bound.inclusive { "$lte" } else { "$lt" };
        range.insert(op, Bson::from(&bound.value));
    }
    if !range.is_empty() {
        filter.insert(path(next.name), range);
    }
    filter
}

/// The index that `plan` names.
pub(super) fn hint(plan: &Plan<'_>) -> Hint {
    plan.index.map_or_else(
        || Hint::Keys(doc! { "_id": 1 }),
        |index| Hint::Name(index.name.to_owned()),
    )
}

/// Where a declared field lies in the document.
pub(super) fn path(field: &str) -> String {
    format!("ix.{field}")
}

fn names(plan: &Plan<'_>) -> impl Iterator<Item = String> {
    plan.fields
        .iter()
        .map(|field| path(field.name))
        .chain(["_id".to_owned()])
}

fn bound(plan: &Plan<'_>, keys: Vec<Key>) -> Document {
    names(plan)
        .zip(keys)
        .map(|(name, key)| {
            let value = match key {
                Key::Min => Bson::MinKey,
                Key::Value(value) => Bson::from(&value),
                Key::Max => Bson::MaxKey,
            };
            (name, value)
        })
        .collect()
}

fn lower(plan: &Plan<'_>) -> Vec<Key> {
    let next = plan.open_fields().first();
    match (plan.lower, plan.upper, next) {
        (Some(bound), ..) if bound.inclusive => ends(plan, Some(bound.value.clone()), Key::Min),
        (Some(bound), ..) => ends(plan, Some(bound.value.clone()), Key::Max),
        // A range with only an upper end still has no room for Null, which sorts first.
        (None, Some(_), Some(field)) => {
            let least = match field.kind {
                FieldKind::Text => IndexValue::Text(String::new()),
                FieldKind::Int => IndexValue::Int(i64::MIN),
            };
            ends(plan, Some(least), Key::Min)
        }
        (None, ..) => ends(plan, None, Key::Min),
    }
}

fn upper(plan: &Plan<'_>) -> Vec<Key> {
    match plan.upper {
        Some(bound) if bound.inclusive => ends(plan, Some(bound.value.clone()), Key::Max),
        Some(bound) => ends(plan, Some(bound.value.clone()), Key::Min),
        None => ends(plan, None, Key::Max),
    }
}

/// The fixed values, the range's value, and `rest` for every further field and the id.
fn ends(plan: &Plan<'_>, value: Option<IndexValue>, rest: Key) -> Vec<Key> {
    let mut keys: Vec<_> = plan
        .eq
        .iter()
        .cloned()
        .chain(value)
        .map(Key::Value)
        .collect();
    keys.resize(plan.fields.len() + 1, rest);
    keys
}
