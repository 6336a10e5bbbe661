//! The event's issuing keys.

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::statement::TrustError;
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    Active,
    /// Published ahead, does not sign yet; its tickets verify.
    Standby,
    /// Signs no more; its tickets verify.
    Retired,
    /// Its tickets are refused unless they are in the issued list.
    Compromised,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyringEntry {
    pub kid: u8,
    pub public_key: [u8; 32],
    /// Inclusive range of serials that this key may sign.
    pub serial_first: u32,
    pub serial_last: u32,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    pub status: KeyStatus,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keyring {
    pub keys: Vec<KeyringEntry>,
}

/// A keyring whose keys have been checked and expanded: what verification uses.
#[derive(Clone, Debug)]
pub struct TrustedKeys {
    pub(crate) keys: Vec<(KeyringEntry, VerifyingKey)>,
}

impl TrustedKeys {
    /// Refuses non-canonical, small-order or torsioned keys, a key under two kids, a kid twice.
    pub fn load(_keyring: &Keyring) -> Result<Self, TrustError> {
        unimplemented!()
    }
    pub fn get(&self, kid: u8) -> Option<(&KeyringEntry, &VerifyingKey)> {
        self.keys
            .iter()
            .find(|(entry, _)| entry.kid == kid)
            .map(|(entry, key)| (entry, key))
    }
}
