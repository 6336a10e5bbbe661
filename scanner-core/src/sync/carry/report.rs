//! What was written, and what was taken up, for people and scripts.

use serde::Serialize;
use shared::ids::DeviceId;
use shared::time::Timestamp;

/// What a file was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CarriedOut {
    pub bytes: u64,
    pub entries: u64,
    /// Devices whose entries they are.
    pub devices: usize,
    pub list: CarriedList,
}

/// Whether the ticket list went along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CarriedList {
    Version(u64),
    /// None is here.
    Missing,
    /// It was not to.
    LeftOut,
    /// It would have made the file too large.
    TooLarge,
}

/// What a file brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CarriedIn {
    /// Who wrote the file, as it says.
    pub writer_id: DeviceId,
    pub writer: String,
    pub written_at: Timestamp,
    /// Entries in the file.
    pub entries: u64,
    /// Those that were not here.
    pub new: u64,
    /// Whose they are.
    pub devices: Vec<CarriedFrom>,
    /// The ticket list that is in use now, if the file brought it.
    pub list_version: Option<u64>,
    /// The keys, the list of devices or the ticket list in force are others than before.
    pub trust_changed: bool,
    pub refused: Vec<NotTaken>,
    /// What staff should know.
    pub notices: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CarriedFrom {
    pub device_id: DeviceId,
    pub device: String,
    /// New ones.
    pub entries: u64,
    /// Of them, those that count for nothing: written twice in one place, or after an eviction.
    pub quarantined: u64,
}

/// Entries of one log that did not hold up. Their writer answers for them, not the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotTaken {
    pub device_id: DeviceId,
    pub device: String,
    pub log: String,
    /// From this one on.
    pub from_seq: u32,
    pub why: String,
}
