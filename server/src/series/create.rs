//! Making a series of an event, and adding dates to one.

use shared::api::series::{AddDates, CreateSeries, SeriesView, Weekly};
use shared::ids::{EventId, SeriesId};
use shared::limits::TITLE_CHARS_MAX;
use shared::time::Timestamp;

use super::Error;
use super::find::{dates_in, own_dates_in, owned_in, view};
use super::model::{Series, starts};
use crate::app::App;
use crate::events::blueprint::{Ids, LayOut, blueprint_in, build_in};
use crate::events::model::Event;
use crate::events::{keep_version, owned_event_in};
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

/// Rows that one commit makes: the writer is shared.
const ROWS_MAX: usize = 5_000;

/// What a commit draws on: made before it, because it may run twice.
#[derive(Clone, Copy)]
struct Draws {
    now: Timestamp,
    seed: [u8; 32],
    caller: Caller,
}

fn draws(app: &App, caller: Caller) -> Draws {
    let mut seed = [0; 32];
    app.entropy.fill(&mut seed);
    let now = app.clock.now();
    Draws { now, seed, caller }
}

pub(super) async fn create(
    app: &App,
    caller: Caller,
    wanted: CreateSeries,
    attempt: Attempt,
) -> Result<SeriesView, Error> {
    let with = draws(app, caller);
    let id = SeriesId::new(with.now, app.entropy.id10());
    app.db
        .write(move |tx| {
            attempt.once(tx, with.now, |tx| {
                let mut event = owned_event_in(tx, &caller, wanted.event_id)?;
                event.refuse_cancelled()?;
                if event.series.is_some() {
                    return Err(Error::InSeries);
                }
                let title = wanted.title.as_deref().unwrap_or(&event.title);
                let mut fields = Fields::default();
                let title = fields.line("title", title, 1, TITLE_CHARS_MAX);
                fields.done(())?;
                event.series = Some(id);
                event.touch(with.now);
                tx.replace(&mut event)?;
                keep_version(tx, &event, caller.user, with.now)?;
                let mut series = Series {
                    id,
                    organizer_id: event.organizer_id,
                    organization_id: event.organization_id,
                    title,
                    first: event.id,
                    dates: vec![event.id],
                    created_at: with.now,
                };
                let weekly = wanted.weekly.as_ref();
                add_in(tx, &mut series, weekly, &wanted.dates, &with)?;
                tx.insert(&series)?;
                shown(tx, &caller, &series)
            })
        })
        .await
}

pub(super) async fn add_dates(
    app: &App,
    caller: Caller,
    id: SeriesId,
    wanted: AddDates,
    attempt: Attempt,
) -> Result<SeriesView, Error> {
    let with = draws(app, caller);
    app.db
        .write(move |tx| {
            attempt.once(tx, with.now, |tx| {
                let mut series = owned_in(tx, &caller, id)?;
                let weekly = wanted.weekly.as_ref();
                add_in(tx, &mut series, weekly, &wanted.dates, &with)?;
                tx.replace(&mut series)?;
                shown(tx, &caller, &series)
            })
        })
        .await
}

/// Each date is laid out like the first, as it is now.
fn add_in(
    tx: &mut Tx<'_>,
    series: &mut Series,
    weekly: Option<&Weekly>,
    chosen: &[Timestamp],
    with: &Draws,
) -> Result<(), Error> {
    let known = dates_in(tx, series)?;
    let first = known.iter().find(|event| event.id == series.first);
    let first = first.ok_or(Error::NotFound)?;
    let taken: Vec<_> = known.iter().map(|event| event.start).collect();
    let last = taken.last().copied().unwrap_or(first.start);
    let starts = starts(&first.timezone, last, weekly, chosen, &taken)?;
    let of = blueprint_in(tx, first)?;
    let parts = 2 + of.classes.len() + of.gates.len() + of.pools.len();
    if parts * starts.len() > ROWS_MAX {
        return Err(Error::TooLarge { max: ROWS_MAX });
    }
    let mut ids = Ids::new(with.seed);
    for start in starts {
        let wanted = LayOut {
            id: EventId::new(with.now, ids.draw()),
            title: first.title.clone(),
            organizer: first.organizer_id,
            organization: first.organization_id,
            start,
            now: with.now,
        };
        let mut date = of.laid_out(&wanted, &mut ids)?;
        date.event.series = Some(series.id);
        build_in(tx, &date)?;
        keep_version(tx, &date.event, with.caller.user, with.now)?;
        series.dates.push(date.event.id);
    }
    Ok(())
}

pub(super) fn shown(
    tx: &mut Tx<'_>,
    caller: &Caller,
    series: &Series,
) -> Result<SeriesView, Error> {
    let dates: Vec<Versioned<Event>> = own_dates_in(tx, caller, series)?;
    Ok(view(series, dates.iter().map(|row| &row.value)))
}
