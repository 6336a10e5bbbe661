//! Closing a link when its hold ends: cancelled at the gateway, and looked at.

use shared::ids::PaymentId;

use super::client::Channel;
use super::open::link_of;
use super::wire::is_unknown;
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::gateway::State;

/// Closes the link so that payers are no longer asked, and says what it came to. Money that comes all
/// the same is found by later looks.
pub async fn close(app: &App, payment: PaymentId) -> Result<State, Error> {
    let link = link_of(app, payment).await?;
    let channel = Channel::of(app, link.account).await?;
    let cancelled = channel.cancel(app, link.order_code).await;
    let seen = match cancelled {
        Ok(seen) => seen,
        Err(busy @ Failure::Busy { .. }) => return Err(busy.into()),
        // Paid, expired or cancelled before, or nobody knows: look.
        Err(Failure::Refused { .. } | Failure::Unclear(_) | Failure::Broken { .. }) => {
            match channel.look(app, link.order_code).await {
                Ok(seen) => seen,
                // It was never made.
                Err(failure) if is_unknown(&failure) => return Ok(State::Over),
                Err(failure) => return Err(failure.into()),
            }
        }
    };
    link.check(&seen)?;
    Ok(match seen.held() {
        None => State::Open,
        Some(held) if seen.paid > 0 => State::Paid(held),
        Some(_) if seen.status.is_open() => State::Open,
        Some(_) => State::Over,
    })
}
