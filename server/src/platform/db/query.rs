//! Queries: a scan of one declared index, or of the key.

use super::{IndexValue, Versioned};

/// Rows of a query that does not say how many it wants.
pub const LIMIT_DEFAULT: u32 = 100;
/// The most rows that one query gives; a larger wish is cut to it.
pub const LIMIT_MAX: u32 = 10_000;
/// The longest cursor that is looked at, in bytes.
pub(super) const CURSOR_MAX: usize = 4096;

/// Rows of one index in its order (its fields, then `id`): first fields fixed by [`eq`](Self::eq),
/// then, if wished, a range on the next field.
///
/// `Query::on("by_event").eq(event).at_least(since).descending().limit(20).after(cursor)`;
/// `Query::on("id")` walks the whole collection by key.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) index: &'static str,
    pub(super) eq: Vec<IndexValue>,
    pub(super) lower: Option<Bound>,
    pub(super) upper: Option<Bound>,
    pub(super) descending: bool,
    pub(super) limit: u32,
    pub(super) after: Option<String>,
}

/// One end of a range. Rows where the field is `Null` are in no range.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) value: IndexValue,
    pub(super) inclusive: bool,
}

impl Query {
    /// All rows of the declared index of that name (or of the key, `"id"`), ascending.
    pub const fn on(index: &'static str) -> Self {
        Self {
            index,
            eq: Vec::new(),
            lower: None,
            upper: None,
            descending: false,
            limit: LIMIT_DEFAULT,
            after: None,
        }
    }
    /// The name of the index, as given.
    pub const fn index_name(&self) -> &'static str {
        self.index
    }
    /// The next field is `value` (`Null` finds the rows without one).
    #[must_use]
    pub fn eq(mut self, value: impl Into<IndexValue>) -> Self {
        self.eq.push(value.into());
        self
    }
    /// The field after the fixed ones is `from` or more, and less than `to`.
    #[must_use]
    pub fn range(self, from: impl Into<IndexValue>, to: impl Into<IndexValue>) -> Self {
        self.at_least(from).less_than(to)
    }
    #[must_use]
    pub fn at_least(mut self, value: impl Into<IndexValue>) -> Self {
        self.lower = Some(Bound::new(value, true));
        self
    }
    #[must_use]
    pub fn more_than(mut self, value: impl Into<IndexValue>) -> Self {
        self.lower = Some(Bound::new(value, false));
        self
    }
    #[must_use]
    pub fn at_most(mut self, value: impl Into<IndexValue>) -> Self {
        self.upper = Some(Bound::new(value, true));
        self
    }
    #[must_use]
    pub fn less_than(mut self, value: impl Into<IndexValue>) -> Self {
        self.upper = Some(Bound::new(value, false));
        self
    }
    /// Largest first.
    #[must_use]
    pub const fn descending(mut self) -> Self {
        self.descending = true;
        self
    }
    /// At most `rows` rows; more than [`LIMIT_MAX`] means [`LIMIT_MAX`].
    #[must_use]
    pub fn limit(mut self, rows: u32) -> Self {
        self.limit = rows.min(LIMIT_MAX);
        self
    }
    /// Only rows behind the one whose cursor this is. `None` starts at the beginning.
    #[must_use]
    pub fn after<'a>(mut self, cursor: impl Into<Option<&'a str>>) -> Self {
        self.after = cursor.into().map(str::to_owned);
        self
    }
}

impl Bound {
    fn new(value: impl Into<IndexValue>, inclusive: bool) -> Self {
        Self {
            value: value.into(),
            inclusive,
        }
    }
}

/// A page of a list, with the cursor of the next one if there is more.
#[derive(Debug, Clone)]
pub struct Page<E> {
    pub items: Vec<Versioned<E>>,
    pub next: Option<String>,
}
