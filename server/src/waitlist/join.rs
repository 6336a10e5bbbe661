//! People queue up, and leave.

use shared::api::waitlist::{JoinWaitlist, WaitView};
use shared::ids::{ClassId, EventId, uuid_v7};
use shared::time::Timestamp;

use super::Error;
use super::find::position;
use super::model::{State, Wait};
use crate::app::App;
use crate::events::event_in;
use crate::events::model::TicketClass;
use crate::inventory;
use crate::orders::checked_buyer;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

pub async fn join(
    app: &App,
    caller: Caller,
    event: EventId,
    wanted: JoinWaitlist,
    attempt: Attempt,
) -> Result<WaitView, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    let buyer = checked_buyer(&wanted.buyer, &mut fields);
    let wait = fields.done(Wait {
        id: uuid_v7(now, app.entropy.id10()).to_string(),
        event_id: event,
        class_id: wanted.class_id,
        user_id: caller.user,
        quantity: wanted.quantity,
        buyer,
        state: State::Waiting,
        joined_at: now,
    })?;
    app.db
        .write(move |tx| attempt.once(tx, now, |tx| join_in(tx, &wait, now)))
        .await
        .map_err(|error| match error {
            Error::Db(error) if error.is_duplicate_of("by_seat") => Error::AlreadyWaiting,
            other => other,
        })
}

fn join_in(tx: &mut Tx<'_>, wait: &Wait, now: Timestamp) -> Result<WaitView, Error> {
    let event = event_in(tx, wait.event_id)?;
    if event.published_at.is_none() {
        return Err(crate::events::Error::NotFound.into());
    }
    let class = tx.get::<TicketClass>(&wait.class_id.to_string())?;
    let class = class.filter(|class| class.event_id == event.id);
    let class =
        class.ok_or_else(|| Invalid::field("classId", "not a ticket class of this event"))?;
    if class.terms.waitlist.is_none() || !event.on_sale(now) {
        return Err(Error::NoWaitlist);
    }
    let min = class.terms.min_per_order.unwrap_or(1);
    let max = class.max_per_order;
    if !(min..=max).contains(&wait.quantity) {
        let why = format!("must be from {min} to {max}");
        return Err(Invalid::field("quantity", why).into());
    }
    if !is_waited_for(tx, class.id)? && inventory::is_free(tx, &class, wait.quantity, now)? {
        return Err(Error::Available);
    }
    tx.insert(wait)?;
    let position = position(tx, wait)?;
    Ok(wait.view(None, Some(position), now))
}

/// Whether somebody is in the queue for the class.
pub fn is_waited_for(tx: &mut Tx<'_>, class: ClassId) -> Result<bool, DbError> {
    let query = Query::on("by_queue").eq(class.to_string()).limit(1);
    Ok(!tx.list::<Wait>(&query)?.is_empty())
}

/// Only while waiting: an offer is an order, which can be cancelled.
pub async fn leave(app: &App, caller: Caller, id: String) -> Result<WaitView, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let wait = tx.get::<Wait>(&id)?;
            let wait = wait.filter(|wait| wait.user_id == caller.user);
            let mut wait = wait.ok_or(Error::NotFound)?;
            if wait.state != State::Waiting {
                return Err(Error::NotWaiting);
            }
            wait.state = State::Left;
            tx.replace(&mut wait)?;
            Ok(wait.view(None, None, now))
        })
        .await
}
