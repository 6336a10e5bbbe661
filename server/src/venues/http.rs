//! `/venues`, and the seating of `/events`.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::venues::{
    CreateVenue, EventSeatingView, SeatingView, SetSeating, UpdateVenue, UseSeating, VenueView,
};
use shared::ids::{EventId, VenueId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::archive;
use crate::app::AppState;
use crate::error::ApiError;
use crate::events::http::{if_match, with_tag};
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, MaybeCaller, PageParams, Path, Query};

/// 60,000 seats with their labels.
const PLAN_BODY_BYTES_MAX: usize = 5 * 1024 * 1024;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_seating, set_seating))
        .layer(DefaultBodyLimit::max(PLAN_BODY_BYTES_MAX))
        .routes(routes!(list, create))
        .routes(routes!(show, edit, archive_venue))
        .routes(routes!(unarchive_venue))
        .routes(routes!(plan_of_event, use_seating))
}

/// Makes a venue; the caller becomes an organizer.
#[utoipa::path(post, path = "/venues", tag = "venues", operation_id = "create_venue", request_body = CreateVenue,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = VenueView), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody)))]
async fn create(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Json(wanted): Json<CreateVenue>,
) -> Result<Response, ApiError> {
    let attempt = key.attempt("venues", caller.user, &wanted)?;
    let venue = super::create(&app, caller, wanted, attempt).await?;
    Ok((StatusCode::CREATED, tagged(&venue)).into_response())
}

/// Lists my venues, newest first.
#[utoipa::path(get, path = "/venues", tag = "venues", operation_id = "list_venues", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<VenueView>)))]
async fn list(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<VenueView>>, ApiError> {
    Ok(Json(super::list(&app, &caller, &page).await?))
}

/// Shows a venue.
#[utoipa::path(get, path = "/venues/{id}", tag = "venues", operation_id = "show_venue", params(("id" = VenueId, Path)),
    responses((status = 200, body = VenueView), (status = 404, body = ErrorBody)))]
async fn show(State(app): State<AppState>, Path(id): Path<VenueId>) -> Result<Response, ApiError> {
    Ok(tagged(&super::show(&app, id).await?))
}

/// Changes the fields that are named. `If-Match` refuses to overwrite what you have not seen.
#[utoipa::path(patch, path = "/venues/{id}", tag = "venues", operation_id = "edit_venue", request_body = UpdateVenue,
    params(("id" = VenueId, Path), ("If-Match" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = VenueView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 412, body = ErrorBody)))]
async fn edit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<VenueId>,
    headers: HeaderMap,
    Json(changes): Json<UpdateVenue>,
) -> Result<Response, ApiError> {
    let seen = if_match(&headers);
    Ok(tagged(&super::edit(&app, caller, id, changes, seen).await?))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Absent: the newest.
    version: Option<u32>,
}

/// Shows a version of a venue's seating plan.
#[utoipa::path(get, path = "/venues/{id}/seating", tag = "venues", operation_id = "show_seating", params(("id" = VenueId, Path), Which),
    responses((status = 200, body = SeatingView), (status = 404, body = ErrorBody)))]
async fn show_seating(
    State(app): State<AppState>,
    Path(id): Path<VenueId>,
    Query(which): Query<Which>,
) -> Result<Json<SeatingView>, ApiError> {
    Ok(Json(super::show_seating(&app, id, which.version).await?))
}

/// Stores a new version of the seating plan; events keep the version they use.
#[utoipa::path(put, path = "/venues/{id}/seating", tag = "venues", operation_id = "set_seating", request_body = SetSeating,
    params(("id" = VenueId, Path)), security(("bearer" = [])),
    responses((status = 200, body = SeatingView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn set_seating(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<VenueId>,
    Json(wanted): Json<SetSeating>,
) -> Result<Json<SeatingView>, ApiError> {
    let plan = super::set_seating(&app, caller, id, wanted.sections).await?;
    Ok(Json(plan))
}

/// Shows the seating plan that an event uses.
#[utoipa::path(get, path = "/events/{id}/seating", tag = "venues", operation_id = "event_seating", params(("id" = EventId, Path)),
    security((), ("bearer" = [])), responses((status = 200, body = SeatingView), (status = 404, body = ErrorBody)))]
async fn plan_of_event(
    State(app): State<AppState>,
    MaybeCaller(caller): MaybeCaller,
    Path(id): Path<EventId>,
) -> Result<Json<SeatingView>, ApiError> {
    Ok(Json(super::plan_of_event(&app, caller.as_ref(), id).await?))
}

/// Ties an event to a version of a venue's seating plan, until it has seats in stock.
#[utoipa::path(put, path = "/events/{id}/seating", tag = "venues", operation_id = "use_seating", request_body = UseSeating,
    params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = EventSeatingView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn use_seating(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<UseSeating>,
) -> Result<Json<EventSeatingView>, ApiError> {
    Ok(Json(super::use_seating(&app, caller, id, wanted).await?))
}

/// Puts a venue away: nobody finds it for a new event. Nothing of it is gone. Refused while events that
/// are still to come are there.
#[utoipa::path(delete, path = "/venues/{id}", tag = "venues", operation_id = "archive_venue", params(("id" = VenueId, Path)), security(("bearer" = [])),
    responses((status = 200, body = VenueView, headers(("ETag" = String))), (status = 404, body = ErrorBody), (status = 409, description = "`in_use` names the events", body = ErrorBody)))]
async fn archive_venue(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<VenueId>,
) -> Result<Response, ApiError> {
    Ok(tagged(&archive::archive(&app, caller, id).await?))
}

/// Brings a venue back. By whoever put it away.
#[utoipa::path(post, path = "/venues/{id}/unarchive", tag = "venues", operation_id = "unarchive_venue", params(("id" = VenueId, Path)), security(("bearer" = [])),
    responses((status = 200, body = VenueView, headers(("ETag" = String))), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn unarchive_venue(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<VenueId>,
) -> Result<Response, ApiError> {
    Ok(tagged(&archive::unarchive(&app, caller, id).await?))
}

fn tagged(venue: &VenueView) -> Response {
    with_tag(venue.revision, Json(venue).into_response())
}
