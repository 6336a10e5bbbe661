//! One request, one answer.

use shared::api::gate::DeviceStatus;
use shared::sync::{StatementSet, SyncRequest, SyncResponse};
use shared::time::Timestamp;
use shared::trust::StatementKind;

use super::super::model::{GateDevice, StoredStatement};
use super::super::publish::{self, Published};
use super::super::{Error, statements};
use super::authenticate::authenticate;
use super::{answer, take};
use crate::app::App;
use crate::platform::db::DbError;

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
        vector,
        geneses,
        segments,
    } = SyncRequest::from_wire(&request.body)?;
    note_seen(app, &device, now, now.millis_since(request.sent)).await?;
    let published = publish::refresh(app, request.event, now).await?;
    let taken = take::take(app, &device, geneses, segments, now).await?;
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
) -> Result<(), Error> {
    let is_recent = |seen: Timestamp| now.millis_since(seen) < SEEN_EVERY_MILLIS;
    if device.last_seen_at.is_some_and(is_recent) {
        return Ok(());
    }
    let id = device.id.to_string();
    app.db
        .write(move |tx| -> Result<(), DbError> {
            if let Some(mut device) = tx.get::<GateDevice>(&id)? {
                device.last_seen_at = Some(now);
                device.clock_offset_ms = clock_offset_ms;
                tx.replace(&mut device)?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}

/// Whether a device may still open a session.
pub(super) fn check_status(device: &GateDevice) -> Result<(), Error> {
    match device.status {
        DeviceStatus::Enrolled => Ok(()),
        DeviceStatus::Invited => Err(Error::UnknownDevice),
        DeviceStatus::Evicted => Err(Error::Evicted),
    }
}
