//! One request, one answer.

use shared::api::gate::DeviceStatus;
use shared::log::LogSegment;
use shared::sync::{DeviceReport, StatementSet, SyncRequest, SyncResponse};
use shared::time::Timestamp;
use shared::trust::StatementKind;

use super::super::incident::{Incident, IncidentKind};
use super::super::live;
use super::super::model::{GateDevice, StoredStatement};
use super::super::publish::{self, Published};
use super::super::{Error, event, statements};
use super::authenticate::authenticate;
use super::{answer, take};
use crate::app::App;
use crate::platform::db::{DbError, Tx};

/// A device that syncs more often than this is not noted again each time.
const SEEN_EVERY_MILLIS: i64 = 30_000;

/// `wire` is a `SignedRequest` of a `SyncRequest`; the answer is a `SyncResponse`, both postcard.
pub(in crate::gate) async fn sync(
    app: &App,
    wire: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let (device, request) = authenticate(app, wire).await?;
    let SyncRequest::V1 {
        now: _,
        held,
        report,
        vector,
        geneses,
        segments,
    } = SyncRequest::from_wire(&request.body)?;
    let offset = now.millis_since(request.sent);
    let report = report.map(|report| without(report, &segments));
    note_seen(app, &device, now, offset, report).await?;
    let published = publish::refresh(app, request.event, now).await?;
    let taken = take::take(app, &device, geneses, segments, now).await?;
    app.gate.live.tell(request.event);
    let lacking = answer::lacking(&app.db, request.event, &vector).await?;
    let (statements, roots_follow) = newer(app, &published, held).await?;
    let mut refused = taken;
    refused.extend(lacking.refused);
    let response = SyncResponse::V1 {
        now,
        vector: lacking.vector,
        statements,
        geneses: lacking.geneses,
        segments: lacking.segments,
        more: lacking.more || roots_follow,
        refused: refused.into_iter().collect(),
    };
    Ok(response.to_wire())
}

/// Statements newer than the ones held. Roots go one by one: a device follows them in order.
async fn newer(
    app: &App,
    published: &Published,
    held: [u64; 4],
) -> Result<(StatementSet, bool), Error> {
    let [root, keyring, roster, snapshot] = held;
    let trust = &published.trust;
    let newer = |statement: &StoredStatement, held: u64| -> Result<_, Error> {
        Ok((statement.version > held)
            .then(|| statement.signed())
            .transpose()?)
    };
    let next_root = root.saturating_add(1);
    let root = if next_root < trust.root.version {
        let between =
            statements::version(&app.db, trust.root.event, StatementKind::Root, next_root).await?;
        between.map(|between| between.signed()).transpose()?
    } else {
        newer(&trust.root, root)?
    };
    let set = StatementSet {
        root,
        keyring: newer(&trust.keyring, keyring)?,
        roster: newer(&trust.roster, roster)?,
        snapshot: newer(&published.snapshot, snapshot)?,
    };
    Ok((set, next_root < trust.root.version))
}

/// When the device was heard of, and how its clock compares.
async fn note_seen(
    app: &App,
    device: &GateDevice,
    now: Timestamp,
    clock_offset_ms: i64,
    report: Option<DeviceReport>,
) -> Result<(), Error> {
    let is_recent = |seen: Timestamp| now.millis_since(seen) < SEEN_EVERY_MILLIS;
    let is_news = report.as_ref().is_some_and(|report| {
        let known = device.report.as_ref();
        known.is_none_or(|known| is_news(known, report))
    });
    let was_noted = device.last_seen_at.is_some_and(is_recent) && !is_news;
    if was_noted && !is_first_since_end(app, device, now).await? {
        return Ok(());
    }
    let id = device.id.to_string();
    app.db
        .write(move |tx| -> Result<(), DbError> {
            if let Some(mut device) = tx.get::<GateDevice>(&id)? {
                device.last_seen_at = Some(now);
                device.clock_offset_ms = clock_offset_ms;
                if let Some(report) = &report {
                    device.app_version.clone_from(&report.app_version);
                    device.report = Some(report.clone());
                    note_cuts(tx, &device, report, now)?;
                }
                tx.replace(&mut device)?;
                // That it was heard again is seen at the next look anyway: a thousand devices that
                // speak must not queue up for one mark.
                if is_news {
                    live::touch(tx, device.event, now)?;
                }
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Heard a moment ago, but not since its event ended: who signs the event off waits for this.
async fn is_first_since_end(app: &App, device: &GateDevice, now: Timestamp) -> Result<bool, Error> {
    let end = event(&app.db, device.event).await?.end;
    Ok(now >= end && device.last_seen_at.is_none_or(|seen| seen < end))
}

/// The report as it will be true in a moment, when the entries of the request are stored.
fn without(mut report: DeviceReport, segments: &[LogSegment]) -> DeviceReport {
    let sent: usize = segments.iter().map(|segment| segment.bodies.len()).sum();
    let sent = u32::try_from(sent).unwrap_or(u32::MAX);
    report.pending = report.pending.saturating_sub(sent);
    report
}

/// Worth a commit before its time: everything but what moves by itself.
fn is_news(known: &DeviceReport, report: &DeviceReport) -> bool {
    let still = DeviceReport {
        pending: known.pending,
        battery_percent: known.battery_percent,
        ..report.clone()
    };
    still != *known || (known.pending == 0) != (report.pending == 0)
}

/// Logs that the device says have lost their end.
fn note_cuts(
    tx: &mut Tx<'_>,
    device: &GateDevice,
    report: &DeviceReport,
    now: Timestamp,
) -> Result<(), DbError> {
    for log in &report.cut_logs {
        let subject = format!("{}:{log}", device.id);
        Incident::new(device.event, IncidentKind::LogCut, device.id, subject, now).note(tx)?;
    }
    Ok(())
}

/// Whether a device may still open a session.
pub(super) fn check_status(device: &GateDevice) -> Result<(), Error> {
    match device.status {
        DeviceStatus::Enrolled => Ok(()),
        DeviceStatus::Pending => Err(Error::AwaitingConfirmation),
        DeviceStatus::Invited => Err(Error::UnknownDevice),
        DeviceStatus::Evicted => Err(Error::Evicted(None)),
    }
}
