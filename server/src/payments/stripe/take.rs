//! A webhook of Stripe: stored once with the job that asks, answered at once (P2).

use axum::http::HeaderMap;
use serde_json::json;
use shared::api::payments::Provider;
use shared::ids::{JobId, MerchantId, OrganizationId, PaymentId};
use shared::time::Timestamp;

use super::account::Account;
use super::ask::ASK;
use super::audit::AUDIT;
use super::model::Session;
use super::signature::{header, verify};
use super::wire::{About, Event, is_id};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::jobs::PAY_BACK;
use crate::payments::ledger::Refund;
use crate::payments::merchants;
use crate::payments::model::{Delivery, Outcome, Payment, provider_key};
use crate::payments::webhook::Received;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs::{self, NewJob, Priority};

/// A body that is kept for whoever must look into it.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Comes to the server's own address, or to an organization's: only accounts of that one may sign.
pub(super) async fn take(
    app: &App,
    of: Option<OrganizationId>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Received, Error> {
    let now = app.clock.now();
    // Nobody can sign for an account that is not there.
    let accounts = match of {
        None => Account::of_server(&app.config).into_iter().collect(),
        Some(organization) => all_of(app, organization).await?,
    };
    let signed = header(headers).and_then(|header| {
        let mut accounts = accounts.iter();
        accounts.find(|account| verify(&account.webhook_secret, header, body, now).is_ok())
    });
    let Some(account) = signed else {
        let provider = provider_key(Provider::Stripe);
        metrics::counter!("payment_webhooks_refused_total", "provider" => provider).increment(1);
        return Err(Error::BadSignature);
    };
    let event: Event = serde_json::from_slice(body).map_err(|_| Error::BadDelivery)?;
    let kept = &body[..body.len().min(BODY_BYTES_MAX)];
    let kept = String::from_utf8_lossy(kept).into_owned();
    note(app, account, event, kept).await
}

async fn all_of(app: &App, organization: OrganizationId) -> Result<Vec<Account>, Error> {
    let all = merchants::all_keys(app, organization, Provider::Stripe).await?;
    let account = |(id, keys)| Account::with(&app.config, Some(id), keys);
    Ok(all.into_iter().filter_map(account).collect())
}

/// Takes an event of the account, however it came.
pub(super) async fn note(
    app: &App,
    account: &Account,
    event: Event,
    body: String,
) -> Result<Received, Error> {
    if !is_id(&event.id) {
        return Err(Error::BadDelivery);
    }
    // A test's money is none; another account's is not ours.
    if event.livemode != account.is_live() || event.account.is_some() {
        return Ok(Received::New(Outcome::Unknown));
    }
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    let merchant = account.merchant;
    app.db
        .write(move |tx| {
            let delivery = merchants::delivery(merchant, &event.id);
            let key = Delivery::key(Provider::Stripe, &delivery);
            if tx.get::<Delivery>(&key)?.is_some() {
                return Ok(Received::Again);
            }
            let Some(Asked { payment, job }) = asked(tx, merchant, &event, job, now)? else {
                return Ok(Received::New(Outcome::Unknown));
            };
            // What is not known to be ours leaves nothing but its one question, which can wait: an
            // organization signs for its own account whatever it likes.
            let priority = match payment {
                Some(_) => Priority::High,
                None => Priority::Low,
            };
            if let Some(payment) = payment {
                tx.insert(&Delivery {
                    provider: Provider::Stripe,
                    delivery,
                    payment,
                    outcome: Outcome::Known,
                    body: body.clone(),
                    received_at: now,
                })?;
            }
            jobs::enqueue(tx, job.priority(priority))?;
            Ok(Received::New(Outcome::Known))
        })
        .await
}

/// The payment that an event is about, where that is known, and the job that asks.
struct Asked {
    payment: Option<PaymentId>,
    job: NewJob,
}

/// Nothing for what is not this account's.
fn asked(
    tx: &mut Tx<'_>,
    merchant: Option<MerchantId>,
    event: &Event,
    job: JobId,
    now: Timestamp,
) -> Result<Option<Asked>, Error> {
    let asked = |payment: &Payment, kind, payload| Asked {
        payment: Some(payment.id),
        job: NewJob::new(job, kind, payload, now),
    };
    match event.about() {
        About::Payment(id, session) => {
            let payload = json!({ "paymentId": id, "session": session });
            let ours = own(tx, merchant, id)?;
            Ok(ours.map(|payment| asked(&payment, ASK, payload)))
        }
        About::Refund(id) => {
            let Some(refund) = tx.get::<Refund>(&id.to_string())? else {
                return Ok(None);
            };
            let payload = json!({ "refundId": id });
            let ours = own(tx, merchant, refund.payment_id)?;
            Ok(ours.map(|payment| asked(&payment, PAY_BACK, payload)))
        }
        About::Intent(intent, payment) => {
            let payment = match payment {
                Some(id) => own(tx, merchant, id)?,
                None => by_intent(tx, merchant, &intent)?,
            };
            let payload = json!({ "intent": intent, "account": merchant });
            Ok(Some(match payment {
                Some(payment) => {
                    let payload = json!({ "paymentId": payment.id });
                    asked(&payment, AUDIT, payload)
                }
                // Stripe is asked whose it is: this may have come before all else of the payment.
                None => Asked {
                    payment: None,
                    job: NewJob::new(job, AUDIT, payload, now).dedupe(format!("audit:{intent}")),
                },
            }))
        }
        About::Nothing => Ok(None),
    }
}

/// The payment, if it is the account's: what one organization's account signs is about no other's.
fn own(
    tx: &mut Tx<'_>,
    merchant: Option<MerchantId>,
    id: PaymentId,
) -> Result<Option<Payment>, DbError> {
    let payment = tx.get::<Payment>(&id.to_string())?;
    let ours =
        |payment: &Payment| payment.provider == Provider::Stripe && payment.account == merchant;
    Ok(payment.map(|payment| payment.value).filter(ours))
}

pub(super) fn by_intent(
    tx: &mut Tx<'_>,
    merchant: Option<MerchantId>,
    intent: &str,
) -> Result<Option<Payment>, DbError> {
    let query = Query::on("by_intent").eq(intent).limit(1);
    match tx.list::<Session>(&query)?.first() {
        Some(session) => own(tx, merchant, session.payment),
        None => Ok(None),
    }
}
