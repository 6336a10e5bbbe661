//! A buyer brings a code.

use shared::ids::EventId;
use shared::time::Timestamp;

use super::Error;
use super::model::{Voucher, normal};
use crate::inventory::{Counted, take};
use crate::orders::model::Order;
use crate::platform::db::{DbError, Query, Tx};

/// The voucher behind the code, if it is good here and now.
pub fn redeem(
    tx: &mut Tx<'_>,
    event: EventId,
    code: &str,
    now: Timestamp,
) -> Result<Voucher, Error> {
    let code = normal(code).ok_or(Error::NotGood)?;
    let query = Query::on("by_code").eq(event).eq(code).limit(1);
    let found = tx.list::<Voucher>(&query)?.into_iter().next();
    found
        .map(|row| row.value)
        .filter(|voucher| voucher.is_good(now))
        .ok_or(Error::NotGood)
}

/// Counts one use for an order that does not count yet, in the commit of its hold.
pub fn count_use(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> Result<(), Error> {
    let voucher = tx.get::<Voucher>(id)?.ok_or(Error::NotGood)?;
    let Some(max) = voucher.max_uses else {
        return Ok(());
    };
    let key = format!("voucher/{id}");
    let taken = take(tx, &key, 1, |_, _| max, |tx| counted(tx, id, now))?;
    taken.map_err(|full| Error::UsedUp {
        held: full.others.held,
    })
}

/// Orders that bought with it, and orders that hold tickets with it.
pub(super) fn counted(tx: &mut Tx<'_>, id: &str, now: Timestamp) -> Result<Counted, DbError> {
    let all = Query::on("by_voucher").eq(id);
    let small = |count| u32::try_from(count).unwrap_or(u32::MAX);
    let held = small(tx.count::<Order>(&all.clone().more_than(now))?);
    // Orders that are not PENDING have no end.
    let sold = small(tx.count::<Order>(&all.eq(crate::platform::db::IndexValue::Null))?);
    Ok(Counted { sold, held })
}
