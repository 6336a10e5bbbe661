//! `/claimed-tickets/{id}/pre-check-in` and `/events/{id}/pre-check-ins`.

use axum::extract::State;
use shared::api::error::ErrorBody;
use shared::api::pre_check_in::{PreCheckInRequest, PreCheckInView, PreCheckInsView};
use shared::ids::{ClaimedTicketId, EventId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{check_in, find};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub(in crate::tickets) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, check_in))
        .routes(routes!(list))
}

/// Whether this ticket can be checked in ahead, whether it was, and what is asked of it. For its
/// holder.
#[utoipa::path(get, path = "/claimed-tickets/{id}/pre-check-in", tag = "tickets", operation_id = "show_pre_check_in",
    params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = PreCheckInView), (status = 404, body = ErrorBody)))]
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
) -> Result<Json<PreCheckInView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(find::show(&app, &caller, id, now).await?))
}

/// Checks a ticket in ahead, by its holder: it is no admission, but no gate asks any more what is
/// answered here. Again it replaces the answers, until it closes. The answer to each wrong one is a
/// field of the error, by the question's id.
#[utoipa::path(post, path = "/claimed-tickets/{id}/pre-check-in", tag = "tickets", operation_id = "pre_check_in",
    request_body = Option<PreCheckInRequest>, params(("id" = ClaimedTicketId, Path)), security(("bearer" = [])),
    responses((status = 200, body = PreCheckInView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`not_offered`, `not_open`, `closed`, or why nobody comes in by this ticket: `revoked`, `cancelled`, `expired`, `blocked`, `unpaid`, `already_used`", body = ErrorBody)))]
async fn check_in(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClaimedTicketId>,
    request: Option<Json<PreCheckInRequest>>,
) -> Result<Json<PreCheckInView>, ApiError> {
    let request = request.map(|Json(request)| request).unwrap_or_default();
    let now = app.clock.now();
    let view = check_in::check_in(&app, &caller, id, request, now).await?;
    Ok(Json(view))
}

/// How many of the event's guests checked in ahead, and each claimed ticket, by serial. For its
/// organizer.
#[utoipa::path(get, path = "/events/{id}/pre-check-ins", tag = "tickets", operation_id = "list_pre_check_ins",
    params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = PreCheckInsView), (status = 404, body = ErrorBody)))]
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<PreCheckInsView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(find::list(&app, &caller, id, &page, now).await?))
}
