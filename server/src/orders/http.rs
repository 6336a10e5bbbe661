//! `/orders`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shared::api::error::ErrorBody;
use shared::api::orders::{CancelRequest, CreateOrder, OrderView, PayLater, RefundRequest};
use shared::api::page::Page;
use shared::ids::OrderId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{form, guest};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, ClientIp, Json, PageParams, Path, as_pdf};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, place))
        .routes(routes!(show))
        .routes(routes!(cancel))
        .routes(routes!(refund))
        .routes(routes!(receipt))
        .routes(routes!(pay_later))
        .routes(routes!(settle))
        .merge(guest::http::routes())
        .merge(form::http::routes())
}

/// Holds stock and its price until `expiresAt`. Codes of 409: `sold_out`; `all_held` when some may
/// return (`mayReturnAt`); `not_on_sale` (`opensAt`), `sale_over`, `not_released`; `min_per_order`,
/// `max_per_order`, `max_per_person`; `price_changed`; `code_needed`, `bad_code`, `code_used_up`,
/// `code_all_held`, `code_not_for_these`.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = CreateOrder,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = OrderView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody), (status = 429, body = ErrorBody)))]
async fn place(
    State(app): State<AppState>,
    caller: Caller,
    ClientIp(ip): ClientIp,
    key: IdempotencyKey,
    Json(wanted): Json<CreateOrder>,
) -> Result<(StatusCode, Json<OrderView>), ApiError> {
    if wanted.code.is_some() {
        // Guessing is slowed down, right or wrong.
        app.limiters.code(ip, &caller.user.to_string())?;
    }
    let attempt = key.attempt("orders", caller.user, &wanted)?;
    let order = super::place(&app, caller, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

/// The receipt of an order that was paid, as a page to print. For its buyer and the organizer.
#[utoipa::path(get, path = "/orders/{id}/receipt", tag = "orders", params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, content((Vec<u8> = "application/pdf"))), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn receipt(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Response, ApiError> {
    let pdf = super::receipt::receipt(&app, &caller, id).await?;
    Ok(as_pdf("receipt.pdf", pdf))
}

/// Lists my orders, newest first.
#[utoipa::path(get, path = "/orders", tag = "orders", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<OrderView>)))]
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<OrderView>>, ApiError> {
    Ok(Json(super::list(&app, &caller, &page).await?))
}

/// Shows an order to its buyer, the event's organizer and administrators.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders", params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderView), (status = 404, body = ErrorBody)))]
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderView>, ApiError> {
    Ok(Json(super::show(&app, &caller, id).await?))
}

/// Gives up an order that is not paid; its stock returns at once.
#[utoipa::path(post, path = "/orders/{id}/cancel", tag = "orders", request_body = Option<CancelRequest>,
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn cancel(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
    request: Option<Json<CancelRequest>>,
) -> Result<Json<OrderView>, ApiError> {
    let reason = request.map(|Json(request)| request.reason);
    let request = CancelRequest {
        reason: reason.unwrap_or_default(),
    };
    Ok(Json(super::cancel(&app, caller, id, request).await?))
}

/// Gives the money back and voids the tickets, at the gates too; of the whole order, or of the
/// `tickets` that are named. Others may buy the places, unless `restock` is false. Organizers and
/// administrators.
#[utoipa::path(post, path = "/orders/{id}/refund", tag = "orders", request_body = Option<RefundRequest>,
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn refund(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
    request: Option<Json<RefundRequest>>,
) -> Result<Json<OrderView>, ApiError> {
    let request = request.map(|Json(request)| request).unwrap_or_default();
    Ok(Json(super::refund(&app, caller, id, request).await?))
}

/// Lets an order that is not paid be paid later. Its stock is kept, its tickets can be claimed, and
/// the gates know them as unpaid. Organizers and administrators; another call changes the terms.
#[utoipa::path(post, path = "/orders/{id}/pay-later", tag = "orders", request_body = PayLater,
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn pay_later(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Json(wanted): Json<PayLater>,
) -> Result<Json<OrderView>, ApiError> {
    Ok(Json(super::pay_later(&app, caller, id, wanted).await?))
}

/// The money for an order that may pay later came another way, as cash at the door: it is PAID.
/// Organizers and administrators.
#[utoipa::path(post, path = "/orders/{id}/settle", tag = "orders",
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn settle(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderView>, ApiError> {
    Ok(Json(super::settle(&app, caller, id).await?))
}
