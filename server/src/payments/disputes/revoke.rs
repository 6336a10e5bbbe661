//! The organizer lets nobody in on disputed money.

use shared::api::orders::{OrderView, RefundRequest};
use shared::ids::EventId;

use super::model::Dispute;
use crate::app::App;
use crate::events::owned_event;
use crate::orders;
use crate::payments::error::Error;
use crate::platform::http::Caller;

/// Voids the order's tickets, here and at the gates. What the price owes then waits for the bank: a
/// dispute that is won pays it back, one that is lost has.
pub async fn revoke(
    app: &App,
    caller: Caller,
    event: EventId,
    id: &str,
) -> Result<OrderView, Error> {
    owned_event(&app.db, &caller, event).await?;
    let dispute = app.db.get::<Dispute>(id).await?;
    let dispute = dispute.filter(|dispute| dispute.event == event);
    let dispute = dispute.ok_or(Error::NoDispute)?;
    let request = RefundRequest {
        reason: "The payment is disputed.".to_owned(),
        ..RefundRequest::default()
    };
    Ok(orders::refund(app, caller, dispute.order, request).await?)
}
