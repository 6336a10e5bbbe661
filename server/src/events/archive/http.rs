//! DELETE of events and their parts, and the way back.

use axum::extract::State;
use axum::response::Response;
use shared::api::check_in::CheckInSettings;
use shared::api::error::ErrorBody;
use shared::api::events::{EventView, GateView, TicketClassView};
use shared::ids::{ClassId, EventId, GateId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::put_away;
use crate::app::AppState;
use crate::error::ApiError;
use crate::events::http::tagged;
use crate::platform::http::{Caller, Json, Path};

pub(in crate::events) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(archive_event))
        .routes(routes!(unarchive_event))
        .routes(routes!(archive_class))
        .routes(routes!(unarchive_class))
        .routes(routes!(archive_gate))
        .routes(routes!(unarchive_gate))
        .routes(routes!(remove_list))
}

/// Puts an event away: nobody finds, buys or changes it. Nothing of it is gone. Refused while people could
/// still come, or are owed money.
#[utoipa::path(delete, path = "/events/{id}", tag = "events", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 404, body = ErrorBody),
        (status = 409, description = "`in_use` names what hangs on it", body = ErrorBody)))]
async fn archive_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    Ok(tagged(&put_away::archive_event(&app, caller, id).await?))
}

/// Brings an event back. By whoever put it away.
#[utoipa::path(post, path = "/events/{id}/unarchive", tag = "events", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn unarchive_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    Ok(tagged(&put_away::unarchive_event(&app, caller, id).await?))
}

/// Ends the sale of a class for good; tickets of it stay valid. Refused while somebody is buying one.
#[utoipa::path(delete, path = "/events/{id}/ticket-classes/{classId}", tag = "events",
    params(("id" = EventId, Path), ("classId" = ClassId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TicketClassView), (status = 404, body = ErrorBody), (status = 409, description = "`in_use` names what hangs on it", body = ErrorBody)))]
async fn archive_class(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, class)): Path<(EventId, ClassId)>,
) -> Result<Json<TicketClassView>, ApiError> {
    Ok(Json(
        put_away::archive_class(&app, caller, event, class).await?,
    ))
}

/// Puts a class back on sale. By whoever ended it.
#[utoipa::path(post, path = "/events/{id}/ticket-classes/{classId}/unarchive", tag = "events",
    params(("id" = EventId, Path), ("classId" = ClassId, Path)), security(("bearer" = [])),
    responses((status = 200, body = TicketClassView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn unarchive_class(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, class)): Path<(EventId, ClassId)>,
) -> Result<Json<TicketClassView>, ApiError> {
    Ok(Json(
        put_away::unarchive_class(&app, caller, event, class).await?,
    ))
}

/// Puts a gate away. Refused while devices are enrolled for it or a check-in list names it.
#[utoipa::path(delete, path = "/events/{id}/gates/{gateId}", tag = "events",
    params(("id" = EventId, Path), ("gateId" = GateId, Path)), security(("bearer" = [])),
    responses((status = 200, body = GateView), (status = 404, body = ErrorBody), (status = 409, description = "`in_use` names what hangs on it", body = ErrorBody)))]
async fn archive_gate(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, gate)): Path<(EventId, GateId)>,
) -> Result<Json<GateView>, ApiError> {
    Ok(Json(
        put_away::archive_gate(&app, caller, event, gate).await?,
    ))
}

/// Brings a gate back. By whoever put it away.
#[utoipa::path(post, path = "/events/{id}/gates/{gateId}/unarchive", tag = "events",
    params(("id" = EventId, Path), ("gateId" = GateId, Path)), security(("bearer" = [])),
    responses((status = 200, body = GateView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn unarchive_gate(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, gate)): Path<(EventId, GateId)>,
) -> Result<Json<GateView>, ApiError> {
    Ok(Json(
        put_away::unarchive_gate(&app, caller, event, gate).await?,
    ))
}

/// Takes a check-in list out of the settings; an earlier version of the event has it still. Refused once
/// somebody was admitted.
#[utoipa::path(delete, path = "/events/{id}/check-in/lists/{name}", tag = "events",
    params(("id" = EventId, Path), ("name" = String, Path)), security(("bearer" = [])),
    responses((status = 200, body = CheckInSettings), (status = 404, body = ErrorBody), (status = 409, description = "`in_use` names what hangs on it", body = ErrorBody)))]
async fn remove_list(
    State(app): State<AppState>,
    caller: Caller,
    Path((event, name)): Path<(EventId, String)>,
) -> Result<Json<CheckInSettings>, ApiError> {
    Ok(Json(
        put_away::remove_list(&app, caller, event, name).await?,
    ))
}
