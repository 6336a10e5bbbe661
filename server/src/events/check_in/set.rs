//! Reading and replacing the settings.

use shared::api::check_in::CheckInSettings;
use shared::ids::EventId;

use super::CheckIn;
use crate::app::App;
use crate::events::model::Event;
use crate::events::versions::keep;
use crate::events::{Error, classes_in, gates_in, owned_event_in};
use crate::platform::db::{Db, DbError, Tx, Versioned};
use crate::platform::http::Caller;

/// The event's settings; the plain ones when none were set.
pub async fn check_in_of(db: &Db, event: EventId) -> Result<CheckInSettings, DbError> {
    let stored = db.get::<CheckIn>(&event.to_string()).await?;
    Ok(stored
        .map(Versioned::into_inner)
        .map_or_else(CheckInSettings::default, |check_in| check_in.settings))
}

/// [`check_in_of`] inside a transaction.
pub fn check_in_in(tx: &mut Tx<'_>, event: EventId) -> Result<CheckInSettings, DbError> {
    let stored = tx.get::<CheckIn>(&event.to_string())?;
    Ok(stored
        .map(Versioned::into_inner)
        .map_or_else(CheckInSettings::default, |check_in| check_in.settings))
}

/// Replaces the settings; gives them as they are stored, with the event's new revision. `seen` as
/// for an edit of the event.
pub async fn set_check_in(
    app: &App,
    caller: Caller,
    event: EventId,
    wanted: CheckInSettings,
    seen: Option<Vec<u64>>,
) -> Result<(CheckInSettings, u64), Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, event)?;
            editable(&event, seen.as_deref())?;
            let classes = classes_in(tx, event.id)?;
            let gates = gates_in(tx, event.id)?;
            let check_in = CheckIn::checked(&event, &classes, &gates, wanted.clone())?;
            match tx.get::<CheckIn>(&event.id.to_string())? {
                Some(mut stored) => {
                    stored.value = check_in.clone();
                    tx.replace(&mut stored)?;
                }
                None => {
                    tx.insert(&check_in)?;
                }
            }
            // The gates' policy is made of both, and remembered by the event's revision.
            event.touch(now);
            tx.replace(&mut event)?;
            keep(tx, &event, caller.user, now)?;
            Ok((check_in.settings, event.revision))
        })
        .await
}

fn editable(event: &Event, seen: Option<&[u64]>) -> Result<(), Error> {
    if seen.is_some_and(|seen| !seen.contains(&event.revision)) {
        return Err(Error::RevisionMismatch {
            current: event.revision,
        });
    }
    event.refuse_cancelled()
}
