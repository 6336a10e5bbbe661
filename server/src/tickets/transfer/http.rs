//! `/transfers`, a ticket's chain, and an event's rules.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::transfers::{AcceptTransfer, OfferTransfer, TransferRules, TransferView};
use shared::ids::{ClaimedTicketId, EventId, TransferId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{accept, find, offer, rules, settle};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub(in crate::tickets) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_transfers))
        .routes(routes!(ticket_transfers, offer_transfer))
        .routes(routes!(accept_transfer))
        .routes(routes!(decline_transfer))
        .routes(routes!(withdraw_transfer))
        .routes(routes!(transfer_rules, set_transfer_rules))
}

/// Lists what is or was offered to me, the latest first.
#[utoipa::path(get, path = "/transfers", tag = "tickets", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<TransferView>)))]
async fn list_transfers(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<TransferView>>, ApiError> {
    let now = app.clock.now();
    Ok(Json(find::list(&app, &caller, &page, now).await?))
}

/// The chain of a ticket's holders and offers, oldest first. For its holder and the organizer.
#[utoipa::path(get, path = "/claimed-tickets/{id}/transfers", tag = "tickets", params(("id" = ClaimedTicketId, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, body = Page<TransferView>), (status = 404, body = ErrorBody)))]
async fn ticket_transfers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    page: PageParams,
) -> Result<Json<Page<TransferView>>, ApiError> {
    let now = app.clock.now();
    Ok(Json(find::chain(&app, &caller, id, &page, now).await?))
}

/// Offers a ticket to the account of an e-mail address. It stays good until they accept.
#[utoipa::path(post, path = "/claimed-tickets/{id}/transfers", tag = "tickets", request_body = OfferTransfer,
    params(("id" = ClaimedTicketId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = TransferView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn offer_transfer(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    key: IdempotencyKey,
    Json(wanted): Json<OfferTransfer>,
) -> Result<(StatusCode, Json<TransferView>), ApiError> {
    let route = format!("claimed-tickets/{id}/transfers");
    let attempt = key.attempt(&route, caller.user, &wanted)?;
    let now = app.clock.now();
    let offered = offer::offer(&app, &caller, id, wanted, attempt, now).await?;
    Ok((StatusCode::CREATED, Json(offered)))
}

/// Accepts a ticket that is offered to me: it is mine, with a new code, and the old one is dead.
#[utoipa::path(post, path = "/transfers/{id}/accept", tag = "tickets", request_body = AcceptTransfer, params(("id" = TransferId, Path)),
    security(("bearer" = [])), responses((status = 200, body = TransferView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn accept_transfer(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TransferId>,
    Json(wanted): Json<AcceptTransfer>,
) -> Result<Json<TransferView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(accept::accept(&app, &caller, id, wanted, now).await?))
}

/// Declines a ticket that is offered to me.
#[utoipa::path(post, path = "/transfers/{id}/decline", tag = "tickets", params(("id" = TransferId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TransferView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn decline_transfer(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TransferId>,
) -> Result<Json<TransferView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(settle::decline(&app, &caller, id, now).await?))
}

/// Takes back an offer of mine.
#[utoipa::path(post, path = "/transfers/{id}/withdraw", tag = "tickets", params(("id" = TransferId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TransferView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn withdraw_transfer(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TransferId>,
) -> Result<Json<TransferView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(settle::withdraw(&app, &caller, id, now).await?))
}

/// Whether holders may pass their tickets on, and how often. For the event's organizer.
#[utoipa::path(get, path = "/events/{id}/transfer-rules", tag = "tickets", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TransferRules), (status = 404, body = ErrorBody)))]
async fn transfer_rules(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<TransferRules>, ApiError> {
    Ok(Json(rules::show(&app, &caller, id).await?))
}

/// Sets it, for open offers too.
#[utoipa::path(put, path = "/events/{id}/transfer-rules", tag = "tickets", request_body = TransferRules, params(("id" = EventId, Path)),
    security(("bearer" = [])), responses((status = 200, body = TransferRules), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_transfer_rules(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<TransferRules>,
) -> Result<Json<TransferRules>, ApiError> {
    let now = app.clock.now();
    Ok(Json(rules::set(&app, &caller, id, wanted, now).await?))
}
