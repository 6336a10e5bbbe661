//! Logging in (A3): a new session, its first refresh token, an access token.

use serde_json::{Value, json};
use shared::api::accounts::{LoginRequest, LoginResponse};
use shared::ids::{JournalId, PasskeyId, SessionId, UserId};
use shared::limits;
use shared::time::Timestamp;
use zeroize::Zeroizing;

use super::error::Error;
use super::model::{RefreshToken, Session, User};
use super::refresh_token::FreshToken;
use super::{credentials, second_factor};
use crate::app::App;
use crate::platform::db::{Db, DbError, Query, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

const DAY_SECS: i64 = 24 * 60 * 60;

pub async fn login(app: &App, request: LoginRequest) -> Result<LoginResponse, Error> {
    let password = Zeroizing::new(request.password);
    if password.len() > limits::PASSWORD_BYTES_MAX
        || request.username.len() > limits::EMAIL_CHARS_MAX
    {
        // No account has these, so refusing early tells nothing.
        return Err(Error::BadCredentials);
    }
    let user = find(app, &credentials::key(&request.username)).await?;
    let stored = user.as_ref().and_then(|user| user.stored_password());
    let matches = app.passwords.verify(password, stored).await?;
    let Some(user) = user.filter(|_| matches) else {
        metrics::counter!("login_failures_total").increment(1);
        return Err(Error::BadCredentials);
    };
    let now = app.clock.now();
    second_factor::pass(app, user.id, request.code.as_deref(), now).await?;
    let beginning = Beginning::new(app, &user, None, now);
    let answer = beginning.answer.clone();
    app.db.write(move |tx| beginning.commit(tx)).await?;
    Ok(answer)
}

/// A login that was earned: what is stored of it, and what its holder gets.
pub(super) struct Beginning {
    session: Session,
    token: RefreshToken,
    entry: journal::Entry,
    pub(super) answer: LoginResponse,
}

impl Beginning {
    pub(super) fn new(app: &App, user: &User, passkey: Option<PasskeyId>, now: Timestamp) -> Self {
        let fresh = FreshToken::draw(&*app.entropy);
        let session = Session {
            id: SessionId::new(now, app.entropy.id10()),
            user_id: user.id,
            created_at: now,
            expires_at: refresh_expiry(app, now),
            ended: None,
            passkey,
        };
        Self {
            token: fresh.stored(session.id, session.expires_at),
            answer: answer(app, user, session.id, &fresh, now),
            entry: journal::Entry::new(
                JournalId::new(now, app.entropy.id10()),
                now,
                Actor::User(user.id),
                "session.began",
                journal::subject("session", session.id),
                passkey.map_or(Value::Null, |passkey| json!({ "passkey": passkey })),
            ),
            session,
        }
    }

    pub(super) fn commit(&self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        tx.insert(&self.session)?;
        tx.insert(&self.token)?;
        journal::record(tx, &self.entry)
    }
}

/// The user of that name or e-mail address.
pub async fn find_by_name(app: &App, name: &str) -> Result<Option<User>, DbError> {
    if name.len() > limits::EMAIL_CHARS_MAX {
        return Ok(None);
    }
    let found = find(app, &credentials::key(name)).await?;
    Ok(found.map(Versioned::into_inner))
}

/// What a user is called; `None` when there is no such user (any more).
pub async fn name_of(db: &Db, user: UserId) -> Result<Option<String>, DbError> {
    let user = db.get::<User>(&user.to_string()).await?;
    Ok(user.map(|user| user.into_inner().username))
}

/// `key` is a normalised user name or e-mail address; only the latter have an `@`.
async fn find(app: &App, key: &str) -> Result<Option<Versioned<User>>, DbError> {
    let index = if key.contains('@') {
        "by_email"
    } else {
        "by_username"
    };
    let found = app.db.list(&Query::on(index).eq(key).limit(1)).await?;
    Ok(found.into_iter().next())
}

pub(super) fn refresh_expiry(app: &App, now: Timestamp) -> Timestamp {
    let days = i64::try_from(app.config.refresh_ttl_days).unwrap_or(i64::MAX);
    now.plus_secs(days.saturating_mul(DAY_SECS))
}

pub(super) fn answer(
    app: &App,
    user: &User,
    session: SessionId,
    fresh: &FreshToken,
    now: Timestamp,
) -> LoginResponse {
    let caller = Caller::new(user.id, user.role, session);
    LoginResponse {
        access_token: app.tokens.issue(&caller, now),
        refresh_token: fresh.reveal().to_owned(),
        expires_in: app.tokens.ttl_secs(),
        user: user.view(),
    }
}
