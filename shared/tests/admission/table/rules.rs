//! Custom rules: S29 to S52.

use shared::admission::Reason;
use shared::ticket::Payload;

use super::Act::{Enter, Leave};
use super::{Scenario, long, plain};
use crate::fixture::{Door, VIP, at};

const NOON: &str = "2026-05-02T11:00:00Z";

fn tokyo(rule: &str) -> Door {
    let mut door = Door::many_with_rule(rule);
    "Asia/Tokyo".clone_into(&mut door.world.policy.timezone);
    door
}

fn at_gate(rule: &str, gate: Option<u16>) -> Door {
    let mut door = Door::with_rule(rule);
    door.gate = gate;
    door
}

/// Doors open at 17:00 in Saigon, an hour before the start.
fn with_doors(rule: &str) -> Door {
    let mut door = Door::many_with_rule(rule);
    door.world.policy.doors = Some(at("2026-05-02T10:00:00Z"));
    door
}

const OWN_PRODUCT: &str = r#"{"inList": [{"var": "product"}, {"objectList": [
    {"lookup": ["product", "01010101-0101-0101-0101-010101010101", "Standard"]}]}]}"#;
const OWN_VARIATION: &str = r#"{"inList": [{"var": "variation"}, {"objectList": [
    {"lookup": ["variation", "01010101-0101-0101-0101-010101010101", "Standard"]}]}]}"#;
const GATE_B: &str = r#"{"inList": [{"var": "gate"}, {"objectList": [
    {"lookup": ["gate", "b0b0b0b0-b0b0-b0b0-b0b0-b0b0b0b0b0b0", "Gate B"]}]}]}"#;
const FEWER_THAN_3: &str = r#"{"<": [{"var": "entries_number"}, 3]}"#;
const FEWER_THAN_3_TODAY: &str = r#"{"<": [{"var": "entries_today"}, 3]}"#;
const ANY_TWO_DAYS: &str =
    r#"{"or": [{">": [{"var": "entries_today"}, 0]}, {"<": [{"var": "entries_days"}, 2]}]}"#;
/// Once before five on each day, and once from then on.
const ONCE_BEFORE_AND_AFTER_FIVE: &str = r#"{"if": [
    {"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "17:00"]}, null]},
    {"<": [{"entries_since": [{"buildTime": ["customtime", "17:00"]}]}, 1]},
    {"<": [{"entries_since": [{"buildTime": ["customtime", "00:00:00"]}]}, 1]}]}"#;
/// Whoever came before six in the evening of 2 May.
const CAME_EARLY: &str = r#"{"or": [
    {"isBefore": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T18:00:00+07:00"]}, null]},
    {">=": [{"entries_before": [{"buildTime": ["custom", "2026-05-02T18:00:00+07:00"]}]}, 1]}]}"#;
const TWO_DAYS_BEFORE: &str = r#"{"or": [
    {"isBefore": [{"var": "now"}, {"buildTime": ["custom", "2026-05-04T00:00:00"]}]},
    {">=": [{"entries_days_before": [{"buildTime": ["custom", "2026-05-04T00:00:00"]}]}, 2]}]}"#;
const ONE_DAY_SINCE: &str = r#"{"<": [{"entries_days_since": [{"buildTime": ["date_from"]}]}, 1]}"#;
const THREE_HOURS: &str = r#"{"or": [
    {"<": [{"var": "minutes_since_first_entry"}, 0]},
    {"<": [{"var": "minutes_since_first_entry"}, 180]}]}"#;
const HALF_AN_HOUR_APART: &str = r#"{"or": [
    {"==": [{"var": "minutes_since_last_entry"}, -1]},
    {">=": [{"var": "minutes_since_last_entry"}, 30]}]}"#;
const AFTER_DOORS: &str =
    r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_admission"]}, null]}"#;
