//! Asking Stripe what became of a session: because a webhook came, because it is time, or because the
//! payer came back. It does not matter how often.

use std::collections::HashMap;

use anyhow::Context as _;
use shared::api::payments::PaymentStatus;
use shared::ids::{MerchantId, PaymentId};

use super::account::Account;
use super::audit;
use super::model::Session;
use super::open::session_of;
use super::wire::SeenSession;
use crate::app::{App, AppState};
use crate::payments::error::Error;
use crate::payments::failure::Failure;
use crate::payments::fulfil::{Draws, fulfil};
use crate::payments::jobs::later;
use crate::payments::model::{Outcome, Payment};
use crate::platform::db::Query;
use crate::platform::jobs::Runner;

/// Asks about a session: `{"paymentId": …, "session": …}`.
pub(super) const ASK: &str = "payments.stripe.ask";
/// Sessions asked about in one go; the rest is due a second later.
const LOOKS_MAX: u32 = 20;
/// Questions of one go that may come to nothing.
const UNCLEAR_MAX: u32 = 3;

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(ASK, |app, payload| async move {
        let id = payload["paymentId"].as_str().context("no paymentId")?;
        let id: PaymentId = id.parse().context("not a payment id")?;
        let asked = ask(&app, id, payload["session"].as_str()).await;
        asked.map(drop).map_err(later)
    });
    audit::register(runner);
}

/// Asks about sessions whose time has come; gives how many payments moved.
pub async fn ask_due(app: &App) -> Result<usize, Error> {
    let now = app.clock.now();
    let query = Query::on("by_ask").range(0_i64, now).limit(LOOKS_MAX);
    let (mut moved, mut unclear) = (0, 0);
    // Accounts that want to be left alone, and how long. Others are asked all the same.
    let mut busy: HashMap<Option<MerchantId>, Failure> = HashMap::new();
    for session in app.db.list::<Session>(&query).await? {
        if let Some(failure) = busy.get(&session.account) {
            put_off(app, session.payment, failure).await?;
            continue;
        }
        let failure = match ask(app, session.payment, None).await {
            Ok(outcome) => {
                moved += usize::from(matches!(outcome, Outcome::Fulfilled | Outcome::RefundDue));
                continue;
            }
            Err(Error::Gateway(failure)) => failure,
            Err(Error::ProviderUnavailable) => Failure::Refused {
                code: "no_account".to_owned(),
                text: "there are no keys for it any more".to_owned(),
            },
            Err(error) => {
                tracing::error!(payment.id = %session.payment, error = %error, "cannot settle a payment");
                Failure::unclear("we could not take it")
            }
        };
        put_off(app, session.payment, &failure).await?;
        unclear += u32::from(failure.is_unclear());
        // A gateway that hangs must not keep the holds from ending.
        if unclear == UNCLEAR_MAX {
            break;
        }
        if failure.busy_secs().is_some() {
            busy.insert(session.account, failure);
        }
    }
    Ok(moved)
}

/// Asks, and takes what the answer says. A session that is still open for a payment that is over (its
/// closing did not get through) is closed. `named` is what a webhook calls it.
pub(super) async fn ask(
    app: &App,
    payment: PaymentId,
    named: Option<&str>,
) -> Result<Outcome, Error> {
    let session = session_of(app, payment).await?;
    let account = Account::of(app, session.account).await?;
    let Some(id) = session.session_id.as_deref().or(named) else {
        // Nobody was told where to pay it, so nothing came.
        let gone = Failure::unclear("there is no session yet");
        put_off(app, payment, &gone).await?;
        return Ok(Outcome::Known);
    };
    let seen = account.session(app, id).await?;
    let (outcome, status) = settle(app, payment, seen.clone()).await?;
    if status == PaymentStatus::Pending || !seen.is_open() {
        return Ok(outcome);
    }
    let seen = account.expire(app, id).await?;
    Ok(settle(app, payment, seen).await?.0)
}

/// Takes what an answer says of the session, in one commit; gives what it did and where the payment
/// is now.
async fn settle(
    app: &App,
    payment: PaymentId,
    seen: SeenSession,
) -> Result<(Outcome, PaymentStatus), Error> {
    let now = app.clock.now();
    let draws = Draws::new(app, now);
    app.db
        .write(move |tx| {
            let session = tx.get::<Session>(&payment.to_string())?;
            let mut session = session.ok_or(Error::NotFound)?;
            session.check(&seen)?;
            session.session_id.get_or_insert_with(|| seen.id.clone());
            if seen.payment_intent.is_some() {
                session.payment_intent.clone_from(&seen.payment_intent);
            }
            let payment = tx.get::<Payment>(&payment.to_string())?;
            let mut payment = payment.ok_or(Error::NotFound)?;
            let held = seen.held();
            let outcome = match held {
                None => Outcome::Known,
                Some(held) => fulfil(tx, &mut payment, held, &draws, now)?,
            };
            session.looks.looked_at = Some(now);
            if held.is_some() && !seen.is_open() {
                // Paid or expired is for good.
                session.looks.ask_at = None;
            } else {
                session.looks.look_later(now, false);
            }
            tx.replace(&mut session)?;
            Ok((outcome, payment.status))
        })
        .await
}

/// The payer came back from Stripe: looks soon, whatever the way back says.
pub async fn remind(app: &App, payment: PaymentId) -> Result<(), Error> {
    let now = app.clock.now();
    let session = session_of(app, payment).await?;
    // What is settled stays so.
    if session.looks.ask_at.is_none() || !session.looks.clone().remind(now) {
        return Ok(());
    }
    app.db
        .write(move |tx| {
            if let Some(mut session) = tx.get::<Session>(&payment.to_string())?
                && session.looks.ask_at.is_some()
                && session.looks.remind(now)
            {
                tx.replace(&mut session)?;
            }
            Ok(())
        })
        .await
}

/// Stripe did not answer: later, and not sooner than it wants. Without a session nobody can pay, so
/// the looks end with the time that one would have had.
async fn put_off(app: &App, payment: PaymentId, failure: &Failure) -> Result<(), Error> {
    let now = app.clock.now();
    let busy = failure.busy_secs();
    let until = busy.map(|secs| now.plus_secs(i64::from(secs)));
    tracing::info!(payment.id = %payment, error = %failure, "stripe does not tell of a session");
    app.db
        .write(move |tx| {
            let Some(mut session) = tx.get::<Session>(&payment.to_string())? else {
                return Ok(());
            };
            let is_over = session.session_id.is_none();
            session.looks.look_later(now, is_over);
            if let Some(until) = until {
                session.looks.leave_alone(until);
            }
            Ok(tx.replace(&mut session)?)
        })
        .await
}
