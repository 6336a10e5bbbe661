//! Asking the gateway what became of a link: because a webhook came, because it is time, or because
//! the hold ends. All of them end here, and it does not matter how often.

use anyhow::Context as _;
use shared::api::payments::PaymentStatus;
use shared::ids::PaymentId;
use shared::time::Timestamp;

use super::client::Channel;
use super::model::Link;
use super::wire::{Failure, Seen};
use crate::app::{App, AppState};
use crate::payments::error::Error;
use crate::payments::fulfil::{Draws, fulfil};
use crate::payments::model::{Outcome, Payment};
use crate::platform::db::Query;
use crate::platform::jobs::Runner;

/// Asks about a link: `{"orderCode": …}`.
pub(super) const ASK: &str = "payments.payos.ask";
/// Links asked about in one go; the rest is due a second later.
const LOOKS_MAX: u32 = 20;

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(ASK, |app, payload| async move {
        let code = payload["orderCode"].as_i64().context("no orderCode")?;
        ask(&app, code).await?;
        Ok(())
    });
}

/// Asks about links whose time has come; gives how many payments moved.
pub async fn ask_due(app: &App) -> Result<usize, Error> {
    if Channel::of(&app.config).is_none() {
        return Ok(0);
    }
    let now = app.clock.now();
    let query = Query::on("by_ask").range(0_i64, now).limit(LOOKS_MAX);
    let mut moved = 0;
    for link in app.db.list::<Link>(&query).await? {
        match ask(app, link.order_code).await {
            Ok(Outcome::Fulfilled | Outcome::RefundDue) => moved += 1,
            Ok(_) => {}
            Err(Error::Payos(failure)) => {
                put_off(app, link.order_code, &failure).await?;
                if matches!(failure, Failure::Busy { .. }) {
                    // The others would hear the same.
                    break;
                }
            }
            Err(error) => {
                tracing::error!(payment.id = %link.payment, error = %error, "cannot settle a payment");
            }
        }
    }
    Ok(moved)
}

/// Asks, and takes what the answer says.
pub(super) async fn ask(app: &App, code: i64) -> Result<Outcome, Error> {
    let channel = Channel::of(&app.config).ok_or(Error::ProviderUnavailable)?;
    let seen = channel.look(app, code).await?;
    settle(app, code, seen).await
}

/// Takes what a signed answer says of the link, in one commit.
pub(super) async fn settle(app: &App, code: i64, seen: Seen) -> Result<Outcome, Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| {
            let Some(mut link) = tx.get::<Link>(&code.to_string())? else {
                return Ok(Outcome::Unknown);
            };
            if !link.is_meant_by(&seen) {
                let failure = Failure::Unclear("it is about another link".to_owned());
                return Err(failure.into());
            }
            link.link_id.get_or_insert_with(|| seen.link_id.clone());
            let payment = tx.get::<Payment>(&link.payment.to_string())?;
            let mut payment = payment.ok_or(Error::NotFound)?;
            let outcome = match payment.status {
                // The price came and the bank is not done with it.
                PaymentStatus::Pending if is_unsettled(&seen) => Outcome::Known,
                _ => fulfil(tx, &mut payment, link.held(&seen), &draws, now)?,
            };
            link.looked_at = Some(now);
            next_look(&mut link, outcome, now);
            tx.replace(&mut link)?;
            Ok(outcome)
        })
        .await
}

/// The payer came back from the gateway: looks soon, whatever the way back says.
pub async fn remind(app: &App, payment: PaymentId) -> Result<(), Error> {
    let now = app.clock.now();
    let query = Query::on("by_payment").eq(payment).limit(1);
    let links = app.db.list::<Link>(&query).await?;
    if !links.iter().any(|link| link.value.clone().remind(now)) {
        return Ok(());
    }
    app.db
        .write(move |tx| {
            for mut link in tx.list::<Link>(&query)? {
                if link.remind(now) {
                    tx.replace(&mut link)?;
                }
            }
            Ok(())
        })
        .await
}

fn is_unsettled(seen: &Seen) -> bool {
    use super::wire::LinkStatus::{
        Cancelled, Expired, Failed, Paid, Pending, Processing, Underpaid,
    };
    match seen.status {
        Processing => true,
        // Only PAID buys; whatever the sum says meanwhile is waited for.
        Pending | Underpaid => seen.paid >= seen.amount,
        Paid | Cancelled | Expired | Failed => false,
    }
}

fn next_look(link: &mut Link, outcome: Outcome, now: Timestamp) {
    if outcome == Outcome::Waiting {
        link.looks = 0;
    }
    link.look_later(now);
}

/// The gateway did not answer: later, and not sooner than it wants.
async fn put_off(app: &App, code: i64, failure: &Failure) -> Result<(), Error> {
    let now = app.clock.now();
    let wanted = match failure {
        Failure::Busy { after_secs } => now.plus_secs(i64::from(*after_secs)),
        Failure::Refused { .. } | Failure::Unclear(_) => now,
    };
    tracing::warn!(error = %failure, "payos does not tell of a link");
    app.db
        .write(move |tx| {
            let Some(mut link) = tx.get::<Link>(&code.to_string())? else {
                return Ok(());
            };
            link.look_later(now);
            link.ask_at = link.ask_at.map(|at| at.max(wanted));
            Ok(tx.replace(&mut link)?)
        })
        .await
}
