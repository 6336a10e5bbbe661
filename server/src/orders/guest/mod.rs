//! Buying without an account (O3, ADR 0060).
//!
//! Invariants
//! - A guest's order has a `user_id` of its own, so that all that asks "is it the caller's?" answers
//!   for this order and for no other.
//! - Its token is derived from the order's id under the key-encryption key: it is stored nowhere, and
//!   knowing the id does not help.
//! - The token calls what the router's table opens to buyers, and nothing else.
//! - An order is found again by mail only, and moves to an account only once that has confirmed the
//!   address.

mod adopt;
mod bearer;
mod find;
pub mod http;

use anyhow::Context as _;
use shared::api::orders::{CreateOrder, GuestOrder};

use super::error::Error;
use super::place::place_for;
use crate::app::{App, AppState};
use crate::platform::http::attempt::Attempt;
use crate::platform::jobs::Runner;

pub use adopt::{adopt, adopt_later};
pub use bearer::{guest_caller, guest_token};

/// Places an order for somebody without an account; the same attempt gets the same token.
async fn place(app: &App, wanted: CreateOrder, attempt: Attempt) -> Result<GuestOrder, Error> {
    let order = place_for(app, None, wanted, attempt).await?;
    Ok(GuestOrder {
        guest_token: guest_token(&app.vault, order.id),
        order,
    })
}

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(adopt::JOB, |app, payload| async move {
        let user = payload["user"].as_str().context("no user")?;
        adopt(&app, user.parse()?).await?;
        Ok(())
    });
    runner.register(find::JOB, |app, payload| async move {
        let wanted = serde_json::from_value(payload).context("not what was asked for")?;
        find::mail(&app, &wanted).await?;
        Ok(())
    });
}
