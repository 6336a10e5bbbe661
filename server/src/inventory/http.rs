//! `/issued-tickets`.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::selling::{CreatePool, PoolView, UpdatePool};
use shared::api::tickets::{BatchView, CreateBatch, EventStats, IssuedTicketView, TicketStatus};
use shared::api::venues::SeatView;
use shared::ids::{ClassId, EventId, TicketId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::batch::Wait;
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
        .routes(routes!(show_batch))
        .routes(routes!(seats))
        .routes(routes!(pools, create_pool))
        .routes(routes!(edit_pool))
}

/// Creates stock: 1 to 100,000 tickets of a class, or its seats. Sent again with the same
/// `Idempotency-Key` it finishes what an interruption left and never doubles it. With
/// `Prefer: respond-async` a job makes the tickets: the answer is 202, and the batch can be looked at.
#[utoipa::path(post, path = "/issued-tickets/batch", tag = "inventory", request_body = CreateBatch,
    params(("Idempotency-Key" = Option<String>, Header), ("Prefer" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = BatchView), (status = 202, body = BatchView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create_batch(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    headers: HeaderMap,
    Json(wanted): Json<CreateBatch>,
) -> Result<(StatusCode, Json<BatchView>), ApiError> {
    let attempt = key.attempt("issued-tickets/batch", caller.user, &wanted)?;
    let (wait, status) = if wants_async(&headers) {
        (Wait::No, StatusCode::ACCEPTED)
    } else {
        (Wait::UntilDone, StatusCode::CREATED)
    };
    let batch = super::create_batch(&app, caller, wanted, attempt, wait).await?;
    Ok((status, Json(batch)))
}

/// RFC 7240.
fn wants_async(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").iter();
    let mut preferences = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    preferences.any(|preference| preference.trim().eq_ignore_ascii_case("respond-async"))
}

/// Shows how far a batch is.
#[utoipa::path(get, path = "/issued-tickets/batches/{batchId}", tag = "inventory", params(("batchId" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = BatchView), (status = 404, body = ErrorBody)))]
async fn show_batch(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<BatchView>, ApiError> {
    Ok(Json(super::show_batch(&app, &caller, &id).await?))
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

/// Makes classes share a number of tickets, beside the stock that each has.
#[utoipa::path(post, path = "/events/{id}/pools", tag = "inventory", request_body = CreatePool,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = PoolView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create_pool(
    State(app): State<AppState>,
    caller: Caller,
    Path(event): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<CreatePool>,
) -> Result<(StatusCode, Json<PoolView>), ApiError> {
    let attempt = key.attempt(&format!("events/{event}/pools"), caller.user, &wanted)?;
    let pool = super::create_pool(&app, caller, event, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(pool)))
}

/// Lists an event's pools, counted exactly.
#[utoipa::path(get, path = "/events/{id}/pools", tag = "inventory", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<PoolView>), (status = 404, body = ErrorBody)))]
async fn pools(
    State(app): State<AppState>,
    caller: Caller,
    Path(event): Path<EventId>,
) -> Result<Json<Page<PoolView>>, ApiError> {
    Ok(Json(super::pools(&app, caller, event).await?))
}

/// Changes a pool's limit.
#[utoipa::path(patch, path = "/events/{id}/pools/{poolId}", tag = "inventory", request_body = UpdatePool,
    params(("id" = EventId, Path), ("poolId" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = PoolView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn edit_pool(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, pool)): Path<(EventId, String)>,
    Json(wanted): Json<UpdatePool>,
) -> Result<Json<PoolView>, ApiError> {
    Ok(Json(
        super::edit_pool(&app, caller, event, pool, wanted).await?,
    ))
}
