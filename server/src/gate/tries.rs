//! Wrong typed codes that were asked about here (T6): one count an event, whoever asks.
//!
//! Invariant: a try is stored as a wrong one before it is looked at, so that many at once are not
//! answered for the price of one; a right one takes back its own.

use serde::{Deserialize, Serialize};
use shared::admission::Untyped;
use shared::admission::tries::{Ends, Locked, Tries};
use shared::ids::EventId;
use shared::time::Timestamp;

use super::Error;
use crate::platform::db::{Collection, Db, DbError, Entity, IndexValue, Tx, Versioned};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTries {
    event: EventId,
    tries: Tries,
}

impl Entity for CodeTries {
    const COLLECTION: Collection = Collection {
        name: "code_tries",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// What was counted before this try.
pub(super) struct Try(Tries);

/// Counts a try as a wrong one; an error when none is allowed now.
pub(super) async fn begin(
    db: &Db,
    event: EventId,
    now: Timestamp,
) -> Result<Result<Try, Untyped>, Error> {
    db.write(move |tx| -> Result<_, Error> {
        let stored = tx.get::<CodeTries>(&event.to_string())?;
        let before = stored.as_ref().map(|of| of.tries.clone());
        let before = before.unwrap_or_default();
        match before.locked(now) {
            Some(Locked::For { secs }) => return Ok(Err(Untyped::Wait { secs })),
            Some(Locked::Supervisor) => return Ok(Err(Untyped::Supervisor)),
            None => {}
        }
        let mut tries = before.clone();
        // Whoever could allow them again is the one who asks.
        tries.count(Ends::AfterAnHour, now);
        put(tx, stored, CodeTries { event, tries })?;
        Ok(Ok(Try(before)))
    })
    .await
}

/// It was right.
pub(super) async fn take_back(db: &Db, event: EventId, right: Try) -> Result<(), Error> {
    db.write(move |tx| -> Result<(), Error> {
        let stored = tx.get::<CodeTries>(&event.to_string())?;
        let tries = right.0.clone();
        Ok(put(tx, stored, CodeTries { event, tries })?)
    })
    .await
}

/// Wrong ones of the last hour.
pub(super) async fn wrong(db: &Db, event: EventId, now: Timestamp) -> Result<usize, Error> {
    let stored = db.get::<CodeTries>(&event.to_string()).await?;
    Ok(stored.map_or(0, |of| of.tries.wrong(now)))
}

fn put(
    tx: &mut Tx<'_>,
    stored: Option<Versioned<CodeTries>>,
    tries: CodeTries,
) -> Result<(), DbError> {
    match stored {
        Some(mut stored) => {
            stored.value = tries;
            tx.replace(&mut stored)
        }
        None => tx.insert(&tries).map(drop),
    }
}
