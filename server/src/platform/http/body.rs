//! JSON bodies, read strictly: one object, objects where the description says so, nothing behind
//! it; and every fault that can be found named in one answer.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IgnoredAny, IntoDeserializer, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, json};
use serde_path_to_error::{Path, Segment};

use super::words::{plain, quoted};
use crate::error::ApiError;

/// Faults that one answer names.
const FAULTS_MAX: usize = 16;
/// A larger body gets its first fault named only: each further one costs a few more readings.
const ALL_FAULTS_BYTES_MAX: usize = 16 * 1024;

/// Reads one JSON object strictly: nothing may follow it.
pub(super) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => ApiError::field("body", "must be an object"),
            Err(error) => not_json(&error),
        });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let fault = Fault::new(error.path(), error.inner());
        if error.inner().is_data() {
            ApiError::fields(all_faults::<T>(bytes, &fault))
        } else {
            not_json(error.inner())
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    // Serde reads a list where a struct is meant, its fields in order: no description says so.
    if bytes.contains(&b'[') {
        let body = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
        if let Err(first) = read::<T>(body) {
            return Err(ApiError::fields(all_faults::<T>(bytes, &first)));
        }
    }
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let message = if error.to_string().starts_with("recursion limit") {
        format!("The body is nested too deeply (line {line}, column {column}).")
    } else {
        format!("The body is not valid JSON (line {line}, column {column}).")
    };
    ApiError::bad_request("validation", message)
}

/// Where something is wrong in a body, and what the parser says.
#[derive(Debug)]
struct Fault {
    place: Vec<Step>,
    why: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
}

impl Fault {
    /// Serde blames the parent for a field that is missing, unknown or doubled; we name the field.
    fn new(path: &Path, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let why = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(why, _)| why);
        let mut place = Vec::new();
        for segment in path {
            match segment {
                Segment::Map { key } => place.push(Step::Field(key.clone())),
                Segment::Seq { index } => place.push(Step::Item(*index)),
                Segment::Enum { .. } | Segment::Unknown => break,
            }
        }
        if let Some(name) = named(why) {
            let name = Step::Field(name.to_owned());
            // The path of an unknown field already ends with its name.
            if is_missing(why) || place.last() != Some(&name) {
                place.push(name);
            }
        }
        Self {
            place,
            why: why.to_owned(),
        }
    }

    fn detail(&self) -> (String, String) {
        let mut name = String::new();
        for step in &self.place {
            match step {
                Step::Field(field) if name.is_empty() => name.push_str(field),
                Step::Field(field) => {
                    name.push('.');
                    name.push_str(field);
                }
                Step::Item(index) => {
                    name.push('[');
                    name.push_str(&index.to_string());
                    name.push(']');
                }
            }
        }
        if name.is_empty() {
            "body".clone_into(&mut name);
        }
        (name, plain(&self.why))
    }
}

fn is_missing(why: &str) -> bool {
    why.starts_with("missing field `")
}

fn named(why: &str) -> Option<&str> {
    ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|prefix| why.strip_prefix(prefix))
        .and_then(|rest| rest.split_once('`'))
        .map(|(name, _)| name)
}

