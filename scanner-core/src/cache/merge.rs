//! What the network brought, by whichever way: entries that continue a log, and logs that their
//! writers split.
//!
//! Invariants: one transaction is all or nothing; an entry that is here is never replaced by
//! another; a head never goes back, except to where a log is frozen.

use rusqlite::{Connection, OptionalExtension as _};
use shared::log::{ForkProof, Genesis, LogHead, LogId};
use shared::sync::{from_wire, to_wire};

use super::grants;
use super::logs::{StoredEntry, entry_id, insert_log, number_of, set_checked};
use super::open::Cache;
use crate::error::Cause;
use crate::sync::gossip::{Batch, Freeze, Stray};

/// Two segments of 512 entries, and the genesis.
const PROOF_BYTES_MAX: usize = 128 * 1024;

impl Cache {
    /// Gives the number of entries that are new.
    pub(crate) fn merge(&mut self, batch: &Batch) -> Result<usize, Cause> {
        self.bring_in_own(batch.extend.iter().map(|of| of.genesis.log_id()))?;
        self.write(|tx| {
            let mut added = 0;
            for of in &batch.extend {
                added += extend(tx, &of.genesis, &of.entries, of.head)?;
            }
            for of in &batch.freeze {
                freeze(tx, of)?;
            }
            for (log, stray) in &batch.strays {
                if let Some(number) = number_of(tx, *log)? {
                    quarantine(tx, number, stray)?;
                }
            }
            for grant in &batch.grants {
                grants::store(tx, grant)?;
            }
            for log in &batch.close {
                tx.execute("UPDATE logs SET closed = 1 WHERE log = ?1", [&log.0[..]])?;
            }
            Ok(added)
        })
    }

    /// The end of an own log may lie in the ring: it comes before what is added after it.
    pub(super) fn bring_in_own(
        &mut self,
        extended: impl Iterator<Item = LogId>,
    ) -> Result<(), Cause> {
        let extended: Vec<LogId> = extended.collect();
        if extended.is_empty() {
            return Ok(());
        }
        for row in self.logs()? {
            if row.own && extended.contains(&row.log) {
                let head = self.walk(&row, row.checked, |_, _, _| ())?.head;
                self.take_over(row.place(), head)?;
            }
        }
        Ok(())
    }

    pub(crate) fn fork(&self, log: LogId) -> Result<Option<ForkProof>, Cause> {
        let wire: Option<Vec<u8>> = self
            .conn
            .prepare_cached(
                "SELECT proof FROM forks JOIN logs ON logs.number = forks.number WHERE log = ?1",
            )?
            .query_row([&log.0[..]], |row| row.get(0))
            .optional()?;
        wire.map(|wire| from_wire(&wire, PROOF_BYTES_MAX))
            .transpose()
            .map_err(|_| Cause::Inconsistent {
                table: "forks",
                row: log.to_string(),
                what: "not the proof that was stored",
            })
    }

    pub(super) fn frozen_at(&self, number: i64) -> Result<Option<u32>, Cause> {
        frozen_at(&self.conn, number)
    }

    pub(crate) fn strays_count(&self, log: LogId) -> Result<usize, Cause> {
        let count: u32 = self
            .conn
            .prepare_cached(
                "SELECT count(*) FROM strays
                 WHERE number = (SELECT number FROM logs WHERE log = ?1)",
            )?
            .query_row([&log.0[..]], |row| row.get(0))?;
        Ok(count as usize)
    }

    /// What is quarantined of one log, in order.
    pub(crate) fn strays(&self, log: LogId) -> Result<Vec<Stray>, Cause> {
        let mut select = self.conn.prepare_cached(
            "SELECT hash, previous, seq, body, signature FROM strays
             WHERE number = (SELECT number FROM logs WHERE log = ?1) ORDER BY seq, hash",
        )?;
        let mut rows = select.query([&log.0[..]])?;
        let mut strays = Vec::new();
        while let Some(row) = rows.next()? {
            let inconsistent = |_| Cause::Inconsistent {
                table: "strays",
                row: log.to_string(),
                what: "a hash of another length",
            };
            strays.push(Stray {
                hash: row.get::<_, Vec<u8>>(0)?.try_into().map_err(inconsistent)?,
                previous: row.get::<_, Vec<u8>>(1)?.try_into().map_err(inconsistent)?,
                seq: row.get(2)?,
                body: row.get(3)?,
                signature: row.get(4)?,
            });
        }
        Ok(strays)
    }
}

