//! The logs: the device's own, and what it learnt of others'.

use rusqlite::{Connection, OptionalExtension as _, Row};
use shared::log::{Entry, Genesis, Hlc, LogHead, LogId, SignedEntry};

use super::{open::Cache, ring};
use crate::error::Cause;

/// Own logs count down from here, other devices' logs up from 1.
const OWN_LOG_TOP: i64 = 0x7FFF_FFFF;
/// Entries read at a time when a tail is walked.
const WALK_ENTRIES: u32 = 4096;

/// One log as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogRow {
    pub(crate) number: i64,
    pub(crate) log: LogId,
    pub(crate) genesis: Genesis,
    pub(crate) own: bool,
    /// Takes no further entries from this device.
    pub(crate) closed: bool,
    /// Verified up to here.
    pub(crate) checked: LogHead,
    /// The server durably has the entries before this one.
    pub(crate) acked: u32,
    /// Why the server refuses this log.
    pub(crate) refused: Option<String>,
    /// Its writer signed two entries here: nothing from here on is part of it.
    pub(crate) frozen: Option<u32>,
}

impl LogRow {
    /// The own log that takes entries. One that is forked does not, closed or not.
    pub(crate) const fn is_open(&self) -> bool {
        self.own && !self.closed && self.frozen.is_none()
    }

    pub(crate) const fn place(&self) -> LogPlace {
        LogPlace {
            number: self.number,
            log: self.log,
            own: self.own,
        }
    }
}

/// Where the entries of a log lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LogPlace {
    pub(crate) number: i64,
    pub(crate) log: LogId,
    pub(crate) own: bool,
}

/// Where a log ends, with the latest clock stamp in what was walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) head: LogHead,
    pub(crate) hlc: Hlc,
}

/// An entry as it lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    pub seq: u32,
    pub body: Vec<u8>,
    /// Live entries carry one; of a catch-up segment only the last does.
    pub signature: Option<Vec<u8>>,
}

impl Cache {
    pub(crate) fn logs(&self) -> Result<Vec<LogRow>, Cause> {
        let mut select = self.conn.prepare_cached(
            "SELECT logs.number, log, genesis, own, closed, checked_seq, checked_head, acked, refused,
                    forks.seq
             FROM logs LEFT JOIN forks ON forks.number = logs.number ORDER BY logs.number",
        )?;
        let mut rows = select.query([])?;
        let mut logs = Vec::new();
        while let Some(row) = rows.next()? {
            logs.push(log_row(row)?);
        }
        Ok(logs)
    }

    /// Where a log lies; `None` when it is not here.
    pub(crate) fn place_of(&self, log: LogId) -> Result<Option<LogPlace>, Cause> {
        Ok(self
            .conn
            .prepare_cached("SELECT number, own FROM logs WHERE log = ?1")?
            .query_row([&log.0[..]], |row| {
                Ok(LogPlace {
                    number: row.get(0)?,
                    log,
                    own: row.get(1)?,
                })
            })
            .optional()?)
    }

    /// Begins an own log. The others are closed in the same commit: one is open at a time.
    pub(crate) fn begin_own_log(
        &mut self,
        genesis: &Genesis,
        place: &str,
    ) -> Result<LogRow, Cause> {
        let mut identity = self.identity()?.ok_or(Cause::NotEnrolled)?;
        place.clone_into(&mut identity.place);
        self.write(|tx| {
            super::facts::store_identity(tx, &identity)?;
            tx.execute("UPDATE logs SET closed = 1 WHERE own = 1", [])?;
            insert_log(tx, genesis, true)
        })?;
        self.logs()?
            .into_iter()
            .find(|row| row.log == genesis.log_id())
            .ok_or_else(|| Cause::Damaged("the log that was begun is not there".to_owned()))
    }

