//! SQL of the typed collection. Pure: text and parameters, no connection.
//!
//! Only names from declarations enter the text; every value is a parameter.

use std::collections::HashMap;
use std::fmt::{Arguments, Write};
use std::sync::{LazyLock, PoisonError, RwLock};

use crate::platform::db::plan::{Cursor, Plan};
use crate::platform::db::{Collection, Field, FieldKind, IndexValue};

/// The statements that every collection has.
#[derive(Debug)]
pub(super) struct Statements {
    /// `?1` id -> rev, body
    pub(super) get: String,
    /// `?1` id, `?2` body, `?3…` fields
    pub(super) insert: String,
    /// `?1` id, `?2` body, `?3…` fields, then the old rev
    pub(super) replace: String,
    /// `?1` id, `?2` rev
    pub(super) delete: String,
}

impl Statements {
    /// The statements of `collection`, made once and kept for the life of the process: there are
    /// as many as the code declares collections.
    pub(super) fn of(collection: &Collection) -> &'static Self {
        static MADE: LazyLock<RwLock<HashMap<&'static str, &'static Statements>>> =
            LazyLock::new(RwLock::default);
        let known = MADE.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(statements) = known.get(collection.name) {
            return statements;
        }
        drop(known);
        let mut made = MADE.write().unwrap_or_else(PoisonError::into_inner);
        made.entry(collection.name)
            .or_insert_with(|| Box::leak(Box::new(Self::new(collection))))
    }

    fn new(collection: &Collection) -> Self {
        let table = collection.name;
        let count = collection.fields.len();
        let (mut columns, mut values, mut sets) = (String::new(), String::new(), String::new());
        for (field, place) in collection.fields.iter().zip(3..) {
            append(&mut columns, format_args!(", [{}]", field.name));
            append(&mut values, format_args!(", ?{place}"));
            append(&mut sets, format_args!(", [{}] = ?{place}", field.name));
        }
        Self {
            get: format!("SELECT rev, body FROM [{table}] WHERE id = ?1"),
            insert: format!(
                "INSERT INTO [{table}] (id, rev, body{columns}) VALUES (?1, 1, ?2{values})"
            ),
            replace: format!(
                "UPDATE [{table}] SET rev = rev + 1, body = ?2{sets} WHERE id = ?1 AND rev = ?{}",
                count + 3
            ),
            delete: format!("DELETE FROM [{table}] WHERE id = ?1 AND rev = ?2"),
        }
    }
}

/// A statement with its parameters, numbered from 1.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) sql: String,
    pub(super) values: Vec<IndexValue>,
}

impl Select {
    /// The rows of a plan: rev, body.
    pub(super) fn rows(plan: &Plan<'_>) -> Self {
        let mut select = Self::from(plan, "SELECT rev, body");
        if let Some(cursor) = &plan.after {
            select.behind(plan, cursor);
        }
        let way = if plan.descending { " DESC" } else { "" };
        select.sql.push_str(" ORDER BY ");
        for field in plan.open_fields() {
            select.add(format_args!("[{}]{way}, ", field.name));
        }
        let limit = select.bind(plan.limit.into());
        select.add(format_args!("id{way} LIMIT {limit}"));
        select
    }

    /// How many rows a plan has, limit and cursor aside.
    pub(super) fn count(plan: &Plan<'_>) -> Self {
        Self::from(plan, "SELECT count(*)")
    }

    /// The values of the first open field of a plan, each with how many rows have it.
    pub(super) fn tally(plan: &Plan<'_>, field: &Field) -> Self {
        let mut select = Self::from(plan, &format!("SELECT [{}], count(*)", field.name));
        select.add(format_args!(" GROUP BY [{}]", field.name));
        select
    }

    fn from(plan: &Plan<'_>, what: &str) -> Self {
        let table = plan.collection.name;
        let mut select = Self {
            sql: format!("{what} FROM [{table}]"),
            values: Vec::with_capacity(plan.eq.len() + plan.fields.len() + 3),
        };
        if let Some(index) = plan.index {
            // The planner has no statistics; the caller named the index, so it is used or we fail.
            select.add(format_args!(" INDEXED BY [{table}_{}]", index.name));
        }
        select.sql.push_str(" WHERE 1");
        for (field, value) in plan.fields.iter().zip(plan.eq) {
            select.sql.push_str(" AND ");
            select.compare(field, "=", value);
        }
        let Some(next) = plan.open_fields().first() else {
            return select;
        };
        // A cursor lies inside the range, so it replaces the end it starts from: SQLite would else
        // be free to seek to that end and filter its way to the cursor.
        let skip_lower = plan.after.is_some() && !plan.descending;
        let skip_upper = plan.after.is_some() && plan.descending;
        if let Some(bound) = plan.lower.filter(|_| !skip_lower) {
            select.sql.push_str(" AND ");
            let op = if bound.inclusive { ">=" } else { ">" };
            select.compare(next, op, &bound.value);
        }
        if let Some(bound) = plan.upper.filter(|_| !skip_upper) {
            select.sql.push_str(" AND ");
            let op = if bound.inclusive { "<=" } else { "<" };
            select.compare(next, op, &bound.value);
        } else if plan.upper.is_some() && next.nullable {
            select.add(format_args!(" AND [{}] IS NOT NULL", next.name));
        }
        select
    }

