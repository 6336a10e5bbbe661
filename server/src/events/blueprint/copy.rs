//! A new draft from an event that was made before (E14).

use shared::api::events::EventView;
use shared::api::versions::CopyEvent;
use shared::ids::EventId;

use super::{Ids, LayOut, blueprint_in, build_in};
use crate::app::App;
use crate::events::prices::offers_in;
use crate::events::versions::keep;
use crate::events::view::event_view;
use crate::events::{Error, owned_event_in};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

/// The copy is of the same organization; without one, of the same organizer.
pub async fn copy(
    app: &App,
    caller: Caller,
    id: EventId,
    wanted: CopyEvent,
    attempt: Attempt,
) -> Result<EventView, Error> {
    let now = app.clock.now();
    let copy_id = EventId::new(now, app.entropy.id10());
    let mut seed = [0; 32];
    app.entropy.fill(&mut seed);
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                let event = owned_event_in(tx, &caller, id)?;
                let organization = event.organization_id;
                let title = wanted.title.clone().unwrap_or_else(|| event.title.clone());
                let wanted = LayOut {
                    id: copy_id,
                    title,
                    organizer: organization.map_or(event.organizer_id, |_| caller.user),
                    organization,
                    start: wanted.start_date,
                    now,
                };
                let of = blueprint_in(tx, &event)?;
                let copy = of.laid_out(&wanted, &mut Ids::new(seed))?;
                build_in(tx, &copy)?;
                keep(tx, &copy.event, caller.user, now)?;
                let offers = offers_in(tx, copy.classes, now)?;
                Ok(event_view(&copy.event, &offers, &copy.gates, now))
            })
        })
        .await
}
