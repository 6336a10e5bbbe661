//! Tickets by which more came in than may, as this device knows it. Derived from the fold, so it is
//! the same on every device that has the same entries.

use serde::Serialize;
use shared::ids::DeviceId;
use shared::log::{Use, UseLabel};
use shared::time::Timestamp;

use crate::admit::Scanner;

/// Shown at once; the newest matter most at a gate, and the server lists all.
const SHOWN_MAX: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    pub serial: u32,
    /// This device let one of them in.
    pub mine: bool,
    /// In the common order; the first is the primary one.
    pub admissions: Vec<ConflictingUse>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConflictingUse {
    pub device_id: DeviceId,
    pub device: Option<String>,
    pub gate: Option<String>,
    /// By the clock of the device that wrote it.
    pub at: Timestamp,
    pub duplicate: bool,
}

impl Scanner {
    /// This device's own first, then the newest; and how many there are in all.
    pub(crate) fn conflicts(&self) -> (Vec<Conflict>, u64) {
        let mut found: Vec<Conflict> = self
            .book()
            .state
            .used_again()
            .filter_map(|(serial, state)| {
                let labelled = state.labelled();
                let is_conflict = labelled
                    .iter()
                    .any(|(_, label)| *label == UseLabel::Duplicate);
                is_conflict.then(|| self.conflict(serial, &labelled))
            })
            .collect();
        let in_all = found.len() as u64;
        found.sort_by_key(|of| {
            let latest = of.admissions.iter().map(|of| of.at).max();
            std::cmp::Reverse((of.mine, latest))
        });
        found.truncate(SHOWN_MAX);
        (found, in_all)
    }

    fn conflict(&self, serial: u32, labelled: &[(Use, UseLabel)]) -> Conflict {
        let policy = self.book().snapshot.as_ref().map(|of| &of.policy);
        let admissions = labelled.iter().filter_map(|(use_, label)| {
            let duplicate = match label {
                UseLabel::Primary => false,
                UseLabel::Duplicate => true,
                UseLabel::None => return None,
            };
            let gate = policy.and_then(|of| of.gates.get(usize::from(use_.gate)));
            Some(ConflictingUse {
                device_id: use_.device,
                device: self.book().device(use_.device).map(|of| of.name.clone()),
                gate: gate.map(|of| of.name.clone()),
                at: use_.hlc.at(),
                duplicate,
            })
        });
        let admissions: Vec<ConflictingUse> = admissions.collect();
        let own = self.identity().device;
        Conflict {
            serial,
            mine: admissions.iter().any(|of| of.device_id == own),
            admissions,
        }
    }
}
