//! Publishing, with an administrator's approval where the server asks for it (E3).

use shared::api::events::EventView;
use shared::ids::{EventId, UserId};
use shared::time::Timestamp;

use super::edit::expect_revision;
use super::model::{Action, Event, TicketClass};
use super::prices::offers_in;
use super::versions::keep;
use super::view::event_view;
use super::{Error, classes_in, event_in, gates_in, owned_event_in};
use crate::app::App;
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;

/// Publishes a draft, or hands it to the administrators.
pub async fn publish(app: &App, caller: Caller, id: EventId) -> Result<EventView, Error> {
    let now = app.clock.now();
    let needs_approval = app.config.events_require_approval;
    app.db
        .write(move |tx| {
            let event = owned_event_in(tx, &caller, id)?;
            publish_in(tx, event, &caller, needs_approval, now)
        })
        .await
}

pub(crate) fn publish_in(
    tx: &mut Tx<'_>,
    event: Versioned<Event>,
    caller: &Caller,
    needs_approval: bool,
    now: Timestamp,
) -> Result<EventView, Error> {
    if event.archived.is_some() {
        return Err(Error::Archived);
    }
    let action = if needs_approval && !caller.is_admin() {
        Action::Submit
    } else {
        Action::Publish
    };
    // Whoever could approve it has, by publishing it.
    let approves = needs_approval && caller.is_admin();
    advance(tx, event, action, approves.then_some(caller.user), now)
}

/// An administrator agrees to a submitted event: to the version that they have seen, if they say which.
pub async fn approve(
    app: &App,
    caller: Caller,
    id: EventId,
    seen: Option<Vec<u64>>,
) -> Result<EventView, Error> {
    if !caller.is_admin() {
        return Err(Error::Forbidden);
    }
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let event = event_in(tx, id)?;
            expect_revision(&event, seen.as_deref())?;
            advance(tx, event, Action::Approve, Some(caller.user), now)
        })
        .await
}

fn advance(
    tx: &mut Tx<'_>,
    mut event: Versioned<Event>,
    action: Action,
    approver: Option<UserId>,
    now: Timestamp,
) -> Result<EventView, Error> {
    event.apply(action, now)?;
    if let Some(approver) = approver {
        event.approved(approver, now);
    }
    let classes = classes_in(tx, event.id)?;
    ready(&event, &classes, now).map_err(|missing| Error::NotReady { missing })?;
    tx.replace(&mut event)?;
    keep(tx, &event, approver.unwrap_or(event.organizer_id), now)?;
    let gates = gates_in(tx, event.id)?;
    let offers = offers_in(tx, classes, now)?;
    Ok(event_view(&event, &offers, &gates, now))
}

/// What an event needs before people see it. A gate can follow later.
fn ready(event: &Event, classes: &[TicketClass], now: Timestamp) -> Result<(), Invalid> {
    let mut fields = Fields::default();
    if classes.is_empty() {
        fields.wrong("classes", "add at least one ticket class");
    }
    if event.end <= now {
        fields.wrong("endDate", "the event is already over");
    }
    fields.done(())
}
