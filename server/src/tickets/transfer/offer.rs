//! Offering a ticket, by its holder.

use serde_json::json;
use shared::api::tickets::TicketStatus;
use shared::api::transfers::{OfferTransfer, TransferStatus, TransferView};
use shared::ids::{ClaimedTicketId, JournalId, TransferId};
use shared::limits::EMAIL_CHARS_MAX;
use shared::time::Timestamp;

use super::model::Transfer;
use super::rules::check;
use super::{Refusal, find};
use crate::accounts;
use crate::app::App;
use crate::events::model::Event;
use crate::inventory::model::IssuedTicket;
use crate::notices::{self, Mail};
use crate::platform::db::{Query, Tx};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;
use crate::platform::journal::{self, Actor};
use crate::tickets::{ClaimedTicket, Error};

/// How long an offer stands, at most until the event is over.
const OFFER_SECS: i64 = 7 * 24 * 3600;

/// For the holder; 404 for others.
pub(super) async fn offer(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    wanted: OfferTransfer,
    attempt: Attempt,
    now: Timestamp,
) -> Result<TransferView, Error> {
    let to = address(&wanted.email)?;
    let to_key = accounts::email_key(&to);
    let me = find::account(app, caller).await?;
    if me.is_some_and(|me| me.email_key == to_key) {
        return Err(Refusal::ToOneself.into());
    }
    let transfer = TransferId::new(now, app.entropy.id10());
    let line = JournalId::new(now, app.entropy.id10());
    let user = caller.user;
    let stored = app.db.write(move |tx| {
        attempt.once(tx, now, |tx| {
            let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
            let ticket = ticket.filter(|ticket| ticket.user_id == user);
            let ticket = ticket.ok_or(Error::NotFound)?;
            let event = tx.get::<Event>(&ticket.event_id.to_string())?;
            let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
            check_passable(tx, &ticket, &event, now)?;
            check(tx, event.id, id)?;
            make_room(tx, id, now)?;
            let transfer = Transfer {
                id: transfer,
                ticket: id,
                event: event.id,
                event_title: event.title.clone(),
                from: user,
                from_name: ticket.attendee.name.clone(),
                from_email: ticket.attendee.email.clone(),
                from_generation: ticket.generation,
                to_email: to.clone(),
                to_key: to_key.clone(),
                to: None,
                to_name: None,
                to_generation: None,
                status: TransferStatus::Offered,
                offered_at: now,
                expires_at: now.plus_secs(OFFER_SECS).min(event.end),
                settled_at: None,
            };
            tx.insert(&transfer)?;
            tell_recipient(tx, &transfer, &event, now)?;
            note(tx, &transfer, "ticket.transfer_offered", user, line, now)?;
            Ok(transfer.view(true, now))
        })
    });
    stored.await.map_err(raced)
}

/// Two offers met at the unique index.
fn raced(error: Error) -> Error {
    match error {
        Error::Db(error) if error.is_duplicate_of("by_open_ticket") => {
            Refusal::AlreadyOffered.into()
        }
        other => other,
    }
}

fn address(text: &str) -> Result<String, Invalid> {
    let mut fields = Fields::default();
    let email = fields.line("email", text, 3, EMAIL_CHARS_MAX);
    let parts = email.split_once('@');
    let is_address = parts
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if !is_address || !email.is_ascii() || email.contains(char::is_whitespace) {
        fields.wrong("email", "is not an e-mail address");
    }
    fields.done(email)
}

/// An offer whose time is over makes room for the next.
fn make_room(tx: &mut Tx<'_>, ticket: ClaimedTicketId, now: Timestamp) -> Result<(), Error> {
    let query = Query::on("by_open_ticket").eq(ticket).limit(1);
    for mut open in tx.list::<Transfer>(&query)? {
        if open.status_at(now) == TransferStatus::Offered {
            return Err(Refusal::AlreadyOffered.into());
        }
        let ended = open.expires_at;
        open.settle(TransferStatus::Expired, ended);
        tx.replace(&mut open)?;
    }
    Ok(())
}

/// Refuses a ticket that is used, void, stopped, unpaid, or of an event that is over.
pub(super) fn check_passable(
    tx: &mut Tx<'_>,
    ticket: &ClaimedTicket,
    event: &Event,
    now: Timestamp,
) -> Result<(), Error> {
    let stock = tx.get::<IssuedTicket>(&ticket.ticket_id.to_string())?;
    let stock = stock.ok_or(Error::Inconsistent("a claimed ticket without stock"))?;
    let is_free = stock.status == TicketStatus::Claimed
        && ticket.revoked_at.is_none()
        && ticket.blocked.is_none()
        && ticket.pending.is_none();
    if !is_free || now >= event.end {
        return Err(Refusal::NotTransferable.into());
    }
    if ticket.added_to.is_some() || !ticket.add_ons.is_empty() {
        return Err(Refusal::HasAddOns.into());
    }
    Ok(())
}

fn tell_recipient(
    tx: &mut Tx<'_>,
    transfer: &Transfer,
    event: &Event,
    now: Timestamp,
) -> Result<(), Error> {
    let name = format!("transfer_offered:{}", transfer.id);
    let mail = Mail::TicketOffered {
        from: transfer.from_name.clone(),
        event: event.id,
        title: event.title.clone(),
        until: event.in_words(transfer.expires_at),
    };
    Ok(notices::tell(tx, name, &transfer.to_email, mail, now)?)
}

pub(super) fn note(
    tx: &mut Tx<'_>,
    transfer: &Transfer,
    action: &'static str,
    user: shared::ids::UserId,
    line: JournalId,
    now: Timestamp,
) -> Result<(), Error> {
    let entry = journal::Entry::new(
        line,
        now,
        Actor::User(user),
        action,
        journal::subject("claimed_ticket", transfer.ticket),
        json!({ "transferId": transfer.id, "fromGeneration": transfer.from_generation, "toGeneration": transfer.to_generation }),
    );
    Ok(journal::record(tx, &entry)?)
}
