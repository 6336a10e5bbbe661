//! What waits for a browser's answer.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::ids::{CeremonyId, UserId};
use shared::time::Timestamp;

use crate::accounts::error::Error;
use crate::app::App;
use crate::platform::db::{Collection, DbError, Entity, Field, Index, IndexValue};

/// People look for their phones, and type into them.
pub(super) const LIVES_SECS: u32 = 300;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    pub id: CeremonyId,
    /// Who adds a passkey; none: somebody logs in, and we do not know yet who.
    pub(super) adds_for: Option<UserId>,
    /// The library's own form, as JSON: the challenge, and what was asked for.
    state: String,
    expires_at: Timestamp,
}

impl Ceremony {
    pub(super) fn new(
        app: &App,
        adds_for: Option<UserId>,
        state: &impl Serialize,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let state = serde_json::to_string(state)
            .map_err(|_| Error::Inconsistent("a ceremony cannot be written"))?;
        Ok(Self {
            id: CeremonyId::new(now, app.entropy.id10()),
            adds_for,
            state,
            expires_at: now.plus_secs(i64::from(LIVES_SECS)),
        })
    }

    pub(super) fn state<S: DeserializeOwned>(&self) -> Result<S, Error> {
        serde_json::from_str(&self.state)
            .map_err(|_| Error::Inconsistent("a stored ceremony is none"))
    }

    pub(super) async fn store(self, app: &App) -> Result<(), DbError> {
        app.db.write(move |tx| tx.insert(&self).map(drop)).await
    }

    /// The ceremony, gone from now on: whatever comes of the answer, it has no second one. `None`: it is
    /// unknown, was answered, or is too old.
    pub(super) async fn take(
        app: &App,
        id: CeremonyId,
        now: Timestamp,
    ) -> Result<Option<Self>, DbError> {
        let taken = app
            .db
            .write(move |tx| {
                let Some(ceremony) = tx.get::<Self>(&id.to_string())? else {
                    return Ok::<_, DbError>(None);
                };
                tx.delete(&ceremony)?;
                Ok(Some(ceremony.into_inner()))
            })
            .await?;
        Ok(taken.filter(|ceremony| now < ceremony.expires_at))
    }
}

impl Entity for Ceremony {
    const COLLECTION: Collection = Collection {
        name: "passkey_ceremonies",
        fields: &[Field::int("expires_at")],
        indexes: &[Index::on("by_expiry", &["expires_at"])],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.expires_at.into()]
    }
}
