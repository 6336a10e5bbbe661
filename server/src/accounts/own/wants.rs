//! Which mails an account wants.

use shared::api::notices::Preferences;

use crate::accounts::error::Error;
use crate::accounts::model::User;
use crate::app::App;
use crate::notices;
use crate::platform::http::Caller;

pub(super) async fn show(app: &App, caller: &Caller) -> Result<Preferences, Error> {
    let user = app.db.get::<User>(&caller.user.to_string()).await?;
    let key = user.ok_or(Error::Gone)?.chooses_for();
    Ok(notices::preferences(&app.db, &key).await?)
}

pub(super) async fn choose(app: &App, caller: &Caller, wanted: Preferences) -> Result<(), Error> {
    let id = caller.user.to_string();
    app.db
        .write(move |tx| {
            let user = tx.get::<User>(&id)?.ok_or(Error::Gone)?;
            Ok(notices::set_preferences(tx, &user.chooses_for(), wanted)?)
        })
        .await
}
