//! Making an account (A1).

use shared::api::accounts::{RegisterRequest, Role, UserView};
use shared::ids::{JournalId, UserId};
use zeroize::Zeroizing;

use super::credentials;
use super::error::Error;
use super::model::User;
use super::verify::Asked;
use crate::app::App;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::journal::{self, Actor};

/// What every account begins as.
pub async fn register(app: &App, request: RegisterRequest) -> Result<UserView, Error> {
    create(app, request, Role::Attendee, None).await
}

/// An account with any role, made by `actor`; by itself when there is none.
pub async fn create(
    app: &App,
    request: RegisterRequest,
    role: Role,
    actor: Option<Actor>,
) -> Result<UserView, Error> {
    let password = Zeroizing::new(request.password);
    let identity = credentials::check(&request.email, &request.username, &password)?;
    let now = app.clock.now();
    let user = User {
        id: UserId::new(now, app.entropy.id10()),
        email: identity.email,
        email_key: identity.email_key,
        username: identity.username,
        username_key: identity.username_key,
        password_hash: app.passwords.hash(password).await?,
        role,
        created_at: now,
        verified_at: None,
        display_name: None,
        erased_at: None,
    };
    let asked = Asked::new(app, &user, now);
    let view = user.view();
    let entry = journal::Entry::new(
        JournalId::new(now, app.entropy.id10()),
        now,
        actor.unwrap_or(Actor::User(user.id)),
        "user.created",
        journal::subject("user", user.id),
        serde_json::json!({ "role": role }),
    );
    app.db
        .write(move |tx| {
            let taken = taken(tx, &user)?;
            if !taken.is_empty() {
                return Err(Error::Taken(taken));
            }
            tx.insert(&user).map_err(taken_meanwhile)?;
            asked.send(tx)?;
            journal::record(tx, &entry)?;
            Ok(())
        })
        .await?;
    tracing::info!(user.id = %view.id, "account created");
    Ok(view)
}

fn taken(tx: &mut Tx<'_>, user: &User) -> Result<Vec<&'static str>, DbError> {
    let mut taken = Vec::new();
    if tx.count::<User>(&Query::on("by_email").eq(&user.email_key))? > 0 {
        taken.push("email");
    }
    if tx.count::<User>(&Query::on("by_username").eq(&user.username_key))? > 0 {
        taken.push("username");
    }
    Ok(taken)
}

/// Somebody else was faster, in another transaction.
fn taken_meanwhile(error: DbError) -> Error {
    if error.is_duplicate_of("by_email") {
        Error::Taken(vec!["email"])
    } else if error.is_duplicate_of("by_username") {
        Error::Taken(vec!["username"])
    } else {
        error.into()
    }
}
