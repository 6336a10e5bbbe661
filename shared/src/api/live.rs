//! The live view of the gates (V10): `GET /events/{id}/gate/live`, a stream of server-sent events.
//!
//! The first event is `state`, a whole [`LiveState`]. Each `change` after it is a [`LiveChange`]:
//! gates, devices and alerts in it replace those of the same id, `cleared` names alerts that are
//! over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::gate::DeviceStatus;
use crate::ids::{DeviceId, EventId, GateId};
use crate::time::Timestamp;

/// Uses that stand: what was undone is in none of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveCounts {
    pub admitted: u64,
    /// Admissions that no exit has closed.
    pub inside: u64,
    pub exits: u64,
    /// Admissions while somebody was in on the ticket.
    pub duplicates: u64,
    /// Let in by a supervisor.
    pub forced: u64,
    /// Let in by a typed code.
    pub typed: u64,
    /// Refusals by reason, as far as the devices have told.
    pub refused: BTreeMap<String, u64>,
    /// Admissions in the last minute.
    pub rate_per_minute: u32,
    /// Admissions a minute over the last five.
    pub rate_per_minute5: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveGate {
    /// Index in the event's list of gates: names the gate in changes.
    pub index: u16,
    /// `None` for entries at a gate that the event does not know.
    pub gate_id: Option<GateId>,
    pub gate: String,
    #[serde(flatten)]
    pub counts: LiveCounts,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveDevice {
    pub device_id: DeviceId,
    pub device: String,
    pub gate_id: GateId,
    pub status: DeviceStatus,
    pub last_seen_at: Option<Timestamp>,
    pub admitted: u64,
    pub forced: u64,
    pub typed: u64,
    /// Typed codes that were no ticket's and wrong supervisor PINs of the last hour, by the device's
    /// own count.
    pub wrong_codes: u32,
    pub wrong_pins: u32,
    /// Entries that had not reached the server at the last sync.
    pub pending: u32,
    pub battery_percent: Option<u8>,
    pub clock_offset_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AlertKind {
    /// A gate admits far more than in the minutes before.
    Surge,
    SameTicketTwice,
    /// Many codes that nobody issued, at one device.
    ForgedCodes,
    /// Somebody tries typed codes or supervisor PINs, at a device or at the server.
    Guessing,
    /// Nothing was heard of a device for minutes.
    SilentDevice,
    WrongClock,
    EvictedDeviceSpoke,
    /// Entries of a device that had been cut off came in: they count for nothing.
    Quarantined,
    /// A device lost the end of a log.
    LogCut,
    /// A device signed two histories.
    LogForked,
    /// An admission of a ticket that its device never saw, or that was never issued.
    UnprovenScan,
    /// An enrolment code was presented a second time.
    CodeReused,
    /// A device waits for somebody to compare six digits.
    AwaitingConfirmation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveAlert {
    pub id: String,
    pub kind: AlertKind,
    pub at: Timestamp,
    pub gate_id: Option<GateId>,
    pub device_id: Option<DeviceId>,
    pub serial: Option<u32>,
    /// A sentence for the organizer.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveState {
    pub event_id: EventId,
    pub event: String,
    pub at: Timestamp,
    pub total: LiveCounts,
    /// By index.
    pub gates: Vec<LiveGate>,
    /// In the order they were invited.
    pub devices: Vec<LiveDevice>,
    /// The latest first.
    pub alerts: Vec<LiveAlert>,
}

/// What is different from the event before. Absent and empty fields have not changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveChange {
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<LiveCounts>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<LiveGate>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<LiveDevice>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<LiveAlert>,
    /// Ids of alerts that are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<String>,
}

impl LiveChange {
    /// What turns `before` into `after`; `None` when nothing does. Gates and devices only ever grow.
    pub fn between(before: &LiveState, after: &LiveState) -> Option<Self> {
        let change = Self {
            at: after.at,
            total: (after.total != before.total).then(|| after.total.clone()),
            gates: changed(&before.gates, &after.gates),
            devices: changed(&before.devices, &after.devices),
            alerts: changed(&before.alerts, &after.alerts),
            cleared: before
                .alerts
                .iter()
                .filter(|alert| !after.alerts.iter().any(|now| now.id == alert.id))
                .map(|alert| alert.id.clone())
                .collect(),
        };
        let is_empty = change.total.is_none()
            && change.gates.is_empty()
            && change.devices.is_empty()
            && change.alerts.is_empty()
            && change.cleared.is_empty();
        (!is_empty).then_some(change)
    }
}

/// Those that are not in `before` exactly so. Lists mostly keep their places, so the one at the same
/// place is looked at first.
fn changed<T: PartialEq + Clone>(before: &[T], after: &[T]) -> Vec<T> {
    let is_new =
        |(at, item): &(usize, &T)| before.get(*at) != Some(*item) && !before.contains(item);
    let items = after.iter().enumerate().filter(is_new);
    items.map(|(_, item)| item.clone()).collect()
}
