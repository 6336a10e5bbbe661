//! Strict tickets: claim before green. A device asks the ticket's home hubs; two of three must
//! grant the same use before anybody is admitted.
//!
//! Homes come from the signed roster, never from who can be heard: two islands that chose homes
//! among themselves would each find two that agree. An evicted hub stays a home that never
//! answers, so that an eviction moves no ticket to homes that know nothing of earlier grants.

use serde::{Deserialize, Serialize};

use crate::api::gate::DeviceRole;
use crate::ids::DeviceId;
use crate::trust::Roster;

pub const HOMES: usize = 3;
/// Hubs that a claim may pass through.
pub const HOPS_MAX: u8 = 4;

/// One use of one ticket. A ticket good for n entries has slots 0 to n-1, each granted by itself:
/// two of three for every slot, so that grants can never add up to more admissions than slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimSlot {
    pub serial: u32,
    pub generation: u8,
    pub slot: u8,
}

/// One attempt of one device. `boot` and `number` make it unique and put the attempts of one boot
/// in order: a later one of the same boot takes the place of an earlier one, which is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimId {
    pub device: DeviceId,
    pub boot: [u8; 16],
    pub number: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    pub claim: ClaimId,
    pub slot: ClaimSlot,
    pub home: DeviceId,
    /// The roster by which the homes were chosen.
    pub roster_version: u64,
    /// The attempt is over and admitted nobody: the home may grant the slot again.
    pub release: bool,
    /// Hubs it may still pass through.
    pub hops: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimAnswer {
    pub claim: ClaimId,
    pub slot: ClaimSlot,
    pub home: DeviceId,
    pub verdict: HomeVerdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HomeVerdict {
    /// Durable at the home before it was said.
    Granted,
    /// Granted to another attempt.
    Taken(ClaimId),
    /// The home lost its disk, or goes by another roster: it counts for nothing.
    Abstains,
}

/// The homes of a ticket, best first: rendezvous over the roster's kiosks. Fewer than three kiosks:
/// one of them decides alone.
pub fn homes(roster: &Roster, serial: u32) -> Vec<DeviceId> {
    let kiosks = roster
        .devices
        .iter()
        .filter(|of| of.role == DeviceRole::Kiosk);
    let mut weighed: Vec<([u8; 32], DeviceId)> = kiosks
        .map(|of| (weight(of.device, serial), of.device))
        .collect();
    weighed.sort_unstable();
    let count = if weighed.len() < HOMES { 1 } else { HOMES };
    weighed.into_iter().take(count).map(|(_, of)| of).collect()
}

/// How many grants make an admission.
pub const fn quorum(homes: usize) -> usize {
    homes / 2 + 1
}

fn weight(device: DeviceId, serial: u32) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"TKT1.home\0");
    hasher.update(device.as_bytes());
    hasher.update(&serial.to_be_bytes());
    *hasher.finalize().as_bytes()
}
