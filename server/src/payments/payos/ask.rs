//! Asking the gateway what became of a link: because a webhook came, because it is time, or because
//! the hold ends. All of them end here, and it does not matter how often.

use std::collections::HashMap;

use anyhow::Context as _;
use shared::api::payments::PaymentStatus;
use shared::ids::{MerchantId, PaymentId};

use super::client::Channel;
use super::model::Link;
use super::open::link_of;
use super::wire::{Seen, is_unknown};
use crate::app::{App, AppState};
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::fulfil::{Draws, fulfil};
use crate::payments::jobs::later;
use crate::payments::model::{Outcome, Payment};
use crate::platform::db::Query;
use crate::platform::jobs::Runner;

/// Asks about a link: `{"orderCode": …}`.
pub(super) const ASK: &str = "payments.payos.ask";
/// Links asked about in one go; the rest is due a second later.
const LOOKS_MAX: u32 = 20;
/// Questions of one go that may come to nothing.
const UNCLEAR_MAX: u32 = 3;

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(ASK, |app, payload| async move {
        let code = payload["orderCode"].as_i64().context("no orderCode")?;
        ask(&app, code).await.map(drop).map_err(later)
    });
}

/// Asks about links whose time has come; gives how many payments moved.
pub async fn ask_due(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let query = Query::on("by_ask").range(0_i64, now).limit(LOOKS_MAX);
    let mut moved = 0;
    // Channels that want to be left alone. Others are asked all the same.
    let mut busy: HashMap<Option<MerchantId>, Failure> = HashMap::new();
    let mut unclear = 0;
    for link in app.db.list::<Link>(&query).await? {
        let answer = match busy.get(&link.account).cloned() {
            None => ask(app, link.order_code).await,
            // It would hear the same.
            Some(failure) => Err(Error::Gateway(failure)),
        };
        match answer {
            Ok(Outcome::Fulfilled | Outcome::RefundDue) => moved += 1,
            Ok(_) => {}
            Err(Error::Gateway(failure)) => {
                put_off(app, link.order_code, &failure).await?;
                match failure {
                    Failure::Busy { .. } => {
                        busy.insert(link.account, failure);
                    }
                    Failure::Unclear(_) | Failure::Broken { .. } => unclear += 1,
                    Failure::Refused { .. } => {}
                }
            }
            Err(Error::ProviderUnavailable) => {
                let gone = Failure::Refused {
                    code: "no_channel".to_owned(),
                    text: "there are no keys for it any more".to_owned(),
                };
                put_off(app, link.order_code, &gone).await?;
            }
            Err(error) => {
                tracing::error!(payment.id = %link.payment, error = %error, "cannot settle a payment");
                put_off(app, link.order_code, &Failure::Unclear(String::new())).await?;
            }
        }
        // A gateway that hangs must not keep the holds from ending.
        if unclear == UNCLEAR_MAX {
            break;
        }
    }
    Ok(moved)
}

/// Asks, and takes what the answer says. A link that is still open for a payment that is over (its
/// closing did not get through) is closed.
async fn ask(app: &App, code: i64) -> Result<Outcome, Error> {
    let link = app.db.get::<Link>(&code.to_string()).await?;
    let link = link.ok_or(Error::NotFound)?;
    let channel = Channel::of(app, link.account).await?;
    let seen = channel.look(app, code).await?;
    let (outcome, status) = settle(app, code, seen.clone()).await?;
    if status == PaymentStatus::Pending || !seen.status.is_open() {
        return Ok(outcome);
    }
    let seen = channel.cancel(app, code).await?;
    Ok(settle(app, code, seen).await?.0)
}

/// Takes what a signed answer says of the link, in one commit; gives what it did and where the
/// payment is now.
async fn settle(app: &App, code: i64, seen: Seen) -> Result<(Outcome, PaymentStatus), Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| {
            let link = tx.get::<Link>(&code.to_string())?;
            let mut link = link.ok_or(Error::NotFound)?;
            link.check(&seen)?;
            link.link_id.get_or_insert_with(|| seen.link_id.clone());
            let payment = tx.get::<Payment>(&link.payment.to_string())?;
            let mut payment = payment.ok_or(Error::NotFound)?;
            let outcome = match seen.held() {
                None => Outcome::Known,
                Some(held) => fulfil(tx, &mut payment, held, &draws, now)?,
            };
            let looks = &mut link.looks;
            looks.looked_at = Some(now);
            if outcome == Outcome::Waiting {
                looks.fruitless = 0;
            }
            looks.look_later(now, seen.held().is_some() && !seen.status.is_open());
            tx.replace(&mut link)?;
            Ok((outcome, payment.status))
        })
        .await
}

/// Looks now: somebody has read that the books and the gateway differ.
pub async fn look(app: &App, payment: PaymentId) -> Result<(), Error> {
    let link = link_of(app, payment).await?;
    ask(app, link.order_code).await?;
    Ok(())
}

/// The payer came back from the gateway: looks soon, whatever the way back says.
pub async fn remind(app: &App, payment: PaymentId) -> Result<(), Error> {
    let now = app.clock.now();
    let query = Query::on("by_payment").eq(payment).limit(1);
    let links = app.db.list::<Link>(&query).await?;
    if !links.iter().any(|link| link.looks.clone().remind(now)) {
        return Ok(());
    }
    app.db
        .write(move |tx| {
            for mut link in tx.list::<Link>(&query)? {
                if link.looks.remind(now) {
                    tx.replace(&mut link)?;
                }
            }
            Ok(())
        })
        .await
}

/// The gateway did not answer: later, and not sooner than it wants.
async fn put_off(app: &App, code: i64, failure: &Failure) -> Result<(), Error> {
    let now = app.clock.now();
    let busy = failure.busy_secs();
    let busy_until = busy.map(|secs| now.plus_secs(i64::from(secs)));
    // A create that never got there may still be on its way; after a day it is not.
    let is_over = is_unknown(failure);
    tracing::warn!(error = %failure, "payos does not tell of a link");
    app.db
        .write(move |tx| {
            let Some(mut link) = tx.get::<Link>(&code.to_string())? else {
                return Ok(());
            };
            link.looks.look_later(now, is_over);
            if let Some(until) = busy_until {
                link.looks.leave_alone(until);
            }
            Ok(tx.replace(&mut link)?)
        })
        .await
}
