//! The jobs: one message for each hook that listens, and the tries to deliver each.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::api::hooks::{HookKind, HookMessageStatus, HookTry};
use shared::ids::{EventId, HookId, HookMessageId, JobId};
use shared::time::Timestamp;

use super::model::{Hook, HookMessage, NEEDS, scope};
use super::{address, sign};
use crate::app::{App, AppState};
use crate::events::{model::Event, user_may_in};
use crate::gate::Alert;
use crate::orders::model::Order;
use crate::payments::disputes::Dispute;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs::{self, NewJob, Runner};
use crate::tickets::transfer::Transfer;

/// Makes a message for each hook that listens.
pub(super) const FAN_OUT: &str = "hooks.fan_out";
/// Tries to deliver a message: `{"messageId": …}`.
pub(super) const DELIVER: &str = "hooks.deliver";
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Announced {
    kind: HookKind,
    event_id: EventId,
    subject: String,
    at: Timestamp,
}

pub fn register_jobs(runner: &mut Runner<AppState>) {
    runner.register(FAN_OUT, |app, payload| async move {
        let announced = serde_json::from_value(payload).context("not an announcement")?;
        fan_out(&app, announced).await
    });
    runner.register(DELIVER, |app, payload| async move {
        let id = payload["messageId"].as_str().context("no messageId")?;
        deliver(&app, id.parse().context("not a message id")?).await
    });
}

async fn fan_out(app: &App, announced: Announced) -> anyhow::Result<()> {
    let event = app.db.get::<Event>(&announced.event_id.to_string()).await?;
    let Some(event) = event else {
        return Ok(());
    };
    let data = data(app, &announced).await?;
    let body = json!({ "type": announced.kind, "timestamp": announced.at, "data": data });
    let body = body.to_string();
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            for of in [Some(announced.event_id), None] {
                let query = Query::on("by_scope").eq(scope(of, event.organizer_id));
                for hook in tx.list::<Hook>(&query)? {
                    if hook.hears(announced.kind) && user_may_in(tx, hook.owner, &event, NEEDS)? {
                        put(tx, &message(&hook, &announced, &body), now)?;
                    }
                }
            }
            Ok::<_, DbError>(())
        })
        .await?;
    Ok(())
}

