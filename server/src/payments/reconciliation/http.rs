//! Reports over REST.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::page::Page;
use shared::api::reconciliation::{ReconciledPayment, ReconciliationView, StartReconciliation};
use shared::ids::{EventId, OrganizationId, ReconciliationId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::model::Scope;
use super::{csv, find, start};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path, Query};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(of_event, start_event))
        .routes(routes!(of_organization, start_organization))
        .routes(routes!(of_server, start_server))
        .routes(routes!(show))
        .routes(routes!(lines))
        .routes(routes!(table))
}

/// Compares an event's payments with what their gateways say; a job writes the report.
#[utoipa::path(post, path = "/events/{id}/reconciliations", tag = "payments", params(("id" = EventId, Path)),
    request_body = StartReconciliation, security(("bearer" = [])),
    responses((status = 202, body = ReconciliationView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`report_running`", body = ErrorBody)))]
async fn start_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
    Json(wanted): Json<StartReconciliation>,
) -> Result<(StatusCode, Json<ReconciliationView>), ApiError> {
    let report = start::start(&app, caller, Scope::Event(id), wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(report)))
}

/// Lists the reports about an event, latest first.
#[utoipa::path(get, path = "/events/{id}/reconciliations", tag = "payments", params(("id" = EventId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<ReconciliationView>), (status = 404, body = ErrorBody)))]
async fn of_event(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<EventId>,
) -> Result<Json<Page<ReconciliationView>>, ApiError> {
    Ok(Json(find::list(&app, &caller, Scope::Event(id)).await?))
}

/// Compares the payments for all of an organization's events, and its own accounts' own lists.
#[utoipa::path(post, path = "/organizations/{id}/reconciliations", tag = "payments", params(("id" = OrganizationId, Path)),
    request_body = StartReconciliation, security(("bearer" = [])),
    responses((status = 202, body = ReconciliationView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "`report_running`", body = ErrorBody)))]
async fn start_organization(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Json(wanted): Json<StartReconciliation>,
) -> Result<(StatusCode, Json<ReconciliationView>), ApiError> {
    let report = start::start(&app, caller, Scope::Organization(id), wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(report)))
}

/// Lists the reports about an organization, latest first.
#[utoipa::path(get, path = "/organizations/{id}/reconciliations", tag = "payments", params(("id" = OrganizationId, Path)), security(("bearer" = [])),
    responses((status = 200, body = Page<ReconciliationView>), (status = 404, body = ErrorBody)))]
async fn of_organization(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<OrganizationId>,
) -> Result<Json<Page<ReconciliationView>>, ApiError> {
    let scope = Scope::Organization(id);
    Ok(Json(find::list(&app, &caller, scope).await?))
}

/// Compares all that went through the server's own accounts.
#[utoipa::path(post, path = "/reconciliations", tag = "payments", request_body = StartReconciliation, security(("bearer" = [])),
    responses((status = 202, body = ReconciliationView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 409, description = "`report_running`", body = ErrorBody)))]
async fn start_server(
    State(app): State<AppState>,
    caller: Caller,
    wanted: Result<Json<StartReconciliation>, ApiError>,
) -> Result<(StatusCode, Json<ReconciliationView>), ApiError> {
    // Who may not is told so, whatever the body says.
    caller.require_admin()?;
    let Json(wanted) = wanted?;
    let report = start::start(&app, caller, Scope::Server, wanted).await?;
    Ok((StatusCode::ACCEPTED, Json(report)))
}

/// Lists the reports about the server's own accounts, latest first.
#[utoipa::path(get, path = "/reconciliations", tag = "payments", security(("bearer" = [])),
    responses((status = 200, body = Page<ReconciliationView>), (status = 403, body = ErrorBody)))]
async fn of_server(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Page<ReconciliationView>>, ApiError> {
    caller.require_admin()?;
    Ok(Json(find::list(&app, &caller, Scope::Server).await?))
}

/// Shows a report: how far it is, its totals, and how many findings it has.
#[utoipa::path(get, path = "/reconciliations/{id}", tag = "payments", params(("id" = ReconciliationId, Path)), security(("bearer" = [])),
    responses((status = 200, body = ReconciliationView), (status = 404, body = ErrorBody)))]
async fn show(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ReconciliationId>,
) -> Result<Json<ReconciliationView>, ApiError> {
    Ok(Json(find::report(&app, &caller, id).await?.view()))
}

#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only lines where something is wrong.
    #[serde(default)]
    only_findings: bool,
}

/// Lists a report's lines, each a payment with both sides' sums and what differs.
#[utoipa::path(get, path = "/reconciliations/{id}/lines", tag = "payments", params(("id" = ReconciliationId, Path), Which, PageParams), security(("bearer" = [])),
    responses((status = 200, body = Page<ReconciledPayment>), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn lines(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ReconciliationId>,
    Query(which): Query<Which>,
    page: PageParams,
) -> Result<Json<Page<ReconciledPayment>>, ApiError> {
    let which = (&page, which.only_findings);
    Ok(Json(find::lines(&app, &caller, id, which).await?))
}

/// Gives a report as a table for a spreadsheet.
#[utoipa::path(get, path = "/reconciliations/{id}/csv", tag = "payments", params(("id" = ReconciliationId, Path)), security(("bearer" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ErrorBody)))]
async fn table(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ReconciliationId>,
) -> Result<Response, ApiError> {
    let table = csv::table(&app, &caller, id).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"reconciliation.csv\"",
        ),
    ];
    Ok((headers, table).into_response())
}
