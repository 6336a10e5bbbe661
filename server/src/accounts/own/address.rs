//! Another e-mail address: with the password, told to the old one, confirmed at the new one.

use shared::api::accounts::{ChangeEmailRequest, UserView};
use shared::ids::JournalId;

use crate::accounts::error::Error;
use crate::accounts::model::User;
use crate::accounts::one_time::{self, Purpose};
use crate::accounts::verify::Asked;
use crate::accounts::{credentials, password};
use crate::app::App;
use crate::notices::{Mail, Outgoing, preferences, set_preferences};
use crate::platform::db::Query;
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};
use crate::texts;

pub(super) async fn change(
    app: &App,
    caller: &Caller,
    wanted: ChangeEmailRequest,
) -> Result<UserView, Error> {
    let key = credentials::check_email(&wanted.email)?;
    let user = password::confirmed(app, caller, wanted.password).await?;
    if user.email_key == key {
        return Ok(user.view());
    }
    let now = app.clock.now();
    let wants = preferences(&app.db, &user.chooses_for()).await?;
    let mut moved = user.value.clone();
    wanted.email.trim().clone_into(&mut moved.email);
    moved.email_key.clone_from(&key);
    let asked = Asked::new(app, &moved, now);
    let journal_id = JournalId::new(now, app.entropy.id10());
    let name = user.username.clone();
    let told = Mail::AddressChanged { name };
    let told = Outgoing::new(
        app,
        format!("address_changed:{journal_id}"),
        &user.email,
        told,
        now,
    );
    let entry = journal::Entry::new(
        journal_id,
        now,
        Actor::User(user.id),
        "user.address_changed",
        journal::subject("user", user.id),
        serde_json::Value::Null,
    );
    app.db
        .write(move |tx| {
            let mut user = tx.get::<User>(&moved.id.to_string())?.ok_or(Error::Gone)?;
            if tx.count::<User>(&Query::on("by_email").eq(&key))? > 0 {
                return Err(Error::Taken(vec!["email"]));
            }
            user.email.clone_from(&moved.email);
            user.email_key.clone_from(&key);
            user.verified_at = None;
            tx.replace(&mut user)?;
            // Links to the old address open nothing any more.
            one_time::spend_all(tx, user.id, Purpose::Verify, now)?;
            one_time::spend_all(tx, user.id, Purpose::Reset, now)?;
            set_preferences(tx, &user.chooses_for(), wants)?;
            texts::follow_address(tx, user.id, &key)?;
            told.post(tx)?;
            asked.send(tx)?;
            journal::record(tx, &entry)?;
            Ok(user.view())
        })
        .await
}