/// Verified entries that continue what somebody held when they were verified. Another process may
/// have stored the same ones meanwhile: those are passed over. Nothing is added to a frozen log.
pub(super) fn extend(
    tx: &Connection,
    genesis: &Genesis,
    entries: &[StoredEntry],
    head: LogHead,
) -> Result<usize, Cause> {
    let number = insert_log(tx, genesis, false)?;
    let frozen = frozen_at(tx, number)?;
    if frozen.is_some_and(|end| head.next_seq > end) {
        return Ok(0);
    }
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO entries (id, body, signature) VALUES (?1, ?2, ?3)",
    )?;
    let mut same = tx.prepare_cached("SELECT 1 FROM entries WHERE id = ?1 AND body = ?2")?;
    let mut added = 0;
    for entry in entries {
        let id = entry_id(number, entry.seq);
        let new = insert.execute((id, &entry.body, &entry.signature))?;
        if new == 0 && !same.exists((id, &entry.body))? {
            return Err(Cause::Inconsistent {
                table: "entries",
                row: format!("{} {}", genesis.log_id(), entry.seq),
                what: "another entry is there already",
            });
        }
        added += new;
    }
    let checked: u32 = tx
        .prepare_cached("SELECT checked_seq FROM logs WHERE number = ?1")?
        .query_row([number], |row| row.get(0))?;
    if head.next_seq > checked {
        set_checked(tx, number, head)?;
    }
    Ok(added)
}

fn frozen_at(conn: &Connection, number: i64) -> Result<Option<u32>, Cause> {
    Ok(conn
        .prepare_cached("SELECT seq FROM forks WHERE number = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?)
}

fn freeze(tx: &Connection, of: &Freeze) -> Result<(), Cause> {
    let number = insert_log(tx, &of.proof.genesis, false)?;
    // Another process may have frozen it lower meanwhile: what lies between would be missing.
    let known = frozen_at(tx, number)?.filter(|known| *known < of.head.next_seq);
    if known.is_some_and(|known| of.promoted.first().map(|of| of.seq) != Some(known)) {
        return Err(Cause::Inconsistent {
            table: "forks",
            row: of.proof.genesis.log_id().to_string(),
            what: "it is frozen lower already",
        });
    }
    let from = entry_id(number, of.head.next_seq);
    tx.execute(
        "DELETE FROM entries WHERE id BETWEEN ?1 AND ?2",
        (from, entry_id(number, u32::MAX)),
    )?;
    for entry in &of.promoted {
        tx.execute(
            "INSERT OR REPLACE INTO entries (id, body, signature) VALUES (?1, ?2, ?3)",
            (entry_id(number, entry.seq), &entry.body, &entry.signature),
        )?;
        tx.execute(
            "DELETE FROM strays WHERE number = ?1 AND seq = ?2 AND body = ?3",
            (number, entry.seq, &entry.body),
        )?;
    }
    tx.execute(
        "INSERT INTO forks (number, seq, proof) VALUES (?1, ?2, ?3)
         ON CONFLICT (number) DO UPDATE SET seq = excluded.seq, proof = excluded.proof",
        (number, of.head.next_seq, to_wire(&of.proof)),
    )?;
    set_checked(tx, number, of.head)
}

fn quarantine(tx: &Connection, number: i64, stray: &Stray) -> Result<(), Cause> {
    tx.prepare_cached(
        "INSERT INTO strays (number, seq, hash, previous, body, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET signature = coalesce(excluded.signature, signature)",
    )?
    .execute((
        number,
        stray.seq,
        &stray.hash[..],
        &stray.previous[..],
        &stray.body,
        &stray.signature,
    ))?;
    Ok(())
}

#[cfg(test)]
#[path = "merge_tests.rs"]
pub(crate) mod tests;
