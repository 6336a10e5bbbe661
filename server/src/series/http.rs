//! `/series`.

use axum::extract::State;
use axum::http::StatusCode;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::series::{AddDates, CreateSeries, EditDates, EditDatesClass, SeriesView};
use shared::ids::SeriesId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{create, edit, find};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::attempt::IdempotencyKey;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_series, create_series))
        .routes(routes!(show_series))
        .routes(routes!(add_dates))
        .routes(routes!(edit_dates))
        .routes(routes!(edit_dates_class))
        .routes(routes!(publish_series))
}

/// Lists my series, newest first.
#[utoipa::path(get, path = "/series", tag = "series", params(PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<SeriesView>)))]
async fn list_series(
    State(app): State<AppState>,
    caller: Caller,
    page: PageParams,
) -> Result<Json<Page<SeriesView>>, ApiError> {
    Ok(Json(find::list(&app, &caller, &page).await?))
}

/// Makes a series of an event: it is the first date; the others are drafts like it, weekly or on chosen
/// dates. Each date is an event of its own, with its own stock and capacity.
#[utoipa::path(post, path = "/series", tag = "series", request_body = CreateSeries,
    params(("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = SeriesView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn create_series(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Json(wanted): Json<CreateSeries>,
) -> Result<(StatusCode, Json<SeriesView>), ApiError> {
    let attempt = key.attempt("series", caller.user, &wanted)?;
    let series = create::create(&app, caller, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(series)))
}

/// Shows a series with its dates.
#[utoipa::path(get, path = "/series/{id}", tag = "series", params(("id" = SeriesId, Path)), security(("bearer" = [])),
    responses((status = 200, body = SeriesView), (status = 404, body = ErrorBody)))]
async fn show_series(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SeriesId>,
) -> Result<Json<SeriesView>, ApiError> {
    Ok(Json(find::show(&app, &caller, id).await?))
}

/// Adds dates like the first, as it is now.
#[utoipa::path(post, path = "/series/{id}/dates", tag = "series", request_body = AddDates,
    params(("id" = SeriesId, Path), ("Idempotency-Key" = Option<String>, Header)), security(("bearer" = [])),
    responses((status = 201, body = SeriesView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn add_dates(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SeriesId>,
    key: IdempotencyKey,
    Json(wanted): Json<AddDates>,
) -> Result<(StatusCode, Json<SeriesView>), ApiError> {
    let attempt = key.attempt(&format!("series/{id}/dates"), caller.user, &wanted)?;
    let series = create::add_dates(&app, caller, id, wanted, attempt).await?;
    Ok((StatusCode::CREATED, Json(series)))
}

/// Changes a date and all after it that are not over or cancelled; all of them or none. One date alone is
/// changed, cancelled and refunded as an event.
#[utoipa::path(patch, path = "/series/{id}/events", tag = "series", request_body = EditDates, params(("id" = SeriesId, Path)), security(("bearer" = [])),
    responses((status = 200, body = SeriesView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn edit_dates(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SeriesId>,
    Json(wanted): Json<EditDates>,
) -> Result<Json<SeriesView>, ApiError> {
    Ok(Json(edit::edit_dates(&app, caller, id, wanted).await?))
}

/// Changes how the class of a name is sold, on a date and all after it. What buyers hold stays.
#[utoipa::path(patch, path = "/series/{id}/ticket-classes", tag = "series", request_body = EditDatesClass,
    params(("id" = SeriesId, Path)), security(("bearer" = [])),
    responses((status = 200, body = SeriesView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn edit_dates_class(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SeriesId>,
    Json(wanted): Json<EditDatesClass>,
) -> Result<Json<SeriesView>, ApiError> {
    Ok(Json(edit::edit_classes(&app, caller, id, wanted).await?))
}

/// Publishes every date that is a draft, or submits it for approval; all of them or none.
#[utoipa::path(post, path = "/series/{id}/publish", tag = "series", params(("id" = SeriesId, Path)), security(("bearer" = [])),
    responses((status = 200, body = SeriesView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn publish_series(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<SeriesId>,
) -> Result<Json<SeriesView>, ApiError> {
    Ok(Json(edit::publish(&app, caller, id).await?))
}
