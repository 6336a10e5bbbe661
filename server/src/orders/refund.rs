//! The organizer gives the money back, for all of an order or for some of its tickets: order, tickets,
//! stock, gates and the debt in one commit (P5, O4).

use std::collections::BTreeSet;

use shared::api::hooks::HookKind;
use shared::api::orders::{OrderView, RefundRequest};
use shared::api::payments::DisputeStatus;
use shared::ids::{ClassId, OrderId, TicketId};
use shared::limits::TITLE_CHARS_MAX;
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::find::{visible_order, with_tickets};
use super::model::{IllegalMove, Order, Step, after};
use super::shares::share_of_ticket;
use crate::app::App;
use crate::events::{event_in, owned_event};
use crate::hooks::{self, Told};
use crate::inventory;
use crate::inventory::model::IssuedTicket;
use crate::notices::{self, Mail};
use crate::payments::{self, Draws};
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::tickets::pre_check_in;
use crate::{events, gate, invoices};

pub async fn refund(
    app: &App,
    caller: Caller,
    id: OrderId,
    request: RefundRequest,
) -> Result<OrderView, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    let why = fields.line("reason", &request.reason, 0, TITLE_CHARS_MAX);
    fields.done(())?;
    // Strangers get 404 here, the buyer 403 below.
    let order = visible_order(app, &caller, id).await?;
    match owned_event(&app.db, &caller, order.event_id).await {
        Ok(_) => {}
        Err(events::Error::NotFound) => return Err(Error::Forbidden),
        Err(error) => return Err(error.into()),
    }
    let draws = Draws::new(app, now);
    let order = app
        .db
        .write(move |tx| {
            let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
            let chosen = chosen(&order, &request.tickets)?;
            let before = order.refunded;
            refund_in(tx, &mut order, &chosen, &why, &draws, now)?;
            if request.restock {
                inventory::restock(tx, id, &chosen, now)?;
            }
            let back = Money::new(order.refunded - before, order.total.currency);
            tell(tx, &order, chosen.len(), back, &draws, now)?;
            Ok::<_, Error>(order)
        })
        .await?;
    Ok(with_tickets(app, &order, now).await?)
}

/// All of its price went back at the gateway: its tickets are void, as if it were refunded here.
pub fn void_refunded(
    tx: &mut Tx<'_>,
    id: OrderId,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
    let all = order.unreturned();
    let before = order.refunded;
    refund_in(tx, &mut order, &all, why, draws, now)?;
    let back = Money::new(order.refunded - before, order.total.currency);
    tell(tx, &order, all.len(), back, draws, now)
}

/// So much of its price went back, or a bank took it, for no ticket in particular: its tickets stand.
pub fn refunded_in_part(
    tx: &mut Tx<'_>,
    id: OrderId,
    amount: i64,
    now: Timestamp,
) -> Result<(), Error> {
    let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
    if after(order.status, Step::RefundPart).is_some() {
        order.apply(Step::RefundPart, now)?;
        order.refunded = order.refunded.saturating_add(amount);
        tx.replace(&mut order)?;
        invoices::credit_later(tx, &order, amount, now)?;
    }
    Ok(())
}

/// Of a sum that a bank took for no ticket in particular and gives back: gives how much of it is the
/// price of tickets that stand. The rest is the price of tickets that were voided meanwhile.
pub fn regained(tx: &mut Tx<'_>, id: OrderId, amount: i64, now: Timestamp) -> Result<i64, Error> {
    let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
    if after(order.status, Step::Regain).is_none() {
        return Ok(0);
    }
    let before = order.refunded.saturating_sub(amount).max(0);
    let voided = price_of(tx, &order, &order.returned)?;
    let owed = voided.saturating_sub(before).clamp(0, amount);
    order.refunded = before + owed;
    if order.refunded == 0 {
        order.apply(Step::Regain, now)?;
    }
    tx.replace(&mut order)?;
    invoices::credit_later(tx, &order, amount - owed, now)?;
    Ok(amount - owed)
}

