//! Money arrived: the order gets its tickets, in the commit of the payment (P3, P4).

use std::collections::HashMap;

use serde_json::json;
use shared::api::events::EventStatus;
use shared::api::hooks::HookKind;
use shared::api::orders::OrderStatus;
use shared::ids::{ClassId, JobId, PaymentId, TicketId};
use shared::time::Timestamp;

use super::error::Error;
use super::form::follow;
use super::later::{give_up, paid};
use super::model::{Order, Step, after};
use super::person::{Person, count_person};
use crate::events::event_in;
use crate::events::model::TicketClass;
use crate::hooks::{self, Told};
use crate::inventory::model::IssuedTicket;
use crate::inventory::{
    StockError, claim_class, claim_seats, claimed_for, count_claim, held_by, release, sell,
};
use crate::notices;
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::jobs::{self, NewJob};
use crate::tickets;
use crate::vouchers;

/// What the money got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// The tickets are sold to the order, and the order is PAID.
    Done,
    /// The stock went to others meanwhile: the money must go back.
    NoStock,
    /// The event was called off: the money must go back.
    CalledOff,
    /// The order was paid, cancelled or refunded before: the money must go back.
    Closed,
}

/// Sells the order its tickets. A hold that has ended but that nobody took is as good as new; what
/// others took is claimed again from what is free.
pub fn complete(
    tx: &mut Tx<'_>,
    order: &mut Versioned<Order>,
    payment: PaymentId,
    mail: JobId,
    now: Timestamp,
) -> Result<Completion, Error> {
    if after(order.status, Step::Pay).is_none() {
        return Ok(Completion::Closed);
    }
    let event = event_in(tx, order.event_id)?;
    if event.status == EventStatus::Cancelled {
        end(tx, order, now)?;
        return Ok(Completion::CalledOff);
    }
    let mut held = held_by(tx, order.id, &order.tickets)?;
    // Of an order that may pay later.
    let claimed = claimed_for(tx, order.id, &order.tickets)?;
    let lost = held.len() + claimed.len() < order.tickets.len();
    // A hold that has ended counts for nothing any more: others may have had its place in a pool,
    // a release or a limit, even where its own tickets are still there.
    if lost || order.status_at(now) != OrderStatus::Pending {
        let again = if event.on_sale(now) || !lost {
            claim_again(tx, order, &mut held, &claimed, now)?
        } else {
            None
        };
        let Some(again) = again else {
            end(tx, order, now)?;
            return Ok(Completion::NoStock);
        };
        let all = held.iter().chain(&claimed).chain(&again);
        let all: Vec<&IssuedTicket> = all.map(|ticket| &**ticket).collect();
        order.tickets = all.iter().map(|ticket| ticket.id).collect();
        follow(tx, order, &all)?;
        held.extend(again);
    }
    sell(tx, &mut held)?;
    paid(tx, &claimed, now)?;
    order.apply(Step::Pay, now)?;
    order.payment_id = Some(payment);
    tx.replace(order)?;
    confirm(tx, order, mail, now)?;
    Ok(Completion::Done)
}

/// What it holds returns; the hold is over.
fn end(tx: &mut Tx<'_>, order: &mut Versioned<Order>, now: Timestamp) -> Result<(), Error> {
    give_up(tx, order, now)?;
    if order.status == OrderStatus::Pending {
        order.apply(Step::Expire, now)?;
        tx.replace(order)?;
    }
    Ok(())
}

/// Tells the buyer, by a job in the same commit.
pub(super) fn confirm(
    tx: &mut Tx<'_>,
    order: &Order,
    mail: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = json!({ "orderId": order.id });
    jobs::enqueue(tx, NewJob::new(mail, notices::ORDER_PAID, payload, now))?;
    if order.named {
        tickets::claim_named_later(tx, order.id, now)?;
    }
    let told = Told {
        kind: HookKind::OrderPaid,
        event: order.event_id,
        subject: order.id.to_string(),
    };
    hooks::announce(tx, &told, now)
}

