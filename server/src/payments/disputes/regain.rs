//! A dispute that was lost is won after all: the bank gives back what it had taken.
//!
//! Tickets stay as the organizer left them. What pays for those that stand is their price again; the
//! rest is owed to the payer, as if the bank had decided so at once.

use shared::api::payments::{Elsewhere, PaymentStatus, RefundStatus};
use shared::ids::{JobId, JournalId, PaymentId, RefundId};
use shared::time::Timestamp;

use crate::orders;
use crate::payments::elsewhere::{drawn, from_price};
use crate::payments::error::Error;
use crate::payments::fulfil::{BOUNCED, note, send_back, sums_of};
use crate::payments::ledger::Refund;
use crate::payments::model::{Payment, Step};
use crate::platform::db::{Tx, Versioned};

/// Nothing to do where the bank never took anything: the rows that it took are what is undone.
pub(super) fn regain(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    dispute: &str,
    now: Timestamp,
) -> Result<(), Error> {
    for row in tx.list::<Refund>(&sums_of(payment))? {
        let is_taken =
            row.elsewhere == Some(Elsewhere::Dispute) && row.gateway_id.as_deref() == Some(dispute);
        if is_taken {
            undo(tx, row, dispute, now)?;
        }
    }
    Ok(())
}

fn undo(
    tx: &mut Tx<'_>,
    mut row: Versioned<Refund>,
    dispute: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let payment = tx.get::<Payment>(&row.payment_id.to_string())?;
    let mut payment = payment.ok_or(Error::NotFound)?;
    let tag = drawn("regained", &format!("{dispute}/{}", row.id));
    let line = JournalId::new(now, tag);
    note(tx, &payment, BOUNCED, row.amount, line, now)?;
    // What settled a debt is that debt again.
    let was_price = row.id == RefundId::new(row.created_at, from_price(dispute));
    let price = if was_price {
        orders::regained(tx, row.order_id, row.amount.amount, now)?
    } else {
        0
    };
    payment.owed = payment.owed.saturating_sub(price);
    row.amount.amount -= price;
    if row.amount.amount == 0 {
        tx.replace(&mut payment)?;
        return Ok(tx.delete(&row)?);
    }
    row.status = RefundStatus::Due;
    row.closed_at = None;
    row.gateway_id = None;
    row.elsewhere = None;
    // Asked before, it was refused for the dispute; the gateway would repeat that under the old key.
    row.spent_keys = row.spent_keys.saturating_add(1);
    tx.replace(&mut row)?;
    if payment.status == PaymentStatus::Refunded {
        payment.apply(Step::Bounce, now)?;
    }
    tx.replace(&mut payment)?;
    Ok(send_back(tx, row.id, JobId::new(now, tag), now)?)
}
