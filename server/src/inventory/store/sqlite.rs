//! Claims on SQLite: one `UPDATE … RETURNING` each, on the one writer.

use rusqlite::{Connection, Row, named_params};
use shared::ids::ClassId;

use super::Hold;
use crate::inventory::model::IssuedTicket;
use crate::platform::db::DbError;

/// The inner select counts what it found, so that too little claims nothing.
const CLAIM: &str = "
UPDATE issued_tickets SET
    rev = rev + 1, status = 'HELD', free_at = :until_millis,
    body = json_set(body, '$.status', 'HELD', '$.hold_order', :order, '$.hold_expires_at', :until)
WHERE id IN (
    WITH free AS MATERIALIZED (
        SELECT id FROM issued_tickets
        WHERE event_id = :event AND class_id = :class
            AND status IN ('AVAILABLE', 'HELD') AND free_at <= :now
        LIMIT :quantity
    )
    SELECT id FROM free WHERE (SELECT COUNT(*) FROM free) = :quantity
)
RETURNING body";

const CLAIM_SEATS: &str = "
UPDATE issued_tickets SET
    rev = rev + 1, status = 'HELD', free_at = :until_millis,
    body = json_set(body, '$.status', 'HELD', '$.hold_order', :order, '$.hold_expires_at', :until)
WHERE id IN (
    WITH free AS MATERIALIZED (
        SELECT id FROM issued_tickets
        WHERE event_id = :event AND seat IN (SELECT value FROM json_each(:seats))
            AND status IN ('AVAILABLE', 'HELD') AND free_at <= :now
    )
    SELECT id FROM free WHERE (SELECT COUNT(*) FROM free) = :quantity
)
RETURNING body";

const LOOK: &str = "
SELECT
    (SELECT COUNT(*) FROM (SELECT 1 FROM issued_tickets
        WHERE event_id = :event AND class_id = :class
            AND status IN ('AVAILABLE', 'HELD') AND free_at <= :now LIMIT :most)),
    (SELECT COUNT(*) FROM (SELECT 1 FROM issued_tickets
        WHERE event_id = :event AND class_id = :class
            AND status = 'HELD' AND free_at > :now LIMIT :most))";

pub(super) fn claim(
    connection: &Connection,
    hold: &Hold,
    class: ClassId,
    quantity: u32,
) -> Result<Vec<IssuedTicket>, DbError> {
    let mut statement = connection.prepare_cached(CLAIM)?;
    let rows = statement.query_map(
        named_params! {
            ":until_millis": hold.until.as_millis(),
            ":until": hold.until.to_string(),
            ":order": hold.order.to_string(),
            ":event": hold.event.to_string(),
            ":class": class.to_string(),
            ":now": hold.now.as_millis(),
            ":quantity": quantity,
        },
        raw,
    )?;
    rows.map(|row| ticket(&row?)).collect()
}

pub(super) fn claim_seats(
    connection: &Connection,
    hold: &Hold,
    seats: &[String],
) -> Result<Vec<IssuedTicket>, DbError> {
    let mut statement = connection.prepare_cached(CLAIM_SEATS)?;
    let rows = statement.query_map(
        named_params! {
            ":until_millis": hold.until.as_millis(),
            ":until": hold.until.to_string(),
            ":order": hold.order.to_string(),
            ":event": hold.event.to_string(),
            ":seats": serde_json::to_string(seats)?,
            ":now": hold.now.as_millis(),
            ":quantity": u32::try_from(seats.len()).unwrap_or(u32::MAX),
        },
        raw,
    )?;
    rows.map(|row| ticket(&row?)).collect()
}

pub(super) fn look(
    connection: &Connection,
    hold: &Hold,
    class: ClassId,
    most: u32,
) -> Result<(u32, u32), DbError> {
    let mut statement = connection.prepare_cached(LOOK)?;
    let counts = statement.query_row(
        named_params! {
            ":event": hold.event.to_string(),
            ":class": class.to_string(),
            ":now": hold.now.as_millis(),
            ":most": most,
        },
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(counts)
}

fn raw(row: &Row<'_>) -> rusqlite::Result<String> {
    row.get(0)
}

fn ticket(body: &str) -> Result<IssuedTicket, DbError> {
    serde_json::from_str(body).map_err(|source| DbError::Inconsistent {
        collection: "issued_tickets",
        source,
    })
}
