//! How many tickets of a class one person has (I6): bought, or held in time, over all orders.

use shared::api::orders::OrderStatus;
use shared::ids::{ClassId, EventId, UserId};
use shared::time::Timestamp;

use super::error::Error;
use super::model::Order;
use crate::events::model::TicketClass;
use crate::inventory::{Counted, take};
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx};

/// Counts an order that does not count yet against what one person may have, in the commit of its
/// hold. Classes without such a limit cost nothing.
pub(super) fn count_person(
    tx: &mut Tx<'_>,
    user: UserId,
    bill: &[(TicketClass, u32)],
    now: Timestamp,
) -> Result<(), Error> {
    for (class, quantity) in bill {
        let Some(max) = class.terms.max_per_person else {
            continue;
        };
        let key = format!("person/{}/{user}", class.id);
        let of = (user, class.event_id, class.id);
        let taken = take(tx, &key, *quantity, |_, _| max, |tx| has(tx, of, now))?;
        taken.map_err(|full| Error::PerPerson {
            class: class.name.clone(),
            max,
            has: full.others.all(),
        })?;
    }
    Ok(())
}

fn has(
    tx: &mut Tx<'_>,
    (user, event, class): (UserId, EventId, ClassId),
    now: Timestamp,
) -> Result<Counted, DbError> {
    let query = Query::on("by_user").eq(user).descending().limit(LIMIT_MAX);
    let orders = tx.list::<Order>(&query)?;
    if orders.len() >= LIMIT_MAX as usize {
        // What cannot be counted is full.
        return Ok(Counted {
            sold: u32::MAX,
            held: 0,
        });
    }
    let mut all = Counted::default();
    for order in orders.iter().filter(|order| order.event_id == event) {
        let lines = order.lines.iter().filter(|line| line.class_id == class);
        let quantity: u32 = lines.map(|line| line.quantity).sum();
        match order.status_at(now) {
            OrderStatus::Pending => all.held += quantity,
            status if status.uses_limits() => all.sold += quantity,
            _ => {}
        }
    }
    Ok(all)
}
