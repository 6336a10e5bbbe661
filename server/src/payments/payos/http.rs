//! The webhook's two addresses, and how the gateway learns the first.

use axum::extract::State;
use serde::Serialize;
use shared::api::error::ErrorBody;
use shared::ids::OrganizationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::register::register_webhook;
use super::take::take;
use crate::app::AppState;
use crate::error::ApiError;
use crate::payments::http::Taken;
use crate::platform::http::{Caller, Json, Path, RawBody};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhook))
        .routes(routes!(webhook_plain))
        .routes(routes!(webhook_of))
        .routes(routes!(register))
}

/// What PayOS tells us: its own envelope, `data` signed under the channel's checksum key.
#[utoipa::path(post, path = "/payments/webhook/payos", tag = "payments", request_body = serde_json::Value,
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook(
    State(app): State<AppState>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, None, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// The same, at the address that PayOS knows by itself.
#[utoipa::path(post, path = "/payments/webhook", tag = "payments", request_body = serde_json::Value,
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook_plain(
    State(app): State<AppState>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, None, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// What PayOS tells an organization that has a channel of its own, signed under that one's key.
#[utoipa::path(post, path = "/payments/webhook/payos/{organizationId}", tag = "payments", request_body = serde_json::Value,
    params(("organizationId" = OrganizationId, Path)),
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook_of(
    State(app): State<AppState>,
    Path(organization): Path<OrganizationId>,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, Some(organization), &body).await?;
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
