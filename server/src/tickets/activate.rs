//! Activating a rotating ticket (T9): the phone makes a chain and has its anchor signed.
//!
//! Who has the page's link may activate, as who has it holds the ticket; the newest activation is
//! the one that counts. Two bounds: not before the ticket's window comes near, so that a code
//! cannot be sold on for weeks, and not more often than a person loses phones, so that no
//! generation is used up. They are kept with the ticket, not by address: a crowd at a venue has one.
//!
//! Invariants: the seed never comes here; one generation is signed for one anchor only, and never
//! as a static ticket too; a used ticket is not activated again; ticket, gates' mark and journal
//! share a commit; asking again with the same anchor gives the same answer.

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::api::tickets::TicketStatus;
use shared::ids::JournalId;
use shared::ticket::chain::{LINK_LEN, chain_start, steps};
use shared::ticket::layout::window_time;
use shared::ticket::{Link, ScanProof, SignedChain, sign_chain};
use shared::time::Timestamp;

use super::model::{Activation, ClaimedTicket};
use super::{Error, code, find};
use crate::app::App;
use crate::events::model::Event;
use crate::gate::{self, keys, keys::EventKeys};
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{Tx, Versioned};
use crate::platform::fields::Invalid;
use crate::platform::journal::{self, Actor};

/// Activation opens this long before the ticket's entry window.
pub(super) const ACTIVATION_LEAD_SECS: i64 = 24 * 3600;
/// Between two activations of one ticket.
const WAIT_SECS: i64 = 20;
/// Activations of one ticket; each takes one of its 254 generations.
pub(super) const ACTIVATIONS_MAX: u8 = 40;

/// What a phone needs to make its chain, and whether it may now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainOffer {
    /// 16 bytes, hex.
    pub event: String,
    pub serial: u32,
    /// Of the codes that are good now; `None` before the first activation.
    pub active: Option<u8>,
    /// Of the next activation.
    pub generation: u8,
    /// Milliseconds since 1970 of step 0, and the last step.
    pub not_before: i64,
    pub steps: u16,
    /// Activation is open; when it opens, in milliseconds since 1970.
    pub open: bool,
    pub opens_at: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActivationRequest {
    pub generation: u8,
    /// 16 bytes, hex.
    pub anchor: String,
}

/// The part of every code that does not turn.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Activated {
    pub generation: u8,
    /// 99 bytes, hex. Of no use without the seed, which only the phone has.
    pub signed: String,
    /// The typed code of this generation.
    pub code: String,
}

/// `None`: this ticket's code does not turn.
pub fn offer(
    ticket: &ClaimedTicket,
    event: &Event,
    stock: TicketStatus,
    now: Timestamp,
) -> Result<Option<ChainOffer>, Error> {
    if !ticket.rotating {
        return Ok(None);
    }
    let last = steps(ticket.not_before, ticket.not_after);
    let opens = opens(ticket, event);
    Ok(Some(ChainOffer {
        event: data_encoding::HEXLOWER.encode(event.id.as_bytes()),
        serial: ticket.serial,
        active: ticket.activation.as_ref().map(|_| ticket.generation),
        generation: ticket.next_generation(),
        not_before: chain_start(event.epoch, &ticket.payload()?).as_millis(),
        steps: last.ok_or(Error::Inconsistent("a rotating ticket with a wide window"))?,
        open: now >= opens && check_standing(ticket, stock).is_ok(),
        opens_at: opens.as_millis(),
    }))
}

/// Signs the anchor for the ticket's next generation.
pub async fn activate(
    app: &App,
    secret: &str,
    request: &ActivationRequest,
    now: Timestamp,
) -> Result<Activated, Error> {
    let anchor = anchor(&request.anchor)?;
    let found = find::by_page(&app.db, secret).await?;
    let found = found.filter(|ticket| ticket.rotating);
    let id = found.ok_or(Error::NotFound)?.id;
    let mut ticket = find::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    let event = app.db.get::<Event>(&ticket.event_id.to_string()).await?;
    let event = event.ok_or(Error::Inconsistent("a ticket without its event"))?;
    let keys = keys::current(app, ticket.event_id, now).await?;
    let key_of = |kid| {
        keys.issuing(kid)
            .ok_or(Error::Inconsistent("a ticket of an unknown key"))
    };

    let is_repeated = ticket.generation == request.generation
        && ticket
            .activation
            .as_ref()
            .is_some_and(|of| of.anchor == anchor.0);
    if is_repeated {
        let key = key_of(ticket.kid)?;
        let signed = sign_chain(key, ticket.event_id, &ticket.payload()?, anchor)?;
        return Ok(answer(&ticket, &signed, &keys));
    }
    // Told before the bounds on activations: waiting would not help.
    check_standing(&ticket, find::stock(&app.db, &ticket).await?.status)?;
    check(&ticket, &event, request.generation, now)?;
    ticket.activate(request.generation, anchor.0, now);
    // A generation that is signed now is of the key that signs now.
    ticket.kid = keys.active_kid()?;
    let key = key_of(ticket.kid)?;
    let signed = sign_chain(key, ticket.event_id, &ticket.payload()?, anchor)?;
    let proof = ScanProof::of_chain(ticket.event_id, &signed);
    ticket.commitment = proof.commitment(ticket.event_id, ticket.serial, ticket.generation);
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(ticket.user_id),
        "ticket.activated",
        journal::subject("ticket", ticket.ticket_id),
        json!({ "claimedTicket": ticket.id, "generation": ticket.generation }),
    );
    let done = answer(&ticket, &signed, &keys);
    let stored = app.db.write(move |tx| store(tx, &ticket, &entry)).await;
    match stored {
        Ok(()) => Ok(done),
        // Another phone was faster: this one is to look again.
        Err(error) if error.is_race() => Err(Error::Outdated),
        Err(error) => Err(error),
    }
}

