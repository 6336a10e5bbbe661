//! Venues are made, read and changed by whoever made them.

use shared::api::page::Page;
use shared::api::venues::{CreateVenue, UpdateVenue, VenueView};
use shared::ids::VenueId;

use super::Error;
use super::model::Venue;
use crate::accounts;
use crate::app::App;
use crate::events;
use crate::platform::db::{Query, Tx, Versioned};
use crate::platform::http::attempt::Attempt;
use crate::platform::http::{Caller, PageParams};

/// Whoever makes one is an organizer from then on.
pub async fn create(
    app: &App,
    caller: Caller,
    wanted: CreateVenue,
    attempt: Attempt,
) -> Result<VenueView, Error> {
    let now = app.clock.now();
    let id = VenueId::new(now, app.entropy.id10());
    let venue = Venue::new(id, caller.user, wanted, now)?;
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                accounts::grant_organizer(tx, caller.user, now)?;
                tx.insert(&venue)?;
                Ok(venue.view())
            })
        })
        .await
}

/// The caller's own venues, newest first, those that are put away too.
pub async fn list(app: &App, caller: &Caller, page: &PageParams) -> Result<Page<VenueView>, Error> {
    let query = Query::on("by_organizer").eq(caller.user).descending();
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Venue>(&query).await?;
    Ok(Page {
        items: found.items.iter().map(|venue| venue.view()).collect(),
        next_cursor: found.next,
    })
}

/// A venue is an address: everybody may read it.
pub async fn show(app: &App, id: VenueId) -> Result<VenueView, Error> {
    let venue = app.db.get::<Venue>(&id.to_string()).await?;
    Ok(venue.ok_or(Error::NotFound)?.view())
}

/// `seen` holds the revisions of `If-Match`; `None` edits whatever is there.
pub async fn edit(
    app: &App,
    caller: Caller,
    id: VenueId,
    changes: UpdateVenue,
    seen: Option<Vec<u64>>,
) -> Result<VenueView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut venue = owned_in(tx, &caller, id)?;
            if venue.archived.is_some() {
                return Err(events::Error::Archived.into());
            }
            let current = venue.revision;
            if seen.as_ref().is_some_and(|seen| !seen.contains(&current)) {
                return Err(Error::RevisionMismatch { current });
            }
            venue.value = venue.edited(changes.clone(), now)?;
            tx.replace(&mut venue)?;
            Ok(venue.view())
        })
        .await
}

/// The venue, if it is the caller's own or the caller is an administrator; else 404.
pub(super) fn owned_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    id: VenueId,
) -> Result<Versioned<Venue>, Error> {
    let venue = tx.get::<Venue>(&id.to_string())?;
    venue
        .filter(|venue| venue.organizer_id == caller.user || caller.is_admin())
        .ok_or(Error::NotFound)
}
