//! Money that went back without us: refunds made in a gateway's dashboard, disputes that were lost.
//! It becomes rows of the ledger, so that nobody pays it back a second time (P5).

use shared::api::payments::{Elsewhere, PaymentStatus, RefundStatus};
use shared::ids::{JobId, JournalId, PaymentId, RefundId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::fulfil::{Draws, sums_of};
use super::ledger::Refund;
use super::model::Payment;
use super::refund::close;
use crate::orders;
use crate::platform::db::{Tx, Versioned};

/// A sum that the gateway says went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Returned {
    /// The gateway's own name of it: all rows that it becomes carry it.
    pub(super) gateway_id: String,
    pub(super) money: Money,
    pub(super) by: Elsewhere,
    /// It is there; else it is on its way.
    pub(super) is_back: bool,
}

impl Returned {
    const fn why(&self) -> &'static str {
        match self.by {
            Elsewhere::Dashboard => "it was given back at the gateway",
            Elsewhere::Dispute => "the payer's bank took it back",
        }
    }
}

/// Takes it into the books, once however often it is told. First it settles what was owed anyway; what
/// is left of it was the price of tickets: those are void when all of the price went back by
/// somebody's hand, and stand when a bank took it, until the organizer says otherwise.
pub(super) fn adopt(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    returned: &Returned,
    now: Timestamp,
) -> Result<(), Error> {
    let rows = tx.list::<Refund>(&sums_of(payment))?;
    let is_adopted =
        |row: &&Versioned<Refund>| row.gateway_id.as_ref() == Some(&returned.gateway_id);
    let adopted: i64 = rows
        .iter()
        .filter(is_adopted)
        .map(|row| row.amount.amount)
        .sum();
    let mut rest = returned.money.amount.saturating_sub(adopted);
    for row in rows {
        let is_open = row.status == RefundStatus::Due && is_unmade(&row);
        if rest > 0 && is_open && row.amount.currency == returned.money.currency {
            rest -= settle(tx, row, returned, rest, now)?;
        }
    }
    let stored = tx.get::<Payment>(&payment.to_string())?;
    let stored = stored.ok_or(Error::NotFound)?;
    let taken = rest.min(stored.kept());
    if taken <= 0 || stored.amount.currency != returned.money.currency {
        if rest > 0 {
            // More went back than ever came: a report shows it, the ledger cannot.
            tracing::error!(payment.id = %payment, "more went back at the gateway than the books have");
        }
        return Ok(());
    }
    take_from_price(tx, stored, returned, taken, now)
}

/// What the gateway has made is its own, and what it was asked for may be: only one that it never heard
/// of, or that failed for good, can have been made anew by hand. Of the others the job that asked learns
/// the end, and looks again where that is a failure.
const fn is_unmade(row: &Refund) -> bool {
    row.failure.is_some() || (row.gateway_id.is_none() && !row.sent)
}

/// A debt is settled by it, in whole or in part; gives how much of it that took.
fn settle(
    tx: &mut Tx<'_>,
    mut row: Versioned<Refund>,
    returned: &Returned,
    rest: i64,
    now: Timestamp,
) -> Result<i64, Error> {
    let amount = row.amount.amount.min(rest);
    if amount < row.amount.amount {
        // The rest of the debt stays owed.
        let mut part = row.value.clone();
        part.id = RefundId::new(
            now,
            drawn("part", &format!("{}/{}", returned.gateway_id, row.id)),
        );
        part.amount.amount = amount;
        row.amount.amount -= amount;
        if row.sent {
            // The gateway knows the key with another amount.
            row.spent_keys = row.spent_keys.saturating_add(1);
        }
        tx.replace(&mut row)?;
        row = tx.insert(&part)?;
    }
    mark(tx, &mut row, returned, now)?;
    Ok(amount)
}

/// The row is the gateway's now.
fn mark(
    tx: &mut Tx<'_>,
    row: &mut Versioned<Refund>,
    returned: &Returned,
    now: Timestamp,
) -> Result<(), Error> {
    row.gateway_id = Some(returned.gateway_id.clone());
    row.elsewhere = Some(returned.by);
    row.contested = false;
    row.failure = None;
    if returned.is_back {
        let tag = format!("{}/{}", returned.gateway_id, row.id);
        return close(tx, row, None, JournalId::new(now, drawn("line", &tag)), now);
    }
    Ok(tx.replace(row)?)
}

/// A part of the price went back, or all of it.
fn take_from_price(
    tx: &mut Tx<'_>,
    mut payment: Versioned<Payment>,
    returned: &Returned,
    taken: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let (id, why) = (&returned.gateway_id, returned.why());
    let is_all = taken == payment.kept() && returned.by == Elsewhere::Dashboard;
    if is_all && payment.status == PaymentStatus::Paid {
        let draws = draws(id, now);
        orders::void_refunded(tx, payment.order_id, why, &draws, now)?;
        let row = tx.get::<Refund>(&draws.refund.to_string())?;
        let mut row = row.ok_or(Error::NotFound)?;
        return mark(tx, &mut row, returned, now);
    }
    payment.owed = payment.owed.saturating_add(taken);
    tx.replace(&mut payment)?;
    let mut row = tx.insert(&Refund {
        id: RefundId::new(now, from_price(id)),
        payment_id: payment.id,
        order_id: payment.order_id,
        event_id: payment.event_id,
        provider: payment.provider,
        status: RefundStatus::Due,
        amount: Money::new(taken, payment.amount.currency),
        why: why.to_owned(),
        created_at: now,
        closed_at: None,
        proof: None,
        closed_by: None,
        sent: true,
        spent_keys: 0,
        gateway_id: None,
        failure: None,
        elsewhere: None,
        contested: false,
    })?;
    mark(tx, &mut row, returned, now)?;
    orders::refunded_in_part(tx, payment.order_id, taken, now)?;
    Ok(())
}

/// What the gateway names once is all the randomness that the ids of its rows need.
fn draws(id: &str, now: Timestamp) -> Draws {
    Draws {
        journal: JournalId::new(now, drawn("journal", id)),
        excess: JournalId::new(now, drawn("excess", id)),
        mail: JobId::new(now, drawn("mail", id)),
        refund: RefundId::new(now, drawn("refund", id)),
        refund_job: JobId::new(now, drawn("refund job", id)),
    }
}

/// Names the row of what a gateway's return took from the price itself, and settled no debt with.
pub(super) fn from_price(id: &str) -> [u8; 10] {
    drawn("price", id)
}

pub(super) fn drawn(what: &str, from: &str) -> [u8; 10] {
    let text = format!("{what}/{from}");
    let hash = blake3::derive_key("gatehouse money elsewhere", text.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    random
}
