//! The mails of one address: told to its reader, and removed when asked (A7).

use shared::time::Timestamp;

use super::ink::Ink;
use super::model::Notice;
use super::muted;
use crate::app::App;
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx};

fn to(address: &str) -> Query {
    let key = address.trim().to_ascii_lowercase();
    Query::on("by_recipient").eq(key).limit(LIMIT_MAX)
}

/// Subject and time of each mail to that address.
pub async fn headings(app: &App, address: &str) -> Result<Vec<(String, Timestamp)>, DbError> {
    let mails = app.db.list::<Notice>(&to(address)).await?;
    Ok(mails.iter().map(|notice| heading(app, notice)).collect())
}

/// [`headings`] of the mails of these names, as far as they are there.
pub async fn headings_named(
    app: &App,
    names: &[String],
) -> Result<Vec<(String, Timestamp)>, DbError> {
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        let notice = app.db.get::<Notice>(name).await?;
        all.extend(notice.map(|notice| heading(app, &notice)));
    }
    Ok(all)
}

fn heading(app: &App, notice: &Notice) -> (String, Timestamp) {
    let ink = Ink {
        public_url: &app.config.public_url,
        vault: None,
    };
    let letter = notice.mail.letter(ink).render(None);
    (letter.subject, notice.created_at)
}

/// Removes what was written to that address, and its preferences.
pub fn erase(tx: &mut Tx<'_>, address: &str) -> Result<(), DbError> {
    for notice in tx.list::<Notice>(&to(address))? {
        tx.delete(&notice)?;
    }
    muted::erase_preferences(tx, address)
}

/// Removes the mails of these names.
pub fn erase_named(tx: &mut Tx<'_>, names: &[String]) -> Result<(), DbError> {
    for name in names {
        if let Some(notice) = tx.get::<Notice>(name)? {
            tx.delete(&notice)?;
        }
    }
    Ok(())
}
