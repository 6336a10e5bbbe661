//! Going back to a version.

use shared::api::events::{EventView, UpdateEvent};
use shared::api::selling::UpdateTicketClass;
use shared::ids::{EventId, uuid_v7};
use shared::time::Timestamp;

use super::keep;
use super::model::Version;
use crate::app::App;
use crate::events::blueprint::Ids;
use crate::events::check_in::CheckIn;
use crate::events::edit::{Edit, edit_in, expect_revision};
use crate::events::model::{Event, TicketClass};
use crate::events::prices::{note_edit, offers_in};
use crate::events::view::event_view;
use crate::events::{Error, classes_in, gates_in, owned_event_in};
use crate::inventory::{self, model::Pool};
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::http::Caller;

/// What was added since stays: classes and gates are never taken away. Refused where people have
/// tickets for what would change under them.
pub(super) async fn restore(
    app: &App,
    caller: Caller,
    id: EventId,
    version: u64,
    seen: Option<Vec<u64>>,
) -> Result<EventView, Error> {
    let edit = Edit::new(app, &caller);
    let mut seed = [0; 32];
    app.entropy.fill(&mut seed);
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            expect_revision(&event, seen.as_deref())?;
            let key = Version::key(id, version);
            let version = tx.get::<Version>(&key)?.ok_or(Error::NoVersion)?.value;
            let was = &version.blueprint.event;
            refuse_under_holders(tx, &event, was)?;
            edit_in(tx, &mut event, all_of(was), &edit)?;
            let mut ids = Ids::new(seed);
            restore_classes(tx, &event, &version, edit.now, &mut ids)?;
            restore_rest(tx, &event, &version)?;
            keep(tx, &event, caller.user, edit.now)?;
            let classes = classes_in(tx, id)?;
            let (gates, offers) = (gates_in(tx, id)?, offers_in(tx, classes, edit.now)?);
            Ok(event_view(&event, &offers, &gates, edit.now))
        })
        .await
}

/// Who has a ticket bought this date at this place.
fn refuse_under_holders(tx: &mut Tx<'_>, event: &Event, was: &Event) -> Result<(), Error> {
    let changes = [
        ("startDate", event.start != was.start),
        ("endDate", event.end != was.end),
        ("timezone", event.timezone != was.timezone),
        ("venueId", event.venue_id != was.venue_id),
    ];
    let fields: Vec<_> = changes.iter().filter(|(_, is)| *is).collect();
    if fields.is_empty() {
        return Ok(());
    }
    let classes = classes_in(tx, event.id)?;
    let tickets = inventory::taken_in(tx, event, &classes)?;
    if tickets == 0 {
        return Ok(());
    }
    Err(Error::WouldBreakTickets {
        tickets,
        fields: fields.into_iter().map(|(name, _)| *name).collect(),
    })
}

fn all_of(was: &Event) -> UpdateEvent {
    UpdateEvent {
        title: Some(was.title.clone()),
        description: Some(was.description.clone()),
        start_date: Some(was.start),
        end_date: Some(was.end),
        timezone: Some(was.timezone.clone()),
        venue_id: Some(was.venue_id.clone().unwrap_or_default()),
        capacity: Some(was.capacity),
        names_at_gate: Some(was.names_at_gate),
        confirm_devices: Some(was.confirm_devices),
        guest_checkout: Some(was.guest_checkout),
        charges: Some(was.charges),
    }
}

/// Prices and terms, not what is signed into tickets.
fn restore_classes(
    tx: &mut Tx<'_>,
    event: &Event,
    version: &Version,
    now: Timestamp,
    ids: &mut Ids,
) -> Result<(), Error> {
    for was in &version.blueprint.classes {
        let Some(mut class) = tx.get::<TicketClass>(&was.id.to_string())? else {
            continue;
        };
        let (before, line) = (class.price, uuid_v7(now, ids.draw()).to_string());
        let restored = class.edited(&UpdateTicketClass {
            price: Some(was.price),
            max_per_order: Some(was.max_per_order),
            terms: Some(was.terms.clone()),
        })?;
        if restored == class.value || class.event_id != event.id {
            continue;
        }
        class.value = restored;
        if class.price != before {
            note_edit(tx, line, &class, before, now)?;
        }
        tx.replace(&mut class)?;
    }
    Ok(())
}

fn restore_rest(tx: &mut Tx<'_>, event: &Event, version: &Version) -> Result<(), Error> {
    let (classes, gates) = (classes_in(tx, event.id)?, gates_in(tx, event.id)?);
    let settings = version.blueprint.check_in.clone();
    let check_in = CheckIn::checked(event, &classes, &gates, settings)?;
    put(tx, check_in)?;
    for was in &version.blueprint.pools {
        let Some(mut pool) = tx.get::<Pool>(&was.id)? else {
            continue;
        };
        if pool.limit != was.limit {
            pool.limit = was.limit;
            tx.replace(&mut pool)?;
        }
    }
    Ok(())
}

fn put(tx: &mut Tx<'_>, check_in: CheckIn) -> Result<(), DbError> {
    let stored: Option<Versioned<CheckIn>> = tx.get(&check_in.event_id.to_string())?;
    match stored {
        Some(stored) if stored.value == check_in => Ok(()),
        Some(mut stored) => {
            stored.value = check_in;
            tx.replace(&mut stored)
        }
        None => tx.insert(&check_in).map(drop),
    }
}
