//! Tickets by which more came in than may, as this device knows it. Derived from the fold, so it is
//! the same on every device that has the same entries.

use serde::Serialize;
use shared::admission::clashes;
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
    /// Its device had been cut off, or wrote two things in one place: it does not count.
    pub quarantined: bool,
}

impl Scanner {
    /// This device's own first, then the newest; and how many there are in all.
    pub(crate) fn conflicts(&self) -> (Vec<Conflict>, u64) {
        let book = self.book();
        let again = book.state.used_again();
        let policy = book.snapshot.as_ref().map(|of| &of.policy);
        let counted = again.filter_map(|(serial, state)| {
            let clashes = clashes(&state, policy?);
            (!clashes.is_empty() && book.suspects.of(serial).is_empty())
                .then(|| self.conflict(serial, &clashes, &[]))
        });
        // With what is quarantined, one admission that counts is a conflict too.
        let suspected = book.suspects.serials().filter_map(|serial| {
            let state = book.state.ticket(serial).unwrap_or_default();
            let conflict = self.conflict(serial, &state.labelled(), &book.suspects.of(serial));
            (conflict.admissions.len() > 1).then_some(conflict)
        });
        let mut found: Vec<Conflict> = counted.chain(suspected).collect();
        let in_all = found.len() as u64;
        found.sort_by_key(|of| {
            let latest = of.admissions.iter().map(|of| of.at).max();
            std::cmp::Reverse((of.mine, latest))
        });
        found.truncate(SHOWN_MAX);
        (found, in_all)
    }

    fn conflict(&self, serial: u32, labelled: &[(Use, UseLabel)], suspects: &[Use]) -> Conflict {
        let policy = self.book().snapshot.as_ref().map(|of| &of.policy);
        let counted = labelled.iter().filter_map(|(use_, label)| match label {
            UseLabel::Primary => Some((use_, false, false)),
            UseLabel::Duplicate => Some((use_, true, false)),
            UseLabel::None => None,
        });
        let suspected = suspects.iter().map(|use_| (use_, false, true));
        let mut all: Vec<(&Use, bool, bool)> = counted.chain(suspected).collect();
        all.sort_unstable_by_key(|(use_, ..)| **use_);
        let admissions = all.into_iter().map(|(use_, duplicate, quarantined)| {
            let gate = policy.and_then(|of| of.gates.get(usize::from(use_.gate)));
            ConflictingUse {
                device_id: use_.device,
                device: self.book().device(use_.device).map(|of| of.name.clone()),
                gate: gate.map(|of| of.name.clone()),
                at: use_.hlc.at(),
                duplicate,
                quarantined,
            }
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
