//! Scan keys on their way to one device: wrapped to its key, vouched for by the roster's.
//!
//! A snapshot is public among devices and copied from anyone; a scan key is a secret, so it never
//! travels in one. Wrapping is Diffie-Hellman with the device's own key (X25519 over the Montgomery
//! form of its Ed25519 key) and a fresh one of the sender, BLAKE3 in key-derivation mode over both
//! keys and the names, and AES-256-GCM-SIV. Who relays it learns nothing; who changes it, or puts
//! another key under, lacks the roster key's signature.
//!
//! Invariants: the signature is verified first, strictly; a shared secret of zero is refused; every
//! wrapping has a key of its own, so the nonce may be zero. Scalars are clamped and not reduced: a
//! multiple of eight gives nothing away to points of small order.

use aes_gcm_siv::aead::{Aead, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use curve25519_dalek::MontgomeryPoint;
use ed25519_dalek::{Signature, SigningKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::authority::Authority;
use super::statement::TrustError;
use crate::ids::{DeviceId, EventId};
use crate::ticket::keys::check_public_key;
use crate::ticket::sealed::ScanKey;
use crate::ticket::sign::checked;

/// 32 of the key, 16 of the tag.
const WRAPPED_LEN: usize = 48;
const SIGNED_DOMAIN: &[u8] = b"TKT1.scan-key\0";
const KDF_CONTEXT: &str = "gatehouse ticket 2026 scan key wrap v1";

/// A scan key for one device. Wire form: postcard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedScanKey {
    pub id: u8,
    /// The sender's fresh X25519 key.
    pub ephemeral: [u8; 32],
    pub sealed: Vec<u8>,
    /// By a key of the roster's authority, over "TKT1.scan-key\0" ‖ event ‖ device ‖ id ‖ ephemeral ‖ sealed.
    pub signature: Vec<u8>,
}

/// Whose key this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanKeyFor {
    pub event: EventId,
    pub device: DeviceId,
    /// The device's Ed25519 key.
    pub public_key: [u8; 32],
}

impl WrappedScanKey {
    /// `fresh` are 32 random bytes of this wrapping alone.
    pub fn wrap(
        key: &ScanKey,
        of: &ScanKeyFor,
        roster_key: &SigningKey,
        fresh: &[u8; 32],
    ) -> Result<Self, TrustError> {
        let theirs = check_public_key(&of.public_key)?.to_montgomery();
        let ephemeral = MontgomeryPoint::mul_base_clamped(*fresh).to_bytes();
        let shared = Zeroizing::new(theirs.mul_clamped(*fresh).to_bytes());
        let sealed = cipher(&shared, &ephemeral, of, key.id())
            .encrypt(&Nonce::default(), &key.secret()[..])
            .map_err(|_| TrustError::Key("it cannot be wrapped"))?;
        let mut wrapped = Self {
            id: key.id(),
            ephemeral,
            sealed,
            signature: Vec::new(),
        };
        wrapped.signature = checked(roster_key, &wrapped.signed_bytes(of))
            .map_err(|_| TrustError::Key("its fresh signature does not verify"))?
            .to_vec();
        Ok(wrapped)
    }

    /// With the device's key, which must be the one it was wrapped to; once the signature holds.
    pub fn unwrap(
        &self,
        of: &ScanKeyFor,
        device_key: &SigningKey,
        roster: &Authority,
    ) -> Result<ScanKey, TrustError> {
        self.check_signature(of, roster)?;
        self.opened(of, device_key)
    }

    /// For a device that unwrapped it before and kept it as it came.
    pub fn opened(&self, of: &ScanKeyFor, device_key: &SigningKey) -> Result<ScanKey, TrustError> {
        if self.sealed.len() != WRAPPED_LEN {
            return Err(TrustError::Malformed("a wrapped key's length"));
        }
        let theirs = MontgomeryPoint(self.ephemeral);
        let shared = Zeroizing::new(theirs.mul_clamped(device_key.to_scalar_bytes()).to_bytes());
        if *shared == [0; 32] {
            return Err(TrustError::Key("it is of small order"));
        }
        let opened = cipher(&shared, &self.ephemeral, of, self.id)
            .decrypt(&Nonce::default(), self.sealed.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| TrustError::Key("it is wrapped to another device"))?;
        let key: &[u8; 32] = opened
            .as_slice()
            .try_into()
            .map_err(|_| TrustError::Malformed("a wrapped key's length"))?;
        Ok(ScanKey::new(self.id, Zeroizing::new(*key)))
    }

    fn check_signature(&self, of: &ScanKeyFor, roster: &Authority) -> Result<(), TrustError> {
        let message = self.signed_bytes(of);
        let signature = Signature::from_slice(&self.signature)
            .map_err(|_| TrustError::Malformed("a signature's length"))?;
        let mut keys = roster
            .keys
            .iter()
            .filter_map(|key| check_public_key(key).ok());
        if keys.any(|key| key.verify_strict(&message, &signature).is_ok()) {
            return Ok(());
        }
        Err(TrustError::Threshold {
            valid: 0,
            needed: 1,
        })
    }

    fn signed_bytes(&self, of: &ScanKeyFor) -> Vec<u8> {
        [
            SIGNED_DOMAIN,
            of.event.as_bytes(),
            of.device.as_bytes(),
            &[self.id],
            &self.ephemeral,
            &self.sealed,
        ]
        .concat()
    }
}

fn cipher(shared: &[u8; 32], ephemeral: &[u8; 32], of: &ScanKeyFor, id: u8) -> Aes256GcmSiv {
    let mut hasher = blake3::Hasher::new_derive_key(KDF_CONTEXT);
    hasher
        .update(shared)
        .update(ephemeral)
        .update(&of.public_key)
        .update(of.event.as_bytes())
        .update(of.device.as_bytes())
        .update(&[id]);
    let key = Zeroizing::new(*hasher.finalize().as_bytes());
    Aes256GcmSiv::new(&(*key).into())
}
