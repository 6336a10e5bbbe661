//! JSON to BSON and back: a body is a real sub-document, and the same JSON on both backends.

use mongodb::bson::{Bson, Document};
use serde_json::{Map, Number, Value};

use crate::platform::db::IndexValue;

/// The BSON of a JSON value; `None` where BSON has no such thing (an integer above `i64::MAX`, a
/// name with a NUL in it).
pub(super) fn to_bson(value: Value) -> Option<Bson> {
    Some(match value {
        Value::Null => Bson::Null,
        Value::Bool(truth) => Bson::Boolean(truth),
        Value::Number(number) => number_to_bson(&number)?,
        Value::String(text) => Bson::String(text),
        Value::Array(items) => Bson::Array(items.into_iter().map(to_bson).collect::<Option<_>>()?),
        Value::Object(members) => {
            let mut document = Document::new();
            for (name, value) in members {
                if name.contains('\0') {
                    return None;
                }
                document.insert(name, to_bson(value)?);
            }
            Bson::Document(document)
        }
    })
}

fn number_to_bson(number: &Number) -> Option<Bson> {
    if let Some(int) = number.as_i64() {
        return Some(Bson::Int64(int));
    }
    if number.is_u64() {
        return None;
    }
    number.as_f64().map(Bson::Double)
}

/// The JSON of a stored value; `None` for types that [`to_bson`] never writes.
pub(super) fn from_bson(value: Bson) -> Option<Value> {
    Some(match value {
        Bson::Null => Value::Null,
        Bson::Boolean(truth) => Value::Bool(truth),
        Bson::Int32(int) => Value::from(int),
        Bson::Int64(int) => Value::from(int),
        Bson::Double(double) => Value::Number(Number::from_f64(double)?),
        Bson::String(text) => Value::String(text),
        Bson::Array(items) => {
            Value::Array(items.into_iter().map(from_bson).collect::<Option<_>>()?)
        }
        Bson::Document(document) => {
            let mut members = Map::new();
            for (name, value) in document {
                members.insert(name, from_bson(value)?);
            }
            Value::Object(members)
        }
        _ => return None,
    })
}

impl From<&IndexValue> for Bson {
    fn from(value: &IndexValue) -> Self {
        match value {
            IndexValue::Null => Self::Null,
            IndexValue::Int(int) => Self::Int64(*int),
            IndexValue::Text(text) => Self::String(text.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_survives_the_way_there_and_back() {
        let value = json!({
            "null": null, "yes": true, "int": i64::MIN, "whole": 2.0, "part": 0.1,
            "text": "a\u{0}b", "list": [1, "two", {"$three": {"a.b": []}}], "empty": {},
        });
        let back = to_bson(value.clone()).and_then(from_bson);
        assert_eq!(back, Some(value));
    }

    #[test]
    fn what_bson_cannot_hold_is_refused() {
        assert_eq!(to_bson(json!(u64::MAX)), None);
        assert_eq!(to_bson(json!({"deep": [{"a\u{0}b": 1}]})), None);
        assert_eq!(from_bson(Bson::MaxKey), None);
        assert_eq!(from_bson(Bson::Double(f64::NAN)), None);
    }
}
