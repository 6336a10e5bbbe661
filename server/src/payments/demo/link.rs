//! What happens to a link: opened and closed by the shop, paid and declined by the payer.

use std::collections::BTreeMap;

use serde_json::json;
use shared::ids::{JobId, PaymentId, RefundId, uuid_v7};
use shared::money::Money;
use shared::time::Timestamp;

use super::error::Error;
use super::model::{Link, LinkStatus, TellKind, Telling, Told};
use super::refuse_in_production;
use super::tell::{TELL, tell};
use crate::app::App;
use crate::payments::gateway::{Checkout, State};
use crate::payments::{Held, Standing};
use crate::platform::db::{DbError, Query, Tx, Versioned};
use crate::platform::jobs::{self, NewJob, Priority};

/// How long a payer waits for the shop to hear of it; the job goes on after that.
const INLINE: std::time::Duration = std::time::Duration::from_secs(3);
/// The job leaves the inline try this much room.
const JOB_AFTER_SECS: i64 = 5;
/// Paid links handed out in one look.
const UNTOLD_MAX: u32 = 100;

/// Makes the link; again changes nothing.
pub async fn open(app: &App, checkout: Checkout) -> Result<(), Error> {
    refuse_in_production(app)?;
    let key = checkout.payment.to_string();
    if app.db.get::<Link>(&key).await?.is_some() {
        return Ok(());
    }
    let link = Link {
        id: checkout.payment,
        amount: checkout.amount,
        description: checkout.description,
        status: LinkStatus::Open,
        expires_at: checkout.expires_at,
        created_at: app.clock.now(),
        paid_at: None,
        told: false,
        refunds: BTreeMap::new(),
    };
    app.db
        .write(move |tx| {
            if tx.get::<Link>(&key)?.is_none() {
                tx.insert(&link)?;
            }
            Ok(())
        })
        .await
}

/// The payer pays. Paying again is the same payment.
pub async fn pay(app: &App, id: PaymentId) -> Result<Link, Error> {
    settle(app, id, LinkStatus::Paid, TellKind::Paid).await
}

/// The payer's bank says no.
pub async fn decline(app: &App, id: PaymentId) -> Result<Link, Error> {
    settle(app, id, LinkStatus::Declined, TellKind::Declined).await
}

async fn settle(app: &App, id: PaymentId, to: LinkStatus, kind: TellKind) -> Result<Link, Error> {
    refuse_in_production(app)?;
    let now = app.clock.now();
    let delivery = uuid_v7(now, app.entropy.id10()).to_string();
    let job = JobId::new(now, app.entropy.id10());
    let (link, telling) = app
        .db
        .write(move |tx| {
            let mut link = link_in(tx, id)?;
            match link.status_at(now) {
                LinkStatus::Open => {}
                status if status == to => return Ok((link.into_inner(), None)),
                status => return Err(Error::Closed(status)),
            }
            link.status = to;
            link.paid_at = (to == LinkStatus::Paid).then_some(now);
            tx.replace(&mut link)?;
            announce(tx, &link, kind, &delivery, job, now)?;
            Ok((link.into_inner(), Some(delivery.clone())))
        })
        .await?;
    if let Some(telling) = telling {
        // The payer should find the order PAID; if this fails, the job tells it.
        match tokio::time::timeout(INLINE, tell(app, &telling)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(payment.id = %id, error = %error, "webhook failed"),
            Err(_) => tracing::warn!(payment.id = %id, "webhook not answered in time"),
        }
    }
    Ok(link)
}

/// Stores what is to be told and the job that tells it, in the commit of the change.
fn announce(
    tx: &mut Tx<'_>,
    link: &Link,
    kind: TellKind,
    delivery: &str,
    job: JobId,
    now: Timestamp,
) -> Result<(), Error> {
    let told = Told {
        id: delivery.to_owned(),
        kind,
        reference: link.id,
        amount: link.amount,
        at: now,
    };
    tx.insert(&Telling {
        id: delivery.to_owned(),
        link: link.id,
        body: serde_json::to_string(&told).map_err(DbError::from)?,
        acknowledged_at: None,
    })?;
    let job = NewJob::new(job, TELL, json!({ "telling": delivery }), now)
        .run_at(now.plus_secs(JOB_AFTER_SECS))
        .priority(Priority::High);
    Ok(jobs::enqueue(tx, job)?)
}

fn link_in(tx: &mut Tx<'_>, id: PaymentId) -> Result<Versioned<Link>, Error> {
    tx.get::<Link>(&id.to_string())?.ok_or(Error::NotFound)
}

/// Closes the link if it is open, and says what it came to. A link that was never made is closed.
/// One whose time is over stays over: its payer is not told that somebody cancelled.
pub async fn close(app: &App, id: PaymentId) -> Result<State, Error> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let Some(mut link) = tx.get::<Link>(&id.to_string())? else {
                return Ok(State::Over);
            };
            match link.status {
                LinkStatus::Open => {
                    link.status = if now < link.expires_at {
                        LinkStatus::Closed
                    } else {
                        LinkStatus::Expired
                    };
                    tx.replace(&mut link)?;
                    Ok(State::Over)
                }
                LinkStatus::Paid => Ok(State::Paid(Held {
                    total: link.amount,
                    standing: Standing::Paid,
                })),
                LinkStatus::Declined
                | LinkStatus::Expired
                | LinkStatus::Closed
                | LinkStatus::Refunded => Ok(State::Over),
            }
        })
        .await
}

/// Gives so much of the payer's money back; again, under the same name, changes nothing.
pub async fn refund(app: &App, id: PaymentId, name: RefundId, amount: Money) -> Result<(), Error> {
    app.db
        .write(move |tx| {
            let mut link = link_in(tx, id)?;
            if link.refunds.contains_key(&name) {
                return Ok(());
            }
            let back: i64 = link.refunds.values().sum();
            match link.status {
                LinkStatus::Paid => {
                    link.refunds.insert(name, amount.amount);
                    if back.saturating_add(amount.amount) >= link.amount.amount {
                        link.status = LinkStatus::Refunded;
                    }
                    Ok(tx.replace(&mut link)?)
                }
                LinkStatus::Refunded => Ok(()),
                status @ (LinkStatus::Open
                | LinkStatus::Declined
                | LinkStatus::Expired
                | LinkStatus::Closed) => Err(Error::Closed(status)),
            }
        })
        .await
}

/// Links that were paid before `before` and that the shop has not acknowledged.
pub async fn paid_untold(app: &App, before: Timestamp) -> Result<Vec<(PaymentId, Money)>, DbError> {
    let query = Query::on("by_untold").at_most(before).limit(UNTOLD_MAX);
    let links = app.db.list::<Link>(&query).await?;
    Ok(links.iter().map(|link| (link.id, link.amount)).collect())
}
