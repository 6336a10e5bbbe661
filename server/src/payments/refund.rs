//! Money on its way back: owed in the commit that decides it, paid back by a job, or by hand where
//! the gateway gives nothing back (P3, P5).

use serde_json::json;
use shared::api::payments::{ConfirmRefund, Elsewhere, PaymentStatus, RefundStatus, RefundView};
use shared::ids::{EventId, JobId, JournalId, PaymentId, RefundId, UserId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::fulfil::{BOUNCED, Draws, PAID_BACK, all_back, note, owe, owe_all};
use super::gateway::{self, Repaid};
use super::jobs::PAY_BACK;
use super::ledger::Refund;
use super::model::{Payment, Step};
use crate::app::App;
use crate::events::{self, owned_event};
use crate::platform::db::{Query, Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob};

/// A bank's reference and a few words beside it.
const PROOF_CHARS_MAX: usize = 200;
/// Between two looks at a sum that is on its way.
const UNDER_WAY_SECS: i64 = 3600;
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

/// A part of what was paid must go back: so many minor units. The rest stays paid for.
pub fn owe_part(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    amount: i64,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    let payment = tx.get::<Payment>(&payment.to_string())?;
    let Some(mut payment) = payment.filter(|payment| payment.status == PaymentStatus::Paid) else {
        return Ok(());
    };
    let amount = amount.min(payment.kept());
    if amount <= 0 {
        return Ok(());
    }
    let money = Money::new(amount, payment.amount.currency);
    owe(tx, &mut payment, money, why, draws, now)?;
    Ok(tx.replace(&mut payment)?)
}

/// Gives a sum back through its gateway and notes how it stands there. Again is harmless; for a sum
/// that is back it hears whether it still is.
pub async fn pay_back(app: &App, id: RefundId) -> Result<(), Error> {
    let refund = app.db.get::<Refund>(&id.to_string()).await?;
    let refund = refund.ok_or(Error::NotFound)?;
    let may_change = refund.gateway_id.is_some() && refund.proof.is_none();
    // What a bank took back has no refund to ask about.
    let is_dispute = refund.elsewhere == Some(Elsewhere::Dispute);
    let waits = refund.contested || is_dispute || !gateway::gives_back(refund.provider);
    if waits || (is_settled(&refund) && !may_change) {
        return Ok(());
    }
    let repaid = gateway::refund(app, &refund).await?;
    if matches!(
        repaid,
        Repaid::Failed {
            gateway_id: None,
            ..
        }
    ) {
        // It may be back by another way: whoever transferred it now would pay it twice.
        gateway::look_again(app, &refund).await?;
        let refund = app.db.get::<Refund>(&id.to_string()).await?;
        let refund = refund.ok_or(Error::NotFound)?;
        if is_settled(&refund) || refund.contested || refund.gateway_id.is_some() {
            return Ok(());
        }
    }
    let has_failed = matches!(
        repaid,
        Repaid::Failed {
            gateway_id: Some(_),
            ..
        }
    );
    let now = app.clock.now();
    let line = JournalId::new(now, app.entropy.id10());
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| stands(tx, id, repaid.clone(), (line, job), now))
        .await?;
    if has_failed {
        // A bank may have taken it by now: then it is for nobody's hands.
        gateway::look_again(app, &refund).await?;
    }
    Ok(())
}

const fn is_settled(refund: &Refund) -> bool {
    matches!(refund.status, RefundStatus::Back) || refund.failure.is_some()
}

/// Takes the gateway's word for a sum. Somebody's proof of a transfer is later than any of it.
pub(super) fn stands(
    tx: &mut Tx<'_>,
    id: RefundId,
    repaid: Repaid,
    (line, job): (JournalId, JobId),
    now: Timestamp,
) -> Result<(), Error> {
    let mut refund = due(tx, id)?;
    if refund.proof.is_some() {
        return Ok(());
    }
    match repaid {
        Repaid::Back { gateway_id } => {
            refund.gateway_id = gateway_id;
            refund.failure = None;
            if refund.status == RefundStatus::Due {
                return close(tx, &mut refund, None, line, now);
            }
            Ok(tx.replace(&mut refund)?)
        }
        Repaid::UnderWay { gateway_id } => {
            refund.gateway_id = Some(gateway_id);
            tx.replace(&mut refund)?;
            // The webhook tells sooner, if it comes.
            let payload = json!({ "refundId": id });
            let look = NewJob::new(job, PAY_BACK, payload, now)
                .run_at(now.plus_secs(UNDER_WAY_SECS))
                .dedupe(format!("pay_back:{id}"));
            Ok(jobs::enqueue(tx, look)?)
        }
        Repaid::Failed { gateway_id, why } => {
            refund.gateway_id = gateway_id.or(refund.gateway_id.take());
            refund.failure = Some(why);
            match refund.status {
                RefundStatus::Due => Ok(tx.replace(&mut refund)?),
                RefundStatus::Back => bounce(tx, &mut refund, line, now),
            }
        }
    }
}

/// What was given back did not arrive, days later: it is owed again.
fn bounce(
    tx: &mut Tx<'_>,
    refund: &mut Versioned<Refund>,
    line: JournalId,
    now: Timestamp,
) -> Result<(), Error> {
    refund.status = RefundStatus::Due;
    refund.closed_at = None;
    tx.replace(refund)?;
    let payment = tx.get::<Payment>(&refund.payment_id.to_string())?;
    let mut payment = payment.ok_or(Error::NotFound)?;
    note(tx, &payment, BOUNCED, refund.amount, line, now)?;
    if payment.status == PaymentStatus::Refunded {
        payment.apply(Step::Bounce, now)?;
        tx.replace(&mut payment)?;
    }
    Ok(())
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
            if !refund.is_by_hand() {
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
pub(super) fn close(
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
    if payment.status == PaymentStatus::RefundDue && all_back(tx, &payment)? {
        payment.apply(Step::PayBack, now)?;
        tx.replace(&mut payment)?;
    }
    Ok(())
}
