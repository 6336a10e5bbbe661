//! Sending texts.

use anyhow::Context as _;
use serde_json::json;
use shared::ids::JobId;
use shared::time::Timestamp;

use super::model::{Phone, Says, Status, Text};
use super::phone::code;
use super::provider::{Failure, Sms};
use crate::app::{App, AppState};
use crate::platform::db::{DbError, Versioned};
use crate::platform::jobs::{NewJob, Runner, fatal, not_now};

/// One text of the outbox: `{"text": …}`.
const SEND: &str = "texts.send";
/// News that are older help nobody.
const GIVE_UP_AFTER_SECS: i64 = 6 * 3_600;

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(SEND, |app, payload| async move {
        let text = payload["text"].as_str().context("no text")?;
        send_one(&app, text).await
    });
}

pub(super) fn send(job: JobId, text: &str, at: Timestamp) -> NewJob {
    NewJob::new(job, SEND, json!({ "text": text }), at)
}

async fn send_one(app: &App, id: &str) -> anyhow::Result<()> {
    let Some(text) = app.db.get::<Text>(id).await? else {
        // Its reader's data was erased meanwhile.
        return Ok(());
    };
    if !matches!(text.status, Status::Waiting | Status::Refused) {
        return Ok(());
    }
    let Some(provider) = &app.sms else {
        // One was there when the number was confirmed.
        return Ok(end(app, text, Status::Refused).await?);
    };
    let phone = app.db.get::<Phone>(&text.user.to_string()).await?;
    let Some((phone, words)) = phone.and_then(|phone| says(app, &phone, &text)) else {
        return Ok(end(app, text, Status::Unwanted).await?);
    };
    let breaker = &app.breakers.sms;
    let now = app.clock.now();
    if now.millis_since(text.created_at) > GIVE_UP_AFTER_SECS * 1_000 {
        end(app, text, Status::Refused).await?;
        return Err(fatal("the text is too old to be of use"));
    }
    if let Err(away) = breaker.admit(now) {
        return Err(not_now(
            away.wait_secs(now),
            "the provider of texts is left alone",
        ));
    }
    let sms = Sms {
        to: &phone,
        words: &words,
        reference: text.reference(),
    };
    let sent = provider.send(sms).await;
    match &sent {
        Err(Failure::Later(_)) => breaker.failed(app.clock.now()),
        Ok(()) | Err(Failure::Never(_)) => breaker.answered(),
    }
    match sent {
        Ok(()) => {
            metrics::counter!("texts_total", "outcome" => "sent").increment(1);
            Ok(end(app, text, Status::Sent).await?)
        }
        Err(Failure::Later(why)) => {
            metrics::counter!("texts_total", "outcome" => "later").increment(1);
            anyhow::bail!(why)
        }
        Err(Failure::Never(why)) => {
            metrics::counter!("texts_total", "outcome" => "refused").increment(1);
            end(app, text, Status::Refused).await?;
            Err(fatal(why))
        }
    }
}

/// To which number, and what; `None` when it is not to be sent any more.
fn says(app: &App, phone: &Phone, text: &Text) -> Option<(String, String)> {
    let words = match &text.says {
        Says::Words { words } => phone.confirmed_at.map(|_| words.clone())?,
        Says::Code { nonce } => {
            phone.asked.as_ref().filter(|asked| asked.nonce == *nonce)?;
            let code = code(&app.vault, phone.user, nonce);
            format!("{code} is your code for {}.", app.config.public_url)
        }
    };
    Some((phone.number.clone(), words))
}

async fn end(app: &App, mut text: Versioned<Text>, status: Status) -> Result<(), DbError> {
    text.status = status;
    app.db.write(move |tx| tx.replace(&mut text.clone())).await
}
