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
    let ink = Ink {
        public_url: &app.config.public_url,
        vault: None,
    };
    let mails = app.db.list::<Notice>(&to(address)).await?;
    let mails = mails.iter();
    Ok(mails
        .map(|notice| {
            let letter = notice.mail.letter(ink).render(None);
            (letter.subject, notice.created_at)
        })
        .collect())
}

/// Removes what was written to that address, and its preferences.
pub fn erase(tx: &mut Tx<'_>, address: &str) -> Result<(), DbError> {
    for notice in tx.list::<Notice>(&to(address))? {
        tx.delete(&notice)?;
    }
    muted::erase(tx, address)
}
