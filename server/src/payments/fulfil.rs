//! Money arrived. Order, tickets, stock, mail and journal are one commit, or the money is noted as
//! owed in one commit (P3, P4).

use serde_json::json;
use shared::api::payments::{PaymentStatus, RefundStatus};
use shared::ids::{JobId, JournalId, PaymentId, RefundId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::gateway;
use super::jobs::PAY_BACK;
use super::ledger::Refund;
use super::model::{Outcome, Payment, Step, provider_key};
use crate::app::App;
use crate::orders::model::Order;
use crate::orders::{Completion, complete};
use crate::platform::db::{DbError, Query, Tx, Versioned};
use crate::platform::jobs::{self, NewJob, Priority};
use crate::platform::journal::{self, Actor};

/// Money came and bought tickets.
pub(super) const SOLD: &str = "payment.sold";
/// Money came and must go back.
pub(super) const UNEARNED: &str = "payment.unearned";
/// Money that went back came back.
pub(super) const BOUNCED: &str = "payment.bounced";
/// Money went back.
pub(super) const PAID_BACK: &str = "payment.paid_back";

/// Sums of one payment; each transfer beyond the price makes one.
const SUMS_MAX: u32 = 1_000;

/// Ids drawn before the commit; what is not needed is not used.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    pub journal: JournalId,
    /// Of the line about money beyond the price.
    pub excess: JournalId,
    pub mail: JobId,
    pub refund: RefundId,
    pub refund_job: JobId,
}

impl Draws {
    pub fn new(app: &App, now: Timestamp) -> Self {
        Self {
            journal: JournalId::new(now, app.entropy.id10()),
            excess: JournalId::new(now, app.entropy.id10()),
            mail: JobId::new(now, app.entropy.id10()),
            refund: RefundId::new(now, app.entropy.id10()),
            refund_job: JobId::new(now, app.entropy.id10()),
        }
    }
}

/// What a gateway holds for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// All that arrived so far, not what arrived last: saying it again changes nothing.
    pub total: Money,
    pub standing: Standing,
}

/// How far the gateway is with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The gateway calls it paid. Only this buys.
    Paid,
    /// More may come; what is there waits.
    Open,
    /// Nobody is asked for more, and it was not called paid: what is there goes back.
    Over,
}

/// The gateway holds this for the payment.
pub(super) fn fulfil(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    held: Held,
    draws: &Draws,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let Held { total, standing } = held;
    let known = payment.received.map_or(0, |money| money.amount);
    let news = total.amount.saturating_sub(known);
    if !payment.awaits_money() {
        if news <= 0 {
            return Ok(Outcome::Known);
        }
        payment.received = Some(total);
        let why = "it came after the order was settled";
        return beyond(tx, payment, news, why, draws, now);
    }
    match standing {
        Standing::Paid if is_enough(payment, total) => {}
        Standing::Open if news <= 0 => return Ok(Outcome::Known),
        Standing::Open => {
            payment.received = Some(total);
            tx.replace(payment)?;
            return Ok(Outcome::Waiting);
        }
        Standing::Paid | Standing::Over => return let_go(tx, payment, held, draws, now),
    }
    payment.received = Some(total);
    let Some(mut order) = tx.get::<Order>(&payment.order_id.to_string())? else {
        return unearned(tx, payment, "the order is gone", draws, now);
    };
    match complete(tx, &mut order, payment.id, draws.mail, now)? {
        Completion::Done => {
            outrun(tx, payment, now)?;
            payment.apply(Step::Pay, now)?;
            let price = payment.amount;
            note(tx, payment, SOLD, price, draws.journal, now)?;
            let excess = total.amount.saturating_sub(price.amount);
            if excess > 0 {
                beyond(tx, payment, excess, "it is more than the price", draws, now)?;
            } else {
                tx.replace(payment)?;
            }
            Ok(Outcome::Fulfilled)
        }
        Completion::NoStock => {
            let why = "the tickets went to others meanwhile";
            unearned(tx, payment, why, draws, now)
        }
        Completion::CalledOff => unearned(tx, payment, "the event was called off", draws, now),
        Completion::Closed => unearned(tx, payment, "the order was closed before", draws, now),
    }
}

/// Whether it buys the order. Where payers type amounts, more than the price does too.
fn is_enough(payment: &Payment, total: Money) -> bool {
    let price = payment.amount;
    if gateway::takes_any_amount(payment.provider) {
        total.currency == price.currency && total.amount >= price.amount
    } else {
        total == price
    }
}

