//! Holding stock for an order: all or nothing, in one statement.

use shared::ids::{ClassId, EventId, OrderId};
use shared::time::Timestamp;

use super::best::{has_whole_place, pick};
use super::error::StockError;
use super::model::IssuedTicket;
use super::store::{self, Hold};
use crate::events::model::TicketClass;
use crate::platform::db::{DbError, Query, Tx, TxBackend};
use crate::venues::model::Place;

/// Free seats looked at for one party before it may sit apart: the best ones come first.
const LOOK_MAX: u32 = 4_000;
/// In one read; most parties find their place among these.
const LOOK_PAGE: u32 = 500;
/// Holds that ended, looked at beside what is free.
const LAPSED_MAX: u32 = 200;
/// Equally good picks that buyers on MongoDB spread over.
const SPREAD: usize = 8;

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
    short(tx, &hold, class, available, held)
}

/// [`claim_stock`] of a class whose seats stand in a plan: the best that are side by side.
pub fn claim_class(
    tx: &mut Tx<'_>,
    class: &TicketClass,
    quantity: u32,
    order: OrderId,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<IssuedTicket>, StockError> {
    if !class.seated {
        return claim_stock(tx, class.event_id, class.id, quantity, order, now, until);
    }
    let hold = Hold {
        event: class.event_id,
        order,
        now,
        until,
    };
    let free = free_seats(tx, &hold, class.id, quantity as usize)?;
    let places: Vec<Place> = free.iter().map(|(_, place)| *place).collect();
    // One writer sees every pick; transactions that run beside each other do not.
    let spread = match tx.backend() {
        TxBackend::Sqlite(_) => 0,
        TxBackend::Mongo(_) => order
            .as_bytes()
            .last()
            .map_or(0, |last| usize::from(*last) % SPREAD),
    };
    let Some(picked) = pick(&places, quantity as usize, spread) else {
        let standard = places.iter().filter(|place| !place.reserved).count();
        let (_, held) = store::look(tx, &hold, class.id, quantity)?;
        let available = u32::try_from(standard).unwrap_or(u32::MAX);
        return short(tx, &hold, class.id, available, held);
    };
    let seats: Vec<String> = picked.iter().map(|seat| free[*seat].0.clone()).collect();
    let held = store::claim_seats(tx, &hold, &seats)?;
    if held.len() == seats.len() {
        return Ok(held);
    }
    // The rows that were read are the rows that are claimed, in one transaction.
    Err(DbError::Conflict {
        collection: "issued_tickets",
    }
    .into())
}

/// Free seats of the class with their places, from the best on, until a party finds one there.
fn free_seats(
    tx: &mut Tx<'_>,
    hold: &Hold,
    class: ClassId,
    quantity: usize,
) -> Result<Vec<(String, Place)>, DbError> {
    let stock = || Query::on("stock").eq(hold.event).eq(class);
    let lapsed = stock().eq("HELD").at_most(hold.now).limit(LAPSED_MAX);
    let mut free: Vec<(String, Place)> = Vec::new();
    free.extend(
        tx.list::<IssuedTicket>(&lapsed)?
            .iter()
            .filter_map(|row| placed(row)),
    );
    let mut seen = 0;
    let mut limit = LOOK_PAGE;
    while seen < LOOK_MAX {
        // Stock is entered in the order of the plan, so the ids of free seats ascend from the best.
        let query = stock().eq("AVAILABLE").limit(seen + limit);
        let rows = tx.list::<IssuedTicket>(&query)?;
        let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let is_all = found < seen + limit;
        let fresh = rows.iter().skip(seen as usize);
        free.extend(fresh.filter_map(|row| placed(row)));
        seen = found;
        if is_all {
            return Ok(free);
        }
        // The last row that was seen may go on behind the page: nobody is seated there yet.
        let last = free.last().map(|(_, place)| place.run);
        let whole: Vec<Place> = free.iter().map(|(_, place)| *place).collect();
        let whole: Vec<Place> = whole
            .into_iter()
            .filter(|at| Some(at.run) != last)
            .collect();
        if has_whole_place(&whole, quantity) {
            free.retain(|(_, place)| Some(place.run) != last);
            return Ok(free);
        }
        limit = seen;
    }
    Ok(free)
}

/// Seats that no plan places stand alone, behind all others.
fn placed(ticket: &IssuedTicket) -> Option<(String, Place)> {
    let seat = ticket.seat.clone()?;
    let alone = Place {
        run: u32::MAX,
        at: ticket.seat_index.unwrap_or(0).saturating_mul(2),
        reserved: false,
    };
    Some((seat, ticket.place.unwrap_or(alone)))
}

fn short<T>(
    tx: &mut Tx<'_>,
    hold: &Hold,
    class: ClassId,
    available: u32,
    held: u32,
) -> Result<T, StockError> {
    let stock = || Query::on("stock").eq(hold.event).eq(class);
    let first = stock().eq("HELD").more_than(hold.now).limit(1);
    let first = tx.list::<IssuedTicket>(&first)?;
    Err(StockError::Short {
        class,
        available,
        held,
        may_return: first.first().and_then(|ticket| ticket.hold_expires_at),
        issued: available > 0
            || held > 0
            || !tx.list::<IssuedTicket>(&stock().limit(1))?.is_empty(),
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
    let mut may_return: Option<Timestamp> = None;
    for seat in seats {
        let query = Query::on("by_seat").eq(event).eq(seat).limit(1);
        match tx.list::<IssuedTicket>(&query)?.first() {
            None => unknown.push(seat.clone()),
            Some(ticket) if ticket.claimable(now) => {}
            Some(ticket) if ticket.hold_expires_at.is_some() => {
                may_return = may_return.max(ticket.hold_expires_at);
                held.push(seat.clone());
            }
            Some(_) => sold.push(seat.clone()),
        }
    }
    Err(StockError::Seats {
        unknown,
        held,
        may_return,
        sold,
    })
}