/// Named after what it tells to whom: a job that runs twice makes it once.
fn message(hook: &Hook, announced: &Announced, body: &str) -> HookMessage {
    let Announced {
        kind, subject, at, ..
    } = announced;
    let text = format!("{}/{kind:?}/{subject}/{at}", hook.id);
    let hash = blake3::derive_key("gatehouse hook message", text.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    waiting(HookMessageId::new(*at, random), hook.id, *kind, body, *at)
}

pub(super) fn waiting(
    id: HookMessageId,
    hook: HookId,
    kind: HookKind,
    body: &str,
    at: Timestamp,
) -> HookMessage {
    HookMessage {
        id,
        hook,
        kind,
        body: body.to_owned(),
        created_at: at,
        status: HookMessageStatus::Waiting,
        round: 0,
        next_at: Some(at),
        tries: Vec::new(),
    }
}

/// Stores the message, if it is new, with the job of its first try.
pub(super) fn put(tx: &mut Tx<'_>, message: &HookMessage, now: Timestamp) -> Result<(), DbError> {
    if tx.get::<HookMessage>(&message.id.to_string())?.is_some() {
        return Ok(());
    }
    tx.insert(message)?;
    next_try(tx, message, now, now)
}

/// The next try, as a job named after the message and its round.
pub(super) fn next_try(
    tx: &mut Tx<'_>,
    message: &HookMessage,
    now: Timestamp,
    at: Timestamp,
) -> Result<(), DbError> {
    let text = format!("{}/{}/{now}", message.id, message.round);
    let hash = blake3::derive_key("gatehouse hook try", text.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    let payload = json!({ "messageId": message.id });
    let job = NewJob::new(JobId::new(now, random), DELIVER, payload, now).run_at(at);
    jobs::enqueue(tx, job.dedupe(format!("hook:{}", message.id)))
}

/// Ids, amounts and what gates and devices are called, as they are now.
async fn data(app: &App, announced: &Announced) -> anyhow::Result<Value> {
    let event = announced.event_id;
    Ok(match announced.kind {
        HookKind::OrderPaid | HookKind::OrderRefunded => {
            let order = app.db.get::<Order>(&announced.subject).await?;
            let order = order.context("no such order")?;
            json!({
                "eventId": event, "orderId": order.id, "total": order.total,
                "tickets": order.tickets.len(),
            })
        }
        HookKind::PaymentDisputed | HookKind::DisputeClosed => {
            let dispute = app.db.get::<Dispute>(&announced.subject).await?;
            let dispute = dispute.context("no such dispute")?;
            json!({
                "eventId": event, "disputeId": dispute.id, "orderId": dispute.order,
                "paymentId": dispute.payment, "amount": dispute.amount, "status": dispute.status,
            })
        }
        HookKind::TicketTransferred => {
            let transfer = app.db.get::<Transfer>(&announced.subject).await?;
            let transfer = transfer.context("no such transfer")?;
            json!({
                "eventId": event, "transferId": transfer.id, "claimedTicketId": transfer.ticket,
                "fromGeneration": transfer.from_generation, "toGeneration": transfer.to_generation,
            })
        }
        HookKind::GateAlert => {
            let alert = app.db.get::<Alert>(&announced.subject).await?;
            let alert = alert.context("no such alert")?;
            let live = format!("{}/events/{event}/live", app.config.public_url);
            json!({
                "eventId": event, "kind": alert.alert.kind, "at": alert.alert.at,
                "gateId": alert.alert.gate_id, "gate": alert.gate,
                "deviceId": alert.alert.device_id, "device": alert.device,
                "serial": alert.alert.serial, "message": alert.alert.message, "liveView": live,
            })
        }
        HookKind::EventCancelled | HookKind::Ping => json!({ "eventId": event }),
    })
}

/// One try. What comes of it is in the log; the next is a job of its own.
async fn deliver(app: &App, id: HookMessageId) -> anyhow::Result<()> {
    let Some(message) = app.db.get::<HookMessage>(&id.to_string()).await? else {
        return Ok(());
    };
    if message.status != HookMessageStatus::Waiting {
        return Ok(());
    }
    let Some(hook) = app.db.get::<Hook>(&message.hook.to_string()).await? else {
        // Nobody listens any more.
        return Ok(());
    };
    let outcome = send(app, &hook, &message).await;
    let round = message.round;
    let now = outcome.at;
    app.db
        .write(move |tx| {
            let Some(mut message) = tx.get::<HookMessage>(&id.to_string())? else {
                return Ok(());
            };
            if message.round != round || message.status != HookMessageStatus::Waiting {
                return Ok(());
            }
            let again = message.tried(outcome.clone());
            tx.replace(&mut message)?;
            match again {
                Some(at) => next_try(tx, &message, now, at),
                None => Ok(()),
            }
        })
        .await?;
    Ok(())
}

async fn send(app: &App, hook: &Hook, message: &HookMessage) -> HookTry {
    let sent = post(app, hook, message).await;
    let (status, error) = match sent {
        Ok(status) => (Some(status), None),
        Err(why) => (None, Some(why)),
    };
    HookTry {
        at: app.clock.now(),
        status,
        error,
    }
}

/// The status that the address answered, or why there is none. The answer's body is not read.
async fn post(app: &App, hook: &Hook, message: &HookMessage) -> Result<u16, String> {
    let private_too = app.config.hooks.to_private_addresses;
    let url = Url::parse(&hook.url).map_err(|_| "it is not an address")?;
    let found = address::resolve(&url, private_too).await?;
    let secret = app.vault.unwrap(&hook.context(), &hook.secret);
    let secret = secret.map_err(|_| "its secret cannot be read")?;
    let id = message.id.to_string();
    let at = app.clock.now().as_secs();
    let signature = sign::signature(&secret, &id, at, &message.body);
    // A client of its own: it connects to what was checked and to nothing else.
    let client = reqwest::Client::builder()
        .user_agent(concat!("gatehouse/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs(url.host_str().unwrap_or_default(), &found)
        .build()
        .map_err(|_| "no client can be made")?;
    let answer = client
        .post(url)
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", signature)
        .body(message.body.clone())
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) if error.is_timeout() => Err("it did not answer in time".to_owned()),
        Err(error) if error.is_connect() => Err("it cannot be reached".to_owned()),
        Err(_) => Err("the connection broke".to_owned()),
    }
}

impl Hook {
    /// What its secret is wrapped for.
    pub(super) fn context(&self) -> String {
        format!("hooks/{}", self.id)
    }
}
