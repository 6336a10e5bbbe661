//! Reading documents: who bought, who sold, and whoever has the event's money to look after.

use shared::api::invoices::InvoiceView;
use shared::api::page::Page;
use shared::ids::{EventId, InvoiceId, OrderId};

use super::error::Error;
use super::identity::required;
use super::model::{Invoice, SellerId};
use super::paper::printed;
use crate::app::App;
use crate::events::owned_event;
use crate::orders::{self, visible_order};
use crate::platform::db::{Query, Versioned};
use crate::platform::http::{Caller, PageParams};

/// Documents of one order: an invoice, its parts that went back, and corrections.
pub(super) const PER_ORDER_MAX: u32 = 200;

const NONE: Error = Error::NotFound("invoice");

/// The document, if the caller may see it; else 404.
async fn visible(app: &App, caller: &Caller, id: InvoiceId) -> Result<Versioned<Invoice>, Error> {
    let invoice = app.db.get::<Invoice>(&id.to_string()).await?;
    let invoice = invoice.ok_or(NONE)?;
    match visible_order(app, caller, invoice.order_id).await {
        Ok(_) => return Ok(invoice),
        Err(orders::Error::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    // Whoever sold keeps it, should the event be another's by now.
    match required(app, caller, invoice.seller).await {
        Ok(()) => Ok(invoice),
        Err(Error::NotFound(_) | Error::Organization(_)) => Err(NONE),
        Err(error) => Err(error),
    }
}

pub(super) async fn show(app: &App, caller: &Caller, id: InvoiceId) -> Result<InvoiceView, Error> {
    Ok(visible(app, caller, id).await?.view())
}

pub async fn pdf(app: &App, caller: &Caller, id: InvoiceId) -> Result<Vec<u8>, Error> {
    let invoice = visible(app, caller, id).await?;
    Ok(printed(&invoice)?)
}

/// In the order of their numbers.
pub async fn of_order(
    app: &App,
    caller: &Caller,
    order: OrderId,
) -> Result<Page<InvoiceView>, Error> {
    visible_order(app, caller, order).await?;
    let query = Query::on("by_order").eq(order).limit(PER_ORDER_MAX);
    let found = app.db.list::<Invoice>(&query).await?;
    Ok(Page {
        items: found.iter().map(|invoice| invoice.view()).collect(),
        next_cursor: None,
    })
}

/// Latest first.
pub(super) async fn of_event(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<InvoiceView>, Error> {
    owned_event(&app.db, caller, event).await?;
    listed(app, Query::on("by_event").eq(event), page).await
}

/// Latest first.
pub(super) async fn of_seller(
    app: &App,
    caller: &Caller,
    seller: SellerId,
    page: &PageParams,
) -> Result<Page<InvoiceView>, Error> {
    required(app, caller, seller).await?;
    listed(app, Query::on("by_seller").eq(seller.key()), page).await
}

async fn listed(app: &App, query: Query, page: &PageParams) -> Result<Page<InvoiceView>, Error> {
    let query = query.descending().limit(page.limit);
    let query = query.after(page.cursor.as_deref());
    let found = app.db.page::<Invoice>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|invoice| invoice.view()).collect(),
        next_cursor: found.next,
    })
}
