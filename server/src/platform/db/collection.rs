//! What a slice declares about the things it stores.

use std::ops::{Deref, DerefMut};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DbError, IndexValue};

/// A serde struct that is stored as one row (SQLite) or one document (MongoDB).
///
/// ```ignore
/// impl Entity for Order {
///     const COLLECTION: Collection = Collection {
///         name: "orders",
///         fields: &[Field::text("event_id"), Field::int("created_at"), Field::text("code").nullable()],
///         indexes: &[Index::on("by_event", &["event_id", "created_at"]), Index::unique("by_code", &["code"])],
///     };
///     fn id(&self) -> String { self.id.to_string() }
///     fn index(&self) -> Vec<IndexValue> {
///         vec![self.event_id.into(), self.created_at.into(), self.code.as_deref().into()]
///     }
/// }
/// ```
/// Its table, in `server/migrations`:
/// ```sql
/// CREATE TABLE orders (
///     id TEXT NOT NULL PRIMARY KEY, rev INTEGER NOT NULL, body TEXT NOT NULL,
///     event_id TEXT NOT NULL, created_at INTEGER NOT NULL, code TEXT
/// ) WITHOUT ROWID, STRICT;
/// CREATE INDEX orders_by_event ON orders (event_id, created_at);
/// CREATE UNIQUE INDEX orders_by_code ON orders (code);
/// ```
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    const COLLECTION: Collection;
    /// The key; never changes, at most 200 bytes.
    fn id(&self) -> String;
    /// One value per declared field, in the declared order.
    fn index(&self) -> Vec<IndexValue>;
}

/// A table (SQLite) or collection (MongoDB). List it in [`super::registry::ALL`].
#[derive(Debug, Clone, Copy)]
pub struct Collection {
    /// Lower-case, snake case; the table's name.
    pub name: &'static str,
    pub fields: &'static [Field],
    pub indexes: &'static [Index],
}

/// An indexed field: a column beside the body.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub kind: FieldKind,
    /// Whether [`IndexValue::Null`] is allowed. Without it the column is `NOT NULL`.
    pub nullable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    Int,
}

impl Field {
    pub const fn text(name: &'static str) -> Self {
        Self {
            name,
            kind: FieldKind::Text,
            nullable: false,
        }
    }
    pub const fn int(name: &'static str) -> Self {
        Self {
            name,
            kind: FieldKind::Int,
            nullable: false,
        }
    }
    /// The same field, but `Null` is allowed.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }
    /// Whether the field may hold `value`.
    pub const fn takes(&self, value: &IndexValue) -> bool {
        match (value, self.kind) {
            (IndexValue::Null, _) => self.nullable,
            (IndexValue::Text(_), FieldKind::Text) | (IndexValue::Int(_), FieldKind::Int) => true,
            (IndexValue::Text(_), FieldKind::Int) | (IndexValue::Int(_), FieldKind::Text) => false,
        }
    }
}

/// An index over declared fields; `id` follows them as the last, unnamed one. In SQLite it is
/// called `<collection>_<name>`.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    pub name: &'static str,
    pub fields: &'static [&'static str],
    /// No two rows share these values, unless one of the values is `Null`.
    pub unique: bool,
}

impl Index {
    pub const fn on(name: &'static str, fields: &'static [&'static str]) -> Self {
        Self {
            name,
            fields,
            unique: false,
        }
    }
    pub const fn unique(name: &'static str, fields: &'static [&'static str]) -> Self {
        Self {
            name,
            fields,
            unique: true,
        }
    }
}

impl Collection {
    /// The declared field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
    /// The values of `entity`'s fields, checked against the declaration.
    pub(crate) fn values<E: Entity>(entity: &E) -> Result<Vec<IndexValue>, DbError> {
        let bad = |why| DbError::BadEntity {
            collection: E::COLLECTION.name,
            why,
        };
        let values = entity.index();
        if values.len() != E::COLLECTION.fields.len() {
            return Err(bad("index() must give one value per field"));
        }
        if let Some(at) =
            (0..values.len()).find(|at| !E::COLLECTION.fields[*at].takes(&values[*at]))
        {
            return Err(bad(E::COLLECTION.fields[at].name));
        }
        Ok(values)
    }
}

/// An entity as it was read, with the revision that a later `replace` or `delete` must still find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<E> {
    /// 1 after the insert, one more after each replace.
    pub rev: u64,
    pub value: E,
}

impl<E> Versioned<E> {
    pub fn into_inner(self) -> E {
        self.value
    }
}
impl<E> Deref for Versioned<E> {
    type Target = E;
    fn deref(&self) -> &E {
        &self.value
    }
}
impl<E> DerefMut for Versioned<E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.value
    }
}
