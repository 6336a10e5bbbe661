//! `Json`, `Binary`, `RawBody`, `Form`, `Query` and `Path` that answer in the error shape; `Json` is also
//! the answer.

use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON body in, at most `limits::JSON_BODY_BYTES_MAX` unless the route says otherwise, or out.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers().get(header::CONTENT_TYPE)) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "Send the body as JSON, with Content-Type: application/json.",
            ));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse_json(&bytes).map(Self)
    }
}

impl<S, T> OptionalFromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    /// `None` when the request says that it has no JSON.
    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        if request.headers().contains_key(header::CONTENT_TYPE) {
            <Self as FromRequest<S>>::from_request(request, state)
                .await
                .map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let json = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, json)], body).into_response()
            }
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

/// A body of any type, within the route's bound: for what is signed as it arrives.
#[derive(Clone, Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Bytes::from_request(request, state)
            .await
            .map(Self)
            .map_err(|error| {
                if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    ApiError::new(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "body_too_large",
                        "The body is too large.",
                    )
                } else {
                    ApiError::bad_request("body_unreadable", "The body did not arrive whole.")
                }
            })
    }
}

/// What a page's form sends.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<S, T> FromRequest<S> for Form<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    #[expect(clippy::disallowed_types, reason = "the one place that wraps it")]
    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let declared = request.headers().get(header::CONTENT_TYPE);
        if !essence(declared).eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_form",
                "Send the body as a form, with Content-Type: application/x-www-form-urlencoded.",
            ));
        }
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(bytes.into())
            .map_err(ApiError::internal)?;
        axum::extract::Form::<T>::from_request(request, state)
            .await
            .map(|form| Self(form.0))
            .map_err(|_| ApiError::bad_request("validation", "The form is not filled in as asked."))
    }
}

/// The media type of [`Binary`].
pub const BINARY: &str = "application/octet-stream";

/// A binary body, which the client must have declared as one.
#[derive(Clone, Debug)]
pub struct Binary(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for Binary {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let declared = request.headers().get(header::CONTENT_TYPE);
        if !essence(declared).eq_ignore_ascii_case(BINARY) {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_binary",
                "Send the body with Content-Type: application/octet-stream.",
            ));
        }
        RawBody::from_request(request, state)
            .await
            .map(|RawBody(bytes)| Self(bytes))
    }
}

/// Reads one JSON value strictly: nothing may follow it.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            field_error(&path, &inner.to_string())
        } else {
            not_json(&inner)
        }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

fn not_json(error: &serde_json::Error) -> ApiError {
    ApiError::bad_request(
        "validation",
        format!(
            "The body is not valid JSON (line {}, column {}).",
            error.line(),
            error.column()
        ),
    )
}

/// Serde blames the parent for a field that is missing or unknown; we name the field itself.
fn field_error(path: &str, message: &str) -> ApiError {
    let why = message
        .rsplit_once(" at line ")
        .map_or(message, |(why, _)| why);
    let parent = if path == "." { "" } else { path };
    let named = ["missing field `", "unknown field `"]
        .iter()
        .find_map(|prefix| why.strip_prefix(prefix))
        .and_then(|rest| rest.split_once('`'))
        .map(|(name, _)| name);
    let field = match (parent, named) {
        ("", Some(name)) => name.to_owned(),
        ("", None) => "body".to_owned(),
        // The path of an unknown field already ends with its name.
        (parent, Some(name)) if parent == name || parent.ends_with(&format!(".{name}")) => {
            parent.to_owned()
        }
        (parent, Some(name)) => format!("{parent}.{name}"),
        (parent, None) => parent.to_owned(),
    };
    ApiError::field(field, why)
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let essence = essence(content_type);
    essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5 && essence[..].to_ascii_lowercase().ends_with("+json"))
}

/// A media type without its parameters; empty when there is none.
fn essence(content_type: Option<&HeaderValue>) -> &str {
    content_type
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// The query string.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = ApiError;

    #[expect(clippy::disallowed_types, reason = "the one place that wraps it")]
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let text = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                match text.split_once(": ") {
                    Some((field, why)) => ApiError::field(field, why),
                    None => field_error(".", text),
                }
            })
    }
}

/// The parameters in the path.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<S, T> FromRequestParts<S> for Path<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Send,
{
    type Rejection = ApiError;

    #[expect(clippy::disallowed_types, reason = "the one place that wraps it")]
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|rejection| path_error(&rejection))
    }
}

fn path_error(rejection: &PathRejection) -> ApiError {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return ApiError::inconsistent("a route without the parameters that its handler reads");
    };
    match failed.kind() {
        ErrorKind::ParseErrorAtKey {
            key, expected_type, ..
        } => ApiError::field(key.clone(), format!("not a valid {expected_type}")),
        ErrorKind::DeserializeError { key, message, .. } => {
            ApiError::field(key.clone(), message.clone())
        }
        ErrorKind::InvalidUtf8InPathParam { key } => ApiError::field(key.clone(), "not UTF-8"),
        // A single parameter has no key: the routes call it an id.
        _ => ApiError::field("id", "not a valid id"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

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

    fn blamed(json: &str) -> Vec<String> {
        let error = parse_json::<Order>(json.as_bytes()).expect_err(json);
        assert_eq!(
            (error.status(), error.code()),
            (StatusCode::BAD_REQUEST, "validation")
        );
        error.body().details.into_keys().collect()
    }

    #[test]
    fn the_field_to_blame_is_named() {
        // N1
        assert_eq!(blamed("{}"), ["eventId"]);
        assert_eq!(blamed(r#"{"eventId":7}"#), ["eventId"]);
        assert_eq!(
            blamed(r#"{"eventId":"x","items":[{}]}"#),
            ["items[0].quantity"]
        );
        assert_eq!(
            blamed(r#"{"eventId":"x","items":[{"quantity":-1}]}"#),
            ["items[0].quantity"]
        );
        assert_eq!(blamed(r#"{"eventId":"x","items":[],"extra":1}"#), ["extra"]);
        assert_eq!(blamed("[]").len(), 1);
    }

    #[test]
    fn broken_json_and_trailing_text_are_refused() {
        // N1
        for bad in ["", "{", "{} {}", "nope"] {
            assert!(
                parse_json::<serde_json::Value>(bad.as_bytes()).is_err(),
                "{bad}"
            );
        }
        assert!(blamed(r#"{"eventId""#).is_empty());
    }
}