const UNTIL_THE_END_10: &str = r#"{"isBefore": [{"var": "now"}, {"buildTime": ["date_to"]}, 10]}"#;
const UNTIL_THE_END: &str = r#"{"isBefore": [{"var": "now"}, {"buildTime": ["date_to"]}, null]}"#;
const AFTER_A_MOMENT: &str = r#"{"isAfter": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T18:30:00+07:00"]}, null]}"#;
const AFTER_A_LOCAL_MOMENT: &str =
    r#"{"isAfter": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T18:30:00"]}, null]}"#;
const AFTER_HALF_PAST_SIX: &str =
    r#"{"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "18:30"]}, null]}"#;
const SATURDAYS: &str = r#"{"==": [{"var": "now_isoweekday"}, 6]}"#;
const NOT_PRESENT: &str = r#"{"==": [{"var": "entry_status"}, "absent"]}"#;

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        numbers: "S29",
        door: || Door::many_with_rule("true"),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok), (Leave, NOON, Reason::Ok)],
        queued: 2,
    },
    Scenario {
        numbers: "S29",
        door: || {
            let mut door = Door::many_with_rule("false");
            door.record(shared::log::EntryKind::Admit, 0, 1, NOON);
            door
        },
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Rule), (Leave, NOON, Reason::Ok)],
        queued: 2,
    },
    Scenario {
        numbers: "S30 S109",
        door: || Door::with_rule(OWN_PRODUCT),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S30 S109",
        door: || Door::with_rule(OWN_PRODUCT),
        ticket: |ticket| Payload {
            class: VIP,
            ..ticket
        },
        steps: &[(Enter, NOON, Reason::Rule)],
        queued: 0,
    },
    Scenario {
        numbers: "S31 S109",
        door: || Door::with_rule(OWN_VARIATION),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S31 S109",
        door: || Door::with_rule(OWN_VARIATION),
        ticket: |ticket| Payload {
            class: VIP,
            ..ticket
        },
        steps: &[(Enter, NOON, Reason::Rule)],
        queued: 0,
    },
    Scenario {
        numbers: "S32",
        door: || at_gate(GATE_B, None),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Rule)],
        queued: 0,
    },
    Scenario {
        numbers: "S32 S34",
        door: || at_gate(GATE_B, Some(0)),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Rule)],
        queued: 0,
    },
    Scenario {
        numbers: "S34",
        door: || at_gate(GATE_B, Some(1)),
        ticket: |ticket| Payload {
            class: VIP,
            ..ticket
        },
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S35 S109",
        door: || Door::many_with_rule(FEWER_THAN_3),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:10:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:20:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:30:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:40:00Z", Reason::Rule),
        ],
        queued: 4,
    },
    // The day begins at 15:00 UTC in Tokyo.
    Scenario {
        numbers: "S37 S109",
        door: || tokyo(FEWER_THAN_3_TODAY),
        ticket: long,
        steps: &[
            (Enter, "2026-05-01T15:10:00Z", Reason::Ok),
            (Enter, "2026-05-01T15:20:00Z", Reason::Ok),
            (Enter, "2026-05-02T01:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T01:10:00Z", Reason::Rule),
            (Enter, "2026-05-02T14:59:59Z", Reason::Rule),
            (Enter, "2026-05-02T15:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T15:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T15:20:00Z", Reason::Ok),
            (Enter, "2026-05-02T15:30:00Z", Reason::Rule),
        ],
        queued: 6,
    },
    Scenario {
        numbers: "S38 S109",
        door: || tokyo(ANY_TWO_DAYS),
        ticket: long,
        steps: &[
            (Enter, "2026-05-01T15:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T03:00:00Z", Reason::Ok),
            (Enter, "2026-05-03T15:00:00Z", Reason::Ok),
            (Enter, "2026-05-04T14:00:00Z", Reason::Ok),
            (Enter, "2026-05-04T15:00:00Z", Reason::Rule),
        ],
        queued: 4,
    },
    // 16:50 and 17:10 in Saigon, on two days.
    Scenario {
        numbers: "S40",
        door: || Door::many_with_rule(ONCE_BEFORE_AND_AFTER_FIVE),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T09:50:00Z", Reason::Ok),
            (Enter, "2026-05-02T09:51:00Z", Reason::Rule),
            (Enter, "2026-05-02T10:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T10:11:00Z", Reason::Rule),
            (Enter, "2026-05-03T09:50:00Z", Reason::Ok),
            (Enter, "2026-05-03T09:51:00Z", Reason::Rule),
            (Enter, "2026-05-03T10:10:00Z", Reason::Ok),
            (Enter, "2026-05-03T10:11:00Z", Reason::Rule),
        ],
        queued: 4,
    },
    Scenario {
        numbers: "S41",
        door: || Door::many_with_rule(CAME_EARLY),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T10:59:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S41",
        door: || Door::many_with_rule(CAME_EARLY),
        ticket: plain,
        steps: &[(Enter, "2026-05-02T11:00:00Z", Reason::Rule)],
        queued: 0,
    },
    Scenario {
        numbers: "S43",
        door: || Door::many_with_rule(TWO_DAYS_BEFORE),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T10:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T12:00:00Z", Reason::Ok),
            (Enter, "2026-05-03T17:00:00Z", Reason::Rule),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S43",
        door: || Door::many_with_rule(TWO_DAYS_BEFORE),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T10:00:00Z", Reason::Ok),
            (Enter, "2026-05-03T16:59:59Z", Reason::Ok),
            (Enter, "2026-05-03T17:00:00Z", Reason::Ok),
        ],
        queued: 3,
    },
    Scenario {
        numbers: "S109",
        door: || Door::many_with_rule(ONE_DAY_SINCE),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T10:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:00:01Z", Reason::Rule),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S45 S109",
        door: || Door::many_with_rule(THREE_HOURS),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T10:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T12:55:00Z", Reason::Ok),
            (Enter, "2026-05-02T13:01:00Z", Reason::Rule),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S109",
        door: || Door::many_with_rule(HALF_AN_HOUR_APART),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T10:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T10:29:59Z", Reason::Rule),
            (Enter, "2026-05-02T10:30:00Z", Reason::Ok),
            (Enter, "2026-05-02T10:45:00Z", Reason::Rule),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S47 S48",
        door: || with_doors(AFTER_DOORS),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T09:51:00Z", Reason::Rule),
            (Enter, "2026-05-02T10:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T10:10:00Z", Reason::Ok),
        ],
        queued: 2,
    },
    // Without a time of its own, the start.
    Scenario {
        numbers: "S47 S48",
        door: || Door::many_with_rule(AFTER_DOORS),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T10:51:00Z", Reason::Rule),
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S49",
        door: || Door::many_with_rule(UNTIL_THE_END_10),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T16:05:00Z", Reason::Ok),
            (Enter, "2026-05-02T16:15:00Z", Reason::Rule),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S50",
        door: || Door::many_with_rule(UNTIL_THE_END),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T15:55:00Z", Reason::Ok),
            (Enter, "2026-05-02T16:05:00Z", Reason::Rule),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S51",
        door: || Door::many_with_rule(AFTER_A_MOMENT),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T11:21:00Z", Reason::Rule),
            (Enter, "2026-05-02T11:31:00Z", Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S51",
        door: || Door::many_with_rule(AFTER_A_LOCAL_MOMENT),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T11:29:59Z", Reason::Rule),
            (Enter, "2026-05-02T11:30:00Z", Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S52",
        door: || Door::many_with_rule(AFTER_HALF_PAST_SIX),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T11:29:00Z", Reason::Rule),
            (Enter, "2026-05-02T11:31:00Z", Reason::Ok),
            // The next day begins again.
            (Enter, "2026-05-02T17:31:00Z", Reason::Rule),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S109",
        door: || Door::many_with_rule(SATURDAYS),
        ticket: long,
        steps: &[
            (Enter, "2026-05-01T16:59:59Z", Reason::Rule),
            (Enter, "2026-05-01T17:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T17:00:00Z", Reason::Rule),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S109",
        door: || Door::many_with_rule(NOT_PRESENT),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:05:00Z", Reason::Rule),
            (Leave, "2026-05-02T11:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:20:00Z", Reason::Ok),
        ],
        queued: 3,
    },
];
