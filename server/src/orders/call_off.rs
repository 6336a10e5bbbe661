//! The event is called off: whatever stands of an order ends, and its people are told (E4).

use shared::api::orders::OrderStatus;
use shared::ids::OrderId;
use shared::time::Timestamp;

use super::error::Error;
use super::later::give_up;
use super::model::{Order, Step};
use super::refund::refund_in;
use crate::app::App;
use crate::inventory::model::IssuedTicket;
use crate::notices::{self, Mail};
use crate::payments::{self, Draws};
use crate::platform::db::{Query, Tx, Versioned};
use crate::tickets::ClaimedTicket;

/// Again it changes nothing: an order ends by one move.
pub async fn call_off(app: &App, id: OrderId, title: &str, reason: &str) -> Result<(), Error> {
    let order = app.db.get::<Order>(&id.to_string()).await?;
    let order = order.ok_or(Error::NotFound)?;
    if order.status == OrderStatus::Pending {
        // First shut the door at the gateway. Money that went through it already goes back.
        payments::close_attempts(app, id).await?;
    }
    let now = app.clock.now();
    let draws = Draws::new(app, now);
    let (title, reason) = (title.to_owned(), reason.to_owned());
    app.db
        .write(move |tx| {
            let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
            match order.status {
                OrderStatus::Pending => {
                    order.apply(Step::Cancel, now)?;
                    order.note.clone_from(&reason);
                    give_up(tx, &order, now)?;
                    payments::abandon(tx, order.id, now)?;
                    tx.replace(&mut order)?;
                    tell_buyer(tx, &order, &title, &reason, now)
                }
                OrderStatus::Paid | OrderStatus::PartiallyRefunded => {
                    let left = order.unreturned();
                    let voided = refund_in(tx, &mut order, &left, &reason, &draws, now)?;
                    tell_buyer(tx, &order, &title, &reason, now)?;
                    tell_attendees(tx, &order, &voided, (&title, &reason), now)
                }
                OrderStatus::Cancelled | OrderStatus::Expired | OrderStatus::Refunded => Ok(()),
            }
        })
        .await
}

fn tell_buyer(
    tx: &mut Tx<'_>,
    order: &Versioned<Order>,
    title: &str,
    reason: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let follows = match order.status {
        OrderStatus::Refunded => "What you paid goes back to you.",
        OrderStatus::Pending
        | OrderStatus::Paid
        | OrderStatus::Cancelled
        | OrderStatus::Expired
        | OrderStatus::PartiallyRefunded => "You were not charged.",
    };
    let name = format!("event_cancelled:{}", order.id);
    let mail = cancelled(&order.buyer.name, (title, reason), follows);
    Ok(notices::tell(tx, name, &order.buyer.email, mail, now)?)
}

fn cancelled(name: &str, (title, reason): (&str, &str), follows: &str) -> Mail {
    Mail::EventCancelled {
        name: name.to_owned(),
        title: title.to_owned(),
        reason: reason.to_owned(),
        follows: follows.to_owned(),
    }
}

/// Whoever was to come, where that is somebody else.
fn tell_attendees(
    tx: &mut Tx<'_>,
    order: &Order,
    voided: &[IssuedTicket],
    (title, reason): (&str, &str),
    now: Timestamp,
) -> Result<(), Error> {
    for ticket in voided {
        let query = Query::on("by_ticket").eq(ticket.id).limit(1);
        for claimed in tx.list::<ClaimedTicket>(&query)? {
            let attendee = &claimed.attendee;
            if attendee.email.eq_ignore_ascii_case(&order.buyer.email) {
                continue;
            }
            let name = format!("event_cancelled:{}", claimed.id);
            let mail = cancelled(&attendee.name, (title, reason), "Your ticket is void.");
            notices::tell(tx, name, &attendee.email, mail, now)?;
        }
    }
    Ok(())
}
