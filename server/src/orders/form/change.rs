//! Answering later, until the organizer's deadline.

use shared::api::orders::{OrderAnswersView, SetAttendee, SetOrderAnswers};
use shared::api::tickets::TicketStatus;
use shared::ids::OrderId;
use shared::limits::ORDER_TICKETS_MAX;
use shared::time::Timestamp;

use super::fill::{Asks, ensure_form, under};
use super::model::{OrderForm, TicketForm};
use super::view::show;
use crate::app::App;
use crate::events::check_in::check_in_in;
use crate::events::{classes_in, event_in};
use crate::inventory::model::IssuedTicket;
use crate::orders::error::Error;
use crate::orders::find::visible_order;
use crate::orders::model::Order;
use crate::platform::db::Tx;
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::tickets::{ANY_CLASS, check_attendee, keep};

/// What is left out stays as it is.
pub(super) async fn set(
    app: &App,
    caller: &Caller,
    id: OrderId,
    wanted: SetOrderAnswers,
) -> Result<OrderAnswersView, Error> {
    let order = visible_order(app, caller, id).await?;
    let is_own = order.user_id == caller.user;
    let now = app.clock.now();
    app.db
        .write(move |tx| set_in(tx, id, is_own, &wanted, now))
        .await?;
    show(app, caller, id).await
}

fn set_in(
    tx: &mut Tx<'_>,
    id: OrderId,
    is_own: bool,
    wanted: &SetOrderAnswers,
    now: Timestamp,
) -> Result<(), Error> {
    let order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
    let event = event_in(tx, order.event_id)?;
    let settings = check_in_in(tx, event.id)?;
    let over = settings.answers_until.filter(|until| now >= *until);
    if let Some(until) = over.filter(|_| is_own) {
        return Err(Error::AnswersClosed { until });
    }
    if !order.has_tickets(now) {
        return Err(Error::NothingToAnswer);
    }
    let mut tickets = Vec::with_capacity(order.tickets.len());
    for id in &order.tickets {
        let ticket = tx.get::<IssuedTicket>(&id.to_string())?;
        tickets.extend(ticket.map(|ticket| ticket.value));
    }
    let classes = classes_in(tx, event.id)?;
    let asks = Asks::new(settings, &classes, &event, &tickets);
    ensure_form(tx, order.id, event.id)?;
    let form = tx.get::<OrderForm>(&id.to_string())?;
    let mut form = form.ok_or(Error::NotFound)?;
    let mut fields = Fields::default();
    let good = asks.of_order.checked(ANY_CLASS, &wanted.answers);
    if let Some(good) = under("answers", good, &mut fields) {
        keep(&mut form.value.given, &asks.of_order, good, now, None);
    }
    if wanted.attendees.len() > ORDER_TICKETS_MAX as usize {
        fields.wrong("attendees", format!("must be at most {ORDER_TICKETS_MAX}"));
    }
    let named = wanted.attendees.iter().take(ORDER_TICKETS_MAX as usize);
    for (at, said) in named.enumerate() {
        let name = format!("attendees[{at}]");
        match unclaimed(&tickets, said) {
            Ok(ticket) => put(
                &asks,
                &mut form.value,
                ticket,
                said,
                &name,
                now,
                &mut fields,
            ),
            Err(why) => fields.wrong(format!("{name}.ticketId"), why),
        }
    }
    fields.done(())?;
    Ok(tx.replace(&mut form)?)
}

fn unclaimed<'a>(
    tickets: &'a [IssuedTicket],
    said: &SetAttendee,
) -> Result<&'a IssuedTicket, &'static str> {
    let ticket = tickets.iter().find(|ticket| ticket.id == said.ticket_id);
    let ticket = ticket.ok_or("is no ticket of this order")?;
    match ticket.status {
        TicketStatus::Held | TicketStatus::Paid => Ok(ticket),
        TicketStatus::Claimed | TicketStatus::Validated => {
            Err("is claimed: answer on the ticket itself")
        }
        TicketStatus::Available | TicketStatus::Cancelled | TicketStatus::Expired => {
            Err("is not of this order any more")
        }
    }
}

fn put(
    asks: &Asks<'_>,
    form: &mut OrderForm,
    ticket: &IssuedTicket,
    said: &SetAttendee,
    name: &str,
    now: Timestamp,
    fields: &mut Fields,
) {
    let good = asks
        .of_tickets
        .checked(asks.index_of(ticket.class_id), &said.answers);
    let good = under(&format!("{name}.answers"), good, fields);
    let attendee = said.attendee.as_ref().map(check_attendee);
    let attendee = attendee.and_then(|checked| under(name, checked, fields));
    let mut of = match form.tickets.iter().position(|of| of.ticket == ticket.id) {
        Some(at) => form.tickets.remove(at),
        None => TicketForm::new(ticket),
    };
    keep(
        &mut of.given,
        &asks.of_tickets,
        good.unwrap_or_default(),
        now,
        None,
    );
    of.attendee = attendee.or(of.attendee);
    form.tickets.push(of);
}
