//! How it stands: one ticket for its holder, all for the organizer.

use shared::api::pre_check_in::{Barred, PreCheckInItem, PreCheckInView, PreCheckInsView};
use shared::api::tickets::TicketStatus;
use shared::ids::{ClaimedTicketId, EventId};
use shared::time::Timestamp;

use super::model::{PreCheckIn, barred, state};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::inventory;
use crate::platform::db::{DbError, Query};
use crate::platform::http::{Caller, PageParams};
use crate::tickets::answers::Record;
use crate::tickets::asked::Asked;
use crate::tickets::find::{held, stock};
use crate::tickets::{ClaimedTicket, Error};

/// For the holder.
pub(super) async fn show(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    now: Timestamp,
) -> Result<PreCheckInView, Error> {
    let ticket = held(&app.db, caller, id).await?;
    let event = app.db.get::<Event>(&ticket.event_id.to_string()).await?;
    let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
    let status = stock(&app.db, &ticket).await?.status;
    Ok(offer(app, &ticket, &event, status, now).await?)
}

/// What the ticket's page offers.
pub async fn offer(
    app: &App,
    ticket: &ClaimedTicket,
    event: &Event,
    stock: TicketStatus,
    now: Timestamp,
) -> Result<PreCheckInView, DbError> {
    let settings = events::check_in_of(&app.db, event.id).await?;
    let classes = events::classes_of(&app.db, event.id).await?;
    let asked = Asked::new(settings, &classes, event);
    let record = Record::read(&app.db, ticket).await?;
    let done = done_at(app, ticket).await?;
    let barred = barred(ticket, stock);
    Ok(view(&asked, ticket, &record, done, barred, now))
}

async fn done_at(app: &App, ticket: &ClaimedTicket) -> Result<Option<Timestamp>, DbError> {
    let key = PreCheckIn::key(ticket.event_id, ticket.serial);
    let done = app.db.get::<PreCheckIn>(&key).await?;
    Ok(done.map(|done| done.at))
}

pub(super) fn view(
    asked: &Asked,
    ticket: &ClaimedTicket,
    record: &Record,
    done_at: Option<Timestamp>,
    barred: Option<Barred>,
    now: Timestamp,
) -> PreCheckInView {
    PreCheckInView {
        claimed_ticket_id: ticket.id,
        state: state(asked.window, now),
        opens_at: asked.window.map(|window| window.opens_at),
        closes_at: asked.window.map(|window| window.closes_at),
        done_at,
        barred,
        questions: asked.questions(ticket.class_index),
        answers: asked.answers(record.given()),
    }
}

/// The event's claimed tickets by serial, and how many of how many. For its organizer.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
    now: Timestamp,
) -> Result<PreCheckInsView, Error> {
    events::owned_event(&app.db, caller, event).await?;
    let settings = events::check_in_of(&app.db, event).await?;
    let query = Query::on("by_event").eq(event);
    let done = app.db.count::<PreCheckIn>(&query).await?;
    let classes = inventory::stats(app, Some(caller), event).await?.classes;
    let query = Query::on("by_serial")
        .eq(event)
        .limit(page.limit)
        .after(page.cursor.as_deref());
    let found = app.db.page::<ClaimedTicket>(&query).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for ticket in &found.items {
        items.push(PreCheckInItem {
            claimed_ticket_id: ticket.id,
            ticket_id: ticket.ticket_id,
            class_id: ticket.class_id,
            serial: ticket.serial,
            name: ticket.attendee.name.clone(),
            status: stock(&app.db, ticket).await?.status,
            done_at: done_at(app, ticket).await?,
        });
    }
    Ok(PreCheckInsView {
        event_id: event,
        state: state(settings.pre_check_in, now),
        done,
        of: classes.iter().map(|of| of.claimed + of.validated).sum(),
        items,
        next_cursor: found.next,
    })
}
