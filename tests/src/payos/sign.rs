//! The gateway's signatures, written for data that it really sends.

use hmac::{Hmac, KeyInit as _, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::CHECKSUM_KEY;

fn hmac(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(CHECKSUM_KEY.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Of the five fields of a create request.
pub(super) fn of_create(request: &Value) -> String {
    let text = |field: &str| request[field].as_str().unwrap_or_default().to_owned();
    let number = |field: &str| request[field].as_i64().unwrap_or_default();
    hmac(&format!(
        "amount={}&cancelUrl={}&description={}&orderCode={}&returnUrl={}",
        number("amount"),
        text("cancelUrl"),
        text("description"),
        number("orderCode"),
        text("returnUrl"),
    ))
}

/// Of the `data` of an answer or a webhook.
///
/// # Panics
/// When it is no object.
pub fn signed(data: &Value) -> String {
    let mut keys: Vec<&String> = data.as_object().expect("an object").keys().collect();
    keys.sort();
    let pairs: Vec<String> = keys
        .iter()
        .map(|key| format!("{key}={}", value(&data[key.as_str()])))
        .collect();
    hmac(&pairs.join("&"))
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(in_order).collect();
            format!("[{}]", elements.join(","))
        }
        other => other.to_string(),
    }
}

fn in_order(element: &Value) -> String {
    let empty = Map::new();
    let object = element.as_object().unwrap_or(&empty);
    let mut keys: Vec<&String> = object.keys().collect();
    keys.sort();
    let pairs: Vec<String> = keys
        .iter()
        .map(|key| format!("{}:{}", Value::from(key.as_str()), object[key.as_str()]))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

/// A webhook.
pub(super) fn envelope(data: &Value) -> String {
    json!({ "code": "00", "desc": "success", "success": true, "data": data, "signature": signed(data) })
        .to_string()
}
