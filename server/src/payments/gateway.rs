//! What the shop asks of a gateway, whichever it is. Stripe will join here.

use shared::api::payments::Provider;
use shared::ids::PaymentId;
use shared::money::{Currency, Money};
use shared::time::Timestamp;

use super::error::Error;
use super::fulfil::Held;
use super::model::Payment;
use super::{demo, payos};
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

/// Whether this server takes payments through the provider.
pub fn available(app: &App, provider: Provider) -> bool {
    match provider {
        Provider::Demo => !app.config.production,
        Provider::Payos => payos::Channel::of(&app.config).is_some(),
        Provider::Stripe => false,
    }
}

/// Whether the provider takes that money at all.
pub fn takes(provider: Provider, currency: Currency) -> bool {
    match provider {
        Provider::Demo => true,
        Provider::Payos => currency == Currency::VND,
        Provider::Stripe => false,
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
    code: i64,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    match payment.provider {
        Provider::Demo | Provider::Stripe => Ok(()),
        Provider::Payos => payos::prepare(tx, payment, code, expires_at, now),
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
        Provider::Stripe => Err(Error::ProviderUnavailable),
    }
}

/// Closes the attempt so that nothing more can come, and says what it came to.
pub async fn close(app: &App, payment: &Payment) -> Result<State, Error> {
    match payment.provider {
        Provider::Demo => Ok(demo::close(app, payment.id).await?),
        Provider::Payos => payos::close(app, payment.id).await,
        Provider::Stripe => Err(Error::ProviderUnavailable),
    }
}

/// Gives the money back; again is harmless.
pub async fn refund(app: &App, payment: &Payment) -> Result<(), Error> {
    match payment.provider {
        Provider::Demo => Ok(demo::refund(app, payment.id).await?),
        Provider::Payos | Provider::Stripe => Err(Error::ProviderUnavailable),
    }
}
