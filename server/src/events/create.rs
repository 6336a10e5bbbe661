//! A new draft. Whoever makes one is an organizer from then on.

use shared::api::events::{CreateEvent, EventView};
use shared::ids::EventId;

use super::Error;
use super::model::Event;
use super::versions::keep;
use super::view::event_view;
use crate::accounts;
use crate::app::App;
use crate::organizations;
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

pub async fn create(
    app: &App,
    caller: Caller,
    wanted: CreateEvent,
    attempt: Attempt,
) -> Result<EventView, Error> {
    let now = app.clock.now();
    let id = EventId::new(now, app.entropy.id10());
    let event = Event::draft(id, caller.user, wanted, now)?;
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                if let Some(organization) = event.organization_id {
                    organizations::require_in(tx, &caller, organization, caller.right)?;
                }
                accounts::grant_organizer(tx, caller.user, now)?;
                tx.insert(&event)?;
                keep(tx, &event, caller.user, now)?;
                Ok(event_view(&event, &[], &[], now))
            })
        })
        .await
}
