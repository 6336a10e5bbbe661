//! The steps after the first, each a job that may run twice.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde_json::{Value, json};
use shared::api::tickets::TicketStatus;
use shared::ids::{EventId, JobId, OrderId};
use shared::time::Timestamp;

use super::model::{Cancellation, Phase};
use super::start::left;
use crate::app::{App, AppState};
use crate::inventory::model::IssuedTicket;
use crate::orders;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs::{self, NewJob, Priority, Runner};

/// Looks for orders in the next piece of the stock: `{"eventId": …}`.
pub(super) const WALK: &str = "cancellation.walk";
/// Deals with one order: `{"orderId": …, "eventId": …}`.
const CALL_OFF: &str = "cancellation.call_off";
/// Looks whether all is done: `{"eventId": …}`.
const SETTLE: &str = "cancellation.settle";
/// Tickets in one step of a walk.
const STEP: u32 = 500;
const WALKS: u8 = 2;
/// Between two looks at what is still under way.
const SETTLE_SECS: i64 = 2;
const SETTLE_SECS_MAX: i64 = 600;
/// An order that failed for this long is tried anew.
const REPAIR_EVERY: u32 = 6;

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(WALK, |app, payload| async move {
        walk(&app, event_of(&payload)?).await
    });
    runner.register(CALL_OFF, |app, payload| async move {
        let order = payload["orderId"].as_str().context("no orderId")?;
        let order: OrderId = order.parse().context("not an order id")?;
        let event = event_of(&payload)?;
        let found = app.db.get::<Cancellation>(&event.to_string()).await?;
        let found = found.context("no such cancellation")?;
        orders::call_off(&app, order, &found.event_title, &found.reason).await?;
        Ok(())
    });
    runner.register(SETTLE, |app, payload| async move {
        settle(&app, event_of(&payload)?).await
    });
}

fn event_of(payload: &Value) -> anyhow::Result<EventId> {
    let id = payload["eventId"].as_str().context("no eventId")?;
    id.parse().context("not an event id")
}

/// One piece of the stock: a job for each order in it and for the next piece, in one commit.
async fn walk(app: &App, event: EventId) -> anyhow::Result<()> {
    let now = app.clock.now();
    // Requests that began before the sales ended are over by then.
    let stragglers = i64::try_from(app.config.request_timeout_secs).unwrap_or(i64::MAX);
    let ids: Vec<JobId> = (0..=STEP)
        .map(|_| JobId::new(now, app.entropy.id10()))
        .collect();
    app.db
        .write(move |tx| {
            let found = tx.get::<Cancellation>(&event.to_string())?;
            let Some(mut found) = found else {
                return Ok(());
            };
            let Phase::Walking { walk, serial } = found.phase else {
                return Ok(());
            };
            let mut ids = ids.iter().copied();
            let query = Query::on("by_serial")
                .eq(event)
                .at_least(serial)
                .limit(STEP);
            let tickets = tx.list::<IssuedTicket>(&query)?;
            let orders: BTreeSet<OrderId> = tickets.iter().filter_map(|of| order_of(of)).collect();
            for (order, id) in orders.into_iter().zip(&mut ids) {
                call_off(tx, event, order, id, now)?;
            }
            let id = ids.next();
            let last = tickets.last().filter(|_| tickets.len() == STEP as usize);
            let (phase, kind, at) = match last {
                Some(last) => {
                    let serial = last.serial.saturating_add(1);
                    (Phase::Walking { walk, serial }, WALK, now)
                }
                None if walk < WALKS => {
                    let walk = walk + 1;
                    let at = now.plus_secs(stragglers);
                    (Phase::Walking { walk, serial: 0 }, WALK, at)
                }
                None => (Phase::Settling, SETTLE, now),
            };
            found.phase = phase;
            tx.replace(&mut found)?;
            match id {
                Some(id) => follow(tx, event, kind, id, now, at),
                None => Ok(()),
            }
        })
        .await?;
    Ok(())
}

/// Whose ticket it is or was. One that was revoked alone is still paid for; an order that is over has
/// nothing left to do.
fn order_of(ticket: &IssuedTicket) -> Option<OrderId> {
    match ticket.status {
        TicketStatus::Held => ticket.hold_order,
        TicketStatus::Paid
        | TicketStatus::Claimed
        | TicketStatus::Validated
        | TicketStatus::Cancelled => ticket.order_id,
        TicketStatus::Available | TicketStatus::Expired => None,
    }
}

fn call_off(
    tx: &mut Tx<'_>,
    event: EventId,
    order: OrderId,
    id: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    let payload = json!({ "orderId": order, "eventId": event });
    let job = NewJob::new(id, CALL_OFF, payload, now);
    jobs::enqueue(tx, job.dedupe(format!("call_off:{order}")))
}

fn follow(
    tx: &mut Tx<'_>,
    event: EventId,
    kind: &'static str,
    id: JobId,
    now: Timestamp,
    at: Timestamp,
) -> Result<(), DbError> {
    let job = NewJob::new(id, kind, json!({ "eventId": event }), now).run_at(at);
    jobs::enqueue(tx, job.priority(Priority::High))
}

/// Whether all is done. What is left after a while is looked for anew: a job may have died.
async fn settle(app: &App, event: EventId) -> anyhow::Result<()> {
    let left = left(app, event).await?;
    let now = app.clock.now();
    let id = JobId::new(now, app.entropy.id10());
    let is_done = left.tickets == 0 && left.refunds == 0;
    app.db
        .write(move |tx| {
            let found = tx.get::<Cancellation>(&event.to_string())?;
            let Some(mut found) = found else {
                return Ok(());
            };
            if found.phase != Phase::Settling {
                return Ok(());
            }
            if is_done {
                found.phase = Phase::Done;
                found.finished_at = Some(now);
                return tx.replace(&mut found);
            }
            found.repairs = found.repairs.saturating_add(1);
            let is_stuck = left.tickets > 0 && found.repairs.is_multiple_of(REPAIR_EVERY);
            let kind = if is_stuck {
                tracing::warn!(event.id = %event, tickets = left.tickets, "a cancellation left orders behind; it looks for them anew");
                found.phase = Phase::Walking { walk: WALKS, serial: 0 };
                WALK
            } else {
                SETTLE
            };
            let wait = SETTLE_SECS << found.repairs.saturating_sub(1).min(10);
            let at = now.plus_secs(wait.min(SETTLE_SECS_MAX));
            tx.replace(&mut found)?;
            follow(tx, event, kind, id, now, at)
        })
        .await?;
    Ok(())
}
