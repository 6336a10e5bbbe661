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

use super::body::parse_json;
use super::words::{plain, quoted};
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
                let (field, why) = text.split_once(": ").unwrap_or_else(|| {
                    let named = quoted(text).first().copied();
                    (named.unwrap_or("query"), text)
                });
                ApiError::field(field, plain(why))
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
        ErrorKind::ParseErrorAtKey { key, .. } => ApiError::field(key.clone(), "is not valid"),
        ErrorKind::DeserializeError { key, message, .. } => {
            ApiError::field(key.clone(), plain(message))
        }
        ErrorKind::InvalidUtf8InPathParam { key } => {
            ApiError::field(key.clone(), "must be UTF-8 text")
        }
        // A single parameter has no key: the routes call it an id.
        _ => ApiError::field("id", plain("UUID")),
    }
}
