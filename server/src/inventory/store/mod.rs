//! What the typed collection cannot do: claiming stock in one statement, and filling it quickly.
//!
//! Both backends keep the same promise: the rows of a claim are all there or none is.

mod mongo;
mod sqlite;

use shared::ids::{ClassId, EventId, OrderId};
use shared::time::Timestamp;

use super::model::IssuedTicket;
use crate::platform::db::{DbError, Tx, TxBackend};

/// For whom, from when, until when.
pub(super) struct Hold {
    pub(super) event: EventId,
    pub(super) order: OrderId,
    pub(super) now: Timestamp,
    pub(super) until: Timestamp,
}

/// Holds `quantity` tickets of a class, or none.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    hold: &Hold,
    class: ClassId,
    quantity: u32,
) -> Result<Vec<IssuedTicket>, DbError> {
    match tx.backend() {
        TxBackend::Sqlite(connection) => sqlite::claim(connection, hold, class, quantity),
        TxBackend::Mongo(tx) => mongo::claim(tx, hold, class, quantity),
    }
}

/// Holds all these seats, or none.
pub(super) fn claim_seats(
    tx: &mut Tx<'_>,
    hold: &Hold,
    seats: &[String],
) -> Result<Vec<IssuedTicket>, DbError> {
    match tx.backend() {
        TxBackend::Sqlite(connection) => sqlite::claim_seats(connection, hold, seats),
        TxBackend::Mongo(tx) => mongo::claim_seats(tx, hold, seats),
    }
}

/// How many tickets of the class are claimable and how many are held; both stop at `most`.
pub(super) fn look(
    tx: &mut Tx<'_>,
    hold: &Hold,
    class: ClassId,
    most: u32,
) -> Result<(u32, u32), DbError> {
    match tx.backend() {
        TxBackend::Sqlite(connection) => sqlite::look(connection, hold, class, most),
        TxBackend::Mongo(tx) => mongo::look(tx, hold, class, most),
    }
}
