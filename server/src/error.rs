//! The one place where errors become HTTP answers, in the one JSON shape (N1).
//!
//! Each slice has its own `thiserror` enum and an `impl From<its::Error> for ApiError` in its
//! `error.rs`; `anyhow` is for `main`, jobs and tests only.
//! Invariants: `code` is stable; `message` is safe to show; the source of a 500 is logged once,
//! here, and never sent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::api::error::ErrorBody;

use crate::platform::db::DbError;

/// An error on its way to a client.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
    details: BTreeMap<String, String>,
    retry_after_secs: Option<u64>,
}

impl ApiError {
    pub fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: BTreeMap::new(),
            retry_after_secs: None,
        }
    }

    /// 400.
    pub fn bad_request(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 400 `validation`: one field is wrong, and why.
    pub fn field(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::fields([(name.into(), why.into())])
    }

    /// 400 `validation` for several fields at once.
    pub fn fields(details: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut error = Self::bad_request("validation", "Some of the input is not valid.");
        error.details.extend(details);
        error
    }

    /// 401: who is calling is not known, or no longer.
    pub fn unauthorized(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 403: the caller is known and may not.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404: `what` in words, as in "event". Also the answer to strangers: they learn nothing.
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("There is no such {what}."),
        )
    }

    /// 409.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// 422.
    pub fn unprocessable(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    /// 429 with `Retry-After`, in seconds.
    pub fn too_many(retry_after_secs: u64) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limited",
            format!("Too many attempts. Try again in {retry_after_secs} s."),
        );
        error.retry_after_secs = Some(retry_after_secs);
        error
    }

    /// 503: try again shortly.
    pub fn unavailable(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        error.retry_after_secs = Some(1);
        error
    }

    /// 503: too much is going on; others go first.
    pub fn overloaded(retry_after_secs: u64) -> Self {
        let message =
            format!("Too many people are here at once. Try again in {retry_after_secs} s.");
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message);
        error.retry_after_secs = Some(retry_after_secs);
        error
    }

    /// 500. Logs the error with its sources; the client only learns that it happened.
    pub fn internal(error: impl Error) -> Self {
        tracing::error!(error = %Chain(&error), "request failed");
        Self::internal_unlogged()
    }

    /// 500 for a broken promise of our own that has no error value.
    pub fn inconsistent(what: &str) -> Self {
        tracing::error!(what, "inconsistent state");
        Self::internal_unlogged()
    }

    pub(crate) fn internal_unlogged() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side.",
        )
    }

    /// Names a field (or another fact a program may want) in `details`.
    #[must_use]
    pub fn detail(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.details.insert(name.into(), value.to_string());
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            status_code: self.status.as_u16(),
            message: self.message.clone().into_owned(),
            error: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            code: self.code.to_owned(),
            details: self.details.clone(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::BadCursor => Self::field("cursor", "is not one that this list gave"),
            DbError::Contended => {
                tracing::warn!("a transaction was given up");
                Self::unavailable("busy", "Too much is going on at once. Try again.")
            }
            DbError::Stopped => Self::unavailable("stopping", "The server is stopping."),
            other => Self::internal(other),
        }
    }
}

/// An error with all its sources on one line.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
