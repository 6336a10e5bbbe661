//! Setting a second factor up, and taking it away.

use serde_json::json;
use shared::api::accounts::{RecoveryCodes, TotpEnrolment};
use shared::ids::{JournalId, UserId};
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::ask::opened;
use super::model::{
    RECOVERY_BYTES, RECOVERY_CODES, SECRET_BYTES, SecondFactor, hash, spelled, totp,
};
use crate::accounts::error::Error;
use crate::accounts::password;
use crate::app::App;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// Draws a secret. Nothing is asked for at login before a first code has come back.
pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    password: String,
) -> Result<TotpEnrolment, Error> {
    let user = password::confirmed(app, caller, password).await?;
    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    app.entropy.fill(&mut *secret);
    let context = SecondFactor::context(user.id);
    let factor = SecondFactor {
        user_id: user.id,
        secret: app.vault.wrap(&context, &*secret)?,
        confirmed_at: None,
        last_step: 0,
        recovery: Vec::new(),
    };
    let url = totp(&*secret, &user.username)
        .and_then(|totp| totp.to_url())
        .map_err(|_| Error::Inconsistent("a second factor cannot be made"))?;
    app.db
        .write(move |tx| {
            match tx.get::<SecondFactor>(&factor.user_id.to_string())? {
                Some(stored) if stored.confirmed_at.is_some() => return Err(Error::SecondFactorOn),
                Some(mut stored) => {
                    stored.value = factor.clone();
                    tx.replace(&mut stored)?;
                }
                None => drop(tx.insert(&factor)?),
            }
            Ok(())
        })
        .await?;
    Ok(TotpEnrolment {
        secret: data_encoding::BASE32_NOPAD.encode(&*secret),
        url,
    })
}

/// The first code came back: from now on one is asked for. Shows the recovery codes, once.
pub(super) async fn confirm(
    app: &App,
    caller: &Caller,
    code: &str,
) -> Result<RecoveryCodes, Error> {
    let now = app.clock.now();
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| {
            let mut random = Zeroizing::new([0; RECOVERY_BYTES]);
            app.entropy.fill(&mut *random);
            spelled(&random)
        })
        .collect();
    let hashes: Vec<_> = codes.iter().map(|code| hash(code)).collect();
    let totp = opened(app, caller.user).await?.ok_or(Error::BadCode)?;
    let entry = entry(app, caller.user, "user.second_factor_on", now);
    let (user, code) = (caller.user.to_string(), code.to_owned());
    app.db
        .write(move |tx| {
            let mut factor = tx.get::<SecondFactor>(&user)?.ok_or(Error::BadCode)?;
            if factor.confirmed_at.is_some() {
                return Err(Error::SecondFactorOn);
            }
            if !factor.take(&totp, &code, now) {
                return Err(Error::BadCode);
            }
            factor.confirmed_at = Some(now);
            factor.recovery.clone_from(&hashes);
            tx.replace(&mut factor)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(RecoveryCodes { codes })
}

/// With the password and a code: a stolen login alone does not open the door for good.
pub(super) async fn end(
    app: &App,
    caller: &Caller,
    password: String,
    code: &str,
) -> Result<(), Error> {
    let user = password::confirmed(app, caller, password).await?;
    let now = app.clock.now();
    if !super::ask::take(app, user.id, code, now).await? {
        return Err(Error::BadCode);
    }
    let entry = entry(app, user.id, "user.second_factor_off", now);
    let user = user.id;
    app.db
        .write(move |tx| {
            remove(tx, user)?;
            journal::record(tx, &entry)
        })
        .await?;
    Ok(())
}

/// Idempotent.
pub(in crate::accounts) fn remove(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    match tx.get::<SecondFactor>(&user.to_string())? {
        Some(factor) => tx.delete(&factor),
        None => Ok(()),
    }
}

fn entry(app: &App, user: UserId, action: &'static str, now: Timestamp) -> journal::Entry {
    journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        Actor::User(user),
        action,
        journal::subject("user", user),
        json!({}),
    )
}
