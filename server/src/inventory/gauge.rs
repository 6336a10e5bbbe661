//! Counting against a limit that is not a row of stock: pools, releases, tickets per person, uses of
//! a code (I5-I7, I10).
//!
//! A gauge is an upper bound of what counts. What really counts is derived from tickets and orders
//! themselves, so nothing can leak and nothing is given back twice: holds that end, refunds and
//! cancellations need not know of gauges. Only when the bound says "full" is the truth counted.
//!
//! Invariant: whatever begins to count passes [`take`] in its commit, or [`doubt`]s the gauge. While a
//! class has no such limit nothing passes; when it gets one again, its gauges have another name
//! (`TicketClass::gauge`), and the first who takes counts the truth. Everybody who takes writes the same
//! row, so two who take at once cannot both be the last one.

use serde::{Deserialize, Serialize};

use crate::platform::db::{Collection, DbError, Entity, Field, IndexValue, Tx};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// What it counts, and of whom: `pool/…`.
    pub id: String,
    /// At least what counts.
    pub taken: u32,
    /// The highest limit that was ever reached, where limits grow: what was let out stays out.
    pub open: u32,
}

impl Entity for Gauge {
    const COLLECTION: Collection = Collection {
        name: "gauges",
        fields: &[] as &[Field],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// What counts, this claim aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub sold: u32,
    /// May return.
    pub held: u32,
}

impl Counted {
    pub const fn all(self) -> u32 {
        self.sold.saturating_add(self.held)
    }
}

/// There is no room for so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    pub others: Counted,
    pub limit: u32,
}

/// Takes `quantity` if that keeps within the limit. `limit` is asked with what is surely sold and
/// with the highest limit so far; `others` counts what this claim does not bring.
pub fn take(
    tx: &mut Tx<'_>,
    id: &str,
    quantity: u32,
    limit: impl Fn(u32, u32) -> u32,
    others: impl FnOnce(&mut Tx<'_>) -> Result<Counted, DbError>,
) -> Result<Result<(), Full>, DbError> {
    let stored = tx.get::<Gauge>(id)?;
    let open = stored.as_ref().map_or(0, |gauge| gauge.open);
    let known = stored
        .as_ref()
        .map(|gauge| gauge.taken.saturating_add(quantity));
    let first = limit(0, open);
    // Where nothing was counted yet, stock may have been sold before there was a limit.
    let (taken, open) = if let Some(taken) = known.filter(|taken| *taken <= first) {
        (taken, first)
    } else {
        let others = others(tx)?;
        let limit = limit(others.sold, open);
        let taken = others.all().saturating_add(quantity);
        if taken > limit {
            return Ok(Err(Full { others, limit }));
        }
        (taken, limit)
    };
    if let Some(mut gauge) = stored {
        gauge.taken = taken;
        gauge.open = open;
        tx.replace(&mut gauge)?;
    } else {
        let id = id.to_owned();
        tx.insert(&Gauge { id, taken, open })?;
    }
    Ok(Ok(()))
}

/// More may count than passed [`take`]: the next who takes counts the truth.
pub fn doubt(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    if let Some(mut gauge) = tx.get::<Gauge>(id)? {
        gauge.taken = u32::MAX;
        return tx.replace(&mut gauge);
    }
    let doubted = Gauge {
        id: id.to_owned(),
        taken: u32::MAX,
        open: 0,
    };
    tx.insert(&doubted).map(drop)
}
