//! A key as it is stored, and as its holder sees it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use shared::api::accounts::ApiKeyView;
use shared::api::organizations::Right;
use shared::ids::{ApiKeyId, UserId};
use shared::time::Timestamp;
use zeroize::Zeroizing;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::platform::entropy::Entropy;

/// Helps scanners for leaked secrets, and us, to know one when we see it.
pub(super) const PREFIX: &str = "ghk_";
const TEXT_BYTES: usize = PREFIX.len() + 43;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// BLAKE3 of the key, hex: 256 random bits need no slow hash.
    pub hash: String,
    pub id: ApiKeyId,
    pub user_id: UserId,
    pub name: String,
    pub scopes: Vec<Right>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl ApiKey {
    pub(super) fn view(&self) -> ApiKeyView {
        ApiKeyView {
            id: self.id,
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

impl Entity for ApiKey {
    const COLLECTION: Collection = Collection {
        name: "api_keys",
        fields: &[Field::text("user_id")],
        indexes: &[Index::on("by_user", &["user_id"])],
    };
    fn id(&self) -> String {
        self.hash.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.user_id.into()]
    }
}

/// A new key, on its way to its holder.
pub(super) struct FreshKey(Zeroizing<String>);

impl FreshKey {
    pub(super) fn draw(entropy: &dyn Entropy) -> Self {
        let mut random = Zeroizing::new([0; 32]);
        entropy.fill(&mut *random);
        let mut text = String::with_capacity(TEXT_BYTES);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(*random, &mut text);
        Self(Zeroizing::new(text))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> String {
        hash(&self.0)
    }
}

impl fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshKey([redacted])")
    }
}

/// The key under which what came in would be stored; `None` for what cannot be one.
pub(super) fn stored_as(presented: &str) -> Option<String> {
    (presented.len() == TEXT_BYTES && presented.starts_with(PREFIX)).then(|| hash(presented))
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}
