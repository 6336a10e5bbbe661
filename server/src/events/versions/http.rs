//! `/events/{id}/versions`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::events::EventView;
use shared::api::page::Page;
use shared::api::versions::{VersionContent, VersionDiff, VersionView};
use shared::ids::EventId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{find, restore};
use crate::app::AppState;
use crate::error::ApiError;
use crate::events::http::{if_match, tagged};
use crate::platform::http::{Caller, Json, PageParams, Path, Query};

pub(in crate::events) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_versions))
        .routes(routes!(show_version))
        .routes(routes!(compare_versions))
        .routes(routes!(restore_version))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Against {
    /// The version to compare with; absent means the present one.
    to: Option<u64>,
}

/// Lists what the event was after each edit, newest first. The latest 50 are kept, and the approved one.
#[utoipa::path(get, path = "/events/{id}/versions", tag = "events", params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<VersionView>), (status = 404, body = ErrorBody)))]
async fn list_versions(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<VersionView>>, ApiError> {
    Ok(Json(find::list(&app, &caller, id, &page).await?))
}

/// Shows one version.
#[utoipa::path(get, path = "/events/{id}/versions/{version}", tag = "events",
    params(("id" = EventId, Path), ("version" = u64, Path)), security(("bearer" = [])),
    responses((status = 200, body = VersionContent), (status = 404, body = ErrorBody)))]
async fn show_version(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(EventId, u64)>,
) -> Result<Json<VersionContent>, ApiError> {
    Ok(Json(find::show(&app, &caller, id, version).await?))
}

/// Says what is another in the other version.
#[utoipa::path(get, path = "/events/{id}/versions/{version}/diff", tag = "events",
    params(("id" = EventId, Path), ("version" = u64, Path), Against), security(("bearer" = [])),
    responses((status = 200, body = VersionDiff), (status = 404, body = ErrorBody)))]
async fn compare_versions(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(EventId, u64)>,
    Query(against): Query<Against>,
) -> Result<Json<VersionDiff>, ApiError> {
    Ok(Json(
        find::compare(&app, &caller, id, version, against.to).await?,
    ))
}

/// Goes back to a version. Classes and gates that were added since stay. Refused where somebody has a
/// ticket and the date or the place would be another one.
#[utoipa::path(post, path = "/events/{id}/versions/{version}/restore", tag = "events",
    params(("id" = EventId, Path), ("version" = u64, Path), ("If-Match" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 200, body = EventView, headers(("ETag" = String))), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`would_break_tickets` names what", body = ErrorBody), (status = 412, body = ErrorBody)))]
async fn restore_version(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, version)): Path<(EventId, u64)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seen = if_match(&headers);
    Ok(tagged(
        &restore::restore(&app, caller, id, version, seen).await?,
    ))
}
