//! Credit notes: what went back after the invoice, with the exact shares that went back (ADR 0044).

use serde_json::json;
use shared::ids::{ClassId, InvoiceId, JobId, OrderId, TicketId};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::issue::{Draws, invoice_in, note, order_in, tell, write_invoice};
use super::jobs::CREDIT;
use super::lines::{Before, Returned, credit_lines};
use super::model::{Billing, Invoice, Kind};
use super::number::draw;
use crate::app::App;
use crate::orders::model::Order;
use crate::orders::shares_in;
use crate::platform::db::{DbError, Tx};
use crate::platform::jobs::{self, NewJob};
use crate::platform::journal::Actor;

const CORRECTED: &str = "Corrected by a new invoice.";
const NO_TICKET: &str = "Money went back for no ticket in particular.";

/// Plans it, in the commit that decides that `amount` goes back, or comes back after all; orders without
/// an invoice need none.
pub fn credit_later(
    tx: &mut Tx<'_>,
    order: &Order,
    amount: i64,
    now: Timestamp,
) -> Result<(), DbError> {
    let billing = tx.get::<Billing>(&order.id.to_string())?;
    if amount <= 0 || billing.is_none_or(|billing| billing.invoice.is_none()) {
        return Ok(());
    }
    // What has gone back is another sum each time: all the randomness that the job's id needs.
    let from = format!("{}/{}/{amount}", order.id, order.refunded);
    let hash = blake3::derive_key("gatehouse credit note job id", from.as_bytes());
    let mut id = [0; 10];
    id.copy_from_slice(&hash[..10]);
    let payload = json!({ "orderId": order.id });
    jobs::enqueue(tx, NewJob::new(JobId::new(now, id), CREDIT, payload, now))
}

/// Writes what is missing. Again it writes nothing.
pub(super) async fn credit_for(app: &App, order: OrderId) -> Result<(), Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, Actor::System, now);
    app.db
        .write(move |tx| {
            let mut order = order_in(tx, order)?;
            let Some(mut billing) = tx.get::<Billing>(&order.id.to_string())? else {
                return Ok(());
            };
            let Some(invoice) = billing.invoice else {
                return Ok(());
            };
            let invoice = invoice_in(tx, invoice)?;
            if order.refunded < billing.credited {
                // A bank gave back what it had taken: what was credited is sold after all.
                close(tx, &order, &mut billing, &invoice, &draws, now)?;
                write_invoice(tx, &mut order, &mut billing, &draws, now)?;
                return Ok(());
            }
            let written = credit(tx, &order, &mut billing, &invoice, draws.credit, now)?;
            if let Some(written) = written {
                tx.replace(&mut billing)?;
                note(tx, &written, draws.journal[0], &draws.actor, now)?;
            }
            Ok(())
        })
        .await
}

/// Over all that went back and is not credited. The caller stores the billing.
pub(super) fn credit(
    tx: &mut Tx<'_>,
    order: &Order,
    billing: &mut Billing,
    invoice: &Invoice,
    id: InvoiceId,
    now: Timestamp,
) -> Result<Option<Invoice>, Error> {
    let back = order.refunded.min(invoice.total.amount);
    let amount = back.saturating_sub(billing.credited);
    if amount <= 0 {
        return Ok(None);
    }
    let is_new = |ticket: &&TicketId| !billing.returned.contains(ticket);
    let tickets: Vec<TicketId> = order.returned.iter().filter(is_new).copied().collect();
    let reason = match (tickets.is_empty(), order.note.is_empty()) {
        (true, _) => NO_TICKET.to_owned(),
        (false, true) => "Tickets were given back.".to_owned(),
        (false, false) => order.note.clone(),
    };
    let part = Part {
        amount,
        tickets,
        reason,
    };
    write(tx, order, billing, invoice, part, id, now).map(Some)
}

/// Over all that is left of it: another invoice takes its place.
pub(super) fn close(
    tx: &mut Tx<'_>,
    order: &Order,
    billing: &mut Billing,
    invoice: &Invoice,
    draws: &Draws,
    now: Timestamp,
) -> Result<(), Error> {
    let amount = invoice.total.amount.saturating_sub(billing.credited);
    if amount <= 0 {
        return Ok(());
    }
    let is_new = |ticket: &&TicketId| !billing.returned.contains(ticket);
    let part = Part {
        amount,
        tickets: order.tickets.iter().filter(is_new).copied().collect(),
        reason: CORRECTED.to_owned(),
    };
    let written = write(tx, order, billing, invoice, part, draws.closing, now)?;
    Ok(note(tx, &written, draws.journal[1], &draws.actor, now)?)
}

/// What one credit note takes back, and for which tickets.
struct Part {
    amount: i64,
    tickets: Vec<TicketId>,
    reason: String,
}

fn write(
    tx: &mut Tx<'_>,
    order: &Order,
    billing: &mut Billing,
    invoice: &Invoice,
    part: Part,
    id: InvoiceId,
    now: Timestamp,
) -> Result<Invoice, Error> {
    let shares = shares_in(tx, order, &part.tickets)?;
    let before = Before {
        invoice: &invoice.lines,
        credited: billing.credited,
    };
    let lines = credit_lines(before, &by_class(order, &shares), part.amount);
    let drawn = draw(tx, invoice.seller, &invoice.from, now)?;
    let written = Invoice {
        id,
        kind: Kind::CreditNote {
            of: invoice.id,
            number: invoice.number.clone(),
            of_date: invoice.issued_at,
            reason: part.reason,
        },
        year: drawn.year,
        serial: drawn.serial,
        number: drawn.number,
        issued_at: drawn.at,
        lines,
        total: Money::new(part.amount, invoice.total.currency),
        ..invoice.clone()
    };
    tx.insert(&written)?;
    tell(tx, order, &written, now)?;
    billing.credited = billing.credited.saturating_add(part.amount);
    billing.returned.extend(part.tickets);
    Ok(written)
}

/// In the order of the order's lines.
fn by_class(order: &Order, shares: &[(ClassId, i64)]) -> Vec<Returned> {
    let mut all = Vec::new();
    for line in &order.lines {
        let of = shares.iter().filter(|(class, _)| *class == line.class_id);
        let quantity = u32::try_from(of.clone().count()).unwrap_or(u32::MAX);
        if quantity > 0 {
            all.push(Returned {
                name: line.name.clone(),
                quantity,
                gross: of.map(|(_, share)| share).sum(),
            });
        }
    }
    all
}
