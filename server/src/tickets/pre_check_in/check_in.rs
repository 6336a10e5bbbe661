//! Checking a ticket in ahead. Idempotent: the same answers again change nothing, others replace them.

use std::collections::BTreeMap;

use serde_json::json;
use shared::admission::Answer;
use shared::api::pre_check_in::{PreCheckInRequest, PreCheckInState, PreCheckInView};
use shared::ids::{ClaimedTicketId, EventId, JournalId, UserId};
use shared::time::Timestamp;

use super::error::Refusal;
use super::find::view;
use super::model::{PreCheckIn, barred, state};
use crate::app::App;
use crate::events;
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};
use crate::tickets::answers::{Record, note_answered};
use crate::tickets::asked::Asked;
use crate::tickets::find::{by_page, page_hash};
use crate::tickets::{ClaimedTicket, Error};

/// How somebody shows that they hold the ticket.
#[derive(Clone)]
enum Holder {
    User(UserId),
    /// Whoever has the page's link holds the ticket, until it gets another.
    Link {
        hash: String,
    },
}

impl Holder {
    fn holds(&self, ticket: &ClaimedTicket) -> bool {
        match self {
            Self::User(user) => ticket.user_id == *user,
            Self::Link { hash } => ticket.page_hash == *hash,
        }
    }
}

/// By the holder and nobody else: the organizer does not answer for guests.
pub(super) async fn check_in(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    request: PreCheckInRequest,
    now: Timestamp,
) -> Result<PreCheckInView, Error> {
    let holder = Holder::User(caller.user);
    submit(app, id, holder, request.answers, Rest::Kept, now).await
}

/// By the form of the ticket's page: names and values as a browser sends them, a box that is not
/// ticked being left out.
pub async fn check_in_by_link(
    app: &App,
    secret: &str,
    form: Vec<(String, String)>,
    now: Timestamp,
) -> Result<PreCheckInView, Error> {
    let ticket = by_page(&app.db, secret).await?.ok_or(Error::NotFound)?;
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (question, value) in form {
        said.entry(question).or_default().push(value);
    }
    let said = said.into_iter().map(|(question, values)| Answer {
        question,
        value: values.join(","),
    });
    let hash = page_hash(secret);
    let holder = Holder::Link { hash };
    submit(app, ticket.id, holder, said.collect(), Rest::Empty, now).await
}

/// What becomes of questions that are not mentioned.
#[derive(Clone, Copy)]
enum Rest {
    /// They keep the answer that they have.
    Kept,
    Empty,
}

async fn submit(
    app: &App,
    id: ClaimedTicketId,
    holder: Holder,
    said: Vec<Answer>,
    rest: Rest,
    now: Timestamp,
) -> Result<PreCheckInView, Error> {
    let entry = JournalId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let found = tx.get::<ClaimedTicket>(&id.to_string())?;
            let found = found.filter(|ticket| holder.holds(ticket));
            let mut ticket = found.ok_or(Error::NotFound)?;
            let event = events::event_in(tx, ticket.event_id)?;
            let asked = Asked::of(tx, &event)?;
            let stock = tx.get::<IssuedTicket>(&ticket.ticket_id.to_string())?;
            let stock = stock.ok_or(Error::Inconsistent("a claimed ticket without stock"))?;
            if let Some(why) = barred(&ticket, stock.status) {
                return Err(Refusal::Barred(why).into());
            }
            match state(asked.window, now) {
                PreCheckInState::Open => {}
                PreCheckInState::Off => return Err(Refusal::NotOffered.into()),
                PreCheckInState::Early => return Err(Refusal::Early.into()),
                PreCheckInState::Closed => return Err(Refusal::Closed.into()),
            }

            let mut record = Record::find(tx, &ticket)?;
            let kept = match rest {
                Rest::Kept => Some(&record),
                Rest::Empty => None,
            };
            let mut answers = asked.whole(ticket.class_index, &said, kept)?;
            // What was said before in the same words was said then.
            answers.retain(|answer| {
                let kept = record.given().get(&answer.question);
                kept.is_none_or(|kept| kept.value != answer.value)
            });
            if !answers.is_empty() {
                record.put(&asked, answers, now, None);
                record.save(tx, &ticket)?;
            }
            note_answered(tx, &mut ticket, &asked, &record, now)?;
            let done = note_done(tx, &ticket, entry, now)?;
            Ok(view(&asked, &ticket, &record, Some(done), None, now))
        })
        .await
}

/// Since when it is checked in ahead.
fn note_done(
    tx: &mut Tx<'_>,
    ticket: &ClaimedTicket,
    entry: JournalId,
    now: Timestamp,
) -> Result<Timestamp, DbError> {
    let key = PreCheckIn::key(ticket.event_id, ticket.serial);
    if let Some(done) = tx.get::<PreCheckIn>(&key)? {
        return Ok(done.at);
    }
    tx.insert(&PreCheckIn {
        event: ticket.event_id,
        serial: ticket.serial,
        at: now,
    })?;
    let entry = journal::Entry::new(
        entry,
        now,
        Actor::User(ticket.user_id),
        "ticket.pre_checked_in",
        journal::subject("ticket", ticket.ticket_id),
        json!({ "claimedTicket": ticket.id, "generation": ticket.generation }),
    );
    journal::record(tx, &entry)?;
    Ok(now)
}

/// In the commit that voids the ticket, or gives it to somebody else.
pub fn forget(tx: &mut Tx<'_>, event: EventId, serial: u32) -> Result<(), DbError> {
    match tx.get::<PreCheckIn>(&PreCheckIn::key(event, serial))? {
        Some(done) => tx.delete(&done),
        None => Ok(()),
    }
}