fn store(
    tx: &mut Tx<'_>,
    ticket: &Versioned<ClaimedTicket>,
    entry: &journal::Entry,
) -> Result<(), Error> {
    let stock = tx.get::<IssuedTicket>(&ticket.ticket_id.to_string())?;
    let stock = stock.ok_or(Error::Inconsistent("a claimed ticket without stock"))?;
    let before = tx.get::<ClaimedTicket>(&ticket.id.to_string())?;
    check_standing(before.as_deref().ok_or(Error::NotFound)?, stock.status)?;
    tx.replace(&mut ticket.clone())?;
    gate::mark_changed(tx, ticket.event_id, ticket.serial, entry.at)?;
    journal::record(tx, entry)?;
    Ok(())
}

fn answer(ticket: &ClaimedTicket, signed: &SignedChain, keys: &EventKeys) -> Activated {
    Activated {
        generation: ticket.generation,
        signed: data_encoding::HEXLOWER.encode(signed.as_bytes()),
        code: code::derive(keys.secret(), ticket.serial, ticket.generation).to_string(),
    }
}

fn anchor(text: &str) -> Result<Link, Invalid> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let anchor: Option<[u8; LINK_LEN]> = bytes.and_then(|bytes| bytes.try_into().ok());
    // Sixteen zeros are no end of a chain but a page that failed to make one.
    anchor
        .filter(|anchor| *anchor != [0; LINK_LEN])
        .map(Link)
        .ok_or_else(|| Invalid::field("anchor", "is not 16 bytes in hexadecimal"))
}

fn opens(ticket: &ClaimedTicket, event: &Event) -> Timestamp {
    window_time(event.epoch, ticket.not_before).plus_secs(-ACTIVATION_LEAD_SECS)
}

fn check(
    ticket: &ClaimedTicket,
    event: &Event,
    generation: u8,
    now: Timestamp,
) -> Result<(), Error> {
    if now < opens(ticket, event) {
        return Err(Error::NotYet);
    }
    if generation != ticket.next_generation() {
        return Err(Error::Outdated);
    }
    let Some(activation) = &ticket.activation else {
        return Ok(());
    };
    if activation.count >= ACTIVATIONS_MAX {
        return Err(Error::ActivatedTooOften);
    }
    let wait = WAIT_SECS * 1000 - now.millis_since(activation.at);
    match u64::try_from(wait) {
        Ok(wait @ 1..) => Err(Error::TooSoon {
            secs: wait.div_ceil(1000),
        }),
        Ok(0) | Err(_) => Ok(()),
    }
}

/// Who is in activates no second phone, which may be a friend's. What was issued again is another
/// matter: nothing is signed for it yet, and a pass may be lost on its second day.
fn check_standing(ticket: &ClaimedTicket, stock: TicketStatus) -> Result<(), Error> {
    match stock {
        TicketStatus::Claimed if ticket.revoked_at.is_none() => Ok(()),
        TicketStatus::Validated if ticket.revoked_at.is_none() && ticket.is_dormant() => Ok(()),
        TicketStatus::Available
        | TicketStatus::Held
        | TicketStatus::Paid
        | TicketStatus::Claimed
        | TicketStatus::Validated
        | TicketStatus::Cancelled
        | TicketStatus::Expired => Err(Error::NotActivatable),
    }
}

impl ClaimedTicket {
    fn next_generation(&self) -> u8 {
        match self.activation {
            // Nothing was signed for it yet.
            None => self.generation,
            Some(_) => self.generation.saturating_add(1),
        }
    }

    fn activate(&mut self, generation: u8, anchor: [u8; LINK_LEN], now: Timestamp) {
        let count = self.activation.as_ref().map_or(0, |of| of.count);
        if self.activation.is_some() {
            self.earlier.push((self.generation, self.commitment));
        }
        self.generation = generation;
        self.activation = Some(Activation {
            anchor,
            at: now,
            count: count.saturating_add(1),
        });
    }
}
