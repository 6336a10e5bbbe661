//! What an order costs (O4). Pure.
//!
//! Invariants: integers of minor units; each line is rounded on its own and by one rule
//! ([`share_of`]); the total is exactly the sum of the lines. Nothing is ever recomputed later: what
//! was held is what is paid.

use shared::api::selling::Charges;
use shared::money::{Money, MoneyError};

use super::model::Line;
use crate::events::model::{TicketClass, share_of};

/// So many of a class at this price, less a discount each.
pub(super) struct Item<'a> {
    pub(super) class: &'a TicketClass,
    pub(super) quantity: u32,
    pub(super) unit: Money,
    /// Of one ticket, in minor units; more than the price is the price.
    pub(super) discount: i64,
}

const WHOLE: u64 = 10_000;

/// The lines and their sum; `None` for no items.
pub(super) fn price<'a>(
    items: impl IntoIterator<Item = Item<'a>>,
    charges: &Charges,
) -> Result<(Vec<Line>, Option<Money>), MoneyError> {
    let mut lines = Vec::new();
    let mut sum: Option<Money> = None;
    for item in items {
        let line = line(&item, charges)?;
        sum = Some(match sum {
            Some(sum) => sum.checked_add(line.total)?,
            None => line.total,
        });
        lines.push(line);
    }
    Ok((lines, sum))
}

fn line(item: &Item<'_>, charges: &Charges) -> Result<Line, MoneyError> {
    let currency = item.unit.currency;
    let times = |amount: i64| Money::new(amount, currency).checked_mul(item.quantity);
    let discount = item.discount.clamp(0, item.unit.amount.max(0));
    let reduced = item.unit.amount - discount;
    // A ticket that is free stays free.
    let fee = if reduced == 0 {
        0
    } else {
        let share = share_of(reduced, u64::from(charges.fee_share), WHOLE);
        charges
            .fee_minor
            .checked_add(share)
            .ok_or(MoneyError::Overflow)?
    };
    let (net, fee) = (times(reduced)?, times(fee)?);
    let gross = net.checked_add(fee)?;
    let share = u64::from(charges.tax_share);
    let (tax, total) = if charges.tax_included {
        let without = share_of(gross.amount, WHOLE, WHOLE + share);
        (gross.amount - without, gross)
    } else {
        let tax = share_of(gross.amount, share, WHOLE);
        (tax, gross.checked_add(Money::new(tax, currency))?)
    };
    Ok(Line {
        class_id: item.class.id,
        name: item.class.name.clone(),
        quantity: item.quantity,
        unit_price: item.unit,
        discount: times(discount)?.amount,
        fee: fee.amount,
        tax,
        total,
    })
}
