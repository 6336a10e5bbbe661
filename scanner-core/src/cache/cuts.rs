//! Own logs that lost their end: the database was cut, or put back from a copy that the ring could
//! not make whole.
//!
//! Nobody may append to such a log: a sequence number would come to have two bodies. After an
//! exchange with the server, which gives back what it has, the log is closed and kept as evidence,
//! and the next append begins another. What is lost stays on record here.

use std::fmt;

use serde::{Deserialize, Serialize};
use shared::log::LogId;
use shared::time::Timestamp;

use super::open::Cache;
use super::{facts, mark::HeadMark, ring};
use crate::error::Cause;

const CUTS: &str = "cuts";
/// Kept on record; the oldest go first.
const CUTS_MAX: usize = 16;

/// A log that ends before entries which were written to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cut {
    pub log: String,
    /// Entries that are left.
    pub found: u32,
    /// Entries that were written, each shown as admitted.
    pub written: u32,
    /// When the log was closed, after an exchange with the server. `None`: nobody is admitted.
    pub settled_at: Option<Timestamp>,
}

impl Cut {
    /// `None` when the record does not name a log.
    pub(crate) fn log_id(&self) -> Option<LogId> {
        let bytes = data_encoding::HEXLOWER.decode(self.log.as_bytes()).ok()?;
        bytes.try_into().ok().map(LogId)
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            log,
            found,
            written,
            settled_at,
        } = self;
        match settled_at {
            None => write!(
                f,
                "log {log} ends at {found}, but {written} entries were written: the database was \
                 cut or put back from a copy. Nobody is admitted until this device has synced: \
                 the server gives back what it has, and a new log is begun"
            ),
            Some(at) => write!(
                f,
                "log {log} lost entries {found} to {} of {written} when its database was cut or \
                 put back from a copy. It was closed at {at} and is kept, a new log goes on. \
                 Tickets of the lost entries may be admitted again",
                written.saturating_sub(1)
            ),
        }
    }
}

/// How far a log is known to have been written.
pub(crate) type Written = (LogId, u32);

impl Cache {
    /// What the mark and the ring tell of the marked and the open log. To be asked for before the
    /// logs are read: another process may append meanwhile.
    pub(crate) fn written(&self) -> Result<Vec<Written>, Cause> {
        let marked = HeadMark::read(self.dir())?;
        let mut written: Vec<Written> = marked.into_iter().collect();
        let rows = self.logs()?;
        for row in &rows {
            let open = row.own && !row.closed;
            if open && marked.is_none_or(|(log, _)| log != row.log) {
                written.push((row.log, 0));
            }
        }
        for (log, count) in &mut written {
            // The ring may know of later entries than the mark, which lags behind.
            *count = (*count).max(ring::end(self.dir(), *log)?);
            // What lies past a fork is no longer part of the log. It is not lost: it is a stray.
            let row = rows.iter().find(|row| row.log == *log);
            if let Some(frozen) = row.and_then(|row| row.frozen) {
                *count = (*count).min(frozen);
            }
        }
        Ok(written)
    }

    /// A log that lost entries and was not settled. `end` gives the number of entries here.
    pub(crate) fn cut(
        &self,
        written: &[Written],
        end: impl Fn(LogId) -> u32,
    ) -> Result<Option<Cut>, Cause> {
        let lost = written.iter().find_map(|(log, written)| {
            let found = end(*log);
            (found < *written).then(|| Cut {
                log: log.to_string(),
                found,
                written: *written,
                settled_at: None,
            })
        });
        let Some(cut) = lost else {
            return Ok(None);
        };
        let settled = self.settled_cuts()?;
        let known = settled
            .iter()
            .any(|of| of.log == cut.log && of.written >= cut.written);
        Ok((!known).then_some(cut))
    }

    /// Cuts that were gone on from, oldest first.
    pub(crate) fn settled_cuts(&self) -> Result<Vec<Cut>, Cause> {
        Ok(facts::read(&self.conn, CUTS)?.unwrap_or_default())
    }

    /// Closes the own logs and records the cut, in one commit. The caller holds the append lock.
    /// The ring is copied aside first: the next log writes over it.
    pub(crate) fn settle_cut(&mut self, cut: &Cut) -> Result<(), Cause> {
        ring::keep(self.dir(), &cut.log)?;
        let mut cuts = self.settled_cuts()?;
        cuts.push(cut.clone());
        let from = cuts.len().saturating_sub(CUTS_MAX);
        self.write(|tx| {
            tx.execute("UPDATE logs SET closed = 1 WHERE own = 1", [])?;
            facts::write(tx, CUTS, &cuts[from..])
        })
    }
}
