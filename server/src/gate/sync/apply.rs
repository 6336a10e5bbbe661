//! Storing a plan: runs, heads and redemptions in one commit.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use shared::ids::{DeviceId, EventId};
use shared::log::{ClockNote, LogId};
use shared::time::Timestamp;
use shared::trust::Policy;

use super::super::Error;
use super::super::incident::{Incident, IncidentKind};
use super::super::model::{GateDevice, GateLog};
use super::plan::{Plan, Run};
use super::project::project;
use crate::platform::db::{Tx, Versioned};

/// False, and nothing written, when a log or its device is no longer what the plan was made from.
/// `rules` say what is a conflict.
pub(in crate::gate) fn apply(
    tx: &mut Tx<'_>,
    event: EventId,
    plan: &Plan,
    rules: &Policy,
    now: Timestamp,
) -> Result<bool, Error> {
    let Some(mut stored) = current(tx, plan)? else {
        return Ok(false);
    };
    let Some(devices) = devices(tx, plan)? else {
        return Ok(false);
    };
    for (id, (known, head)) in &plan.grown {
        let mut log = known.log.clone();
        log.move_to(*head);
        log.clock_told_ms = clock_told(plan, *id).or(log.clock_told_ms);
        match stored.remove(id) {
            Some(mut row) => {
                row.value = log;
                tx.replace(&mut row)?;
            }
            None => {
                tx.insert(&log)?;
            }
        }
    }
    for run in &plan.runs {
        tx.insert(&run.stored)?;
        note_quarantine(tx, event, plan, run, now)?;
    }
    count_entries(tx, plan, devices)?;
    project(tx, event, plan, rules, now)?;
    Ok(true)
}

/// What the new entries of a log say last about its device's clock.
fn clock_told(plan: &Plan, log: LogId) -> Option<i64> {
    let runs = plan.runs.iter().filter(|run| run.log == log);
    let mut notes = runs.flat_map(|run| &run.entries).filter_map(ClockNote::of);
    notes.next_back().map(|note| note.offset_millis)
}

/// The log rows behind the plan; `None` when one has moved.
fn current(
    tx: &mut Tx<'_>,
    plan: &Plan,
) -> Result<Option<BTreeMap<LogId, Versioned<GateLog>>>, Error> {
    let mut stored = BTreeMap::new();
    for (id, (known, _)) in &plan.grown {
        match tx.get::<GateLog>(&id.to_string())? {
            None if known.is_new => {}
            Some(row) if !known.is_new && row.head() == known.log.head() => {
                stored.insert(*id, row);
            }
            Some(_) | None => return Ok(None),
        }
    }
    Ok(Some(stored))
}

/// The devices behind the logs; `None` when one was evicted since the plan was made.
fn devices(
    tx: &mut Tx<'_>,
    plan: &Plan,
) -> Result<Option<BTreeMap<DeviceId, Versioned<GateDevice>>>, Error> {
    let mut devices = BTreeMap::new();
    for (id, (known, _)) in &plan.grown {
        let device = known.log.device;
        let row = match devices.entry(device) {
            Entry::Occupied(row) => row.into_mut(),
            Entry::Vacant(place) => {
                let row = tx.get::<GateDevice>(&device.to_string())?;
                place.insert(row.ok_or(Error::Inconsistent("a log without its device"))?)
            }
        };
        if row.cut_of(*id) != known.cut {
            return Ok(None);
        }
    }
    Ok(Some(devices))
}

/// Counts the new entries on their devices. Also what makes an eviction and a sync collide when
/// they run at once: both write the device's row.
fn count_entries(
    tx: &mut Tx<'_>,
    plan: &Plan,
    mut devices: BTreeMap<DeviceId, Versioned<GateDevice>>,
) -> Result<(), Error> {
    for (known, head) in plan.grown.values() {
        if let Some(device) = devices.get_mut(&known.log.device) {
            device.entries += u64::from(head.next_seq - known.log.next_seq);
        }
    }
    for device in devices.values_mut() {
        tx.replace(device)?;
    }
    Ok(())
}

/// Entries past the cut are kept and relayed; people learn of it once per log.
fn note_quarantine(
    tx: &mut Tx<'_>,
    event: EventId,
    plan: &Plan,
    run: &Run,
    now: Timestamp,
) -> Result<(), Error> {
    let Some((known, _)) = plan.grown.get(&run.log) else {
        return Ok(());
    };
    if known.cut.is_some_and(|cut| run.stored.next_seq() > cut) {
        let subject = run.log.to_string();
        Incident::new(
            event,
            IncidentKind::Quarantined,
            known.log.device,
            subject,
            now,
        )
        .note(tx)?;
    }
    Ok(())
}
