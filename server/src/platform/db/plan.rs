//! A query checked against its collection: what both backends translate. Pure.

use super::query::{Bound, CURSOR_MAX};
use super::{Collection, DbError, Entity, Field, Index, IndexValue, Query};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A query that fits its collection.
#[derive(Debug)]
pub(super) struct Plan<'q> {
    pub(super) collection: Collection,
    /// `None`: the key.
    pub(super) index: Option<&'static Index>,
    /// The index's fields; the first `eq.len()` are fixed.
    pub(super) fields: Vec<&'static Field>,
    pub(super) eq: &'q [IndexValue],
    pub(super) lower: Option<&'q Bound>,
    pub(super) upper: Option<&'q Bound>,
    pub(super) descending: bool,
    pub(super) limit: u32,
    pub(super) after: Option<Cursor>,
}

/// Where a row stands in an index: the values of the index's fields, and its key.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Cursor(pub(super) Vec<IndexValue>, pub(super) String);

impl<'q> Plan<'q> {
    /// Checks `query` against the collection, and its cursor against both.
    pub(super) fn new(collection: Collection, query: &'q Query) -> Result<Self, DbError> {
        let index = collection
            .indexes
            .iter()
            .find(|index| index.name == query.index);
        if index.is_none() && query.index != "id" {
            return Err(DbError::BadQuery("no such index"));
        }
        let names = index.map_or(&[][..], |index| index.fields);
        let fields: Vec<_> = names
            .iter()
            .filter_map(|name| collection.field(name))
            .collect();
        if fields.len() != names.len() {
            return Err(DbError::BadQuery("the index has an undeclared field"));
        }
        let mut plan = Self {
            collection,
            index,
            fields,
            eq: &query.eq,
            lower: query.lower.as_ref(),
            upper: query.upper.as_ref(),
            descending: query.descending,
            limit: query.limit,
            after: None,
        };
        plan.check()?;
        if let Some(text) = &query.after {
            let cursor = Cursor::decode(text).ok_or(DbError::BadCursor)?;
            if !plan.covers(&cursor) {
                return Err(DbError::BadCursor);
            }
            plan.after = Some(cursor);
        }
        Ok(plan)
    }

    fn check(&self) -> Result<(), DbError> {
        if self.eq.len() > self.fields.len() {
            return Err(DbError::BadQuery("more values than the index has fields"));
        }
        let fits = |(field, value): (&&Field, &IndexValue)| field.takes(value);
        if !self.fields.iter().zip(self.eq).all(fits) {
            return Err(DbError::BadQuery("a value is not of its field's kind"));
        }
        let next = self.fields.get(self.eq.len());
        for bound in [self.lower, self.upper].into_iter().flatten() {
            let ranged = next.is_some_and(|field| field.takes(&bound.value));
            if !ranged || bound.value == IndexValue::Null {
                return Err(DbError::BadQuery("no field for this range"));
            }
        }
        Ok(())
    }

    /// Whether a row at `cursor` could be in the query: what a forged cursor cannot get around.
    fn covers(&self, cursor: &Cursor) -> bool {
        let Cursor(values, _) = cursor;
        values.len() == self.fields.len()
            && values.starts_with(self.eq)
            && self.fields.iter().zip(values).all(|(f, v)| f.takes(v))
            && values.get(self.eq.len()).is_none_or(|value| {
                self.lower.is_none_or(|bound| bound.is_below(value))
                    && self.upper.is_none_or(|bound| bound.is_above(value))
            })
    }

    /// The field whose values a tally counts.
    pub(super) fn tallied(&self) -> Result<&'static Field, DbError> {
        let first = self.open_fields().first();
        first
            .copied()
            .ok_or(DbError::BadQuery("a tally needs a field that is not fixed"))
    }

    /// The fields that `eq` leaves open.
    pub(super) fn open_fields(&self) -> &[&'static Field] {
        &self.fields[self.eq.len()..]
    }
}

impl Cursor {
    /// Where `entity` stands in `index` (`None`: the key).
    pub(super) fn of<E: Entity>(index: Option<&Index>, entity: &E) -> Result<Self, DbError> {
        let mut all = Collection::values(entity)?;
        let names = index.map_or(&[][..], |index| index.fields);
        let values = names
            .iter()
            .filter_map(|name| E::COLLECTION.fields.iter().position(|f| f.name == *name))
            .map(|at| std::mem::replace(&mut all[at], IndexValue::Null))
            .collect();
        Ok(Self(values, entity.id()))
    }
    pub(super) fn encode(&self) -> Result<String, DbError> {
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?))
    }
    fn decode(text: &str) -> Option<Self> {
        if text.len() > CURSOR_MAX {
            return None;
        }
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

impl Bound {
    fn is_below(&self, value: &IndexValue) -> bool {
        *value > self.value || (self.inclusive && *value == self.value)
    }
    fn is_above(&self, value: &IndexValue) -> bool {
        *value != IndexValue::Null
            && (*value < self.value || (self.inclusive && *value == self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THINGS: Collection = Collection {
        name: "things",
        fields: &[Field::text("owner"), Field::int("at").nullable()],
        indexes: &[Index::on("by_owner", &["owner", "at"])],
    };

    fn cursor(values: Vec<IndexValue>) -> String {
        Cursor(values, "k".to_owned()).encode().expect("json")
    }

    #[test]
    fn undeclared_queries_are_refused() {
        let bad = [
            Query::on("by_at"),
            Query::on("by_owner").eq(1),
            Query::on("by_owner").eq("a").eq(1).eq(2),
            Query::on("by_owner").eq("a").eq(1).at_least(2),
            Query::on("by_owner").eq("a").at_least("b"),
            Query::on("by_owner").eq("a").at_least(IndexValue::Null),
            Query::on("by_owner").eq(IndexValue::Null),
            Query::on("id").at_least("a"),
        ];
        for query in bad {
            let refused = Plan::new(THINGS, &query);
            assert!(
                matches!(refused, Err(DbError::BadQuery(_))),
                "{query:?} {refused:?}"
            );
        }
    }

    #[test]
    fn a_cursor_of_another_query_is_refused() {
        let query = Query::on("by_owner").eq("a").at_least(5).less_than(9);
        for at in [5.into(), 8.into()] {
            let cursor = cursor(vec!["a".into(), at]);
            assert!(Plan::new(THINGS, &query.clone().after(&*cursor)).is_ok());
        }
        let forged = [
            cursor(vec!["b".into(), 5.into()]),
            cursor(vec!["a".into(), 4.into()]),
            cursor(vec!["a".into(), 9.into()]),
            cursor(vec!["a".into(), IndexValue::Null]),
            cursor(vec!["a".into(), "x".into()]),
            cursor(vec!["a".into()]),
            "AAAA".to_owned(),
            "é".to_owned(),
            "A".repeat(CURSOR_MAX + 1),
        ];
        for cursor in forged {
            let asked = query.clone().after(&*cursor);
            let refused = Plan::new(THINGS, &asked);
            assert!(matches!(refused, Err(DbError::BadCursor)), "{cursor}");
        }
    }
}
