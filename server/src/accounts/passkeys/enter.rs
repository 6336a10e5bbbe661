//! Logging in with a passkey. Nobody says who it is: the passkey does.

use serde_json::json;
use shared::api::accounts::LoginResponse;
use shared::api::passkeys::{PasskeyLogin, PasskeyQuestion};
use shared::ids::JournalId;
use shared::time::Timestamp;
use webauthn_rs::prelude::{DiscoverableAuthentication, WebauthnError};

use super::ceremony::{Ceremony, LIVES_SECS};
use super::model::{Passkey, hash, written};
use super::party::{party, question, shown_credential};
use crate::accounts::error::Error;
use crate::accounts::login::Beginning;
use crate::accounts::model::User;
use crate::app::App;
use crate::platform::db::DbError;
use crate::platform::journal::{self, Actor};

pub(super) async fn begin(app: &App) -> Result<PasskeyQuestion, Error> {
    let party = party(&app.config.public_url)?;
    let (asked, state) = party
        .start_discoverable_authentication()
        .map_err(|_| Error::Inconsistent("a passkey cannot be asked for"))?;
    let ceremony = Ceremony::new(app, None, &state, app.clock.now())?;
    let id = ceremony.id;
    ceremony.store(app).await?;
    Ok(PasskeyQuestion {
        ceremony: id,
        public_key: question(&asked)?,
        expires_in: LIVES_SECS,
    })
}

pub(super) async fn finish(app: &App, given: PasskeyLogin) -> Result<LoginResponse, Error> {
    let answer = enter(app, given, app.clock.now()).await;
    if matches!(answer, Err(Error::BadPasskey)) {
        metrics::counter!("passkey_failures_total").increment(1);
    }
    answer
}

async fn enter(app: &App, given: PasskeyLogin, now: Timestamp) -> Result<LoginResponse, Error> {
    let party = party(&app.config.public_url)?;
    let ceremony = Ceremony::take(app, given.ceremony, now).await?;
    let ceremony = ceremony
        .filter(|ceremony| ceremony.adds_for.is_none())
        .ok_or(Error::BadPasskey)?;
    let state: DiscoverableAuthentication = ceremony.state()?;
    let credential = shown_credential(&given.credential).ok_or(Error::BadPasskey)?;
    let (owner, id) = party
        .identify_discoverable_authentication(&credential)
        .map_err(|_| Error::BadPasskey)?;
    let stored = app.db.get::<Passkey>(&hash(id)).await?;
    let stored = stored
        .filter(|passkey| *passkey.user_id.as_uuid() == owner)
        .ok_or(Error::BadPasskey)?;
    let mut key = stored.key()?;
    // Outside of the commit, which has the one writer: signatures are slow.
    let result = match party.finish_discoverable_authentication_v2(&credential, state, &key) {
        Ok(result) if result.user_verified() => result,
        Err(WebauthnError::CredentialPossibleCompromise) => {
            note_clone(app, &stored, now).await?;
            return Err(Error::BadPasskey);
        }
        Ok(_) | Err(_) => return Err(Error::BadPasskey),
    };
    key.update_credential(&result);
    let after = written(&key)?;
    let user = app.db.get::<User>(&stored.user_id.to_string()).await?;
    let user = user
        .filter(|user| user.erased_at.is_none())
        .ok_or(Error::BadPasskey)?;
    let beginning = Beginning::new(app, &user, Some(stored.id), now);
    let answer = beginning.answer.clone();
    app.db
        .write(move |tx| {
            // Gone, or used at the same moment by somebody else with the same counter: a copy.
            let passkey = tx.get::<Passkey>(&stored.hash)?;
            let mut passkey = passkey
                .filter(|passkey| passkey.key == stored.key)
                .ok_or(Error::BadPasskey)?;
            passkey.key.clone_from(&after);
            passkey.last_used_at = Some(now);
            tx.replace(&mut passkey)?;
            beginning.commit(tx).map_err(Error::from)
        })
        .await?;
    Ok(answer)
}

/// The signature is good and the counter went back: two devices have the same key.
async fn note_clone(app: &App, passkey: &Passkey, now: Timestamp) -> Result<(), DbError> {
    tracing::warn!(user.id = %passkey.user_id, passkey.id = %passkey.id, "a passkey was copied");
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(passkey.user_id),
        "user.passkey_copied",
        journal::subject("user", passkey.user_id),
        json!({ "passkey": passkey.id }),
    );
    app.db.write(move |tx| journal::record(tx, &entry)).await
}
