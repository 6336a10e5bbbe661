//! `Idempotency-Key` on requests that spend or create (O2): the same key with the same request gets
//! the same answer, with another request 422.
//!
//! Invariant: the answer is remembered in the commit of its effect, so neither exists without the
//! other. A refusal is not remembered: the same attempt may be tried again. An answer that holds a
//! secret is remembered sealed or by the id of what holds it, never in the clear.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::ids::UserId;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::idempotency::{self, Begin, KEY_MAX};
use crate::platform::vault::{Vault, VaultError, Wrapped};

const HEADER: &str = "idempotency-key";
const HEADER_NAME: &str = "Idempotency-Key";
/// Whoever knows a guest's key and request gets the guest's answer: the key must not be guessed.
const GUEST_KEY_MIN: usize = 16;

/// The header, if the client sent one.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(HEADER) else {
            return Ok(Self(None));
        };
        match value.to_str().map(str::trim) {
            Ok(key) if !key.is_empty() && key.len() <= KEY_MAX => Ok(Self(Some(key.to_owned()))),
            _ => Err(ApiError::field(
                HEADER_NAME,
                format!("must have 1 to {KEY_MAX} visible ASCII characters"),
            )),
        }
    }
}

impl IdempotencyKey {
    /// As if the header had this value.
    #[cfg(test)]
    pub(crate) fn new(key: &str) -> Self {
        Self(Some(key.to_owned()))
    }

    /// As if there were no header.
    #[cfg(test)]
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Ties the key to who asks for what. `route` names the operation with the ids of its path.
    pub fn attempt(
        self,
        route: &str,
        user: UserId,
        request: &impl Serialize,
    ) -> Result<Attempt, DbError> {
        self.keyed(format!("{route}:{user}"), request)
    }

    /// As [`attempt`](Self::attempt), for callers that nobody knows: they share one scope.
    pub fn guest_attempt(self, route: &str, request: &impl Serialize) -> Result<Attempt, ApiError> {
        if self.0.as_ref().is_some_and(|key| key.len() < GUEST_KEY_MIN) {
            return Err(ApiError::field(
                HEADER_NAME,
                format!("must have at least {GUEST_KEY_MIN} characters here"),
            ));
        }
        Ok(self.keyed(format!("{route}:guest"), request)?)
    }

    fn keyed(self, scope: String, request: &impl Serialize) -> Result<Attempt, DbError> {
        let Some(key) = self.0 else {
            return Ok(Attempt(None));
        };
        let request = serde_json::to_vec(request)?;
        Ok(Attempt(Some(Keyed {
            scope,
            key,
            request_hash: blake3::hash(&request).to_hex().to_string(),
        })))
    }
}

/// The key came with another request before: 422 `idempotency_mismatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key was used for another request")]
pub struct KeyReused;

impl From<KeyReused> for ApiError {
    fn from(_: KeyReused) -> Self {
        Self::unprocessable(
            "idempotency_mismatch",
            "This Idempotency-Key was used for another request. Take a new one.",
        )
    }
}

/// One attempt at a request; without a key every attempt is new.
#[derive(Clone, Debug, Default)]
pub struct Attempt(Option<Keyed>);

#[derive(Clone, Debug)]
struct Keyed {
    scope: String,
    key: String,
    request_hash: String,
}

/// A remembered answer that only the vault can read, and only for the attempt it was given to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(Wrapped);

impl Attempt {
    /// Does the work, or gives the answer that the same attempt got before.
    pub fn once<T, E>(
        &self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<DbError> + From<KeyReused>,
    {
        let Some(Keyed {
            scope,
            key,
            request_hash,
        }) = &self.0
        else {
            return work(tx);
        };
        match idempotency::begin(tx, scope, key, request_hash, now)? {
            Begin::Replay { body, .. } => Ok(serde_json::from_value(body).map_err(DbError::from)?),
            Begin::Mismatch => Err(KeyReused.into()),
            Begin::Fresh => {
                let answer = work(tx)?;
                let body = serde_json::to_value(&answer).map_err(DbError::from)?;
                idempotency::store(tx, scope, key, request_hash, 200, body, now)?;
                Ok(answer)
            }
        }
    }

    /// The answer that the same attempt got before, if any: for use cases that do much before
    /// their commit. They still go through [`Attempt::once`].
    pub async fn recall<T, E>(&self, db: &Db, now: Timestamp) -> Result<Option<T>, E>
    where
        T: DeserializeOwned,
        E: From<DbError> + From<KeyReused>,
    {
        let Some(keyed) = &self.0 else {
            return Ok(None);
        };
        let hash = &keyed.request_hash;
        match idempotency::look(db, &keyed.scope, &keyed.key, hash, now).await? {
            Begin::Fresh => Ok(None),
            Begin::Mismatch => Err(KeyReused.into()),
            Begin::Replay { body, .. } => {
                Ok(Some(serde_json::from_value(body).map_err(DbError::from)?))
            }
        }
    }

    /// Seals an answer that holds a secret, for [`Attempt::once`] to remember. `None` without a
    /// key: then nothing is remembered.
    pub fn seal<E>(&self, vault: &Vault, answer: &impl Serialize) -> Result<Option<Sealed>, E>
    where
        E: From<DbError> + From<VaultError>,
    {
        let Some(name) = self.name() else {
            return Ok(None);
        };
        let plain = Zeroizing::new(serde_json::to_vec(answer).map_err(DbError::from)?);
        Ok(Some(Sealed(vault.wrap(&sealed_for(&name), &plain)?)))
    }

    /// The answer that was sealed for this attempt.
    pub fn unseal<T, E>(&self, vault: &Vault, sealed: &Sealed) -> Result<T, E>
    where
        T: DeserializeOwned,
        E: From<DbError> + From<VaultError>,
    {
        let name = self.name().unwrap_or_default();
        let plain = vault.unwrap(&sealed_for(&name), &sealed.0)?;
        Ok(serde_json::from_slice(&plain).map_err(DbError::from)?)
    }

    pub const fn is_keyed(&self) -> bool {
        self.0.is_some()
    }

    /// A name for the attempt that is unique among all attempts, if it has a key.
    pub fn name(&self) -> Option<String> {
        self.0.as_ref().map(|keyed| {
            let mut hash = blake3::Hasher::new();
            hash.update(keyed.scope.as_bytes());
            hash.update(b"\0");
            hash.update(keyed.key.as_bytes());
            hash.finalize().to_hex().to_string()
        })
    }

    /// The hash of what was asked.
    pub fn request_hash(&self) -> Option<&str> {
        self.0.as_ref().map(|keyed| keyed.request_hash.as_str())
    }
}

fn sealed_for(attempt: &str) -> String {
    format!("idempotency/{attempt}")
}
