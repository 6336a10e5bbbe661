//! What tickets say about a person: told to that person, and taken out when asked (A7).
//!
//! Names on tickets of an event that is not over stay until it is: gates compare them with papers,
//! and the one who erased an account may still want in.

use serde_json::{Value, json};
use shared::api::tickets::Attendee;
use shared::ids::UserId;
use shared::time::Timestamp;

use super::answers::TicketAnswers;
use super::model::ClaimedTicket;
use crate::events::model::Event;
use crate::gate;
use crate::platform::db::{Db, DbError, Page, Query, Tx, Versioned};

/// Tickets in one transaction: the writer is shared.
const BATCH: u32 = 100;

async fn page(db: &Db, user: UserId, cursor: Option<&str>) -> Result<Page<ClaimedTicket>, DbError> {
    let query = Query::on("by_user").eq(user).limit(BATCH).after(cursor);
    db.page(&query).await
}

/// All tickets of a person, without what opens a gate: that is on their pages.
pub async fn export(db: &Db, user: UserId) -> Result<Vec<Value>, DbError> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = page(db, user, cursor.as_deref()).await?;
        for ticket in &page.items {
            let answers = db.get::<TicketAnswers>(&ticket.id.to_string()).await?;
            let answers = answers.map(|answers| answers.into_inner().given);
            all.push(
                json!({ "id": ticket.id, "eventId": ticket.event_id, "orderId": ticket.order_id,
                "attendee": ticket.attendee, "seat": ticket.seat, "note": ticket.note,
                "claimedAt": ticket.claimed_at, "answers": answers }),
            );
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
}

/// All tickets of a guest become an account's, in the commit that hands over the order. One order has
/// few.
pub fn hand_over(tx: &mut Tx<'_>, guest: UserId, to: UserId) -> Result<(), DbError> {
    let query = Query::on("by_user").eq(guest).limit(BATCH);
    for mut ticket in tx.list::<ClaimedTicket>(&query)? {
        ticket.user_id = to;
        tx.replace(&mut ticket)?;
    }
    Ok(())
}

/// When the last event is over that the user has a ticket for, if that is to come.
pub async fn names_needed_until(
    db: &Db,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Timestamp>, DbError> {
    let mut until = None;
    let mut cursor: Option<String> = None;
    loop {
        let page = page(db, user, cursor.as_deref()).await?;
        for ticket in &page.items {
            let event = db.get::<Event>(&ticket.event_id.to_string()).await?;
            let end = event.map(|event| event.end).filter(|end| *end > now);
            until = until.max(end);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(until),
        }
    }
}

/// Takes names, answers and notes out of the user's tickets of events that are over. Idempotent.
pub async fn erase(db: &Db, user: UserId, now: Timestamp) -> Result<(), DbError> {
    let mut cursor: Option<String> = None;
    loop {
        let page = page(db, user, cursor.as_deref()).await?;
        let ids: Vec<_> = page
            .items
            .iter()
            .map(|ticket| ticket.id.to_string())
            .collect();
        db.write(move |tx| {
            for id in &ids {
                if let Some(ticket) = tx.get::<ClaimedTicket>(id)? {
                    erase_one(tx, ticket, now)?;
                }
            }
            Ok::<_, DbError>(())
        })
        .await?;
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

fn erase_one(
    tx: &mut Tx<'_>,
    mut ticket: Versioned<ClaimedTicket>,
    now: Timestamp,
) -> Result<(), DbError> {
    let event = tx.get::<Event>(&ticket.event_id.to_string())?;
    let erased = Attendee {
        name: "Erased".to_owned(),
        email: "erased@invalid".to_owned(),
    };
    if ticket.attendee == erased || event.is_some_and(|event| event.end > now) {
        return Ok(());
    }
    ticket.attendee = erased;
    ticket.note.clear();
    tx.replace(&mut ticket)?;
    if let Some(answers) = tx.get::<TicketAnswers>(&ticket.id.to_string())? {
        tx.delete(&answers)?;
    }
    gate::mark_changed(tx, ticket.event_id, ticket.serial, now)
}
