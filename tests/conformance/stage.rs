//! Where a case plays: a fresh database with a collection to try things on.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mongodb::bson::Document;
use serde::{Deserialize, Serialize};
use server::platform::clock::FixedClock;
use server::platform::db::{
    Collection, Db, DbError, Entity, Field, Index, IndexValue, Tx, Versioned,
};
use shared::time::Timestamp;
use tempfile::TempDir;
use tests::mongo::ReplicaSet;

pub(crate) type Case = for<'s> fn(&'s Stage) -> Pin<Box<dyn Future<Output = ()> + 's>>;

/// A case that takes longer hangs.
const CASE_MAX: Duration = Duration::from_mins(2);
/// 2026-09-21T14:13:20Z.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

pub(crate) struct Stage {
    url: String,
    pub(crate) folder: Option<TempDir>,
}

impl Stage {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self {
            url: format!("sqlite:{}", folder.path().join("stage.db").display()),
            folder: Some(folder),
        }
    }

    pub(crate) fn mongo(set: &ReplicaSet, case: &str) -> Self {
        // Names of databases end at 63 bytes.
        let name: String = case.chars().take(60).collect();
        Self {
            url: set.url_of(&name),
            folder: None,
        }
    }

    /// On a database that other cases played on: its collections and indexes are there, and no rows.
    pub(crate) fn emptied(set: &ReplicaSet, database: &str) -> Self {
        let stage = Self::mongo(set, database);
        runtime()
            .block_on(stage.empty())
            .expect("the database is emptied");
        stage
    }

    async fn empty(&self) -> mongodb::error::Result<()> {
        let client = mongodb::Client::with_uri_str(&self.url).await?;
        let database = client.default_database().expect("named in the address");
        for name in database.list_collection_names().await? {
            // Migrations that are done are done.
            if !name.starts_with('_') {
                let rows = database.collection::<Document>(&name);
                rows.delete_many(Document::new()).await?;
            }
        }
        Ok(())
    }

    pub(crate) fn run(&self, case: Case) {
        runtime().block_on(async {
            tokio::time::timeout(CASE_MAX, case(self))
                .await
                .expect("the case ends in time");
        });
    }

    /// `false`: the case failed (and said so on stderr).
    pub(crate) fn run_caught(&self, case: Case) -> bool {
        std::thread::scope(|scope| scope.spawn(|| self.run(case)).join().is_ok())
    }

    /// Opens the database, once more if it is open already.
    pub(crate) async fn open(&self) -> Db {
        let db = Db::open(&self.url).await.expect("the database opens");
        db.create_collection(&Thing::COLLECTION)
            .await
            .expect("the collection is made");
        db
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }
    pub(crate) fn clock() -> Arc<FixedClock> {
        Arc::new(FixedClock::at(NOW))
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Something with every kind of field and index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) at: i64,
    pub(crate) label: Option<String>,
    pub(crate) slot: Option<i64>,
    pub(crate) note: serde_json::Value,
}

impl Thing {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            owner: "nobody".to_owned(),
            at: 0,
            label: None,
            slot: None,
            note: serde_json::Value::Null,
        }
    }
}

impl Entity for Thing {
    const COLLECTION: Collection = Collection {
        name: "things",
        fields: &[
            Field::text("owner"),
            Field::int("at"),
            Field::text("label").nullable(),
            Field::int("slot").nullable(),
        ],
        indexes: &[
            Index::on("by_owner", &["owner", "at"]),
            Index::on("by_slot", &["slot", "label"]),
            Index::unique("by_label", &["label"]),
            Index::unique("by_place", &["owner", "slot"]),
        ],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.owner.as_str().into(),
            self.at.into(),
            self.label.as_deref().into(),
            self.slot.into(),
        ]
    }
}

/// Inserts in one transaction.
pub(crate) async fn insert(db: &Db, things: Vec<Thing>) -> Result<(), DbError> {
    db.write(move |tx| {
        for thing in &things {
            tx.insert(thing)?;
        }
        Ok(())
    })
    .await
}

/// The row, which is there.
pub(crate) fn found<E: Entity>(tx: &mut Tx<'_>, id: &str) -> Result<Versioned<E>, DbError> {
    Ok(tx.get(id)?.expect("the row is there"))
}
