//! The webhook's two addresses.

use axum::extract::State;
use shared::api::error::ErrorBody;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::take::take;
use crate::app::AppState;
use crate::error::ApiError;
use crate::payments::http::Taken;
use crate::platform::http::{Json, RawBody};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhook))
        .routes(routes!(webhook_plain))
}

/// What PayOS tells us: its own envelope, `data` signed under the channel's checksum key.
#[utoipa::path(post, path = "/payments/webhook/payos", tag = "payments", request_body = serde_json::Value,
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn webhook(
    State(app): State<AppState>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// The same, at the address that PayOS knows by itself.
#[utoipa::path(post, path = "/payments/webhook", tag = "payments", request_body = serde_json::Value,
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn webhook_plain(
    State(app): State<AppState>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, &body).await?;
    Ok(Json(Taken { received: true }))
}
