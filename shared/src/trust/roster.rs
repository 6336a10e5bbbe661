//! The devices that may speak for an event.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::statement::TrustError;
use crate::api::gate::DeviceRole;
use crate::ids::{DeviceId, GateId};
use crate::limits::NAME_CHARS_MAX;
use crate::log::LogHead;
use crate::sync::message::LOGS_MAX;
use crate::ticket::check_public_key;
use crate::time::Timestamp;

pub const DEVICES_MAX: usize = 2000;
/// Of one device: each was looked at by a person.
pub const ADOPTED_MAX: usize = 256;

/// (log id, next seq, head hash) of each of a device's logs.
pub type Cut = Vec<([u8; 16], u32, [u8; 32])>;
/// The same after each entry past the cut that people took up again, one by one.
pub type Adopted = Vec<([u8; 16], u32, [u8; 32])>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterEntry {
    pub device: DeviceId,
    pub name: String,
    pub public_key: [u8; 32],
    pub gate: GateId,
    /// Of its gate: strict tickets of these zones have their homes here. In the roster, so that
    /// whoever goes by the same roster finds the same homes.
    pub zones: u16,
    pub role: DeviceRole,
    /// Somebody stands beside it: it takes typed codes, asks questions, and may record what a
    /// supervisor decides. A turnstile does none of that.
    pub attended: bool,
    pub not_after: Timestamp,
    /// An evicted device's entries count up to here only.
    pub cut: Option<Cut>,
    /// Entries past the cut that count all the same.
    pub adopted: Adopted,
}

impl RosterEntry {
    pub fn is_evicted(&self) -> bool {
        self.cut.is_some()
    }
    /// May open sessions and have new entries counted: neither evicted nor past its end.
    pub fn is_active(&self, now: Timestamp) -> bool {
        !self.is_evicted() && now <= self.not_after
    }
    /// Whether the entry counts that leads to `after`: by the cut, or because it was taken up. By the
    /// hash, so that of two entries in one place the one counts that somebody looked at.
    pub fn counts_to(&self, log: &[u8; 16], after: &LogHead) -> bool {
        let before_cut = after
            .next_seq
            .checked_sub(1)
            .is_some_and(|seq| self.counts(log, seq));
        before_cut || self.adopts(log, after.next_seq, &after.hash)
    }
    /// The entry that leads there was taken up.
    pub fn adopts(&self, log: &[u8; 16], next_seq: u32, hash: &[u8; 32]) -> bool {
        self.adopted
            .iter()
            .any(|(of, seq, at)| of == log && *seq == next_seq && at == hash)
    }
    /// Whether an entry of one of this device's logs counts, or comes after the cut. A log that an
    /// evicted device's cut does not name was unknown when it was evicted: none of it counts.
    pub fn counts(&self, log: &[u8; 16], seq: u32) -> bool {
        self.cut.as_ref().is_none_or(|cut| {
            cut.iter()
                .any(|(known, next_seq, _)| known == log && seq < *next_seq)
        })
    }
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
    /// Refuses a device or a key twice, unusable keys, a log twice in one cut, and lists or names
    /// beyond their bounds. To be called once after opening.
    pub fn check(&self) -> Result<(), TrustError> {
        if self.devices.len() > DEVICES_MAX {
            return Err(TrustError::Malformed("too many devices"));
        }
        let mut devices = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for entry in &self.devices {
            if !devices.insert(entry.device) {
                return Err(TrustError::Malformed("a device is listed twice"));
            }
            if !keys.insert(entry.public_key) {
                return Err(TrustError::Key("two devices share it"));
            }
            if entry.name.chars().count() > NAME_CHARS_MAX {
                return Err(TrustError::Malformed("a device's name is too long"));
            }
            check_public_key(&entry.public_key)?;
            let cut = entry.cut.as_deref().unwrap_or_default();
            let logs: BTreeSet<&[u8; 16]> = cut.iter().map(|(log, _, _)| log).collect();
            if cut.len() > LOGS_MAX || logs.len() != cut.len() {
                return Err(TrustError::Malformed("a cut lists a log twice"));
            }
            if entry.adopted.len() > ADOPTED_MAX {
                return Err(TrustError::Malformed("too many entries were taken up"));
            }
        }
        Ok(())
    }
}
