//! Where Stripe tells us.

use axum::extract::State;
use axum::http::HeaderMap;
use shared::api::error::ErrorBody;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::take::take;
use crate::app::AppState;
use crate::error::ApiError;
use crate::payments::http::Taken;
use crate::platform::http::{Json, RawBody};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(webhook_stripe))
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
    take(&app, &headers, &body).await?;
    Ok(Json(Taken { received: true }))
}
