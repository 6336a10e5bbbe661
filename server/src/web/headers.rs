//! What every page says to the browser about itself.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use maud::Markup;

/// Only our own files; no inline script or style, no frames, no forms elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self' data:; worker-src 'self'; base-uri 'none'; form-action 'self'; \
     frame-ancestors 'none'",
);
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// A page that anyone may see and keep for a moment.
pub(super) fn public(page: Markup) -> Response {
    let cache = HeaderValue::from_static("public, max-age=30");
    answer(StatusCode::OK, page, cache)
}

/// There is no such page, yet.
pub(super) fn missing(page: Markup) -> Response {
    let cache = HeaderValue::from_static("no-store");
    answer(StatusCode::NOT_FOUND, page, cache)
}

/// A page at a secret link: for this browser only, and asked for again each time.
pub(super) fn private(status: StatusCode, page: Markup) -> Response {
    let mut response = answer(status, page, HeaderValue::from_static("private, no-cache"));
    let robots = HeaderValue::from_static("noindex, nofollow");
    response.headers_mut().insert(ROBOTS, robots);
    response
}

fn answer(status: StatusCode, page: Markup, cache: HeaderValue) -> Response {
    let headers = [
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (status, headers, Html(page.into_string())).into_response()
}
