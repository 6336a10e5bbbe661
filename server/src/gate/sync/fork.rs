//! Segments that repeat what is stored: the same bytes are a resend, other bytes under a valid
//! signature are a fork, and the proof of it is kept.

use shared::log::{Entry, LogHead, LogId, LogSegment};
use shared::sync::to_wire;
use shared::time::Timestamp;

use super::super::Error;
use super::super::incident::{Incident, IncidentKind};
use super::super::model::EntryRun;
use super::take::Offer;
use crate::app::App;
use crate::platform::db::{Db, DbError, Query, Versioned};

/// Runs that one repeated segment is compared with: more, and a newer resend will be shorter.
const RUNS_COMPARED_MAX: u32 = 512;

/// Why the segment is refused, if its repeated part differs from what is stored.
pub(super) async fn examine(
    app: &App,
    offer: &Offer,
    segment: &LogSegment,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let runs = runs_from(&app.db, segment.log, segment.first_seq).await?;
    let Some(first) = runs
        .first()
        .filter(|run| run.first_seq <= segment.first_seq)
    else {
        return Ok(None);
    };
    let skip = usize::try_from(segment.first_seq - first.first_seq).unwrap_or(usize::MAX);
    let ours = runs.iter().flat_map(EntryRun::bodies).skip(skip);
    let differs = ours
        .zip(&segment.bodies)
        .position(|(ours, theirs)| ours != theirs.as_slice());
    let Some(at) = differs else {
        return Ok(None);
    };
    let seq = segment
        .first_seq
        .saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
    let Some(known) = offer.known(&app.db, segment.log).await? else {
        return Ok(None);
    };
    let head = head_at(first, segment.log, segment.first_seq)?;
    if segment.verify(&known.key, &head).is_err() {
        return Ok(Some(format!("entry {seq} is not signed by the device")));
    }
    let subject = format!("{}:{seq}", segment.log);
    let incident = Incident::new(
        offer.event,
        IncidentKind::Fork,
        known.log.device,
        subject,
        now,
    )
    .with_evidence(to_wire(segment));
    app.db
        .write(move |tx| -> Result<(), DbError> { incident.note(tx) })
        .await?;
    Ok(Some(format!("fork: another entry {seq} is stored")))
}

/// The runs that hold `seq` and what follows.
async fn runs_from(db: &Db, log: LogId, seq: u32) -> Result<Vec<EntryRun>, DbError> {
    let query = Query::on("by_log")
        .eq(log.to_string())
        .at_least(seq)
        .limit(RUNS_COMPARED_MAX);
    let runs = db.list::<EntryRun>(&query).await?;
    Ok(runs.into_iter().map(Versioned::into_inner).collect())
}

/// The head before `seq` of a stored log; `None` when it is not stored.
pub(in super::super) async fn head_before(
    db: &Db,
    log: LogId,
    seq: u32,
) -> Result<Option<LogHead>, Error> {
    let runs = runs_from(db, log, seq).await?;
    let first = runs.first().filter(|run| run.first_seq <= seq);
    first.map(|run| head_at(run, log, seq)).transpose()
}

/// A stored entry, and the head after it.
pub(in super::super) async fn entry_at(
    db: &Db,
    log: LogId,
    seq: u32,
) -> Result<Option<(Entry, LogHead)>, Error> {
    let runs = runs_from(db, log, seq).await?;
    let Some(run) = runs.first().filter(|run| run.first_seq <= seq) else {
        return Ok(None);
    };
    let before = head_at(run, log, seq)?;
    let at = usize::try_from(seq - run.first_seq).unwrap_or(usize::MAX);
    let Some(body) = run.bodies().nth(at) else {
        return Ok(None);
    };
    let entry = Entry::decode(body).map_err(|_| Error::Inconsistent("a stored entry"))?;
    let after = before
        .append(log, &entry)
        .map_err(|_| Error::Inconsistent("a stored run"))?;
    Ok(Some((entry, after)))
}

/// The head before `seq`, which lies in the run.
fn head_at(run: &EntryRun, log: LogId, seq: u32) -> Result<LogHead, Error> {
    let mut head = run.before();
    for body in run.bodies() {
        if head.next_seq >= seq {
            break;
        }
        let entry = Entry::decode(body).map_err(|_| Error::Inconsistent("a stored entry"))?;
        head = head
            .append(log, &entry)
            .map_err(|_| Error::Inconsistent("a stored run"))?;
    }
    Ok(head)
}
