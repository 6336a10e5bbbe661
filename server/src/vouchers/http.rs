//! `/events/{id}/vouchers`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::vouchers::{CreateVoucher, VoucherView};
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(retire))
}

/// Makes a voucher: a discount, a key to classes that need a code, or both.
#[utoipa::path(post, path = "/events/{id}/vouchers", tag = "vouchers", operation_id = "create_voucher", request_body = CreateVoucher,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = VoucherView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create(
    State(app): State<AppState>,
    caller: Caller,
    Path(event): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<CreateVoucher>,
) -> Result<(StatusCode, Json<VoucherView>), ApiError> {
    let attempt = key.attempt(&format!("events/{event}/vouchers"), caller.user, &wanted)?;
    let voucher = super::create(&app, caller, event, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(voucher)))
}

/// Lists an event's vouchers by code, with their uses.
#[utoipa::path(get, path = "/events/{id}/vouchers", tag = "vouchers", operation_id = "list_vouchers", params(("id" = EventId, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, body = Page<VoucherView>), (status = 404, body = ErrorBody)))]
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Path(event): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<VoucherView>>, ApiError> {
    Ok(Json(super::list(&app, caller, event, &page).await?))
}

/// Switches a voucher off; who holds tickets with it keeps them.
#[utoipa::path(delete, path = "/events/{id}/vouchers/{voucherId}", tag = "vouchers", operation_id = "retire_voucher",
    params(("id" = EventId, Path), ("voucherId" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = VoucherView), (status = 404, body = ErrorBody)))]
async fn retire(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, voucher)): Path<(EventId, String)>,
) -> Result<Json<VoucherView>, ApiError> {
    Ok(Json(super::retire(&app, caller, event, voucher).await?))
}
