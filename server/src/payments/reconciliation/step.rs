//! One step of a report: asked outside, kept in one commit.

use anyhow::Context as _;
use serde_json::json;
use shared::ids::{JobId, MerchantId, ReconciliationId};
use shared::time::Timestamp;

use super::listing::list;
use super::model::{Line, Phase, Report};
use super::walk::{strays, walk};
use crate::app::{App, AppState};
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs::{self, NewJob, Priority, Runner};

/// Takes the next step: `{"reportId": …}`.
const STEP: &str = "payments.reconciliation.step";
/// Forgets an old report's lines: `{"reportId": …}`.
const FORGET: &str = "payments.reconciliation.forget";
/// Tries of a step before the gateway's silence is a finding.
pub(super) const TRIES_MAX: u32 = 3;
/// Before a try that follows one that came to nothing, times its number.
const AGAIN_SECS: i64 = 2;
/// Lines of one report.
const LINES_MAX: u64 = 20_000;
/// Lines forgotten in one step.
const FORGOTTEN: u32 = 500;

pub(in crate::payments) fn register(runner: &mut Runner<AppState>) {
    runner.register(STEP, |app, payload| async move {
        Ok(step(&app, report_of(&payload)?).await?)
    });
    runner.register(FORGET, |app, payload| async move {
        Ok(forget(&app, report_of(&payload)?).await?)
    });
}

fn report_of(payload: &serde_json::Value) -> anyhow::Result<ReconciliationId> {
    let id = payload["reportId"].as_str().context("no reportId")?;
    id.parse().context("not a report's id")
}

/// What a step came to.
#[derive(Debug)]
pub(super) struct Done {
    next: Phase,
    /// The accounts that do not answer: one, or none.
    pub(super) unlisted: Vec<Option<MerchantId>>,
    pub(super) other_business: u64,
    /// Lines of which one side is known.
    pub(super) listed: Vec<Line>,
    pub(super) compared: Vec<Line>,
}

impl Done {
    pub(super) const fn next(next: Phase) -> Self {
        Self {
            next,
            unlisted: Vec::new(),
            other_business: 0,
            listed: Vec::new(),
            compared: Vec::new(),
        }
    }
}

async fn step(app: &App, id: ReconciliationId) -> Result<(), Error> {
    let Some(report) = app.db.get::<Report>(&id.to_string()).await? else {
        return Ok(());
    };
    let asked = match &report.phase {
        Phase::Listing { account, behind } => list(app, &report, *account, behind.as_deref()).await,
        Phase::Walking {
            event,
            events,
            behind,
        } => walk(app, &report, (*event, events, behind.as_deref())).await,
        Phase::Strays { behind } => strays(app, &report, behind.as_deref()).await,
        Phase::Done | Phase::TooMuch => return Ok(()),
    };
    match asked {
        Ok(done) => keep(app, report.value, done).await,
        Err(Error::Gateway(failure)) => again(app, report.value, &failure).await,
        Err(error) => Err(error),
    }
}

async fn keep(app: &App, before: Report, done: Done) -> Result<(), Error> {
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let stored = tx.get::<Report>(&before.id.to_string())?;
            let Some(mut report) = stored.filter(|stored| stored.phase == before.phase) else {
                // Another server took this step.
                return Ok(());
            };
            for line in done.listed.iter().chain(&done.compared) {
                report.lines += u64::from(put(tx, line)?);
            }
            for line in &done.compared {
                report.count(line);
            }
            report.other_business += done.other_business;
            report.unlisted.extend(&done.unlisted);
            report.tries = 0;
            report.phase = if report.lines > LINES_MAX {
                Phase::TooMuch
            } else {
                done.next.clone()
            };
            report.finished_at = (!report.is_running()).then_some(now);
            tx.replace(&mut report)?;
            if report.is_running() {
                follow(tx, report.id, job, now, now)?;
            }
            Ok(())
        })
        .await
}

/// Stores the line; whether it is a new one. What the list says is added to what it said before.
fn put(tx: &mut Tx<'_>, line: &Line) -> Result<bool, DbError> {
    let Some(mut stored) = tx.get::<Line>(&Line::name(line.report, &line.key))? else {
        tx.insert(line)?;
        return Ok(true);
    };
    if line.compared {
        stored.value = line.clone();
    } else {
        for charge in &line.charges {
            if stored.charges.iter().all(|known| known.id != charge.id) {
                stored.charges.push(charge.clone());
            }
        }
    }
    tx.replace(&mut stored)?;
    Ok(false)
}

/// The gateway did not answer: later, and after some tries without it.
async fn again(app: &App, before: Report, failure: &Failure) -> Result<(), Error> {
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    let wait = failure.busy_secs().map(i64::from);
    let wait = wait.unwrap_or(AGAIN_SECS * i64::from(before.tries + 1));
    tracing::info!(report.id = %before.id, error = %failure, "a report waits for a gateway");
    app.db
        .write(move |tx| {
            let stored = tx.get::<Report>(&before.id.to_string())?;
            let Some(mut report) = stored.filter(|stored| stored.phase == before.phase) else {
                return Ok(());
            };
            report.tries += 1;
            if report.tries > TRIES_MAX
                && let Phase::Listing { account, .. } = report.phase
            {
                let silent = report.stripe.get(account).copied();
                report.unlisted.extend(silent);
                report.tries = 0;
                report.phase = Phase::Listing {
                    account: account + 1,
                    behind: None,
                };
            }
            tx.replace(&mut report)?;
            Ok(follow(tx, report.id, job, now, now.plus_secs(wait))?)
        })
        .await
}

pub(super) fn follow(
    tx: &mut Tx<'_>,
    report: ReconciliationId,
    job: JobId,
    now: Timestamp,
    at: Timestamp,
) -> Result<(), DbError> {
    let payload = json!({ "reportId": report });
    let job = NewJob::new(job, STEP, payload, now).priority(Priority::Low);
    jobs::enqueue(tx, job.run_at(at).dedupe(format!("reconcile:{report}")))
}

/// Its lines are deleted by a job.
pub(super) fn forget_later(
    tx: &mut Tx<'_>,
    report: ReconciliationId,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = json!({ "reportId": report });
    let job = NewJob::new(job, FORGET, payload, now).priority(Priority::Low);
    jobs::enqueue(tx, job.dedupe(format!("forget:{report}")))
}

async fn forget(app: &App, report: ReconciliationId) -> Result<(), Error> {
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let query = Query::on("by_report").eq(report).limit(FORGOTTEN);
            let lines = tx.list::<Line>(&query)?;
            for line in &lines {
                tx.delete(line)?;
            }
            if lines.len() == FORGOTTEN as usize {
                forget_later(tx, report, job, now)?;
            }
            Ok(())
        })
        .await
}
