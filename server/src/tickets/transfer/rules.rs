//! What the organizer lets holders do: everything, nothing, or so many times.

use serde_json::json;
use shared::api::transfers::{TransferRules, TransferStatus};
use shared::ids::{ClaimedTicketId, EventId, JournalId};
use shared::time::Timestamp;

use super::Refusal;
use super::model::{EventTransferRules, Transfer, UNRULED};
use crate::app::App;
use crate::events::{owned_event, owned_event_in};
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};
use crate::tickets::Error;

/// Offers of one ticket that are looked at; a generation limits those that were accepted.
pub(super) const CHAIN_MAX: u32 = 1_000;

pub(super) async fn show(
    app: &App,
    caller: &Caller,
    event: EventId,
) -> Result<TransferRules, Error> {
    owned_event(&app.db, caller, event).await?;
    let stored = app.db.get::<EventTransferRules>(&event.to_string()).await?;
    Ok(stored.map_or(UNRULED, |stored| stored.rules))
}

/// Counts at once, for open offers too.
pub(super) async fn set(
    app: &App,
    caller: &Caller,
    event: EventId,
    rules: TransferRules,
    now: Timestamp,
) -> Result<TransferRules, Error> {
    let line = JournalId::new(now, app.entropy.id10());
    let caller = *caller;
    app.db
        .write(move |tx| {
            owned_event_in(tx, &caller, event)?;
            match tx.get::<EventTransferRules>(&event.to_string())? {
                Some(mut stored) => {
                    stored.rules = rules;
                    tx.replace(&mut stored)?;
                }
                None => {
                    tx.insert(&EventTransferRules { event, rules })?;
                }
            }
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(caller.user),
                "event.transfer_rules_set",
                journal::subject("event", event),
                json!({ "allowed": rules.allowed, "perTicketMax": rules.per_ticket_max }),
            );
            journal::record(tx, &entry)?;
            Ok(rules)
        })
        .await
}

/// Refuses what the rules forbid for one more transfer of the ticket.
pub(super) fn check(tx: &mut Tx<'_>, event: EventId, ticket: ClaimedTicketId) -> Result<(), Error> {
    let stored = tx.get::<EventTransferRules>(&event.to_string())?;
    let rules = stored.map_or(UNRULED, |stored| stored.rules);
    if !rules.allowed {
        return Err(Refusal::Forbidden.into());
    }
    let Some(max) = rules.per_ticket_max else {
        return Ok(());
    };
    let done = chain(tx, ticket)?;
    let accepted = done
        .iter()
        .filter(|of| of.status == TransferStatus::Accepted);
    if accepted.count() >= usize::from(max) {
        return Err(Refusal::TooOften { max }.into());
    }
    Ok(())
}

fn chain(tx: &mut Tx<'_>, ticket: ClaimedTicketId) -> Result<Vec<Transfer>, DbError> {
    let query = Query::on("by_ticket").eq(ticket).limit(CHAIN_MAX);
    let found = tx.list::<Transfer>(&query)?;
    Ok(found.into_iter().map(|row| row.value).collect())
}
