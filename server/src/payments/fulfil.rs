//! Money arrived. Order, tickets, stock, mail and journal are one commit, or the money is noted as
//! owed in one commit (P3, P4).

use serde_json::json;
use shared::ids::{JobId, JournalId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::jobs::PAY_BACK;
use super::model::{Outcome, Payment, Step, provider_key};
use crate::app::App;
use crate::orders::model::Order;
use crate::orders::{Completion, complete};
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::jobs::{self, NewJob, Priority};
use crate::platform::journal::{self, Actor};

/// Money came and bought tickets.
pub(super) const SOLD: &str = "payment.sold";
/// Money came and must go back.
pub(super) const UNEARNED: &str = "payment.unearned";
/// Money went back.
pub(super) const PAID_BACK: &str = "payment.paid_back";

/// Ids drawn before the commit; what is not needed is not used.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    pub journal: JournalId,
    pub mail: JobId,
    pub refund: JobId,
}

impl Draws {
    pub fn new(app: &App, now: Timestamp) -> Self {
        Self {
            journal: JournalId::new(now, app.entropy.id10()),
            mail: JobId::new(now, app.entropy.id10()),
            refund: JobId::new(now, app.entropy.id10()),
        }
    }
}

/// The gateway holds `amount` for this payment. Saying so again changes nothing.
pub(super) fn fulfil(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    amount: Money,
    draws: &Draws,
    now: Timestamp,
) -> Result<Outcome, Error> {
    if !payment.awaits_money() {
        return Ok(Outcome::Known);
    }
    payment.received = Some(amount);
    if amount != payment.amount {
        return unearned(
            tx,
            payment,
            "the amount is not the one asked for",
            draws,
            now,
        );
    }
    let Some(mut order) = tx.get::<Order>(&payment.order_id.to_string())? else {
        return unearned(tx, payment, "the order is gone", draws, now);
    };
    match complete(tx, &mut order, payment.id, draws.mail, now)? {
        Completion::Done => {
            payment.apply(Step::Pay, now)?;
            tx.replace(payment)?;
            note(tx, payment, SOLD, amount, draws, now)?;
            Ok(Outcome::Fulfilled)
        }
        Completion::NoStock => unearned(
            tx,
            payment,
            "the tickets went to others meanwhile",
            draws,
            now,
        ),
        Completion::Closed => unearned(tx, payment, "the order was closed before", draws, now),
    }
}

/// The money is here and buys nothing.
fn unearned(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let amount = payment.received.unwrap_or(payment.amount);
    note(tx, payment, UNEARNED, amount, draws, now)?;
    owe(tx, payment, why, draws, now)?;
    Ok(Outcome::RefundDue)
}

/// Notes the debt and enqueues the job that settles it.
pub(super) fn owe(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    payment.apply(Step::Owe, now)?;
    why.clone_into(&mut payment.note);
    tx.replace(payment)?;
    let payload = json!({ "paymentId": payment.id });
    let job = NewJob::new(draws.refund, PAY_BACK, payload, now).priority(Priority::High);
    Ok(jobs::enqueue(tx, job)?)
}

/// Writes a line of the money journal in the commit of what it tells: positive into our hands,
/// negative out of them.
pub(super) fn note(
    tx: &mut Tx<'_>,
    payment: &Payment,
    action: &'static str,
    amount: Money,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), DbError> {
    let details = json!({ "paymentId": payment.id, "money": amount });
    let entry = journal::Entry::new(
        draws.journal,
        now,
        Actor::Gateway(provider_key(payment.provider).to_owned()),
        action,
        journal::subject("order", payment.order_id),
        details,
    );
    journal::record(tx, &entry)
}
