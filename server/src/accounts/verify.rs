//! Proving that an e-mail address is one's own (A2).

use shared::ids::{JobId, JournalId, OneTimeId};
use shared::time::Timestamp;

use super::error::Error;
use super::model::User;
use super::one_time::{self, OneTime, Purpose};
use crate::app::App;
use crate::notices::{self, Mail, Outgoing};
use crate::orders;
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// A link to mail, and the mail.
pub(super) struct Asked {
    token: OneTime,
    mail: Outgoing,
}

impl Asked {
    /// Asks `user` to confirm the address that it has now.
    pub(super) fn new(app: &App, user: &User, now: Timestamp) -> Self {
        let id = OneTimeId::new(now, app.entropy.id10());
        let mail = Mail::VerifyAddress {
            name: user.username.clone(),
            token: id,
        };
        let token = OneTime::new(id, user.id, Purpose::Verify, &user.email_key, now);
        Self {
            mail: Outgoing::new(app, token.mail(), &user.email, mail, now),
            token,
        }
    }

    /// Nothing when the account got as many of these as it may for now.
    pub(super) fn send(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        if self.token.issue(tx)? {
            self.mail.post(tx)?;
        }
        Ok(())
    }
}

/// Mails another link to the caller, if the address is not confirmed yet.
pub(super) async fn resend(app: &App, caller: &Caller) -> Result<(), Error> {
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    let user = user.ok_or(Error::Gone)?;
    if user.verified_at.is_some() {
        return Ok(());
    }
    let asked = Asked::new(app, &user, app.clock.now());
    app.db.write(move |tx| asked.send(tx)).await?;
    Ok(())
}

/// The present address is the account's own from now on, with what was bought with it and what the
/// account wants of it. Again it changes nothing.
pub(super) fn confirm(
    tx: &mut Tx<'_>,
    user: &mut Versioned<User>,
    job: JobId,
    now: Timestamp,
) -> Result<(), DbError> {
    if user.verified_at.is_some() {
        return Ok(());
    }
    let chosen = user.chooses_for();
    user.verified_at = Some(now);
    tx.replace(user)?;
    notices::join_preferences(tx, &chosen, &user.email_key)?;
    orders::adopt_later(tx, job, user.id, now)
}

/// Spends the link. A link to an address that the account no longer has proves nothing.
pub async fn verify(app: &App, token: &str) -> Result<(), Error> {
    let id = one_time::read(&app.vault, Purpose::Verify, token).ok_or(Error::BadLink)?;
    let now = app.clock.now();
    let journal_id = JournalId::new(now, app.entropy.id10());
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let token = one_time::spend(tx, id, Purpose::Verify, now)?.ok_or(Error::BadLink)?;
            let user = tx.get::<User>(&token.user_id.to_string())?;
            let mut user = user
                .filter(|user| user.email_key == token.email_key)
                .ok_or(Error::BadLink)?;
            confirm(tx, &mut user, job, now)?;
            let entry = journal::Entry::new(
                journal_id,
                now,
                Actor::User(user.id),
                "user.verified",
                journal::subject("user", user.id),
                serde_json::Value::Null,
            );
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
