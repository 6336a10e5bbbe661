//! Reading orders: the buyer, the event's organizer, administrators. For others there are none.

use shared::api::orders::OrderView;
use shared::api::page::Page;
use shared::ids::OrderId;
use shared::time::Timestamp;

use super::error::Error;
use super::model::Order;
use crate::app::App;
use crate::events::{self, owned_event};
use crate::inventory::model::IssuedTicket;
use crate::inventory::ticket_view;
use crate::platform::db::{DbError, Query, Versioned};
use crate::platform::http::{Caller, PageParams};

/// The order, if the caller may see it; else 404.
pub async fn visible_order(
    app: &App,
    caller: &Caller,
    id: OrderId,
) -> Result<Versioned<Order>, Error> {
    let order = app.db.get::<Order>(&id.to_string()).await?;
    let order = order.ok_or(Error::NotFound)?;
    if order.user_id == caller.user {
        return Ok(order);
    }
    match owned_event(&app.db, caller, order.event_id).await {
        Ok(_) => Ok(order),
        Err(events::Error::NotFound) => Err(Error::NotFound),
        Err(error) => Err(error.into()),
    }
}

pub async fn show(app: &App, caller: &Caller, id: OrderId) -> Result<OrderView, Error> {
    let order = visible_order(app, caller, id).await?;
    Ok(with_tickets(app, &order, app.clock.now()).await?)
}

/// The caller's own orders, newest first.
pub async fn list(app: &App, caller: &Caller, page: &PageParams) -> Result<Page<OrderView>, Error> {
    let query = Query::on("by_user").eq(caller.user).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Order>(&query).await?;
    let now = app.clock.now();
    let mut items = Vec::with_capacity(found.items.len());
    for order in &found.items {
        items.push(with_tickets(app, order, now).await?);
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

pub(super) async fn with_tickets(
    app: &App,
    order: &Order,
    now: Timestamp,
) -> Result<OrderView, DbError> {
    let mut tickets = Vec::new();
    if order.has_tickets(now) {
        for id in &order.tickets {
            let ticket = app.db.get::<IssuedTicket>(&id.to_string()).await?;
            tickets.extend(
                ticket.filter(|ticket| {
                    ticket.order_id == Some(order.id) || ticket.held_for(order.id)
                }),
            );
        }
    }
    let tickets = tickets.iter().map(|ticket| ticket_view(ticket, now));
    Ok(order.view(tickets.collect(), now))
}
