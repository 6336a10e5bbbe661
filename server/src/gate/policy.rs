//! The event's rules as the gates get them: a pure function of event, classes, gates and check-in
//! settings.

use shared::api::check_in::{CheckInList, CheckInRule, CheckInSettings, Entries};
use shared::ids::{ClassId, GateId};
use shared::trust::{
    ClassPolicy, EntryLimit, GatePolicy, ListFlags, ListPolicy, Policy, Supervisors,
};

use crate::events::check_in::{question_policies, time_of_day};
use crate::events::model::{Event, Gate, TicketClass};

/// Doors do not turn people away for minutes that their watches may be off.
const TOLERANCE_SECS: u32 = 300;
/// A device that has not heard from anyone for half a day shows amber, after a week red: long
/// enough for a site that loads its devices at home and has no network at all.
const AMBER_AFTER_SECS: u32 = 12 * 3600;
const RED_AFTER_SECS: u32 = 7 * 86_400;
/// The snapshot is signed again, even unchanged, well before devices that do sync turn amber.
pub(super) const REFRESH_AFTER_SECS: i64 = 3600;
/// Of explanations, where the organizer chose none.
const LANGUAGE: &str = "en";

pub(super) fn of(
    event: &Event,
    classes: &[TicketClass],
    gates: &[Gate],
    check_in: &CheckInSettings,
    supervisors: &Supervisors,
) -> Policy {
    let mut classes: Vec<&TicketClass> = classes.iter().collect();
    classes.sort_by_key(|class| class.index);
    let mut gates: Vec<&Gate> = gates.iter().collect();
    gates.sort_by_key(|gate| gate.index);
    let lists = check_in.lists.iter();
    Policy {
        title: event.title.clone(),
        timezone: event.timezone.clone(),
        language: check_in
            .language
            .clone()
            .unwrap_or_else(|| LANGUAGE.to_owned()),
        epoch: event.epoch,
        starts: event.start,
        ends: event.end,
        doors: check_in.doors_date,
        serial_max: event.serial_next.saturating_sub(1),
        zones: event.zones.clone(),
        classes: classes
            .iter()
            .map(|class| ClassPolicy {
                id: class.id,
                name: class.name.clone(),
                zones: class.zones,
                note: note_of(class.id, check_in),
                strict: check_in.strict_class_ids.contains(&class.id),
            })
            .collect(),
        gates: gates
            .into_iter()
            .map(|gate| GatePolicy {
                id: gate.id,
                name: gate.name.clone(),
                zones: gate.zones,
                list: list_of(gate.id, check_in),
            })
            .collect(),
        early_tolerance_secs: TOLERANCE_SECS,
        late_tolerance_secs: TOLERANCE_SECS,
        amber_after_secs: AMBER_AFTER_SECS,
        red_after_secs: RED_AFTER_SECS,
        rules: rules(&check_in.rules),
        lists: lists.map(|of| list(of, &classes)).collect(),
        questions: question_policies(
            // Nothing that is asked of a whole order is asked at a gate.
            check_in.questions.iter().filter(|of| of.at_gate),
            &classes,
        ),
        supervisors: supervisors.clone(),
    }
}

fn note_of(class: ClassId, check_in: &CheckInSettings) -> String {
    let mut notes = check_in.class_notes.iter();
    let note = notes.find(|note| note.class_id == class);
    note.map_or_else(String::new, |note| note.text.clone())
}

fn list_of(gate: GateId, check_in: &CheckInSettings) -> Option<u8> {
    let mut lists = check_in.lists.iter();
    let at = lists.position(|list| list.gate_ids.contains(&gate))?;
    u8::try_from(at).ok()
}

fn list(list: &CheckInList, classes: &[&TicketClass]) -> ListPolicy {
    let flag = |set: bool, flag: ListFlags| if set { flag } else { ListFlags::default() };
    ListPolicy {
        name: list.name.clone(),
        classes: indexes(list.class_ids.as_deref(), classes),
        entries: match list.entries {
            Entries::Once => EntryLimit::Once,
            Entries::OncePerDay => EntryLimit::OncePerDay,
            Entries::Unlimited => EntryLimit::Unlimited,
        },
        flags: flag(list.include_pending, ListFlags::INCLUDE_PENDING)
            .with(flag(list.re_entry, ListFlags::RE_ENTRY))
            .with(flag(list.id_check, ListFlags::ID_CHECK))
            .with(flag(list.match_add_ons, ListFlags::ADD_ON_MATCH)),
        check_out_secs: list.check_out_at.as_deref().and_then(time_of_day),
        rules: rules(&list.rules),
    }
}

/// Where the classes stand in the policy, ascending.
fn indexes(wanted: Option<&[ClassId]>, classes: &[&TicketClass]) -> Option<Vec<u8>> {
    let wanted = wanted?;
    let listed = classes.iter().filter(|class| wanted.contains(&class.id));
    Some(listed.map(|class| class.index).collect())
}

fn rules(rules: &[CheckInRule]) -> Vec<(String, String)> {
    let rules = rules.iter();
    rules
        .map(|rule| (rule.name.clone(), rule.logic.to_string()))
        .collect()
}
