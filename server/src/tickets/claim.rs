//! Claiming (T1): a PAID ticket becomes CLAIMED by a named attendee. The moment its code is minted,
//! unless it turns: then it is minted when a phone activates it.
//!
//! Invariant: stock row, claimed ticket and the gates' mark share a commit. Claiming again for the
//! same attendee gives the same ticket; for another it is refused.
//!
//! What an `Idempotency-Key` remembers is which ticket it was, not the answer: that holds the code
//! which opens the gate. The code is signed again, to the same digits, from the same stored ticket.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::api::tickets::{Attendee, ClaimRequest, ClaimedTicketView, TicketStatus};
use shared::ids::{ClaimedTicketId, JournalId, TicketId};
use shared::limits::{EMAIL_CHARS_MAX, NAME_CHARS_MAX};
use shared::ticket::{Flags, ScanCommitment, ScanProof, TicketType};
use shared::time::Timestamp;

use super::answers::carry_over;
use super::find::{held, page_hash, stock};
use super::model::{AddedTo, ClaimedTicket};
use super::{Error, render};
use crate::app::App;
use crate::events::model::{Event, TicketClass};
use crate::gate;
use crate::inventory::{
    self,
    model::{IssuedTicket, Step},
};
use crate::orders::form::OrderForm;
use crate::orders::model::Order;
use crate::platform::db::{Query, Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;
use crate::platform::journal::{self, Actor};

/// Others that get in between before a claim gives up.
const RACES_MAX: usize = 8;
const FIRST_GENERATION: u8 = 1;
/// What one ticket may stand for.
const ADD_ONS_MAX: usize = 20;

/// A claimed ticket, and whether this call claimed it.
pub struct Claimed {
    pub view: ClaimedTicketView,
    pub is_new: bool,
}

/// What an attempt did, as it is remembered.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    ticket: ClaimedTicketId,
    is_new: bool,
}

pub async fn claim(
    app: &App,
    caller: &Caller,
    request: ClaimRequest,
    attempt: Attempt,
    now: Timestamp,
) -> Result<Claimed, Error> {
    let attendee = attendee_of(app, caller, &request).await?;
    if let Some(done) = attempt.recall::<_, Error>(&app.db, now).await? {
        return shown(app, caller, done, now).await;
    }
    let main = match request.add_on_to {
        Some(id) => Some(held(&app.db, caller, id).await?),
        None => None,
    };
    for _ in 0..RACES_MAX {
        let (stock, order) = bought(app, caller, request.ticket_id).await?;
        let status = stock.status;
        let done = match status {
            TicketStatus::Paid | TicketStatus::Held if order.lends(status, now) => {
                let mut ticket = mint(app, &stock, &order, caller, attendee.clone(), now).await?;
                if let Some(main) = &main {
                    ticket.added_to = Some(added_to(&ticket, main)?);
                }
                let entry = journal::Entry::new(
                    JournalId::new(now, app.entropy.id10()),
                    now,
                    Actor::User(caller.user),
                    "ticket.claimed",
                    journal::subject("ticket", ticket.ticket_id),
                    json!({ "claimedTicket": ticket.id, "serial": ticket.serial }),
                );
                let attempt = attempt.clone();
                let stored = app
                    .db
                    .write(move |tx| attempt.once(tx, now, |tx| store(tx, &stock, &ticket, &entry)))
                    .await;
                match stored {
                    Ok(done) => done,
                    Err(error) if error.is_race() => continue,
                    Err(error) => return Err(error),
                }
            }
            TicketStatus::Claimed | TicketStatus::Validated => {
                let done = Done {
                    ticket: again(app, caller, &stock, &attendee).await?.id,
                    is_new: false,
                };
                remember(app, &attempt, done, now).await?
            }
            TicketStatus::Available
            | TicketStatus::Held
            | TicketStatus::Paid
            | TicketStatus::Cancelled
            | TicketStatus::Expired => return Err(Error::NotClaimable(status)),
        };
        return shown(app, caller, done, now).await;
    }
    Err(Error::Contended)
}

async fn shown(app: &App, caller: &Caller, done: Done, now: Timestamp) -> Result<Claimed, Error> {
    let ticket = held(&app.db, caller, done.ticket).await?;
    let status = stock(&app.db, &ticket).await?.status;
    Ok(Claimed {
        view: render::view(app, &ticket, status, now).await?,
        is_new: done.is_new,
    })
}

/// A claim that changed nothing has an answer that its key must bring back all the same.
async fn remember(app: &App, attempt: &Attempt, done: Done, now: Timestamp) -> Result<Done, Error> {
    if !attempt.is_keyed() {
        return Ok(done);
    }
    let attempt = attempt.clone();
    app.db
        .write(move |tx| attempt.once(tx, now, |_| Ok(done)))
        .await
}

/// Whom the claim names, or else the order.
async fn attendee_of(
    app: &App,
    caller: &Caller,
    request: &ClaimRequest,
) -> Result<Attendee, Error> {
    if let Some(attendee) = &request.attendee {
        return Ok(check_attendee(attendee)?);
    }
    let (_, order) = bought(app, caller, request.ticket_id).await?;
    let form = app.db.get::<OrderForm>(&order.id.to_string()).await?;
    let said = form.and_then(|form| form.of(request.ticket_id).cloned());
    let named = said.and_then(|said| said.attendee);
    named.ok_or_else(|| Invalid::field("attendee", "is missing").into())
}

