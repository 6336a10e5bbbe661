//! Blocking one ticket and letting it go again (S9): a payment that is disputed, a bag that is searched.
//!
//! Invariants: a block is of the ticket, so issuing it again does not shake it off; the change and the
//! gates' mark share a commit; who did it and when is in the journal,
//! which keeps no reasons: they may be about people.

use serde_json::json;
use shared::api::tickets::{BlockTicket, BlockView};
use shared::ids::{ClaimedTicketId, JournalId};
use shared::time::Timestamp;
use shared::trust::extras::NOTE_CHARS_MAX;

use super::model::Blocked;
use super::{ClaimedTicket, Error};
use crate::app::App;
use crate::events;
use crate::gate;
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// By the event's organizer. Again, it replaces the reason and keeps the time.
pub(super) async fn block(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    wanted: BlockTicket,
    now: Timestamp,
) -> Result<BlockView, Error> {
    let mut fields = Fields::default();
    let reason = fields.line("reason", &wanted.reason, 1, NOTE_CHARS_MAX);
    let reason = fields.done(reason)?;
    let ticket = owned(app, caller, id).await?;
    let entry = entry(app, caller, &ticket, "ticket.blocked", now);
    app.db
        .write(move |tx| {
            let mut ticket = stored(tx, id)?;
            let at = ticket.blocked.as_ref().map_or(now, |before| before.at);
            let blocked = Blocked {
                reason: reason.clone(),
                at,
            };
            if ticket.blocked.as_ref() != Some(&blocked) {
                ticket.blocked = Some(blocked);
                change(tx, ticket, &entry)?;
            }
            Ok(BlockView {
                reason: reason.clone(),
                blocked_at: at,
            })
        })
        .await
}

/// By the event's organizer. Idempotent.
pub(super) async fn unblock(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    now: Timestamp,
) -> Result<(), Error> {
    let ticket = owned(app, caller, id).await?;
    let entry = entry(app, caller, &ticket, "ticket.unblocked", now);
    app.db
        .write(move |tx| {
            let mut ticket = stored(tx, id)?;
            if ticket.blocked.take().is_some() {
                change(tx, ticket, &entry)?;
            }
            Ok(())
        })
        .await
}

/// 404 for others, holders too: they learn nothing about who may.
async fn owned(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<Versioned<ClaimedTicket>, Error> {
    let ticket = super::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    match events::owned_event(&app.db, caller, ticket.event_id).await {
        Ok(_) => Ok(ticket),
        Err(events::Error::NotFound) => Err(Error::NotFound),
        Err(error) => Err(error.into()),
    }
}

fn entry(
    app: &App,
    caller: &Caller,
    ticket: &ClaimedTicket,
    action: &'static str,
    now: Timestamp,
) -> journal::Entry {
    journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        action,
        journal::subject("ticket", ticket.ticket_id),
        json!({ "claimedTicket": ticket.id }),
    )
}

fn stored(tx: &mut Tx<'_>, id: ClaimedTicketId) -> Result<Versioned<ClaimedTicket>, Error> {
    tx.get::<ClaimedTicket>(&id.to_string())?
        .ok_or(Error::NotFound)
}

fn change(
    tx: &mut Tx<'_>,
    mut ticket: Versioned<ClaimedTicket>,
    entry: &journal::Entry,
) -> Result<(), Error> {
    tx.replace(&mut ticket)?;
    gate::mark_changed(tx, ticket.event_id, ticket.serial, entry.at)?;
    Ok(journal::record(tx, entry)?)
}
