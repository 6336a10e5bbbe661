//! Taking an account away: refused while money is in flight, and its keys are wiped when nothing can
//! need them any more.

use anyhow::Context as _;
use serde_json::json;
use shared::api::payments::Provider;
use shared::ids::{JobId, JournalId, MerchantId, OrganizationId};
use shared::time::Timestamp;

use super::find::{current, current_in};
use super::flight::flight;
use super::model::Merchant;
use crate::app::{App, AppState};
use crate::organizations;
use crate::payments::error::Error;
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob, Runner};
use crate::platform::journal::{self, Actor};

/// Wipes the keys of an account that takes no more payments: `{"merchantId": …}`.
const WIPE: &str = "payments.merchants.wipe";
/// Longer than anything is looked at after its end, and than a request that began before.
const WIPE_AFTER_SECS: i64 = 26 * 3600;

pub(in crate::payments) fn register(runner: &mut Runner<AppState>) {
    runner.register(WIPE, |app, payload| async move {
        let id = payload["merchantId"].as_str().context("no merchantId")?;
        wipe(&app, id.parse().context("not a merchant's id")?).await?;
        Ok(())
    });
}

pub(super) async fn remove(
    app: &App,
    caller: Caller,
    organization: OrganizationId,
    provider: Provider,
) -> Result<(), Error> {
    organizations::required(&app.db, &caller, organization).await?;
    let current = current(app, organization, provider).await?;
    let current = current.ok_or(Error::NoMerchant)?;
    let flight = flight(app, current.id).await?;
    if !flight.is_over() {
        return Err(Error::InFlight(flight));
    }
    let now = app.clock.now();
    let line = JournalId::new(now, app.entropy.id10());
    let job = JobId::new(now, app.entropy.id10());
    let id = current.id;
    app.db
        .write(move |tx| {
            organizations::require_in(tx, &caller, organization, caller.right)?;
            let current = current_in(tx, organization, provider)?;
            let current = current.filter(|current| current.id == id);
            let mut current = current.ok_or(Error::NoMerchant)?;
            retire(tx, &mut current, job, now)?;
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(caller.user),
                "merchant.removed",
                journal::subject("organization", organization),
                json!({ "merchant": id, "provider": provider }),
            );
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// It takes no new payments from now on; its keys stay for those that it has.
pub(super) fn retire(
    tx: &mut Tx<'_>,
    merchant: &mut Versioned<Merchant>,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    merchant.retired_at = Some(now);
    tx.replace(merchant)?;
    wipe_later(tx, merchant.id, job, now)
}

fn wipe_later(
    tx: &mut Tx<'_>,
    merchant: MerchantId,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let job = NewJob::new(job, WIPE, json!({ "merchantId": merchant }), now);
    let job = job.run_at(now.plus_secs(WIPE_AFTER_SECS));
    jobs::enqueue(tx, job.dedupe(format!("wipe:{merchant}")))
}

async fn wipe(app: &App, id: MerchantId) -> Result<(), Error> {
    let is_over = flight(app, id).await?.is_over();
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let Some(mut merchant) = tx.get::<Merchant>(&id.to_string())? else {
                return Ok(());
            };
            let retired = merchant.retired_at;
            if retired.is_none_or(|at| now < at.plus_secs(WIPE_AFTER_SECS)) {
                // It takes payments again, or was retired anew: that has a job of its own.
                return Ok(());
            }
            if !is_over {
                return Ok(wipe_later(tx, id, job, now)?);
            }
            merchant.keys = None;
            Ok(tx.replace(&mut merchant)?)
        })
        .await
}
