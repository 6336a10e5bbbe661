//! What a mailed link opens, once: the row that says so (A2, A7, A9).
//!
//! The token itself is derived from the row's id (`platform::vault`), so that the database holds
//! none: stolen, it opens no account.

use serde::{Deserialize, Serialize};
use shared::ids::{OneTimeId, UserId};
use shared::time::Timestamp;

use crate::notices::Opens;
use crate::platform::db::{
    Collection, DbError, Entity, Field, Index, IndexValue, Query, Tx, Versioned,
};
use crate::platform::vault::Vault;

/// So many links of one kind are mailed to one account in an hour. Earlier ones stay good, so that
/// somebody who asks too often in another's name takes nothing from them.
const PER_HOUR_MAX: u64 = 5;
const HOUR_SECS: i64 = 3_600;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneTime {
    pub id: OneTimeId,
    pub user_id: UserId,
    pub purpose: Purpose,
    /// The address that it was mailed to: another one later has proven nothing.
    pub email_key: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub spent_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Verify,
    Reset,
}

impl Purpose {
    const fn opens(self) -> Opens {
        match self {
            Self::Verify => Opens::Verify,
            Self::Reset => Opens::Reset,
        }
    }
    pub(super) const fn name(self) -> &'static str {
        self.opens().purpose()
    }
    const fn lives_secs(self) -> i64 {
        match self {
            Self::Verify => 24 * HOUR_SECS,
            Self::Reset => HOUR_SECS,
        }
    }
}

impl Entity for OneTime {
    const COLLECTION: Collection = Collection {
        name: "one_time_tokens",
        fields: &[
            Field::text("user_id"),
            Field::text("purpose"),
            Field::int("created_at"),
            Field::int("expires_at"),
        ],
        indexes: &[
            Index::on("by_user", &["user_id", "purpose", "created_at"]),
            Index::on("by_expiry", &["expires_at"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![
            self.user_id.into(),
            self.purpose.name().into(),
            self.created_at.into(),
            self.expires_at.into(),
        ]
    }
}

impl OneTime {
    pub(super) fn new(
        id: OneTimeId,
        user: UserId,
        purpose: Purpose,
        email_key: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            user_id: user,
            purpose,
            email_key: email_key.to_owned(),
            created_at: now,
            expires_at: now.plus_secs(purpose.lives_secs()),
            spent_at: None,
        }
    }

    /// What the mail is called that carries it.
    pub(super) fn mail(&self) -> String {
        match self.purpose {
            Purpose::Verify => format!("verify:{}", self.id),
            Purpose::Reset => format!("reset:{}", self.id),
        }
    }

    /// `false` when it is there already, or the account got as many as it may for now.
    pub(super) fn issue(&self, tx: &mut Tx<'_>) -> Result<bool, DbError> {
        if tx.get::<Self>(&self.id.to_string())?.is_some() {
            return Ok(false);
        }
        let recent = Query::on("by_user")
            .eq(self.user_id)
            .eq(self.purpose.name())
            .more_than(self.created_at.plus_secs(-HOUR_SECS));
        if tx.count::<Self>(&recent)? >= PER_HOUR_MAX {
            return Ok(false);
        }
        tx.insert(self)?;
        Ok(true)
    }
}

/// The id in a token of ours.
pub(super) fn read(vault: &Vault, purpose: Purpose, token: &str) -> Option<OneTimeId> {
    let payload = vault.read_token(purpose.name(), token)?;
    payload.try_into().ok().map(OneTimeId::from_bytes)
}

/// The token's row, spent from now on; `None` when it is unknown, spent or too old.
pub(super) fn spend(
    tx: &mut Tx<'_>,
    id: OneTimeId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Versioned<OneTime>>, DbError> {
    let Some(mut token) = tx.get::<OneTime>(&id.to_string())? else {
        return Ok(None);
    };
    if token.purpose != purpose || token.spent_at.is_some() || token.expires_at <= now {
        return Ok(None);
    }
    token.spent_at = Some(now);
    tx.replace(&mut token)?;
    Ok(Some(token))
}

/// Ends all other links of that kind of a user.
pub(super) fn spend_all(
    tx: &mut Tx<'_>,
    user: UserId,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), DbError> {
    // Issued within an hour, so few.
    let query = Query::on("by_user")
        .eq(user)
        .eq(purpose.name())
        .descending();
    for mut token in tx.list::<OneTime>(&query)? {
        if token.spent_at.is_none() {
            token.spent_at = Some(now);
            tx.replace(&mut token)?;
        }
    }
    Ok(())
}
