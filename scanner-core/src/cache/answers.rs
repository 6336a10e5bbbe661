//! What guests answered here, until the server has it.
//!
//! Invariants: stored before the admission that it came with is written, so an admission on disk
//! has its answers on disk; what belongs to no admission goes when the log is opened again; nothing
//! stays on the device once the server keeps it.

use shared::admission::Answer;
use shared::log::LogId;
use shared::sync::Answered;
use shared::sync::answers::ANSWERED_MAX;

use super::open::Cache;
use crate::error::Cause;

impl Cache {
    /// Durable when it returns.
    pub(crate) fn store_answers(&mut self, all: &[Answered]) -> Result<(), Cause> {
        self.write(|tx| {
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO answers (log, seq, body) VALUES (?1, ?2, ?3)",
            )?;
            for answered in all {
                let body = serde_json::to_string(&answered.answers)
                    .map_err(|_| inconsistent(answered.log, answered.seq))?;
                insert.execute((answered.log.0.as_slice(), answered.seq, body))?;
            }
            Ok(())
        })
    }

    /// Removes what came with admissions that were never written: from `next_seq` on.
    pub(crate) fn drop_answers_from(&mut self, log: LogId, next_seq: u32) -> Result<(), Cause> {
        let any: bool = self.conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM answers WHERE log = ?1 AND seq >= ?2)",
            (log.0.as_slice(), next_seq),
            |row| row.get(0),
        )?;
        if !any {
            return Ok(());
        }
        self.write(|tx| {
            tx.execute(
                "DELETE FROM answers WHERE log = ?1 AND seq >= ?2",
                (log.0.as_slice(), next_seq),
            )?;
            Ok(())
        })
    }

    /// The next to hand over: of admissions that the server has, after `(log, seq)`.
    pub(crate) fn answers_after(&self, after: (LogId, u32)) -> Result<Vec<Answered>, Cause> {
        let mut select = self.conn.prepare_cached(
            "SELECT answers.log, seq, body FROM answers JOIN logs ON logs.log = answers.log
             WHERE seq < logs.acked AND (answers.log, seq) > (?1, ?2)
             ORDER BY answers.log, seq LIMIT ?3",
        )?;
        let max = u32::try_from(ANSWERED_MAX).unwrap_or(u32::MAX);
        let mut rows = select.query((after.0.0.as_slice(), after.1, max))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (log, seq): (Vec<u8>, u32) = (row.get(0)?, row.get(1)?);
            let log = <[u8; 16]>::try_from(log.as_slice())
                .map(LogId)
                .map_err(|_| inconsistent(LogId([0; 16]), seq))?;
            let body: String = row.get(2)?;
            let answers: Vec<Answer> =
                serde_json::from_str(&body).map_err(|_| inconsistent(log, seq))?;
            all.push(Answered { log, seq, answers });
        }
        Ok(all)
    }

    /// Admissions here whose answers the server does not have. Those of admissions that were never
    /// written belong to nobody.
    pub(crate) fn answers_waiting(&self) -> Result<u64, Cause> {
        let mut waiting = 0;
        for row in self.logs()?.iter().filter(|row| row.own) {
            let end = self.walk(row, row.checked, |_, _, _| ())?.head.next_seq;
            let count: u32 = self.conn.query_row(
                "SELECT count(*) FROM answers WHERE log = ?1 AND seq < ?2",
                (row.log.0.as_slice(), end),
                |row| row.get(0),
            )?;
            waiting += u64::from(count);
        }
        Ok(waiting)
    }

    /// The server keeps these.
    pub(crate) fn forget_answers(&mut self, kept: &[(LogId, u32)]) -> Result<(), Cause> {
        self.write(|tx| {
            let mut delete =
                tx.prepare_cached("DELETE FROM answers WHERE log = ?1 AND seq = ?2")?;
            for (log, seq) in kept {
                delete.execute((log.0.as_slice(), seq))?;
            }
            Ok(())
        })
    }
}

fn inconsistent(log: LogId, seq: u32) -> Cause {
    Cause::Inconsistent {
        table: "answers",
        row: format!("{log}:{seq}"),
        what: "not answers",
    }
}
