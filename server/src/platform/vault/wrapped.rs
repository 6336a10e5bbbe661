//! Wrapping and unwrapping.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::kek::Kek;
use crate::platform::entropy::Entropy;

const NONCE_BYTES: usize = 24;

/// Wraps and unwraps; cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    cipher: XChaCha20Poly1305,
    /// Keys the derivation of secrets that are not stored.
    root: Zeroizing<[u8; 32]>,
    kek_id: String,
    entropy: Arc<dyn Entropy>,
}

/// A wrapped secret as it is stored: `v1.<id of the KEK>.<base64url of nonce and ciphertext>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wrapped(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VaultError {
    #[error("the stored secret for {context} is not in a known format")]
    Malformed { context: String },
    #[error(
        "the secret for {context} was wrapped under key {stored}, this server has key {ours}; set KEY_ENCRYPTION_KEY or restore kek.key"
    )]
    OtherKey {
        context: String,
        stored: String,
        ours: String,
    },
    #[error("the stored secret for {context} was changed or belongs elsewhere")]
    Forged { context: String },
    #[error("the secret for {context} cannot be encrypted")]
    Unwrappable { context: String },
}

impl Vault {
    pub fn new(kek: &Kek, entropy: Arc<dyn Entropy>) -> Self {
        Self(Arc::new(Inner {
            cipher: XChaCha20Poly1305::new(&(*kek.0).into()),
            root: Zeroizing::new(blake3::derive_key(
                "gatehouse 2026-01 vault derivation",
                &*kek.0,
            )),
            kek_id: kek.id(),
            entropy,
        }))
    }

    /// Wraps `secret` for `context`, which names what it is and whose: `event/<id>/issuing/0`.
    pub fn wrap(&self, context: &str, secret: &[u8]) -> Result<Wrapped, VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        self.0.entropy.fill(&mut nonce);
        let payload = Payload {
            msg: secret,
            aad: &associated(context),
        };
        let sealed = self
            .0
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| VaultError::Unwrappable {
                context: context.to_owned(),
            })?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(Wrapped(format!(
            "v1.{}.{}",
            self.0.kek_id,
            URL_SAFE_NO_PAD.encode(bytes)
        )))
    }

    /// The secret that was wrapped for exactly this `context`.
    pub fn unwrap(
        &self,
        context: &str,
        wrapped: &Wrapped,
    ) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let malformed = || VaultError::Malformed {
            context: context.to_owned(),
        };
        let mut parts = wrapped.0.splitn(3, '.');
        let (Some("v1"), Some(kek_id), Some(text)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed());
        };
        if kek_id != self.0.kek_id {
            return Err(VaultError::OtherKey {
                context: context.to_owned(),
                stored: kek_id.to_owned(),
                ours: self.0.kek_id.clone(),
            });
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())?;
        let (nonce, sealed) = bytes
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(malformed)?;
        let payload = Payload {
            msg: sealed,
            aad: &associated(context),
        };
        self.0
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Forged {
                context: context.to_owned(),
            })
    }

    /// A fresh 32-byte key.
    pub fn draw_key(&self) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        self.0.entropy.fill(&mut *key);
        key
    }

    /// A secret that is not stored: the same for the same `context` in every process with this
    /// KEK, and telling nothing about it. For short-lived things: another KEK gives another one.
    pub fn derive(&self, context: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*blake3::keyed_hash(&self.0.root, context.as_bytes()).as_bytes())
    }

    /// Which KEK this vault uses: 8 hex digits.
    pub fn kek_id(&self) -> &str {
        &self.0.kek_id
    }
}

fn associated(context: &str) -> Vec<u8> {
    [b"gatehouse vault v1\0", context.as_bytes()].concat()
}

impl Wrapped {
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    pub fn as_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault(key {})", self.0.kek_id)
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wrapped([redacted])")
    }
}
