//! What the shop asks of a gateway, whichever it is.

use shared::api::payments::Provider;
use shared::ids::PaymentId;
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::error::Error;
use super::fulfil::{Held, Standing};
use super::ledger::Refund;
use super::model::Payment;
use super::reconcile::settle_polled;
use super::{demo, payos, stripe};
use crate::app::App;
use crate::platform::db::{DbError, Tx};

/// What a gateway is asked to collect.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// Our reference; the gateway gives it back with everything it says.
    pub payment: PaymentId,
    pub amount: Money,
    /// What the payer reads.
    pub description: String,
    pub expires_at: Timestamp,
}

/// What an attempt is stored with, before its gateway hears of it.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// Names the attempt where a number must.
    pub code: i64,
    pub hold_ends: Timestamp,
    /// What the payer reads.
    pub title: &'a str,
    pub public_url: &'a str,
}

/// How a sum stands that the gateway was asked to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repaid {
    Back {
        /// The gateway's own name of it, where it has one.
        gateway_id: Option<String>,
    },
    /// Later, with luck.
    UnderWay { gateway_id: String },
    /// It does not go through the gateway: somebody has to transfer it.
    Failed {
        gateway_id: Option<String>,
        why: String,
    },
}

/// What a gateway knows of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing came, and may still.
    Open,
    /// The payer's money is with us.
    Paid(Held),
    /// Nothing came and nothing will.
    Over,
}

/// Whether the server takes payments through an account of its own, for whoever has none.
pub fn lent(app: &App, provider: Provider) -> bool {
    let lends = app.config.payments.lend_accounts;
    match provider {
        Provider::Demo => !app.config.production,
        Provider::Payos => lends && payos::Channel::of_server(&app.config).is_some(),
        Provider::Stripe => lends && stripe::Account::of_server(&app.config).is_some(),
    }
}

/// Whether the provider takes that money at all.
pub fn takes(provider: Provider, currency: Currency) -> bool {
    match provider {
        Provider::Demo => true,
        Provider::Payos => currency == Currency::VND,
        Provider::Stripe => stripe::takes(currency),
    }
}

/// Whether payers choose what they transfer, so that it can be less or more than the price.
pub const fn takes_any_amount(provider: Provider) -> bool {
    match provider {
        Provider::Payos => true,
        Provider::Demo | Provider::Stripe => false,
    }
}

/// Whether money goes back through the gateway. Where it does not, somebody transfers it by hand.
pub const fn gives_back(provider: Provider) -> bool {
    match provider {
        Provider::Demo | Provider::Stripe => true,
        Provider::Payos => false,
    }
}

/// What the provider needs stored in the commit of a new attempt, before it hears of it.
pub fn prepare(
    tx: &mut Tx<'_>,
    payment: &Payment,
    opening: &Opening<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    match payment.provider {
        Provider::Demo => Ok(()),
        Provider::Payos => payos::prepare(tx, payment, opening.code, opening.hold_ends, now),
        Provider::Stripe => stripe::prepare(tx, payment, opening, now),
    }
}

/// Opens the attempt at the gateway and says where the payer goes; again is harmless.
pub async fn open(app: &App, provider: Provider, checkout: Checkout) -> Result<String, Error> {
    match provider {
        Provider::Demo => {
            let url = format!("{}/pay/demo/{}", app.config.public_url, checkout.payment);
            demo::open(app, checkout).await?;
            Ok(url)
        }
        Provider::Payos => payos::open(app, &checkout).await,
        Provider::Stripe => stripe::open(app, checkout.payment).await,
    }
}

/// Closes the attempt so that nothing more can come, and says what it came to.
pub async fn close(app: &App, payment: &Payment) -> Result<State, Error> {
    match payment.provider {
        Provider::Demo => Ok(demo::close(app, payment.id).await?),
        Provider::Payos => payos::close(app, payment.id).await,
        Provider::Stripe => stripe::close(app, payment.id).await,
    }
}

/// The payer came back from the gateway: whether money is there is looked up soon.
pub async fn remind(app: &App, payment: &Payment) -> Result<(), Error> {
    match payment.provider {
        Provider::Demo => Ok(()),
        Provider::Payos => payos::remind(app, payment.id).await,
        Provider::Stripe => stripe::remind(app, payment.id).await,
    }
}

/// Asks what became of an attempt, and of what was given back for it, now.
pub async fn look(app: &App, payment: &Payment) -> Result<(), Error> {
    match payment.provider {
        Provider::Demo => look_at_demo(app, payment).await,
        Provider::Payos => payos::look(app, payment.id).await,
        Provider::Stripe => stripe::audit(app, payment.id).await,
    }
}

async fn look_at_demo(app: &App, payment: &Payment) -> Result<(), Error> {
    let link = app.db.get::<demo::Link>(&payment.id.to_string()).await?;
    let paid = link.filter(|link| link.status == demo::LinkStatus::Paid);
    if let Some(link) = paid.filter(|_| payment.awaits_money()) {
        let held = Held {
            total: link.amount,
            standing: Standing::Paid,
        };
        settle_polled(app, payment.id, held).await?;
    }
    Ok(())
}

/// The gateway refuses to give a sum back: whether it went back by another way.
pub async fn look_again(app: &App, refund: &Refund) -> Result<(), Error> {
    match refund.provider {
        Provider::Demo | Provider::Payos => Ok(()),
        Provider::Stripe => stripe::audit(app, refund.payment_id).await,
    }
}

/// Gives the sum back, or says how it stands; again is harmless.
pub async fn refund(app: &App, refund: &Refund) -> Result<Repaid, Error> {
    match refund.provider {
        Provider::Demo => {
            demo::refund(app, refund.payment_id, refund.id, refund.amount).await?;
            Ok(Repaid::Back { gateway_id: None })
        }
        Provider::Payos => Err(Error::ProviderUnavailable),
        Provider::Stripe => stripe::give_back(app, refund).await,
    }
}