/// What the payer's bank makes of the payment.
pub fn mark_disputed(tx: &mut Tx<'_>, id: OrderId, status: DisputeStatus) -> Result<(), Error> {
    let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
    order.dispute = Some(status);
    Ok(tx.replace(&mut order)?)
}

/// Those that are named, once each, or all whose price did not go back before.
fn chosen(order: &Order, named: &[TicketId]) -> Result<Vec<TicketId>, Error> {
    let (from, step) = (order.status, Step::Refund);
    if after(from, step).is_none() {
        return Err(IllegalMove { from, step }.into());
    }
    let left = order.unreturned();
    if named.is_empty() {
        return Ok(left);
    }
    for (at, ticket) in named.iter().enumerate() {
        if !left.contains(ticket) {
            let why = "is no ticket of this order, or its price went back before";
            return Err(Invalid::field(format!("tickets[{at}]"), why).into());
        }
    }
    let once: BTreeSet<_> = named.iter().copied().collect();
    Ok(once.into_iter().collect())
}

/// Voids these tickets of the order, here and at the gates, and owes what was paid for them; gives
/// those that were good until now.
pub(super) fn refund_in(
    tx: &mut Tx<'_>,
    order: &mut Versioned<Order>,
    chosen: &[TicketId],
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<Vec<IssuedTicket>, Error> {
    let is_all = chosen.len() == order.unreturned().len();
    let step = if is_all {
        Step::Refund
    } else {
        Step::RefundPart
    };
    order.apply(step, now)?;
    why.clone_into(&mut order.note);
    let voided = inventory::void(tx, order.id, chosen)?;
    for ticket in &voided {
        pre_check_in::forget(tx, ticket.event_id, ticket.serial)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    let back = if is_all {
        order.total.amount - order.refunded
    } else {
        // Some of it may have gone back at the gateway, for no ticket in particular.
        price_of(tx, order, chosen)?.min(order.total.amount - order.refunded)
    };
    if let Some(payment) = order.payment_id {
        if is_all {
            payments::owe_refund(tx, payment, why, draws, now)?;
        } else {
            payments::owe_part(tx, payment, back, why, draws, now)?;
        }
    }
    order.refunded += back;
    order.returned.extend(chosen);
    tx.replace(order)?;
    invoices::credit_later(tx, order, back, now)?;
    let told = Told {
        kind: HookKind::OrderRefunded,
        event: order.event_id,
        subject: order.id.to_string(),
    };
    hooks::announce(tx, &told, now)?;
    Ok(voided)
}

/// What was paid for these, in minor units.
fn price_of(tx: &mut Tx<'_>, order: &Order, chosen: &[TicketId]) -> Result<i64, Error> {
    let shares = shares_in(tx, order, chosen)?;
    Ok(shares.iter().map(|(_, share)| share).sum())
}

/// What was paid for each of these, in minor units, with its class. All of an order are exactly its
/// total.
pub fn shares_in(
    tx: &mut Tx<'_>,
    order: &Order,
    chosen: &[TicketId],
) -> Result<Vec<(ClassId, i64)>, Error> {
    let mut classes = Vec::with_capacity(order.tickets.len());
    for id in &order.tickets {
        let ticket = tx.get::<IssuedTicket>(&id.to_string())?;
        classes.push((*id, ticket.ok_or(inventory::Error::NotFound)?.class_id));
    }
    let shares = chosen.iter().filter_map(|id| {
        let (_, class) = classes.iter().find(|(known, _)| known == id)?;
        Some((*class, share_of_ticket(&order.lines, &classes, *id)))
    });
    Ok(shares.collect())
}

/// The buyer hears of it.
fn tell(
    tx: &mut Tx<'_>,
    order: &Order,
    tickets: usize,
    back: Money,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    let event = event_in(tx, order.event_id)?;
    let mail = Mail::OrderRefunded {
        name: order.buyer.name.clone(),
        title: event.title.clone(),
        reason: order.note.clone(),
        tickets: u32::try_from(tickets).unwrap_or(u32::MAX),
        back: back.to_string(),
        order: order.id,
    };
    let name = format!("order_refunded:{}", draws.refund);
    Ok(notices::tell(tx, name, &order.buyer.email, mail, now)?)
}
