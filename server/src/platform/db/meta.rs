//! Facts about this installation, one row each.

use serde::{Deserialize, Serialize};

use super::{Collection, Entity, IndexValue};

/// A named fact, for example which key-encryption key this database belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    pub key: String,
    pub value: serde_json::Value,
}

impl Entity for Meta {
    const COLLECTION: Collection = Collection {
        name: "meta",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.key.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}
