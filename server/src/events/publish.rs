//! Publishing, with an administrator's approval where the server asks for it (E3).

use shared::api::events::EventView;
use shared::ids::EventId;
use shared::time::Timestamp;

use super::model::{Action, Event, TicketClass};
use super::prices::offers_in;
use super::view::event_view;
use super::{Error, classes_in, event_in, gates_in, owned_event_in};
use crate::app::App;
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;

/// Publishes a draft, or hands it to the administrators.
pub async fn publish(app: &App, caller: Caller, id: EventId) -> Result<EventView, Error> {
    let now = app.clock.now();
    let action = if app.config.events_require_approval && !caller.is_admin() {
        Action::Submit
    } else {
        Action::Publish
    };
    app.db
        .write(move |tx| {
            let event = owned_event_in(tx, &caller, id)?;
            advance(tx, event, action, now)
        })
        .await
}

/// An administrator agrees to a submitted event.
pub async fn approve(app: &App, caller: Caller, id: EventId) -> Result<EventView, Error> {
    if !caller.is_admin() {
        return Err(Error::Forbidden);
    }
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let event = event_in(tx, id)?;
            advance(tx, event, Action::Approve, now)
        })
        .await
}

fn advance(
    tx: &mut Tx<'_>,
    mut event: Versioned<Event>,
    action: Action,
    now: Timestamp,
) -> Result<EventView, Error> {
    event.apply(action, now)?;
    let classes = classes_in(tx, event.id)?;
    ready(&event, &classes, now).map_err(|missing| Error::NotReady { missing })?;
    tx.replace(&mut event)?;
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
