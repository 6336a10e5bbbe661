//! `/organizations/{id}/payment-accounts`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::merchants::{MerchantView, MerchantsView, PayosKeys, StripeKeys};
use shared::api::payments::Provider;
use shared::ids::OrganizationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, remove, set};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts))
        .routes(routes!(put_stripe, delete_stripe))
        .routes(routes!(put_payos, delete_payos))
        .routes(routes!(confirm_payos))
}

/// Shows which accounts take the organization's money, and where its gateways must send their notices.
/// Keys are never shown.
#[utoipa::path(get, path = "/organizations/{id}/payment-accounts", tag = "payments", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 200, body = MerchantsView), (status = 404, body = ErrorBody)))]
async fn list_accounts(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<MerchantsView>, ApiError> {
    Ok(Json(find::list(&app, &caller, id).await?))
}

/// Sets the organization's own Stripe account, or new keys of it, once Stripe has taken them.
#[utoipa::path(put, path = "/organizations/{id}/payment-accounts/stripe", tag = "payments", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), request_body = StripeKeys,
    responses((status = 200, body = MerchantView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`too_many` accounts before it", body = ErrorBody),
        (status = 422, description = "`keys_refused` by the gateway", body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn put_stripe(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(keys): Json<StripeKeys>,
) -> Result<Json<MerchantView>, ApiError> {
    Ok(Json(set::set_stripe(&app, caller, id, keys).await?))
}

/// Sets the organization's own PayOS channel, or new keys of it, once PayOS has taken them.
#[utoipa::path(put, path = "/organizations/{id}/payment-accounts/payos", tag = "payments", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), request_body = PayosKeys,
    responses((status = 200, body = MerchantView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`too_many` accounts before it", body = ErrorBody),
        (status = 422, description = "`keys_refused` by the gateway", body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn put_payos(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(keys): Json<PayosKeys>,
) -> Result<Json<MerchantView>, ApiError> {
    Ok(Json(set::set_payos(&app, caller, id, keys).await?))
}

/// Tells PayOS the organization's address for notices, which replaces the one that the channel had.
#[utoipa::path(post, path = "/organizations/{id}/payment-accounts/payos/webhook", tag = "payments", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 200, body = MerchantView), (status = 404, body = ErrorBody),
        (status = 422, description = "`keys_refused` by the gateway", body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn confirm_payos(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<MerchantView>, ApiError> {
    Ok(Json(set::confirm_payos(&app, caller, id).await?))
}

/// Takes the Stripe account away. The server's own takes the next payments, where it is lent.
#[utoipa::path(delete, path = "/organizations/{id}/payment-accounts/stripe", tag = "payments", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 204, description = "removed"), (status = 404, body = ErrorBody),
        (status = 409, description = "`money_in_flight`: its keys are still needed", body = ErrorBody)))]
async fn delete_stripe(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<StatusCode, ApiError> {
    remove::remove(&app, caller, id, Provider::Stripe).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the PayOS channel away. The server's own takes the next payments, where it is lent.
#[utoipa::path(delete, path = "/organizations/{id}/payment-accounts/payos", tag = "payments", params(("id" = OrganizationId, Path)),
    security(("bearer" = [])), responses((status = 204, description = "removed"), (status = 404, body = ErrorBody),
        (status = 409, description = "`money_in_flight`: its keys are still needed", body = ErrorBody)))]
async fn delete_payos(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<StatusCode, ApiError> {
    remove::remove(&app, caller, id, Provider::Payos).await?;
    Ok(StatusCode::NO_CONTENT)
}
