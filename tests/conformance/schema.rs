//! The registry against what the databases really have.

use std::collections::BTreeSet;

use mongodb::Client;
use mongodb::bson::Document;
use rusqlite::Connection;
use server::platform::db::registry::ALL;
use server::platform::db::{Collection, Db, DbError, FieldKind, TxBackend};

use crate::stage::Stage;

pub(crate) async fn the_registry_is_the_schema(stage: &Stage) {
    let names: BTreeSet<_> = ALL.iter().map(|collection| collection.name).collect();
    assert_eq!(names.len(), ALL.len(), "a name is taken twice");
    // Without the stage's own collection: only what migrations make.
    let db = Db::open(stage.url()).await.expect("open");
    for collection in ALL {
        let (have, expected) = if stage.is_sqlite() {
            let have = sqlite_columns_and_indexes(&db, collection).await;
            (have, expected_on_sqlite(collection))
        } else {
            let have = mongo_indexes(stage.url(), collection.name).await;
            (have, expected_on_mongo(collection))
        };
        assert_eq!(have, expected, "{}", collection.name);
    }
    if stage.is_sqlite() {
        let tables = sqlite_tables(&db).await;
        let expected = names.into_iter().map(str::to_owned).collect();
        assert_eq!(tables, expected, "tables that the registry does not know");
    }
}

/// `index name (field, field) unique?`, as SQLite has them, and the columns.
fn expected_on_sqlite(collection: &Collection) -> BTreeSet<String> {
    let mut expected: BTreeSet<_> = ["id TEXT 1 1", "rev INTEGER 1 0", "body TEXT 1 0"]
        .map(str::to_owned)
        .into();
    for field in collection.fields {
        let kind = match field.kind {
            FieldKind::Text => "TEXT",
            FieldKind::Int => "INTEGER",
        };
        expected.insert(format!(
            "{} {kind} {} 0",
            field.name,
            u8::from(!field.nullable)
        ));
    }
    for index in collection.indexes {
        let fields = index.fields.join(", ");
        let unique = u8::from(index.unique);
        expected.insert(format!(
            "{}_{} ({fields}) {unique}",
            collection.name, index.name
        ));
    }
    expected
}

async fn sqlite_columns_and_indexes(db: &Db, collection: &Collection) -> BTreeSet<String> {
    let table = collection.name;
    sqlite(db, move |connection| {
        let mut have = BTreeSet::new();
        let columns = "SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk FROM pragma_table_info(?1)";
        have.extend(strings(connection, columns, table)?);
        // `c`: made by CREATE INDEX; the key's own is not ours.
        let indexes = "SELECT l.name || ' (' || (SELECT group_concat(i.name, ', ') FROM \
             (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno) i) || ') ' || l.\"unique\" \
             FROM pragma_index_list(?1) l WHERE l.origin = 'c'";
        have.extend(strings(connection, indexes, table)?);
        Ok(have)
    })
    .await
}

async fn sqlite_tables(db: &Db) -> BTreeSet<String> {
    sqlite(db, |connection| {
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' \
             AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND ?1 = ''";
        strings(connection, tables, "").map(BTreeSet::from_iter)
    })
    .await
}

fn strings(connection: &Connection, sql: &str, argument: &str) -> Result<Vec<String>, DbError> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([argument], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

async fn sqlite<T: Send + 'static>(
    db: &Db,
    read: impl Fn(&Connection) -> Result<T, DbError> + Send + Sync + 'static,
) -> T {
    db.write(move |tx| match tx.backend() {
        TxBackend::Sqlite(connection) => read(connection),
        TxBackend::Mongo(_) => unreachable!("asked of SQLite only"),
    })
    .await
    .expect("the schema can be read")
}

fn expected_on_mongo(collection: &Collection) -> BTreeSet<String> {
    let scanned = collection.indexes.iter().map(|index| index.name.to_owned());
    let unique = collection.indexes.iter().filter(|index| index.unique);
    scanned
        .chain(unique.map(|index| format!("{}_unique", index.name)))
        .chain(["_id_".to_owned()])
        .collect()
}

async fn mongo_indexes(url: &str, name: &str) -> BTreeSet<String> {
    let client = Client::with_uri_str(url).await.expect("a client");
    let database = client.default_database().expect("the URL names one");
    let names = database
        .collection::<Document>(name)
        .list_index_names()
        .await;
    names
        .expect("the collection is there")
        .into_iter()
        .collect()
}

pub(crate) async fn opening_twice_changes_nothing(stage: &Stage) {
    // Two servers may start at the same time on one database, the first time too.
    let (first, second) = tokio::join!(Db::open(stage.url()), Db::open(stage.url()));
    first.expect("the first opens").close().await;
    second.expect("the second opens").close().await;
    let third = Db::open(stage.url()).await.expect("and again");
    third.ping().await.expect("it answers");
}
