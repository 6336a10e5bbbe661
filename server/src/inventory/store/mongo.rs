//! Claims on MongoDB: candidates, then one conditional update of all of them, in the caller's
//! transaction.
//!
//! MongoDB cannot update "any n". Buyers therefore start looking at different places, so that they
//! seldom meet; where they do, one of them loses its transaction and runs again.

use futures::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;
use shared::ids::ClassId;

use super::Hold;
use crate::inventory::model::IssuedTicket;
use crate::platform::db::{DbError, Entity as _, MongoTx};

/// Places that buyers start from.
const SPREAD: u64 = 97;

pub(super) fn claim(
    tx: &mut MongoTx,
    hold: &Hold,
    class: ClassId,
    quantity: u32,
) -> Result<Vec<IssuedTicket>, DbError> {
    let mut ids = ids(tx, claimable(hold, class), skip(hold), quantity)?;
    if ids.len() < quantity as usize {
        ids = self::ids(tx, claimable(hold, class), 0, quantity)?;
    }
    take(tx, hold, ids, quantity as usize)
}

pub(super) fn claim_seats(
    tx: &mut MongoTx,
    hold: &Hold,
    seats: &[String],
) -> Result<Vec<IssuedTicket>, DbError> {
    let most = u32::try_from(seats.len()).unwrap_or(u32::MAX);
    let filter = doc! {
        "ix.event_id": hold.event.to_string(),
        "ix.seat": { "$in": seats },
        "ix.status": { "$in": ["AVAILABLE", "HELD"] },
        "ix.free_at": { "$lte": hold.now.as_millis() },
    };
    let ids = ids(tx, filter, 0, most)?;
    take(tx, hold, ids, seats.len())
}

pub(super) fn look(
    tx: &mut MongoTx,
    hold: &Hold,
    class: ClassId,
    most: u32,
) -> Result<(u32, u32), DbError> {
    let mut held = claimable(hold, class);
    held.insert("ix.status", "HELD");
    held.insert("ix.free_at", doc! { "$gt": hold.now.as_millis() });
    let available = ids(tx, claimable(hold, class), 0, most)?.len();
    let held = ids(tx, held, 0, most)?.len();
    let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok((small(available), small(held)))
}

fn claimable(hold: &Hold, class: ClassId) -> Document {
    doc! {
        "ix.event_id": hold.event.to_string(),
        "ix.class_id": class.to_string(),
        "ix.status": { "$in": ["AVAILABLE", "HELD"] },
        "ix.free_at": { "$lte": hold.now.as_millis() },
    }
}

/// How many candidates this buyer leaves to others: a number that only its order decides.
fn skip(hold: &Hold) -> u64 {
    let [.., last] = *hold.order.as_bytes();
    u64::from(last) % SPREAD
}

fn ids(tx: &mut MongoTx, filter: Document, skip: u64, most: u32) -> Result<Vec<Bson>, DbError> {
    let collection = tx.collection(&IssuedTicket::COLLECTION);
    let options = FindOptions::builder()
        .projection(doc! { "_id": 1 })
        .skip(skip)
        .limit(i64::from(most))
        .build();
    let found: Vec<Document> = tx.run(async |session| {
        let mut cursor = collection
            .find(filter)
            .with_options(options)
            .session(&mut *session)
            .await?;
        cursor.stream(session).try_collect().await
    })?;
    Ok(found
        .into_iter()
        .filter_map(|mut row| row.remove("_id"))
        .collect())
}

/// Holds exactly these rows if all of `wanted` were found, else none.
fn take(
    tx: &mut MongoTx,
    hold: &Hold,
    ids: Vec<Bson>,
    wanted: usize,
) -> Result<Vec<IssuedTicket>, DbError> {
    if ids.len() != wanted {
        return Ok(Vec::new());
    }
    let collection = tx.collection(&IssuedTicket::COLLECTION);
    let rows = doc! { "_id": { "$in": ids } };
    let change = doc! {
        "$inc": { "rev": 1_i64 },
        "$set": {
            "ix.status": "HELD",
            "ix.free_at": hold.until.as_millis(),
            "body.status": "HELD",
            "body.hold_order": hold.order.to_string(),
            "body.hold_expires_at": hold.until.to_string(),
        },
    };
    let found: Vec<Document> = tx.run(async |session| {
        // The snapshot that found them is the one that changes them: whoever changed one of them
        // meanwhile makes this transaction fail as a whole.
        collection
            .update_many(rows.clone(), change)
            .session(&mut *session)
            .await?;
        let mut cursor = collection.find(rows).session(&mut *session).await?;
        cursor.stream(session).try_collect().await
    })?;
    let decode = |row| MongoTx::decode::<IssuedTicket>(row);
    found
        .into_iter()
        .map(|row| Ok(decode(row)?.into_inner()))
        .collect()
}
