//! `/healthz`, `/readyz`, `/metrics`: for machines that watch, not for callers of the API.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::extract::Json;
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::telemetry;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// The process runs.
async fn healthz() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// It can serve: the database answers and no stop is under way.
async fn readyz(State(app): State<AppState>) -> Result<Response, ApiError> {
    if app.stopping.is_cancelled() {
        return Err(ApiError::unavailable("stopping", "The server is stopping."));
    }
    app.db.ping().await.map_err(|error| {
        tracing::warn!(%error, "the database does not answer");
        ApiError::unavailable("database", "The database does not answer.")
    })?;
    Ok(Json(json!({ "status": "ready" })).into_response())
}

async fn metrics() -> Response {
    let text = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], telemetry::render_metrics()).into_response()
}
