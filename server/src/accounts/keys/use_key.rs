//! Who calls with a key.

use shared::api::accounts::Role;
use shared::ids::SessionId;

use super::model::{ApiKey, PREFIX, stored_as};
use crate::accounts::model::User;
use crate::accounts::tokens::TokenError;
use crate::app::App;
use crate::error::ApiError;
use crate::platform::http::{Access, Caller, Scopes};

/// `None` when the bearer is no API key. Without a row in the router's table a route takes no key.
pub async fn caller(
    app: &App,
    bearer: &str,
    access: Option<Access>,
) -> Result<Option<Caller>, ApiError> {
    if !bearer.starts_with(PREFIX) {
        return Ok(None);
    }
    let id = stored_as(bearer).ok_or(TokenError::Invalid)?;
    let key = app.db.get::<ApiKey>(&id).await?;
    let key = key.ok_or(TokenError::Invalid)?;
    if key.expires_at.is_some_and(|end| end <= app.clock.now()) {
        return Err(TokenError::Expired.into());
    }
    let user = app.db.get::<User>(&key.user_id.to_string()).await?;
    let user = user.ok_or(TokenError::Invalid)?;
    let scopes = Scopes::of(&key.scopes);
    if !access.is_some_and(|access| access.takes(scopes)) {
        return Err(ApiError::forbidden("This API key is not for that."));
    }
    let role = match user.role {
        Role::Admin => Role::Organizer,
        Role::Attendee | Role::Organizer | Role::GateStaff => user.role,
    };
    // It belongs to no login, so that none ends with it.
    let none = SessionId::from_bytes([0; 16]);
    Ok(Some(Caller {
        scopes,
        ..Caller::new(user.id, role, none)
    }))
}
