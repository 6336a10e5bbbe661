//! `/events/{id}/cancel` and `/events/{id}/cancellation`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::cancellation::{CancelEvent, CancellationView};
use shared::api::error::ErrorBody;
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::start;
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(cancel_event))
        .routes(routes!(show_cancellation))
}

/// Calls an event off: sales end now; tickets are voided, paid orders refunded and everybody told by
/// jobs that survive a crash. Again it says how far they are.
#[utoipa::path(post, path = "/events/{id}/cancel", tag = "events", request_body = CancelEvent, params(("id" = EventId, Path)),
    security(("bearer" = [])), responses((status = 202, body = CancellationView), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn cancel_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<CancelEvent>,
) -> Result<(StatusCode, Json<CancellationView>), ApiError> {
    let view = start::start(&app, &caller, id, wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

/// How far the cancellation of an event is. For its organizer.
#[utoipa::path(get, path = "/events/{id}/cancellation", tag = "events", params(("id" = EventId, Path)),
    security(("bearer" = [])), responses((status = 200, body = CancellationView), (status = 404, body = ErrorBody)))]
async fn show_cancellation(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<CancellationView>, ApiError> {
    Ok(Json(start::show(&app, &caller, id).await?))
}
