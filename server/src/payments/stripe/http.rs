//! Where Stripe tells us.

use axum::extract::State;
use axum::http::HeaderMap;
use shared::api::error::ErrorBody;
use shared::ids::OrganizationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::take::take;
use crate::app::AppState;
use crate::error::ApiError;
use crate::payments::http::Taken;
use crate::platform::http::{Json, Path, RawBody};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhook_stripe))
        .routes(routes!(webhook_stripe_of))
}

/// What Stripe tells us, signed with `Stripe-Signature` under the endpoint's secret.
#[utoipa::path(post, path = "/payments/webhook/stripe", tag = "payments", request_body = serde_json::Value,
    params(("Stripe-Signature" = String, Header)),
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook_stripe(
    State(app): State<AppState>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, None, &headers, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// What Stripe tells an organization that has an account of its own, signed with that account's secret.
#[utoipa::path(post, path = "/payments/webhook/stripe/{organizationId}", tag = "payments", request_body = serde_json::Value,
    params(("organizationId" = OrganizationId, Path), ("Stripe-Signature" = String, Header)),
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook_stripe_of(
    State(app): State<AppState>,
    Path(organization): Path<OrganizationId>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    take(&app, Some(organization), &headers, &body).await?;
    Ok(Json(Taken { received: true }))
}
