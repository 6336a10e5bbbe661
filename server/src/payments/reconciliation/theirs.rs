//! Asking a gateway about one payment.

use shared::api::payments::Provider;

use super::compare::{TheirDispute, TheirRefund, Theirs};
use super::model::{Charge, Report};
use crate::app::App;
use crate::payments::error::Error;
use crate::payments::ledger::Refund;
use crate::payments::model::Payment;
use crate::payments::{demo, payos, stripe};

/// What it says; `None` where there is nobody to ask.
pub(super) async fn theirs(
    app: &App,
    report: &Report,
    (payment, rows): (&Payment, &[Refund]),
    charges: &[Charge],
) -> Result<Option<Theirs>, Error> {
    match payment.provider {
        Provider::Demo => of_demo(app, payment, rows).await,
        Provider::Payos => of_payos(app, payment).await,
        // Of an event that was given away: its former owner's account is not asked for another.
        Provider::Stripe if !report.stripe.contains(&payment.account) => Ok(None),
        Provider::Stripe if report.unlisted.contains(&payment.account) => Ok(None),
        Provider::Stripe => of_stripe(app, payment, rows, charges).await,
    }
}

async fn of_demo(app: &App, payment: &Payment, rows: &[Refund]) -> Result<Option<Theirs>, Error> {
    let id = payment.id.to_string();
    let Some(link) = app.db.get::<demo::Link>(&id).await? else {
        return Ok(Some(Theirs::default()));
    };
    let amount = link.amount.amount;
    let is_refunded = link.status == demo::LinkStatus::Refunded;
    let refund = TheirRefund {
        id: link.id.to_string(),
        amount,
        // It gives a payment back as a whole.
        ours: rows.first().map(|row| row.id),
    };
    Ok(Some(Theirs {
        id: Some(link.id.to_string()),
        charged: link.paid_at.map_or(0, |_| amount),
        refunds: is_refunded.then_some(refund).into_iter().collect(),
        disputes: Vec::new(),
    }))
}

async fn of_payos(app: &App, payment: &Payment) -> Result<Option<Theirs>, Error> {
    let link = match payos::link_of(app, payment.id).await {
        Ok(link) => link,
        Err(Error::NotFound) => return Ok(Some(Theirs::default())),
        Err(error) => return Err(error),
    };
    let channel = match payos::Channel::of(app, link.account).await {
        Ok(channel) => channel,
        Err(Error::ProviderUnavailable) => return Ok(None),
        Err(error) => return Err(error),
    };
    match channel.look(app, link.order_code).await {
        Ok(seen) => {
            link.check(&seen)?;
            Ok(Some(Theirs {
                id: Some(seen.link_id.clone()),
                charged: seen.paid,
                ..Theirs::default()
            }))
        }
        // It was never made there.
        Err(failure) if payos::is_unknown(&failure) => Ok(Some(Theirs::default())),
        Err(failure) => Err(failure.into()),
    }
}

/// The charges are those of the list; only where something went back is more asked.
async fn of_stripe(
    app: &App,
    payment: &Payment,
    rows: &[Refund],
    charges: &[Charge],
) -> Result<Option<Theirs>, Error> {
    let mut theirs = Theirs {
        id: charges.first().map(|charge| charge.id.clone()),
        charged: charges.iter().map(|charge| charge.amount).sum(),
        ..Theirs::default()
    };
    for charge in charges {
        let Some(intent) = charge.intent.as_deref() else {
            continue;
        };
        let went_back = charge.refunded > 0 || !rows.is_empty();
        if !went_back && !charge.disputed {
            continue;
        }
        let account = match stripe::Account::of(app, payment.account).await {
            Ok(account) => account,
            Err(Error::ProviderUnavailable) => return Ok(None),
            Err(error) => return Err(error),
        };
        if went_back {
            let refunds = account.refunds_of(app, intent).await?;
            let done = refunds.into_iter().filter(stripe::SeenRefund::is_done);
            theirs.refunds.extend(done.map(|refund| TheirRefund {
                ours: refund.ours(),
                amount: refund.amount,
                id: refund.id,
            }));
        }
        if charge.disputed {
            let disputes = account.disputes_of(app, intent).await?;
            theirs
                .disputes
                .extend(disputes.into_iter().map(|dispute| TheirDispute {
                    status: dispute.status(),
                    amount: dispute.amount,
                    id: dispute.id,
                }));
        }
    }
    Ok(Some(theirs))
}
