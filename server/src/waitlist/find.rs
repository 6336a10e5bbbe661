//! Reading waitlists: one's own places, and an event's for its organizer.

use shared::api::page::Page;
use shared::api::waitlist::WaitView;
use shared::ids::EventId;

use super::Error;
use super::model::{State, Wait};
use crate::app::App;
use crate::events::owned_event;
use crate::orders::model::Order;
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::http::{Caller, PageParams};

/// The caller's own, newest first.
pub async fn list_mine(
    app: &App,
    caller: &Caller,
    page: &PageParams,
) -> Result<Page<WaitView>, Error> {
    let query = Query::on("by_user").eq(caller.user).descending();
    Ok(views(app, query, page).await?)
}

/// All of an event, in the order they came.
pub async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    page: &PageParams,
) -> Result<Page<WaitView>, Error> {
    owned_event(&app.db, caller, event).await?;
    let query = Query::on("by_event").eq(event);
    Ok(views(app, query, page).await?)
}

async fn views(app: &App, query: Query, page: &PageParams) -> Result<Page<WaitView>, DbError> {
    let query = query.limit(page.limit).after(page.cursor.as_deref());
    let found = app.db.page::<Wait>(&query).await?;
    let now = app.clock.now();
    let mut items = Vec::with_capacity(found.items.len());
    for wait in &found.items {
        let order = match wait.state {
            State::Offered { order, .. } => app.db.get::<Order>(&order.to_string()).await?,
            State::Waiting | State::Passed { .. } | State::Left => None,
        };
        let position = match wait.state {
            State::Waiting => Some(small(app.db.count::<Wait>(&up_to(wait)).await?)),
            State::Offered { .. } | State::Passed { .. } | State::Left => None,
        };
        let order = order.map(|order| order.value);
        items.push(wait.view(order.as_ref(), position, now));
    }
    Ok(Page {
        items,
        next_cursor: found.next,
    })
}

/// The place of one who waits; 1 is the next.
pub(super) fn position(tx: &mut Tx<'_>, wait: &Wait) -> Result<u32, DbError> {
    Ok(small(tx.count::<Wait>(&up_to(wait))?))
}

fn up_to(wait: &Wait) -> Query {
    let queue = Query::on("by_queue").eq(wait.class_id.to_string());
    queue.at_most(wait.joined_at)
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
