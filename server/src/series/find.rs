//! Reading series, and who may.

use shared::api::page::Page;
use shared::api::series::{SeriesDate, SeriesView};
use shared::ids::SeriesId;

use super::Error;
use super::model::Series;
use crate::app::App;
use crate::events::model::Event;
use crate::events::{may, may_in, may_too_in};
use crate::platform::db::{Db, DbError, Query, Tx, Versioned};
use crate::platform::http::{Caller, PageParams};

/// The series, if the caller has the right that the route asks for to its first date; else 404.
pub(super) fn owned_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    id: SeriesId,
) -> Result<Versioned<Series>, Error> {
    let series = tx.get::<Series>(&id.to_string())?;
    let series = series.ok_or(Error::NotFound)?;
    let first = tx.get::<Event>(&series.first.to_string())?;
    let first = first.ok_or(Error::NotFound)?;
    if may_in(tx, caller, &first, caller.right)? {
        Ok(series)
    } else {
        Err(Error::NotFound)
    }
}

/// Its dates by start.
pub(super) fn dates_in(tx: &mut Tx<'_>, series: &Series) -> Result<Vec<Versioned<Event>>, DbError> {
    let mut dates = Vec::with_capacity(series.dates.len());
    for id in &series.dates {
        dates.extend(tx.get::<Event>(&id.to_string())?);
    }
    dates.sort_by_key(|event| event.start);
    Ok(dates)
}

/// Those of its dates that the caller has the right to, by start. A series is of one owner; who comes
/// with the right to its first date still answers for no other one.
pub(super) fn own_dates_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    series: &Series,
) -> Result<Vec<Versioned<Event>>, DbError> {
    let mut own = Vec::with_capacity(series.dates.len());
    for date in dates_in(tx, series)? {
        if may_too_in(tx, caller, &date, caller.right)? {
            own.push(date);
        }
    }
    Ok(own)
}

pub(super) fn view<'a>(series: &Series, dates: impl IntoIterator<Item = &'a Event>) -> SeriesView {
    let date = |event: &Event| SeriesDate {
        event_id: event.id,
        title: event.title.clone(),
        start_date: event.start,
        end_date: event.end,
        status: event.status,
        capacity: event.capacity,
        archived_at: event.archived.map(|archived| archived.at),
    };
    let mut dates: Vec<_> = dates.into_iter().map(date).collect();
    dates.sort_by_key(|date| date.start_date);
    SeriesView {
        id: series.id,
        title: series.title.clone(),
        organizer_id: series.organizer_id,
        organization_id: series.organization_id,
        dates,
        created_at: series.created_at,
    }
}

pub(super) async fn show(app: &App, caller: &Caller, id: SeriesId) -> Result<SeriesView, Error> {
    let series = app.db.get::<Series>(&id.to_string()).await?;
    let series = series.ok_or(Error::NotFound)?;
    let first = app.db.get::<Event>(&series.first.to_string()).await?;
    let first = first.ok_or(Error::NotFound)?;
    if !may(&app.db, caller, &first, caller.right).await? {
        return Err(Error::NotFound);
    }
    Ok(whole(&app.db, caller, &series).await?)
}

/// The caller's own, newest first.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    page: &PageParams,
) -> Result<Page<SeriesView>, Error> {
    let query = Query::on("by_organizer").eq(caller.user).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Series>(&query).await?;
    let mut items = Vec::with_capacity(found.items.len());
    for series in &found.items {
        let view = whole(&app.db, caller, series).await?;
        if !view.dates.is_empty() {
            items.push(view);
        }
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

async fn whole(db: &Db, caller: &Caller, series: &Series) -> Result<SeriesView, DbError> {
    let mut dates = Vec::with_capacity(series.dates.len());
    for id in &series.dates {
        if let Some(date) = db.get::<Event>(&id.to_string()).await?
            && may(db, caller, &date, caller.right).await?
        {
            dates.push(date);
        }
    }
    Ok(view(series, dates.iter().map(|row| &row.value)))
}
