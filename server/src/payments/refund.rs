//! Money on its way back: owed in the commit that decides it, paid back by a job (P3, P5 core).

use shared::api::payments::PaymentStatus;
use shared::ids::PaymentId;
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::fulfil::{Draws, PAID_BACK, note, owe};
use super::gateway;
use super::model::{Payment, Step};
use crate::app::App;
use crate::platform::db::Tx;

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
        Some(mut payment) => owe(tx, &mut payment, why, draws, now),
        None => Ok(()),
    }
}

/// Gives the money back through the gateway and notes that it is back. Again is harmless.
pub async fn pay_back(app: &App, id: PaymentId) -> Result<(), Error> {
    let key = id.to_string();
    let payment = app.db.get::<Payment>(&key).await?.ok_or(Error::NotFound)?;
    if payment.status != PaymentStatus::RefundDue {
        return Ok(());
    }
    gateway::refund(app, &payment).await?;
    let now = app.clock.now();
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| {
            let mut payment = tx.get::<Payment>(&key)?.ok_or(Error::NotFound)?;
            if payment.status != PaymentStatus::RefundDue {
                return Ok(());
            }
            payment.apply(Step::PayBack, now)?;
            tx.replace(&mut payment)?;
            let amount = payment.received.unwrap_or(payment.amount);
            let back = Money::new(amount.amount.saturating_neg(), amount.currency);
            note(tx, &payment, PAID_BACK, back, &draws, now)?;
            Ok(())
        })
        .await
}
