//! A guest who has lost the link gets it again, at the address of the order and nowhere else.

use serde_json::to_value;
use shared::api::orders::{FindOrders, OrderStatus};
use shared::ids::JobId;

use crate::accounts;
use crate::app::App;
use crate::events::model::Event;
use crate::notices::{FoundOrder, Mail, Outgoing};
use crate::orders::error::Error;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Query, Versioned};
use crate::platform::fields::Invalid;
use crate::platform::jobs::{self, NewJob};

pub(super) const JOB: &str = "orders.find";
/// Orders that are looked through, and links in one mail: the newest.
const LOOK_MAX: u32 = 200;
const LINKS_MAX: usize = 20;
/// To one address goes one such mail in so many seconds, whoever asks how often.
const PAUSE_SECS: i64 = 15 * 60;

/// Does the same whether or not there are such orders: a job is written, and that looks.
pub(super) async fn find(app: &App, mut wanted: FindOrders) -> Result<(), Error> {
    wanted.email =
        accounts::address_key(&wanted.email).map_err(|why| Invalid::field("email", why))?;
    let event = wanted.event_id.map(|event| event.to_string());
    let key = format!("{JOB}:{}:{}", event.unwrap_or_default(), wanted.email);
    let now = app.clock.now();
    let payload = to_value(&wanted).map_err(DbError::from)?;
    let job = NewJob::new(JobId::new(now, app.entropy.id10()), JOB, payload, now).dedupe(key);
    app.db
        .write(move |tx| jobs::enqueue(tx, job.clone()))
        .await?;
    Ok(())
}

/// Mails the links, if there are any.
pub(super) async fn mail(app: &App, wanted: &FindOrders) -> Result<(), DbError> {
    let now = app.clock.now();
    let query = Query::on("by_guest").eq(&wanted.email).descending();
    let orders = app.db.list::<Order>(&query.limit(LOOK_MAX)).await?;
    let is_meant = |order: &&Versioned<Order>| {
        let of_event = wanted.event_id.is_none_or(|event| event == order.event_id);
        of_event
            && !matches!(
                order.status_at(now),
                OrderStatus::Cancelled | OrderStatus::Expired
            )
    };
    let mut found = Vec::new();
    for order in orders.iter().filter(is_meant).take(LINKS_MAX) {
        let event = app.db.get::<Event>(&order.event_id.to_string()).await?;
        found.push(FoundOrder {
            event: event.map_or_else(|| "your event".to_owned(), |event| event.value.title),
            order: order.id,
        });
    }
    let Some(newest) = found.first() else {
        return Ok(());
    };
    let window = now.as_secs().div_euclid(PAUSE_SECS);
    let about = format!("found_orders:{}:{window}", newest.order);
    let mail = Mail::FoundOrders { orders: found };
    let mail = Outgoing::new(app, about, &wanted.email, mail, now);
    app.db.write(move |tx| mail.post(tx)).await
}
