//! The settings, checked. Pure.

use std::collections::BTreeSet;

use jiff::civil;
use serde::{Deserialize, Serialize};
use shared::admission::explain::{languages, speaks};
use shared::admission::rules::Rule;
use shared::api::check_in::{CheckInList, CheckInRule, CheckInSettings, ClassNote};
use shared::api::pre_check_in::PreCheckInWindow;
use shared::ids::{ClassId, EventId, GateId};
use shared::limits::NAME_CHARS_MAX;
use shared::trust::extras::NOTE_CHARS_MAX;
use shared::trust::lists::{LISTS_MAX, RULES_MAX};
use shared::trust::questions::QUESTIONS_MAX;

use super::questions;
use crate::events::model::{Event, Gate, TicketClass};
use crate::platform::db::{Collection, Entity, IndexValue};
use crate::platform::fields::{Fields, Invalid};

/// The settings of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckIn {
    pub event_id: EventId,
    pub settings: CheckInSettings,
}

impl CheckIn {
    /// Names all fields that are wrong, not only the first.
    pub fn checked(
        event: &Event,
        classes: &[TicketClass],
        gates: &[Gate],
        mut wanted: CheckInSettings,
    ) -> Result<Self, Invalid> {
        let known = Known {
            classes: classes.iter().map(|class| class.id).collect(),
            gates: gates.iter().map(|gate| gate.id).collect(),
        };
        let mut fields = Fields::default();
        if wanted.doors_date.is_some_and(|doors| doors >= event.end) {
            fields.wrong("doorsDate", "must be before endDate");
        }
        check_window(event, wanted.pre_check_in, &mut fields);
        check_rules("", &mut wanted.rules, &mut fields);
        known.check_lists(&mut wanted.lists, &mut fields);
        if wanted.questions.len() > QUESTIONS_MAX {
            fields.wrong("questions", format!("must be at most {QUESTIONS_MAX}"));
        }
        for (at, question) in wanted.questions.iter().enumerate() {
            let classes = question.class_ids.as_deref();
            known.check_classes(&format!("questions[{at}]"), classes, &mut fields);
        }
        questions::check(&mut wanted.questions, &mut fields);
        known.check_notes(&mut wanted.class_notes, &mut fields);
        known.check_named("strictClassIds", &wanted.strict_class_ids, &mut fields);
        check_language(wanted.language.as_deref(), &mut fields);
        fields.done(Self {
            event_id: event.id,
            settings: wanted,
        })
    }
}

/// Seconds after midnight of `04:00`.
pub fn time_of_day(text: &str) -> Option<u32> {
    let is_plain = |c: char| c.is_ascii_digit() || c == ':';
    let time: civil::Time = (text.len() == 5 && text.chars().all(is_plain))
        .then(|| text.parse().ok())
        .flatten()?;
    let minutes = u32::try_from(time.hour()).ok()? * 60 + u32::try_from(time.minute()).ok()?;
    Some(minutes * 60)
}

struct Known {
    classes: BTreeSet<ClassId>,
    gates: BTreeSet<GateId>,
}

impl Known {
    fn check_lists(&self, lists: &mut [CheckInList], fields: &mut Fields) {
        if lists.len() > LISTS_MAX {
            fields.wrong("lists", format!("must be at most {LISTS_MAX}"));
        }
        let mut names = BTreeSet::new();
        let mut placed = BTreeSet::new();
        for (at, list) in lists.iter_mut().enumerate() {
            let name = format!("lists[{at}]");
            list.name = fields.line(format!("{name}.name"), &list.name, 1, NAME_CHARS_MAX);
            if !names.insert(list.name.to_lowercase()) {
                fields.wrong(format!("{name}.name"), "is already used in this event");
            }
            if !list.gate_ids.iter().all(|gate| self.gates.contains(gate)) {
                fields.wrong(format!("{name}.gateIds"), "names a gate of another event");
            }
            if !list.gate_ids.iter().all(|gate| placed.insert(*gate)) {
                fields.wrong(format!("{name}.gateIds"), "names a gate that is on a list");
            }
            self.check_classes(&name, list.class_ids.as_deref(), fields);
            let time = list.check_out_at.as_deref();
            if time.is_some_and(|time| time_of_day(time).is_none()) {
                fields.wrong(
                    format!("{name}.checkOutAt"),
                    "must be a time of day, like 04:00",
                );
            }
            check_rules(&format!("{name}."), &mut list.rules, fields);
        }
    }

    fn check_notes(&self, notes: &mut [ClassNote], fields: &mut Fields) {
        let mut seen = BTreeSet::new();
        for (at, note) in notes.iter_mut().enumerate() {
            let name = format!("classNotes[{at}]");
            note.text = fields.line(format!("{name}.text"), &note.text, 1, NOTE_CHARS_MAX);
            if !self.classes.contains(&note.class_id) {
                fields.wrong(format!("{name}.classId"), "is a class of another event");
            } else if !seen.insert(note.class_id) {
                fields.wrong(format!("{name}.classId"), "is named twice");
            }
        }
    }

    fn check_classes(&self, name: &str, classes: Option<&[ClassId]>, fields: &mut Fields) {
        let name = format!("{name}.classIds");
        self.check_named(&name, classes.unwrap_or_default(), fields);
    }

    fn check_named(&self, field: &str, classes: &[ClassId], fields: &mut Fields) {
        let mut seen = BTreeSet::new();
        for class in classes {
            if !self.classes.contains(class) {
                fields.wrong(field, "names a class of another event");
            } else if !seen.insert(class) {
                fields.wrong(field, "names a class twice");
            }
        }
    }
}

/// Whoever is at the event does not check in ahead of it.
fn check_window(event: &Event, window: Option<PreCheckInWindow>, fields: &mut Fields) {
    let Some(window) = window else {
        return;
    };
    if window.opens_at >= window.closes_at {
        fields.wrong("preCheckIn.closesAt", "must be after opensAt");
    } else if window.closes_at > event.end {
        fields.wrong("preCheckIn.closesAt", "must not be after endDate");
    }
}

/// In a language without sentences guests would read English and nobody would know why.
fn check_language(language: Option<&str>, fields: &mut Fields) {
    let Some(language) = language else {
        return;
    };
    if !speaks(language) {
        let known: Vec<&str> = languages().collect();
        fields.wrong("language", format!("must be one of {}", known.join(", ")));
    }
}

/// A rule that a gate could not ask would refuse everybody, so it is refused here (S140).
fn check_rules(prefix: &str, rules: &mut [CheckInRule], fields: &mut Fields) {
    if rules.len() > RULES_MAX {
        fields.wrong(
            format!("{prefix}rules"),
            format!("must be at most {RULES_MAX}"),
        );
    }
    let mut names = BTreeSet::new();
    for (at, rule) in rules.iter_mut().enumerate() {
        let field = format!("{prefix}rules[{at}]");
        rule.name = fields.line(format!("{field}.name"), &rule.name, 1, NAME_CHARS_MAX);
        if !names.insert(rule.name.to_lowercase()) {
            fields.wrong(format!("{field}.name"), "is already used");
        }
        if let Err(error) = Rule::rehearse(&rule.logic.to_string()) {
            fields.wrong(format!("{field}.logic"), error.to_string());
        }
    }
}

impl Entity for CheckIn {
    const COLLECTION: Collection = Collection {
        name: "check_in",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.event_id.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}