/// As it is stored; names what is wrong under `attendee.`.
pub fn check_attendee(attendee: &Attendee) -> Result<Attendee, Invalid> {
    let mut fields = Fields::default();
    let name = fields.line("attendee.name", &attendee.name, 1, NAME_CHARS_MAX);
    let email = fields.line("attendee.email", &attendee.email, 3, EMAIL_CHARS_MAX);
    let is_address = email
        .split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty() && !host.contains('@'));
    if !is_address || email.contains(char::is_whitespace) {
        fields.wrong("attendee.email", "is not an e-mail address");
    }
    fields.done(Attendee { name, email })
}

/// The stock row and its order, if the caller bought it; 404 for strangers.
async fn bought(
    app: &App,
    caller: &Caller,
    id: TicketId,
) -> Result<(Versioned<IssuedTicket>, Order), Error> {
    let stock = app.db.get::<IssuedTicket>(&id.to_string()).await?;
    let stock = stock.ok_or(Error::NotFound)?;
    // Held stock has no buyer yet, but its holder may know that it is not paid.
    let id = stock.order_id.or(stock.hold_order).ok_or(Error::NotFound)?;
    let order = app.db.get::<Order>(&id.to_string()).await?;
    order
        .filter(|order| order.user_id == caller.user)
        .map(|order| (stock, order.into_inner()))
        .ok_or(Error::NotFound)
}

/// The claimed ticket, signed; nothing is stored yet.
async fn mint(
    app: &App,
    stock: &IssuedTicket,
    order: &Order,
    caller: &Caller,
    attendee: Attendee,
    now: Timestamp,
) -> Result<ClaimedTicket, Error> {
    let event = app.db.get::<Event>(&stock.event_id.to_string()).await?;
    let event = event.ok_or(Error::Inconsistent("stock without its event"))?;
    let class = app
        .db
        .get::<TicketClass>(&stock.class_id.to_string())
        .await?;
    let class = class.ok_or(Error::Inconsistent("stock without its class"))?;
    let (not_before, not_after) = class.window_units(&event);
    let flags = match stock.seat_index {
        Some(_) => Flags::SEAT,
        None => Flags::NONE,
    };
    let keys = gate::keys::current(app, event.id, now).await?;
    let id = ClaimedTicketId::new(now, app.entropy.id10());
    let mut ticket = ClaimedTicket {
        id,
        ticket_id: stock.id,
        event_id: event.id,
        class_id: class.id,
        order_id: order.id,
        user_id: caller.user,
        attendee,
        kid: keys.active_kid()?,
        serial: stock.serial,
        generation: FIRST_GENERATION,
        class_index: class.index,
        zones: class.zones,
        not_before,
        not_after,
        flags: flags.bits(),
        seat: stock.seat.clone(),
        seat_index: stock.seat_index,
        commitment: ScanCommitment::NONE,
        sealed: class.sealed.then_some(keys.scan_id()),
        chip: None,
        rotating: class.rotating,
        added_to: None,
        add_ons: Vec::new(),
        media: Vec::new(),
        note: String::new(),
        blocked: None,
        pending: order.later.filter(|_| stock.status == TicketStatus::Held),
        answered: false,
        activation: None,
        earlier: Vec::new(),
        link: 0,
        page_hash: page_hash(&render::page_secret(keys.secret(), id, 0)),
        claimed_at: now,
        revoked_at: None,
    };
    if ticket.rotating {
        // A code comes with the activation; what could not be signed then is not claimed now.
        ticket.payload()?.encode_as(TicketType::Chain)?;
        return Ok(ticket);
    }
    let token = render::token(&keys, &ticket)?;
    let proof = ScanProof::of_token(event.id, &token);
    ticket.commitment = proof.commitment(event.id, ticket.serial, ticket.generation);
    Ok(ticket)
}

/// One ticket stands for others, never for what stands for others itself.
fn added_to(ticket: &ClaimedTicket, main: &ClaimedTicket) -> Result<AddedTo, Invalid> {
    let why = if main.event_id != ticket.event_id {
        "is a ticket of another event"
    } else if main.added_to.is_some() {
        "is an add-on itself"
    } else if main.add_ons.len() >= ADD_ONS_MAX {
        "has too many add-ons"
    } else {
        return Ok(AddedTo {
            ticket: main.id,
            serial: main.serial,
        });
    };
    Err(Invalid::field("addOnTo", why))
}

fn store(
    tx: &mut Tx<'_>,
    stock: &Versioned<IssuedTicket>,
    ticket: &ClaimedTicket,
    entry: &journal::Entry,
) -> Result<Done, Error> {
    let mut stock = stock.clone();
    stock.apply(Step::Claim).map_err(inventory::Error::from)?;
    tx.replace(&mut stock)?;
    let mut ticket = ticket.clone();
    carry_over(tx, &mut ticket)?;
    tx.insert(&ticket)?;
    if let Some(to) = ticket.added_to {
        let main = tx.get::<ClaimedTicket>(&to.ticket.to_string())?;
        let mut main = main.ok_or(Error::NotFound)?;
        added_to(&ticket, &main)?;
        main.add_ons.push(ticket.id);
        tx.replace(&mut main)?;
    }
    gate::mark_changed(tx, ticket.event_id, ticket.serial, entry.at)?;
    journal::record(tx, entry)?;
    Ok(Done {
        ticket: ticket.id,
        is_new: true,
    })
}

/// The ticket as it was claimed before, if that was for the same attendee.
async fn again(
    app: &App,
    caller: &Caller,
    stock: &IssuedTicket,
    attendee: &Attendee,
) -> Result<ClaimedTicket, Error> {
    let query = Query::on("by_ticket").eq(stock.id).limit(1);
    let found = app.db.list::<ClaimedTicket>(&query).await?;
    let ticket = found.into_iter().next();
    ticket
        .map(Versioned::into_inner)
        .filter(|ticket| ticket.user_id == caller.user && ticket.attendee == *attendee)
        .ok_or(Error::AlreadyClaimed)
}
