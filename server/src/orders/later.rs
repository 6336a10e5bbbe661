//! Orders that are paid later: at the door, or on account (S6-S8, S14-S17).
//!
//! Such an order stays PENDING and keeps its stock; its tickets are claimed before the money is
//! there, and the gates know them as unpaid. When it ends without money they are void.

use shared::api::orders::{OrderStatus, OrderView, PayLater};
use shared::ids::{JobId, OrderId, TicketId};
use shared::time::Timestamp;

use super::error::Error;
use super::find::{visible_order, with_tickets};
use super::model::{IllegalMove, Later, Order, Step};
use crate::app::App;
use crate::events::{self, event_in, owned_event};
use crate::inventory::model::IssuedTicket;
use crate::inventory::{self, claimed_for, held_by, hold_until};
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Invalid;
use crate::platform::http::Caller;
use crate::{gate, payments, tickets};

/// By the event's organizer. Another call changes the terms.
pub async fn pay_later(
    app: &App,
    caller: Caller,
    id: OrderId,
    wanted: PayLater,
) -> Result<OrderView, Error> {
    organized(app, &caller, id).await?;
    let now = app.clock.now();
    let order = app
        .db
        .write(move |tx| {
            let mut order = pending(tx, id, now)?;
            let event = event_in(tx, order.event_id)?;
            let until = wanted.until.unwrap_or(event.end);
            if until <= now || until > event.end {
                let why = "must be in the future and not after the event";
                return Err(Invalid::field("until", why).into());
            }
            let later = Later {
                valid_if_pending: wanted.valid_if_pending,
                needs_approval: wanted.needs_approval,
            };
            order.later = Some(later);
            order.expires_at = until;
            let mut held = held_by(tx, id, &order.tickets)?;
            hold_until(tx, &mut held, until)?;
            for ticket in claimed_for(tx, id, &order.tickets)? {
                tickets::set_pending(tx, ticket.id, Some(later), now)?;
            }
            tx.replace(&mut order)?;
            Ok::<_, Error>(order)
        })
        .await?;
    Ok(with_tickets(app, &order, now).await?)
}

/// The organizer has the money, by a way that is not ours: cash at the door, a transfer.
pub async fn settle(app: &App, caller: Caller, id: OrderId) -> Result<OrderView, Error> {
    organized(app, &caller, id).await?;
    // If money went through the gateway already, the order is PAID now and this is refused.
    payments::close_attempts(app, id).await?;
    let now = app.clock.now();
    let mail = JobId::new(now, app.entropy.id10());
    let order = app
        .db
        .write(move |tx| {
            let mut order = pending(tx, id, now)?;
            if order.later.is_none() {
                let (from, step) = (order.status, Step::Pay);
                return Err(IllegalMove { from, step }.into());
            }
            payments::abandon(tx, id, now)?;
            let mut held = held_by(tx, id, &order.tickets)?;
            inventory::sell(tx, &mut held)?;
            let claimed = claimed_for(tx, id, &order.tickets)?;
            paid(tx, &claimed, now)?;
            order.apply(Step::Pay, now)?;
            // No gateway has it, so none gives it back.
            order.payment_id = None;
            tx.replace(&mut order)?;
            super::complete::confirm(tx, &order, mail, now)?;
            Ok::<_, Error>(order)
        })
        .await?;
    Ok(with_tickets(app, &order, now).await?)
}

/// Strangers get 404, the buyer 403.
async fn organized(app: &App, caller: &Caller, id: OrderId) -> Result<(), Error> {
    let order = visible_order(app, caller, id).await?;
    match owned_event(&app.db, caller, order.event_id).await {
        Ok(_) => Ok(()),
        Err(events::Error::NotFound) => Err(Error::Forbidden),
        Err(error) => Err(error.into()),
    }
}

fn pending(tx: &mut Tx<'_>, id: OrderId, now: Timestamp) -> Result<Versioned<Order>, Error> {
    let order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
    match order.status_at(now) {
        OrderStatus::Pending => Ok(order),
        from => Err(IllegalMove {
            from,
            step: Step::Pay,
        }
        .into()),
    }
}

/// The money for tickets that were claimed before it came: the gates hear of it.
pub(super) fn paid(
    tx: &mut Tx<'_>,
    claimed: &[Versioned<IssuedTicket>],
    now: Timestamp,
) -> Result<(), Error> {
    for ticket in claimed {
        tickets::set_pending(tx, ticket.id, None, now)?;
    }
    Ok(())
}

/// An order that is not paid for ends: what it holds returns, what was claimed for it is void.
pub(super) fn give_up(tx: &mut Tx<'_>, order: &Order, now: Timestamp) -> Result<(), Error> {
    inventory::release(tx, order.id, &order.tickets)?;
    if order.later.is_none() {
        return Ok(());
    }
    let claimed = claimed_for(tx, order.id, &order.tickets)?;
    let ids: Vec<TicketId> = claimed.iter().map(|ticket| ticket.id).collect();
    for ticket in inventory::void(tx, order.id, &ids)? {
        tickets::pre_check_in::forget(tx, ticket.event_id, ticket.serial)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    inventory::restock(tx, order.id, &order.tickets, now)?;
    Ok(())
}
