//! Moments that follow one another: who commits later has the later one.
//!
//! The time of a request is read when it comes in, but requests do not commit in the order they
//! came: a list by that time grows behind the cursor of who pages through it, who then never sees
//! the row. A moment is fixed inside the commit: not before the clock, and after the last one of
//! the same name.
//!
//! Invariant: moments of one name are distinct and in the order of their commits. SQLite has one
//! writer; on MongoDB both commits write the same row, so the one that comes second runs again.
//! That is also the price: commits under one name follow one another there.

use serde::{Deserialize, Serialize};
use shared::time::Timestamp;

use crate::platform::db::{Collection, DbError, Entity, IndexValue, Tx};

/// The last moment of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    name: String,
    last: Timestamp,
}

impl Entity for Moment {
    const COLLECTION: Collection = Collection {
        name: "moments",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.name.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// The next moment of `name`: `now`, or a millisecond after the last one when that is later. A name
/// without a row asks `before` for the last moment that was given some other way.
pub fn next(
    tx: &mut Tx<'_>,
    name: &str,
    now: Timestamp,
    before: impl FnOnce(&mut Tx<'_>) -> Result<Option<Timestamp>, DbError>,
) -> Result<Timestamp, DbError> {
    let after = |last: Timestamp| now.max(last.plus_millis(1));
    if let Some(mut row) = tx.get::<Moment>(name)? {
        row.value.last = after(row.value.last);
        tx.replace(&mut row)?;
        return Ok(row.value.last);
    }
    let fresh = Moment {
        name: name.to_owned(),
        last: before(tx)?.map_or(now, after),
    };
    tx.insert(&fresh)?;
    Ok(fresh.last)
}
