//! Reading a payment: whoever may see its order.

use shared::api::payments::PaymentView;
use shared::ids::PaymentId;

use super::error::Error;
use super::model::Payment;
use crate::app::App;
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