    /// Takes over what the ring holds of an own log that ends at `head`, in one commit. The slots
    /// may be used again afterwards.
    pub(crate) fn take_over(&mut self, place: LogPlace, head: LogHead) -> Result<(), Cause> {
        let first = self.stored_end(place.number)?;
        // The ring may hold what this device wrote past a fork: that is kept among the strays.
        let count = match self.frozen_at(place.number)? {
            Some(frozen) => frozen.saturating_sub(first).min(ring::SLOTS),
            None => ring::SLOTS,
        };
        let entries = ring::read(self.dir(), place.log, first, count)?;
        let end = entries.last().map_or(first, |last| last.seq + 1);
        if end != head.next_seq {
            return Err(Cause::Damaged(format!(
                "log {} ends at {}, but only {end} entries are found",
                place.log, head.next_seq
            )));
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.write(|tx| {
            let mut insert =
                tx.prepare_cached("INSERT INTO entries (id, body, signature) VALUES (?1, ?2, ?3)")?;
            for entry in &entries {
                let id = entry_id(place.number, entry.seq);
                insert.execute((id, &entry.body, &entry.signature))?;
            }
            set_checked(tx, place.number, head)
        })
    }

    /// One more than the last seq that the database itself holds.
    fn stored_end(&self, number: i64) -> Result<u32, Cause> {
        let last: Option<i64> = self
            .conn
            .prepare_cached("SELECT max(id) FROM entries WHERE id BETWEEN ?1 AND ?2")?
            .query_row((entry_id(number, 0), entry_id(number, u32::MAX)), |row| {
                row.get(0)
            })?;
        // The low half of the id is the seq, by the schema.
        Ok(last.map_or(0, |id| {
            u32::try_from((id & 0xFFFF_FFFF) + 1).unwrap_or(u32::MAX)
        }))
    }

    /// The ring holds an entry of this log that comes after `next`: another process appends.
    pub(crate) fn has_appended(&self, log: LogId, next: u32) -> Result<bool, Cause> {
        Ok(!ring::read(self.dir(), log, next, 1)?.is_empty())
    }

    /// Entries of one log from `first`, at most `limit`, in order. Those of the own log may still
    /// be in the ring only. Should they move between the two looks, fewer are found, never a gap.
    pub(crate) fn entries(
        &self,
        place: LogPlace,
        first: u32,
        limit: u32,
    ) -> Result<Vec<StoredEntry>, Cause> {
        let LogPlace { number, log, own } = place;
        // What lies past a fork is no longer part of the log, wherever it is.
        let limit = match self.frozen_at(number)? {
            Some(frozen) => limit.min(frozen.saturating_sub(first)),
            None => limit,
        };
        let mut select = self.conn.prepare_cached(
            "SELECT id, body, signature FROM entries WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3",
        )?;
        let mut rows =
            select.query((entry_id(number, first), entry_id(number, u32::MAX), limit))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            found.push(StoredEntry {
                // The low half of the id, by the schema.
                seq: u32::try_from(id & 0xFFFF_FFFF).unwrap_or(u32::MAX),
                body: row.get(1)?,
                signature: row.get(2)?,
            });
        }
        let count = u32::try_from(found.len()).unwrap_or(limit);
        if own && count < limit {
            let next = first.saturating_add(count);
            found.extend(ring::read(self.dir(), log, next, limit - count)?);
        }
        Ok(found)
    }

