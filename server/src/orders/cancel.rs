//! The buyer gives up an order that is not paid: its stock returns at once.

use shared::api::orders::{CancelRequest, OrderView};
use shared::ids::OrderId;
use shared::limits::TITLE_CHARS_MAX;

use super::error::Error;
use super::later::give_up;
use super::model::{IllegalMove, Order, Step, after};
use crate::app::App;
use crate::payments;
use crate::platform::fields::Fields;
use crate::platform::http::Caller;

pub async fn cancel(
    app: &App,
    caller: Caller,
    id: OrderId,
    request: CancelRequest,
) -> Result<OrderView, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    let note = fields.line("reason", &request.reason, 0, TITLE_CHARS_MAX);
    fields.done(())?;
    let order = app.db.get::<Order>(&id.to_string()).await?;
    let own = |order: &Order| order.user_id == caller.user || caller.is_admin();
    let order = order.filter(|order| own(order)).ok_or(Error::NotFound)?;
    let (from, step) = (order.status, Step::Cancel);
    if after(from, step).is_none() {
        return Err(IllegalMove { from, step }.into());
    }
    // First shut the door at the gateway. If money went through it already, the order is PAID now
    // and the move below is refused.
    payments::close_attempts(app, id).await?;
    app.db
        .write(move |tx| {
            let mut order = tx.get::<Order>(&id.to_string())?.ok_or(Error::NotFound)?;
            order.apply(Step::Cancel, now)?;
            order.note.clone_from(&note);
            give_up(tx, &order, now)?;
            payments::abandon(tx, order.id, now)?;
            tx.replace(&mut order)?;
            Ok(order.view(Vec::new(), now))
        })
        .await
}
