//! Versions of a venue's plan, and the event that uses one.

use shared::api::venues::{EventSeatingView, PlanSection, SeatingView, UseSeating};
use shared::ids::{EventId, VenueId};

use super::Error;
use super::edit::owned_in;
use super::model::{Seating, SeatingPlan, Venue};
use crate::app::App;
use crate::events::{owned_event_in, visible_event};
use crate::platform::db::{Db, DbError};
use crate::platform::http::Caller;

/// Stores the next version of the venue's plan.
pub async fn set_seating(
    app: &App,
    caller: Caller,
    id: VenueId,
    sections: Vec<PlanSection>,
) -> Result<SeatingView, Error> {
    let now = app.clock.now();
    let plan = SeatingPlan::new(id, sections, now)?;
    app.db
        .write(move |tx| {
            let mut venue = owned_in(tx, &caller, id)?;
            if plan.seats > venue.capacity {
                return Err(Error::TooManySeats {
                    seats: plan.seats,
                    capacity: venue.capacity,
                });
            }
            venue.seating = venue.seating.saturating_add(1);
            venue.touch(now);
            let mut plan = plan.clone();
            plan.version = venue.seating;
            tx.insert(&plan)?;
            tx.replace(&mut venue)?;
            Ok(plan.view())
        })
        .await
}

/// A version of the plan, or the newest.
pub async fn show_seating(
    app: &App,
    venue: VenueId,
    version: Option<u32>,
) -> Result<SeatingView, Error> {
    let stored = app.db.get::<Venue>(&venue.to_string()).await?;
    let newest = stored.ok_or(Error::NotFound)?.seating;
    let version = version.unwrap_or(newest);
    let plan = seating_of(&app.db, Seating { venue, version }).await?;
    Ok(plan.ok_or(Error::NoSeating)?.view())
}

pub async fn seating_of(db: &Db, seating: Seating) -> Result<Option<SeatingPlan>, DbError> {
    let plan = db.get::<SeatingPlan>(&SeatingPlan::key(seating)).await?;
    Ok(plan.map(|plan| plan.value))
}

/// Ties the event to a version of one of the caller's venues.
pub async fn use_seating(
    app: &App,
    caller: Caller,
    id: EventId,
    wanted: UseSeating,
) -> Result<EventSeatingView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            event.refuse_cancelled()?;
            let venue = owned_in(tx, &caller, wanted.venue_id)?;
            let version = wanted.version.unwrap_or(venue.seating);
            if version == 0 || version > venue.seating {
                return Err(Error::NoSeating);
            }
            let seating = Seating {
                venue: venue.id,
                version,
            };
            if event.seating != Some(seating) {
                if event.seat_next > 0 {
                    return Err(Error::SeatsInStock);
                }
                event.seating = Some(seating);
                event.venue_id = Some(venue.id.to_string());
                event.touch(now);
                tx.replace(&mut event)?;
            }
            Ok(EventSeatingView {
                event_id: event.id,
                venue_id: venue.id,
                version,
            })
        })
        .await
}

/// The plan that the event uses, for whoever may see the event.
pub async fn plan_of_event(
    app: &App,
    caller: Option<&Caller>,
    id: EventId,
) -> Result<SeatingView, Error> {
    let event = visible_event(&app.db, caller, id).await?;
    let seating = event.seating.ok_or(Error::NoSeating)?;
    let plan = seating_of(&app.db, seating).await?;
    Ok(plan.ok_or(Error::NoSeating)?.view())
}
