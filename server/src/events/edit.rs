//! PATCH: only what is named changes, and only if the caller has seen the present revision.

use shared::api::events::{EventView, UpdateEvent};
use shared::ids::{EventId, JobId, UserId};
use shared::time::Timestamp;

use super::model::{Event, TicketClass};
use super::prices::offers_in;
use super::versions::keep;
use super::view::event_view;
use super::{Error, classes_in, gates_in, owned_event_in};
use crate::app::App;
use crate::inventory;
use crate::notices::{self, Announcement, Mail};
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

/// Who edits, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    pub(crate) now: Timestamp,
    pub(crate) by: UserId,
    /// Of the job that tells holders.
    pub(crate) job: JobId,
    /// What an administrator has approved, and somebody else changes, is looked at again.
    pub(crate) needs_approval: bool,
}

impl Edit {
    pub(crate) fn new(app: &App, caller: &Caller) -> Self {
        let now = app.clock.now();
        Self {
            now,
            by: caller.user,
            job: JobId::new(now, app.entropy.id10()),
            needs_approval: app.config.events_require_approval && !caller.is_admin(),
        }
    }
}

/// `seen` holds the revisions of `If-Match`; `None` edits whatever is there.
pub async fn edit(
    app: &App,
    caller: Caller,
    id: EventId,
    changes: UpdateEvent,
    seen: Option<Vec<u64>>,
) -> Result<EventView, Error> {
    let edit = Edit::new(app, &caller);
    app.db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            expect_revision(&event, seen.as_deref())?;
            let classes = edit_in(tx, &mut event, changes.clone(), &edit)?;
            keep(tx, &event, caller.user, edit.now)?;
            let gates = gates_in(tx, id)?;
            let offers = offers_in(tx, classes, edit.now)?;
            Ok(event_view(&event, &offers, &gates, edit.now))
        })
        .await
}

pub(crate) fn expect_revision(event: &Event, seen: Option<&[u64]>) -> Result<(), Error> {
    if seen.is_some_and(|seen| !seen.contains(&event.revision)) {
        return Err(Error::RevisionMismatch {
            current: event.revision,
        });
    }
    Ok(())
}

/// Changes a stored event, and tells its holders; gives its classes.
pub(crate) fn edit_in(
    tx: &mut Tx<'_>,
    event: &mut Versioned<Event>,
    changes: UpdateEvent,
    edit: &Edit,
) -> Result<Vec<TicketClass>, Error> {
    let mut edited = event.edited(changes, edit.now)?;
    let classes = classes_in(tx, event.id)?;
    check_windows(&edited, &classes)?;
    if edited.capacity < event.capacity {
        let stock = inventory::stock_in(tx, event, &classes)?;
        if stock > edited.capacity {
            return Err(Error::CapacityExceeded {
                capacity: edited.capacity,
                stock,
            });
        }
    }
    if edit.needs_approval && event.is_another_to_approve(&edited) {
        edited.ask_again();
    }
    if let Some(words) = event.news_of(&edited) {
        let what = changed(&edited, words, edit.now, edit.by);
        notices::announce(tx, &what, edit.job)?;
    }
    event.value = edited;
    tx.replace(event)?;
    Ok(classes)
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
