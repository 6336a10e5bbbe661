//! Accounts: register, login, refresh, logout (A1, A3-A6).

use serde::{Deserialize, Serialize};

use crate::api::invoices::SellerIdentity;
use crate::api::notices::Preferences;
use crate::api::organizations::Right;
use crate::api::passkeys::PasskeyView;
use crate::api::texts::PhoneView;
use crate::ids::{ApiKeyId, SessionId, UserId};
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    Attendee,
    Organizer,
    GateStaff,
    Admin,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterRequest {
    pub email: String,
    pub username: String,
    pub password: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginRequest {
    /// Username or e-mail.
    pub username: String,
    pub password: String,
    /// Of the second factor, where the account has one: six digits of the app, or a recovery code.
    #[serde(default)]
    pub code: Option<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefreshRequest {
    pub refresh_token: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogoutRequest {
    /// Ends the session of this token; without it, the caller's own.
    #[serde(default)]
    pub refresh_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserView {
    pub id: UserId,
    pub email: String,
    pub username: String,
    pub role: Role,
    pub created_at: Timestamp,
    /// Whether its owner has confirmed the e-mail address.
    #[serde(default)]
    pub email_verified: bool,
    #[serde(default)]
    pub display_name: Option<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginResponse {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
    pub user: UserView,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyRequest {
    /// The end of the mailed link.
    pub token: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForgotRequest {
    pub email: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResetRequest {
    /// The end of the mailed link.
    pub token: String,
    pub password: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePasswordRequest {
    /// The present one.
    pub password: String,
    pub new_password: String,
}

/// What is named changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateProfile {
    #[serde(default)]
    pub username: Option<String>,
    /// Empty text takes it away.
    #[serde(default)]
    pub display_name: Option<String>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeEmailRequest {
    pub email: String,
    /// The present one.
    pub password: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EraseRequest {
    /// The present one.
    pub password: String,
}

/// For steps that a stolen login must not do.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasswordRequest {
    /// The present one.
    pub password: String,
}

/// What an authenticator app needs; shown once.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpEnrolment {
    /// To type, base32.
    pub secret: String,
    /// To show as a QR code.
    pub url: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmTotp {
    pub code: String,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndTotp {
    pub password: String,
    /// Of the app, or a recovery code.
    pub code: String,
}

/// Each works once, in place of the app's code; shown once.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    pub codes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiKey {
    pub name: String,
    /// What it may do; within what its owner may.
    pub scopes: Vec<Right>,
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKeyView {
    pub id: ApiKeyId,
    pub name: String,
    pub scopes: Vec<Right>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// A new key, shown this once.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FreshApiKey {
    /// To send as a bearer token.
    pub key: String,
    pub about: ApiKeyView,
}

/// What an erasure leaves for now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureView {
    /// When the names on tickets of events that are not over go too; none: all went.
    pub tickets_keep_names_until: Option<Timestamp>,
}

/// All that is stored about a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonalData {
    pub account: UserView,
    pub preferences: Preferences,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneView>,
    /// Who the person is on invoices of own events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoicing: Option<SellerIdentity>,
    pub sessions: Vec<SessionView>,
    #[serde(default)]
    pub passkeys: Vec<PasskeyView>,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub orders: Vec<serde_json::Value>,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub tickets: Vec<serde_json::Value>,
    /// Offers of tickets that the account made or took.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub transfers: Vec<serde_json::Value>,
    /// Places in waitlists.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub waits: Vec<serde_json::Value>,
    /// Mails to the present address.
    pub mails: Vec<MailHeading>,
    /// What the journal tells about the account.
    pub journal: Vec<JournalLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionView {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MailHeading {
    pub subject: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalLine {
    pub at: Timestamp,
    pub action: String,
}

/// Secrets stay out of logs: only what is safe is shown.
macro_rules! redacted_debug {
    ($type:ident { $($shown:ident),* }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($shown), &self.$shown))*
                    .finish_non_exhaustive()
            }
        }
    };
}
pub(super) use redacted_debug;

redacted_debug!(RegisterRequest { username });
redacted_debug!(LoginRequest { username });
redacted_debug!(RefreshRequest {});
redacted_debug!(VerifyRequest {});
redacted_debug!(ForgotRequest {});
redacted_debug!(ResetRequest {});
redacted_debug!(ChangePasswordRequest {});
redacted_debug!(ChangeEmailRequest {});
redacted_debug!(EraseRequest {});
redacted_debug!(PasswordRequest {});
redacted_debug!(TotpEnrolment {});
redacted_debug!(ConfirmTotp {});
redacted_debug!(EndTotp {});
redacted_debug!(RecoveryCodes {});
redacted_debug!(FreshApiKey { about });
redacted_debug!(LogoutRequest {});
redacted_debug!(LoginResponse { expires_in, user });
