//! Reading a payment: whoever may see its order. Asking its gateway: who looks after the money.

use shared::api::payments::PaymentView;
use shared::ids::PaymentId;

use super::error::Error;
use super::gateway;
use super::model::Payment;
use crate::app::App;
use crate::events::{self, owned_event};
use crate::orders::{self, visible_order};
use crate::platform::http::Caller;

pub async fn show(app: &App, caller: &Caller, id: PaymentId) -> Result<PaymentView, Error> {
    let payment = app.db.get::<Payment>(&id.to_string()).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    match visible_order(app, caller, payment.order_id).await {
        Ok(_) => Ok(payment.view(&app.config.public_url)),
        Err(orders::Error::NotFound) => Err(Error::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// The gateway is asked how it stands, now.
pub async fn look(app: &App, caller: &Caller, id: PaymentId) -> Result<PaymentView, Error> {
    let payment = app.db.get::<Payment>(&id.to_string()).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    match owned_event(&app.db, caller, payment.event_id).await {
        Ok(_) => {}
        Err(events::Error::NotFound) => return Err(Error::NotFound),
        Err(error) => return Err(error.into()),
    }
    gateway::look(app, &payment).await?;
    let payment = app.db.get::<Payment>(&id.to_string()).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    Ok(payment.view(&app.config.public_url))
}
