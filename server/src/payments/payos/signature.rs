//! PayOS signatures: HMAC-SHA256 in lower-case hex, under the channel's checksum key as it is spelled,
//! over a text made of the data (`payments.md` 2). Requests sign five fields; answers and webhooks
//! sign all of `data`.
//!
//! The texts follow the JavaScript client, which the gateway's own server follows. Where its rules
//! give garbage (nested objects, arrays of scalars, fractions) nothing is signed or believed: real
//! data holds none of it. The text is not injective, because values are not escaped: whoever believes
//! a signature has still to compare code, link and amount with what is stored.

use std::cmp::Ordering;

use hmac::{Hmac, KeyInit as _, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::config::Secret;

/// What JavaScript counts without rounding.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Data that no signature can cover without guessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data holds what the gateway never sends")]
pub(super) struct Unsignable;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub(super) struct BadSignature;

/// The five fields of a create request that are signed; the rest of it is not protected.
#[derive(Clone, Copy, Debug)]
pub(super) struct CreateFields<'a> {
    pub amount: i64,
    pub cancel_url: &'a str,
    pub description: &'a str,
    pub order_code: i64,
    pub return_url: &'a str,
}

impl CreateFields<'_> {
    pub(super) fn sign(&self, key: &Secret) -> String {
        let Self {
            amount,
            cancel_url,
            description,
            order_code,
            return_url,
        } = self;
        sign(
            key,
            &format!(
                "amount={amount}&cancelUrl={cancel_url}&description={description}&orderCode={order_code}&returnUrl={return_url}"
            ),
        )
    }
}

/// Signs `data` as the gateway does.
#[cfg(test)]
pub(super) fn sign_data(key: &Secret, data: &Map<String, Value>) -> Result<String, Unsignable> {
    Ok(sign(key, &data_text(data)?))
}

/// Checks the signature of an answer or a webhook over its `data`, in constant time.
pub(super) fn verify_data(
    key: &Secret,
    data: &Map<String, Value>,
    signature: &str,
) -> Result<(), BadSignature> {
    let text = data_text(data).map_err(|_| BadSignature)?;
    let claimed = data_encoding::HEXLOWER
        .decode(signature.as_bytes())
        .map_err(|_| BadSignature)?;
    mac(key, &text)
        .verify_slice(&claimed)
        .map_err(|_| BadSignature)
}

fn sign(key: &Secret, text: &str) -> String {
    data_encoding::HEXLOWER.encode(&mac(key, text).finalize().into_bytes())
}

fn mac(key: &Secret, text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.reveal().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac
}

/// `key=value` of all top-level keys in order, joined by `&`, nothing escaped.
fn data_text(data: &Map<String, Value>) -> Result<String, Unsignable> {
    let mut pairs = Vec::with_capacity(data.len());
    for (key, value) in sorted(data)? {
        pairs.push(format!("{key}={}", plain(value)?));
    }
    Ok(pairs.join("&"))
}

/// By UTF-16 code units, as JavaScript sorts; never in the map's own order, which a feature of
/// another crate can switch.
fn sorted(object: &Map<String, Value>) -> Result<Vec<(&String, &Value)>, Unsignable> {
    let is_index = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    // JavaScript moves such keys to the front.
    if object.keys().any(is_index) {
        return Err(Unsignable);
    }
    let mut pairs: Vec<_> = object.iter().collect();
    pairs.sort_by(|(a, _), (b, _)| utf16_order(a, b));
    Ok(pairs)
}

fn utf16_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn plain(value: &Value) -> Result<String, Unsignable> {
    match value {
        Value::Null => Ok(String::new()),
        // The clients blank the words as well as the values.
        Value::String(text) if text == "null" || text == "undefined" => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(_) => integer(value).map(|number| number.to_string()),
        Value::Array(elements) => {
            let elements: Result<Vec<_>, _> = elements.iter().map(element).collect();
            Ok(format!("[{}]", elements?.join(",")))
        }
        Value::Object(_) => Err(Unsignable),
    }
}

/// One object of an array as compact JSON, its keys in order.
fn element(value: &Value) -> Result<String, Unsignable> {
    let Value::Object(object) = value else {
        return Err(Unsignable);
    };
    let mut pairs = Vec::with_capacity(object.len());
    for (key, value) in sorted(object)? {
        match value {
            Value::Object(_) => return Err(Unsignable),
            Value::Array(inner) if inner.iter().any(Value::is_object) => return Err(Unsignable),
            Value::Number(_) => {
                integer(value)?;
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
        }
        pairs.push(format!("{}:{value}", Value::from(key.as_str())));
    }
    Ok(format!("{{{}}}", pairs.join(",")))
}

fn integer(value: &Value) -> Result<i64, Unsignable> {
    let number = value.as_i64().ok_or(Unsignable)?;
    if number.unsigned_abs() > SAFE_INTEGER_MAX {
        return Err(Unsignable);
    }
    Ok(number)
}
