//! Revoking one ticket (T4): the stock row is voided, the gates refuse it after their next sync.

use serde_json::json;
use shared::api::tickets::{IssuedTicketView, TicketStatus};
use shared::ids::{ClaimedTicketId, JournalId};
use shared::time::Timestamp;

use super::{ClaimedTicket, Error, pre_check_in};
use crate::app::App;
use crate::events;
use crate::gate;
use crate::inventory::model::{IssuedTicket, Step, ticket_view};
use crate::platform::db::Tx;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// By the event's organizer. Idempotent.
pub async fn revoke(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    now: Timestamp,
) -> Result<IssuedTicketView, Error> {
    let ticket = super::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    match events::owned_event(&app.db, caller, ticket.event_id).await {
        Ok(_) => {}
        // Strangers, and holders, learn nothing about who may.
        Err(events::Error::NotFound) => return Err(Error::NotFound),
        Err(error) => return Err(error.into()),
    }
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        "ticket.revoked",
        journal::subject("ticket", ticket.ticket_id),
        json!({ "claimedTicket": ticket.id }),
    );
    let stock = app.db.write(move |tx| store(tx, id, &entry)).await?;
    Ok(ticket_view(&stock, now))
}

fn store(
    tx: &mut Tx<'_>,
    id: ClaimedTicketId,
    entry: &journal::Entry,
) -> Result<IssuedTicket, Error> {
    let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
    let mut ticket = ticket.ok_or(Error::NotFound)?;
    let stock = tx.get::<IssuedTicket>(&ticket.ticket_id.to_string())?;
    let mut stock = stock.ok_or(Error::Inconsistent("a claimed ticket without stock"))?;
    if ticket.revoked_at.is_some() {
        return Ok(stock.into_inner());
    }
    if stock.status != TicketStatus::Cancelled {
        stock
            .apply(Step::Void)
            .map_err(|illegal| Error::NotRevocable(illegal.from))?;
        tx.replace(&mut stock)?;
    }
    ticket.revoked_at = Some(entry.at);
    tx.replace(&mut ticket)?;
    pre_check_in::forget(tx, ticket.event_id, ticket.serial)?;
    gate::mark_changed(tx, ticket.event_id, ticket.serial, entry.at)?;
    journal::record(tx, entry)?;
    Ok(stock.into_inner())
}