    /// Walks a log from its checked head to its end, showing each entry and the head after it, and verifies the chain:
    /// sequence without gaps, and the signature of the last entry, which covers all before it.
    pub(crate) fn walk(
        &self,
        row: &LogRow,
        from: LogHead,
        mut each: impl FnMut(&Entry, &StoredEntry, &LogHead),
    ) -> Result<Tail, Cause> {
        let damaged = |what: &str| Cause::Damaged(format!("log {}: {what}", row.log));
        let key = ed25519_dalek::VerifyingKey::from_bytes(&row.genesis.device_key)
            .map_err(|_| damaged("its device key is no key"))?;
        let mut tail = Tail {
            head: from,
            hlc: Hlc::default(),
        };
        let mut before_last = from;
        let mut last: Option<SignedEntry> = None;
        loop {
            let page = self.entries(row.place(), tail.head.next_seq, WALK_ENTRIES)?;
            let full = page.len() == WALK_ENTRIES as usize;
            for stored in page {
                let entry = Entry::decode(&stored.body)
                    .map_err(|error| damaged(&format!("entry {}: {error}", stored.seq)))?;
                if entry.seq != stored.seq {
                    return Err(damaged("an entry is filed under another number"));
                }
                before_last = tail.head;
                tail.head = tail.head.append(row.log, &entry)?;
                tail.hlc = tail.hlc.max(entry.hlc);
                each(&entry, &stored, &tail.head);
                last = Some(SignedEntry {
                    body: stored.body,
                    signature: stored.signature.unwrap_or_default(),
                });
            }
            if !full {
                break;
            }
        }
        // Of a frozen log the proof of the fork names the last hash: it needs no signature.
        let is_proven = row.frozen == Some(tail.head.next_seq) && tail.head == row.checked;
        if let Some(last) = last.filter(|_| !is_proven) {
            last.verify(&key, row.log, &before_last)
                .map_err(|error| damaged(&format!("the chain is broken: {error}")))?;
        }
        Ok(tail)
    }
}

pub(super) fn set_checked(conn: &Connection, number: i64, head: LogHead) -> Result<(), Cause> {
    conn.prepare_cached("UPDATE logs SET checked_seq = ?2, checked_head = ?3 WHERE number = ?1")?
        .execute((number, head.next_seq, &head.hash[..]))?;
    Ok(())
}

/// Adds a log; gives its number. A log that is already known keeps its number.
pub(super) fn insert_log(conn: &Connection, genesis: &Genesis, own: bool) -> Result<i64, Cause> {
    let log = genesis.log_id();
    if let Some(number) = number_of(conn, log)? {
        return Ok(number);
    }
    let sql = if own {
        "SELECT min(number) - 1 FROM logs WHERE own = 1"
    } else {
        "SELECT max(number) + 1 FROM logs WHERE own = 0"
    };
    let next: Option<i64> = conn.query_row(sql, [], |row| row.get(0))?;
    let number = next.unwrap_or(if own { OWN_LOG_TOP } else { 1 });
    let head = genesis.head();
    conn.execute(
        "INSERT INTO logs (number, log, genesis, own, checked_seq, checked_head)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            number,
            &log.0[..],
            genesis.to_wire(),
            own,
            head.next_seq,
            &head.hash[..],
        ),
    )?;
    Ok(number)
}

pub(super) fn number_of(conn: &Connection, log: LogId) -> Result<Option<i64>, Cause> {
    Ok(conn
        .prepare_cached("SELECT number FROM logs WHERE log = ?1")?
        .query_row([&log.0[..]], |row| row.get(0))
        .optional()?)
}

pub(super) fn entry_id(number: i64, seq: u32) -> i64 {
    (number << 32) | i64::from(seq)
}

fn log_row(row: &Row<'_>) -> Result<LogRow, Cause> {
    let number: i64 = row.get(0)?;
    let inconsistent = |what| Cause::Inconsistent {
        table: "logs",
        row: number.to_string(),
        what,
    };
    let log: Vec<u8> = row.get(1)?;
    let genesis: Vec<u8> = row.get(2)?;
    let genesis =
        Genesis::from_wire(&genesis).map_err(|_| inconsistent("its genesis is damaged"))?;
    let log = LogId(
        log.try_into()
            .map_err(|_| inconsistent("its id is damaged"))?,
    );
    if genesis.log_id() != log {
        return Err(inconsistent("its genesis is of another log"));
    }
    let head: Vec<u8> = row.get(6)?;
    Ok(LogRow {
        number,
        log,
        genesis,
        own: row.get(3)?,
        closed: row.get(4)?,
        checked: LogHead {
            next_seq: row.get(5)?,
            hash: head
                .try_into()
                .map_err(|_| inconsistent("its head is damaged"))?,
        },
        acked: row.get(7)?,
        refused: row.get(8)?,
        frozen: row.get(9)?,
    })
}
