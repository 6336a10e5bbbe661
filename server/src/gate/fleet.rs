//! The event's devices as the organizer sees them (V6, V10): who they are, how they are, how far
//! their logs are known.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use shared::api::gate::{DeviceLogView, DeviceSnapshotView, DeviceView};
use shared::ids::{DeviceId, EventId};
use shared::sync::message::LOGS_MAX;
use shared::time::Timestamp;

use super::live::{Place, Tally};
use super::model::{GateDevice, GateLog};
use super::{Error, invite, roster};
use crate::app::App;
use crate::events::{self, model::Event, model::Gate};
use crate::platform::db::{Db, DbError, LIMIT_MAX, Query, Versioned};
use crate::platform::http::Caller;

/// All of them, in the order they were invited.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    event: EventId,
    now: Timestamp,
) -> Result<Vec<DeviceView>, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    let devices = roster::devices(&app.db, event.id).await?;
    let tallies = app
        .db
        .list::<Tally>(&Query::on("by_event").eq(event.id).limit(LIMIT_MAX))
        .await?;
    let mut by_device: BTreeMap<DeviceId, Tally> = BTreeMap::new();
    for tally in tallies {
        if let Place::Device(device) = tally.place {
            by_device.insert(device, tally.into_inner());
        }
    }
    let limit = u32::try_from(LOGS_MAX).unwrap_or(u32::MAX);
    let query = Query::on("by_event").eq(event.id).limit(limit);
    let mut logs: BTreeMap<DeviceId, Vec<GateLog>> = BTreeMap::new();
    for log in app.db.list::<GateLog>(&query).await? {
        logs.entry(log.device).or_default().push(log.into_inner());
    }
    let gates = events::gates_of(&app.db, event.id).await?;
    let views = devices.iter().map(|device| {
        let logs = logs.get(&device.id).map_or(&[][..], Vec::as_slice);
        view(device, &gates, logs, by_device.get(&device.id), now)
    });
    Ok(views.collect())
}

/// One of them.
pub(super) async fn get(
    app: &App,
    caller: &Caller,
    event: EventId,
    device: DeviceId,
    now: Timestamp,
) -> Result<DeviceView, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    let device = invite::find(app, event.id, device).await?;
    show(app, &event, &device, now).await
}

/// A device of the event, read already.
pub(super) async fn show(
    app: &App,
    event: &Event,
    device: &GateDevice,
    now: Timestamp,
) -> Result<DeviceView, Error> {
    let gates = events::gates_of(&app.db, event.id).await?;
    let logs = logs_of(&app.db, device.id).await?;
    let place = Place::Device(device.id);
    let tally = app.db.get::<Tally>(&Tally::key(event.id, place)).await?;
    Ok(view(device, &gates, &logs, tally.as_deref(), now))
}

async fn logs_of(db: &Db, device: DeviceId) -> Result<Vec<GateLog>, DbError> {
    let query = Query::on("by_device").eq(device).limit(LIMIT_MAX);
    let logs = db.list::<GateLog>(&query).await?;
    Ok(logs.into_iter().map(Versioned::into_inner).collect())
}

fn view(
    device: &GateDevice,
    gates: &[Gate],
    logs: &[GateLog],
    tally: Option<&Tally>,
    now: Timestamp,
) -> DeviceView {
    let gate = gates.iter().find(|gate| gate.id == device.gate);
    let report = device.report.clone().unwrap_or_default();
    let counts = tally.map(|tally| tally.counts).unwrap_or_default();
    let whole = |count: i64| u64::try_from(count).unwrap_or(0);
    DeviceView {
        id: device.id,
        event_id: device.event,
        name: device.name.clone(),
        gate_id: device.gate,
        gate: gate.map_or_else(String::new, |gate| gate.name.clone()),
        role: device.role,
        status: device.status,
        enrolled_at: device.enrolled_at,
        evicted_at: device.evicted_at,
        transcript_code: device.transcript_code.clone(),
        last_seen_at: device.last_seen_at,
        entries: device.entries,
        logs: logs
            .iter()
            .map(|log| DeviceLogView {
                log: log.log().to_string(),
                entries: log.next_seq,
                head: HEXLOWER.encode(&log.head),
            })
            .collect(),
        app_version: device.app_version.clone(),
        snapshot: report
            .snapshot
            .map(|(version, created_at)| DeviceSnapshotView {
                version,
                created_at,
                age_secs: now.millis_since(created_at).max(0) / 1000,
            }),
        pending: report.pending,
        battery_percent: report.battery_percent,
        clock_offset_ms: device.clock_offset_ms,
        admitted: whole(counts.admitted),
        forced: whole(counts.forced),
        typed: whole(counts.typed),
        wrong_codes: report.wrong_codes,
        wrong_pins: report.wrong_pins,
    }
}
