//! What becomes of held stock: sold, released, voided when the money goes back, and for sale again.

use shared::api::tickets::TicketStatus;
use shared::ids::{OrderId, TicketId};
use shared::limits::SERIAL_MAX;
use shared::time::Timestamp;

use super::error::Error;
use super::model::{IssuedTicket, Step};
use crate::events::model::Event;
use crate::platform::db::{DbError, Tx, Versioned};

/// Those of the tickets that `order` still holds, in time or not. The others went to someone else.
pub fn held_by(
    tx: &mut Tx<'_>,
    order: OrderId,
    tickets: &[TicketId],
) -> Result<Vec<Versioned<IssuedTicket>>, DbError> {
    let mut held = Vec::with_capacity(tickets.len());
    for id in tickets {
        if let Some(ticket) = tx.get::<IssuedTicket>(&id.to_string())?
            && ticket.held_for(order)
        {
            held.push(ticket);
        }
    }
    Ok(held)
}

/// Those of the tickets that were claimed for `order`, paid for or not, and still are.
pub fn claimed_for(
    tx: &mut Tx<'_>,
    order: OrderId,
    tickets: &[TicketId],
) -> Result<Vec<Versioned<IssuedTicket>>, DbError> {
    let mut claimed = Vec::new();
    for id in tickets {
        if let Some(ticket) = tx.get::<IssuedTicket>(&id.to_string())?
            && ticket.order_id == Some(order)
            && matches!(
                ticket.status,
                TicketStatus::Claimed | TicketStatus::Validated
            )
        {
            claimed.push(ticket);
        }
    }
    Ok(claimed)
}

/// Holds what `order` holds for longer.
pub fn hold_until(
    tx: &mut Tx<'_>,
    held: &mut [Versioned<IssuedTicket>],
    until: Timestamp,
) -> Result<(), DbError> {
    for ticket in held {
        ticket.hold_expires_at = Some(until);
        tx.replace(ticket)?;
    }
    Ok(())
}

/// Gives back what `order` still holds.
pub fn release(tx: &mut Tx<'_>, order: OrderId, tickets: &[TicketId]) -> Result<(), Error> {
    for mut ticket in held_by(tx, order, tickets)? {
        ticket.apply(Step::Release)?;
        tx.replace(&mut ticket)?;
    }
    Ok(())
}

/// Sells held tickets to the order that holds them.
pub fn sell(tx: &mut Tx<'_>, held: &mut [Versioned<IssuedTicket>]) -> Result<(), Error> {
    for ticket in held {
        ticket.apply(Step::Sell)?;
        tx.replace(ticket)?;
    }
    Ok(())
}

/// Voids the tickets that `order` bought and that are good still; gives what they are now.
pub fn void(
    tx: &mut Tx<'_>,
    order: OrderId,
    tickets: &[TicketId],
) -> Result<Vec<IssuedTicket>, Error> {
    let mut voided = Vec::with_capacity(tickets.len());
    for id in tickets {
        let Some(mut ticket) = tx.get::<IssuedTicket>(&id.to_string())? else {
            return Err(Error::NotFound);
        };
        let is_over = matches!(
            ticket.status,
            TicketStatus::Cancelled | TicketStatus::Expired
        );
        // One may have been revoked by itself before.
        if ticket.order_id == Some(order) && !is_over {
            ticket.apply(Step::Void)?;
            tx.replace(&mut ticket)?;
            voided.push(ticket.into_inner());
        }
    }
    Ok(voided)
}

/// Puts what `order` bought and what is void now on sale again, as other tickets with the same class
/// and seat: nobody's capacity is lost, in whatever order tickets and orders were cancelled. Gives
/// how many; none once the event is over or called off.
pub fn restock(
    tx: &mut Tx<'_>,
    order: OrderId,
    tickets: &[TicketId],
    now: Timestamp,
) -> Result<usize, Error> {
    let mut void = Vec::with_capacity(tickets.len());
    for id in tickets {
        let ticket = tx.get::<IssuedTicket>(&id.to_string())?;
        void.extend(ticket.filter(|ticket| {
            ticket.order_id == Some(order)
                && ticket.status == TicketStatus::Cancelled
                && !ticket.replaced
        }));
    }
    let Some(event) = void.first().map(|ticket| ticket.event_id) else {
        return Ok(0);
    };
    let event = tx.get::<Event>(&event.to_string())?;
    let Some(mut event) = event.filter(|event| event.on_sale(now)) else {
        return Ok(0);
    };
    // Where the event has no serials left, the rest stays away.
    let room = SERIAL_MAX.saturating_sub(event.serial_next);
    void.truncate(usize::try_from(room).unwrap_or(usize::MAX));
    for old in &mut void {
        let next = old.successor(event.serial_next, now);
        event.serial_next += 1;
        // The seat must be free before another takes it.
        old.replaced = true;
        tx.replace(old)?;
        tx.insert(&next)?;
    }
    if !void.is_empty() {
        tx.replace(&mut event)?;
    }
    Ok(void.len())
}
