//! Making, listing and revoking keys.

use serde_json::json;
use shared::api::accounts::{ApiKeyView, CreateApiKey, FreshApiKey};
use shared::ids::{ApiKeyId, JournalId, UserId};
use shared::limits::NAME_CHARS_MAX;

use super::model::{ApiKey, FreshKey};
use crate::accounts::error::Error;
use crate::app::App;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

const PER_USER_MAX: u32 = 50;

fn of(user: UserId) -> Query {
    Query::on("by_user").eq(user).limit(PER_USER_MAX)
}

pub(super) async fn make(
    app: &App,
    caller: &Caller,
    wanted: CreateApiKey,
) -> Result<FreshApiKey, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    let name = fields.line("name", &wanted.name, 1, NAME_CHARS_MAX);
    let mut scopes = wanted.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        fields.wrong("scopes", "must name at least one");
    }
    if wanted.expires_at.is_some_and(|end| end <= now) {
        fields.wrong("expiresAt", "must be in the future");
    }
    fields.done(()).map_err(Error::Fields)?;
    let fresh = FreshKey::draw(&*app.entropy);
    let key = ApiKey {
        hash: fresh.hash(),
        id: ApiKeyId::new(now, app.entropy.id10()),
        user_id: caller.user,
        name,
        scopes,
        created_at: now,
        expires_at: wanted.expires_at,
    };
    let details = json!({ "key": key.id, "scopes": key.scopes });
    let entry = entry(app, caller, "user.key_made", details);
    let view = key.view();
    app.db
        .write(move |tx| {
            if tx.count::<ApiKey>(&of(key.user_id))? >= u64::from(PER_USER_MAX) {
                return Err(Error::TooManyKeys);
            }
            tx.insert(&key)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(FreshApiKey {
        key: fresh.reveal().to_owned(),
        about: view,
    })
}

pub(super) async fn list(app: &App, caller: &Caller) -> Result<Vec<ApiKeyView>, Error> {
    let keys = app.db.list::<ApiKey>(&of(caller.user)).await?;
    Ok(keys.iter().map(|key| key.view()).collect())
}

/// Idempotent.
pub(super) async fn revoke(app: &App, caller: &Caller, id: ApiKeyId) -> Result<(), Error> {
    let user = caller.user;
    let entry = entry(app, caller, "user.key_revoked", json!({ "key": id }));
    app.db
        .write(move |tx| {
            let keys = tx.list::<ApiKey>(&of(user))?;
            if let Some(key) = keys.into_iter().find(|key| key.id == id) {
                tx.delete(&key)?;
                journal::record(tx, &entry)?;
            }
            Ok::<_, DbError>(())
        })
        .await?;
    Ok(())
}

/// When the account ends.
pub(in crate::accounts) fn remove_all(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    for key in tx.list::<ApiKey>(&of(user))? {
        tx.delete(&key)?;
    }
    Ok(())
}

fn entry(
    app: &App,
    caller: &Caller,
    action: &'static str,
    details: serde_json::Value,
) -> journal::Entry {
    let now = app.clock.now();
    journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(caller.user),
        action,
        journal::subject("user", caller.user),
        details,
    )
}
