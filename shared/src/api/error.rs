//! The one error shape.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What every error answer looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The HTTP status, repeated for clients that lose it.
    pub status_code: u16,
    /// A sentence for a person.
    pub message: String,
    /// The status' reason phrase.
    pub error: String,
    /// Stable, for programs: `hold_expired`.
    pub code: String,
    /// Field name to what is wrong with it; empty when no field is to blame.
    #[serde(default)]
    pub details: BTreeMap<String, String>,
}
