//! Telling the shop: a signed POST to its webhook, until it answers 2xx.

use anyhow::Context as _;
use axum::http::header::CONTENT_TYPE;

use super::error::Error;
use super::model::{Link, Telling};
use super::{secret, signature};
use crate::app::{App, AppState};
use crate::platform::jobs::{Runner, fatal};

/// Sends what is not acknowledged: `{"telling": …}`.
pub(super) const TELL: &str = "payments.demo.webhook";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(TELL, |app, payload| async move {
        let id = payload["telling"].as_str().context("no telling")?;
        match tell(&app, id).await {
            Ok(()) => Ok(()),
            Err(Error::NotFound) => Err(fatal("nothing to tell")),
            Err(error) => Err(error.into()),
        }
    });
}

/// One try, unless it was acknowledged before.
pub async fn tell(app: &App, id: &str) -> Result<(), Error> {
    let telling = app.db.get::<Telling>(id).await?.ok_or(Error::NotFound)?;
    if telling.acknowledged_at.is_some() {
        return Ok(());
    }
    let secret = secret(app).await?;
    let now = app.clock.now();
    let header = signature::sign(&secret, telling.body.as_bytes(), now);
    let url = format!("{}/api/v1/payments/webhook/demo", app.config.public_url);
    let answer = app
        .http
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(signature::HEADER, header)
        .body(telling.body.clone())
        .send()
        .await
        .map_err(|error| Error::NotAcknowledged(error.without_url().to_string()))?;
    if !answer.status().is_success() {
        return Err(Error::NotAcknowledged(answer.status().to_string()));
    }
    acknowledge(app, id).await
}

async fn acknowledge(app: &App, id: &str) -> Result<(), Error> {
    let now = app.clock.now();
    let id = id.to_owned();
    app.db
        .write(move |tx| {
            let mut telling = tx.get::<Telling>(&id)?.ok_or(Error::NotFound)?;
            if telling.acknowledged_at.is_some() {
                return Ok(());
            }
            telling.acknowledged_at = Some(now);
            tx.replace(&mut telling)?;
            if let Some(mut link) = tx.get::<Link>(&telling.link.to_string())? {
                link.told = true;
                tx.replace(&mut link)?;
            }
            Ok(())
        })
        .await
}
