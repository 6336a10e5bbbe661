//! Passkeys: made, listed, taken away, and logged in with (A8).
//!
//! What comes from a browser is `PublicKeyCredential.toJSON()` of Web Authentication, Level 3: binary
//! fields are base64url without padding, and fields that are not named here are left alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::accounts::redacted_debug;
use crate::ids::{CeremonyId, PasskeyId};
use crate::time::Timestamp;

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyView {
    pub id: PasskeyId,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BeginPasskey {
    pub password: String,
    /// Of the second factor, where the account has one.
    #[serde(default)]
    pub code: Option<String>,
}

/// What the browser is asked, and the ceremony that its answer belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyQuestion {
    pub ceremony: CeremonyId,
    /// The `publicKey` of `navigator.credentials.create()` or `.get()`, in its JSON form.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub public_key: Value,
    /// Seconds until the answer comes too late.
    pub expires_in: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FinishPasskey {
    pub ceremony: CeremonyId,
    /// What its owner calls it.
    pub name: String,
    pub credential: NewCredential,
}

/// What `navigator.credentials.create()` gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewCredential {
    pub id: String,
    pub raw_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub response: Attestation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attestation {
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    pub attestation_object: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenamePasskey {
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyLogin {
    pub ceremony: CeremonyId,
    pub credential: ShownCredential,
}

/// What `navigator.credentials.get()` gave.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownCredential {
    pub id: String,
    pub raw_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub response: Assertion,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assertion {
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    pub authenticator_data: String,
    pub signature: String,
    /// Whose passkey it is; one that can be found without a user name always says it.
    #[serde(default)]
    pub user_handle: Option<String>,
}

redacted_debug!(BeginPasskey {});
// Until it is used, an answer is as good as a password.
redacted_debug!(ShownCredential { id });
redacted_debug!(Assertion {});
