//! State as a fold over the set of entries: pure, total, insensitive to arrival order.

use std::collections::BTreeMap;

use super::chain::LogId;
use super::entry::{Entry, EntryKind, Hlc, Target};
use crate::ids::DeviceId;

/// One use of a ticket, as entries tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub log: LogId,
    pub seq: u32,
    pub device: DeviceId,
    pub hlc: Hlc,
    pub kind: EntryKind,
    pub gate: u16,
    pub generation: u8,
    pub target: Option<Target>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UseLabel {
    Primary,
    Duplicate,
    None,
}

/// All uses of one ticket in the common order: (HLC, log id, seq).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketState {
    uses: Vec<Use>,
}

impl TicketState {
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }
    /// Idempotent; keeps the order.
    pub fn insert(&mut self, _use_: Use) {
        unimplemented!()
    }
    /// Each use with its label; undone uses are left out.
    pub fn labelled(&self) -> Vec<(Use, UseLabel)> {
        unimplemented!()
    }
    /// Admissions that stand (not undone), exits subtracted by re-entry rules.
    pub fn is_inside(&self) -> bool {
        unimplemented!()
    }
    pub fn admissions(&self) -> usize {
        unimplemented!()
    }
    /// The first admission that stands.
    pub fn first_admission(&self) -> Option<&Use> {
        unimplemented!()
    }
    /// The latest admission that stands.
    pub fn last_admission(&self) -> Option<&Use> {
        unimplemented!()
    }
    /// Newest generation seen in any entry: it kills older tokens wherever it is heard of.
    pub fn newest_generation(&self) -> u8 {
        unimplemented!()
    }
    /// More admissions stand than one entry allows.
    pub fn is_conflict(&self) -> bool {
        unimplemented!()
    }
}

/// The fold of a whole event, by serial.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventState {
    tickets: BTreeMap<u32, TicketState>,
}

impl EventState {
    pub fn apply(&mut self, _log: LogId, _device: DeviceId, _entry: &Entry) {
        unimplemented!()
    }
    pub fn ticket(&self, serial: u32) -> Option<&TicketState> {
        self.tickets.get(&serial)
    }
    pub fn tickets(&self) -> impl Iterator<Item = (u32, &TicketState)> {
        self.tickets.iter().map(|(serial, state)| (*serial, state))
    }
}
