//! What staff are to know when a ticket is scanned (S125).

use shared::api::tickets::TicketNote;
use shared::ids::ClaimedTicketId;
use shared::time::Timestamp;
use shared::trust::extras::NOTE_CHARS_MAX;

use super::{ClaimedTicket, Error};
use crate::app::App;
use crate::events;
use crate::gate;
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

/// By the event's organizer. The gates have it with their next sync.
pub(super) async fn set(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    wanted: TicketNote,
    now: Timestamp,
) -> Result<TicketNote, Error> {
    let mut fields = Fields::default();
    let text = fields.line("text", &wanted.text, 0, NOTE_CHARS_MAX);
    let note = fields.done(TicketNote { text })?;
    let ticket = super::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    match events::owned_event(&app.db, caller, ticket.event_id).await {
        Ok(_) => {}
        Err(events::Error::NotFound) => return Err(Error::NotFound),
        Err(error) => return Err(error.into()),
    }
    app.db
        .write(move |tx| {
            let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
            let mut ticket = ticket.ok_or(Error::NotFound)?;
            if ticket.note != note.text {
                ticket.note.clone_from(&note.text);
                tx.replace(&mut ticket)?;
                gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
            }
            Ok(note.clone())
        })
        .await
}
