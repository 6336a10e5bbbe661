//! A database of before opened by the server of today: rows as the version of migration 59 wrote them
//! (no guests, no accounts of organizers, no seals) are read as today's entities, and found by every
//! index of today.

use std::fs;
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use futures::future::BoxFuture;
use mongodb::Client;
use mongodb::bson::{Document, doc, serialize_to_document};
use rusqlite::{Connection, params, params_from_iter};
use serde_json::Value;
use server::orders::form::OrderForm;
use server::platform::db::{Db, DbError, Entity, Query};
use server::platform::journal::Entry;
use server::trail;
use sha2::{Digest as _, Sha384};

use crate::old_rows::{EVENT, ORDER, all};
use crate::stage::{NOW, Stage};

/// What comes after this is new to the rows.
const OLD: u32 = 59;

/// A row, and how today's server looks at it.
pub(crate) struct Old {
    table: &'static str,
    id: String,
    body: Value,
    /// The fields that were indexed then.
    fields: Vec<(&'static str, Value)>,
    look: for<'d> fn(&'d Db, &'d Old) -> BoxFuture<'d, ()>,
}

impl Old {
    pub(crate) fn row<E: Entity>(id: &str, body: Value, fields: &[(&'static str, Value)]) -> Self {
        Self {
            table: E::COLLECTION.name,
            id: id.to_owned(),
            body,
            fields: fields.to_vec(),
            look: |db, old| Box::pin(look::<E>(db, old)),
        }
    }
}

pub(crate) async fn rows_of_before_are_read_and_found(stage: &Stage) {
    let db = opened(stage).await;
    for old in all() {
        (old.look)(&db, &old).await;
    }
}

async fn look<E: Entity>(db: &Db, old: &Old) {
    let table = old.table;
    let found = db.get::<E>(&old.id).await;
    let found = found.unwrap_or_else(|why| panic!("{table} cannot be read: {why}"));
    let found = found.unwrap_or_else(|| panic!("{table}/{} is gone", old.id));
    let today = serde_json::to_value(&found.value).expect("JSON");
    assert!(
        has_all_of(&today, &old.body),
        "{table}: {} became {today}",
        old.body
    );
    for index in E::COLLECTION.indexes {
        let query = index
            .fields
            .iter()
            .fold(Query::on(index.name), |query, name| {
                let fields = E::COLLECTION.fields.iter();
                let at = fields.take_while(|field| field.name != *name).count();
                query.eq(found.index()[at].clone())
            });
        let listed = db.list::<E>(&query.limit(100)).await.expect("a list");
        let is_there = listed.iter().any(|row| row.id() == old.id);
        assert!(is_there, "{table}/{} is not found {}", old.id, index.name);
    }
    let id = old.id.clone();
    let kept = db.write(move |tx| {
        let mut row = tx.get::<E>(&id)?.ok_or(DbError::Doomed)?;
        tx.replace(&mut row)
    });
    kept.await
        .unwrap_or_else(|why| panic!("{table} cannot be written: {why}"));
}

/// Whether `today` still says what was said; it may say more.
fn has_all_of(today: &Value, before: &Value) -> bool {
    match (today, before) {
        (Value::Object(today), Value::Object(before)) => before
            .iter()
            .all(|(name, value)| today.get(name).is_some_and(|now| has_all_of(now, value))),
        (Value::Array(today), Value::Array(before)) => {
            let mut pairs = today.iter().zip(before);
            today.len() == before.len() && pairs.all(|(now, then)| has_all_of(now, then))
        }
        _ => today == before,
    }
}

pub(crate) async fn what_was_answered_before_is_listed(stage: &Stage) {
    // O6
    let db = opened(stage).await;
    let query = Query::on("by_event").eq(EVENT).limit(10);
    let forms = db.list::<OrderForm>(&query).await.expect("a list");
    let orders: Vec<_> = forms.iter().map(|form| form.order.to_string()).collect();
    assert_eq!(orders, [ORDER]);
    assert!(forms[0].given.is_empty() && forms[0].tickets.is_empty());
}

pub(crate) async fn a_journal_of_before_is_sealed(stage: &Stage) {
    // N9
    let db = opened(stage).await;
    let entries = all().iter().filter(|old| old.table == "journal").count();
    for (actor, expected) in [("system", 1), ("gateway/payos", 1), ("operator", 0)] {
        let query = Query::on("by_actor").eq(actor).limit(10);
        let found = db.list::<Entry>(&query).await.expect("a list");
        assert_eq!(found.len(), expected, "{actor}");
    }
    let key = SigningKey::from_bytes(&[3; 32]);
    let public = data_encoding::HEXLOWER.encode(key.verifying_key().as_bytes());
    trail::seal_with(&db, &key, NOW).await.expect("sealed");
    let report = trail::check(&db, Some(public), None).await.expect("read");
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.sealed, report.unsealed), (entries as u64, 0));
}

/// A migration that changes a table of before changes rows that are in somebody's database: one of
/// each such table is here.
#[test]
fn every_table_that_changed_has_a_row_of_before() {
    let (before, since): (Vec<_>, Vec<_>) = migrations()
        .into_iter()
        .partition(|(number, _, _)| *number <= OLD);
    let rows = all();
    let mut changed = 0;
    for (number, name, sql) in since {
        let altered = sql
            .lines()
            .filter_map(|line| line.strip_prefix("ALTER TABLE "));
        for table in altered.filter_map(|rest| rest.split_whitespace().next()) {
            let made = format!("CREATE TABLE {table} (");
            if !before.iter().any(|(_, _, sql)| sql.contains(&made)) {
                continue;
            }
            changed += 1;
            let is_there = rows.iter().any(|old| old.table == table);
            assert!(
                is_there,
                "{number} {name} changes {table}: add a row of before"
            );
        }
    }
    assert!(changed > 5, "the files are read");
}

/// Makes the database of before, and opens it as today's server does.
async fn opened(stage: &Stage) -> Db {
    match &stage.folder {
        Some(folder) => write_sqlite(&folder.path().join("stage.db")),
        None => write_mongo(stage.url()).await,
    }
    Db::open(stage.url()).await.expect("it opens, and migrates")
}

/// Number, name and text, in order.
fn migrations() -> Vec<(u32, String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../server/migrations");
    let files = fs::read_dir(folder).expect("the migrations");
    let mut all: Vec<_> = files
        .map(|file| {
            let path = file.expect("a file").path();
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            let (number, name) = stem.and_then(|stem| stem.split_once('_')).expect("a name");
            let sql = fs::read_to_string(&path).expect("text");
            (
                number.parse().expect("a number"),
                name.replace('_', " "),
                sql,
            )
        })
        .collect();
    all.sort();
    all
}

/// With the record that sqlx keeps, so that it goes on from there.
fn write_sqlite(path: &Path) {
    let connection = Connection::open(path).expect("a database");
    let record =
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
        installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
        checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)";
    connection.execute_batch(record).expect("its record");
    for (number, name, sql) in migrations()
        .into_iter()
        .filter(|(number, ..)| *number <= OLD)
    {
        connection.execute_batch(&sql).expect("a migration");
        let done =
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (?1, ?2, TRUE, ?3, 0)";
        let hash = Sha384::digest(sql.as_bytes());
        let done = connection.execute(done, params![number, name, hash.as_slice()]);
        done.expect("recorded");
    }
    for old in all() {
        let names: Vec<String> = old
            .fields
            .iter()
            .map(|(name, _)| format!(", {name}"))
            .collect();
        let places: Vec<String> = (0..old.fields.len())
            .map(|at| format!(", ?{}", at + 3))
            .collect();
        let (names, places) = (names.concat(), places.concat());
        let insert = format!(
            "INSERT INTO {} (id, rev, body{names}) VALUES (?1, 1, ?2{places})",
            old.table
        );
        let mut values = vec![Value::from(old.id), Value::from(old.body.to_string())];
        values.extend(old.fields.into_iter().map(|(_, value)| value));
        let values = values.into_iter().map(|value| match value {
            Value::String(text) => rusqlite::types::Value::Text(text),
            Value::Number(number) => number.as_i64().expect("an integer").into(),
            other => panic!("{other} is in no index"),
        });
        let done = connection.execute(&insert, params_from_iter(values));
        done.unwrap_or_else(|why| panic!("{}: {why}", old.table));
    }
}

async fn write_mongo(url: &str) {
    let client = Client::with_uri_str(url).await.expect("a client");
    let database = client.default_database().expect("the URL names one");
    for old in all() {
        let fields = old.fields.iter();
        let fields = fields.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let fields = serialize_to_document(&Value::Object(fields.collect())).expect("BSON");
        let body = serialize_to_document(&old.body).expect("BSON");
        let row = doc! { "_id": &old.id, "rev": 1_i64, "ix": fields, "body": body };
        let rows = database.collection::<Document>(old.table);
        rows.insert_one(row).await.expect("a row");
    }
}
