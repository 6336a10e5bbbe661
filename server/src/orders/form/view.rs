//! What was answered: for the buyer of one order, and for the organizer of all.

use shared::api::orders::{OrderAnswersView, TicketAnswersView};
use shared::api::page::Page;
use shared::api::tickets::TicketStatus;
use shared::ids::{EventId, OrderId};
use shared::time::Timestamp;

use super::model::OrderForm;
use crate::app::App;
use crate::events::model::{Event, TicketClass};
use crate::events::{self, check_in_of, classes_of, owned_event};
use crate::inventory::model::IssuedTicket;
use crate::orders::error::Error;
use crate::orders::find::visible_order;
use crate::orders::model::Order;
use crate::platform::db::{Db, DbError, Query};
use crate::platform::http::{Caller, PageParams};
use crate::tickets::{Answers, Asked, ClaimedTicket, TicketAnswers};

pub(super) async fn show(
    app: &App,
    caller: &Caller,
    id: OrderId,
) -> Result<OrderAnswersView, Error> {
    let order = visible_order(app, caller, id).await?;
    let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
    let event = event.ok_or(Error::Event(events::Error::NotFound))?;
    let reader = Reader::new(&app.db, &event, app.clock.now()).await?;
    let form = app.db.get::<OrderForm>(&id.to_string()).await?;
    let form = form.map(|form| form.value);
    Ok(reader.view(&app.db, &order, form.as_ref()).await?)
}

/// For the organizer: of all orders that have tickets and for which anything was asked, the oldest
/// first.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<OrderAnswersView>, Error> {
    let event = owned_event(&app.db, caller, event).await?;
    let reader = Reader::new(&app.db, &event, app.clock.now()).await?;
    let cursor = page.cursor.as_deref();
    let (items, next_cursor) = reader.page(&app.db, page.limit, cursor).await?;
    Ok(Page { items, next_cursor })
}

/// Reads the answers of an event's orders.
pub(super) struct Reader {
    event: EventId,
    /// For the wording of answers that were kept without it.
    of_tickets: Asked,
    of_order: Asked,
    classes: Vec<TicketClass>,
    now: Timestamp,
}

impl Reader {
    pub(super) async fn new(db: &Db, event: &Event, now: Timestamp) -> Result<Self, DbError> {
        let settings = check_in_of(db, event.id).await?;
        let classes = classes_of(db, event.id).await?;
        let all: Vec<_> = classes.iter().map(|class| class.id).collect();
        Ok(Self {
            event: event.id,
            of_order: Asked::of_order(settings.clone(), &all, event),
            of_tickets: Asked::new(settings, &classes, event),
            classes,
            now,
        })
    }

    /// Orders without tickets are left out: a page may be short, and is not the last for that.
    pub(super) async fn page(
        &self,
        db: &Db,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Vec<OrderAnswersView>, Option<String>), DbError> {
        let query = Query::on("by_event").eq(self.event);
        let forms = db
            .page::<OrderForm>(&query.limit(limit).after(cursor))
            .await?;
        let mut views = Vec::with_capacity(forms.items.len());
        for form in &forms.items {
            let order = db.get::<Order>(&form.order.to_string()).await?;
            if let Some(order) = order.filter(|order| order.has_tickets(self.now)) {
                views.push(self.view(db, &order, Some(&form.value)).await?);
            }
        }
        Ok((views, forms.next))
    }

    async fn view(
        &self,
        db: &Db,
        order: &Order,
        form: Option<&OrderForm>,
    ) -> Result<OrderAnswersView, DbError> {
        let mut tickets = Vec::with_capacity(order.tickets.len());
        if order.has_tickets(self.now) {
            for id in &order.tickets {
                let stock = db.get::<IssuedTicket>(&id.to_string()).await?;
                let own = |stock: &IssuedTicket| {
                    stock.order_id == Some(order.id) || stock.held_for(order.id)
                };
                if let Some(stock) = stock.filter(|stock| own(stock)) {
                    tickets.push(self.ticket(db, &stock, form).await?);
                }
            }
        }
        let none = Answers::new();
        let given = form.map_or(&none, |form| &form.given);
        Ok(OrderAnswersView {
            order_id: order.id,
            status: order.status_at(self.now),
            buyer: order.buyer.clone(),
            answers: self.of_order.answers(given),
            tickets,
        })
    }

    /// From the ticket once it is claimed, before that from the order.
    async fn ticket(
        &self,
        db: &Db,
        stock: &IssuedTicket,
        form: Option<&OrderForm>,
    ) -> Result<TicketAnswersView, DbError> {
        let claimed = match stock.status {
            TicketStatus::Held | TicketStatus::Paid | TicketStatus::Available => None,
            TicketStatus::Claimed
            | TicketStatus::Validated
            | TicketStatus::Cancelled
            | TicketStatus::Expired => {
                let query = Query::on("by_ticket").eq(stock.id).limit(1);
                let found = db.list::<ClaimedTicket>(&query).await?;
                found.into_iter().next().map(|claimed| claimed.value)
            }
        };
        let (attendee, given) = if let Some(claimed) = &claimed {
            let answers = db.get::<TicketAnswers>(&claimed.id.to_string()).await?;
            let given = answers.map(|answers| answers.into_inner().given);
            (Some(claimed.attendee.clone()), given)
        } else {
            let said = form.and_then(|form| form.of(stock.id));
            let given = said.map(|said| said.given.clone());
            (said.and_then(|said| said.attendee.clone()), given)
        };
        let class = self.classes.iter().find(|of| of.id == stock.class_id);
        Ok(TicketAnswersView {
            ticket_id: stock.id,
            class_id: stock.class_id,
            class_name: class.map_or_else(String::new, |class| class.name.clone()),
            seat: stock.seat.clone(),
            status: stock.status,
            claimed_id: claimed.map(|claimed| claimed.id),
            attendee,
            answers: self.of_tickets.answers(&given.unwrap_or_default()),
        })
    }
}
