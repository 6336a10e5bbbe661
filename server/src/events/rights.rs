//! Who may do what with an event: the one place that answers (A6, A9).
//!
//! An event belongs to an organization, whose members have rights by their role; one without is its
//! organizer's own. Administrators may everything. An API key never may more than its scopes say.
//! Whoever may act acts on the event, and the journal is told.

use shared::api::accounts::Role;
use shared::api::organizations::Right;
use shared::ids::UserId;

use super::model::Event;
use crate::accounts::model::User;
use crate::organizations;
use crate::platform::db::{Db, DbError, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal;

pub async fn may(db: &Db, caller: &Caller, event: &Event, right: Right) -> Result<bool, DbError> {
    let may = match (at_once(caller, event, right), event.organization_id) {
        (Some(known), _) => known,
        (None, None) => false,
        (None, Some(organization)) => {
            let role = organizations::role_of(db, organization, caller.user).await?;
            role.is_some_and(|role| role.may(right))
        }
    };
    if may {
        journal::acts_on("event", event.id);
    }
    Ok(may)
}

/// [`may`] inside a transaction.
pub fn may_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    event: &Event,
    right: Right,
) -> Result<bool, DbError> {
    let may = may_too_in(tx, caller, event, right)?;
    if may {
        journal::about(tx, "event", event.id);
    }
    Ok(may)
}

/// [`may_in`] for one more event of a commit, which is about another.
pub fn may_too_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    event: &Event,
    right: Right,
) -> Result<bool, DbError> {
    match (at_once(caller, event, right), event.organization_id) {
        (Some(known), _) => Ok(known),
        (None, None) => Ok(false),
        (None, Some(organization)) => {
            let role = organizations::role_in(tx, organization, caller.user)?;
            Ok(role.is_some_and(|role| role.may(right)))
        }
    }
}

/// Whether somebody may who does not call now, but once asked to be told.
pub fn user_may_in(
    tx: &mut Tx<'_>,
    user: UserId,
    event: &Event,
    right: Right,
) -> Result<bool, DbError> {
    let may = match event.organization_id {
        None => event.organizer_id == user,
        Some(organization) => {
            let role = organizations::role_in(tx, organization, user)?;
            role.is_some_and(|role| role.may(right))
        }
    };
    if may {
        return Ok(true);
    }
    let stored = tx.get::<User>(&user.to_string())?;
    Ok(stored.is_some_and(|user| user.role == Role::Admin && user.erased_at.is_none()))
}

/// Who is written to about what that right is about, the event's money or its gates: who made the event,
/// or, when that person has no say in it any more, an owner of its organization.
pub fn contact_in(
    tx: &mut Tx<'_>,
    event: &Event,
    right: Right,
) -> Result<Option<Versioned<User>>, DbError> {
    let mut contact = Some(event.organizer_id);
    if let Some(organization) = event.organization_id
        && !user_may_in(tx, event.organizer_id, event, right)?
    {
        contact = organizations::owner_in(tx, organization)?;
    }
    let Some(contact) = contact else {
        return Ok(None);
    };
    let user = tx.get::<User>(&contact.to_string())?;
    Ok(user.filter(|user| user.erased_at.is_none()))
}

/// What is known without looking anybody up.
fn at_once(caller: &Caller, event: &Event, right: Right) -> Option<bool> {
    if caller.is_admin() {
        Some(true)
    } else if !caller.scopes.has(right) {
        Some(false)
    } else if event.organization_id.is_none() {
        Some(event.organizer_id == caller.user)
    } else {
        None
    }
}
