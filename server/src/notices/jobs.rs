//! Writing notices.

use anyhow::Context as _;

use super::Notice;
use crate::app::{App, AppState};
use crate::events::model::Event;
use crate::orders::model::Order;
use crate::platform::db::DbError;
use crate::platform::jobs::{Runner, fatal};

/// The buyer of a paid order: `{"orderId": …}`.
pub const ORDER_PAID: &str = "mail.order_paid";

pub fn register(runner: &mut Runner<AppState>) {
    runner.register(ORDER_PAID, |app, payload| async move {
        let order = payload["orderId"].as_str().context("no orderId")?;
        order_paid(&app, order).await
    });
}

async fn order_paid(app: &App, order: &str) -> anyhow::Result<()> {
    let Some(order) = app.db.get::<Order>(order).await? else {
        return Err(fatal("no such order"));
    };
    let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
    let title = event.map_or_else(|| "your event".to_owned(), |event| event.value.title);
    let notice = Notice::order_paid(&order, &title, app.clock.now());
    app.db
        .write(move |tx| -> Result<(), DbError> {
            if tx.get::<Notice>(&notice.id)?.is_none() {
                tx.insert(&notice)?;
            }
            Ok(())
        })
        .await?;
    tracing::info!(order.id = %order.id, "order confirmation written");
    Ok(())
}
