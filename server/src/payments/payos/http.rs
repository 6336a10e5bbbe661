//! The webhook's two addresses, and how the gateway learns the first.

use axum::extract::State;
use serde::Serialize;
use shared::api::error::ErrorBody;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::register::register_webhook;
use super::take::take;
use crate::app::AppState;
use crate::error::ApiError;
use crate::payments::http::Taken;
use crate::platform::http::{Caller, Json, RawBody};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhook))
        .routes(routes!(webhook_plain))
        .routes(routes!(register))
}

/// What PayOS tells us: its own envelope, `data` signed under the channel's checksum key.
#[utoipa::path(post, path = "/payments/webhook/payos", tag = "payments", request_body = serde_json::Value,
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook(
    State(app): State<AppState>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// The same, at the address that PayOS knows by itself.
#[utoipa::path(post, path = "/payments/webhook", tag = "payments", request_body = serde_json::Value,
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook_plain(
    State(app): State<AppState>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// Where the gateway sends what arrives.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Registered {
    webhook_url: String,
}

/// Tells PayOS this server's webhook, which replaces the one that the channel had.
#[utoipa::path(post, path = "/payments/payos/webhook", tag = "payments", security(("bearer" = [])),
    responses((status = 200, body = Registered), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn register(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Registered>, ApiError> {
    caller.require_admin()?;
    let webhook_url = register_webhook(&app).await?;
    Ok(Json(Registered { webhook_url }))
}
