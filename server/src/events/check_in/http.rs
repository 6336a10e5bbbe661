//! `/events/{id}/check-in`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use shared::api::check_in::{CheckInSettings, EventQuestions};
use shared::api::error::ErrorBody;
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{check_in_of, identified, set_check_in};
use crate::app::AppState;
use crate::error::ApiError;
use crate::events::http::{if_match, with_tag};
use crate::events::{Error, owned_event, visible_event};
use crate::platform::http::{Caller, Json, MaybeCaller, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_settings, set_settings))
        .routes(routes!(show_questions))
}

/// How the event checks tickets in. For its organizer.
#[utoipa::path(get, path = "/events/{id}/check-in", tag = "events", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = CheckInSettings, headers(("ETag" = String))), (status = 404, body = ErrorBody)))]
async fn show_settings(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    let event = owned_event(&app.db, &caller, id).await?;
    let settings = check_in_of(&app.db, id).await.map_err(Error::from)?;
    Ok(with_tag(event.revision, Json(settings).into_response()))
}

/// Replaces how the event checks tickets in: rules, check-in lists, questions. Gates learn it with
/// their next sync. The `ETag` is the event's.
#[utoipa::path(put, path = "/events/{id}/check-in", tag = "events", request_body = CheckInSettings,
    params(("id" = EventId, Path), ("If-Match" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = CheckInSettings, headers(("ETag" = String))), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 412, body = ErrorBody)))]
async fn set_settings(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    headers: HeaderMap,
    Json(wanted): Json<CheckInSettings>,
) -> Result<Response, ApiError> {
    let seen = if_match(&headers);
    let (settings, revision) = set_check_in(&app, caller, id, wanted, seen).await?;
    Ok(with_tag(revision, Json(settings).into_response()))
}

/// What buyers of the event are asked: `atCheckout` in the order, the others on the ticket's page or
/// at the gate.
#[utoipa::path(get, path = "/events/{id}/questions", tag = "events", params(("id" = EventId, Path)), security((), ("bearer" = [])),
    responses((status = 200, body = EventQuestions), (status = 404, body = ErrorBody)))]
async fn show_questions(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<EventId>,
) -> Result<Json<EventQuestions>, ApiError> {
    let event = visible_event(&app.db, caller.as_ref(), id).await?;
    let settings = check_in_of(&app.db, event.id).await.map_err(Error::from)?;
    Ok(Json(EventQuestions {
        questions: identified(settings.questions),
        answers_until: settings.answers_until,
        claim_at_checkout: settings.claim_at_checkout,
    }))
}
