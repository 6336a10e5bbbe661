//! What the organizer should look at: incidents from the store, and what the counts and the
//! devices' silence tell at this moment. Pure.

use std::collections::BTreeMap;

use shared::api::gate::DeviceStatus;
use shared::api::live::{AlertKind, LiveAlert};
use shared::ids::{DeviceId, GateId};
use shared::time::Timestamp;

use super::super::incident::{Incident, IncidentKind};
use super::super::model::GateDevice;
use super::tally::{Place, Tally};
use super::view::Facts;
use crate::events::model::Gate;

/// Devices sync every half minute; the server notes it as often.
const SILENT_AFTER_MILLIS: i64 = 180_000;
/// A device that was put away yesterday is not silent, it is off.
const OFF_AFTER_MILLIS: i64 = 12 * 3_600_000;
/// A clock this far from the server's is told to be wrong.
const CLOCK_SURE_MS: i64 = 30_000;
/// Wrong codes or PINs within an hour that are no slips any more: as many as first make a gate wait.
const GUESSES_MIN: u32 = 5;
const HOUR_MILLIS: i64 = 3_600_000;
/// Fewer admissions a minute are no rush at any gate.
const SURGE_PER_MINUTE_MIN: u32 = 30;
/// A rush is this many times what the four minutes before had.
const SURGE_FACTOR: u32 = 3;

/// Devices and gates as sentences call them.
#[derive(Debug, Default)]
pub(in super::super) struct Named<'a> {
    devices: BTreeMap<DeviceId, &'a GateDevice>,
    gates: BTreeMap<GateId, &'a str>,
}

impl<'a> Named<'a> {
    pub(in super::super) fn new(devices: &'a [GateDevice], gates: &'a [Gate]) -> Self {
        Self {
            devices: devices.iter().map(|of| (of.id, of)).collect(),
            gates: gates.iter().map(|of| (of.id, &*of.name)).collect(),
        }
    }

    pub(in super::super) fn gate(&self, id: GateId) -> Option<&'a str> {
        self.gates.get(&id).copied()
    }

    pub(in super::super) fn device(&self, id: DeviceId) -> Option<&'a str> {
        self.devices.get(&id).map(|device| &*device.name)
    }

    /// A device with the gate that it is at.
    fn place(&self, id: DeviceId) -> String {
        let Some(device) = self.devices.get(&id) else {
            return "a device".to_owned();
        };
        let gate = self.gate(device.gate);
        gate.map_or_else(
            || device.name.clone(),
            |gate| format!("{} ({gate})", device.name),
        )
    }
}

/// The latest first.
pub(in super::super) fn alerts(facts: &Facts, now: Timestamp) -> Vec<LiveAlert> {
    let named = Named::new(&facts.devices, &facts.gates);
    let incidents = facts.incidents.iter();
    let mut alerts: Vec<LiveAlert> = incidents
        .filter(|incident| incident.resolved_at.is_none())
        .map(|incident| of_incident(incident, &named))
        .collect();
    alerts.extend(facts.tallies.iter().filter_map(|of| surge(facts, of, now)));
    for device in &facts.devices {
        alerts.extend(silence(facts, device, now));
        alerts.extend(wrong_clock(device));
        alerts.extend(guessing(device, now));
        alerts.extend(awaiting(device));
    }
    alerts.extend(guessing_here(facts, now));
    alerts.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    alerts
}

pub(in super::super) fn of_incident(incident: &Incident, named: &Named<'_>) -> LiveAlert {
    let device = named.devices.get(&incident.device).copied();
    let name = device.map_or("A device", |device| device.name.as_str());
    let (kind, message) = match incident.kind {
        IncidentKind::CodeReused => (
            AlertKind::CodeReused,
            format!(
                "The enrolment code of {name} was tried a second time. Somebody may have photographed it."
            ),
        ),
        IncidentKind::Fork => (
            AlertKind::LogForked,
            format!(
                "{name} signed two different histories. Its data was copied, or somebody tampers with it."
            ),
        ),
        IncidentKind::UnprovenScan => (
            AlertKind::UnprovenScan,
            format!(
                "{name} recorded an admission of a ticket that it cannot have seen. It does not count."
            ),
        ),
        IncidentKind::Quarantined => (
            AlertKind::Quarantined,
            format!("Entries came in that {name} wrote after it was removed. They do not count."),
        ),
        IncidentKind::SameTicketTwice => (AlertKind::SameTicketTwice, twice(incident, named)),
        IncidentKind::ForgedCodes => (
            AlertKind::ForgedCodes,
            format!("Many forged codes were shown at {name}."),
        ),
        IncidentKind::EvictedSpoke => (
            AlertKind::EvictedDeviceSpoke,
            format!("{name} was removed and tried to connect."),
        ),
        IncidentKind::LogCut => (
            AlertKind::LogCut,
            format!(
                "{name} lost the end of its log. Tickets that it had let in may come in again."
            ),
        ),
    };
    LiveAlert {
        id: format!("{kind:?}:{}", incident.subject),
        kind,
        at: incident.at,
        gate_id: device.map(|device| device.gate),
        device_id: Some(incident.device),
        serial: incident.serial,
        message,
    }
}

