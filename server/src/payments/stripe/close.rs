//! Closing a session when its hold ends. Only when Stripe says that it expired is nothing to come.

use shared::ids::PaymentId;

use super::account::Account;
use super::open::session_of;
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::gateway::State;
use crate::payments::{Held, Standing};

pub async fn close(app: &App, payment: PaymentId) -> Result<State, Error> {
    let session = session_of(app, payment).await?;
    let Some(id) = &session.session_id else {
        // Nobody was told where to pay it.
        return Ok(State::Over);
    };
    let account = Account::of(app, session.account).await?;
    let seen = match account.expire(app, id).await {
        Ok(seen) => seen,
        Err(busy @ Failure::Busy { .. }) => return Err(busy.into()),
        // Paid or expired before, or nobody knows: look.
        Err(Failure::Refused { .. } | Failure::Unclear(_) | Failure::Broken { .. }) => {
            account.session(app, id).await?
        }
    };
    session.check(&seen)?;
    Ok(match seen.held() {
        None => State::Open,
        Some(held) => state(held),
    })
}

const fn state(held: Held) -> State {
    match held.standing {
        Standing::Paid => State::Paid(held),
        Standing::Open => State::Open,
        Standing::Over => State::Over,
    }
}
