//! Reading reports: whoever may see the money.

use shared::api::page::Page;
use shared::api::reconciliation::{ReconciledPayment, ReconciliationView};
use shared::ids::ReconciliationId;

use super::model::{Line, Report, Scope};
use super::start::{REPORTS_MAX, allowed};
use crate::app::App;
use crate::payments::error::Error;
use crate::platform::db::{Query, Versioned};
use crate::platform::http::{Caller, PageParams};
use crate::{events, organizations};

/// Latest first.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    scope: Scope,
) -> Result<Page<ReconciliationView>, Error> {
    allowed(app, caller, scope).await?;
    let limit = u32::try_from(REPORTS_MAX).unwrap_or(u32::MAX);
    let query = Query::on("by_scope").eq(scope.key());
    let query = query.descending().limit(limit);
    let reports = app.db.list::<Report>(&query).await?;
    Ok(Page {
        items: reports.iter().map(|report| report.view()).collect(),
        next_cursor: None,
    })
}

/// The report, for those who may see it; to others there is none.
pub(super) async fn report(
    app: &App,
    caller: &Caller,
    id: ReconciliationId,
) -> Result<Versioned<Report>, Error> {
    let report = app.db.get::<Report>(&id.to_string()).await?;
    let report = report.ok_or(Error::NoReport)?;
    match allowed(app, caller, report.scope).await {
        Ok(_) => Ok(report),
        Err(
            Error::Event(events::Error::NotFound)
            | Error::Organization(organizations::Error::NotFound(_)),
        ) => Err(Error::NoReport),
        Err(error) => Err(error),
    }
}

/// Its lines; or only those where something is wrong.
pub(super) async fn lines(
    app: &App,
    caller: &Caller,
    id: ReconciliationId,
    (page, only_findings): (&PageParams, bool),
) -> Result<Page<ReconciledPayment>, Error> {
    report(app, caller, id).await?;
    let query = if only_findings {
        Query::on("by_finding").eq(id).at_least(1_i64)
    } else {
        Query::on("by_report").eq(id)
    };
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Line>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|line| line.view()).collect(),
        next_cursor: found.next,
    })
}
