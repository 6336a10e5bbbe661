//! Becoming an organizer: by creating an event (A6).

use serde_json::json;
use shared::api::accounts::Role;
use shared::ids::{JournalId, UserId};
use shared::time::Timestamp;

use super::model::User;
use crate::platform::db::{DbError, Tx};
use crate::platform::journal::{self, Actor};

/// Raises an attendee to organizer, in the commit of the first event. Other roles stay what they
/// are. `false` when there is no such user (any more).
pub fn grant_organizer(tx: &mut Tx<'_>, user: UserId, now: Timestamp) -> Result<bool, DbError> {
    let Some(mut user) = tx.get::<User>(&user.to_string())? else {
        return Ok(false);
    };
    if user.role != Role::Attendee {
        return Ok(true);
    }
    user.role = Role::Organizer;
    tx.replace(&mut user)?;
    let entry = journal::Entry::new(
        JournalId::new(now, once_per(user.id)),
        now,
        Actor::User(user.id),
        "user.role",
        journal::subject("user", user.id),
        json!({ "role": Role::Organizer }),
    );
    journal::record(tx, &entry)?;
    Ok(true)
}

/// This happens once in the life of a user, so the user's id is all the randomness it needs.
fn once_per(user: UserId) -> [u8; 10] {
    let hash = blake3::derive_key("gatehouse organizer journal id", user.as_bytes());
    let mut id = [0; 10];
    id.copy_from_slice(&hash[..10]);
    id
}
