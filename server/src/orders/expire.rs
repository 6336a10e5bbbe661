//! Holds that ended. Their stock is claimable as it is; this only tidies up, after asking the
//! gateway whether money is there (I6).

use futures::StreamExt as _;
use shared::api::orders::OrderStatus;
use shared::ids::OrderId;

use super::error::Error;
use super::later::give_up;
use super::model::{Order, Overdue, Step};
use crate::app::App;
use crate::payments;
use crate::platform::db::Query;

/// Orders looked at in one go.
const SWEEP_MAX: u32 = 200;
/// Orders whose gateway is asked at a time: one that hangs holds up few.
const AT_ONCE: usize = 8;

/// Expires what is due; gives how many orders were due.
pub async fn expire_due(app: &App) -> Result<usize, Error> {
    let query = Query::on("by_look")
        .at_most(app.clock.now())
        .limit(SWEEP_MAX);
    let due = app.db.list::<Order>(&query).await?;
    let count = due.len();
    futures::stream::iter(due)
        .for_each_concurrent(AT_ONCE, async |order| {
            // One that fails must not keep the others waiting.
            let id = order.id;
            if let Err(error) = expire_or_wait(app, &order).await {
                tracing::error!(order.id = %id, error = %error, "cannot expire an order");
            }
        })
        .await;
    Ok(count)
}

/// Expires it, or makes room for others while its gateway does not answer.
async fn expire_or_wait(app: &App, order: &Order) -> Result<(), Error> {
    let Err(error) = payments::close_attempts(app, order.id).await else {
        return end(app, order.id).await;
    };
    let (id, now) = (order.id, app.clock.now());
    app.db
        .write(move |tx| {
            let order = tx.get::<Order>(&id.to_string())?;
            let pending = order.filter(|order| order.status == OrderStatus::Pending);
            if let Some(mut order) = pending {
                order.overdue = Some(Overdue::after(order.overdue, now));
                tx.replace(&mut order)?;
            }
            Ok::<_, Error>(())
        })
        .await?;
    Err(error.into())
}

/// Expires one order, unless it was paid or is not due.
pub async fn expire(app: &App, id: OrderId) -> Result<(), Error> {
    payments::close_attempts(app, id).await?;
    end(app, id).await
}

/// Its gateway was asked.
async fn end(app: &App, id: OrderId) -> Result<(), Error> {
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
