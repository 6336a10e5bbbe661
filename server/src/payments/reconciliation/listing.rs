//! Reading a gateway's own list: what it has and nobody here asked about.

use std::collections::BTreeMap;

use shared::api::payments::Provider;
use shared::ids::MerchantId;
use shared::time::Timestamp;

use super::model::{Charge, Line, Phase, Report, Scope};
use super::step::Done;
use crate::app::App;
use crate::events::model::Event;
use crate::payments::error::Error;
use crate::payments::model::Payment;
use crate::payments::stripe::{Account, SeenCharge};

/// A session can be paid for a day after it was opened, and a hold comes before it.
const PAID_WITHIN_SECS: i64 = 26 * 3600;

/// Of the gateway's name of a charge, where it names a line.
const NAME_CHARS_MAX: usize = 40;

/// One page of one account's charges.
pub(super) async fn list(
    app: &App,
    report: &Report,
    at: usize,
    behind: Option<&str>,
) -> Result<Done, Error> {
    let Some(merchant) = report.stripe.get(at).copied() else {
        return Ok(Done::next(report.first_walk()));
    };
    let next_account = Phase::Listing {
        account: at + 1,
        behind: None,
    };
    let account = match Account::of(app, merchant).await {
        Ok(account) => account,
        Err(Error::ProviderUnavailable) => {
            let mut done = Done::next(next_account);
            done.unlisted.push(merchant);
            return Ok(done);
        }
        Err(error) => return Err(error),
    };
    let time = (report.from, report.to.plus_secs(PAID_WITHIN_SECS));
    let page = account.charges(app, time, behind).await?;
    let last = page.data.last().map(|charge| charge.id.clone());
    let mut done = Done::next(match last {
        Some(last) if page.has_more => Phase::Listing {
            account: at,
            behind: Some(last),
        },
        _ => next_account,
    });
    let mut lines: BTreeMap<String, Line> = BTreeMap::new();
    for charge in page.data.into_iter().filter(|charge| charge.paid) {
        let Some(key) = key(app, report, merchant, &charge).await? else {
            let counts = report.scope.owns(merchant) && charge.payment().is_none();
            done.other_business += u64::from(counts);
            continue;
        };
        let Some(money) = charge.money() else {
            continue;
        };
        let line = lines.entry(key.clone()).or_insert_with(|| {
            Line::new(report.id, key, (Provider::Stripe, merchant), money.currency)
        });
        line.charges.push(Charge {
            intent: charge.payment_intent,
            amount: charge.amount,
            refunded: charge.amount_refunded,
            disputed: charge.disputed,
            id: charge.id,
        });
    }
    done.listed = lines.into_values().collect();
    Ok(done)
}

/// What names the charge in this report; `None`: it is not told here.
async fn key(
    app: &App,
    report: &Report,
    merchant: Option<MerchantId>,
    charge: &SeenCharge,
) -> Result<Option<String>, Error> {
    let Some(id) = charge.payment() else {
        return Ok(None);
    };
    let payment = app.db.get::<Payment>(&id.to_string()).await?;
    let Some(payment) = payment.filter(|payment| payment.account == merchant) else {
        let in_time = report.covers(Timestamp::from_secs(charge.created));
        let told = report.scope.owns(merchant) && in_time;
        return Ok(told.then(|| charge.id.chars().take(NAME_CHARS_MAX).collect()));
    };
    let told = report.covers(payment.created_at) && is_in(app, report.scope, &payment).await?;
    Ok(told.then(|| id.to_string()))
}

/// Whether the payment is the report's business.
pub(super) async fn is_in(app: &App, scope: Scope, payment: &Payment) -> Result<bool, Error> {
    Ok(match scope {
        Scope::Event(event) => payment.event_id == event,
        Scope::Server => payment.account.is_none(),
        Scope::Organization(organization) => {
            let event = app.db.get::<Event>(&payment.event_id.to_string()).await?;
            // The account is one of its own: an event that was given away left its money here.
            payment.account.is_some()
                || event.is_some_and(|event| event.organization_id == Some(organization))
        }
    })
}
