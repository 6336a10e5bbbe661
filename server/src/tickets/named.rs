//! Claiming by itself what the order has named (T1, O3): for organizers who want no second step.

use anyhow::Context as _;
use serde_json::json;
use shared::api::accounts::Role;
use shared::api::tickets::ClaimRequest;
use shared::ids::{JobId, OrderId, SessionId};
use shared::time::Timestamp;

use super::Error;
use super::claim::claim;
use crate::app::{App, AppState};
use crate::orders::form::OrderForm;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;
use crate::platform::jobs::{self, NewJob, Runner};

const JOB: &str = "tickets.claim_named";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(JOB, |app, payload| async move {
        let order = payload["order"].as_str().context("no order")?;
        Ok(claim_named(&app, order).await?)
    });
}

/// Plans it, in the commit that sells the tickets. An order is paid once: the job has the order's id.
pub fn claim_named_later(tx: &mut Tx<'_>, order: OrderId, now: Timestamp) -> Result<(), DbError> {
    let job = JobId::from_bytes(*order.as_bytes());
    jobs::enqueue(tx, NewJob::new(job, JOB, json!({ "order": order }), now))
}

/// Idempotent: a ticket that was claimed meanwhile stays whose it is.
async fn claim_named(app: &App, order: &str) -> Result<(), Error> {
    let Some(form) = app.db.get::<OrderForm>(order).await? else {
        // The buyer's data was erased meanwhile.
        return Ok(());
    };
    for said in form.tickets.iter().filter(|said| said.attendee.is_some()) {
        // Read each time: an account may adopt the order meanwhile.
        let Some(order) = app.db.get::<Order>(order).await? else {
            return Ok(());
        };
        let none = SessionId::from_bytes([0; 16]);
        let buyer = Caller::new(order.user_id, Role::Attendee, none);
        let request = ClaimRequest {
            ticket_id: said.ticket,
            attendee: None,
            add_on_to: None,
        };
        match claim(app, &buyer, request, Attempt::default(), app.clock.now()).await {
            // What was given back or passed on is not claimed.
            Ok(_) | Err(Error::NotClaimable(_) | Error::AlreadyClaimed | Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
