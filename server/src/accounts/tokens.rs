//! Access tokens: JWTs signed with Ed25519 (A3).
//!
//! Written here in a few lines because the JWT crates bring a second cryptography stack and a
//! choice of algorithms that we never want. A token of ours has exactly one header per key, so the
//! header is compared as text: `alg: none`, another algorithm or an unknown `kid` cannot even be
//! expressed. Verification is `verify_strict`.
//!
//! Invariants: nothing is believed before the signature; a token that was verified is remembered
//! by its hash until it expires, in bounded memory, so that a request does not pay for a signature
//! each time.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use shared::api::accounts::Role;
use shared::ids::{SessionId, UserId};
use shared::time::Timestamp;
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::platform::http::Caller;

const ISSUER: &str = "gatehouse";
const AUDIENCE: &str = "gatehouse-api";
/// Longer than any token of ours; longer text is not even hashed.
const TOKEN_BYTES_MAX: usize = 1024;
/// How far the clocks of two server processes may be apart.
const CLOCK_SKEW_SECS_MAX: i64 = 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the access token is not valid")]
    Invalid,
    #[error("the access token has expired")]
    Expired,
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::unauthorized(
                "token_invalid",
                "The access token is not valid. Log in again.",
            ),
            TokenError::Expired => Self::unauthorized(
                "token_expired",
                "The access token has expired. Refresh it or log in again.",
            ),
        }
    }
}

/// Issues and checks access tokens.
pub struct AccessTokens {
    signing: SigningKey,
    /// Encoded header and key of every `kid` that is believed; the first is ours.
    believed: Vec<(String, VerifyingKey)>,
    ttl_secs: u64,
    verified: Verified,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    sid: SessionId,
    role: Role,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl AccessTokens {
    /// From the 32-byte seed of the signing key.
    pub fn new(seed: &[u8; 32], ttl_secs: u64) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let key = signing.verifying_key();
        Self {
            believed: vec![(header(&kid(&key)), key)],
            signing,
            ttl_secs,
            verified: Verified::default(),
        }
    }

    /// The seed of the signing key that `JWT_SECRET` stands for.
    #[expect(clippy::missing_panics_doc, reason = "the length is a constant")]
    pub fn seed_from_secret(secret: &str) -> Zeroizing<[u8; 32]> {
        let mut seed = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(b"gatehouse"), secret.as_bytes())
            .expand(b"access token ed25519 v1", &mut *seed)
            .expect("32 bytes are within the 8160 that HKDF-SHA256 can give");
        seed
    }

    /// Names the signing key; public.
    pub fn kid(&self) -> String {
        kid(&self.signing.verifying_key())
    }

    pub fn ttl_secs(&self) -> u64 {
        self.ttl_secs
    }

    #[expect(clippy::missing_panics_doc, reason = "plain fields always serialise")]
    pub fn issue(&self, caller: &Caller, now: Timestamp) -> String {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: caller.user,
            sid: caller.session,
            role: caller.role,
            iat: now.as_secs(),
            nbf: now.as_secs(),
            exp: now.as_secs().saturating_add_unsigned(self.ttl_secs),
        };
        let claims = serde_json::to_vec(&claims).expect("plain fields always serialise");
        let mut token = format!("{}.{}", self.believed[0].0, URL_SAFE_NO_PAD.encode(claims));
        let signature = self.signing.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
        token
    }

    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        let (caller, exp) = if let Some(known) = self.verified.get(&hash) {
            known
        } else {
            let fresh = self.verify_fresh(token, now)?;
            if now.as_secs() < fresh.1 {
                self.verified.put(hash, fresh, now);
            }
            fresh
        };
        if now.as_secs() < exp {
            Ok(caller)
        } else {
            Err(TokenError::Expired)
        }
    }

    /// Checks the signature and every claim but the expiry.
    fn verify_fresh(&self, token: &str, now: Timestamp) -> Result<(Caller, i64), TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Invalid)?;
        let (_, key) = self
            .believed
            .iter()
            .find(|(believed, _)| believed == header)
            .ok_or(TokenError::Invalid)?;
        let signature = decode(signature)?;
        let signature = Signature::from_slice(&signature).map_err(|_| TokenError::Invalid)?;
        key.verify_strict(signed.as_bytes(), &signature)
            .map_err(|_| TokenError::Invalid)?;
        let claims: Claims =
            serde_json::from_slice(&decode(claims)?).map_err(|_| TokenError::Invalid)?;
        let latest_start = now.as_secs().saturating_add(CLOCK_SKEW_SECS_MAX);
        if claims.iss != ISSUER
            || claims.aud != AUDIENCE
            || claims.nbf > latest_start
            || claims.iat > latest_start
        {
            return Err(TokenError::Invalid);
        }
        let caller = Caller::new(claims.sub, claims.role, claims.sid);
        Ok((caller, claims.exp))
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens")
            .field("kid", &self.kid())
            .field("ttl_secs", &self.ttl_secs)
            .finish_non_exhaustive()
    }
}

fn decode(text: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| TokenError::Invalid)
}

fn kid(key: &VerifyingKey) -> String {
    data_encoding::HEXLOWER.encode(&blake3::hash(key.as_bytes()).as_bytes()[..8])
}