/// The attempt ends without a purchase: another may follow it, and what came goes back.
fn let_go(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    held: Held,
    draws: &Draws,
    now: Timestamp,
) -> Result<Outcome, Error> {
    if held.total.amount > 0 {
        payment.received = Some(held.total);
        let why = match held.standing {
            Standing::Paid => "the amount is not the one asked for",
            Standing::Open | Standing::Over => "the gateway had closed the attempt",
        };
        return unearned(tx, payment, why, draws, now);
    }
    if payment.status != PaymentStatus::Pending {
        return Ok(Outcome::Known);
    }
    payment.apply(Step::GiveUp, now)?;
    tx.replace(payment)?;
    Ok(Outcome::GivenUp)
}

/// Money of an attempt that was given up came first: the one that took its place is over, and its
/// gateway is told at the next look.
fn outrun(tx: &mut Tx<'_>, payment: &Payment, now: Timestamp) -> Result<(), Error> {
    let query = Query::on("by_live_order").eq(payment.order_id).limit(1);
    for mut other in tx.list::<Payment>(&query)? {
        if other.id != payment.id && other.status == PaymentStatus::Pending {
            other.apply(Step::GiveUp, now)?;
            tx.replace(&mut other)?;
        }
    }
    Ok(())
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
    note(tx, payment, UNEARNED, amount, draws.journal, now)?;
    owe_all(tx, payment, why, draws, now)?;
    Ok(Outcome::RefundDue)
}

/// A part of the money buys nothing, whatever became of the rest.
fn beyond(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    amount: i64,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let money = Money::new(amount, payment.amount.currency);
    note(tx, payment, UNEARNED, money, draws.excess, now)?;
    owe(tx, payment, money, why, draws, now)?;
    tx.replace(payment)?;
    Ok(Outcome::RefundDue)
}

/// Everything of it that is still with us goes back.
pub(super) fn owe_all(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    payment.apply(Step::Owe, now)?;
    why.clone_into(&mut payment.note);
    let money = payment.received.unwrap_or(payment.amount);
    let money = Money::new(payment.kept(), money.currency);
    if money.amount > 0 {
        owe(tx, payment, money, why, draws, now)?;
    } else if all_back(tx, payment)? {
        // It went back before, and not through us.
        payment.apply(Step::PayBack, now)?;
    }
    Ok(tx.replace(payment)?)
}

/// Whether nothing of what is owed of it is still with us.
pub(super) fn all_back(tx: &mut Tx<'_>, payment: &Payment) -> Result<bool, DbError> {
    let sums = tx.list::<Refund>(&sums_of(payment.id))?;
    Ok(sums.iter().all(|sum| sum.status == RefundStatus::Back))
}

/// The ledger's rows of one payment.
pub(super) fn sums_of(payment: PaymentId) -> Query {
    Query::on("by_payment").eq(payment).limit(SUMS_MAX)
}

/// Notes the debt and enqueues the job that settles it. The caller stores the payment.
pub(super) fn owe(
    tx: &mut Tx<'_>,
    payment: &mut Versioned<Payment>,
    amount: Money,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    payment.owed = payment.owed.saturating_add(amount.amount);
    tx.insert(&Refund {
        id: draws.refund,
        payment_id: payment.id,
        order_id: payment.order_id,
        event_id: payment.event_id,
        provider: payment.provider,
        status: RefundStatus::Due,
        amount,
        why: why.to_owned(),
        created_at: now,
        closed_at: None,
        proof: None,
        closed_by: None,
        sent: false,
        spent_keys: 0,
        gateway_id: None,
        failure: None,
        elsewhere: None,
        contested: payment.is_contested(),
    })?;
    if !gateway::gives_back(payment.provider) || payment.is_contested() {
        return Ok(());
    }
    Ok(send_back(tx, draws.refund, draws.refund_job, now)?)
}

/// The job that settles a debt through its gateway.
pub(super) fn send_back(
    tx: &mut Tx<'_>,
    refund: RefundId,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = json!({ "refundId": refund });
    let job = NewJob::new(job, PAY_BACK, payload, now).priority(Priority::High);
    jobs::enqueue(tx, job)
}

/// Writes a line of the money journal in the commit of what it tells: positive into our hands,
/// negative out of them.
pub(super) fn note(
    tx: &mut Tx<'_>,
    payment: &Payment,
    action: &'static str,
    amount: Money,
    line: JournalId,
    now: Timestamp,
) -> Result<(), DbError> {
    let details = json!({ "paymentId": payment.id, "money": amount });
    let entry = journal::Entry::new(
        line,
        now,
        Actor::Gateway(provider_key(payment.provider).to_owned()),
        action,
        journal::subject("order", payment.order_id),
        details,
    );
    journal::record(tx, &entry)
}
