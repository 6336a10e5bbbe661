//! Reading stock (I2). Whoever may see the event may see what is left of it.

use shared::api::page::Page;
use shared::api::tickets::{EventStats, IssuedTicketView, StockStats, TicketStatus};
use shared::ids::{ClassId, EventId, TicketId};

use super::error::Error;
use super::model::{IssuedTicket, status_key, ticket_view};
use crate::app::App;
use crate::events::model::{Event, TicketClass};
use crate::events::{self, classes_of, visible_event};
use crate::platform::db::{self, DbError, IndexValue, Query, Tx};
use crate::platform::http::{Caller, PageParams};

/// How much of the event's capacity is taken: everything issued and not voided.
pub fn stock_in(tx: &mut Tx<'_>, event: &Event, classes: &[TicketClass]) -> Result<u32, DbError> {
    let mut voided = 0_u64;
    for class in classes {
        let query = of_class(event.id, class.id).eq(status_key(TicketStatus::Cancelled));
        voided += tx.count::<IssuedTicket>(&query)?;
    }
    let voided = u32::try_from(voided).unwrap_or(u32::MAX);
    Ok(event.serial_next.saturating_sub(voided))
}

/// How many of the event's tickets are held, or somebody has.
pub fn taken_in(tx: &mut Tx<'_>, event: &Event, classes: &[TicketClass]) -> Result<u64, DbError> {
    let mut taken = 0;
    for class in classes {
        taken += taken_of_in(tx, event.id, class.id, &TAKEN)?;
    }
    Ok(taken)
}

/// How many of the class' tickets are in one of these states.
pub fn taken_of_in(
    tx: &mut Tx<'_>,
    event: EventId,
    class: ClassId,
    states: &[TicketStatus],
) -> Result<u64, DbError> {
    let mut count = 0;
    for status in states {
        let query = of_class(event, class).eq(status_key(*status));
        count += tx.count::<IssuedTicket>(&query)?;
    }
    Ok(count)
}

const TAKEN: [TicketStatus; 4] = [
    TicketStatus::Held,
    TicketStatus::Paid,
    TicketStatus::Claimed,
    TicketStatus::Validated,
];

fn of_class(event: EventId, class: ClassId) -> Query {
    Query::on("stock").eq(event).eq(class)
}

pub async fn show(
    app: &App,
    caller: Option<&Caller>,
    id: TicketId,
) -> Result<IssuedTicketView, Error> {
    let ticket = app.db.get::<IssuedTicket>(&id.to_string()).await?;
    let ticket = ticket.ok_or(Error::NotFound)?;
    match visible_event(&app.db, caller, ticket.event_id).await {
        Ok(_) => Ok(ticket_view(&ticket, app.clock.now())),
        Err(events::Error::NotFound) => Err(Error::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// Which tickets of an event.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    pub event: EventId,
    pub class: Option<ClassId>,
    /// As stored: a hold that has just expired still counts as `HELD` here.
    pub status: Option<TicketStatus>,
}

pub async fn list(
    app: &App,
    caller: Option<&Caller>,
    filter: Filter,
    page: &PageParams,
) -> Result<Page<IssuedTicketView>, Error> {
    visible_event(&app.db, caller, filter.event).await?;
    let found = match (filter.class, filter.status) {
        (None, None) => {
            let query = Query::on("by_serial").eq(filter.event);
            app.db
                .page(&query.limit(page.limit).after(page.cursor.as_deref()))
                .await?
        }
        (Some(class), status) => {
            let query = with_status(of_class(filter.event, class), status);
            app.db
                .page(&query.limit(page.limit).after(page.cursor.as_deref()))
                .await?
        }
        (None, Some(status)) => across_classes(app, filter.event, status, page).await?,
    };
    let now = app.clock.now();
    Ok(Page {
        items: found
            .items
            .iter()
            .map(|ticket| ticket_view(ticket, now))
            .collect(),
        next_cursor: found.next,
    })
}

fn with_status(query: Query, status: Option<TicketStatus>) -> Query {
    match status {
        Some(status) => query.eq(status_key(status)),
        None => query,
    }
}

/// Class after class, since no index has the status without the class. The cursor is the class'
/// index, a dot and the cursor within it.
async fn across_classes(
    app: &App,
    event: EventId,
    status: TicketStatus,
    page: &PageParams,
) -> Result<db::Page<IssuedTicket>, Error> {
    let (first, mut inner) = match page.cursor.as_deref() {
        None => (0, None),
        Some(cursor) => {
            let (class, inner) = cursor.split_once('.').ok_or(DbError::BadCursor)?;
            let class: usize = class.parse().map_err(|_| DbError::BadCursor)?;
            (
                class,
                Some(inner.to_owned()).filter(|inner| !inner.is_empty()),
            )
        }
    };
    let mut items = Vec::new();
    let limit = page.limit as usize;
    let classes = classes_of(&app.db, event).await?;
    for (index, class) in classes.iter().enumerate().skip(first) {
        let wanted = u32::try_from(limit - items.len()).unwrap_or(0);
        let query = with_status(of_class(event, class.id), Some(status));
        let query = query.limit(wanted).after(inner.take().as_deref());
        let found = app.db.page::<IssuedTicket>(&query).await?;
        items.extend(found.items);
        if let Some(next) = found.next {
            let next = Some(format!("{index}.{next}"));
            return Ok(db::Page { items, next });
        }
        if items.len() == limit && index + 1 < classes.len() {
            let next = Some(format!("{}.", index + 1));
            return Ok(db::Page { items, next });
        }
    }
    Ok(db::Page { items, next: None })
}

/// Exact counts per class; holds whose time is up count as available.
pub async fn stats(
    app: &App,
    caller: Option<&Caller>,
    event: EventId,
) -> Result<EventStats, Error> {
    visible_event(&app.db, caller, event).await?;
    let mut classes = Vec::new();
    for class in classes_of(&app.db, event).await? {
        classes.push(class_stats(app, event, class.id).await?);
    }
    Ok(EventStats {
        event_id: event,
        classes,
    })
}

async fn class_stats(app: &App, event: EventId, class: ClassId) -> Result<StockStats, DbError> {
    let lapsed = of_class(event, class)
        .eq(status_key(TicketStatus::Held))
        .at_most(app.clock.now());
    let lapsed = app.db.count::<IssuedTicket>(&lapsed).await?;
    let tally = app
        .db
        .tally::<IssuedTicket>(&of_class(event, class))
        .await?;
    let count = |status| {
        let key = IndexValue::from(status_key(status));
        let found = tally.iter().find(|(value, _)| *value == key);
        found.map_or(0, |(_, count)| *count)
    };
    let held = count(TicketStatus::Held);
    // Someone may have taken a lapsed hold between the two looks.
    let lapsed = lapsed.min(held);
    Ok(StockStats {
        class_id: class,
        available: count(TicketStatus::Available) + lapsed,
        held: held - lapsed,
        paid: count(TicketStatus::Paid),
        claimed: count(TicketStatus::Claimed),
        validated: count(TicketStatus::Validated),
        cancelled: count(TicketStatus::Cancelled),
        expired: count(TicketStatus::Expired),
        total: tally.iter().map(|(_, count)| count).sum(),
    })
}
