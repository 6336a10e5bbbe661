//! All that is stored about a person, in one document.

use shared::api::accounts::{JournalLine, MailHeading, PersonalData, SessionView};
use shared::time::Timestamp;

use crate::accounts::error::Error;
use crate::accounts::model::{Session, User};
use crate::accounts::one_time::{OneTime, Purpose};
use crate::accounts::passkeys;
use crate::app::App;
use crate::invoices;
use crate::notices;
use crate::orders;
use crate::platform::db::{DbError, LIMIT_MAX, Query};
use crate::platform::http::Caller;
use crate::platform::journal;
use crate::texts;
use crate::tickets::{self, transfer};
use crate::waitlist;

pub(super) async fn export(app: &App, caller: &Caller) -> Result<PersonalData, Error> {
    let db = &app.db;
    let user = db.get::<User>(&caller.user.to_string()).await?;
    let user = user.ok_or(Error::Gone)?;
    // What was bought as a guest since the address was confirmed is told too.
    orders::adopt(app, user.id).await?;
    let sessions = Query::on("by_user").eq(user.id).limit(LIMIT_MAX);
    let sessions = db.list::<Session>(&sessions).await?;
    let lines = Query::on("by_subject")
        .eq(journal::subject("user", user.id))
        .limit(LIMIT_MAX);
    let lines = db.list::<journal::Entry>(&lines).await?;
    Ok(PersonalData {
        account: user.view(),
        preferences: notices::preferences(db, &user.chooses_for()).await?,
        phone: texts::phone_of(db, user.id).await?,
        invoicing: invoices::export(db, user.id).await?,
        sessions: sessions
            .iter()
            .map(|session| SessionView {
                id: session.id,
                created_at: session.created_at,
                expires_at: session.expires_at,
                ended_at: session.ended.map(|ended| ended.at),
            })
            .collect(),
        passkeys: passkeys::list(db, user.id).await?,
        orders: orders::export(db, user.id, app.clock.now()).await?,
        tickets: tickets::export(db, user.id).await?,
        transfers: transfer::export(db, user.id, app.clock.now()).await?,
        waits: waitlist::export(db, user.id).await?,
        mails: mails(app, &user)
            .await?
            .into_iter()
            .map(|(subject, created_at)| MailHeading {
                subject,
                created_at,
            })
            .collect(),
        journal: lines
            .into_iter()
            .map(|line| JournalLine {
                at: line.at,
                action: line.value.action,
            })
            .collect(),
    })
}

/// Those to its address; while that is not confirmed, those alone that ask to confirm it.
async fn mails(app: &App, user: &User) -> Result<Vec<(String, Timestamp)>, DbError> {
    if user.verified_at.is_some() {
        return notices::headings(app, &user.email_key).await;
    }
    let asked = Query::on("by_user")
        .eq(user.id)
        .eq(Purpose::Verify.name())
        .limit(LIMIT_MAX);
    let asked = app.db.list::<OneTime>(&asked).await?;
    let names: Vec<_> = asked.iter().map(|token| token.mail()).collect();
    notices::headings_named(app, &names).await
}
