//! What Stripe gave back, or had to, without us: refunds made in its dashboard, and disputes (P5).

use anyhow::Context as _;
use serde_json::Value;
use shared::api::payments::Elsewhere;
use shared::ids::{JournalId, MerchantId, PaymentId};
use shared::time::Timestamp;

use super::account::Account;
use super::ask::ask;
use super::open::session_of;
use super::refund::repaid;
use super::take::by_intent;
use super::wire::{SeenDispute, SeenRefund};
use crate::app::{App, AppState};
use crate::payments::disputes;
use crate::payments::elsewhere::{Returned, adopt, drawn};
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::fulfil::sums_of;
use crate::payments::jobs::later;
use crate::payments::ledger::Refund;
use crate::payments::model::Payment;
use crate::payments::refund::stands;
use crate::platform::db::Tx;
use crate::platform::jobs::Runner;

/// Looks what went back: `{"paymentId": …}`, or `{"intent": …, "account": …}`.
pub(super) const AUDIT: &str = "payments.stripe.audit";

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(AUDIT, |app, payload| async move {
        match payment_of(&app, &payload).await? {
            Some(payment) => audit(&app, payment).await.map_err(later),
            None => Ok(()),
        }
    });
}

/// The payment that the job is about; `None`: nobody's here.
async fn payment_of(app: &App, payload: &Value) -> anyhow::Result<Option<PaymentId>> {
    if let Some(id) = payload["paymentId"].as_str() {
        return Ok(Some(id.parse().context("not a payment id")?));
    }
    let intent = payload["intent"].as_str().context("no intent")?.to_owned();
    let merchant = payload["account"].as_str();
    let merchant: Option<MerchantId> = merchant.map(str::parse).transpose()?;
    let known = intent.clone();
    let found = app.db.write(move |tx| by_intent(tx, merchant, &known));
    if let Some(payment) = found.await? {
        return Ok(Some(payment.id));
    }
    let account = Account::of(app, merchant).await.map_err(later)?;
    let seen = account.intent(app, &intent).await;
    let Some(payment) = seen.map_err(|failure| later(failure.into()))?.payment() else {
        return Ok(None);
    };
    let stored = app.db.get::<Payment>(&payment.to_string()).await?;
    Ok(stored
        .filter(|payment| payment.account == merchant)
        .map(|payment| payment.id))
}

/// Reads what Stripe has given back for the payment and what banks want back, and takes it into the
/// books, in one commit. Again, and in any order, it changes nothing more.
pub async fn audit(app: &App, payment: PaymentId) -> Result<(), Error> {
    // First the money, then what became of it.
    ask(app, payment, None).await?;
    let session = session_of(app, payment).await?;
    let Some(intent) = session.payment_intent.as_deref() else {
        return Ok(());
    };
    let account = Account::of(app, session.account).await?;
    let refunds = account.refunds_of(app, intent).await?;
    let disputes = account.disputes_of(app, intent).await?;
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            for seen in &refunds {
                returned(tx, payment, seen, now)?;
            }
            for seen in &disputes {
                disputed(tx, payment, seen, now)?;
            }
            Ok(())
        })
        .await
}

/// A refund stands as it does there; one that we did not ask for becomes a row of the ledger. This is
/// before any dispute: what failed to go back is what a bank may have taken.
fn returned(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    seen: &SeenRefund,
    now: Timestamp,
) -> Result<(), Error> {
    let rows = tx.list::<Refund>(&sums_of(payment))?;
    // One that we asked for and never heard of again is learned here, too.
    let is_this = |row: &Refund| match &row.gateway_id {
        Some(id) => *id == seen.id,
        None => row.sent && row.failure.is_none() && seen.is_for(row.id, row.amount),
    };
    let known: Vec<_> = rows
        .iter()
        .filter(|row| is_this(row))
        .map(|row| row.id)
        .collect();
    for row in &known {
        let tag = format!("{}/{row}/{:?}", seen.id, seen.status);
        let line = JournalId::new(now, drawn("line", &tag));
        let job = shared::ids::JobId::new(now, drawn("job", &tag));
        stands(tx, *row, repaid(seen.clone()), (line, job), now)?;
    }
    if !seen.is_given() || rows.iter().any(|row| seen.ours() == Some(row.id)) {
        return Ok(());
    }
    let money = seen.money().ok_or_else(strange)?;
    let returned = Returned {
        gateway_id: seen.id.clone(),
        money,
        by: Elsewhere::Dashboard,
        is_back: seen.status == super::wire::RefundState::Succeeded,
    };
    adopt(tx, payment, &returned, now)
}

fn disputed(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    seen: &SeenDispute,
    now: Timestamp,
) -> Result<(), Error> {
    let told = disputes::Told {
        id: seen.id.clone(),
        money: seen.money().ok_or_else(strange)?,
        status: seen.status(),
        reason: seen.reason.chars().take(100).collect(),
    };
    disputes::note(tx, payment, &told, now)
}

fn strange() -> Error {
    Failure::unclear("it is in a currency that there is not").into()
}
