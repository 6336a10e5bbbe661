//! `/jobs`, for administrators.

use axum::extract::State;
use serde::Deserialize;
use shared::api::error::ErrorBody;
use shared::api::jobs::{BreakerView, JobCountsView, JobView};
use shared::api::page::Page;
use shared::ids::JobId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::find::Filter;
use super::{find, retry};
use crate::app::AppState;
use crate::error::ApiError;
use crate::platform::http::{Caller, Json, PageParams, Path, Query};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(count_jobs))
        .routes(routes!(list_breakers))
        .routes(routes!(show_job))
        .routes(routes!(retry_job))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct JobFilter {
    /// `true`: those that failed for good.
    #[serde(default)]
    dead: bool,
    /// Only jobs of that kind, for example `payments.pay_back`.
    kind: Option<String>,
}

/// Lists jobs that wait or run, or the dead letters. Most urgent first.
#[utoipa::path(get, path = "/jobs", tag = "operations", params(PageParams, JobFilter), security(("bearer" = [])),
    responses((status = 200, body = Page<JobView>), (status = 403, body = ErrorBody)))]
async fn list_jobs(
    State(app): State<AppState>,
    caller: Caller,
    Query(filter): Query<JobFilter>,
    page: PageParams,
) -> Result<Json<Page<JobView>>, ApiError> {
    caller.require_admin()?;
    let filter = Filter {
        dead: filter.dead,
        kind: filter.kind,
    };
    Ok(Json(find::list(&app, &filter, &page).await?))
}

/// How many jobs live and how many are dead letters.
#[utoipa::path(get, path = "/jobs/counts", tag = "operations", security(("bearer" = [])),
    responses((status = 200, body = JobCountsView), (status = 403, body = ErrorBody)))]
async fn count_jobs(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<JobCountsView>, ApiError> {
    caller.require_admin()?;
    let counts = app.jobs.counts().await?;
    Ok(Json(JobCountsView {
        live: counts.live,
        dead: counts.dead,
    }))
}

/// Which services of others this server process leaves alone, because they did not answer: jobs wait for
/// them and lose no try.
#[utoipa::path(get, path = "/jobs/breakers", tag = "operations", security(("bearer" = [])),
    responses((status = 200, body = Page<BreakerView>), (status = 403, body = ErrorBody)))]
async fn list_breakers(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Page<BreakerView>>, ApiError> {
    caller.require_admin()?;
    Ok(Json(Page {
        items: find::breakers(&app),
        next_cursor: None,
    }))
}

/// Shows a job: what it is about, how often it was tried, and why it failed last.
#[utoipa::path(get, path = "/jobs/{id}", tag = "operations", params(("id" = JobId, Path)), security(("bearer" = [])),
    responses((status = 200, body = JobView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn show_job(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    caller.require_admin()?;
    Ok(Json(find::show(&app, id).await?))
}

/// Starts a dead letter again with all its tries, or a waiting job now.
#[utoipa::path(post, path = "/jobs/{id}/retry", tag = "operations", params(("id" = JobId, Path)), security(("bearer" = [])),
    responses((status = 200, body = JobView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn retry_job(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    caller.require_admin()?;
    Ok(Json(retry::retry(&app, &caller, id).await?))
}
