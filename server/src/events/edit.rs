//! PATCH: only what is named changes, and only if the caller has seen the present revision.

use shared::api::events::{EventView, UpdateEvent};
use shared::ids::{EventId, JobId, UserId};
use shared::time::Timestamp;

use super::model::{Event, TicketClass};
use super::prices::offers_in;
use super::view::event_view;
use super::{Error, classes_in, gates_in, owned_event_in};
use crate::app::App;
use crate::inventory;
use crate::notices::{self, Announcement, Mail};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

/// `seen` holds the revisions of `If-Match`; `None` edits whatever is there.
pub async fn edit(
    app: &App,
    caller: Caller,
    id: EventId,
    changes: UpdateEvent,
    seen: Option<Vec<u64>>,
) -> Result<EventView, Error> {
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            if seen
                .as_ref()
                .is_some_and(|seen| !seen.contains(&event.revision))
            {
                return Err(Error::RevisionMismatch {
                    current: event.revision,
                });
            }
            let edited = event.edited(changes.clone(), now)?;
            let classes = classes_in(tx, id)?;
            check_windows(&edited, &classes)?;
            if edited.capacity < event.capacity {
                let stock = inventory::stock_in(tx, &event, &classes)?;
                if stock > edited.capacity {
                    return Err(Error::CapacityExceeded {
                        capacity: edited.capacity,
                        stock,
                    });
                }
            }
            if let Some(words) = event.news_of(&edited) {
                let what = changed(&edited, words, now, caller.user);
                notices::announce(tx, &what, job)?;
            }
            event.value = edited;
            tx.replace(&mut event)?;
            let gates = gates_in(tx, id)?;
            let offers = offers_in(tx, classes, now)?;
            Ok(event_view(&event, &offers, &gates, now))
        })
        .await
}

/// Holders are told of another date or place, in the commit of the change.
fn changed(event: &Event, words: String, now: Timestamp, by: UserId) -> Announcement {
    Announcement {
        id: format!("changed:{}:{}", event.id, event.revision),
        event: event.id,
        mail: Mail::EventNews {
            event: event.id,
            title: event.title.clone(),
            words,
        },
        at: now,
        by: Some(by),
    }
}

/// New dates must leave every class a window that its tickets can carry.
fn check_windows(event: &Event, classes: &[TicketClass]) -> Result<(), Error> {
    let mut fields = Fields::default();
    for class in classes {
        class.check_window(event, "endDate", &mut fields);
    }
    Ok(fields.done(())?)
}
