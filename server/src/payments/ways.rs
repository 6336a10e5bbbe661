//! By which gateways an order can be paid now, for pages that offer them.

use shared::api::orders::OrderStatus;
use shared::api::payments::Provider;
use shared::ids::{EventId, OrderId};
use shared::money::Currency;

use super::error::Error;
use super::model::Payment;
use super::{gateway, merchants};
use crate::app::App;
use crate::events::model::Event;
use crate::orders::model::Order;
use crate::platform::db::Query;
use crate::platform::http::Caller;

/// In the order in which they are offered: the one for trying out comes last.
const ALL: [Provider; 3] = [Provider::Stripe, Provider::Payos, Provider::Demo];

/// Only the one of the live attempt where there is one: two at once could both be paid. None where the
/// caller has no such order, or it does not wait for money.
pub async fn ways(app: &App, caller: &Caller, order: OrderId) -> Result<Vec<Provider>, Error> {
    let order = app.db.get::<Order>(&order.to_string()).await?;
    let order = order.filter(|order| {
        order.user_id == caller.user && order.status_at(app.clock.now()) == OrderStatus::Pending
    });
    let Some(order) = order else {
        return Ok(Vec::new());
    };
    let live = Query::on("by_live_order").eq(order.id).limit(1);
    if let Some(live) = app.db.list::<Payment>(&live).await?.first() {
        return Ok(vec![live.provider]);
    }
    taking(app, order.event_id, order.total.currency).await
}

async fn taking(app: &App, event: EventId, currency: Currency) -> Result<Vec<Provider>, Error> {
    let event = app.db.get::<Event>(&event.to_string()).await?;
    let organization = event.and_then(|event| event.organization_id);
    let mut taking = Vec::new();
    for provider in ALL
        .into_iter()
        .filter(|provider| gateway::takes(*provider, currency))
    {
        let taken = gateway::lent(app, provider)
            || match organization {
                Some(owner) => merchants::current(app, owner, provider).await?.is_some(),
                None => false,
            };
        if taken {
            taking.push(provider);
        }
    }
    Ok(taking)
}
