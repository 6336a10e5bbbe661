//! Evicting a device (V6): the roster cuts its logs where the server knows them to end.
//!
//! Invariant: what was stored before the eviction counts, what comes later is quarantined; no sync
//! can slip between the reading of the heads and the commit of the cut.

use shared::api::gate::{DeviceStatus, DeviceView};
use shared::ids::{DeviceId, EventId};
use shared::time::Timestamp;

use super::keys::WrappedKeys;
use super::model::{GateDevice, GateLog, LogCut, StoredStatement};
use super::statements::{self, Races};
use super::{Error, enrol, fleet, invite, roster, told};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

/// Idempotent. A device that never enrolled just loses its code.
pub(super) async fn evict(
    app: &App,
    caller: &Caller,
    event: EventId,
    device: DeviceId,
    now: Timestamp,
) -> Result<DeviceView, Error> {
    let event = events::owned_event(&app.db, caller, event)
        .await?
        .into_inner();
    let mut races = Races::default();
    loop {
        let found = invite::find(app, event.id, device).await?;
        if found.status == DeviceStatus::Evicted {
            return fleet::show(app, &event, &found, now).await;
        }
        match cut(app, caller, &event, found, now).await {
            Ok(device) => {
                app.gate.live.tell(event.id);
                return fleet::show(app, &event, &device, now).await;
            }
            Err(error) => races.lost(error)?,
        }
    }
}

async fn cut(
    app: &App,
    caller: &Caller,
    event: &Event,
    mut device: Versioned<GateDevice>,
    now: Timestamp,
) -> Result<GateDevice, Error> {
    let trust = statements::ensure(app, event, now).await?;
    device.status = DeviceStatus::Evicted;
    device.evicted_at = Some(now);
    device.cut = cuts(app.db.list(&logs_of(device.id)).await?);
    let mut devices = roster::devices(&app.db, event.id).await?;
    for other in devices.iter_mut().filter(|other| other.id == device.id) {
        other.clone_from(&device);
    }
    let next = roster::next(Some(&trust.roster), event, &devices, &trust.keys, now)?;
    let evicted = device.clone().into_inner();
    let actor = Actor::User(caller.user);
    let entry = told::entry(app, actor, "device.evicted", &device, now);
    app.db
        .write(move |tx| store(tx, &device, &next, &entry))
        .await?;
    Ok(evicted)
}

fn logs_of(device: DeviceId) -> Query {
    Query::on("by_device").eq(device).limit(LIMIT_MAX)
}

fn cuts(logs: Vec<Versioned<GateLog>>) -> Vec<LogCut> {
    logs.into_iter()
        .map(|log| LogCut {
            log: log.log().0,
            next_seq: log.next_seq,
            head: log.head,
        })
        .collect()
}

/// The heads must still be those of the cut. What is sealed from now on is under another key.
fn store(
    tx: &mut Tx<'_>,
    device: &Versioned<GateDevice>,
    roster: &StoredStatement,
    entry: &journal::Entry,
) -> Result<(), Error> {
    if cuts(tx.list(&logs_of(device.id))?) != device.cut {
        return Err(DbError::Conflict {
            collection: "gate_logs",
        }
        .into());
    }
    if let Some(mut keys) = tx.get::<WrappedKeys>(&device.event.to_string())? {
        keys.next_scan_key();
        tx.replace(&mut keys)?;
    }
    enrol::store(tx, device, roster, entry)
}
