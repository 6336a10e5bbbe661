//! Counting tickets of classes beside the rows that a claim takes: pools (I10), releases (I5), and
//! how far a class is sold (I4).

use shared::api::tickets::TicketStatus;
use shared::ids::{ClassId, EventId};
use shared::time::Timestamp;

use super::error::StockError;
use super::gauge::{Counted, take};
use super::model::{IssuedTicket, Pool, status_key};
use crate::events::model::{Sold, TicketClass};
use crate::platform::db::{Db, DbError, IndexValue, Query, Tx};

const SOLD: [TicketStatus; 4] = [
    TicketStatus::Paid,
    TicketStatus::Claimed,
    TicketStatus::Validated,
    TicketStatus::Expired,
];

/// Counts what an order has just claimed against the pools and releases of its classes, in the
/// claim's commit. `bill` says how many of each class it holds now that nobody counted before.
pub fn count_claim(
    tx: &mut Tx<'_>,
    bill: &[(TicketClass, u32)],
    now: Timestamp,
) -> Result<(), StockError> {
    for (class, quantity) in bill {
        if !class.terms.releases.is_empty() {
            count_release(tx, class, *quantity, now)?;
        }
    }
    let mut pools: Vec<&String> = bill.iter().flat_map(|(class, _)| &class.pools).collect();
    pools.sort_unstable();
    pools.dedup();
    for id in pools {
        count_pool(tx, id, bill, now)?;
    }
    Ok(())
}

fn count_release(
    tx: &mut Tx<'_>,
    class: &TicketClass,
    quantity: u32,
    now: Timestamp,
) -> Result<(), StockError> {
    let key = class.gauge("release");
    let limit = |sold, open: u32| class.released(now, sold).unwrap_or(u32::MAX).max(open);
    let taken = take(tx, &key, quantity, limit, |tx| {
        counted(tx, class.event_id, class.id, quantity, now)
    })?;
    taken.map_err(|full| {
        let next = class.next_release(full.limit);
        StockError::NotReleased {
            class: class.id,
            available: full.limit.saturating_sub(full.others.all()),
            held: full.others.held,
            next_at: next.and_then(|release| release.at).filter(|at| *at > now),
            is_last: next.is_none(),
        }
    })
}

fn count_pool(
    tx: &mut Tx<'_>,
    id: &str,
    bill: &[(TicketClass, u32)],
    now: Timestamp,
) -> Result<(), StockError> {
    let Some(pool) = tx.get::<Pool>(id)? else {
        return Ok(());
    };
    let own = |class: ClassId| -> u32 {
        let lines = bill.iter().filter(|(of, _)| of.id == class);
        lines.map(|(_, quantity)| *quantity).sum()
    };
    let quantity = pool.classes.iter().map(|class| own(*class)).sum();
    let taken = take(
        tx,
        &format!("pool/{id}"),
        quantity,
        |_, _| pool.limit,
        |tx| {
            let mut all = Counted::default();
            for class in &pool.classes {
                let of_class = counted(tx, pool.event_id, *class, own(*class), now)?;
                all.sold += of_class.sold;
                all.held += of_class.held;
            }
            Ok(all)
        },
    )?;
    taken.map_err(|full| StockError::PoolShort {
        pool: pool.name.clone(),
        available: full.limit.saturating_sub(full.others.all()),
        held: full.others.held,
    })
}

/// Whether so many of the class could be claimed as they are; of what pools and releases hold back
/// nothing is free here.
pub fn is_free(
    tx: &mut Tx<'_>,
    class: &TicketClass,
    quantity: u32,
    now: Timestamp,
) -> Result<bool, DbError> {
    if !class.pools.is_empty() || !class.terms.releases.is_empty() {
        return Ok(false);
    }
    let all = || of_class(class.event_id, class.id);
    let free = all().eq(status_key(TicketStatus::Available));
    let lapsed = all().eq(status_key(TicketStatus::Held)).at_most(now);
    let free = tx.count::<IssuedTicket>(&free)? + tx.count::<IssuedTicket>(&lapsed)?;
    Ok(free >= u64::from(quantity))
}

fn of_class(event: EventId, class: ClassId) -> Query {
    Query::on("stock").eq(event).eq(class)
}

/// The class' tickets that are sold or held in time, `own` held ones aside.
pub(super) fn counted(
    tx: &mut Tx<'_>,
    event: EventId,
    class: ClassId,
    own: u32,
    now: Timestamp,
) -> Result<Counted, DbError> {
    let held = of_class(event, class)
        .eq(status_key(TicketStatus::Held))
        .more_than(now);
    let held = small(tx.count::<IssuedTicket>(&held)?);
    Ok(Counted {
        sold: sold_in(tx, event, class)?,
        held: held.saturating_sub(own),
    })
}

fn sold_in(tx: &mut Tx<'_>, event: EventId, class: ClassId) -> Result<u32, DbError> {
    let mut sold = 0;
    for status in SOLD {
        let query = of_class(event, class).eq(status_key(status));
        sold += tx.count::<IssuedTicket>(&query)?;
    }
    Ok(small(sold))
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How far a class is sold, for its price.
pub fn sold_of_in(tx: &mut Tx<'_>, class: &TicketClass) -> Result<Sold, DbError> {
    if !class.prices_by_demand() {
        return Ok(Sold::default());
    }
    let all = of_class(class.event_id, class.id);
    let voided = all.clone().eq(status_key(TicketStatus::Cancelled));
    let total = tx.count::<IssuedTicket>(&all)? - tx.count::<IssuedTicket>(&voided)?;
    Ok(Sold {
        sold: sold_in(tx, class.event_id, class.id)?,
        total: small(total),
    })
}

/// [`sold_of_in`] outside any transaction, all seen at one moment.
pub async fn sold_of(db: &Db, class: &TicketClass) -> Result<Sold, DbError> {
    if !class.prices_by_demand() {
        return Ok(Sold::default());
    }
    let tally = db
        .tally::<IssuedTicket>(&of_class(class.event_id, class.id))
        .await?;
    let count = |status| {
        let key = IndexValue::from(status_key(status));
        let found = tally.iter().find(|(value, _)| *value == key);
        found.map_or(0, |(_, count)| *count)
    };
    let all: u64 = tally.iter().map(|(_, count)| count).sum();
    Ok(Sold {
        sold: small(SOLD.map(count).iter().sum()),
        total: small(all - count(TicketStatus::Cancelled)),
    })
}
