//! The end of an account: what names a person goes, the books stay (A7, ADR 0030).
//!
//! The account itself goes in the commit of the request; orders and tickets follow in a job, which
//! comes again when the last event is over that the person has a ticket for.

use anyhow::Context as _;
use serde_json::json;
use shared::api::accounts::ErasureView;
use shared::ids::{JobId, JournalId, UserId};
use shared::time::Timestamp;

use crate::accounts::error::Error;
use crate::accounts::model::{EndReason, User};
use crate::accounts::one_time::OneTime;
use crate::accounts::{keys, passkeys, password, second_factor, session};
use crate::app::{App, AppState};
use crate::gate;
use crate::hooks;
use crate::invoices;
use crate::notices;
use crate::orders;
use crate::organizations;
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob, Runner};
use crate::platform::journal::{self, Actor};
use crate::texts;
use crate::tickets::{self, transfer};
use crate::waitlist;

const ERASE: &str = "accounts.erase";
/// What was handed out late in the night is entered, and the gates have synced.
const AFTER_END_SECS: i64 = 24 * 3_600;

pub(in crate::accounts) fn register(runner: &mut Runner<AppState>) {
    runner.register(ERASE, |app, payload| async move {
        let user = payload["user"].as_str().context("no user")?;
        erase_rest(&app, user.parse()?).await?;
        Ok(())
    });
}

pub(super) async fn erase(
    app: &App,
    caller: &Caller,
    password: String,
) -> Result<ErasureView, Error> {
    let user = password::confirmed(app, caller, password).await?.id;
    let now = app.clock.now();
    // What was bought as a guest with the same address goes with it.
    orders::adopt(app, user).await?;
    let until = tickets::names_needed_until(&app.db, user, now).await?;
    let journal_ids = [0; 2].map(|_| JournalId::new(now, app.entropy.id10()));
    let job = job(app, user, now, now);
    app.db
        .write(move |tx| {
            let Some(stored) = tx.get::<User>(&user.to_string())? else {
                return Err(Error::Gone);
            };
            if orders::has_open(tx, user, now)? {
                return Err(Error::OrdersOpen);
            }
            erase_mails(tx, &stored)?;
            let query = Query::on("by_user").eq(user).limit(LIMIT_MAX);
            for token in tx.list::<OneTime>(&query)? {
                tx.delete(&token)?;
            }
            keys::remove_all(tx, user)?;
            hooks::remove_all(tx, user)?;
            second_factor::remove(tx, user)?;
            passkeys::remove_all(tx, user)?;
            texts::erase(tx, user)?;
            invoices::erase(tx, user)?;
            organizations::leave_all(tx, user)?;
            gate::leave_staff(tx, user)?;
            if stored.verified_at.is_some() {
                // Whoever never confirmed an address has no say about what is offered to it.
                transfer::erase_received(tx, &stored.email_key, now)?;
            }
            session::end_all(tx, user, None, EndReason::Erased, journal_ids[0], now)?;
            erase_account(tx, stored, now)?;
            let entry = journal::Entry::new(
                journal_ids[1],
                now,
                Actor::User(user),
                "user.erased",
                journal::subject("user", user),
                serde_json::Value::Null,
            );
            journal::record(tx, &entry)?;
            Ok(jobs::enqueue(tx, job.clone())?)
        })
        .await?;
    tracing::info!(user.id = %user, "account erased");
    Ok(ErasureView {
        tickets_keep_names_until: until.map(|end| end.plus_secs(AFTER_END_SECS)),
    })
}

/// Those to its address; while that is not confirmed, those alone that open its own links: others may
/// be somebody else's, and on their way.
fn erase_mails(tx: &mut Tx<'_>, user: &User) -> Result<(), DbError> {
    if user.verified_at.is_some() {
        return notices::erase(tx, &user.email_key);
    }
    let query = Query::on("by_user").eq(user.id).limit(LIMIT_MAX);
    let tokens = tx.list::<OneTime>(&query)?;
    let names: Vec<_> = tokens.iter().map(|token| token.mail()).collect();
    notices::erase_named(tx, &names)?;
    notices::erase_preferences(tx, &user.chooses_for())
}

/// The row stays, because orders and events point to it; nothing in it names anybody.
fn erase_account(
    tx: &mut Tx<'_>,
    mut user: Versioned<User>,
    now: Timestamp,
) -> Result<(), DbError> {
    let name = format!("erased-{}", user.id);
    let address = format!("{name}@invalid");
    user.email.clone_from(&address);
    user.email_key = address;
    user.username_key.clone_from(&name);
    user.username = name;
    user.password_hash.clear();
    user.display_name = None;
    user.verified_at = None;
    user.erased_at = Some(now);
    tx.replace(&mut user)
}

fn job(app: &App, user: UserId, now: Timestamp, at: Timestamp) -> NewJob {
    let id = JobId::new(now, app.entropy.id10());
    let job = NewJob::new(id, ERASE, json!({ "user": user }), now).run_at(at);
    job.dedupe(format!("{ERASE}:{user}"))
}

async fn erase_rest(app: &App, user: UserId) -> Result<(), DbError> {
    let now = app.clock.now();
    // What ended within the day is still looked at.
    let judged = now.plus_secs(-AFTER_END_SECS);
    // First of all: who waits may get an order.
    waitlist::erase(&app.db, user).await?;
    transfer::erase(&app.db, user, now).await?;
    orders::erase(&app.db, user).await?;
    tickets::erase(&app.db, user, judged).await?;
    let Some(until) = tickets::names_needed_until(&app.db, user, judged).await? else {
        return Ok(());
    };
    let again = job(app, user, now, until.plus_secs(AFTER_END_SECS));
    app.db
        .write(move |tx| jobs::enqueue(tx, again.clone()))
        .await
}