/// Incidents of before the first gate was noted name the second alone.
fn twice(incident: &Incident, named: &Named<'_>) -> String {
    let ticket = incident.serial.map_or_else(
        || "A ticket".to_owned(),
        |serial| format!("Ticket {serial}"),
    );
    let second = named.place(incident.device);
    match incident.first.map(|first| named.place(first)) {
        Some(first) => format!("{ticket} came in twice: first at {first}, then at {second}."),
        None => format!("{ticket} came in twice, the second time at {second}."),
    }
}

fn surge(facts: &Facts, tally: &Tally, now: Timestamp) -> Option<LiveAlert> {
    let Place::Gate(index) = tally.place else {
        return None;
    };
    let gate = facts.gates.iter().find(|gate| gate.index == index)?;
    let last = tally.admissions.within(now, 60);
    let before = tally.admissions.within(now, 300).saturating_sub(last);
    let is_surge = last >= SURGE_PER_MINUTE_MIN && last > before.saturating_mul(SURGE_FACTOR) / 4;
    is_surge.then(|| LiveAlert {
        id: format!("Surge:{}", gate.id),
        kind: AlertKind::Surge,
        at: now,
        gate_id: Some(gate.id),
        device_id: None,
        serial: None,
        message: format!("{}: {last} people came in within a minute.", gate.name),
    })
}

fn of_device(device: &GateDevice, kind: AlertKind, at: Timestamp, message: String) -> LiveAlert {
    LiveAlert {
        id: format!("{kind:?}:{}", device.id),
        kind,
        at,
        gate_id: Some(device.gate),
        device_id: Some(device.id),
        serial: None,
        message,
    }
}

fn silence(facts: &Facts, device: &GateDevice, now: Timestamp) -> Option<LiveAlert> {
    if device.status != DeviceStatus::Enrolled || now > facts.event.end {
        return None;
    }
    let heard = device.last_seen_at.or(device.enrolled_at)?;
    let silent = now.millis_since(heard);
    (SILENT_AFTER_MILLIS < silent && silent < OFF_AFTER_MILLIS).then(|| {
        let message = format!("{} has not been heard of for minutes.", device.name);
        of_device(device, AlertKind::SilentDevice, heard, message)
    })
}

fn wrong_clock(device: &GateDevice) -> Option<LiveAlert> {
    if device.status != DeviceStatus::Enrolled || device.clock_offset_ms.abs() <= CLOCK_SURE_MS {
        return None;
    }
    let secs = device.clock_offset_ms.abs() / 1000;
    let way = if device.clock_offset_ms > 0 {
        "slow"
    } else {
        "fast"
    };
    let message = format!("The clock of {} is {secs} seconds {way}.", device.name);
    let at = device.last_seen_at?;
    Some(of_device(device, AlertKind::WrongClock, at, message))
}

/// By the device's own count, as long as that is of this hour.
fn guessing(device: &GateDevice, now: Timestamp) -> Option<LiveAlert> {
    let (report, at) = (device.report.as_ref()?, device.last_seen_at?);
    let (codes, pins) = (report.wrong_codes, report.wrong_pins);
    let is_many = codes >= GUESSES_MIN || pins >= GUESSES_MIN;
    (is_many && now.millis_since(at) < HOUR_MILLIS).then(|| {
        let message = format!(
            "{}: {codes} wrong typed codes and {pins} wrong PINs within an hour. Somebody may be guessing.",
            device.name
        );
        of_device(device, AlertKind::Guessing, at, message)
    })
}

fn guessing_here(facts: &Facts, now: Timestamp) -> Option<LiveAlert> {
    let wrong = facts.wrong_codes;
    let is_many = u32::try_from(wrong).is_ok_and(|wrong| wrong >= GUESSES_MIN);
    is_many.then(|| LiveAlert {
        id: format!("{:?}", AlertKind::Guessing),
        kind: AlertKind::Guessing,
        at: now,
        gate_id: None,
        device_id: None,
        serial: None,
        message: format!(
            "{wrong} wrong typed codes were asked about at the server within an hour."
        ),
    })
}

fn awaiting(device: &GateDevice) -> Option<LiveAlert> {
    if device.status != DeviceStatus::Pending {
        return None;
    }
    let message = format!(
        "{} waits: compare the six digits on its screen, then confirm it.",
        device.name
    );
    let at = device.enrolled_at?;
    Some(of_device(
        device,
        AlertKind::AwaitingConfirmation,
        at,
        message,
    ))
}
