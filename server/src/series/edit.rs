//! Changing a date and all after it, in one commit; publishing what is ready.

use shared::api::events::{EventStatus, UpdateEvent};
use shared::api::selling::UpdateTicketClass;
use shared::api::series::{EditDates, EditDatesClass, SeriesView};
use shared::ids::{EventId, JobId, SeriesId};
use shared::time::Timestamp;

use super::Error;
use super::create::shown;
use super::find::{own_dates_in, owned_in};
use super::model::Series;
use crate::app::App;
use crate::events::blueprint::{Ids, Shift};
use crate::events::model::Event;
use crate::events::{self, Edit, classes_in, edit_class_in, edit_in, keep_version};
use crate::platform::db::{Tx, Versioned};
use crate::platform::http::Caller;

fn seed(app: &App) -> [u8; 32] {
    let mut seed = [0; 32];
    app.entropy.fill(&mut seed);
    seed
}

/// The dates from this one on that can still change.
fn from_here_on(
    dates: Vec<Versioned<Event>>,
    from: EventId,
    now: Timestamp,
) -> Result<Vec<Versioned<Event>>, Error> {
    let first = dates.iter().find(|event| event.id == from);
    let start = first.ok_or(events::Error::NotFound)?.start;
    let is_open = |event: &Versioned<Event>| {
        event.start >= start
            && event.end > now
            && event.archived.is_none()
            && event.status != EventStatus::Cancelled
    };
    Ok(dates.into_iter().filter(is_open).collect())
}

/// One that cannot be changed so refuses it for all.
pub(super) async fn edit_dates(
    app: &App,
    caller: Caller,
    id: SeriesId,
    wanted: EditDates,
) -> Result<SeriesView, Error> {
    let (edit, seed) = (Edit::new(app, &caller), seed(app));
    app.db
        .write(move |tx| {
            let series = owned_in(tx, &caller, id)?;
            let mut ids = Ids::new(seed);
            let dates = own_dates_in(tx, &caller, &series)?;
            for mut date in from_here_on(dates, wanted.from, edit.now)? {
                let edit = Edit {
                    job: JobId::new(edit.now, ids.draw()),
                    ..edit
                };
                let changes = changes(&wanted, &date);
                edit_in(tx, &mut date, changes, &edit)?;
                keep_version(tx, &date, caller.user, edit.now)?;
            }
            shown(tx, &caller, &series)
        })
        .await
}

fn changes(wanted: &EditDates, date: &Event) -> UpdateEvent {
    let minutes = wanted.move_minutes.filter(|minutes| *minutes != 0);
    let shift = minutes.map(|minutes| Shift::by_minutes(&date.timezone, minutes));
    let moved = |at: Timestamp| shift.as_ref().map(|shift| shift.apply(at));
    UpdateEvent {
        title: wanted.title.clone(),
        description: wanted.description.clone(),
        venue_id: wanted.venue_id.clone(),
        capacity: wanted.capacity,
        charges: wanted.charges,
        start_date: moved(date.start),
        end_date: moved(date.end),
        ..UpdateEvent::default()
    }
}

/// The class of that name, where a date has it.
pub(super) async fn edit_classes(
    app: &App,
    caller: Caller,
    id: SeriesId,
    wanted: EditDatesClass,
) -> Result<SeriesView, Error> {
    let (now, seed) = (app.clock.now(), seed(app));
    app.db
        .write(move |tx| {
            let series = owned_in(tx, &caller, id)?;
            let mut ids = Ids::new(seed);
            let dates = from_here_on(own_dates_in(tx, &caller, &series)?, wanted.from, now)?;
            let base = dates.first().map(|date| date.start);
            let mut changed = 0;
            for mut date in dates {
                let classes = classes_in(tx, date.id)?;
                let named = |class: &&events::model::TicketClass| class.name == wanted.class_name;
                let Some(class) = classes.iter().find(named) else {
                    continue;
                };
                let from = base.unwrap_or(date.start);
                let shift = Shift::between(&date.timezone, from, date.start);
                let terms = wanted.changes.terms.as_ref();
                let changes = UpdateTicketClass {
                    terms: terms.map(|terms| shift.terms(terms)),
                    ..wanted.changes.clone()
                };
                edit_class_in(tx, &mut date, class.id, &changes, ids.draw(), now)?;
                keep_version(tx, &date, caller.user, now)?;
                changed += 1;
            }
            if changed == 0 {
                return Err(events::Error::NoClass.into());
            }
            shown(tx, &caller, &series)
        })
        .await
}

/// Publishes every draft, or hands it to the administrators.
pub(super) async fn publish(app: &App, caller: Caller, id: SeriesId) -> Result<SeriesView, Error> {
    let now = app.clock.now();
    let needs_approval = app.config.events_require_approval;
    app.db
        .write(move |tx| {
            let series = owned_in(tx, &caller, id)?;
            for date in drafts_in(tx, &caller, &series)? {
                events::publish_in(tx, date, &caller, needs_approval, now)?;
            }
            shown(tx, &caller, &series)
        })
        .await
}

fn drafts_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    series: &Series,
) -> Result<Vec<Versioned<Event>>, Error> {
    let mut dates = own_dates_in(tx, caller, series)?;
    dates.retain(|date| date.status == EventStatus::Draft && date.archived.is_none());
    Ok(dates)
}