    /// Adds the condition "behind the cursor".
    fn behind(&mut self, plan: &Plan<'_>, Cursor(values, id): &Cursor) {
        let open = plan.open_fields();
        let values = &values[plan.eq.len()..];
        let (op, desc) = if plan.descending {
            ("<", true)
        } else {
            (">", false)
        };
        let plain = !values.contains(&IndexValue::Null);
        // Null sorts first. Ascending, rows with a Null lie before a cursor without one, and a row
        // value comparison leaves them out, rightly; descending it would lose them.
        if plain && (!desc || open.iter().all(|field| !field.nullable)) {
            let (mut names, mut places) = (String::new(), String::new());
            for (field, value) in open.iter().zip(values) {
                append(&mut names, format_args!("[{}], ", field.name));
                append(&mut places, format_args!("{}, ", self.bind(value.clone())));
            }
            let id = self.bind(id.as_str().into());
            self.add(format_args!(" AND ({names}id) {op} ({places}{id})"));
            return;
        }
        self.sql.push_str(" AND (");
        for (at, (field, value)) in open.iter().zip(values).enumerate() {
            self.sql.push('(');
            self.same(&open[..at], &values[..at]);
            match (value, desc) {
                (IndexValue::Null, false) => self.add(format_args!("[{}] IS NOT NULL", field.name)),
                (IndexValue::Null, true) => self.sql.push('0'),
                (_, false) => self.compare(field, ">", value),
                (_, true) => {
                    self.sql.push('(');
                    self.compare(field, "<", value);
                    self.add(format_args!(" OR [{}] IS NULL)", field.name));
                }
            }
            self.sql.push_str(") OR ");
        }
        self.sql.push('(');
        self.same(open, values);
        let id = self.bind(id.as_str().into());
        self.add(format_args!("id {op} {id}))"));
    }

    fn same(&mut self, fields: &[&'static Field], values: &[IndexValue]) {
        for (field, value) in fields.iter().zip(values) {
            self.compare(field, "=", value);
            self.sql.push_str(" AND ");
        }
    }

    fn compare(&mut self, field: &Field, op: &str, value: &IndexValue) {
        if *value == IndexValue::Null {
            self.add(format_args!("[{}] IS NULL", field.name));
        } else {
            let place = self.bind(value.clone());
            self.add(format_args!("[{}] {op} {place}", field.name));
        }
    }

    fn bind(&mut self, value: IndexValue) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    fn add(&mut self, text: Arguments<'_>) {
        append(&mut self.sql, text);
    }
}

fn append(to: &mut String, text: Arguments<'_>) {
    to.write_fmt(text).expect("writing to a String cannot fail");
}

/// The DDL that a migration should hold for `collection`.
pub(super) fn ddl(collection: &Collection) -> String {
    let table = collection.name;
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS [{table}] (\n    id TEXT NOT NULL PRIMARY KEY,\n    rev INTEGER NOT NULL,\n    body TEXT NOT NULL"
    );
    for field in collection.fields {
        let kind = match field.kind {
            FieldKind::Text => "TEXT",
            FieldKind::Int => "INTEGER",
        };
        let null = if field.nullable { "" } else { " NOT NULL" };
        append(
            &mut sql,
            format_args!(",\n    [{}] {kind}{null}", field.name),
        );
    }
    sql.push_str("\n) STRICT, WITHOUT ROWID;\n");
    for index in collection.indexes {
        let unique = if index.unique { "UNIQUE " } else { "" };
        let fields: Vec<_> = index.fields.iter().map(|f| format!("[{f}]")).collect();
        let name = format!("{table}_{}", index.name);
        let fields = fields.join(", ");
        append(
            &mut sql,
            format_args!("CREATE {unique}INDEX IF NOT EXISTS [{name}] ON [{table}] ({fields});\n"),
        );
    }
    sql
}
