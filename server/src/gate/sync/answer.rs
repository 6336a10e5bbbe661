//! What the sender lacks: geneses and entries, as many as one answer may carry.

use std::collections::BTreeMap;

use shared::ids::EventId;
use shared::limits::LOG_SEGMENT_ENTRIES_MAX;
use shared::log::{Genesis, LogId, LogSegment};
use shared::sync::LogVector;
use shared::sync::message::{LOG_SEGMENTS_MAX, LOGS_MAX};

use super::super::Error;
use super::super::model::{EntryRun, GateLog};
use crate::platform::db::{Db, DbError, Query, Versioned};

/// Entries in one answer: some 300 kB.
const ENTRIES_MAX: usize = 8_192;
/// Runs read at a time.
const RUNS_PAGE: u32 = 256;

#[derive(Debug, Default)]
pub(super) struct Lacking {
    /// Every log of the event as it is stored here.
    pub(super) vector: Vec<LogVector>,
    pub(super) geneses: Vec<Genesis>,
    pub(super) segments: Vec<LogSegment>,
    pub(super) more: bool,
    /// Logs that have as many entries there as here, but others.
    pub(super) refused: BTreeMap<LogId, String>,
}

/// Compares the sender's vector, which it sent before its entries were taken, with what is stored.
pub(super) async fn lacking(
    db: &Db,
    event: EventId,
    theirs: &[LogVector],
) -> Result<Lacking, Error> {
    let theirs: BTreeMap<LogId, &LogVector> = theirs.iter().map(|at| (at.log, at)).collect();
    let mut lacking = Lacking::default();
    for log in logs(db, event).await? {
        let id = log.log();
        let head = log.head();
        let there = theirs.get(&id);
        lacking.vector.push(LogVector {
            log: id,
            next_seq: head.next_seq,
            head: head.short(),
        });
        match there {
            None => lacking.geneses.push(
                log.genesis()
                    .map_err(|_| Error::Inconsistent("a stored genesis"))?,
            ),
            Some(there) if there.next_seq == head.next_seq && there.head != head.short() => {
                lacking
                    .refused
                    .insert(id, "fork: other entries are stored".to_owned());
            }
            Some(_) => {}
        }
        let from = there.map_or(0, |there| there.next_seq);
        if from < head.next_seq && !lacking.fill(db, id, from, head.next_seq).await? {
            lacking.more = true;
        }
    }
    Ok(lacking)
}

/// All logs of the event.
async fn logs(db: &Db, event: EventId) -> Result<Vec<Versioned<GateLog>>, DbError> {
    let limit = u32::try_from(LOGS_MAX).unwrap_or(u32::MAX);
    db.list(&Query::on("by_event").eq(event).limit(limit)).await
}

impl Lacking {
    /// Adds entries `from..to` of a log, joining runs; false when they do not all fit.
    async fn fill(&mut self, db: &Db, log: LogId, from: u32, to: u32) -> Result<bool, Error> {
        let mut next = from;
        let mut open: Option<LogSegment> = None;
        while next < to {
            let query = Query::on("by_log")
                .eq(log.to_string())
                .at_least(next)
                .limit(RUNS_PAGE);
            let runs = db.list::<EntryRun>(&query).await?;
            if runs.is_empty() {
                return Err(Error::Inconsistent("a log without its entries"));
            }
            for run in &runs {
                let part = run.segment_from(next);
                if self.entries()
                    + open.as_ref().map_or(0, |open| open.bodies.len())
                    + part.bodies.len()
                    > ENTRIES_MAX
                    || self.segments.len() + 1 >= LOG_SEGMENTS_MAX
                {
                    self.segments.extend(open);
                    return Ok(false);
                }
                next = run.next_seq();
                open = match open.take() {
                    Some(joined)
                        if joined.bodies.len() + part.bodies.len() <= LOG_SEGMENT_ENTRIES_MAX =>
                    {
                        Some(join(joined, part))
                    }
                    full => {
                        self.segments.extend(full);
                        Some(part)
                    }
                };
            }
        }
        self.segments.extend(open);
        Ok(true)
    }

    fn entries(&self) -> usize {
        self.segments
            .iter()
            .map(|segment| segment.bodies.len())
            .sum()
    }
}

/// Two neighbours as one: the chain covers all but the last entry, whose signature stays.
fn join(mut first: LogSegment, second: LogSegment) -> LogSegment {
    first.bodies.extend(second.bodies);
    first.signature = second.signature;
    first
}
