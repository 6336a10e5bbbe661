//! The event's issuing keys.

use std::sync::Arc;

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};

use super::statement::TrustError;
use crate::ticket::{ScanKey, check_public_key};
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyStatus {
    Active,
    /// Published ahead, does not sign yet; its tickets verify.
    Standby,
    /// Signs no more; its tickets verify.
    Retired,
    /// Stolen. Its tickets are refused unless the snapshot lists them as issued.
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
    /// What opens sealed tickets, on devices that were given it.
    scan_keys: Vec<Arc<ScanKey>>,
}

impl TrustedKeys {
    /// Refuses non-canonical, small-order or torsioned keys, a key under two kids, a kid twice,
    /// and a key whose serials or days are an empty range.
    pub fn load(keyring: &Keyring) -> Result<Self, TrustError> {
        let mut keys: Vec<(KeyringEntry, VerifyingKey)> = Vec::new();
        for entry in &keyring.keys {
            // At most 256 rounds: after that a kid must come twice.
            if keys.iter().any(|(known, _)| known.kid == entry.kid) {
                return Err(TrustError::Key("a kid is given twice"));
            }
            if keys
                .iter()
                .any(|(known, _)| known.public_key == entry.public_key)
            {
                return Err(TrustError::Key("it has two kids"));
            }
            if entry.serial_first > entry.serial_last || entry.not_before > entry.not_after {
                return Err(TrustError::Key("its range is empty"));
            }
            keys.push((entry.clone(), check_public_key(&entry.public_key)?));
        }
        Ok(Self {
            keys,
            scan_keys: Vec::new(),
        })
    }
    #[must_use]
    pub fn with_scan_keys(mut self, scan_keys: Vec<Arc<ScanKey>>) -> Self {
        self.scan_keys = scan_keys;
        self
    }
    pub fn scan_key(&self, id: u8) -> Option<&ScanKey> {
        let found = self.scan_keys.iter().find(|key| key.id() == id);
        found.map(Arc::as_ref)
    }
    pub fn get(&self, kid: u8) -> Option<(&KeyringEntry, &VerifyingKey)> {
        self.keys
            .iter()
            .find(|(entry, _)| entry.kid == kid)
            .map(|(entry, key)| (entry, key))
    }
}
