//! What people see where there is nothing; programs get the one error shape.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::{headers, layout};
use crate::error::ApiError;

/// The answer to an unknown path: a page for browsers, unless they look at the API.
pub fn missing(uri: &Uri, request: &HeaderMap) -> Response {
    let page = !uri.path().starts_with("/api/") && wants_html(request);
    let mut response = if page {
        headers::missing(page_of("page"))
    } else {
        ApiError::not_found("page or route").into_response()
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().insert(header::VARY, vary);
    response
}

pub(super) fn page_of(what: &str) -> Markup {
    layout::page(
        "Not found",
        &html! {
            h1 { "There is no such " (what) "." }
            p { "The link may be old, or a letter of it is missing." }
            p { a href="/" { "Upcoming events" } }
        },
    )
}

/// Browsers name the type; programs ask for everything or for JSON.
fn wants_html(request: &HeaderMap) -> bool {
    request
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|accept| accept.to_str().ok())
        .flat_map(|accept| accept.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|media| media.trim().eq_ignore_ascii_case("text/html"))
}
