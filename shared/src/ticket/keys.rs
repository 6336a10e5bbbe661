//! Which Ed25519 public keys may verify anything: issuing keys, role keys and device keys alike.
//!
//! Strict verification alone refuses small-order keys; a key with a torsion component or a second
//! spelling would pass. Such keys come from no honest generator, so they are refused when loaded,
//! once, and every later check can rely on "one key, one encoding, prime order".

use ed25519_dalek::{PUBLIC_KEY_LENGTH, VerifyingKey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("not a point of the curve")]
    NotAPoint,
    #[error("not the canonical encoding of its point")]
    NonCanonical,
    #[error("of small order")]
    SmallOrder,
    #[error("not in the prime-order group")]
    Torsioned,
}

/// The key, if it is fit to verify with. Costs a scalar multiplication: for loading, not per scan.
pub fn check_public_key(bytes: &[u8; PUBLIC_KEY_LENGTH]) -> Result<VerifyingKey, KeyError> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
    let point = key.to_edwards();
    // Decompression reduces y modulo p and ignores the sign of x = 0; compression does not.
    if point.compress().as_bytes() != bytes {
        return Err(KeyError::NonCanonical);
    }
    if key.is_weak() {
        return Err(KeyError::SmallOrder);
    }
    if !point.is_torsion_free() {
        return Err(KeyError::Torsioned);
    }
    Ok(key)
}
