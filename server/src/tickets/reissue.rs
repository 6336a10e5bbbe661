//! Re-issuing (T3, T4): the next generation of a ticket, for the same attendee or another. The old
//! code is dead: here at once, at a gate with the next delta or as soon as it sees the newer one.
//!
//! Invariants: one generation is signed once; ticket, gates' mark and journal share a commit; the
//! page has a new link, so that whoever had the old one does not find the new code behind it; the
//! commitments of older generations stay, since a gate without news may have let one in.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::api::tickets::{Attendee, ReissueRequest, Reissued, TicketStatus};
use shared::ids::{ClaimedTicketId, JournalId};
use shared::ticket::{ScanCommitment, ScanProof, TicketType};
use shared::time::Timestamp;

use super::claim::check_attendee;
use super::find::{may_see, page_hash};
use super::model::{ClaimedTicket, GENERATION_MAX};
use super::{Error, answers, find, media, pre_check_in, render};
use crate::app::App;
use crate::events::model::Event;
use crate::gate::{self, keys};
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;
use crate::platform::journal::{self, Actor};

/// Others that get in between before a re-issue gives up.
const RACES_MAX: usize = 8;

/// What an attempt did, as it is remembered.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Done {
    pub(super) generation: u8,
}

/// For the holder, the organizer and administrators; 404 for others. What opens the gate is not in
/// the answer: the holder looks at the ticket.
pub async fn reissue(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    request: ReissueRequest,
    attempt: Attempt,
    now: Timestamp,
) -> Result<Reissued, Error> {
    let attendee = request.attendee.map(|of| check_attendee(&of)).transpose()?;
    let ticket = allowed(app, caller, id).await?;
    if let Some(done) = attempt.recall::<Done, Error>(&app.db, now).await? {
        return answer(app, &ticket, done).await;
    }
    for _ in 0..RACES_MAX {
        let ticket = allowed(app, caller, id).await?;
        let is_passed_on = attendee.as_ref().is_some_and(|to| *to != ticket.attendee);
        let next = next(app, ticket, attendee.clone(), now).await?;
        let entry = journal::Entry::new(
            JournalId::new(now, app.entropy.id10()),
            now,
            Actor::User(caller.user),
            "ticket.reissued",
            journal::subject("ticket", next.ticket_id),
            json!({ "claimedTicket": next.id, "generation": next.generation, "renamed": attendee.is_some() }),
        );
        let (attempt, ticket) = (attempt.clone(), next.clone());
        let stored = app
            .db
            .write(move |tx| {
                attempt.once(tx, now, |tx| {
                    let mut next = next.clone();
                    if is_passed_on {
                        start_anew(tx, &mut next)?;
                    }
                    store(tx, &next, &entry)
                })
            })
            .await;
        match stored {
            Ok(done) => return answer(app, &ticket, done).await,
            Err(error) if error.is_race() => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Contended)
}

async fn allowed(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<Versioned<ClaimedTicket>, Error> {
    let ticket = find::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    let event = app.db.get::<Event>(&ticket.event_id.to_string()).await?;
    let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
    if may_see(&app.db, caller, &ticket, &event).await? {
        Ok(ticket)
    } else {
        Err(Error::NotFound)
    }
}

/// The ticket in its next generation, under the key that signs now. Nothing is stored yet.
pub(super) async fn next(
    app: &App,
    mut ticket: Versioned<ClaimedTicket>,
    attendee: Option<Attendee>,
    now: Timestamp,
) -> Result<Versioned<ClaimedTicket>, Error> {
    check_standing(&ticket, find::stock(&app.db, &ticket).await?.status)?;
    let keys = keys::current(app, ticket.event_id, now).await?;
    ticket.supersede()?;
    // A lost wristband opens nothing: the new code is one to be shown.
    ticket.chip = None;
    ticket.kid = keys.active_kid()?;
    ticket.sealed = ticket.sealed.map(|_| keys.scan_id());
    ticket.link = ticket.link.wrapping_add(1);
    let secret = render::page_secret(keys.secret(), ticket.id, ticket.link);
    ticket.page_hash = page_hash(&secret);
    if let Some(attendee) = attendee {
        ticket.attendee = attendee;
    }
    if ticket.rotating {
        // The new holder's phone makes the codes, once it has activated the ticket.
        ticket.payload()?.encode_as(TicketType::Chain)?;
        return Ok(ticket);
    }
    let token = render::token(&keys, &ticket)?;
    let proof = ScanProof::of_token(ticket.event_id, &token);
    ticket.commitment = proof.commitment(ticket.event_id, ticket.serial, ticket.generation);
    Ok(ticket)
}

/// Also one that is in: a pass for several days may be lost on the second.
pub(super) fn check_standing(ticket: &ClaimedTicket, stock: TicketStatus) -> Result<(), Error> {
    match stock {
        TicketStatus::Claimed | TicketStatus::Validated if ticket.revoked_at.is_none() => Ok(()),
        TicketStatus::Available
        | TicketStatus::Held
        | TicketStatus::Paid
        | TicketStatus::Claimed
        | TicketStatus::Validated
        | TicketStatus::Cancelled
        | TicketStatus::Expired => Err(Error::NotReissuable),
    }
}

/// Nobody has answered or checked in ahead for whom it is now, and the bands are at other wrists.
pub(super) fn start_anew(tx: &mut Tx<'_>, ticket: &mut ClaimedTicket) -> Result<(), Error> {
    answers::set_aside(tx, ticket)?;
    media::take_off(tx, ticket)?;
    Ok(pre_check_in::forget(tx, ticket.event_id, ticket.serial)?)
}

pub(super) fn store(
    tx: &mut Tx<'_>,
    ticket: &Versioned<ClaimedTicket>,
    entry: &journal::Entry,
) -> Result<Done, Error> {
    let stock = tx.get::<IssuedTicket>(&ticket.ticket_id.to_string())?;
    let stock = stock.ok_or(Error::Inconsistent("a claimed ticket without stock"))?;
    check_standing(ticket, stock.status)?;
    tx.replace(&mut ticket.clone())?;
    gate::mark_changed(tx, ticket.event_id, ticket.serial, entry.at)?;
    journal::record(tx, entry)?;
    Ok(Done {
        generation: ticket.generation,
    })
}

async fn answer(app: &App, ticket: &ClaimedTicket, done: Done) -> Result<Reissued, Error> {
    Ok(Reissued {
        id: ticket.id,
        ticket_id: ticket.ticket_id,
        event_id: ticket.event_id,
        serial: ticket.serial,
        generation: done.generation,
        status: find::stock(&app.db, ticket).await?.status,
    })
}

impl ClaimedTicket {
    /// On to the next generation, for which nothing is signed yet.
    pub(super) fn supersede(&mut self) -> Result<(), Error> {
        if self.generation >= GENERATION_MAX {
            return Err(Error::GenerationsUsedUp);
        }
        if !self.is_dormant() {
            self.earlier.push((self.generation, self.commitment));
        }
        self.generation += 1;
        self.activation = None;
        self.commitment = ScanCommitment::NONE;
        Ok(())
    }
}
