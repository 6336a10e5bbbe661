//! What the shop asks of a gateway, whichever it is. PayOS and Stripe will join here.

use shared::api::payments::Provider;
use shared::ids::PaymentId;
use shared::money::Money;
use shared::time::Timestamp;

use super::demo;
use super::error::Error;
use super::model::Payment;
use crate::app::App;

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
    Paid(Money),
    /// Nothing came and nothing will.
    Over,
}

/// Whether this server takes payments through the provider.
pub fn available(app: &App, provider: Provider) -> bool {
    match provider {
        Provider::Demo => !app.config.production,
        Provider::Payos | Provider::Stripe => false,
    }
}

/// Opens the attempt at the gateway; again is harmless.
pub async fn open(app: &App, provider: Provider, checkout: Checkout) -> Result<(), Error> {
    match provider {
        Provider::Demo => Ok(demo::open(app, checkout).await?),
        Provider::Payos | Provider::Stripe => Err(Error::ProviderUnavailable),
    }
}

/// Closes the attempt so that nothing more can come, and says what it came to.
pub async fn close(app: &App, payment: &Payment) -> Result<State, Error> {
    match payment.provider {
        Provider::Demo => Ok(demo::close(app, payment.id).await?),
        Provider::Payos | Provider::Stripe => Err(Error::ProviderUnavailable),
    }
}

/// Gives the money back; again is harmless.
pub async fn refund(app: &App, payment: &Payment) -> Result<(), Error> {
    match payment.provider {
        Provider::Demo => Ok(demo::refund(app, payment.id).await?),
        Provider::Payos | Provider::Stripe => Err(Error::ProviderUnavailable),
    }
}
