//! Taking a dispute into the books as it stands now.

use serde_json::json;
use shared::api::hooks::HookKind;
use shared::api::organizations::Right;
use shared::api::payments::{DisputeStatus, Elsewhere, RefundStatus};
use shared::ids::{JobId, JournalId, PaymentId};
use shared::money::Money;
use shared::time::Timestamp;

use super::model::{Dispute, is_over};
use super::regain::regain;
use crate::events::{self, model::Event};
use crate::hooks;
use crate::notices::{self, Mail};
use crate::orders;
use crate::payments::elsewhere::{Returned, adopt, drawn};
use crate::payments::error::Error;
use crate::payments::fulfil::{send_back, sums_of};
use crate::payments::ledger::Refund;
use crate::payments::model::{Payment, provider_key};
use crate::platform::db::{Tx, Versioned};
use crate::platform::journal::{self, Actor};

/// What the gateway says of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub id: String,
    pub money: Money,
    pub status: DisputeStatus,
    pub reason: String,
}

pub fn note(tx: &mut Tx<'_>, payment: PaymentId, told: &Told, now: Timestamp) -> Result<(), Error> {
    let stored = tx.get::<Payment>(&payment.to_string())?;
    let mut stored = stored.ok_or(Error::NotFound)?;
    let dispute = match tx.get::<Dispute>(&told.id)? {
        Some(known) if known.payment != payment => return Ok(()),
        // What found no place in the ledger may have one now: a refund that failed meanwhile.
        Some(known)
            if (known.status, told.status) == (DisputeStatus::Lost, DisputeStatus::Lost) =>
        {
            return lost(tx, payment, told, now);
        }
        Some(known) if !is_news(known.status, told.status) => return Ok(()),
        Some(mut known) => {
            known.status = told.status;
            known.amount = told.money;
            known.closed_at = is_over(told.status).then_some(now);
            tx.replace(&mut known)?;
            known
        }
        None => tx.insert(&Dispute {
            id: told.id.clone(),
            payment,
            order: stored.order_id,
            event: stored.event_id,
            status: told.status,
            amount: told.money,
            reason: told.reason.clone(),
            opened_at: now,
            closed_at: is_over(told.status).then_some(now),
        })?,
    };
    stored.dispute = Some(told.status);
    tx.replace(&mut stored)?;
    orders::mark_disputed(tx, stored.order_id, told.status)?;
    settle(tx, &stored, told, now)?;
    tell(tx, &stored, &dispute, now)
}

/// A bank that decided against the shop may decide for it later, in arbitration; what it says beside
/// that after a decision is older than the decision.
const fn is_news(known: DisputeStatus, told: DisputeStatus) -> bool {
    match (known, told) {
        (DisputeStatus::Won, _)
        | (DisputeStatus::Inquiry, DisputeStatus::Inquiry)
        | (DisputeStatus::Open, DisputeStatus::Open) => false,
        (DisputeStatus::Lost, told) => matches!(told, DisputeStatus::Won),
        (DisputeStatus::Inquiry | DisputeStatus::Open, _) => true,
    }
}

/// What it means for the money.
fn settle(tx: &mut Tx<'_>, payment: &Payment, told: &Told, now: Timestamp) -> Result<(), Error> {
    match told.status {
        DisputeStatus::Inquiry => {}
        DisputeStatus::Open => contest(tx, payment.id)?,
        DisputeStatus::Won => {
            regain(tx, payment.id, &told.id, now)?;
            release(tx, payment.id, now)?;
        }
        DisputeStatus::Lost => lost(tx, payment.id, told, now)?,
    }
    Ok(())
}

/// The bank has taken it; again it changes nothing more.
fn lost(tx: &mut Tx<'_>, payment: PaymentId, told: &Told, now: Timestamp) -> Result<(), Error> {
    let returned = Returned {
        gateway_id: told.id.clone(),
        money: told.money,
        by: Elsewhere::Dispute,
        is_back: true,
    };
    adopt(tx, payment, &returned, now)?;
    // A bank that took less than was owed.
    release(tx, payment, now)
}

/// What is owed and not on its way waits for the bank.
fn contest(tx: &mut Tx<'_>, payment: PaymentId) -> Result<(), Error> {
    for mut row in tx.list::<Refund>(&sums_of(payment))? {
        let is_unmade = row.gateway_id.is_none() || row.failure.is_some();
        if row.status == RefundStatus::Due && is_unmade && !row.contested {
            row.contested = true;
            row.failure = None;
            tx.replace(&mut row)?;
        }
    }
    Ok(())
}

/// The money is the shop's: what waited is paid back.
fn release(tx: &mut Tx<'_>, payment: PaymentId, now: Timestamp) -> Result<(), Error> {
    for mut row in tx.list::<Refund>(&sums_of(payment))? {
        if row.status == RefundStatus::Due && row.contested {
            row.contested = false;
            tx.replace(&mut row)?;
            let job = JobId::new(now, drawn("released", &row.id.to_string()));
            send_back(tx, row.id, job, now)?;
        }
    }
    Ok(())
}

/// The journal, the organizer's systems and the organizer, in the same commit.
fn tell(
    tx: &mut Tx<'_>,
    payment: &Payment,
    dispute: &Versioned<Dispute>,
    now: Timestamp,
) -> Result<(), Error> {
    let tag = format!("{}/{:?}", dispute.id, dispute.status);
    let entry = journal::Entry::new(
        JournalId::new(now, drawn("dispute", &tag)),
        now,
        Actor::Gateway(provider_key(payment.provider).to_owned()),
        "payment.disputed",
        journal::subject("order", dispute.order),
        json!({ "dispute": dispute.id, "status": dispute.status, "money": dispute.amount }),
    );
    journal::record(tx, &entry)?;
    let told = hooks::Told {
        kind: if is_over(dispute.status) {
            HookKind::DisputeClosed
        } else {
            HookKind::PaymentDisputed
        },
        event: dispute.event,
        subject: dispute.id.clone(),
    };
    hooks::announce(tx, &told, now)?;
    let event = tx.get::<Event>(&dispute.event.to_string())?;
    let Some(event) = event else {
        return Ok(());
    };
    let Some(organizer) = events::contact_in(tx, &event, Right::Money)? else {
        return Ok(());
    };
    let mail = Mail::PaymentDisputed {
        name: organizer.username.clone(),
        title: event.title.clone(),
        amount: dispute.amount.to_string(),
        order: dispute.order,
        stands: words(dispute.status).to_owned(),
    };
    let name = format!("payment_disputed:{tag}");
    Ok(notices::tell(tx, name, &organizer.email, mail, now)?)
}

const fn words(status: DisputeStatus) -> &'static str {
    match status {
        DisputeStatus::Inquiry => {
            "The payer's bank asks about this payment. The money is still with you. Answer in the gateway's dashboard, or give the money back."
        }
        DisputeStatus::Open => {
            "The payer's bank disputes this payment and withholds the money until it has decided. Answer in the gateway's dashboard. The tickets stay valid unless you void them."
        }
        DisputeStatus::Won => {
            "The bank has decided for you: the money is yours. What you owe the payer for tickets that you voided goes back by itself."
        }
        DisputeStatus::Lost => {
            "The bank has decided against you: the money is gone. The tickets stay valid unless you void them."
        }
    }
}
