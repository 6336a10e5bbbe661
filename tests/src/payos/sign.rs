//! The gateway's signatures, written for data that it really sends.

use hmac::{Hmac, KeyInit as _, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;

fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Of the five fields of a create request.
pub(super) fn of_create(key: &str, request: &Value) -> String {
    let text = |field: &str| request[field].as_str().unwrap_or_default().to_owned();
    let number = |field: &str| request[field].as_i64().unwrap_or_default();
    let text = format!(
        "amount={}&cancelUrl={}&description={}&orderCode={}&returnUrl={}",
        number("amount"),
        text("cancelUrl"),
        text("description"),
        number("orderCode"),
        text("returnUrl"),
    );
    hmac(key, &text)
}

/// Of the `data` of an answer or a webhook.
///
/// # Panics
/// When it is no object.
pub(super) fn signed(key: &str, data: &Value) -> String {
    let mut keys: Vec<&String> = data.as_object().expect("an object").keys().collect();
    keys.sort();
    let pairs: Vec<String> = keys
        .iter()
        .map(|name| format!("{name}={}", value(&data[name.as_str()])))
        .collect();
    hmac(key, &pairs.join("&"))
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
pub(super) fn envelope(key: &str, data: &Value) -> String {
    let signature = signed(key, data);
    json!({ "code": "00", "desc": "success", "success": true, "data": data, "signature": signature })
        .to_string()
}
