//! The token of a guest's order, and who calls with it.

use shared::api::accounts::Role;
use shared::api::organizations::Right;
use shared::ids::{OrderId, SessionId};

use crate::app::App;
use crate::error::ApiError;
use crate::orders::model::Order;
use crate::platform::http::{Access, Caller, Scopes};
use crate::platform::vault::Vault;

/// Helps scanners for leaked secrets, and us, to know one when we see it.
const PREFIX: &str = "gho_";
const PURPOSE: &str = "guest-order";

/// The same at every time and in every process.
pub fn guest_token(vault: &Vault, order: OrderId) -> String {
    format!("{PREFIX}{}", vault.token(PURPOSE, order.as_bytes()))
}

/// `None` when the bearer is no such token. Without a row in the router's table a route takes none.
pub async fn guest_caller(
    app: &App,
    bearer: &str,
    access: Option<Access>,
) -> Result<Option<Caller>, ApiError> {
    let Some(token) = bearer.strip_prefix(PREFIX) else {
        return Ok(None);
    };
    let order = app.vault.read_token(PURPOSE, token);
    let order = order.and_then(|id| id.try_into().ok());
    let order = match order.map(OrderId::from_bytes) {
        Some(id) => app.db.get::<Order>(&id.to_string()).await?,
        None => None,
    };
    // One that an account has adopted is that account's alone.
    let order = order
        .filter(|order| order.guest.is_some())
        .ok_or_else(dead)?;
    if !access.is_some_and(Access::takes_guests) {
        return Err(ApiError::forbidden(
            "The token of an order is not for that. Log in first.",
        ));
    }
    // It belongs to no login, so that none ends with it.
    let none = SessionId::from_bytes([0; 16]);
    Ok(Some(Caller {
        scopes: Scopes::of(&[Right::Attend]),
        ..Caller::new(order.user_id, Role::Attendee, none)
    }))
}

fn dead() -> ApiError {
    ApiError::unauthorized(
        "token_invalid",
        "This token opens no order, or not any more. Ask for the link again, or log in.",
    )
}
