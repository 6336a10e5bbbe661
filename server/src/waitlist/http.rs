//! `/waitlist` and `/events/{id}/waitlist`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::waitlist::{JoinWaitlist, WaitView};
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_mine))
        .routes(routes!(leave))
        .routes(routes!(list))
        .routes(routes!(join))
}

/// Queues up for a class that is sold out. An offer is an order in your name: pay it in time.
#[utoipa::path(post, path = "/events/{id}/waitlist/join", tag = "waitlist", operation_id = "join_waitlist", request_body = JoinWaitlist,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = WaitView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn join(
    State(app): State<AppState>,
    caller: Caller,
    Path(event): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<JoinWaitlist>,
) -> Result<(StatusCode, Json<WaitView>), ApiError> {
    let attempt = key.attempt(&format!("events/{event}/waitlist"), caller.user, &wanted)?;
    let wait = super::join(&app, caller, event, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(wait)))
}

/// Lists my places on waitlists, newest first.
#[utoipa::path(get, path = "/waitlist", tag = "waitlist", operation_id = "my_waits", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<WaitView>)))]
async fn list_mine(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<WaitView>>, ApiError> {
    Ok(Json(super::list_mine(&app, &caller, &page).await?))
}

/// Leaves a waitlist.
#[utoipa::path(delete, path = "/waitlist/{waitId}", tag = "waitlist", operation_id = "leave_waitlist",
    params(("waitId" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = WaitView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn leave(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<WaitView>, ApiError> {
    Ok(Json(super::leave(&app, caller, id).await?))
}

/// Lists who waits for an event's tickets, in the order they came.
#[utoipa::path(get, path = "/events/{id}/waitlist", tag = "waitlist", operation_id = "list_waits", params(("id" = EventId, Path), PageParams),
    security(("bearer" = [])), responses((status = 200, body = Page<WaitView>), (status = 404, body = ErrorBody)))]
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Path(event): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<WaitView>>, ApiError> {
    Ok(Json(super::list(&app, &caller, event, &page).await?))
}
