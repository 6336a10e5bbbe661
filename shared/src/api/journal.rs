//! The sealed journal, as administrators and organizers see it (N9).

use serde::{Deserialize, Serialize};

/// The last seal. Who keeps number and hash elsewhere can tell later whether the journal still holds
/// them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JournalHeadView {
    /// Absent before the first seal.
    pub number: Option<u64>,
    pub hash: Option<String>,
    pub sealed_at: Option<crate::time::Timestamp>,
    /// Entries under seals.
    pub sealed: u64,
    /// Entries that the next seal takes in.
    pub unsealed: u64,
    /// The Ed25519 key that signs seals, in hex.
    pub key: String,
}
