//! The devices that may speak for an event.

use serde::{Deserialize, Serialize};

use crate::api::gate::DeviceRole;
use crate::ids::{DeviceId, GateId};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    pub device: DeviceId,
    pub name: String,
    pub public_key: [u8; 32],
    pub gate: GateId,
    pub role: DeviceRole,
    pub not_after: Timestamp,
    /// An evicted device's entries count up to here only: (log id, next seq, head hash).
    pub cut: Option<Vec<([u8; 16], u32, [u8; 32])>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    pub devices: Vec<RosterEntry>,
}

impl Roster {
    pub fn by_device(&self, device: DeviceId) -> Option<&RosterEntry> {
        self.devices.iter().find(|entry| entry.device == device)
    }
    pub fn by_key(&self, public_key: &[u8; 32]) -> Option<&RosterEntry> {
        self.devices
            .iter()
            .find(|entry| &entry.public_key == public_key)
    }
}
