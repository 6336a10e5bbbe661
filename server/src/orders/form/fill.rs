//! The form as it comes with a new order, checked against what the event asks.

use std::collections::BTreeSet;

use shared::api::check_in::CheckInSettings;
use shared::api::orders::{CreateOrder, OrderAttendee};
use shared::ids::{ClassId, EventId, OrderId};
use shared::time::Timestamp;

use super::model::{OrderForm, TicketForm};
use crate::events::check_in::check_in_in;
use crate::events::classes_in;
use crate::events::model::{Event, TicketClass};
use crate::inventory::model::IssuedTicket;
use crate::orders::error::Error;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Tx};
use crate::platform::fields::{Fields, Invalid};
use crate::tickets::{ANY_CLASS, Asked, check_attendee, keep};

/// Whether answers are due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::orders) enum Due {
    Now,
    /// Nobody is there to ask: the order is made for somebody who waits.
    Later,
}

/// Stores what was said, in the commit of the order. Notes on the order whether its tickets are claimed
/// in the names that were given.
pub(in crate::orders) fn fill(
    tx: &mut Tx<'_>,
    event: &Event,
    order: &mut Order,
    tickets: &[IssuedTicket],
    wanted: &CreateOrder,
    due: Due,
) -> Result<(), Error> {
    let settings = check_in_in(tx, event.id)?;
    let is_silent = wanted.answers.is_empty() && wanted.attendees.is_empty();
    if settings.questions.is_empty() && is_silent {
        return Ok(());
    }
    let classes = classes_in(tx, event.id)?;
    let claims_itself = settings.claim_at_checkout;
    let asks = Asks::new(settings, &classes, event, tickets);
    let form = asks.filled(order, &in_order(tickets, &wanted.seats), wanted, due)?;
    order.named = claims_itself && form.has_names();
    tx.insert(&form)?;
    Ok(())
}

/// Makes sure that there is one, in the commit of the first answer.
pub fn ensure_form(tx: &mut Tx<'_>, order: OrderId, event: EventId) -> Result<(), DbError> {
    match tx.get::<OrderForm>(&order.to_string())? {
        Some(_) => Ok(()),
        None => tx.insert(&OrderForm::new(order, event)).map(drop),
    }
}

/// An order that lost tickets to others has new ones now.
pub(in crate::orders) fn follow(
    tx: &mut Tx<'_>,
    order: &Order,
    tickets: &[&IssuedTicket],
) -> Result<(), DbError> {
    let Some(mut form) = tx.get::<OrderForm>(&order.id.to_string())? else {
        return Ok(());
    };
    let before = form.value.clone();
    form.value.follow(tickets);
    if form.value == before {
        return Ok(());
    }
    tx.replace(&mut form)
}

/// As the buyer named them: seats come back in any order.
fn in_order<'a>(tickets: &'a [IssuedTicket], seats: &[String]) -> Vec<&'a IssuedTicket> {
    let mut tickets: Vec<_> = tickets.iter().collect();
    let place = |ticket: &&IssuedTicket| {
        let seat = ticket.seat.as_ref();
        seats.iter().position(|of| Some(of) == seat)
    };
    tickets.sort_by_key(place);
    tickets
}

/// What an event asks of an order and of its tickets.
pub(super) struct Asks<'a> {
    pub(super) of_order: Asked,
    pub(super) of_tickets: Asked,
    classes: &'a [TicketClass],
}

impl<'a> Asks<'a> {
    pub(super) fn new(
        settings: CheckInSettings,
        classes: &'a [TicketClass],
        event: &Event,
        tickets: &[IssuedTicket],
    ) -> Self {
        let bought: BTreeSet<ClassId> = tickets.iter().map(|ticket| ticket.class_id).collect();
        let bought: Vec<ClassId> = bought.into_iter().collect();
        Self {
            of_order: Asked::of_order(settings.clone(), &bought, event),
            of_tickets: Asked::new(settings, classes, event),
            classes,
        }
    }

    pub(super) fn index_of(&self, class: ClassId) -> u8 {
        let class = self.classes.iter().find(|of| of.id == class);
        class.map_or(u8::MAX, |class| class.index)
    }

    /// Names all fields that are wrong, of all tickets.
    fn filled(
        &self,
        order: &Order,
        tickets: &[&IssuedTicket],
        wanted: &CreateOrder,
        due: Due,
    ) -> Result<OrderForm, Invalid> {
        let now = order.created_at;
        let mut fields = Fields::default();
        if !wanted.attendees.is_empty() && wanted.attendees.len() != tickets.len() {
            let why = format!("must be {}, one for each ticket, or none", tickets.len());
            fields.wrong("attendees", why);
        }
        let mut form = OrderForm::new(order.id, order.event_id);
        let good = match due {
            Due::Now => self.of_order.bought(ANY_CLASS, &wanted.answers),
            Due::Later => self.of_order.checked(ANY_CLASS, &wanted.answers),
        };
        let good = under("answers", good, &mut fields).unwrap_or_default();
        keep(&mut form.given, &self.of_order, good, now, None);
        let nobody = OrderAttendee::default();
        for (at, ticket) in tickets.iter().enumerate() {
            let said = wanted.attendees.get(at).unwrap_or(&nobody);
            let name = format!("attendees[{at}]");
            let of = self.ticket(ticket, &name, said, due, now, &mut fields);
            form.tickets.extend((!of.is_empty()).then_some(of));
        }
        fields.done(form)
    }

    fn ticket(
        &self,
        ticket: &IssuedTicket,
        name: &str,
        said: &OrderAttendee,
        due: Due,
        now: Timestamp,
        fields: &mut Fields,
    ) -> TicketForm {
        let class = self.index_of(ticket.class_id);
        let good = match due {
            Due::Now => self.of_tickets.bought(class, &said.answers),
            Due::Later => self.of_tickets.checked(class, &said.answers),
        };
        let good = under(&format!("{name}.answers"), good, fields).unwrap_or_default();
        let mut form = TicketForm::new(ticket);
        keep(&mut form.given, &self.of_tickets, good, now, None);
        form.attendee = said.attendee.as_ref().and_then(|attendee| {
            let checked = check_attendee(attendee);
            under(name, checked, fields)
        });
        form
    }
}

/// Moves what is wrong below another field.
pub(super) fn under<T>(name: &str, checked: Result<T, Invalid>, fields: &mut Fields) -> Option<T> {
    match checked {
        Ok(good) => Some(good),
        Err(Invalid(wrong)) => {
            for (field, why) in wrong {
                fields.wrong(format!("{name}.{field}"), why);
            }
            None
        }
    }
}
