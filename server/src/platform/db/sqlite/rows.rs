//! The typed collection inside a transaction, on the writer's connection.

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params_from_iter};

use super::sql::{Select, Statements};
use crate::platform::db::plan::Plan;
use crate::platform::db::{Collection, DbError, Entity, IndexValue, Query, Versioned};

impl ToSql for IndexValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(int) => ToSqlOutput::Owned(Value::Integer(*int)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

pub(in crate::platform::db) fn get<E: Entity>(
    connection: &Connection,
    id: &str,
) -> Result<Option<Versioned<E>>, DbError> {
    let mut statement = connection.prepare_cached(&Statements::of(&E::COLLECTION).get)?;
    statement
        .query_row([id], |row| Ok(decode_row(row)))
        .optional()?
        .transpose()
}

pub(in crate::platform::db) fn insert<E: Entity>(
    connection: &Connection,
    entity: &E,
) -> Result<(), DbError> {
    let fields = Collection::values(entity)?;
    let mut statement = connection.prepare_cached(&Statements::of(&E::COLLECTION).insert)?;
    bind_entity(&mut statement, entity, &fields)?;
    statement
        .raw_execute()
        .map_err(|error| name_duplicate(&E::COLLECTION, error))?;
    Ok(())
}

pub(in crate::platform::db) fn replace<E: Entity>(
    connection: &Connection,
    versioned: &Versioned<E>,
) -> Result<(), DbError> {
    let fields = Collection::values(&versioned.value)?;
    let mut statement = connection.prepare_cached(&Statements::of(&E::COLLECTION).replace)?;
    bind_entity(&mut statement, &versioned.value, &fields)?;
    statement.raw_bind_parameter(fields.len() + 3, stored_rev(versioned.rev))?;
    let changed = statement
        .raw_execute()
        .map_err(|error| name_duplicate(&E::COLLECTION, error))?;
    expect_one::<E>(changed)
}

pub(in crate::platform::db) fn delete<E: Entity>(
    connection: &Connection,
    versioned: &Versioned<E>,
) -> Result<(), DbError> {
    let mut statement = connection.prepare_cached(&Statements::of(&E::COLLECTION).delete)?;
    expect_one::<E>(statement.execute((versioned.value.id(), stored_rev(versioned.rev)))?)
}

pub(in crate::platform::db) fn list<E: Entity>(
    connection: &Connection,
    query: &Query,
) -> Result<Vec<Versioned<E>>, DbError> {
    let select = Select::rows(&Plan::new(E::COLLECTION, query)?);
    let mut statement = connection.prepare_cached(&select.sql)?;
    let mut rows = statement.query(params_from_iter(&select.values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(decode_row(row)?);
    }
    Ok(found)
}

pub(in crate::platform::db) fn count<E: Entity>(
    connection: &Connection,
    query: &Query,
) -> Result<u64, DbError> {
    let select = Select::count(&Plan::new(E::COLLECTION, query)?);
    let mut statement = connection.prepare_cached(&select.sql)?;
    let count: i64 = statement.query_row(params_from_iter(&select.values), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Reads an entity from a row whose first two columns are `rev, body`.
pub(in crate::platform::db) fn decode_row<E: Entity>(
    row: &Row<'_>,
) -> Result<Versioned<E>, DbError> {
    let rev: i64 = row.get(0)?;
    let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    decode(rev, body)
}

/// Reads an entity from its stored revision and body.
pub(super) fn decode<E: Entity>(rev: i64, body: &str) -> Result<Versioned<E>, DbError> {
    let value = serde_json::from_str(body).map_err(|source| DbError::Inconsistent {
        collection: E::COLLECTION.name,
        source,
    })?;
    Ok(Versioned {
        rev: u64::try_from(rev).unwrap_or(0),
        value,
    })
}

fn bind_entity<E: Entity>(
    statement: &mut rusqlite::CachedStatement<'_>,
    entity: &E,
    fields: &[IndexValue],
) -> Result<(), DbError> {
    statement.raw_bind_parameter(1, entity.id())?;
    statement.raw_bind_parameter(2, serde_json::to_string(entity)?)?;
    for (at, value) in fields.iter().enumerate() {
        statement.raw_bind_parameter(at + 3, value)?;
    }
    Ok(())
}

fn stored_rev(rev: u64) -> i64 {
    i64::try_from(rev).unwrap_or(i64::MAX)
}

const fn expect_one<E: Entity>(changed: usize) -> Result<(), DbError> {
    if changed == 1 {
        return Ok(());
    }
    Err(DbError::Conflict {
        collection: E::COLLECTION.name,
    })
}

/// Turns SQLite's "UNIQUE constraint failed: t.a, t.b" into the declared index over `a, b`.
fn name_duplicate(collection: &Collection, error: rusqlite::Error) -> DbError {
    let rusqlite::Error::SqliteFailure(failure, Some(message)) = &error else {
        return error.into();
    };
    if failure.code != ErrorCode::ConstraintViolation {
        return error.into();
    }
    let Some((_, columns)) = message.split_once("UNIQUE constraint failed: ") else {
        return error.into();
    };
    let columns: Vec<_> = columns
        .split(", ")
        .filter_map(|column| column.split_once('.').map(|(_, name)| name))
        .collect();
    let index = collection
        .indexes
        .iter()
        .find(|index| index.unique && index.fields == columns)
        .map_or("id", |index| index.name);
    DbError::Duplicate {
        collection: collection.name,
        index,
    }
}
