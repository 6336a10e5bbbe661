//! The typed collection inside a transaction. Every call blocks its thread.

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{
    Error, ErrorKind, Result as DriverResult, TRANSIENT_TRANSACTION_ERROR, WriteFailure,
};
use mongodb::{ClientSession, Database};
use tokio::runtime::Handle;

use super::bounds::{filter, find_options, hint};
use super::json;
use super::read::decode;
use crate::platform::db::plan::Plan;
use crate::platform::db::{Collection, DbError, Entity, Query, Versioned};

/// The server's code for a violated unique index.
const DUPLICATE_KEY: i32 = 11_000;
/// What the unique twin of a declared index is called (see `open`).
pub(super) const UNIQUE_SUFFIX: &str = "_unique";

/// A transaction on MongoDB.
pub struct MongoTx {
    pub(super) session: ClientSession,
    database: Database,
    handle: Handle,
    failure: Option<Error>,
}

impl MongoTx {
    pub(super) const fn new(database: Database, session: ClientSession, handle: Handle) -> Self {
        Self {
            session,
            database,
            handle,
            failure: None,
        }
    }

    /// The documents of a declared collection: `{_id, rev, ix: {field: value}, body: {…}}`.
    pub fn collection(&self, collection: &Collection) -> mongodb::Collection<Document> {
        self.database.collection(collection.name)
    }

    /// Runs a driver call in this transaction, blocking:
    /// `tx.run(async |session| orders.update_one(filter, change).session(session).await)`.
    pub fn run<T>(
        &mut self,
        call: impl AsyncFnOnce(&mut ClientSession) -> DriverResult<T>,
    ) -> Result<T, DbError> {
        let done = self.handle.block_on(call(&mut self.session));
        done.map_err(|error| {
            self.failure.get_or_insert_with(|| error.clone());
            error.into()
        })
    }

    /// Reads an entity from a whole document.
    pub fn decode<E: Entity>(document: Document) -> Result<Versioned<E>, DbError> {
        decode(document)
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }
    /// Whether the server said that the same transaction may succeed when run again.
    pub(super) fn lost_race(&self) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|error| error.contains_label(TRANSIENT_TRANSACTION_ERROR))
    }

    pub(in crate::platform::db) fn get<E: Entity>(
        &mut self,
        id: &str,
    ) -> Result<Option<Versioned<E>>, DbError> {
        let collection = self.collection(&E::COLLECTION);
        let id = doc! { "_id": id };
        self.run(async |session| collection.find_one(id).session(session).await)?
            .map(decode)
            .transpose()
    }

    pub(in crate::platform::db) fn insert<E: Entity>(&mut self, entity: &E) -> Result<(), DbError> {
        let collection = self.collection(&E::COLLECTION);
        let document = encode(entity, 1)?;
        self.run(async |session| collection.insert_one(document).session(session).await)
            .map_err(|error| name_duplicate(&E::COLLECTION, error))?;
        Ok(())
    }

    pub(in crate::platform::db) fn insert_all<E: Entity>(
        &mut self,
        entities: &[E],
    ) -> Result<(), DbError> {
        if entities.is_empty() {
            return Ok(());
        }
        let collection = self.collection(&E::COLLECTION);
        let documents: Vec<Document> = entities
            .iter()
            .map(|entity| encode(entity, 1))
            .collect::<Result<_, _>>()?;
        self.run(async |session| collection.insert_many(documents).session(session).await)
            .map_err(|error| name_duplicate(&E::COLLECTION, error))?;
        Ok(())
    }

    pub(in crate::platform::db) fn replace<E: Entity>(
        &mut self,
        versioned: &Versioned<E>,
    ) -> Result<(), DbError> {
        let collection = self.collection(&E::COLLECTION);
        let old = doc! { "_id": versioned.value.id(), "rev": stored_rev(versioned.rev) };
        let new = encode(&versioned.value, versioned.rev + 1)?;
        let done = self
            .run(async |session| collection.replace_one(old, new).session(session).await)
            .map_err(|error| name_duplicate(&E::COLLECTION, error))?;
        expect_one::<E>(done.matched_count)
    }

    pub(in crate::platform::db) fn delete<E: Entity>(
        &mut self,
        versioned: &Versioned<E>,
    ) -> Result<(), DbError> {
        let collection = self.collection(&E::COLLECTION);
        let old = doc! { "_id": versioned.value.id(), "rev": stored_rev(versioned.rev) };
        let done = self.run(async |session| collection.delete_one(old).session(session).await)?;
        expect_one::<E>(done.deleted_count)
    }

    pub(in crate::platform::db) fn list<E: Entity>(
        &mut self,
        query: &Query,
    ) -> Result<Vec<Versioned<E>>, DbError> {
        let Some(options) = find_options(&Plan::new(E::COLLECTION, query)?) else {
            return Ok(Vec::new());
        };
        let collection = self.collection(&E::COLLECTION);
        let documents = self.run(async |session| {
            let mut cursor = collection
                .find(Document::new())
                .with_options(options)
                .session(&mut *session)
                .await?;
            let mut documents = Vec::new();
            while let Some(document) = cursor.next(session).await {
                documents.push(document?);
            }
            Ok(documents)
        })?;
        documents.into_iter().map(decode).collect()
    }

    pub(in crate::platform::db) fn count<E: Entity>(
        &mut self,
        query: &Query,
    ) -> Result<u64, DbError> {
        let plan = Plan::new(E::COLLECTION, query)?;
        let (filter, hint) = (filter(&plan), hint(&plan));
        let collection = self.collection(&E::COLLECTION);
        self.run(async |session| {
            collection
                .count_documents(filter)
                .hint(hint)
                .session(session)
                .await
        })
    }
}