/// Claims what the order no longer holds and counts all of it anew: all, or nothing and `None`.
fn claim_again(
    tx: &mut Tx<'_>,
    order: &Order,
    held: &mut [Versioned<IssuedTicket>],
    claimed: &[Versioned<IssuedTicket>],
    now: Timestamp,
) -> Result<Option<Vec<Versioned<IssuedTicket>>>, Error> {
    let Some(again) = claim_missing(tx, order, held, claimed, now)? else {
        return Ok(None);
    };
    let bill = bill_of(tx, held.iter().chain(&again))?;
    match recount(tx, order, &bill, now) {
        Ok(()) => Ok(Some(again)),
        Err(Error::Stock(StockError::Db(error)) | Error::Db(error)) => Err(error.into()),
        Err(Error::Stock(_) | Error::PerPerson { .. } | Error::Voucher(_)) => {
            let ids: Vec<_> = again.iter().map(id_of).collect();
            release(tx, order.id, &ids)?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn recount(
    tx: &mut Tx<'_>,
    order: &Order,
    bill: &[(TicketClass, u32)],
    now: Timestamp,
) -> Result<(), Error> {
    count_claim(tx, bill, now)?;
    let person = Person::of(order.user_id, order.guest.as_deref());
    count_person(tx, person, bill, now)?;
    if let Some(voucher) = &order.voucher {
        vouchers::count_use(tx, voucher, now)?;
    }
    Ok(())
}

/// How many of each class these are.
fn bill_of<'a>(
    tx: &mut Tx<'_>,
    tickets: impl Iterator<Item = &'a Versioned<IssuedTicket>>,
) -> Result<Vec<(TicketClass, u32)>, Error> {
    let mut bill: Vec<(TicketClass, u32)> = Vec::new();
    for ticket in tickets {
        if let Some(line) = bill.iter_mut().find(|(of, _)| of.id == ticket.class_id) {
            line.1 += 1;
            continue;
        }
        let class = tx.get::<TicketClass>(&ticket.class_id.to_string())?;
        let class = class.ok_or(Error::Inventory(crate::inventory::Error::NoClass))?;
        bill.push((class.into_inner(), 1));
    }
    Ok(bill)
}

/// Claims what the order no longer holds: all of it, or nothing and `None`.
fn claim_missing(
    tx: &mut Tx<'_>,
    order: &Order,
    held: &mut [Versioned<IssuedTicket>],
    claimed: &[Versioned<IssuedTicket>],
    now: Timestamp,
) -> Result<Option<Vec<Versioned<IssuedTicket>>>, Error> {
    // The commit that claims also sells: the hold only has to outlive this moment.
    let until = now.plus_secs(60);
    // What it still holds has ended too: the claim below must not find it.
    for own in &mut *held {
        own.hold_expires_at = Some(until);
        tx.replace(own)?;
    }
    if !order.seats.is_empty() {
        let own = || held.iter().chain(claimed);
        let gone = |seat: &&String| own().all(|own| own.seat.as_ref() != Some(*seat));
        let seats: Vec<String> = order.seats.iter().filter(gone).cloned().collect();
        let claimed = claim_seats(tx, order.event_id, &seats, order.id, now, until);
        return took(tx, order, claimed);
    }
    let mut have: HashMap<ClassId, u32> = HashMap::new();
    for ticket in held.iter().chain(claimed) {
        *have.entry(ticket.class_id).or_default() += 1;
    }
    let mut again = Vec::new();
    for line in &order.lines {
        let own = have.get(&line.class_id).copied().unwrap_or(0);
        let missing = line.quantity.saturating_sub(own);
        if missing == 0 {
            continue;
        }
        let class = tx.get::<TicketClass>(&line.class_id.to_string())?;
        let class = class.ok_or(Error::Inventory(crate::inventory::Error::NoClass))?;
        let more = claim_class(tx, &class, missing, order.id, now, until);
        let Some(more) = took(tx, order, more)? else {
            let ids: Vec<_> = again.iter().map(id_of).collect();
            release(tx, order.id, &ids)?;
            return Ok(None);
        };
        again.extend(more);
    }
    Ok(Some(again))
}

fn id_of(ticket: &Versioned<IssuedTicket>) -> TicketId {
    ticket.id
}

/// The claimed rows with their revisions; `None` where stock was short.
fn took(
    tx: &mut Tx<'_>,
    order: &Order,
    claimed: Result<Vec<IssuedTicket>, StockError>,
) -> Result<Option<Vec<Versioned<IssuedTicket>>>, Error> {
    match claimed {
        Ok(tickets) => {
            let ids: Vec<_> = tickets.iter().map(|ticket| ticket.id).collect();
            Ok(Some(held_by(tx, order.id, &ids)?))
        }
        Err(StockError::Db(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}
