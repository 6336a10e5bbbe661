//! A date that becomes another's leaves its series.

use super::model::Series;
use crate::events::model::Event;
use crate::platform::db::{DbError, Tx};

/// In the commit that gives the event away, which stores it. A series without dates is none.
pub fn leave(tx: &mut Tx<'_>, event: &mut Event) -> Result<(), DbError> {
    let Some(id) = event.series.take() else {
        return Ok(());
    };
    let Some(mut series) = tx.get::<Series>(&id.to_string())? else {
        return Ok(());
    };
    series.dates.retain(|date| *date != event.id);
    let Some(next) = series.dates.first().copied() else {
        return tx.delete(&series);
    };
    if series.first == event.id {
        series.first = next;
    }
    tx.replace(&mut series)
}
