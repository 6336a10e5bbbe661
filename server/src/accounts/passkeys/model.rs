//! A passkey as it is stored; pure.

use serde::{Deserialize, Serialize};
use shared::api::passkeys::PasskeyView;
use shared::ids::{PasskeyId, UserId};
use shared::limits::PASSKEYS_MAX;
use shared::time::Timestamp;
use webauthn_rs::prelude as webauthn;

use crate::accounts::error::Error;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue, Query};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Of the credential's id: that may be longer than a key of a row.
    pub hash: String,
    pub id: PasskeyId,
    pub user_id: UserId,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// The library's own form, as JSON: public key, counter, whether it is backed up.
    pub(super) key: String,
}

impl Passkey {
    pub(super) fn view(&self) -> PasskeyView {
        PasskeyView {
            id: self.id,
            name: self.name.clone(),
            created_at: self.created_at,
            last_used_at: self.last_used_at,
        }
    }

    pub(super) fn key(&self) -> Result<webauthn::Passkey, Error> {
        serde_json::from_str(&self.key).map_err(|_| Error::Inconsistent("a stored passkey is none"))
    }
}

impl Entity for Passkey {
    const COLLECTION: Collection = Collection {
        name: "passkeys",
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

pub(super) fn hash(credential_id: &[u8]) -> String {
    blake3::hash(credential_id).to_hex().to_string()
}

pub(super) fn written(key: &webauthn::Passkey) -> Result<String, Error> {
    serde_json::to_string(key).map_err(|_| Error::Inconsistent("a passkey cannot be written"))
}

pub(super) fn of(user: UserId) -> Query {
    Query::on("by_user").eq(user).limit(PASSKEYS_MAX)
}
