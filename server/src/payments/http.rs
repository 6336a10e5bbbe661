//! `/payments`, the webhooks, and the demo gateway's own API.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use shared::api::error::ErrorBody;
use shared::api::orders::OrderView;
use shared::api::page::Page;
use shared::api::payments::{ConfirmRefund, CreatePayment, DisputeView, PaymentView, RefundView};
use shared::ids::{EventId, PaymentId, RefundId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{demo, merchants, payos, reconciliation, stripe};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, PageParams, Path, RawBody};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(show))
        .routes(routes!(webhook_demo))
        .routes(routes!(refunds_due))
        .routes(routes!(refund_confirmed))
        .routes(routes!(look))
        .routes(routes!(disputes))
        .routes(routes!(revoke))
        .merge(reconciliation::http::routes())
        .merge(merchants::http::routes())
        .merge(payos::http::routes())
        .merge(stripe::http::routes())
        .merge(demo::http::routes())
}

/// Starts to pay an order; the same order again gives the same pending payment.
#[utoipa::path(post, path = "/payments", tag = "payments", request_body = CreatePayment,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = PaymentView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn create(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Json(wanted): Json<CreatePayment>,
) -> Result<(StatusCode, Json<PaymentView>), ApiError> {
    let attempt = key.attempt("payments", caller.user, &wanted)?;
    let payment = super::create(&app, caller, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(payment)))
}

/// Shows a payment to whoever may see its order.
#[utoipa::path(get, path = "/payments/{id}", tag = "payments", params(("id" = PaymentId, Path)), security(("bearer" = [])),
    responses((status = 200, body = PaymentView), (status = 404, body = ErrorBody)))]
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<PaymentId>,
) -> Result<Json<PaymentView>, ApiError> {
    Ok(Json(super::show(&app, &caller, id).await?))
}

/// A delivery was taken, now or before.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Taken {
    pub(super) received: bool,
}

/// What the demo gateway tells us, signed with `X-Demo-Signature: t=<unix>,v1=<hex>`.
#[utoipa::path(post, path = "/payments/webhook/demo", tag = "payments", request_body = serde_json::Value,
    params(("X-Demo-Signature" = String, Header)),
    responses((status = 200, body = Taken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody)))]
async fn webhook_demo(
    State(app): State<AppState>,
    headers: HeaderMap,
    RawBody(body): RawBody,
) -> Result<Json<Taken>, ApiError> {
    demo::refuse_in_production(&app)?;
    super::receive(&app, &headers, &body).await?;
    Ok(Json(Taken { received: true }))
}

/// What an event's payers still have to get back, oldest first.
#[utoipa::path(get, path = "/events/{id}/refunds", tag = "payments", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Vec<RefundView>), (status = 404, body = ErrorBody)))]
async fn refunds_due(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<Vec<RefundView>>, ApiError> {
    Ok(Json(super::due_of(&app, &caller, id).await?))
}

/// Tells that a sum was transferred by hand, with the bank's reference as the proof.
#[utoipa::path(post, path = "/refunds/{id}/confirm", tag = "payments", request_body = ConfirmRefund, params(("id" = RefundId, Path)), security(("bearer" = [])),
    responses((status = 200, body = RefundView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn refund_confirmed(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<RefundId>,
    Json(transferred): Json<ConfirmRefund>,
) -> Result<Json<RefundView>, ApiError> {
    Ok(Json(super::confirm(&app, &caller, id, transferred).await?))
}

/// Asks the gateway how a payment stands, now: money, refunds and disputes that the books do not know
/// are taken into them.
#[utoipa::path(post, path = "/payments/{id}/look", tag = "payments", params(("id" = PaymentId, Path)), security(("bearer" = [])),
    responses((status = 200, body = PaymentView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody), (status = 502, body = ErrorBody)))]
async fn look(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<PaymentId>,
) -> Result<Json<PaymentView>, ApiError> {
    Ok(Json(super::look(&app, &caller, id).await?))
}

/// Lists the disputes about an event's payments, latest first.
#[utoipa::path(get, path = "/events/{id}/disputes", tag = "payments", params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<DisputeView>), (status = 404, body = ErrorBody)))]
async fn disputes(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<DisputeView>>, ApiError> {
    Ok(Json(super::disputes::list(&app, &caller, id, &page).await?))
}

/// Voids the tickets of a disputed order. What its price owes then waits for the bank's decision.
#[utoipa::path(post, path = "/events/{id}/disputes/{disputeId}/revoke", tag = "payments",
    params(("id" = EventId, Path), ("disputeId" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn revoke(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, dispute)): Path<(EventId, String)>,
) -> Result<Json<OrderView>, ApiError> {
    let order = super::disputes::revoke(&app, caller, id, &dispute).await?;
    Ok(Json(order))
}
