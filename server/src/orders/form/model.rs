//! The form of an order. Pure.

use serde::{Deserialize, Serialize};
use shared::api::tickets::Attendee;
use shared::ids::{ClassId, EventId, OrderId, TicketId};

use crate::inventory::model::IssuedTicket;
use crate::platform::db::{Collection, Entity, Field, Index, IndexValue};
use crate::tickets::Answers;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderForm {
    pub order: OrderId,
    pub event: EventId,
    /// Of the whole order.
    pub given: Answers,
    /// Of tickets for which something was said, until they are claimed.
    pub tickets: Vec<TicketForm>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketForm {
    pub ticket: TicketId,
    pub class: ClassId,
    pub seat: Option<String>,
    pub attendee: Option<Attendee>,
    pub given: Answers,
}

impl TicketForm {
    pub(super) fn new(ticket: &IssuedTicket) -> Self {
        Self {
            ticket: ticket.id,
            class: ticket.class_id,
            seat: ticket.seat.clone(),
            attendee: None,
            given: Answers::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.attendee.is_none() && self.given.is_empty()
    }
}

impl OrderForm {
    pub(super) const fn new(order: OrderId, event: EventId) -> Self {
        Self {
            order,
            event,
            given: Answers::new(),
            tickets: Vec::new(),
        }
    }

    /// What was said for a ticket.
    pub fn of(&self, ticket: TicketId) -> Option<&TicketForm> {
        self.tickets.iter().find(|form| form.ticket == ticket)
    }

    pub(super) fn has_names(&self) -> bool {
        self.tickets.iter().any(|form| form.attendee.is_some())
    }

    /// Others took tickets of the order and it got new ones: what was said goes to one of the same
    /// class, or to the same seat.
    pub(in crate::orders) fn follow(&mut self, tickets: &[&IssuedTicket]) {
        for at in 0..self.tickets.len() {
            let form = &self.tickets[at];
            if tickets.iter().any(|ticket| ticket.id == form.ticket) {
                continue;
            }
            let fits = |ticket: &&&IssuedTicket| {
                ticket.class_id == form.class
                    && ticket.seat == form.seat
                    && self.of(ticket.id).is_none()
            };
            if let Some(ticket) = tickets.iter().find(fits) {
                self.tickets[at].ticket = ticket.id;
            }
        }
    }
}

impl Entity for OrderForm {
    const COLLECTION: Collection = Collection {
        name: "order_forms",
        fields: &[Field::text("event_id")],
        // Ids of orders ascend with time.
        indexes: &[Index::on("by_event", &["event_id"])],
    };
    fn id(&self) -> String {
        self.order.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into()]
    }
}
