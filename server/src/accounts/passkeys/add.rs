//! Adding a passkey: with the password, and the code where there is one, so that a stolen login alone
//! opens the door for nobody.

use std::ops::RangeInclusive;

use serde_json::json;
use shared::api::passkeys::{BeginPasskey, FinishPasskey, PasskeyQuestion, PasskeyView};
use shared::ids::PasskeyId;
use shared::limits::{PASSKEY_NAME_CHARS_MAX, PASSKEYS_MAX};
use webauthn_rs::prelude::PasskeyRegistration;

use super::ceremony::{Ceremony, LIVES_SECS};
use super::model::{Passkey, hash, of, written};
use super::party::{new_credential, party, question};
use super::tend::News;
use crate::accounts::error::Error;
use crate::accounts::model::{Session, User};
use crate::accounts::{password, second_factor};
use crate::app::App;
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

/// What the standard asks of a credential's id; the library takes any.
const ID_BYTES: RangeInclusive<usize> = 16..=1023;

pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    wanted: BeginPasskey,
) -> Result<PasskeyQuestion, Error> {
    let party = party(&app.config.public_url)?;
    let user = password::confirmed(app, caller, wanted.password).await?;
    let now = app.clock.now();
    second_factor::pass_again(app, user.id, wanted.code.as_deref(), now).await?;
    let stored = app.db.list::<Passkey>(&of(user.id)).await?;
    if stored.len() >= PASSKEYS_MAX as usize {
        return Err(Error::TooManyPasskeys);
    }
    let mut known = Vec::with_capacity(stored.len());
    for passkey in &stored {
        known.push(passkey.key()?.cred_id().clone());
    }
    let shown = user.display_name.as_deref().unwrap_or(&user.username);
    let (asked, state) = party
        .start_passkey_registration(*user.id.as_uuid(), &user.username, shown, Some(known))
        .map_err(|_| Error::Inconsistent("a passkey cannot be asked for"))?;
    let mut public_key = question(&asked)?;
    // The library asks for less. Only what a device can find by itself logs in without a name.
    public_key["authenticatorSelection"]["residentKey"] = json!("required");
    public_key["authenticatorSelection"]["requireResidentKey"] = json!(true);
    let ceremony = Ceremony::new(app, Some(user.id), &state, now)?;
    let id = ceremony.id;
    ceremony.store(app).await?;
    Ok(PasskeyQuestion {
        ceremony: id,
        public_key,
        expires_in: LIVES_SECS,
    })
}

pub(super) async fn finish(
    app: &App,
    caller: &Caller,
    given: FinishPasskey,
) -> Result<PasskeyView, Error> {
    let party = party(&app.config.public_url)?;
    // Before the ceremony is spent: a name is easily corrected.
    let mut fields = Fields::default();
    let name = fields.line("name", &given.name, 1, PASSKEY_NAME_CHARS_MAX);
    fields.done(()).map_err(Error::Fields)?;
    let now = app.clock.now();
    let ceremony = Ceremony::take(app, given.ceremony, now).await?;
    let ceremony = ceremony
        .filter(|ceremony| ceremony.adds_for == Some(caller.user))
        .ok_or(Error::BadNewPasskey)?;
    let state: PasskeyRegistration = ceremony.state()?;
    let credential = new_credential(&given.credential).ok_or(Error::BadNewPasskey)?;
    let key = party
        .finish_passkey_registration(&credential, &state)
        .map_err(|_| Error::BadNewPasskey)?;
    if !ID_BYTES.contains(&key.cred_id().len()) {
        return Err(Error::BadNewPasskey);
    }
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    let user = user.ok_or(Error::Gone)?;
    let passkey = Passkey {
        hash: hash(key.cred_id()),
        id: PasskeyId::new(now, app.entropy.id10()),
        user_id: user.id,
        name,
        created_at: now,
        last_used_at: None,
        key: written(&key)?,
    };
    let news = News::new(app, &user, &passkey, true, now);
    let view = passkey.view();
    let session = caller.session.to_string();
    app.db
        .write(move |tx| {
            // An access token outlives its login by minutes: whoever was shut out in between adds nothing.
            let session = tx.get::<Session>(&session)?;
            if session.is_none_or(|session| session.ended.is_some()) {
                return Err(Error::Gone);
            }
            let user = tx.get::<User>(&passkey.user_id.to_string())?;
            let mut user = user
                .filter(|user| user.erased_at.is_none())
                .ok_or(Error::Gone)?;
            // Written unchanged, so that this commit and one that shuts somebody out, or another passkey,
            // cannot pass each other.
            tx.replace(&mut user)?;
            if tx.get::<Passkey>(&passkey.hash)?.is_some() {
                return Err(Error::PasskeyKnown);
            }
            if tx.count::<Passkey>(&of(passkey.user_id))? >= u64::from(PASSKEYS_MAX) {
                return Err(Error::TooManyPasskeys);
            }
            tx.insert(&passkey)?;
            Ok(news.commit(tx, json!({ "passkey": passkey.id }))?)
        })
        .await?;
    Ok(view)
}
