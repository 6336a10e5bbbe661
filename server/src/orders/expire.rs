//! Holds that ended. Their stock is claimable as it is; this only tidies up, after asking the
//! gateway whether money is there (I6).

use futures::StreamExt as _;
use shared::api::orders::OrderStatus;
use shared::ids::OrderId;

use super::error::Error;
use super::later::give_up;
use super::model::{Order, Step};
use crate::app::App;
use crate::payments;
use crate::platform::db::Query;

/// Orders looked at in one go.
const SWEEP_MAX: u32 = 200;
/// Orders whose gateway is asked at a time: one that hangs holds up few.
const AT_ONCE: usize = 8;

/// Expires what is due; gives how many orders were due.
pub async fn expire_due(app: &App) -> Result<usize, Error> {
    let query = Query::on("by_due")
        .at_most(app.clock.now())
        .limit(SWEEP_MAX);
    let due = app.db.list::<Order>(&query).await?;
    let ids: Vec<OrderId> = due.iter().map(|order| order.id).collect();
    futures::stream::iter(ids)
        .for_each_concurrent(AT_ONCE, async |id| {
            // One that fails must not keep the others waiting.
            if let Err(error) = expire(app, id).await {
                tracing::error!(order.id = %id, error = %error, "cannot expire an order");
            }
        })
        .await;
    Ok(due.len())
}

/// Expires one order, unless it was paid or is not due.
pub async fn expire(app: &App, id: OrderId) -> Result<(), Error> {
    payments::close_attempts(app, id).await?;
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let Some(mut order) = tx.get::<Order>(&id.to_string())? else {
                return Ok(());
            };
            if order.status != OrderStatus::Pending || now < order.expires_at {
                return Ok(());
            }
            order.apply(Step::Expire, now)?;
            give_up(tx, &order, now)?;
            payments::abandon(tx, order.id, now)?;
            tx.replace(&mut order)?;
            Ok(())
        })
        .await
}
