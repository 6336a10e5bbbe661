//! Refreshing (A4): the old refresh token is spent, a new one takes its place.
//!
//! A spent token that comes again means that two parties hold it: the whole session ends, and the
//! journal tells. That also ends the session of the one whose token was stolen, by design.

use shared::api::accounts::LoginResponse;
use shared::ids::{JournalId, SessionId};
use shared::time::Timestamp;

use super::error::Error;
use super::login::{answer, refresh_expiry};
use super::model::{EndReason, RefreshToken, Session, User};
use super::refresh_token::{self, FreshToken};
use super::session;
use crate::app::App;
use crate::platform::db::{Tx, Versioned};

/// What the transaction found. All outcomes commit.
enum Outcome {
    Rotated(Box<Versioned<User>>, SessionId),
    Refused,
    /// Came a second time; the session has been ended.
    Reused(SessionId),
}

pub(super) async fn refresh(app: &App, presented: &str) -> Result<LoginResponse, Error> {
    let key = refresh_token::key(presented).ok_or(Error::BadRefreshToken)?;
    let now = app.clock.now();
    let expires_at = refresh_expiry(app, now);
    let fresh = FreshToken::draw(&*app.entropy);
    // Its session is filled in where it is known.
    let next = fresh.stored(SessionId::from_bytes([0; 16]), expires_at);
    let journal_id = JournalId::new(now, app.entropy.id10());
    let outcome = app
        .db
        .write(move |tx| rotate(tx, &key, &next, journal_id, now))
        .await?;
    match outcome {
        Outcome::Rotated(user, session) => Ok(answer(app, &user, session, &fresh, now)),
        Outcome::Refused => Err(Error::BadRefreshToken),
        Outcome::Reused(session) => {
            tracing::warn!(session.id = %session, "a spent refresh token came again; session ended");
            metrics::counter!("refresh_reuse_total").increment(1);
            Err(Error::BadRefreshToken)
        }
    }
}

fn rotate(
    tx: &mut Tx<'_>,
    key: &str,
    next: &RefreshToken,
    journal_id: JournalId,
    now: Timestamp,
) -> Result<Outcome, Error> {
    let Some(mut token) = tx.get::<RefreshToken>(key)? else {
        return Ok(Outcome::Refused);
    };
    let Some(mut session) = tx.get::<Session>(&token.session_id.to_string())? else {
        return Ok(Outcome::Refused);
    };
    if session.ended.is_some() {
        return Ok(Outcome::Refused);
    }
    if token.spent_at.is_some() {
        session::end(tx, &mut session, EndReason::Reuse, journal_id, now)?;
        return Ok(Outcome::Reused(session.id));
    }
    if token.expires_at <= now {
        return Ok(Outcome::Refused);
    }
    let Some(user) = tx.get::<User>(&session.user_id.to_string())? else {
        return Ok(Outcome::Refused);
    };
    token.spent_at = Some(now);
    tx.replace(&mut token)?;
    tx.insert(&RefreshToken {
        session_id: session.id,
        ..next.clone()
    })?;
    session.expires_at = next.expires_at;
    tx.replace(&mut session)?;
    Ok(Outcome::Rotated(Box::new(user), session.value.id))
}
