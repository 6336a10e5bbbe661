//! `/orders/{id}/answers` and `/events/{id}/answers`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use shared::api::error::ErrorBody;
use shared::api::orders::{OrderAnswersView, SetOrderAnswers};
use shared::api::page::Page;
use shared::ids::{EventId, OrderId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{change, csv, view};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show_order_answers, set_order_answers))
        .routes(routes!(list_answers))
        .routes(routes!(export_answers))
}

/// What was answered for an order and its tickets, and who comes. For its buyer and the organizer.
#[utoipa::path(get, path = "/orders/{id}/answers", tag = "orders", params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderAnswersView), (status = 404, body = ErrorBody)))]
async fn show_order_answers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderAnswersView>, ApiError> {
    Ok(Json(view::show(&app, &caller, id).await?))
}

/// Names tickets and answers questions later: some or all, until `answersUntil` (`answers_closed`); the
/// organizer may also after that. A ticket that is claimed has its own answers.
#[utoipa::path(put, path = "/orders/{id}/answers", tag = "orders", request_body = SetOrderAnswers,
    params(("id" = OrderId, Path)), security(("bearer" = [])),
    responses((status = 200, body = OrderAnswersView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
async fn set_order_answers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Json(wanted): Json<SetOrderAnswers>,
) -> Result<Json<OrderAnswersView>, ApiError> {
    Ok(Json(change::set(&app, &caller, id, wanted).await?))
}

/// The answers of an event's orders that have tickets, the oldest order first. For its organizer. A
/// page may have fewer than `limit`.
#[utoipa::path(get, path = "/events/{id}/answers", tag = "orders", params(("id" = EventId, Path), PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<OrderAnswersView>), (status = 404, body = ErrorBody)))]
async fn list_answers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    page: PageParams,
) -> Result<Json<Page<OrderAnswersView>>, ApiError> {
    Ok(Json(view::list(&app, &caller, id, &page).await?))
}

/// The same as a table for spreadsheets, a line an answer. For the event's organizer.
#[utoipa::path(get, path = "/events/{id}/answers/csv", tag = "orders", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, content((String = "text/csv"))), (status = 404, body = ErrorBody)))]
async fn export_answers(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Response, ApiError> {
    let lines = csv::export(&app, &caller, id).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"answers.csv\"",
        ),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, lines).into_response())
}
