//! Listing, renaming and taking away.

use serde_json::{Value, json};
use shared::api::passkeys::PasskeyView;
use shared::ids::{JournalId, PasskeyId, UserId};
use shared::limits::PASSKEY_NAME_CHARS_MAX;
use shared::time::Timestamp;

use super::model::{Passkey, of};
use crate::accounts::error::Error;
use crate::accounts::model::User;
use crate::accounts::{password, session};
use crate::app::App;
use crate::notices::{Mail, Outgoing};
use crate::platform::db::{Db, DbError, Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// In the order in which they were added.
pub(in crate::accounts) async fn list(db: &Db, user: UserId) -> Result<Vec<PasskeyView>, DbError> {
    let stored = db.list::<Passkey>(&of(user)).await?;
    let mut views: Vec<_> = stored.iter().map(|passkey| passkey.view()).collect();
    views.sort_by_key(|view| view.id);
    Ok(views)
}

pub(super) async fn rename(
    app: &App,
    caller: &Caller,
    id: PasskeyId,
    name: &str,
) -> Result<PasskeyView, Error> {
    let mut fields = Fields::default();
    let name = fields.line("name", name, 1, PASSKEY_NAME_CHARS_MAX);
    fields.done(()).map_err(Error::Fields)?;
    let user = caller.user;
    app.db
        .write(move |tx| {
            let mut passkey = find(tx, user, id)?.ok_or(Error::NoSuchPasskey)?;
            passkey.name.clone_from(&name);
            tx.replace(&mut passkey)?;
            Ok(passkey.view())
        })
        .await
}

/// Idempotent. Ends the logins that were begun with it, but the one that asks.
pub(super) async fn remove(
    app: &App,
    caller: &Caller,
    id: PasskeyId,
    password: String,
) -> Result<(), Error> {
    let user = password::confirmed(app, caller, password).await?;
    let stored = app.db.list::<Passkey>(&of(user.id)).await?;
    let Some(passkey) = stored.into_iter().find(|passkey| passkey.id == id) else {
        return Ok(());
    };
    let now = app.clock.now();
    let news = News::new(app, &user, &passkey, false, now);
    let (user, keep) = (user.id, caller.session);
    app.db
        .write(move |tx| {
            let Some(passkey) = find(tx, user, id)? else {
                return Ok(());
            };
            tx.delete(&passkey)?;
            let ended = session::end_of_passkey(tx, user, id, keep, now)?;
            news.commit(tx, json!({ "passkey": id, "sessions": ended }))
        })
        .await
        .map_err(|error: DbError| error.into())
}

/// When the account ends.
pub(in crate::accounts) fn remove_all(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    for passkey in tx.list::<Passkey>(&of(user))? {
        tx.delete(&passkey)?;
    }
    Ok(())
}

fn find(
    tx: &mut Tx<'_>,
    user: UserId,
    id: PasskeyId,
) -> Result<Option<Versioned<Passkey>>, DbError> {
    let passkeys = tx.list::<Passkey>(&of(user))?;
    Ok(passkeys.into_iter().find(|passkey| passkey.id == id))
}

/// What the journal and the owner are told of a passkey that came or went.
pub(super) struct News {
    mail: Outgoing,
    journal_id: JournalId,
    user: UserId,
    added: bool,
    now: Timestamp,
}

impl News {
    pub(super) fn new(
        app: &App,
        user: &User,
        passkey: &Passkey,
        added: bool,
        now: Timestamp,
    ) -> Self {
        let about = if added { "added" } else { "removed" };
        let about = format!("passkey_{about}:{}", passkey.id);
        let mail = Mail::PasskeyChanged {
            name: user.username.clone(),
            passkey: passkey.name.clone(),
            added,
        };
        Self {
            mail: Outgoing::new(app, about, &user.email, mail, now),
            journal_id: JournalId::new(now, app.entropy.id10()),
            user: user.id,
            added,
            now,
        }
    }

    pub(super) fn commit(&self, tx: &mut Tx<'_>, details: Value) -> Result<(), DbError> {
        self.mail.post(tx)?;
        let entry = journal::Entry::new(
            self.journal_id,
            self.now,
            Actor::User(self.user),
            if self.added {
                "user.passkey_added"
            } else {
                "user.passkey_removed"
            },
            journal::subject("user", self.user),
            details,
        );
        journal::record(tx, &entry)
    }
}
