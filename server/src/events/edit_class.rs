//! PATCH of a ticket class: its price, its limits and how it is sold (I4, I7). What buyers hold
//! already stays as it was held.

use shared::api::events::TicketClassView;
use shared::api::selling::UpdateTicketClass;
use shared::ids::{ClassId, EventId, uuid_v7};

use super::model::TicketClass;
use super::prices::{note_edit, offers_in};
use super::view::class_view;
use super::{Error, owned_event_in};
use crate::app::App;
use crate::platform::http::Caller;

pub async fn edit_class(
    app: &App,
    caller: Caller,
    event: EventId,
    id: ClassId,
    changes: UpdateTicketClass,
) -> Result<TicketClassView, Error> {
    let now = app.clock.now();
    let line = uuid_v7(now, app.entropy.id10()).to_string();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, event)?;
            event.refuse_cancelled()?;
            let class = tx.get::<TicketClass>(&id.to_string())?;
            let class = class.filter(|class| class.event_id == event.id);
            let mut class = class.ok_or(Error::NoClass)?;
            let before = class.price;
            class.value = class.edited(&changes)?;
            if class.price != before {
                note_edit(tx, line.clone(), &class, before, now)?;
            }
            tx.replace(&mut class)?;
            event.touch(now);
            tx.replace(&mut event)?;
            let offers = offers_in(tx, vec![class.into_inner()], now)?;
            let offer = offers.first().ok_or(Error::NoClass)?;
            Ok(class_view(&event, offer))
        })
        .await
}
