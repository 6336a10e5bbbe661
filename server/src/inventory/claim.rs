//! Holding stock for an order: all or nothing, in one statement.

use std::collections::{BTreeSet, HashSet};

use shared::ids::{ClassId, EventId, OrderId};
use shared::time::Timestamp;

use super::best::{Free, Pick, choose};
use super::error::StockError;
use super::model::{IssuedTicket, run_key};
use super::store::{self, Hold};
use crate::events::model::TicketClass;
use crate::platform::db::{DbError, Query, Tx, TxBackend, Versioned};
use crate::venues::model::Place;

/// Free seats looked at for one party before it may sit apart: the best ones come first.
const LOOK_MAX: u32 = 4_000;
/// In one read; most parties find their place among these.
const LOOK_PAGE: u32 = 500;
/// Holds that ended, looked at beside what is free.
const LAPSED_MAX: u32 = 200;
/// The run of seats that no plan places.
const NOWHERE: u32 = u32::MAX;
/// Seats of one run that are looked at.
const RUN_MAX: u32 = 500;
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
    // One writer sees every pick; transactions that run beside each other do not.
    let spread = match tx.backend() {
        TxBackend::Sqlite(_) => 0,
        TxBackend::Mongo(_) => order
            .as_bytes()
            .last()
            .map_or(0, |last| usize::from(*last) % SPREAD),
    };
    let mut seen = Seen::default();
    let Some(picked) = seen.seek(tx, &hold, class.id, (quantity as usize, spread))? else {
        let standard = seen.free.iter();
        let standard = standard.filter(|seat| seat.is_ours && !seat.place.reserved);
        let available = u32::try_from(standard.count()).unwrap_or(u32::MAX);
        let (_, held) = store::look(tx, &hold, class.id, quantity)?;
        return short(tx, &hold, class.id, available, held);
    };
    let seats = picked.seats.iter();
    let seats: Vec<String> = seats.map(|seat| seen.labels[*seat].clone()).collect();
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

/// What a party without names has seen of the free seats.
#[derive(Default)]
struct Seen {
    free: Vec<Free>,
    /// Of each of them.
    labels: Vec<String>,
    /// Runs of which every free seat was seen.
    known: BTreeSet<u32>,
}

impl Seen {
    /// Reads the free seats of the class from the best on, until a party finds its place there.
    fn seek(
        &mut self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        class: ClassId,
        party: (usize, usize),
    ) -> Result<Option<Pick>, DbError> {
        self.known.insert(NOWHERE);
        let stock = || Query::on("stock").eq(hold.event).eq(class);
        let lapsed = stock().eq("HELD").at_most(hold.now).limit(LAPSED_MAX);
        self.add(&tx.list::<IssuedTicket>(&lapsed)?, class);
        let mut read = 0;
        let mut limit = LOOK_PAGE;
        loop {
            // Stock is entered in the order of the plan, so the ids of free seats ascend from the best.
            let query = stock().eq("AVAILABLE").limit(read + limit);
            let rows = tx.list::<IssuedTicket>(&query)?;
            self.add(rows.get(read as usize..).unwrap_or_default(), class);
            let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let is_all = found < read + limit || found >= LOOK_MAX;
            let picked = self.choose(tx, hold, class, party)?;
            if is_all || picked.as_ref().is_some_and(|picked| picked.is_whole) {
                return Ok(picked);
            }
            read = found;
            limit = read;
        }
    }

    /// A row may go on behind what was read, or be another class's in part: it is looked at whole
    /// before anybody is seated in it.
    fn choose(
        &mut self,
        tx: &mut Tx<'_>,
        hold: &Hold,
        class: ClassId,
        party: (usize, usize),
    ) -> Result<Option<Pick>, DbError> {
        let labels = &mut self.labels;
        choose(&mut self.free, &mut self.known, party, |run| {
            let query = Query::on("by_run").eq(run_key(hold.event, run));
            let rows = tx.list::<IssuedTicket>(&query.limit(RUN_MAX))?;
            let free = rows.iter().filter(|row| row.claimable(hold.now));
            let seen: HashSet<&String> = labels.iter().collect();
            let news: Vec<_> = free
                .filter_map(|row| placed(row, class))
                .filter(|(label, _)| !seen.contains(label))
                .collect();
            let (new_labels, rest): (Vec<_>, Vec<_>) = news.into_iter().unzip();
            labels.extend(new_labels);
            Ok(rest)
        })
    }

    fn add(&mut self, rows: &[Versioned<IssuedTicket>], class: ClassId) {
        for (label, seat) in rows.iter().filter_map(|row| placed(row, class)) {
            if seat.place.run == NOWHERE || !self.known.contains(&seat.place.run) {
                self.free.push(seat);
                self.labels.push(label);
            }
        }
    }
}

/// Seats that no plan places stand alone, behind all others.
fn placed(ticket: &IssuedTicket, class: ClassId) -> Option<(String, Free)> {
    let seat = ticket.seat.clone()?;
    let alone = Place {
        run: NOWHERE,
        at: ticket.seat_index.unwrap_or(0).saturating_mul(2),
        reserved: false,
    };
    let place = ticket.place.unwrap_or(alone);
    let is_ours = ticket.class_id == class;
    Some((seat, Free { place, is_ours }))
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
