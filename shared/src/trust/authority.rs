//! Who may sign a kind of statement, and how many of them must.

use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::statement::{SIGNATURES_MAX, Signed, TrustError};
use crate::ticket::check_public_key;

/// BLAKE3(public key)[..16].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyId(pub [u8; 16]);

impl KeyId {
    pub fn of(public_key: &[u8; 32]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(public_key).as_bytes()[..16]);
        Self(id)
    }
}

/// Who may sign a kind, and how many of them must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    pub keys: Vec<[u8; 32]>,
    pub threshold: u8,
}

impl Authority {
    /// The keys, ready to verify. Refuses a threshold of 0 or above the number of keys, a key
    /// twice, more than `SIGNATURES_MAX` keys, and unusable keys.
    pub fn load(&self) -> Result<Vec<(KeyId, VerifyingKey)>, TrustError> {
        if self.keys.len() > SIGNATURES_MAX {
            return Err(TrustError::Key("too many sign one kind"));
        }
        if self.threshold == 0 || usize::from(self.threshold) > self.keys.len() {
            return Err(TrustError::Key("the threshold cannot be met"));
        }
        let mut loaded: Vec<(KeyId, VerifyingKey)> = Vec::with_capacity(self.keys.len());
        for public_key in &self.keys {
            let id = KeyId::of(public_key);
            if loaded.iter().any(|(known, _)| *known == id) {
                return Err(TrustError::Key("it is listed twice"));
            }
            loaded.push((id, check_public_key(public_key)?));
        }
        Ok(loaded)
    }

    /// Counts the authority's keys, not the signatures: a signature that comes twice, or two
    /// signatures of one key, count once. Signatures of unknown keys are passed over.
    pub fn verify(&self, signed: &Signed) -> Result<(), TrustError> {
        let valid = self.signers(signed)?.len();
        let needed = usize::from(self.threshold);
        if valid < needed {
            return Err(TrustError::Threshold { valid, needed });
        }
        Ok(())
    }

    /// Those of the authority's keys that did sign, each once.
    pub(super) fn signers(&self, signed: &Signed) -> Result<Vec<KeyId>, TrustError> {
        let keys = self.load()?;
        let message = signed.message();
        let has_signed = |(id, key): &&(KeyId, VerifyingKey)| {
            signed.signatures.iter().any(|(signer, signature)| {
                signer == id
                    && Signature::from_slice(signature)
                        .is_ok_and(|signature| key.verify_strict(&message, &signature).is_ok())
            })
        };
        let signers = keys.iter().filter(has_signed);
        Ok(signers.map(|(id, _)| *id).collect())
    }
}
