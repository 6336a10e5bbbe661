//! Money on its way back: owed in the commit that decides it, paid back by a job, or by hand where
//! the gateway gives nothing back (P3, P5).

use shared::api::payments::{ConfirmRefund, PaymentStatus, RefundStatus, RefundView};
use shared::ids::{EventId, JournalId, PaymentId, RefundId, UserId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::fulfil::{Draws, PAID_BACK, note, owe_all};
use super::gateway;
use super::ledger::Refund;
use super::model::{Payment, Step};
use crate::app::App;
use crate::events::{self, owned_event};
use crate::platform::db::{Query, Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

/// A bank's reference and a few words beside it.
const PROOF_CHARS_MAX: usize = 200;
/// Sums of one payment; each transfer beyond the price makes one.
const SUMS_MAX: u32 = 1_000;
/// Sums handed out in one look.
const DUE_MAX: u32 = 500;

/// What was paid must go back. Nothing to do where nothing was.
pub fn owe_refund(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    let payment = tx.get::<Payment>(&payment.to_string())?;
    match payment.filter(|payment| payment.status == PaymentStatus::Paid) {
        Some(mut payment) => owe_all(tx, &mut payment, why, draws, now),
        None => Ok(()),
    }
}

/// Gives a sum back through its gateway and notes that it is back. Again is harmless.
pub async fn pay_back(app: &App, id: RefundId) -> Result<(), Error> {
    let refund = app.db.get::<Refund>(&id.to_string()).await?;
    let refund = refund.ok_or(Error::NotFound)?;
    if refund.status != RefundStatus::Due || !gateway::gives_back(refund.provider) {
        return Ok(());
    }
    let payment = app
        .db
        .get::<Payment>(&refund.payment_id.to_string())
        .await?;
    let payment = payment.ok_or(Error::NotFound)?;
    gateway::refund(app, &payment).await?;
    let now = app.clock.now();
    let line = JournalId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let mut refund = due(tx, id)?;
            if refund.status == RefundStatus::Due {
                close(tx, &mut refund, None, line, now)?;
            }
            Ok(())
        })
        .await
}

/// Somebody transferred the money. Said once: what stands there is the proof.
pub async fn confirm(
    app: &App,
    caller: &Caller,
    id: RefundId,
    transferred: ConfirmRefund,
) -> Result<RefundView, Error> {
    let mut fields = Fields::default();
    let proof = fields.line("proof", &transferred.proof, 4, PROOF_CHARS_MAX);
    fields.done(())?;
    let refund = app.db.get::<Refund>(&id.to_string()).await?;
    let refund = refund.ok_or(Error::NoRefund)?;
    match owned_event(&app.db, caller, refund.event_id).await {
        Ok(_) => {}
        Err(events::Error::NotFound) => return Err(Error::NoRefund),
        Err(error) => return Err(error.into()),
    }
    let now = app.clock.now();
    let line = JournalId::new(now, app.entropy.id10());
    let user = caller.user;
    app.db
        .write(move |tx| {
            let mut refund = due(tx, id)?;
            if gateway::gives_back(refund.provider) {
                return Err(Error::NotByHand);
            }
            if refund.status != RefundStatus::Due {
                return Err(Error::AlreadyBack);
            }
            close(tx, &mut refund, Some((&proof, user)), line, now)?;
            Ok(refund.view())
        })
        .await
}

/// What an event's payers still have to get, oldest first.
pub async fn due_of(app: &App, caller: &Caller, event: EventId) -> Result<Vec<RefundView>, Error> {
    owned_event(&app.db, caller, event).await?;
    let query = Query::on("by_due").eq(event).at_least(0_i64).limit(DUE_MAX);
    let due = app.db.list::<Refund>(&query).await?;
    Ok(due.iter().map(|refund| refund.view()).collect())
}

fn due(tx: &mut Tx<'_>, id: RefundId) -> Result<Versioned<Refund>, Error> {
    tx.get::<Refund>(&id.to_string())?.ok_or(Error::NotFound)
}

/// The sum is back; so is the payment, when it was the last one.
fn close(
    tx: &mut Tx<'_>,
    refund: &mut Versioned<Refund>,
    by_hand: Option<(&String, UserId)>,
    line: JournalId,
    now: Timestamp,
) -> Result<(), Error> {
    refund.status = RefundStatus::Back;
    refund.closed_at = Some(now);
    if let Some((proof, user)) = by_hand {
        refund.proof = Some(proof.clone());
        refund.closed_by = Some(user);
    }
    tx.replace(refund)?;
    let payment = tx.get::<Payment>(&refund.payment_id.to_string())?;
    let mut payment = payment.ok_or(Error::NotFound)?;
    let back = Money::new(
        refund.amount.amount.saturating_neg(),
        refund.amount.currency,
    );
    note(tx, &payment, PAID_BACK, back, line, now)?;
    let query = Query::on("by_payment").eq(payment.id).limit(SUMS_MAX);
    let sums = tx.list::<Refund>(&query)?;
    let all_back = sums.iter().all(|sum| sum.status == RefundStatus::Back);
    if payment.status == PaymentStatus::RefundDue && all_back {
        payment.apply(Step::PayBack, now)?;
        tx.replace(&mut payment)?;
    }
    Ok(())
}
