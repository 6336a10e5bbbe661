//! Through the payments that are here, and then through what was listed and not met.

use shared::api::payments::Provider;
use shared::api::reconciliation::FindingKind;
use shared::money::Currency;

use super::compare::{Theirs, compare, finding, unanswered};
use super::model::{Events, Line, Phase, Report, Scope};
use super::step::{Done, TRIES_MAX};
use super::theirs::theirs;
use crate::app::App;
use crate::events::model::Event;
use crate::payments::error::Error;
use crate::payments::fulfil::sums_of;
use crate::payments::ledger::Refund;
use crate::payments::model::Payment;
use crate::payments::payos::model::Stray;
use crate::platform::db::{Entity as _, Query, Versioned};

/// Payments in one step; each may be a call to its gateway.
const STEP: u32 = 10;
/// Stray transfers of one channel in one report.
const STRAYS_MAX: u32 = 1_000;

/// The next payments of the walk.
pub(super) async fn walk(
    app: &App,
    report: &Report,
    (event, events, behind): (Option<shared::ids::EventId>, &Events, Option<&str>),
) -> Result<Done, Error> {
    let query = match (event, report.scope, events) {
        (Some(event), _, _) => Query::on("by_event").eq(event),
        (None, Scope::Server, _) => Query::on("id"),
        (None, Scope::Organization(_), Events::Behind(behind)) => {
            return next_event(app, report, behind.as_deref()).await;
        }
        (None, _, _) => return Ok(Done::next(Phase::Strays { behind: None })),
    };
    // The last try is about one payment: the others of the step are not to blame.
    let step = if report.tries >= TRIES_MAX { 1 } else { STEP };
    let page = app
        .db
        .page::<Payment>(&query.limit(step).after(behind))
        .await?;
    let mut done = Done::next(match (page.next, report.scope) {
        (Some(behind), _) => Phase::Walking {
            event,
            events: events.clone(),
            behind: Some(behind),
        },
        (None, Scope::Organization(_)) => Phase::Walking {
            event: None,
            events: events.clone(),
            behind: None,
        },
        (None, Scope::Event(_) | Scope::Server) => Phase::Strays { behind: None },
    });
    for payment in &page.items {
        let is_mine = report.scope != Scope::Server || payment.account.is_none();
        if is_mine && report.covers(payment.created_at) {
            done.compared.push(line(app, report, payment).await?);
        }
    }
    Ok(done)
}

async fn next_event(app: &App, report: &Report, behind: Option<&str>) -> Result<Done, Error> {
    let Scope::Organization(organization) = report.scope else {
        return Ok(Done::next(Phase::Strays { behind: None }));
    };
    let query = Query::on("by_organization").eq(organization);
    let page = app.db.page::<Event>(&query.limit(1).after(behind)).await?;
    let Some(event) = page.items.first() else {
        return Ok(Done::next(Phase::Strays { behind: None }));
    };
    Ok(Done::next(Phase::Walking {
        event: Some(event.id),
        events: page
            .next
            .map_or(Events::None, |next| Events::Behind(Some(next))),
        behind: None,
    }))
}

/// A payment's line, from both sides.
async fn line(app: &App, report: &Report, payment: &Payment) -> Result<Line, Error> {
    let key = payment.id.to_string();
    let stored = app.db.get::<Line>(&Line::name(report.id, &key)).await?;
    let of = (payment.provider, payment.account);
    let mut line = stored.map_or_else(
        || Line::new(report.id, key, of, payment.amount.currency),
        Versioned::into_inner,
    );
    let rows = app.db.list::<Refund>(&sums_of(payment.id)).await?;
    let rows: Vec<Refund> = rows.into_iter().map(Versioned::into_inner).collect();
    // In another currency it is another charge than the one that is compared.
    if line.currency != payment.amount.currency {
        line.charges.clear();
        line.currency = payment.amount.currency;
    }
    let said = match theirs(app, report, (payment, &rows), &line.charges).await {
        Ok(said) => said,
        // It had its chances.
        Err(Error::Gateway(failure)) if report.tries >= TRIES_MAX => {
            tracing::warn!(payment.id = %payment.id, error = %failure, "a gateway does not say how a payment stands");
            None
        }
        Err(error) => return Err(error),
    };
    let (sums, findings) = match said {
        Some(said) => compare(payment, &rows, &said),
        None => unanswered(payment, &rows),
    };
    line.compared = true;
    line.payment = Some(payment.id);
    line.order = Some(payment.order_id);
    line.event = Some(payment.event_id);
    line.status = Some(payment.status);
    line.price = Some(payment.amount);
    line.sums = sums;
    line.findings = findings;
    Ok(line)
}

/// What the list had and the walk did not meet, then what notices told of and nobody knows.
pub(super) async fn strays(
    app: &App,
    report: &Report,
    behind: Option<&str>,
) -> Result<Done, Error> {
    let query = Query::on("by_report").eq(report.id).limit(STEP);
    let page = app.db.page::<Line>(&query.after(behind)).await?;
    let mut done = Done::next(match &page.next {
        Some(next) => Phase::Strays {
            behind: Some(next.clone()),
        },
        None => Phase::Done,
    });
    for listed in page.items.iter().filter(|line| !line.compared) {
        let payment = app.db.get::<Payment>(&listed.key).await?;
        done.compared.push(match payment {
            Some(payment) => line(app, report, &payment).await?,
            None => unknown(listed.value.clone()),
        });
    }
    if page.next.is_none() {
        for account in &report.payos {
            let query = Query::on("by_account").eq(Stray::scope(*account));
            let query = query.range(report.from, report.to).limit(STRAYS_MAX);
            let strays = app.db.list::<Stray>(&query).await?;
            let lines = strays.iter().map(|stray| without_order(report, stray));
            done.compared.extend(lines);
        }
    }
    Ok(done)
}

/// A charge with our mark for a payment that is not here.
fn unknown(mut line: Line) -> Line {
    let charges = Theirs {
        charged: line.charges.iter().map(|charge| charge.amount).sum(),
        ..Theirs::default()
    };
    line.sums.charged = charges.charged;
    line.sums.returned = line.charges.iter().map(|charge| charge.refunded).sum();
    let amount = line.sums.charged.saturating_sub(line.sums.returned);
    let id = line.charges.first().map(|charge| charge.id.clone());
    line.findings = vec![finding(FindingKind::UnknownPayment, amount, id.as_ref())];
    line.compared = true;
    line
}

fn without_order(report: &Report, stray: &Stray) -> Line {
    let key = stray.id();
    let of = (Provider::Payos, stray.account);
    let mut line = Line::new(report.id, key, of, Currency::VND);
    line.sums.charged = stray.amount;
    let kind = FindingKind::TransferWithoutOrder;
    line.findings = vec![finding(kind, stray.amount, Some(&stray.reference))];
    line.compared = true;
    line
}