/// Serde stops at the first fault. So each is mended with a filler of the right kind, and the body
/// read again, until nothing is wrong any more.
fn all_faults<T: DeserializeOwned>(bytes: &[u8], first: &Fault) -> Vec<(String, String)> {
    let alone = bytes.len() > ALL_FAULTS_BYTES_MAX || first.why.starts_with("duplicate field");
    if alone {
        return vec![first.detail()];
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else {
        return vec![first.detail()];
    };
    let mut details = Vec::new();
    let mut mended: Vec<Vec<Step>> = Vec::new();
    while details.len() < FAULTS_MAX && mended.len() < 2 * FAULTS_MAX {
        let Err(fault) = read::<T>(body.clone()) else {
            break;
        };
        // What a filler lacks is not the caller's fault.
        if !mended.iter().any(|place| fault.place.starts_with(place)) {
            details.push(fault.detail());
        }
        if !mend::<T>(&mut body, &fault) {
            break;
        }
        mended.push(fault.place);
    }
    if details.is_empty() {
        details.push(first.detail());
    }
    details
}

/// Puts something readable at the fault's place, or takes away what does not belong there.
fn mend<T: DeserializeOwned>(body: &mut Value, fault: &Fault) -> bool {
    if fault.why.starts_with("unknown field") {
        return remove(body, &fault.place);
    }
    let mut fillers = vec![
        json!(""),
        json!(0),
        json!(1),
        json!(false),
        json!([]),
        json!({}),
        json!("01900000-0000-7000-8000-000000000000"),
        json!("2026-01-01T00:00:00Z"),
        json!("VND"),
    ];
    if let Some(known) = first_variant(&fault.why) {
        fillers.insert(0, json!(known));
    }
    while !fillers.is_empty() {
        if !put(body, &fault.place, fillers.remove(0)) {
            return false;
        }
        match read::<T>(body.clone()) {
            Err(next) if next.place == fault.place => {
                let known = first_variant(&next.why).map(|known| json!(known));
                fillers.splice(0..0, known.filter(|_| !fillers.is_empty()));
            }
            _ => return true,
        }
    }
    false
}

fn first_variant(why: &str) -> Option<&str> {
    let (_, expected) = why
        .strip_prefix("unknown variant")?
        .split_once("expected ")?;
    quoted(expected).first().copied()
}

fn put(body: &mut Value, place: &[Step], value: Value) -> bool {
    let Some((last, parents)) = place.split_last() else {
        return false;
    };
    match (last, find(body, parents)) {
        (Step::Field(name), Some(Value::Object(fields))) => {
            fields.insert(name.clone(), value);
            true
        }
        (Step::Item(index), Some(Value::Array(items))) => {
            let item = items.get_mut(*index);
            item.map(|item| *item = value).is_some()
        }
        _ => false,
    }
}

fn remove(body: &mut Value, place: &[Step]) -> bool {
    match place.split_last() {
        Some((Step::Field(name), parents)) => find(body, parents)
            .and_then(Value::as_object_mut)
            .is_some_and(|fields: &mut Map<String, Value>| fields.remove(name).is_some()),
        _ => false,
    }
}

fn find<'a>(body: &'a mut Value, place: &[Step]) -> Option<&'a mut Value> {
    place.iter().try_fold(body, |value, step| match step {
        Step::Field(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(Objects(body))
        .map_err(|error| Fault::new(error.path(), error.inner()))
}

/// A value that gives a struct from an object only.
struct Objects(Value);

impl<'de> Deserializer<'de> for Objects {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Objects)))
            }
            Value::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (name, Self(value)));
                visitor.visit_map(MapDeserializer::new(fields))
            }
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Array(_) => Err(Self::Error::invalid_type(Unexpected::Seq, &"an object")),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl IntoDeserializer<'_, serde_json::Error> for Objects {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde::Deserialize;
    use shared::api::accounts::RegisterRequest;
    use shared::api::orders::CreateOrder;
    use shared::api::payments::CreatePayment;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parse errors matter")]
    struct Order {
        event_id: String,
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parse errors matter")]
    struct Item {
        quantity: u32,
    }

    fn details<T: DeserializeOwned>(json: &str) -> Vec<(String, String)> {
        let Err(error) = parse_json::<T>(json.as_bytes()) else {
            panic!("{json} was read");
        };
        assert_eq!(
            (error.status(), error.code()),
            (StatusCode::BAD_REQUEST, "validation")
        );
        error.body().details.into_iter().collect()
    }

    fn blamed(json: &str) -> Vec<String> {
        let details = details::<Order>(json).into_iter();
        details.map(|(field, _)| field).collect()
    }

    #[test]
    fn the_fields_to_blame_are_named() {
        // N1
        assert_eq!(blamed("{}"), ["eventId", "items"]);
        assert_eq!(blamed(r#"{"eventId":7}"#), ["eventId", "items"]);
        assert_eq!(
            blamed(r#"{"eventId":"x","items":[{}]}"#),
            ["items[0].quantity"]
        );
        assert_eq!(
            blamed(r#"{"eventId":"x","items":[{"quantity":-1},{"quantity":1},{"size":"L"}]}"#),
            ["items[0].quantity", "items[2].quantity", "items[2].size"]
        );
        assert_eq!(blamed(r#"{"eventId":"x","items":[],"extra":1}"#), ["extra"]);
        assert_eq!(
            blamed(r#"{"eventId":"x","eventId":"y","items":[]}"#),
            ["eventId"]
        );
    }

    #[test]
    fn all_that_is_missing_or_wrong_is_said_at_once_and_no_secret_repeated() {
        // N1, A1
        let say = |fields: &[&str]| -> Vec<_> {
            let field = |&field: &&str| (field.to_owned(), "is missing".to_owned());
            fields.iter().map(field).collect()
        };
        assert_eq!(
            details::<RegisterRequest>("{}"),
            say(&["email", "password", "username"])
        );
        assert_eq!(details::<CreateOrder>("{}"), say(&["buyer", "eventId"]));
        assert_eq!(
            details::<CreatePayment>(r#"{"orderId":"nope","provider":"CASH"}"#)
                .iter()
                .map(|(field, _)| field.as_str())
                .collect::<Vec<_>>(),
            ["orderId", "provider"]
        );
        let wrong = details::<RegisterRequest>(r#"{"password":{"hunter2":1},"username":5}"#);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
    }

    #[test]
    fn a_list_is_no_object() {
        // N1: serde would read these
        let why = "must be an object".to_owned();
        assert_eq!(
            details::<RegisterRequest>(r#"["a@b.example","ann","correct horse"]"#),
            [("body".to_owned(), why.clone())]
        );
        assert_eq!(
            details::<Order>(r#"{"eventId":"x","items":[[3]]}"#),
            [("items[0]".to_owned(), why.clone())]
        );
        for other in ["7", "null", "\"x\"", "true", " [] "] {
            assert_eq!(
                details::<Order>(other),
                [("body".to_owned(), why.clone())],
                "{other}"
            );
        }
        assert!(parse_json::<Order>(br#" {"eventId":"x","items":[{"quantity":3}]} "#).is_ok());
    }

    #[test]
    fn broken_json_trailing_text_and_deep_nesting_are_refused() {
        // N1
        for bad in ["", "{", "{} {}", "nope"] {
            assert!(parse_json::<Value>(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(blamed(r#"{"eventId""#).is_empty());
        for open in ["{\"a\":", "["] {
            let deep = format!("{{\"items\":{}", open.repeat(100_000));
            let Err(error) = parse_json::<Value>(deep.as_bytes()) else {
                panic!("it was read");
            };
            assert_eq!(error.status(), StatusCode::BAD_REQUEST);
            assert!(
                error
                    .body()
                    .message
                    .starts_with("The body is nested too deeply"),
                "{}",
                error.body().message
            );
        }
    }
}
