//! Routes for those who look on, and after the event: the live view, its staff, the audit, the
//! checkpoint.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::api::error::ErrorBody;
use shared::api::gate::{AddStaff, CheckpointState, SignCheckpoint, StaffView};
use shared::api::live::LiveState;
use shared::api::page::Page;
use shared::ids::{EventId, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::http::postcard;
use super::{audit, checkpoint, live, staff};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Binary, Caller, Json, Path};

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(watch_gates))
        .routes(routes!(list_staff, add_staff))
        .routes(routes!(remove_staff))
        .routes(routes!(export_audit))
        .routes(routes!(show_checkpoint, sign_checkpoint))
}

/// What devices ask for in postcard.
pub(super) fn for_devices() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(fetch_checkpoint))
}

/// Where the event's logs were signed off to end, and which devices stand in the way of signing now.
#[utoipa::path(get, path = "/events/{id}/gate/checkpoint", tag = "gate", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = CheckpointState), (status = 404, body = ErrorBody)))]
async fn show_checkpoint(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<CheckpointState>, ApiError> {
    let now = app.clock.now();
    Ok(Json(checkpoint::show(&app, &caller, id, now).await?))
}

/// Signs off, after the event, where its devices' logs end: then they can be archived. Refused with
/// `devices_missing` while devices may still have entries, unless `without` names them.
#[utoipa::path(post, path = "/events/{id}/gate/checkpoint", tag = "gate", request_body = SignCheckpoint,
    params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = CheckpointState), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn sign_checkpoint(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<SignCheckpoint>,
) -> Result<Json<CheckpointState>, ApiError> {
    let now = app.clock.now();
    let signed = checkpoint::sign(&app, &caller, id, wanted.without, now).await?;
    Ok(Json(signed))
}

/// The newest checkpoint, for a device that wants to archive its log: a signed `CheckpointRequest`
/// in, a `CheckpointResponse` out.
#[utoipa::path(post, path = "/gate/checkpoint", tag = "gate",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 413, body = ErrorBody), (status = 415, body = ErrorBody)))]
async fn fetch_checkpoint(
    State(app): State<AppState>,
    Binary(body): Binary,
) -> Result<Response, ApiError> {
    Ok(postcard(checkpoint::give(&app, &body).await?))
}

/// Lists the people who may watch the event's gates besides its organizer.
#[utoipa::path(get, path = "/events/{id}/staff", tag = "gate", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<StaffView>), (status = 404, body = ErrorBody)))]
async fn list_staff(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<StaffView>>, ApiError> {
    Ok(Json(Page {
        items: staff::list(&app, &caller, id).await?,
        next_cursor: None,
    }))
}

/// Lets somebody watch the event's gates.
#[utoipa::path(post, path = "/events/{id}/staff", tag = "gate", request_body = AddStaff, params(("id" = EventId, Path)),
    security(("bearer" = [])),
    responses((status = 200, body = StaffView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn add_staff(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<AddStaff>,
) -> Result<Json<StaffView>, ApiError> {
    let now = app.clock.now();
    Ok(Json(staff::add(&app, &caller, id, &wanted, now).await?))
}

/// Takes it back: open live views of theirs end within a quarter of an hour.
#[utoipa::path(delete, path = "/events/{id}/staff/{userId}", tag = "gate",
    params(("id" = EventId, Path), ("userId" = UserId, Path)), security(("bearer" = [])),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn remove_staff(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, user)): Path<(EventId, UserId)>,
) -> Result<StatusCode, ApiError> {
    staff::remove(&app, &caller, id, user, app.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// All that the gates did, with every signature: a bundle of JSON lines for `server audit verify`.
#[utoipa::path(get, path = "/events/{id}/audit", tag = "gate", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Vec<u8>, content_type = "application/x-ndjson"), (status = 404, body = ErrorBody)))]
async fn export_audit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    let bundle = audit::export(&app, &caller, id, app.clock.now()).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"audit-{id}.jsonl\""),
        ),
    ];
    Ok((headers, Body::from_stream(bundle)).into_response())
}

/// The live view of the gates: server-sent events, first `state` (a `LiveState`), then `change`s
/// (`LiveChange`). `Last-Event-ID` brings what was missed. With `Accept: application/json` the state alone.
#[utoipa::path(get, path = "/events/{id}/gate/live", tag = "gate",
    params(("id" = EventId, Path), ("Last-Event-ID" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = LiveState, content_type = "text/event-stream"), (status = 404, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
async fn watch_gates(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    request: HeaderMap,
) -> Result<Response, ApiError> {
    let text = |name: &str| request.get(name).and_then(|value| value.to_str().ok());
    if text("accept").is_some_and(|accept| accept.starts_with("application/json")) {
        let state = live::snapshot(&app, &caller, id).await?;
        return Ok(Json(state).into_response());
    }
    let stream = live::open(&app, &caller, id, text("last-event-id")).await?;
    // Proxies that collect answers must let this one through as it comes.
    Ok(([("x-accel-buffering", "no")], stream).into_response())
}
