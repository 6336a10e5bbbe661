//! `/issued-tickets`.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::tickets::{BatchView, CreateBatch, EventStats, IssuedTicketView, TicketStatus};
use shared::api::venues::SeatView;
use shared::ids::{ClassId, EventId, TicketId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find;
use super::seats::{SEATS_PAGE_DEFAULT, SEATS_PAGE_MAX};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, MaybeCaller, PageParams, Path, Query};

/// 100,000 seats of 32 characters.
const BATCH_BODY_BYTES_MAX: usize = 5 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_batch))
        .layer(DefaultBodyLimit::max(BATCH_BODY_BYTES_MAX))
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(stats))
        .routes(routes!(seats))
}

/// Creates stock: 1 to 100,000 tickets of a class, or its seats. Sent again with the same
/// `Idempotency-Key` it finishes what an interruption left and never doubles it.
#[utoipa::path(post, path = "/issued-tickets/batch", tag = "inventory", request_body = CreateBatch,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = BatchView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create_batch(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Json(wanted): Json<CreateBatch>,
) -> Result<(StatusCode, Json<BatchView>), ApiError> {
    let attempt = key.attempt("issued-tickets/batch", caller.user, &wanted)?;
    let batch = super::create_batch(&app, caller, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(batch)))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Filter {
    event_id: EventId,
    class_id: Option<ClassId>,
    status: Option<TicketStatus>,
}

/// Lists an event's stock.
#[utoipa::path(get, path = "/issued-tickets", tag = "inventory", params(Filter, PageParams), security((), ("bearer" = [])),
    responses((status = 200, body = Page<IssuedTicketView>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn list(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Query(filter): Query<Filter>,
    page: PageParams,
) -> Result<Json<Page<IssuedTicketView>>, ApiError> {
    let filter = find::Filter {
        event: filter.event_id,
        class: filter.class_id,
        status: filter.status,
    };
    Ok(Json(
        super::list(&app, caller.as_ref(), filter, &page).await?,
    ))
}

/// Shows one unit of stock.
#[utoipa::path(get, path = "/issued-tickets/{id}", tag = "inventory", params(("id" = TicketId, Path)), security((), ("bearer" = [])),
    responses((status = 200, body = IssuedTicketView), (status = 404, body = ErrorBody)))]
async fn show(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<TicketId>,
) -> Result<Json<IssuedTicketView>, ApiError> {
    Ok(Json(super::show(&app, caller.as_ref(), id).await?))
}

/// Counts an event's stock by class and status, exactly.
#[utoipa::path(get, path = "/issued-tickets/stats/{eventId}", tag = "inventory", params(("eventId" = EventId, Path)), security((), ("bearer" = [])),
    responses((status = 200, body = EventStats), (status = 404, body = ErrorBody)))]
async fn stats(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(event): Path<EventId>,
) -> Result<Json<EventStats>, ApiError> {
    Ok(Json(super::stats(&app, caller.as_ref(), event).await?))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct SeatsPage {
    /// Seats in the page: 1 to 5,000, 1,000 when absent.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// Lists an event's seats by label, with status and price: what a seat map shows.
#[utoipa::path(get, path = "/events/{id}/seats", tag = "inventory", params(("id" = EventId, Path), SeatsPage), security((), ("bearer" = [])),
    responses((status = 200, body = Page<SeatView>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn seats(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(event): Path<EventId>,
    Query(page): Query<SeatsPage>,
) -> Result<Json<Page<SeatView>>, ApiError> {
    let limit = page.limit.unwrap_or(SEATS_PAGE_DEFAULT);
    if !(1..=SEATS_PAGE_MAX).contains(&limit) {
        let why = format!("must be from 1 to {SEATS_PAGE_MAX}");
        return Err(ApiError::field("limit", why));
    }
    let cursor = page.cursor.filter(|cursor| !cursor.is_empty());
    let seats = super::seats(&app, caller.as_ref(), event, limit, cursor.as_deref()).await?;
    Ok(Json(seats))
}
