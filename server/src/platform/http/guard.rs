//! The middleware around every route: request id, log line, metrics, load, time limit, panics, headers.
//!
//! One layer instead of eight, so that a request pays for one boxed future. It logs the route's
//! template, never the raw path: paths of ticket pages are secrets.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use tracing::Instrument as _;

use super::load;
use crate::app::AppState;
use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_CHARS_MAX: usize = 64;
/// What answers that say nothing else may do in a browser: nothing.
const CSP_NOTHING: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The layer itself; it must be the outermost.
pub async fn guard(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: latency is measured here and nowhere decided on"
    )]
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let template = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let id = request_id(request.headers(), &app);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let span = tracing::info_span!(
        "request",
        request.id = id.to_str().unwrap_or_default(),
        http.method = %method,
        http.route = template,
    );
    let limit = Duration::from_secs(app.config.request_timeout_secs);
    let place = app.load.enter(load::priority(&method, template));
    let work = async {
        // Held until the answer is there.
        match &place {
            Ok(_place) => next.run(request).await,
            Err(retry_secs) => {
                metrics::counter!("http_requests_shed_total").increment(1);
                ApiError::overloaded(*retry_secs).into_response()
            }
        }
    };
    let work = AssertUnwindSafe(tokio::time::timeout(limit, work))
        .catch_unwind()
        .instrument(span.clone());
    let mut response = match work.await {
        Ok(Ok(response)) => response,
        Ok(Err(_elapsed)) => {
            ApiError::unavailable("timeout", "This took too long. Try again.").into_response()
        }
        Err(panic) => {
            let _in_span = span.enter();
            tracing::error!(panic = panic_text(&*panic), "handler panicked");
            ApiError::internal_unlogged().into_response()
        }
    };
    drop(place);
    set_headers(&app, template, response.headers_mut());
    response.headers_mut().insert(REQUEST_ID, id);
    record(
        &span,
        &method,
        template,
        response.status(),
        started.elapsed(),
    );
    response
}

/// The proxy's id when it is a sane one, else one of ours.
fn request_id(headers: &HeaderMap, app: &AppState) -> HeaderValue {
    let sane = |value: &&HeaderValue| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&value.len())
            && value
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    if let Some(given) = headers.get(REQUEST_ID).filter(sane) {
        return given.clone();
    }
    let mut random = [0; 8];
    app.entropy.fill(&mut random);
    let text = data_encoding::HEXLOWER.encode(&random);
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("none"))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("not a text")
}

/// Defaults for what the handler did not say itself.
fn set_headers(app: &AppState, template: &str, headers: &mut HeaderMap) {
    let mut default = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    default(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    default(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Ticket pages live at secret links: they must not travel on in a Referer.
    default(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    let csp = if template.starts_with("/docs") {
        HeaderValue::from_static(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
             frame-ancestors 'none'",
        )
    } else {
        CSP_NOTHING
    };
    default(header::CONTENT_SECURITY_POLICY, csp);
    if template.starts_with("/api/") {
        default(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if app.config.public_url.starts_with("https://") {
        default(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
}

fn record(
    span: &tracing::Span,
    method: &Method,
    template: &str,
    status: StatusCode,
    elapsed: Duration,
) {
    let labels = [
        ("method", method_label(method).to_owned()),
        ("route", template.to_owned()),
        ("status", status.as_str().to_owned()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_seconds", &labels[..2]).record(elapsed.as_secs_f64());
    let _in_span = span.enter();
    let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    let http_status = status.as_u16();
    if status.is_server_error() {
        tracing::error!(http.status = http_status, elapsed_us, "request failed");
    } else if is_probe(template) {
        tracing::debug!(http.status = http_status, elapsed_us, "probe answered");
    } else {
        tracing::info!(http.status = http_status, elapsed_us, "request answered");
    }
}

/// Methods are text that callers choose; a label must not be.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn is_probe(template: &str) -> bool {
    matches!(template, "/healthz" | "/readyz" | "/metrics")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;
    use crate::testing::TestApp;

    async fn boom() -> Response {
        panic!("the reason is for the log only")
    }

    fn router(app: &AppState) -> Router {
        Router::new()
            .route("/t/{secret}", get(async || "a page"))
            .route("/boom", get(boom))
            .route("/forever", get(std::future::pending::<Response>))
            .layer(axum::middleware::from_fn_with_state(app.clone(), guard))
            .with_state(app.clone())
    }

    async fn call(app: &AppState, path: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let Ok(response) = router(app).oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX)
            .await
            .expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (parts.status, parts.headers, text)
    }

    /// Collects what would be logged.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("one thread").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Lines {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_tells_nothing() {
        // N1
        let test = TestApp::new().await;
        let (status, headers, body) = call(&test.app, "/boom").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            body.contains(r#""code":"internal""#) && !body.contains("reason"),
            "{body}"
        );
        assert!(headers.contains_key("x-request-id"));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        // N1
        // No time at all: whatever is not ready at once is late.
        let test = TestApp::configured(&[], |config| config.request_timeout_secs = 0).await;
        let (status, headers, body) = call(&test.app, "/forever").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        assert!(body.contains(r#""code":"timeout""#), "{body}");
        assert!(headers.contains_key("retry-after"));
    }

    #[tokio::test]
    async fn secret_paths_and_tokens_do_not_reach_the_log() {
        // N6
        let test = TestApp::new().await;
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(lines.clone())
            .finish();
        let logging = tracing::subscriber::set_default(subscriber);
        let (status, ..) = call(&test.app, "/t/k3yp4ge?token=t0ken").await;
        assert_eq!(status, StatusCode::OK);
        drop(logging);
        let bytes = lines.0.lock().expect("one thread").clone();
        let log = String::from_utf8_lossy(&bytes);
        assert!(
            log.contains("/t/{secret}") && log.contains("request answered"),
            "{log}"
        );
        assert!(!log.contains("k3yp4ge") && !log.contains("t0ken"), "{log}");
    }
}
