//! Writing and sending mails.

use anyhow::Context as _;
use shared::ids::JobId;

use super::ink::Ink;
use super::model::{Notice, Status};
use super::post::{Outgoing, send};
use super::transport::{Envelope, Failure};
use super::{Mail, muted};
use crate::app::{App, AppState};
use crate::events::model::Event;
use crate::invoices;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Versioned};
use crate::platform::jobs::{self, NewJob, Runner, fatal, not_now};

/// The buyer of a paid order: `{"orderId": …}`.
pub const ORDER_PAID: &str = "mail.order_paid";
/// One mail of the outbox: `{"notice": …}`.
pub(super) const SEND: &str = "mail.send";

pub fn register(runner: &mut Runner<AppState>) {
    super::holders::register(runner);
    runner.register(ORDER_PAID, |app, payload| async move {
        let order = payload["orderId"].as_str().context("no orderId")?;
        order_paid(&app, order).await
    });
    runner.register(SEND, |app, payload| async move {
        let notice = payload["notice"].as_str().context("no notice")?;
        send_one(&app, notice).await
    });
}

async fn order_paid(app: &App, order: &str) -> anyhow::Result<()> {
    let Some(order) = app.db.get::<Order>(order).await? else {
        return Err(fatal("no such order"));
    };
    let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
    let mail = Mail::OrderPaid {
        buyer: order.buyer.name.clone(),
        event: event.map_or_else(|| "your event".to_owned(), |event| event.value.title),
        tickets: order.tickets.len(),
        total: order.total.to_string(),
        order: order.id,
        guest: order.guest.is_some(),
    };
    let about = format!("order_paid:{}", order.id);
    let now = app.clock.now();
    let mail = Outgoing::new(app, about, &order.buyer.email, mail, now);
    let (id, job) = (order.id, JobId::new(now, app.entropy.id10()));
    app.db
        .write(move |tx| {
            mail.post(tx)?;
            invoices::issue_later(tx, &order, job, now)
        })
        .await?;
    tracing::info!(order.id = %id, "order confirmation written");
    Ok(())
}

async fn send_one(app: &App, id: &str) -> anyhow::Result<()> {
    let Some(notice) = app.db.get::<Notice>(id).await? else {
        // Its reader's data was erased meanwhile.
        return Ok(());
    };
    match notice.status {
        Status::Sent { .. } | Status::Unwanted { .. } | Status::Kept => return Ok(()),
        // Refused: somebody revived the dead letter.
        Status::Waiting | Status::Refused { .. } => {}
    }
    let Some(transport) = &app.mail else {
        return Ok(end(app, notice, Status::Kept).await?);
    };
    let unsubscribe = match notice.mail.topic() {
        Some(topic) if muted::is_muted(&app.db, &notice.recipient, topic).await? => {
            let at = app.clock.now();
            return Ok(end(app, notice, Status::Unwanted { at }).await?);
        }
        Some(topic) => {
            let token = muted::token(&app.vault, &notice.recipient, topic);
            Some(format!("{}/unsubscribe/{token}", app.config.public_url))
        }
        None => None,
    };
    let ink = Ink {
        public_url: &app.config.public_url,
        vault: Some(&app.vault),
    };
    let letter = notice.mail.letter(ink).render(unsubscribe.as_deref());
    let envelope = Envelope {
        to: &notice.recipient,
        message_id: notice.message_id(transport.host()),
        at: notice.created_at,
        letter: &letter,
        unsubscribe: unsubscribe.as_deref(),
    };
    let breaker = &app.breakers.mail;
    let now = app.clock.now();
    if let Err(away) = breaker.admit(now) {
        return Err(not_now(
            away.wait_secs(now),
            "the mail server is left alone",
        ));
    }
    let sent = transport.send(envelope).await;
    match &sent {
        Err(Failure::Later(_)) => breaker.failed(app.clock.now()),
        Ok(()) | Err(Failure::Never(_)) => breaker.answered(),
    }
    match sent {
        Ok(()) => {
            metrics::counter!("mails_total", "outcome" => "sent").increment(1);
            let at = app.clock.now();
            Ok(end(app, notice, Status::Sent { at }).await?)
        }
        Err(Failure::Later(why)) => later(app, notice, why).await,
        Err(Failure::Never(why)) => refused(app, notice, why).await,
    }
}

/// The mail server is away or busy: a job of its own tries again, for longer than other jobs last.
async fn later(app: &App, mut notice: Versioned<Notice>, why: String) -> anyhow::Result<()> {
    let now = app.clock.now();
    let Some(at) = notice.again_at(now, app.entropy.u64()) else {
        return refused(app, notice, why).await;
    };
    metrics::counter!("mails_total", "outcome" => "later").increment(1);
    tracing::warn!(why, tries = notice.tries + 1, "a mail is not sent yet");
    notice.tries = notice.tries.saturating_add(1);
    notice.status = Status::Waiting;
    let job = send(JobId::new(now, app.entropy.id10()), &notice.id, now).run_at(at);
    replace(app, notice, Some(job)).await?;
    Ok(())
}

/// Ends as a dead letter, which an administrator can revive.
async fn refused(app: &App, notice: Versioned<Notice>, why: String) -> anyhow::Result<()> {
    metrics::counter!("mails_total", "outcome" => "refused").increment(1);
    let at = app.clock.now();
    let status = Status::Refused {
        at,
        why: why.clone(),
    };
    end(app, notice, status).await?;
    Err(fatal(why))
}

async fn end(app: &App, mut notice: Versioned<Notice>, status: Status) -> Result<(), DbError> {
    notice.status = status;
    replace(app, notice, None).await
}

async fn replace(app: &App, notice: Versioned<Notice>, job: Option<NewJob>) -> Result<(), DbError> {
    app.db
        .write(move |tx| {
            tx.replace(&mut notice.clone())?;
            match &job {
                Some(job) => jobs::enqueue(tx, job.clone()),
                None => Ok(()),
            }
        })
        .await
}
