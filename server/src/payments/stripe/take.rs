//! A webhook of Stripe: stored once with the job that asks, answered at once (P2).

use axum::http::HeaderMap;
use serde_json::json;
use shared::api::payments::Provider;
use shared::ids::{JobId, PaymentId};

use super::account::Account;
use super::ask::ASK;
use super::signature::{header, verify};
use super::wire::{About, Event, is_id};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::jobs::PAY_BACK;
use crate::payments::ledger::Refund;
use crate::payments::model::{Delivery, Outcome, Payment, provider_key};
use crate::payments::webhook::Received;
use crate::platform::db::Tx;
use crate::platform::jobs::{self, NewJob, Priority};

/// A body that is kept for whoever must look into it.
const BODY_BYTES_MAX: usize = 64 * 1024;

pub(super) async fn take(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Received, Error> {
    let now = app.clock.now();
    // Nobody can sign for an account that this server does not have.
    let account = Account::of(&app.config);
    let signed = account.is_some_and(|account| {
        header(headers)
            .is_some_and(|header| verify(account.webhook_secret, header, body, now).is_ok())
    });
    if !signed {
        let provider = provider_key(Provider::Stripe);
        metrics::counter!("payment_webhooks_refused_total", "provider" => provider).increment(1);
        return Err(Error::BadSignature);
    }
    let event: Event = serde_json::from_slice(body).map_err(|_| Error::BadDelivery)?;
    let kept = &body[..body.len().min(BODY_BYTES_MAX)];
    note(app, event, String::from_utf8_lossy(kept).into_owned()).await
}

/// Takes an event, however it came.
pub(super) async fn note(app: &App, event: Event, body: String) -> Result<Received, Error> {
    if !is_id(&event.id) {
        return Err(Error::BadDelivery);
    }
    let is_live = Account::of(&app.config).is_some_and(|account| account.is_live());
    // A test's money is none; another account's is not ours.
    if event.livemode != is_live || event.account.is_some() {
        return Ok(Received::New(Outcome::Unknown));
    }
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    app.db
        .write(move |tx| {
            let key = Delivery::key(Provider::Stripe, &event.id);
            if tx.get::<Delivery>(&key)?.is_some() {
                return Ok(Received::Again);
            }
            let Some((payment, job)) = asked(tx, &event, job, now)? else {
                return Ok(Received::New(Outcome::Unknown));
            };
            tx.insert(&Delivery {
                provider: Provider::Stripe,
                delivery: event.id.clone(),
                payment,
                outcome: Outcome::Known,
                body: body.clone(),
                received_at: now,
            })?;
            jobs::enqueue(tx, job.priority(Priority::High))?;
            Ok(Received::New(Outcome::Known))
        })
        .await
}

/// The payment that the event is about, and the job that asks; nothing for what is not ours.
fn asked(
    tx: &mut Tx<'_>,
    event: &Event,
    job: JobId,
    now: shared::time::Timestamp,
) -> Result<Option<(PaymentId, NewJob)>, Error> {
    match event.about() {
        About::Payment(id, session) => {
            let payment = tx.get::<Payment>(&id.to_string())?;
            let ours = payment.filter(|payment| payment.provider == Provider::Stripe);
            let payload = json!({ "paymentId": id, "session": session });
            Ok(ours.map(|payment| (payment.id, NewJob::new(job, ASK, payload, now))))
        }
        About::Refund(id) => {
            let refund = tx.get::<Refund>(&id.to_string())?;
            let ours = refund.filter(|refund| refund.provider == Provider::Stripe);
            let payload = json!({ "refundId": id });
            Ok(ours.map(|refund| (refund.payment_id, NewJob::new(job, PAY_BACK, payload, now))))
        }
        About::Dispute => {
            tracing::warn!(event.id = event.id, "a payer disputes a charge at stripe");
            metrics::counter!("payment_disputes_total", "provider" => "stripe").increment(1);
            Ok(None)
        }
        About::Nothing => Ok(None),
    }
}
