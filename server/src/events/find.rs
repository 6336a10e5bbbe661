//! Reading events, and who may see which.

use shared::api::events::EventView;
use shared::api::organizations::Right;
use shared::api::page::Page;
use shared::ids::{EventId, OrganizationId};
use shared::limits::{CLASSES_MAX, GATES_MAX};

use super::Error;
use super::model::{Event, Gate, TicketClass};
use super::prices::offers_of;
use super::rights::{may, may_in};
use super::view::event_view;
use crate::app::App;
use crate::platform::db::{Db, DbError, Query, Tx, Versioned};
use crate::platform::http::{Caller, PageParams};

/// The event, if the caller has the right in its organization that the route asks for; else 404.
pub async fn owned_event(db: &Db, caller: &Caller, id: EventId) -> Result<Versioned<Event>, Error> {
    let event = db.get::<Event>(&id.to_string()).await?;
    let event = event.ok_or(Error::NotFound)?;
    if may(db, caller, &event, caller.right).await? {
        Ok(event)
    } else {
        Err(Error::NotFound)
    }
}

/// [`owned_event`] inside a transaction.
pub fn owned_event_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    id: EventId,
) -> Result<Versioned<Event>, Error> {
    let event = tx.get::<Event>(&id.to_string())?.ok_or(Error::NotFound)?;
    if may_in(tx, caller, &event, caller.right)? {
        Ok(event)
    } else {
        Err(Error::NotFound)
    }
}

/// The event, if the caller may know of it: once published, everybody, until it is put away.
pub async fn visible_event(
    db: &Db,
    caller: Option<&Caller>,
    id: EventId,
) -> Result<Versioned<Event>, Error> {
    let event = db.get::<Event>(&id.to_string()).await?;
    let event = event.ok_or(Error::NotFound)?;
    if event.published_at.is_some() && event.archived.is_none() {
        return Ok(event);
    }
    let caller = caller.ok_or(Error::NotFound)?;
    if may(db, caller, &event, Right::View).await? {
        Ok(event)
    } else {
        Err(Error::NotFound)
    }
}

/// The event, whoever asks: for steps that check the right to it themselves.
pub fn event_in(tx: &mut Tx<'_>, id: EventId) -> Result<Versioned<Event>, Error> {
    tx.get(&id.to_string())?.ok_or(Error::NotFound)
}

fn parts(id: EventId, max: usize) -> Query {
    let max = u32::try_from(max).unwrap_or(u32::MAX);
    Query::on("by_event").eq(id).limit(max)
}

/// The event's classes by index.
pub async fn classes_of(db: &Db, id: EventId) -> Result<Vec<TicketClass>, DbError> {
    Ok(values(db.list(&parts(id, CLASSES_MAX)).await?))
}

/// [`classes_of`] inside a transaction.
pub fn classes_in(tx: &mut Tx<'_>, id: EventId) -> Result<Vec<TicketClass>, DbError> {
    Ok(values(tx.list(&parts(id, CLASSES_MAX))?))
}

/// The event's gates by index.
pub async fn gates_of(db: &Db, id: EventId) -> Result<Vec<Gate>, DbError> {
    Ok(values(db.list(&parts(id, GATES_MAX)).await?))
}

/// [`gates_of`] inside a transaction.
pub fn gates_in(tx: &mut Tx<'_>, id: EventId) -> Result<Vec<Gate>, DbError> {
    Ok(values(tx.list(&parts(id, GATES_MAX))?))
}

fn values<E>(rows: Vec<Versioned<E>>) -> Vec<E> {
    rows.into_iter().map(Versioned::into_inner).collect()
}

/// One event as the caller may see it.
pub async fn show(app: &App, caller: Option<&Caller>, id: EventId) -> Result<EventView, Error> {
    let event = visible_event(&app.db, caller, id).await?;
    Ok(whole(app, &event).await?)
}

async fn whole(app: &App, event: &Event) -> Result<EventView, DbError> {
    let now = app.clock.now();
    let classes = classes_of(&app.db, event.id).await?;
    let offers = offers_of(&app.db, classes, now).await?;
    let gates = gates_of(&app.db, event.id).await?;
    Ok(event_view(event, &offers, &gates, now))
}

/// Published events that are not over, those that end first in front; or all that the caller made and
/// has a say in, newest first.
pub async fn list(
    app: &App,
    mine: Option<&Caller>,
    page: &PageParams,
) -> Result<Page<EventView>, Error> {
    let query = match mine {
        Some(caller) => Query::on("by_organizer").eq(caller.user).descending(),
        None => Query::on("by_end")
            .eq("PUBLISHED")
            .more_than(app.clock.now()),
    };
    let found = page_of(app, query, page, |event| {
        mine.is_some() || event.archived.is_none()
    });
    let mut found = found.await?;
    if let Some(caller) = mine {
        // What was given away is another's.
        let mut own = Vec::with_capacity(found.items.len());
        for view in found.items {
            let event = app.db.get::<Event>(&view.id.to_string()).await?;
            if let Some(event) = event
                && may(&app.db, caller, &event, Right::View).await?
            {
                own.push(view);
            }
        }
        found.items = own;
    }
    Ok(found)
}

/// All events of an organization, newest first.
pub async fn list_of(
    app: &App,
    organization: OrganizationId,
    page: &PageParams,
) -> Result<Page<EventView>, Error> {
    let query = Query::on("by_organization").eq(organization);
    page_of(app, query.descending(), page, |_| true).await
}

async fn page_of(
    app: &App,
    query: Query,
    page: &PageParams,
    shows: impl Fn(&Event) -> bool,
) -> Result<Page<EventView>, Error> {
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Event>(&query).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for event in found.items.iter().filter(|of| shows(of)) {
        items.push(whole(app, event).await?);
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}
