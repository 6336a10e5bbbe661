//! Pools: a number of tickets that classes share, beside the stock that each has (I10).

use shared::api::page::Page;
use shared::api::selling::{CreatePool, PoolView, UpdatePool};
use shared::ids::{EventId, uuid_v7};
use shared::limits::NAME_CHARS_MAX;
use shared::time::Timestamp;

use super::count::counted;
use super::error::Error;
use super::gauge::Counted;
use super::model::Pool;
use crate::app::App;
use crate::events::model::{CAPACITY_MAX, TicketClass};
use crate::events::{owned_event, owned_event_in};
use crate::platform::db::{Query, Tx};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;
use crate::platform::http::attempt::Attempt;

/// Pools of one event.
const POOLS_MAX: u32 = 50;

/// Makes a pool; its classes count against it from then on, with what they sold before.
pub async fn create_pool(
    app: &App,
    caller: Caller,
    event: EventId,
    wanted: CreatePool,
    attempt: Attempt,
) -> Result<PoolView, Error> {
    let now = app.clock.now();
    let id = uuid_v7(now, app.entropy.id10()).to_string();
    let mut fields = Fields::default();
    let name = fields.line("name", &wanted.name, 1, NAME_CHARS_MAX);
    check_limit(wanted.limit, &mut fields);
    if wanted.class_ids.is_empty() {
        fields.wrong("classIds", "must not be empty");
    }
    let mut classes = wanted.class_ids;
    classes.sort_unstable();
    classes.dedup();
    let pool = fields.done(Pool {
        id,
        event_id: event,
        name,
        limit: wanted.limit,
        classes,
    })?;
    app.db
        .write(move |tx| {
            attempt.once(tx, now, |tx| {
                let mut event = owned_event_in(tx, &caller, event)?;
                let known = Query::on("by_event").eq(event.id).limit(POOLS_MAX);
                if tx.list::<Pool>(&known)?.len() >= POOLS_MAX as usize {
                    let (what, max) = ("pools", POOLS_MAX as usize);
                    return Err(crate::events::Error::TooMany { what, max }.into());
                }
                for id in &pool.classes {
                    let class = tx.get::<TicketClass>(&id.to_string())?;
                    let class = class.filter(|class| class.event_id == event.id);
                    let mut class = class.ok_or_else(|| {
                        Invalid::field("classIds", format!("not a class of this event: {id}"))
                    })?;
                    class.pools.push(pool.id.clone());
                    tx.replace(&mut class)?;
                }
                tx.insert(&pool)?;
                event.touch(now);
                tx.replace(&mut event)?;
                pool_view(tx, &pool, now)
            })
        })
        .await
}

/// A new limit. What is sold beyond it stays sold.
pub async fn edit_pool(
    app: &App,
    caller: Caller,
    event: EventId,
    id: String,
    wanted: UpdatePool,
) -> Result<PoolView, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    check_limit(wanted.limit, &mut fields);
    fields.done(())?;
    app.db
        .write(move |tx| {
            let event = owned_event_in(tx, &caller, event)?;
            let pool = tx
                .get::<Pool>(&id)?
                .filter(|pool| pool.event_id == event.id);
            let mut pool = pool.ok_or(Error::NoPool)?;
            pool.limit = wanted.limit;
            tx.replace(&mut pool)?;
            pool_view(tx, &pool, now)
        })
        .await
}

pub async fn pools(app: &App, caller: Caller, event: EventId) -> Result<Page<PoolView>, Error> {
    owned_event(&app.db, &caller, event).await?;
    let now = app.clock.now();
    let items = app
        .db
        .write(move |tx| -> Result<_, Error> {
            let query = Query::on("by_event").eq(event).limit(POOLS_MAX);
            let pools = tx.list::<Pool>(&query)?;
            pools.iter().map(|pool| pool_view(tx, pool, now)).collect()
        })
        .await?;
    Ok(Page {
        items,
        next_cursor: None,
    })
}

fn check_limit(limit: u32, fields: &mut Fields) {
    if limit == 0 || limit > CAPACITY_MAX {
        fields.wrong("limit", format!("must be from 1 to {CAPACITY_MAX}"));
    }
}

fn pool_view(tx: &mut Tx<'_>, pool: &Pool, now: Timestamp) -> Result<PoolView, Error> {
    let mut all = Counted::default();
    for class in &pool.classes {
        let of_class = counted(tx, pool.event_id, *class, 0, now)?;
        all.sold += of_class.sold;
        all.held += of_class.held;
    }
    Ok(PoolView {
        id: pool.id.clone(),
        name: pool.name.clone(),
        limit: pool.limit,
        class_ids: pool.classes.clone(),
        sold: all.sold,
        held: all.held,
    })
}
