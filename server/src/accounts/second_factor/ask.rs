//! Asking for the second factor at login, after the right password.

use shared::ids::UserId;
use shared::time::Timestamp;
use totp_rs::Totp;

use super::model::{SecondFactor, totp};
use crate::accounts::error::Error;
use crate::app::App;

/// Passes who has no second factor, and who shows a code that works.
pub(in crate::accounts) async fn pass(
    app: &App,
    user: UserId,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    let factor = app.db.get::<SecondFactor>(&user.to_string()).await?;
    if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
        return Ok(());
    }
    let code = code.ok_or(Error::CodeWanted)?;
    app.limiters
        .second_factor(&user.to_string())
        .map_err(Error::TooManyCodes)?;
    if take(app, user, code, now).await? {
        Ok(())
    } else {
        metrics::counter!("second_factor_failures_total").increment(1);
        Err(Error::BadLoginCode)
    }
}

/// As [`pass`], for a step of somebody who is logged in: no answer of it may look like a lost login.
pub(in crate::accounts) async fn pass_again(
    app: &App,
    user: UserId,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), Error> {
    pass(app, user, code, now)
        .await
        .map_err(|error| match error {
            Error::CodeWanted => Error::CodeMissing,
            Error::BadLoginCode => Error::BadCode,
            other => other,
        })
}

/// Whether the code works; if so, it does not again.
pub(super) async fn take(
    app: &App,
    user: UserId,
    code: &str,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(totp) = opened(app, user).await? else {
        return Ok(false);
    };
    let (user, code) = (user.to_string(), code.to_owned());
    app.db
        .write(move |tx| {
            let Some(mut factor) = tx.get::<SecondFactor>(&user)? else {
                return Ok(false);
            };
            let taken = factor.confirmed_at.is_some() && factor.take(&totp, &code, now);
            if taken {
                tx.replace(&mut factor)?;
            }
            Ok(taken)
        })
        .await
}

/// The user's factor with its secret.
pub(super) async fn opened(app: &App, user: UserId) -> Result<Option<Totp>, Error> {
    let Some(factor) = app.db.get::<SecondFactor>(&user.to_string()).await? else {
        return Ok(None);
    };
    let secret = app
        .vault
        .unwrap(&SecondFactor::context(user), &factor.secret)?;
    let totp = totp(&secret, "account")
        .map_err(|_| Error::Inconsistent("a stored second factor is none"))?;
    Ok(Some(totp))
}
