//! PATCH of a ticket class: its price, its limits and how it is sold (I4, I7). What buyers hold
//! already stays as it was held.

use shared::api::events::TicketClassView;
use shared::api::selling::UpdateTicketClass;
use shared::ids::{ClassId, EventId, uuid_v7};
use shared::time::Timestamp;

use super::model::{Event, TicketClass};
use super::prices::{note_edit, offers_in};
use super::versions::keep;
use super::view::class_view;
use super::{Error, owned_event_in};
use crate::app::App;
use crate::platform::db::{Tx, Versioned};
use crate::platform::http::Caller;

pub async fn edit_class(
    app: &App,
    caller: Caller,
    event: EventId,
    id: ClassId,
    changes: UpdateTicketClass,
) -> Result<TicketClassView, Error> {
    let now = app.clock.now();
    let line = app.entropy.id10();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, event)?;
            let class = edit_class_in(tx, &mut event, id, &changes, line, now)?;
            keep(tx, &event, caller.user, now)?;
            let offers = offers_in(tx, vec![class], now)?;
            let offer = offers.first().ok_or(Error::NoClass)?;
            Ok(class_view(&event, offer))
        })
        .await
}

/// Changes a stored class of a stored event. `line` becomes the id of a line of the price trail.
pub(crate) fn edit_class_in(
    tx: &mut Tx<'_>,
    event: &mut Versioned<Event>,
    id: ClassId,
    changes: &UpdateTicketClass,
    line: [u8; 10],
    now: Timestamp,
) -> Result<TicketClass, Error> {
    event.refuse_cancelled()?;
    let class = tx.get::<TicketClass>(&id.to_string())?;
    let class = class.filter(|class| class.event_id == event.id);
    let mut class = class.ok_or(Error::NoClass)?;
    let before = class.price;
    class.value = class.edited(changes)?;
    if class.price != before {
        let line = uuid_v7(now, line).to_string();
        note_edit(tx, line, &class, before, now)?;
    }
    tx.replace(&mut class)?;
    // The event's ETag covers its classes.
    event.touch(now);
    tx.replace(event)?;
    Ok(class.into_inner())
}
