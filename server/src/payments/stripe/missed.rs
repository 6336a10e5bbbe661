//! Events that no webhook of ours took: after an outage Stripe still has them.

use serde_json::json;
use shared::api::payments::Provider;

use super::account::Account;
use super::take::note;
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::merchants;
use crate::platform::db::{DbError, Meta};

/// When the events were last read.
const READ_AT: &str = "stripe.events_read_at";
const PERIOD_SECS: i64 = 20;
/// Pages of a hundred in one go.
const PAGES_MAX: u32 = 20;

/// Takes what was missed, if it is time to look; gives how many events were new.
pub async fn ask_missed(app: &App) -> Result<usize, Error> {
    let mut new = 0;
    if let Some(account) = Account::of_server(&app.config)
        && is_time(app).await?
    {
        new += missed_by(app, &account).await?;
    }
    for merchant in merchants::due(app, Provider::Stripe).await? {
        // One organization's wrong keys are not the others' trouble.
        let read = match Account::of(app, Some(merchant)).await {
            Ok(account) => missed_by(app, &account).await,
            Err(error) => Err(error),
        };
        match read {
            Ok(found) => new += found,
            Err(error) => {
                tracing::warn!(merchant.id = %merchant, error = %error, "stripe does not tell of missed events");
            }
        }
    }
    Ok(new)
}

async fn missed_by(app: &App, account: &Account) -> Result<usize, Error> {
    let mut new = 0;
    let mut behind: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let page = account.missed(app, behind.as_deref()).await?;
        behind = page.data.last().map(|event| event.id.clone());
        for event in page.data {
            let body = json!({ "id": event.id, "type": event.kind }).to_string();
            match note(app, account, event, body).await {
                Ok(crate::payments::Received::New(_)) => new += 1,
                Ok(crate::payments::Received::Again) | Err(Error::BadDelivery) => {}
                Err(error) => return Err(error),
            }
        }
        if !page.has_more || behind.is_none() {
            break;
        }
    }
    Ok(new)
}

/// One look per period, whoever comes first.
async fn is_time(app: &App) -> Result<bool, Error> {
    let now = app.clock.now();
    let due = move |last: Option<i64>| last.is_none_or(|last| now.as_secs() >= last + PERIOD_SECS);
    let stored = app.db.get::<Meta>(READ_AT).await?;
    if !due(stored.and_then(|fact| fact.value.value.as_i64())) {
        return Ok(false);
    }
    let fact = Meta {
        key: READ_AT.to_owned(),
        value: now.as_secs().into(),
    };
    let took = app.db.write(move |tx| {
        match tx.get::<Meta>(READ_AT)? {
            Some(mut stored) if due(stored.value.value.as_i64()) => {
                stored.value.value = fact.value.clone();
                tx.replace(&mut stored)?;
            }
            Some(_) => return Ok(false),
            None => {
                tx.insert(&fact)?;
            }
        }
        Ok::<_, DbError>(true)
    });
    Ok(took.await?)
}
