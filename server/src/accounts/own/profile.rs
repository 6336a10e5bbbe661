//! Names that others see.

use shared::api::accounts::{UpdateProfile, UserView};
use shared::limits::NAME_CHARS_MAX;

use crate::accounts::credentials;
use crate::accounts::error::Error;
use crate::accounts::model::User;
use crate::app::App;
use crate::platform::db::Query;
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;

pub(super) async fn show(app: &App, caller: &Caller) -> Result<UserView, Error> {
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    // A token can outlive its account by minutes.
    Ok(user.ok_or(Error::Gone)?.view())
}

pub(super) async fn update(
    app: &App,
    caller: &Caller,
    wanted: UpdateProfile,
) -> Result<UserView, Error> {
    let username = match &wanted.username {
        Some(name) => Some((name.trim().to_owned(), credentials::check_username(name)?)),
        None => None,
    };
    let display_name = wanted
        .display_name
        .as_deref()
        .map(checked_name)
        .transpose()?;
    let id = caller.user.to_string();
    app.db
        .write(move |tx| {
            let mut user = tx.get::<User>(&id)?.ok_or(Error::Gone)?;
            if let Some((name, key)) = &username {
                let query = Query::on("by_username").eq(key);
                if user.username_key != *key && tx.count::<User>(&query)? > 0 {
                    return Err(Error::Taken(vec!["username"]));
                }
                user.username.clone_from(name);
                user.username_key.clone_from(key);
            }
            if let Some(name) = &display_name {
                user.display_name = Some(name.clone()).filter(|name| !name.is_empty());
            }
            tx.replace(&mut user)?;
            Ok(user.view())
        })
        .await
}

fn checked_name(name: &str) -> Result<String, Error> {
    let mut fields = Fields::default();
    let name = fields.line("displayName", name, 0, NAME_CHARS_MAX);
    fields.done(name).map_err(|Invalid(fields)| {
        let fields = fields.into_iter();
        Error::Invalid(fields.map(|(_, why)| ("displayName", why)).collect())
    })
}
