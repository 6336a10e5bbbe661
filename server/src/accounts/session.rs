//! Ending sessions: logout (A5) and theft (A4). Access tokens live on until they expire.

use serde_json::json;
use shared::ids::{JournalId, PasskeyId, SessionId, UserId};
use shared::time::Timestamp;

use super::error::Error;
use super::model::{EndReason, Ended, RefreshToken, Session};
use super::refresh_token;
use crate::app::App;
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::journal::{self, Actor};

/// Which session to end.
#[derive(Clone, Debug)]
pub(super) enum Which {
    /// The one that the access token came from.
    Of(SessionId),
    /// The one that this refresh token belongs to, whether or not it was spent.
    ByRefreshToken(String),
}

/// Ends a session. What does not exist or has ended already is no error: the wish is fulfilled.
pub(super) async fn logout(app: &App, which: Which) -> Result<(), Error> {
    let now = app.clock.now();
    let journal_id = JournalId::new(now, app.entropy.id10());
    let which = match which {
        Which::Of(session) => Ok(session),
        Which::ByRefreshToken(token) => match refresh_token::key(&token) {
            Some(key) => Err(key),
            None => return Ok(()),
        },
    };
    app.db
        .write(move |tx| {
            let session = match &which {
                Ok(session) => *session,
                Err(key) => match tx.get::<RefreshToken>(key)? {
                    Some(token) => token.session_id,
                    None => return Ok(()),
                },
            };
            match tx.get::<Session>(&session.to_string())? {
                Some(mut session) if session.ended.is_none() => {
                    end(tx, &mut session, EndReason::Logout, journal_id, now)
                }
                _ => Ok(()),
            }
        })
        .await
        .map_err(|error: DbError| error.into())
}

pub(super) fn end(
    tx: &mut Tx<'_>,
    session: &mut Versioned<Session>,
    why: EndReason,
    journal_id: JournalId,
    now: Timestamp,
) -> Result<(), DbError> {
    session.ended = Some(Ended { at: now, why });
    tx.replace(session)?;
    let action = match why {
        EndReason::Reuse => "session.reuse",
        EndReason::Logout
        | EndReason::Everywhere
        | EndReason::PasswordChanged
        | EndReason::Erased => "session.ended",
    };
    let entry = journal::Entry::new(
        journal_id,
        now,
        Actor::User(session.user_id),
        action,
        journal::subject("session", session.id),
        json!({ "user": session.user_id }),
    );
    journal::record(tx, &entry)
}

/// Ends every login of a user, but `keep`; one line of the journal tells how many.
pub(super) fn end_all(
    tx: &mut Tx<'_>,
    user: UserId,
    keep: Option<SessionId>,
    why: EndReason,
    journal_id: JournalId,
    now: Timestamp,
) -> Result<(), DbError> {
    let ended = end_where(tx, user, why, now, |session| Some(session.id) != keep)?;
    let entry = journal::Entry::new(
        journal_id,
        now,
        Actor::User(user),
        "session.all_ended",
        journal::subject("user", user),
        json!({ "sessions": ended, "why": why }),
    );
    journal::record(tx, &entry)
}

/// Ends the logins that were begun with a passkey, but `keep`. Gives how many.
pub(super) fn end_of_passkey(
    tx: &mut Tx<'_>,
    user: UserId,
    passkey: PasskeyId,
    keep: SessionId,
    now: Timestamp,
) -> Result<u32, DbError> {
    end_where(tx, user, EndReason::Logout, now, |session| {
        session.passkey == Some(passkey) && session.id != keep
    })
}

fn end_where(
    tx: &mut Tx<'_>,
    user: UserId,
    why: EndReason,
    now: Timestamp,
    which: impl Fn(&Session) -> bool,
) -> Result<u32, DbError> {
    // Those that ended of age are swept, so these are few; what a flood of logins left over the
    // bound goes with the next call.
    let query = Query::on("by_user").eq(user).limit(LIMIT_MAX);
    let mut ended = 0;
    for mut session in tx.list::<Session>(&query)? {
        if session.ended.is_none() && which(&session) {
            session.ended = Some(Ended { at: now, why });
            tx.replace(&mut session)?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Ends all of the caller's logins, this one too (A5).
pub(super) async fn logout_everywhere(app: &App, user: UserId) -> Result<(), Error> {
    let now = app.clock.now();
    let journal_id = JournalId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| end_all(tx, user, None, EndReason::Everywhere, journal_id, now))
        .await
        .map_err(|error: DbError| error.into())
}
