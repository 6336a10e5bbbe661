//! The event's rules as the gates get them: a pure function of event, classes and gates.

use shared::trust::{ClassPolicy, GatePolicy, Policy};

use crate::events::model::{Event, Gate, TicketClass};

/// Doors do not turn people away for minutes that their watches may be off.
const TOLERANCE_SECS: u32 = 300;
/// A device that has not heard from anyone for half a day shows amber, after a week red: long
/// enough for a site that loads its devices at home and has no network at all.
const AMBER_AFTER_SECS: u32 = 12 * 3600;
const RED_AFTER_SECS: u32 = 7 * 86_400;
/// The snapshot is signed again, even unchanged, well before devices that do sync turn amber.
pub(super) const REFRESH_AFTER_SECS: i64 = 3600;
/// Explanations are in English until events carry a language.
const LANGUAGE: &str = "en";

pub(super) fn of(event: &Event, classes: &[TicketClass], gates: &[Gate]) -> Policy {
    let mut classes: Vec<&TicketClass> = classes.iter().collect();
    classes.sort_by_key(|class| class.index);
    let mut gates: Vec<&Gate> = gates.iter().collect();
    gates.sort_by_key(|gate| gate.index);
    Policy {
        title: event.title.clone(),
        timezone: event.timezone.clone(),
        language: LANGUAGE.to_owned(),
        epoch: event.epoch,
        starts: event.start,
        ends: event.end,
        doors: None,
        serial_max: event.serial_next.saturating_sub(1),
        zones: event.zones.clone(),
        classes: classes
            .into_iter()
            .map(|class| ClassPolicy {
                id: class.id,
                name: class.name.clone(),
                zones: class.zones,
            })
            .collect(),
        gates: gates
            .into_iter()
            .map(|gate| GatePolicy {
                id: gate.id,
                name: gate.name.clone(),
                zones: gate.zones,
                list: None,
            })
            .collect(),
        early_tolerance_secs: TOLERANCE_SECS,
        late_tolerance_secs: TOLERANCE_SECS,
        amber_after_secs: AMBER_AFTER_SECS,
        red_after_secs: RED_AFTER_SECS,
        rules: Vec::new(),
        lists: Vec::new(),
        questions: Vec::new(),
    }
}
