//! `Stripe-Signature: t=<unix>,v1=<hex>[,v1=…]`: HMAC-SHA256 under the whole secret, as it is spelled,
//! over `<t>.<raw body>`. While a secret is being changed there are two `v1`, and either may hold.

use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use shared::time::Timestamp;

use crate::config::Secret;

pub(super) const HEADER: &str = "stripe-signature";
/// How far the times may be apart, either way.
pub(super) const TOLERANCE_SECS: i64 = 300;
/// Signatures looked at in one header.
const SIGNATURES_MAX: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub(super) struct BadSignature;

/// The one signature header; two are as bad as none.
pub(super) fn header(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(HEADER).iter();
    match (all.next(), all.next()) {
        (Some(one), None) => one.to_str().ok(),
        _ => None,
    }
}

/// Checks the header against the body as it came over the wire, in constant time.
pub(super) fn verify(
    secret: &Secret,
    header: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), BadSignature> {
    // Whoever has no secret believes nobody.
    if secret.reveal().is_empty() || body.is_empty() {
        return Err(BadSignature);
    }
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.split_once('=') {
            Some(("t", text)) if time.is_none() && is_digits(text) => time = Some(text),
            // Twice, or no number.
            Some(("t", _)) => return Err(BadSignature),
            Some(("v1", hex)) if signatures.len() < SIGNATURES_MAX => signatures.push(hex),
            // Other schemes say nothing.
            _ => {}
        }
    }
    let time = time.ok_or(BadSignature)?;
    let at: i64 = time.parse().map_err(|_| BadSignature)?;
    if now.as_secs().abs_diff(at) > TOLERANCE_SECS.unsigned_abs() {
        return Err(BadSignature);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    let holds = |hex: &&str| {
        let claimed = data_encoding::HEXLOWER.decode(hex.as_bytes());
        claimed.is_ok_and(|claimed| mac.clone().verify_slice(&claimed).is_ok())
    };
    if signatures.iter().any(holds) {
        Ok(())
    } else {
        Err(BadSignature)
    }
}

fn is_digits(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