fn header(kid: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#))
}

const SHARDS: usize = 16;
const SHARD_TOKENS_MAX: usize = 2048;

/// Tokens whose signature was checked, by hash: the caller, and when the token expires.
#[derive(Default)]
struct Verified([Mutex<Shard>; SHARDS]);

type Shard = HashMap<[u8; 32], (Caller, i64)>;

impl Verified {
    fn shard(&self, hash: &[u8; 32]) -> &Mutex<Shard> {
        &self.0[usize::from(hash[0]) % SHARDS]
    }

    fn get(&self, hash: &[u8; 32]) -> Option<(Caller, i64)> {
        let shard = self.shard(hash).lock();
        shard
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .copied()
    }

    fn put(&self, hash: [u8; 32], value: (Caller, i64), now: Timestamp) {
        let mut shard = self
            .shard(&hash)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= SHARD_TOKENS_MAX {
            shard.retain(|_, (_, exp)| *exp > now.as_secs());
        }
        if shard.len() >= SHARD_TOKENS_MAX {
            // All are live: forgetting them costs one signature check each, growing costs memory.
            shard.clear();
        }
        shard.insert(hash, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);

    fn caller() -> Caller {
        Caller::new(
            UserId::new(NOW, [1; 10]),
            Role::Organizer,
            SessionId::new(NOW, [2; 10]),
        )
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new(&[3; 32], 900)
    }

    fn refused(token: &str) {
        let tokens = tokens();
        assert_eq!(
            tokens.verify(token, NOW),
            Err(TokenError::Invalid),
            "{token}"
        );
    }

    /// A token of the right key with any claims.
    fn signed(header: &str, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = SigningKey::from_bytes(&[3; 32]).sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }

    #[test]
    fn a_token_names_its_caller_until_it_expires() {
        // A3
        let tokens = tokens();
        let token = tokens.issue(&caller(), NOW);
        // Twice: checked, then remembered.
        assert_eq!(tokens.verify(&token, NOW), Ok(caller()));
        assert_eq!(tokens.verify(&token, NOW.plus_secs(899)), Ok(caller()));
        let late = NOW.plus_secs(900);
        assert_eq!(tokens.verify(&token, late), Err(TokenError::Expired));
        let fresh = AccessTokens::new(&[3; 32], 900);
        assert_eq!(fresh.verify(&token, late), Err(TokenError::Expired));
    }

    #[test]
    fn every_changed_character_is_refused() {
        // A3
        let token = tokens().issue(&caller(), NOW);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            refused(&String::from_utf8(changed).expect("ascii"));
        }
        refused("");
        refused("..");
        refused(&token[..token.len() - 1]);
        refused(&format!("{token}="));
        refused(&"a".repeat(100_000));
    }

    #[test]
    fn other_algorithms_and_keys_are_refused() {
        // A3
        let token = tokens().issue(&caller(), NOW);
        let claims = token.split('.').nth(1).expect("claims");
        let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).expect("b64")).expect("utf8");
        let kid = kid(&SigningKey::from_bytes(&[3; 32]).verifying_key());
        let good = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"JWT"}}"#);
        assert_eq!(tokens().verify(&signed(&good, &claims), NOW), Ok(caller()));
        refused(&signed(
            r#"{"alg":"EdDSA","kid":"other","typ":"JWT"}"#,
            &claims,
        ));
        refused(&signed(r#"{"alg":"EdDSA","typ":"JWT"}"#, &claims));
        refused(&signed(&good.replace("EdDSA", "HS256"), &claims));
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        refused(&format!("{none}.{}.", URL_SAFE_NO_PAD.encode(&claims)));
        let other = AccessTokens::new(&[4; 32], 900).issue(&caller(), NOW);
        refused(&other);
        // Claims that are not for us, though well signed.
        refused(&signed(
            &good,
            &claims.replace("gatehouse-api", "elsewhere"),
        ));
        refused(&signed(
            &good,
            &claims.replace(r#""iss":"gatehouse""#, r#""iss":"x""#),
        ));
        refused(&signed(&good, &claims.replace("ORGANIZER", "OWNER")));
        let nbf = format!(r#""nbf":{}"#, NOW.as_secs());
        refused(&signed(
            &good,
            &claims.replace(&nbf, &format!(r#""nbf":{}"#, NOW.as_secs() + 61)),
        ));
    }

    #[test]
    fn memory_of_verified_tokens_is_bounded() {
        // A3
        let verified = Verified::default();
        for n in 0..5_000_u32 {
            let mut hash = [0; 32];
            hash[1..5].copy_from_slice(&n.to_be_bytes());
            verified.put(hash, (caller(), NOW.as_secs() + 1), NOW);
        }
        let held = verified.0[0].lock().expect("not poisoned").len();
        assert!(held <= SHARD_TOKENS_MAX && held > 0, "{held}");
    }

    #[test]
    fn nothing_secret_shows_in_debug() {
        // A3
        assert!(!format!("{:?}", tokens()).contains("3, 3"));
        let one = AccessTokens::seed_from_secret("one secret of many");
        let two = AccessTokens::seed_from_secret("two secrets of many");
        assert_ne!(one, two);
    }
}
