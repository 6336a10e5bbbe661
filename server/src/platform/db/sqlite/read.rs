//! Reads outside a transaction, on the pool of read-only connections.

use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, SqlitePool};

use super::rows::decode;
use super::sql::{Select, Statements};
use crate::platform::db::plan::Plan;
use crate::platform::db::{DbError, Entity, FieldKind, IndexValue, Query, Versioned};

pub(in crate::platform::db) async fn get<E: Entity>(
    pool: &SqlitePool,
    id: &str,
) -> Result<Option<Versioned<E>>, DbError> {
    let row = sqlx::query(Statements::of(&E::COLLECTION).get.as_str())
        .bind(id.to_owned())
        .fetch_optional(pool)
        .await?;
    row.map(|row| decode_row(&row)).transpose()
}

pub(in crate::platform::db) async fn list<E: Entity>(
    pool: &SqlitePool,
    query: &Query,
) -> Result<Vec<Versioned<E>>, DbError> {
    let select = Select::rows(&Plan::new(E::COLLECTION, query)?);
    let rows = prepare(select).fetch_all(pool).await?;
    rows.iter().map(decode_row).collect()
}

pub(in crate::platform::db) async fn count<E: Entity>(
    pool: &SqlitePool,
    query: &Query,
) -> Result<u64, DbError> {
    let select = Select::count(&Plan::new(E::COLLECTION, query)?);
    let count: i64 = prepare(select).fetch_one(pool).await?.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(in crate::platform::db) async fn tally<E: Entity>(
    pool: &SqlitePool,
    query: &Query,
) -> Result<Vec<(IndexValue, u64)>, DbError> {
    let plan = Plan::new(E::COLLECTION, query)?;
    let field = plan.tallied()?;
    let rows = prepare(Select::tally(&plan, field)).fetch_all(pool).await?;
    let tally = rows.iter().map(|row| {
        let value: IndexValue = match field.kind {
            FieldKind::Text => row.try_get::<Option<String>, _>(0)?.into(),
            FieldKind::Int => row.try_get::<Option<i64>, _>(0)?.into(),
        };
        let count: i64 = row.try_get(1)?;
        Ok((value, u64::try_from(count).unwrap_or(0)))
    });
    tally.collect()
}

pub(in crate::platform::db) async fn explain(
    pool: &SqlitePool,
    plan: &Plan<'_>,
) -> Result<String, DbError> {
    let mut select = Select::rows(plan);
    select.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
    let rows = prepare(select).fetch_all(pool).await?;
    let steps = rows.iter().map(|row| row.try_get::<String, _>("detail"));
    Ok(steps.collect::<Result<Vec<_>, _>>()?.join("\n"))
}

/// The text holds declared names and placeholders only (see [`super::sql`]).
fn prepare(select: Select) -> sqlx::query::Query<'static, Sqlite, SqliteArguments> {
    select
        .values
        .into_iter()
        .fold(
            sqlx::query(AssertSqlSafe(select.sql)),
            |query, value| match value {
                IndexValue::Null => query.bind(None::<i64>),
                IndexValue::Int(int) => query.bind(int),
                IndexValue::Text(text) => query.bind(text),
            },
        )
}

fn decode_row<E: Entity>(row: &SqliteRow) -> Result<Versioned<E>, DbError> {
    decode(row.try_get(0)?, row.try_get(1)?)
}
