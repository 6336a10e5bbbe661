//! Reads outside a transaction.

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::{Hint, ReadConcern};
use serde::de::Error as _;

use super::bounds::{filter, find_options, hint, path};
use super::{MongoDb, json};
use crate::platform::db::plan::Plan;
use crate::platform::db::{Collection, DbError, Entity, IndexValue, Query, Versioned};

impl MongoDb {
    pub(in crate::platform::db) async fn get<E: Entity>(
        &self,
        id: &str,
    ) -> Result<Option<Versioned<E>>, DbError> {
        self.collection(&E::COLLECTION)
            .find_one(doc! { "_id": id })
            .await?
            .map(decode)
            .transpose()
    }

    pub(in crate::platform::db) async fn list<E: Entity>(
        &self,
        query: &Query,
    ) -> Result<Vec<Versioned<E>>, DbError> {
        let Some(options) = find_options(&Plan::new(E::COLLECTION, query)?) else {
            return Ok(Vec::new());
        };
        let mut cursor = self
            .collection(&E::COLLECTION)
            .find(Document::new())
            .with_options(options)
            .await?;
        let mut found = Vec::new();
        while cursor.advance().await? {
            found.push(decode(cursor.deserialize_current()?)?);
        }
        Ok(found)
    }

    pub(in crate::platform::db) async fn count<E: Entity>(
        &self,
        query: &Query,
    ) -> Result<u64, DbError> {
        let plan = Plan::new(E::COLLECTION, query)?;
        Ok(self
            .collection(&E::COLLECTION)
            .count_documents(filter(&plan))
            .hint(hint(&plan))
            .await?)
    }

    pub(in crate::platform::db) async fn tally<E: Entity>(
        &self,
        query: &Query,
    ) -> Result<Vec<(IndexValue, u64)>, DbError> {
        let plan = Plan::new(E::COLLECTION, query)?;
        let by = format!("${}", path(plan.tallied()?.name));
        let stages = [
            doc! { "$match": filter(&plan) },
            doc! { "$group": { "_id": by, "count": { "$sum": 1_i64 } } },
            doc! { "$sort": { "_id": 1 } },
        ];
        let mut cursor = self
            .collection(&E::COLLECTION)
            .aggregate(stages)
            .hint(hint(&plan))
            // One moment for all groups: a row that moves meanwhile is counted once.
            .read_concern(ReadConcern::snapshot())
            .await?;
        let mut tally = Vec::new();
        while cursor.advance().await? {
            let group = cursor.deserialize_current()?;
            let value = match group.get("_id") {
                Some(Bson::String(text)) => text.as_str().into(),
                Some(Bson::Int64(int)) => (*int).into(),
                _ => IndexValue::Null,
            };
            let count = group.get_i64("count").unwrap_or(0);
            tally.push((value, u64::try_from(count).unwrap_or(0)));
        }
        Ok(tally)
    }

    pub(in crate::platform::db) async fn explain(
        &self,
        plan: &Plan<'_>,
    ) -> Result<String, DbError> {
        let Some(options) = find_options(plan) else {
            return Ok("nothing to scan".to_owned());
        };
        let hint = match options.hint {
            Some(Hint::Name(name)) => Bson::String(name),
            Some(Hint::Keys(keys)) => Bson::Document(keys),
            // The driver may grow other kinds of hint; we make these two.
            _ => Bson::Null,
        };
        let find = doc! {
            "find": plan.collection.name, "hint": hint, "min": options.min, "max": options.max,
            "sort": options.sort, "limit": options.limit,
        };
        let explain = doc! { "explain": find, "verbosity": "queryPlanner" };
        let answer = self.database.run_command(explain).await?;
        let planner = answer.get_document("queryPlanner").map(ToString::to_string);
        Ok(planner.unwrap_or_else(|_| answer.to_string()))
    }

    fn collection(&self, collection: &Collection) -> mongodb::Collection<Document> {
        self.database.collection(collection.name)
    }
}

/// Reads an entity from a whole document.
pub(super) fn decode<E: Entity>(mut document: Document) -> Result<Versioned<E>, DbError> {
    let rev = document.get_i64("rev").unwrap_or(0);
    let body = document.remove("body").unwrap_or(Bson::Null);
    json::from_bson(body)
        .ok_or_else(|| serde_json::Error::custom("a BSON type that JSON has not"))
        .and_then(serde_json::from_value)
        .map(|value| Versioned {
            rev: u64::try_from(rev).unwrap_or(0),
            value,
        })
        .map_err(|source| DbError::Inconsistent {
            collection: E::COLLECTION.name,
            source,
        })
}
