//! Putting a venue away, and bringing it back (E15).

use shared::api::events::EventStatus;
use shared::api::venues::VenueView;
use shared::ids::VenueId;
use shared::time::Timestamp;

use super::Error;
use super::edit::owned_in;
use super::model::Venue;
use crate::app::App;
use crate::events;
use crate::events::model::{Archived, Event};
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx};
use crate::platform::http::Caller;

/// Events that a refusal names.
const NAMED_MAX: usize = 5;

pub(super) async fn archive(app: &App, caller: Caller, id: VenueId) -> Result<VenueView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut venue = owned_in(tx, &caller, id)?;
            if venue.archived.is_some() {
                return Ok(venue.view());
            }
            let coming = coming_in(tx, &venue, now)?;
            if !coming.is_empty() {
                let named: Vec<_> = coming.iter().take(NAMED_MAX).map(String::as_str).collect();
                let what = vec![
                    ("events", coming.len().to_string()),
                    ("eventIds", named.join(", ")),
                ];
                return Err(events::Error::InUse(what).into());
            }
            let by = caller.user;
            venue.archived = Some(Archived { at: now, by });
            venue.touch(now);
            tx.replace(&mut venue)?;
            Ok(venue.view())
        })
        .await
}

pub(super) async fn unarchive(app: &App, caller: Caller, id: VenueId) -> Result<VenueView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut venue = owned_in(tx, &caller, id)?;
            events::may_bring_back(venue.archived, &caller)?;
            venue.archived = None;
            venue.touch(now);
            tx.replace(&mut venue)?;
            Ok(venue.view())
        })
        .await
}

/// The owner's events there that are not over, by id.
fn coming_in(tx: &mut Tx<'_>, venue: &Venue, now: Timestamp) -> Result<Vec<String>, DbError> {
    let query = Query::on("by_organizer").eq(venue.organizer_id);
    let events = tx.list::<Event>(&query.descending().limit(LIMIT_MAX))?;
    let there = venue.id.to_string();
    let is_coming = |event: &&Event| {
        event.venue_id.as_ref() == Some(&there)
            && event.end > now
            && event.archived.is_none()
            && event.status != EventStatus::Cancelled
    };
    let events = events.iter().map(|row| &row.value);
    Ok(events
        .filter(is_coming)
        .map(|event| event.id.to_string())
        .collect())
}
