//! An answer that is a page to print.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

/// Shown by the browser, kept by nobody on the way: it may hold what opens a gate.
pub fn as_pdf(name: &'static str, bytes: Vec<u8>) -> Response {
    let mut answer = bytes.into_response();
    let headers = answer.headers_mut();
    for (header, value) in [
        (header::CONTENT_TYPE, "application/pdf"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(header, HeaderValue::from_static(value));
    }
    if let Ok(shown) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, shown);
    }
    answer
}
