//! `X-Demo-Signature: t=<unix seconds>,v1=<64 hex digits>`: HMAC-SHA256 over `<t>.<raw body>`.
//!
//! The comparison takes the same time wherever the first difference is. Anything but exactly one
//! header of exactly this form is refused.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use shared::time::Timestamp;

use super::Secret;

pub const HEADER: &str = "x-demo-signature";
/// How far the sender's clock may be off, either way.
pub const TOLERANCE_SECS: i64 = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct BadSignature;

/// The one signature header; two are as bad as none.
pub fn header(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(HEADER).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    }
}

/// The header's value for a body sent now.
pub fn sign(secret: &Secret, body: &[u8], now: Timestamp) -> String {
    let at = now.as_secs();
    let digest = mac(secret, at, body).finalize().into_bytes();
    let digest = data_encoding::HEXLOWER.encode(&digest);
    format!("t={at},v1={digest}")
}

/// Checks the header against the body as it came over the wire.
pub fn verify(
    secret: &Secret,
    header: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadSignature> {
    let (at, digest) = parse(header).ok_or(BadSignature)?;
    if now.as_secs().abs_diff(at) > TOLERANCE_SECS.unsigned_abs() {
        return Err(BadSignature);
    }
    // Constant time.
    let mac = mac(secret, at, body);
    mac.verify_slice(&digest).map_err(|_| BadSignature)
}

fn parse(header: &str) -> Option<(i64, [u8; 32])> {
    let (at, digest) = header.strip_prefix("t=")?.split_once(",v1=")?;
    if at.is_empty() || !at.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digest = data_encoding::HEXLOWER.decode(digest.as_bytes()).ok()?;
    Some((at.parse().ok()?, digest.try_into().ok()?))
}

fn mac(secret: &Secret, at: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.bytes()).expect("HMAC takes keys of every length");
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}
