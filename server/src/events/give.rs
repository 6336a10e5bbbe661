//! Giving an event to an organization.

use shared::api::events::EventView;
use shared::api::organizations::{MoveEvent, Right};
use shared::ids::{EventId, JournalId};

use super::view::event_view;
use super::{Error, classes_in, gates_in, offers_in, owned_event_in};
use crate::app::App;
use crate::organizations;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};
use crate::series;

/// By who may change the team of its present owner, and make events for the next. It leaves its series.
pub async fn give(
    app: &App,
    caller: Caller,
    id: EventId,
    to: MoveEvent,
) -> Result<EventView, Error> {
    let now = app.clock.now();
    let organization = to.organization_id;
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        "event.given",
        journal::subject("event", id),
        serde_json::json!({ "organization": organization }),
    );
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            organizations::require_in(tx, &caller, organization, Right::Events)?;
            if event.organization_id != Some(organization) {
                // Who may change a series changes all its dates.
                series::leave(tx, &mut event)?;
            }
            event.organization_id = Some(organization);
            event.touch(now);
            tx.replace(&mut event)?;
            journal::record(tx, &entry)?;
            let classes = classes_in(tx, id)?;
            let (offers, gates) = (offers_in(tx, classes, now)?, gates_in(tx, id)?);
            Ok(event_view(&event, &offers, &gates, now))
        })
        .await
}
