//! Reading jobs.

use shared::api::jobs::{BreakerState, BreakerView, JobPriority, JobState, JobView};
use shared::api::page::Page;
use shared::ids::JobId;

use crate::app::App;
use crate::error::ApiError;
use crate::platform::breaker::{Breaker, State};
use crate::platform::db::Query;
use crate::platform::http::PageParams;
use crate::platform::jobs::{Job, JobStatus, Priority, STATE_DEAD, STATE_LIVE};

/// What is wanted of the list.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// Dead letters instead of what lives.
    pub dead: bool,
    pub kind: Option<String>,
}

pub(super) async fn list(
    app: &App,
    filter: &Filter,
    page: &PageParams,
) -> Result<Page<JobView>, ApiError> {
    let state = if filter.dead { STATE_DEAD } else { STATE_LIVE };
    let query = match &filter.kind {
        Some(kind) => Query::on("by_kind").eq(kind.as_str()).eq(state),
        None => Query::on("by_due").eq(state),
    };
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Job>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|job| view(job)).collect(),
        next_cursor: found.next,
    })
}

pub(super) async fn show(app: &App, id: JobId) -> Result<JobView, ApiError> {
    let found = app.db.get::<Job>(&id.to_string()).await?;
    found
        .map(|job| view(&job))
        .ok_or_else(|| ApiError::not_found("job"))
}

pub(super) fn breakers(app: &App) -> Vec<BreakerView> {
    let view = |breaker: &Breaker| {
        let (state, until) = match breaker.state() {
            State::Closed => (BreakerState::Closed, None),
            State::Open { until } => (BreakerState::Open, Some(until)),
            State::HalfOpen { .. } => (BreakerState::HalfOpen, None),
        };
        BreakerView {
            service: breaker.name().to_owned(),
            state,
            until,
        }
    };
    app.breakers.all().map(view).to_vec()
}

pub(super) fn view(job: &Job) -> JobView {
    let (state, until) = match job.status {
        JobStatus::Queued => (JobState::Queued, job.run_at),
        JobStatus::Running { lease_until } => (JobState::Running, lease_until),
        JobStatus::Dead { at } => (JobState::Dead, at),
    };
    JobView {
        id: job.id,
        kind: job.kind.clone(),
        state,
        priority: match job.priority {
            Priority::High => JobPriority::High,
            Priority::Normal => JobPriority::Normal,
            Priority::Low => JobPriority::Low,
        },
        payload: job.payload.clone(),
        at: until,
        attempts: job.attempts,
        last_error: job.last_error.clone(),
    }
}
