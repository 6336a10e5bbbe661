//! Asking for a report.

use serde_json::json;
use shared::api::payments::Provider;
use shared::api::reconciliation::{ReconciliationView, StartReconciliation};
use shared::ids::{JobId, JournalId, MerchantId, OrganizationId, ReconciliationId};

use super::model::{Phase, Report, Scope};
use super::step::{follow, forget_later};
use crate::app::App;
use crate::events::owned_event;
use crate::organizations;
use crate::payments::error::Error;
use crate::payments::{merchants, payos, stripe};
use crate::platform::db::Query;
use crate::platform::fields::Invalid;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// A year, and a bit for who counts it otherwise.
const DAYS_MAX: i64 = 400;
/// Reports of one scope that are kept.
pub(super) const REPORTS_MAX: usize = 20;

pub(super) async fn start(
    app: &App,
    caller: Caller,
    scope: Scope,
    wanted: StartReconciliation,
) -> Result<ReconciliationView, Error> {
    let organization = allowed(app, &caller, scope).await?;
    let StartReconciliation { from, to } = wanted;
    let days = to.millis_since(from) / 86_400_000;
    if to <= from || days > DAYS_MAX {
        let why = format!("must be after from, and at most {DAYS_MAX} days");
        return Err(Invalid::field("to", why).into());
    }
    let (stripe, payos) = accounts(app, scope, organization).await?;
    let now = app.clock.now();
    let report = Report {
        id: ReconciliationId::new(now, app.entropy.id10()),
        scope,
        from,
        to,
        by: caller.user,
        started_at: now,
        finished_at: None,
        phase: Phase::Listing {
            account: 0,
            behind: None,
        },
        tries: 0,
        stripe,
        unlisted: Vec::new(),
        payos,
        lines: 0,
        compared: 0,
        findings: 0,
        other_business: 0,
        totals: Vec::new(),
    };
    let job = JobId::new(now, app.entropy.id10());
    let forgets = JobId::new(now, app.entropy.id10());
    let line = JournalId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let query = Query::on("by_scope").eq(scope.key()).limit(100);
            let known = tx.list::<Report>(&query)?;
            if known.iter().any(|known| known.is_running()) {
                return Err(Error::ReportRunning);
            }
            if let Some(oldest) = known.first().filter(|_| known.len() >= REPORTS_MAX) {
                tx.delete(oldest)?;
                forget_later(tx, oldest.id, forgets, now)?;
            }
            tx.insert(&report)?;
            follow(tx, report.id, job, now, now)?;
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(caller.user),
                "reconciliation.started",
                journal::subject("reconciliation", report.id),
                json!({ "scope": scope.key(), "from": from, "to": to }),
            );
            journal::record(tx, &entry)?;
            Ok(report.view())
        })
        .await
}

/// Whether the caller may see this money; 404 if not. Gives whose it is.
pub(super) async fn allowed(
    app: &App,
    caller: &Caller,
    scope: Scope,
) -> Result<Option<OrganizationId>, Error> {
    match scope {
        Scope::Event(event) => {
            let event = owned_event(&app.db, caller, event).await?;
            Ok(event.organization_id)
        }
        Scope::Organization(organization) => {
            organizations::required(&app.db, caller, organization).await?;
            Ok(Some(organization))
        }
        Scope::Server if caller.is_admin() => Ok(None),
        Scope::Server => Err(Error::NoReport),
    }
}

type Accounts = Vec<Option<MerchantId>>;

/// The Stripe accounts whose lists are read, and the PayOS channels whose strays are told.
async fn accounts(
    app: &App,
    scope: Scope,
    organization: Option<OrganizationId>,
) -> Result<(Accounts, Accounts), Error> {
    let (mut stripe, mut payos) = (Accounts::new(), Accounts::new());
    if let Some(organization) = organization {
        for (provider, list) in [
            (Provider::Stripe, &mut stripe),
            (Provider::Payos, &mut payos),
        ] {
            let keys = merchants::all_keys(app, organization, provider).await?;
            list.extend(keys.into_iter().map(|(id, _)| Some(id)));
        }
    }
    if stripe::Account::of_server(&app.config).is_some() {
        stripe.push(None);
    }
    if payos::Channel::of_server(&app.config).is_some() {
        payos.push(None);
    }
    payos.retain(|account| scope.owns(*account));
    Ok((stripe, payos))
}
