//! The end of an attempt without money, asked of the gateway before the stock is let go.

use shared::api::payments::PaymentStatus;
use shared::ids::OrderId;
use shared::time::Timestamp;

use super::error::Error;
use super::gateway::{self, State};
use super::model::{Payment, Step};
use super::reconcile::settle_polled;
use crate::app::App;
use crate::platform::db::{Query, Tx};

/// Attempts at one order that are looked at; a decline and another try each make one.
const ATTEMPTS_MAX: u32 = 100;

fn attempts(order: OrderId) -> Query {
    Query::on("by_order").eq(order).limit(ATTEMPTS_MAX)
}

/// Closes the order's pending attempts at their gateways. Money that turns up there is taken: the
/// order is PAID afterwards, or the refund is due.
pub async fn close_attempts(app: &App, order: OrderId) -> Result<(), Error> {
    for payment in app.db.list::<Payment>(&attempts(order)).await? {
        if payment.status != PaymentStatus::Pending {
            continue;
        }
        match gateway::close(app, &payment).await? {
            State::Paid(held) => {
                settle_polled(app, payment.id, held).await?;
            }
            State::Open | State::Over => {}
        }
    }
    Ok(())
}

/// Notes that the order's pending attempts are over; call it after [`close_attempts`].
pub fn abandon(tx: &mut Tx<'_>, order: OrderId, now: Timestamp) -> Result<(), Error> {
    for mut payment in tx.list::<Payment>(&attempts(order))? {
        if payment.status == PaymentStatus::Pending {
            payment.apply(Step::GiveUp, now)?;
            tx.replace(&mut payment)?;
        }
    }
    Ok(())
}
