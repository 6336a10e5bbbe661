//! A mail that another slice has written, in the commit of what it tells.

use shared::time::Timestamp;

use super::Notice;
use crate::platform::db::{DbError, Tx};

/// Writes it once: `name` says what it is about.
pub fn tell(
    tx: &mut Tx<'_>,
    name: String,
    recipient: &str,
    subject: String,
    text: String,
    now: Timestamp,
) -> Result<(), DbError> {
    if tx.get::<Notice>(&name)?.is_none() {
        tx.insert(&Notice {
            id: name,
            recipient: recipient.to_owned(),
            subject,
            text,
            created_at: now,
        })?;
    }
    Ok(())
}
