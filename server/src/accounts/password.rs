//! A new password: for who knows the old one, and for who gets the mail (A7).
//!
//! Invariants: asking for a reset does the same and answers the same whether or not there is such an
//! account; a new password ends every login but the one that set it, and every open reset link; one by
//! mail also ends the passkeys of an account whose address nobody had confirmed.

use anyhow::Context as _;
use serde_json::json;
use shared::ids::{JobId, JournalId, OneTimeId, SessionId};
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::error::Error;
use super::login::find_by_name;
use super::model::{EndReason, User};
use super::one_time::{self, OneTime, Purpose};
use super::{credentials, passkeys, session};
use crate::app::{App, AppState};
use crate::notices::{Mail, Outgoing};
use crate::orders;
use crate::platform::db::{DbError, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob, Runner};
use crate::platform::journal::{self, Actor};

const RESET_MAIL: &str = "accounts.reset_mail";

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(RESET_MAIL, |app, payload| async move {
        let email = payload["email"].as_str().context("no email")?;
        let token = payload["token"].as_str().context("no token")?;
        reset_mail(&app, email, token.parse()?).await?;
        Ok(())
    });
}

/// Mails a link to the address, if an account has it. Who asks learns nothing, not even by the time
/// that it takes: here only a job is written, and that looks.
pub(super) async fn forgot(app: &App, email: &str) -> Result<(), Error> {
    let email = credentials::check_email(email)?;
    let now = app.clock.now();
    let token = OneTimeId::new(now, app.entropy.id10());
    let job = NewJob::new(
        JobId::new(now, app.entropy.id10()),
        RESET_MAIL,
        json!({ "email": email, "token": token }),
        now,
    );
    let job = job.dedupe(format!("{RESET_MAIL}:{email}"));
    app.db
        .write(move |tx| jobs::enqueue(tx, job.clone()))
        .await?;
    Ok(())
}

async fn reset_mail(app: &App, email: &str, id: OneTimeId) -> Result<(), DbError> {
    let Some(user) = find_by_name(app, email).await? else {
        return Ok(());
    };
    let now = app.clock.now();
    let token = OneTime::new(id, user.id, Purpose::Reset, &user.email_key, now);
    let mail = Mail::ResetPassword {
        name: user.username.clone(),
        token: id,
    };
    let mail = Outgoing::new(app, format!("reset:{id}"), &user.email, mail, now);
    app.db
        .write(move |tx| {
            if token.issue(tx)? {
                mail.post(tx)?;
            }
            Ok(())
        })
        .await
}

/// Spends the link. Who could read the mail has the address: it counts as confirmed.
pub async fn reset(app: &App, token: &str, password: String) -> Result<(), Error> {
    let password = Zeroizing::new(password);
    let id = one_time::read(&app.vault, Purpose::Reset, token).ok_or(Error::BadLink)?;
    // Looked at before the costly hash; judged again in the commit.
    let row = app.db.get::<OneTime>(&id.to_string()).await?;
    let row = row.ok_or(Error::BadLink)?;
    let user = app.db.get::<User>(&row.user_id.to_string()).await?;
    let user = user.ok_or(Error::BadLink)?;
    if row.spent_at.is_some() || row.expires_at <= app.clock.now() {
        return Err(Error::BadLink);
    }
    credentials::check_password(&user.email_key, &user.username_key, &password)?;
    let hash = app.passwords.hash(password).await?;
    let now = app.clock.now();
    let change = Change::new(app, &user, hash, None, now);
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let token = one_time::spend(tx, id, Purpose::Reset, now)?.ok_or(Error::BadLink)?;
            let user = tx.get::<User>(&token.user_id.to_string())?;
            let mut user = user
                .filter(|user| user.email_key == token.email_key)
                .ok_or(Error::BadLink)?;
            if user.verified_at.is_none() {
                // Whoever made the account need not be who reads this mailbox.
                passkeys::remove_all(tx, user.id)?;
                user.verified_at = Some(now);
                orders::adopt_later(tx, job, user.id, now)?;
            }
            Ok(change.commit(tx, user)?)
        })
        .await
}

/// For who knows the old password.
pub(super) async fn change(
    app: &App,
    caller: &Caller,
    old: String,
    new: String,
) -> Result<(), Error> {
    let new = Zeroizing::new(new);
    let user = confirmed(app, caller, old).await?;
    credentials::check_password(&user.email_key, &user.username_key, &new)?;
    let hash = app.passwords.hash(new).await?;
    let change = Change::new(app, &user, hash, Some(caller.session), app.clock.now());
    let id = user.id.to_string();
    app.db
        .write(move |tx| {
            let user = tx.get::<User>(&id)?.ok_or(Error::Gone)?;
            Ok(change.commit(tx, user)?)
        })
        .await
}

/// The caller's account, if `password` is its own: for steps that a stolen token must not do.
pub(super) async fn confirmed(
    app: &App,
    caller: &Caller,
    password: String,
) -> Result<Versioned<User>, Error> {
    let password = Zeroizing::new(password);
    if password.len() > shared::limits::PASSWORD_BYTES_MAX {
        return Err(Error::WrongPassword);
    }
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    let user = user.ok_or(Error::Gone)?;
    let stored = user.stored_password();
    if app.passwords.verify(password, stored).await? {
        Ok(user)
    } else {
        Err(Error::WrongPassword)
    }
}

/// A new password with all that goes with it.
struct Change {
    hash: String,
    /// The login that stays.
    keep: Option<SessionId>,
    mail: Outgoing,
    journal_ids: [JournalId; 2],
    now: Timestamp,
}

impl Change {
    fn new(app: &App, user: &User, hash: String, keep: Option<SessionId>, now: Timestamp) -> Self {
        let journal_ids = [0; 2].map(|_| JournalId::new(now, app.entropy.id10()));
        let about = format!("password_changed:{}", journal_ids[0]);
        let name = user.username.clone();
        let mail = Mail::PasswordChanged { name };
        Self {
            hash,
            keep,
            mail: Outgoing::new(app, about, &user.email, mail, now),
            journal_ids,
            now,
        }
    }

    fn commit(&self, tx: &mut Tx<'_>, mut user: Versioned<User>) -> Result<(), DbError> {
        let now = self.now;
        user.password_hash.clone_from(&self.hash);
        tx.replace(&mut user)?;
        one_time::spend_all(tx, user.id, Purpose::Reset, now)?;
        let [ended, changed] = self.journal_ids;
        session::end_all(
            tx,
            user.id,
            self.keep,
            EndReason::PasswordChanged,
            ended,
            now,
        )?;
        self.mail.post(tx)?;
        let entry = journal::Entry::new(
            changed,
            now,
            Actor::User(user.id),
            "user.password_changed",
            journal::subject("user", user.id),
            serde_json::Value::Null,
        );
        journal::record(tx, &entry)
    }
}
