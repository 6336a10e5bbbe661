//! Users, sessions (refresh-token families) and refresh tokens; pure.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::api::accounts::{Role, UserView};
use shared::ids::{PasskeyId, SessionId, UserId};
use shared::time::Timestamp;

use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};

/// A person's account.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    /// As typed; shown and written to.
    pub email: String,
    /// Normalised; unique.
    pub email_key: String,
    pub username: String,
    pub username_key: String,
    /// PHC string of Argon2id.
    pub password_hash: String,
    pub role: Role,
    pub created_at: Timestamp,
    /// When the present address was proven to be the user's.
    #[serde(default)]
    pub verified_at: Option<Timestamp>,
    /// How the user wants to be addressed.
    #[serde(default)]
    pub display_name: Option<String>,
    /// When all that names a person went. The row stays: orders and events point to it.
    #[serde(default)]
    pub erased_at: Option<Timestamp>,
}

impl User {
    /// What a password is compared with; none can log in to an account that has none.
    pub(super) fn stored_password(&self) -> Option<String> {
        Some(self.password_hash.clone()).filter(|hash| !hash.is_empty())
    }

    pub fn view(&self) -> UserView {
        UserView {
            id: self.id,
            email: self.email.clone(),
            username: self.username.clone(),
            role: self.role,
            created_at: self.created_at,
            email_verified: self.verified_at.is_some(),
            display_name: self.display_name.clone(),
        }
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Entity for User {
    const COLLECTION: Collection = Collection {
        name: "users",
        fields: &[Field::text("email_key"), Field::text("username_key")],
        indexes: &[
            Index::unique("by_email", &["email_key"]),
            Index::unique("by_username", &["username_key"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![(&self.email_key).into(), (&self.username_key).into()]
    }
}

/// One login and everything that was refreshed from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub created_at: Timestamp,
    /// When its newest refresh token ends.
    pub expires_at: Timestamp,
    pub ended: Option<Ended>,
    /// What it was begun with; none: a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyId>,
}

/// Why a session gives no new tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Logout,
    /// A refresh token came twice: one of the two was stolen.
    Reuse,
    /// The user ended all logins.
    Everywhere,
    PasswordChanged,
    Erased,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub at: Timestamp,
    pub why: EndReason,
}

impl Entity for Session {
    const COLLECTION: Collection = Collection {
        name: "sessions",
        fields: &[Field::text("user_id"), Field::int("expires_at")],
        indexes: &[
            Index::on("by_user", &["user_id"]),
            Index::on("by_expiry", &["expires_at"]),
        ],
    };
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.user_id.into(), self.expires_at.into()]
    }
}

/// A refresh token as it is stored: by hash, so that a stolen database opens no account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshToken {
    /// BLAKE3 of the token, hex.
    pub hash: String,
    pub session_id: SessionId,
    pub expires_at: Timestamp,
    pub spent_at: Option<Timestamp>,
}

impl Entity for RefreshToken {
    const COLLECTION: Collection = Collection {
        name: "refresh_tokens",
        fields: &[Field::text("session_id"), Field::int("expires_at")],
        indexes: &[
            Index::on("by_session", &["session_id"]),
            Index::on("by_expiry", &["expires_at"]),
        ],
    };
    fn id(&self) -> String {
        self.hash.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.session_id.into(), self.expires_at.into()]
    }
}
