//! The roster: a function of the device rows, signed.
//!
//! Invariants: every device that ever enrolled stays in it, one that waits for its confirmation is
//! not in it yet, evicted ones with the cut where their
//! logs end; a new version is stored in the same commit as the device row that caused it.

use shared::api::gate::DeviceStatus;
use shared::ids::EventId;
use shared::time::Timestamp;
use shared::trust::{Roster, RosterEntry, StatementKind};

use super::Error;
use super::keys::EventKeys;
use super::model::{GateDevice, LogCut, StoredStatement};
use super::statements;
use crate::events::model::Event;
use crate::platform::db::{Db, DbError, LIMIT_MAX, Query, Versioned};

/// Devices of an event, invited ones too.
pub(super) const DEVICES_MAX: u64 = 1_000;

pub(super) async fn devices(db: &Db, event: EventId) -> Result<Vec<GateDevice>, DbError> {
    let query = Query::on("by_event").eq(event).limit(LIMIT_MAX);
    let found = db.list::<GateDevice>(&query).await?;
    Ok(found.into_iter().map(Versioned::into_inner).collect())
}

/// The roster as the device rows tell it.
pub(super) fn of(devices: &[GateDevice], not_after: Timestamp) -> Roster {
    let mut entries: Vec<RosterEntry> = devices
        .iter()
        .filter_map(|device| entry(device, not_after))
        .collect();
    entries.sort_by_key(|entry| entry.device);
    Roster { devices: entries }
}

fn entry(device: &GateDevice, not_after: Timestamp) -> Option<RosterEntry> {
    let cut = match device.status {
        DeviceStatus::Invited | DeviceStatus::Pending => return None,
        DeviceStatus::Enrolled => None,
        DeviceStatus::Evicted => Some(places(&device.cut)),
    };
    Some(RosterEntry {
        device: device.id,
        name: device.name.clone(),
        // An evicted device that never enrolled has no key and no place here.
        public_key: device.public_key_bytes()?,
        gate: device.gate,
        zones: device.zones,
        role: device.role,
        attended: device.attended,
        not_after,
        cut,
        adopted: places(&device.adopted),
    })
}

fn places(of: &[LogCut]) -> Vec<([u8; 16], u32, [u8; 32])> {
    of.iter().map(|of| (of.log, of.next_seq, of.head)).collect()
}

/// The version after `previous`, signed.
pub(super) fn next(
    previous: Option<&StoredStatement>,
    event: &Event,
    devices: &[GateDevice],
    keys: &EventKeys,
    now: Timestamp,
) -> Result<StoredStatement, Error> {
    let until = statements::expiry(event, now);
    let body = of(devices, until);
    statements::next(
        previous,
        StatementKind::Roster,
        event.id,
        (now, until),
        body,
        &keys.roster,
    )
}