/// The whole document of an entity.
fn encode<E: Entity>(entity: &E, rev: u64) -> Result<Document, DbError> {
    let mut fields = Document::new();
    let values = Collection::values(entity)?;
    for (field, value) in E::COLLECTION.fields.iter().zip(&values) {
        match Bson::from(value) {
            Bson::Null => {}
            value => drop(fields.insert(field.name, value)),
        }
    }
    let body = json::to_bson(serde_json::to_value(entity)?).ok_or(DbError::BadEntity {
        collection: E::COLLECTION.name,
        why: "its body holds what BSON cannot",
    })?;
    Ok(doc! { "_id": entity.id(), "rev": stored_rev(rev), "ix": fields, "body": body })
}

fn stored_rev(rev: u64) -> i64 {
    i64::try_from(rev).unwrap_or(i64::MAX)
}

const fn expect_one<E: Entity>(changed: u64) -> Result<(), DbError> {
    if changed == 1 {
        return Ok(());
    }
    Err(DbError::Conflict {
        collection: E::COLLECTION.name,
    })
}

/// Turns `E11000 duplicate key error collection: d.c index: by_x_unique dup key: …` into the
/// declared index.
fn name_duplicate(collection: &Collection, error: DbError) -> DbError {
    let DbError::Mongo(driver) = &error else {
        return error;
    };
    let message = match &*driver.kind {
        ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == DUPLICATE_KEY => {
            &write.message
        }
        ErrorKind::Command(command) if command.code == DUPLICATE_KEY => &command.message,
        ErrorKind::InsertMany(insert) => {
            let refused = insert.write_errors.iter().flatten();
            match refused
                .into_iter()
                .find(|write| write.code == DUPLICATE_KEY)
            {
                Some(write) => &write.message,
                None => return error,
            }
        }
        _ => return error,
    };
    let named = message
        .split_once(" index: ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .and_then(|name| name.strip_suffix(UNIQUE_SUFFIX));
    let index = collection
        .indexes
        .iter()
        .find(|index| Some(index.name) == named)
        .map_or("id", |index| index.name);
    DbError::Duplicate {
        collection: collection.name,
        index,
    }
}
