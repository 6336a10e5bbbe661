//! The organizer gives the money back: order, tickets, gates and the debt in one commit (P5 core).

use shared::api::hooks::HookKind;
use shared::api::orders::{OrderView, RefundRequest};
use shared::ids::OrderId;
use shared::limits::TITLE_CHARS_MAX;
use shared::time::Timestamp;

use super::error::Error;
use super::find::visible_order;
use super::model::{Order, Step};
use crate::app::App;
use crate::events::owned_event;
use crate::hooks::{self, Told};
use crate::inventory::model::IssuedTicket;
use crate::inventory::{self, ticket_view};
use crate::payments::{self, Draws};
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::tickets::pre_check_in;
use crate::{events, gate};

pub async fn refund(
    app: &App,
    caller: Caller,
    id: OrderId,
    request: RefundRequest,
) -> Result<OrderView, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    let note = fields.line("reason", &request.reason, 0, TITLE_CHARS_MAX);
    fields.done(())?;
    // Strangers get 404 here, the buyer 403 below.
    let order = visible_order(app, &caller, id).await?;
    match owned_event(&app.db, &caller, order.event_id).await {
        Ok(_) => {}
        Err(events::Error::NotFound) => return Err(Error::Forbidden),
        Err(error) => return Err(error.into()),
    }
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| {
            let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
            let voided = refund_in(tx, &mut order, &note, &draws, now)?;
            let tickets = voided.iter().map(|ticket| ticket_view(ticket, now));
            Ok(order.view(tickets.collect(), now))
        })
        .await
}

/// Voids the order's tickets, here and at the gates, and owes what was paid for it; gives the
/// tickets.
pub(super) fn refund_in(
    tx: &mut Tx<'_>,
    order: &mut Versioned<Order>,
    why: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<Vec<IssuedTicket>, Error> {
    order.apply(Step::Refund, now)?;
    why.clone_into(&mut order.note);
    let voided = inventory::void(tx, order.id, &order.tickets)?;
    for ticket in &voided {
        pre_check_in::forget(tx, ticket.event_id, ticket.serial)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    if let Some(payment) = order.payment_id {
        payments::owe_refund(tx, payment, why, draws, now)?;
    }
    tx.replace(order)?;
    let told = Told {
        kind: HookKind::OrderRefunded,
        event: order.event_id,
        subject: order.id.to_string(),
    };
    hooks::announce(tx, &told, now)?;
    Ok(voided)
}
