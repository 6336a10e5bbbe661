//! The one function that opens a MongoDB database: options, collections, indexes, migrations.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{ClientOptions, IndexOptions, ReadConcern, WriteConcern};
use mongodb::{Client, Database, IndexModel};

use super::bounds::path;
use super::migrate;
use super::tx::UNIQUE_SUFFIX;
use crate::platform::db::{Collection, DbError, Index, registry};

/// The database when the URL names none.
const NAME_DEFAULT: &str = "gatehouse";
/// How long to look for a primary, unless the URL says so: an election takes some seconds.
const SELECTION_TIMEOUT: Duration = Duration::from_secs(15);
/// Collections that are made at a time.
const ENSURE_AT_ONCE: usize = 8;
/// What a killed server wrote and did not commit is held until MongoDB ends its transaction. Ours take
/// milliseconds; MongoDB waits a minute unless it is told otherwise (docs/mongodb.md).
const LIFETIME_SECS_MAX: i64 = 20;
const LIFETIME: &str = "transactionLifetimeLimitSeconds";
/// The server's code for a collection that exists.
const NAMESPACE_EXISTS: i32 = 48;

/// Opens the database of `url`, making what the registry lists.
pub(super) async fn open(url: &str) -> Result<(Client, Database), DbError> {
    let mut options = ClientOptions::parse(url).await?;
    options
        .app_name
        .get_or_insert_with(|| "gatehouse".to_owned());
    options
        .server_selection_timeout
        .get_or_insert(SELECTION_TIMEOUT);
    options.read_concern = Some(ReadConcern::majority());
    options.write_concern = Some(WriteConcern::majority());
    let name = options
        .default_database
        .clone()
        .unwrap_or_else(|| NAME_DEFAULT.to_owned());
    let client = Client::with_options(options)?;
    let database = client.database(&name);
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    if !hello.contains_key("setName") && !hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid") {
        return Err(DbError::NoTransactions);
    }
    warn_of_long_transactions(&client).await;
    ensure(&database, registry::ALL).await?;
    migrate::run(&database).await?;
    Ok((client, database))
}

/// Who may not ask is not told.
async fn warn_of_long_transactions(client: &Client) {
    let ask = doc! { "getParameter": 1, LIFETIME: 1 };
    match client.database("admin").run_command(ask).await {
        Ok(answer) => {
            let secs = answer.get(LIFETIME).and_then(whole).unwrap_or_default();
            if secs > LIFETIME_SECS_MAX {
                tracing::warn!(
                    secs,
                    "MongoDB keeps what a killed server held for long; see docs/mongodb.md"
                );
            }
        }
        Err(error) => tracing::debug!(%error, "MongoDB does not say how long transactions live"),
    }
}

fn whole(value: &Bson) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

/// Makes the collections and indexes that are missing. Safe on many servers at once.
pub(super) async fn ensure(database: &Database, collections: &[Collection]) -> Result<(), DbError> {
    let known = &database.list_collection_names().await?;
    // Each waits for a majority; together they wait once.
    stream::iter(collections)
        .map(Ok)
        .try_for_each_concurrent(ENSURE_AT_ONCE, |collection| async move {
            // Made here and not by the first insert, which would take a lock inside its transaction.
            if !known.iter().any(|name| name == collection.name) {
                match database.create_collection(collection.name).await {
                    Err(error) if is_code(&error, NAMESPACE_EXISTS) => {}
                    done => done?,
                }
            }
            ensure_indexes(database, collection).await
        })
        .await
}

async fn ensure_indexes(database: &Database, collection: &Collection) -> Result<(), DbError> {
    let models: Vec<_> = collection
        .indexes
        .iter()
        .flat_map(|index| models(collection, index))
        .collect();
    if !models.is_empty() {
        database
            .collection::<Document>(collection.name)
            .create_indexes(models)
            .await?;
    }
    Ok(())
}

/// The index that queries scan (its fields, then the key), and for a unique one its twin that only
/// refuses: with the key at its end it would refuse nothing.
fn models(collection: &Collection, index: &Index) -> Vec<IndexModel> {
    let fields: Document = index
        .fields
        .iter()
        .map(|name| (path(name), 1.into()))
        .collect();
    let mut scanned = fields.clone();
    scanned.insert("_id", 1);
    let mut models = vec![model(scanned, index.name.to_owned(), None)];
    if index.unique {
        let present: Document = index
            .fields
            .iter()
            .filter(|name| collection.field(name).is_some_and(|field| field.nullable))
            .map(|name| (path(name), doc! { "$exists": true }.into()))
            .collect();
        let name = format!("{}{UNIQUE_SUFFIX}", index.name);
        models.push(model(fields, name, Some(present)));
    }
    models
}

/// `unique`: the partial filter of a unique index, empty for all documents.
fn model(keys: Document, name: String, unique: Option<Document>) -> IndexModel {
    let mut options = IndexOptions::default();
    options.name = Some(name);
    options.unique = unique.as_ref().map(|_| true);
    options.partial_filter_expression = unique.filter(|filter| !filter.is_empty());
    IndexModel::builder().keys(keys).options(options).build()
}

fn is_code(error: &Error, code: i32) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == code)
}
