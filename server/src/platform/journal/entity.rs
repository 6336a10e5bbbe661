//! How entries and seals are stored.

use serde::{Deserialize, Serialize};
use shared::journal::{Entry, Seal};

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

impl Entity for Entry {
    const COLLECTION: Collection = Collection {
        name: "journal",
        fields: &[
            Field::int("at"),
            Field::text("subject"),
            Field::text("action"),
            Field::text("actor").nullable(),
            Field::text("scope").nullable(),
            Field::int("seq").nullable(),
        ],
        indexes: &[
            Index::on("by_time", &["at"]),
            Index::on("by_subject", &["subject", "at"]),
            Index::on("by_action", &["action", "at"]),
            Index::on("by_actor", &["actor", "at"]),
            Index::on("by_scope", &["scope", "at"]),
            // Not unique: a place that is there twice is for the verifier to find.
            Index::on("by_seq", &["seq"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.at.into(),
            (&self.subject).into(),
            (&self.action).into(),
            self.actor.to_string().into(),
            self.scope.as_ref().into(),
            self.seq.map(place).into(),
        ]
    }
}

/// A seal. Its number is its key, so no two servers seal the same entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredSeal(pub Seal);

impl Entity for StoredSeal {
    const COLLECTION: Collection = Collection {
        name: "journal_seals",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        format!("{:020}", self.0.number)
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// A place as it is indexed.
fn place(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
