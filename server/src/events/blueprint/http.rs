//! `/events/{id}/clone`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use shared::api::error::ErrorBody;
use shared::api::events::EventView;
use shared::api::versions::CopyEvent;
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::copy;
use crate::app::AppState;
use crate::error::ApiError;
use crate::events::http::tagged;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(clone_event))
}

/// Makes a draft like this event at another date: classes, prices, gates, lists, rules, questions, pools
/// and seating; no stock, orders, tickets, devices or keys. All times move with the start, on the
/// event's own clock.
#[utoipa::path(post, path = "/events/{id}/clone", tag = "events", request_body = CopyEvent,
    params(("id" = EventId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = EventView, headers(("ETag" = String))), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn clone_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    key: IdempotencyKey,
    Json(wanted): Json<CopyEvent>,
) -> Result<Response, ApiError> {
    let attempt = key.attempt(&format!("events/{id}/clone"), caller.user, &wanted)?;
    let event = copy(&app, caller, id, wanted, attempt).await?;
    Ok((StatusCode::CREATED, tagged(&event)).into_response())
}
