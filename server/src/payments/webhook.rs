//! What gateways tell us (P2). The signature is checked over the raw bytes before anything else;
//! the delivery goes into the inbox in the commit of its effect.

use axum::http::HeaderMap;
use shared::api::payments::{PaymentStatus, Provider};
use shared::time::Timestamp;

use super::demo::{self, Told, signature};
use super::error::Error;
use super::fulfil::{Draws, Held, Standing, fulfil};
use super::model::{Delivery, Outcome, Payment, Step, provider_key};
use crate::app::App;
use crate::platform::db::Tx;

/// Whether a delivery was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    New(Outcome),
    Again,
}

/// A delivery of the demo gateway, as it came.
pub async fn receive(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Received, Error> {
    let now = app.clock.now();
    let secret = demo::secret(app).await?;
    let signed = signature::header(headers)
        .is_some_and(|header| signature::verify(&secret, header, body, now).is_ok());
    if !signed {
        let provider = provider_key(Provider::Demo);
        metrics::counter!("payment_webhooks_refused_total", "provider" => provider).increment(1);
        return Err(Error::BadSignature);
    }
    let told: Told = serde_json::from_slice(body).map_err(|_| Error::BadDelivery)?;
    let body = String::from_utf8_lossy(body).into_owned();
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| take(tx, &told, &body, &draws, now))
        .await
}

fn take(
    tx: &mut Tx<'_>,
    told: &Told,
    body: &str,
    draws: &Draws,
    now: Timestamp,
) -> Result<Received, Error> {
    let key = Delivery::key(Provider::Demo, &told.id);
    if tx.get::<Delivery>(&key)?.is_some() {
        return Ok(Received::Again);
    }
    let outcome = effect(tx, told, draws, now)?;
    tx.insert(&Delivery {
        provider: Provider::Demo,
        delivery: told.id.clone(),
        payment: told.reference,
        outcome,
        body: body.to_owned(),
        received_at: now,
    })?;
    Ok(Received::New(outcome))
}

fn effect(tx: &mut Tx<'_>, told: &Told, draws: &Draws, now: Timestamp) -> Result<Outcome, Error> {
    let Some(mut payment) = tx.get::<Payment>(&told.reference.to_string())? else {
        return Ok(Outcome::Unknown);
    };
    if payment.provider != Provider::Demo {
        return Ok(Outcome::Unknown);
    }
    match told.kind {
        demo::TellKind::Paid => {
            let held = Held {
                total: told.amount,
                standing: Standing::Paid,
            };
            fulfil(tx, &mut payment, held, draws, now)
        }
        demo::TellKind::Declined if payment.status == PaymentStatus::Pending => {
            payment.apply(Step::GiveUp, now)?;
            tx.replace(&mut payment)?;
            Ok(Outcome::GivenUp)
        }
        demo::TellKind::Declined => Ok(Outcome::Known),
    }
}
