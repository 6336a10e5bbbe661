//! Holding stock for an order: all or nothing, in one statement.

use shared::ids::{ClassId, EventId, OrderId};
use shared::time::Timestamp;

use super::error::StockError;
use super::model::IssuedTicket;
use super::store::{self, Hold};
use crate::platform::db::{Query, Tx};

/// Holds `quantity` tickets of a class until `until`. Free stock and expired holds are the same
/// to it.
pub fn claim_stock(
    tx: &mut Tx<'_>,
    event: EventId,
    class: ClassId,
    quantity: u32,
    order: OrderId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<IssuedTicket>, StockError> {
    let hold = Hold {
        event,
        order,
        now,
        until,
    };
    let held = store::claim(tx, &hold, class, quantity)?;
    if held.len() == quantity as usize {
        return Ok(held);
    }
    // Nothing was taken. Only how to say it is still open.
    let (available, held) = store::look(tx, &hold, class, quantity)?;
    let any = Query::on("stock").eq(event).eq(class).limit(1);
    Err(StockError::Short {
        class,
        available,
        held,
        issued: available > 0 || held > 0 || !tx.list::<IssuedTicket>(&any)?.is_empty(),
    })
}

/// Holds exactly these seats until `until`.
pub fn claim_seats(
    tx: &mut Tx<'_>,
    event: EventId,
    seats: &[String],
    order: OrderId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<IssuedTicket>, StockError> {
    let hold = Hold {
        event,
        order,
        now,
        until,
    };
    let held = store::claim_seats(tx, &hold, seats)?;
    if held.len() == seats.len() {
        return Ok(held);
    }
    let (mut unknown, mut held, mut sold) = (Vec::new(), Vec::new(), Vec::new());
    for seat in seats {
        let query = Query::on("by_seat").eq(event).eq(seat).limit(1);
        match tx.list::<IssuedTicket>(&query)?.first() {
            None => unknown.push(seat.clone()),
            Some(ticket) if ticket.claimable(now) => {}
            Some(ticket) if ticket.hold_expires_at.is_some() => held.push(seat.clone()),
            Some(_) => sold.push(seat.clone()),
        }
    }
    Err(StockError::Seats {
        unknown,
        held,
        sold,
    })
}
