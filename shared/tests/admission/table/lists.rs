//! Check-in lists: classes, own counts, passes, questions, check-out.

use shared::admission::Reason;
use shared::log::EntryKind;
use shared::ticket::Payload;
use shared::trust::{
    EntryLimit, ListFlags, QuestionKind, QuestionPolicy, TicketRow, TicketRowStatus,
};

use super::Act::{Confirm, Enter, Force, Leave, Say};
use super::{Scenario, long, plain};
use crate::fixture::{Door, GATE_A, GATE_B, VIP, list, row};

const NOON: &str = "2026-05-02T11:00:00Z";

/// For some classes only.
fn limited(classes: Option<Vec<u8>>) -> Door {
    let mut list = list("Some");
    list.classes = classes;
    Door::on_list(list)
}

fn with(entries: EntryLimit, flags: ListFlags, check_out_secs: Option<u32>) -> Door {
    let mut list = list("Passes");
    list.entries = entries;
    list.flags = flags;
    list.check_out_secs = check_out_secs;
    Door::on_list(list)
}

fn daily(flags: ListFlags) -> Door {
    with(EntryLimit::OncePerDay, flags, None)
}

/// Gate A is of the list "Food", gate B of the event's own.
fn two_lists(gate: u16) -> Door {
    let mut food = list("Food");
    food.entries = EntryLimit::Once;
    let mut door = Door::on_list(food);
    for gate in &mut door.world.policy.gates[1..] {
        gate.list = None;
    }
    door.gate = Some(gate);
    door.record(EntryKind::Admit, GATE_B, 1, "2026-05-02T10:30:00Z");
    door
}

fn asking(classes: Option<Vec<u8>>) -> Door {
    let mut door = Door::on_list(list("All"));
    let option = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    door.world.policy.questions = vec![QuestionPolicy {
        id: "workshop".to_owned(),
        text: "Which workshop?".to_owned(),
        classes,
        kind: QuestionKind::Choice,
        required: true,
        options: vec![option("knots", "Knots"), option("kites", "Kites")],
    }];
    door
}

/// Everybody inside counts as gone at 04:00 in Saigon, 21:00 UTC.
fn nightly() -> Door {
    with(EntryLimit::Once, ListFlags::RE_ENTRY, Some(4 * 3_600))
}

pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        numbers: "S18 S26 S98",
        door: || limited(Some(vec![VIP])),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::WrongClass)],
        queued: 0,
    },
    Scenario {
        numbers: "S98",
        door: || limited(Some(vec![0, VIP])),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    // Its place among the event's classes is not its id, and the list goes by the place.
    Scenario {
        numbers: "S2 S67",
        door: || limited(Some(vec![VIP])),
        ticket: |ticket| Payload {
            class: VIP,
            ..ticket
        },
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    // A list for one date of several, and one for all of them.
    Scenario {
        numbers: "S99",
        door: || {
            let mut list = list("Sunday");
            let sunday = |operator: &str, day: &str| {
                let moment =
                    format!(r#"{{"buildTime":["custom","2026-05-{day}T00:00:00+07:00"]}}"#);
                format!(r#"{{"{operator}":[{{"var":"now"}},{moment},null]}}"#)
            };
            let (from, until) = (sunday("isAfter", "03"), sunday("isBefore", "04"));
            list.rules = vec![(
                "Sunday".to_owned(),
                format!(r#"{{"and":[{from},{until}]}}"#),
            )];
            Door::on_list(list)
        },
        ticket: long,
        steps: &[
            (Enter, NOON, Reason::Rule),
            (Enter, "2026-05-02T17:00:00Z", Reason::Ok),
            (Enter, "2026-05-03T17:00:00Z", Reason::Rule),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S99",
        door: || Door::on_list(list("All days")),
        ticket: long,
        steps: &[
            (Enter, NOON, Reason::Ok),
            (Enter, "2026-05-03T17:00:00Z", Reason::Ok),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S124",
        door: || limited(Some(Vec::new())),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::WrongClass)],
        queued: 0,
    },
    Scenario {
        numbers: "S22 S104",
        door: || Door::on_list(list("Passes")),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::Ok),
            (Enter, "2026-05-02T11:10:00Z", Reason::Ok),
        ],
        queued: 2,
    },
    // The entry at gate B is of another list.
    Scenario {
        numbers: "S19 S122",
        door: || two_lists(GATE_A),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::Ok),
            (Enter, "2026-05-02T11:10:00Z", Reason::AlreadyUsed),
        ],
        queued: 2,
    },
    Scenario {
        numbers: "S19 S122",
        door: || two_lists(GATE_B),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::AlreadyUsed)],
        queued: 1,
    },
    Scenario {
        numbers: "S24",
        door: || with(EntryLimit::Once, ListFlags::RE_ENTRY, None),
        ticket: plain,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:10:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:20:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:30:00Z", Reason::AlreadyUsed),
        ],
        queued: 3,
    },
    // A pass for several days: once on each day of the event's calendar.
    Scenario {
        numbers: "S104",
        door: || daily(ListFlags::default()),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Leave, "2026-05-02T11:30:00Z", Reason::Ok),
            (Enter, "2026-05-02T16:59:59Z", Reason::AlreadyUsed),
            (Enter, "2026-05-02T17:00:00Z", Reason::Ok),
            (Enter, "2026-05-03T11:00:00Z", Reason::AlreadyUsed),
            (Enter, "2026-05-04T11:00:00Z", Reason::Ok),
        ],
        queued: 4,
    },
    // Coming and going within the day; who was not scanned out yesterday comes in today.
    Scenario {
        numbers: "S104",
        door: || daily(ListFlags::RE_ENTRY),
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T11:10:00Z", Reason::AlreadyUsed),
            (Leave, "2026-05-02T11:30:00Z", Reason::Ok),
            (Enter, "2026-05-02T12:00:00Z", Reason::Ok),
            (Enter, "2026-05-03T11:00:00Z", Reason::Ok),
        ],
        queued: 4,
    },
    // Never entered, already out, and after the hour: untouched. Inside at the hour: gone.
    Scenario {
        numbers: "S113",
        door: nightly,
        ticket: long,
        steps: &[(Leave, "2026-05-02T21:30:00Z", Reason::NotInside)],
        queued: 0,
    },
    Scenario {
        numbers: "S113",
        door: nightly,
        ticket: long,
        steps: &[
            (Enter, "2026-05-02T11:00:00Z", Reason::Ok),
            (Enter, "2026-05-02T20:59:59Z", Reason::AlreadyUsed),
            (Leave, "2026-05-02T21:00:00Z", Reason::NotInside),
            (Enter, "2026-05-02T21:00:01Z", Reason::Ok),
            (Enter, "2026-05-03T20:59:59Z", Reason::AlreadyUsed),
            (Leave, "2026-05-03T20:59:59Z", Reason::Ok),
            (Enter, "2026-05-03T21:00:00Z", Reason::Ok),
        ],
        queued: 4,
    },
    Scenario {
        numbers: "S54",
        door: || asking(Some(vec![VIP])),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    // What is not asked at the gate never gets into the list of questions.
    Scenario {
        numbers: "S55",
        door: || Door::on_list(list("All")),
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S56 S101",
        door: || {
            let mut door = asking(None);
            let row = row(TicketRowStatus::Active);
            door.row = Some(TicketRow {
                flags: TicketRow::ANSWERED,
                ..row
            });
            door
        },
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S57 S101",
        door: || {
            let mut door = asking(None);
            door.asks = false;
            door
        },
        ticket: plain,
        steps: &[(Enter, NOON, Reason::Ok)],
        queued: 1,
    },
    Scenario {
        numbers: "S58 S101",
        door: || asking(Some(vec![0])),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::NeedsAnswer),
            (Say("kites"), NOON, Reason::Ok),
        ],
        queued: 1,
    },
    // Staff decide that the guest need not answer.
    Scenario {
        numbers: "S101",
        door: || asking(None),
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::NeedsAnswer),
            (Confirm, NOON, Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S101",
        door: || asking(None),
        ticket: plain,
        steps: &[(Force, NOON, Reason::Ok)],
        queued: 1,
    },
    // Asked although it is optional; to say nothing is an answer then.
    Scenario {
        numbers: "S101",
        door: || {
            let mut door = asking(None);
            door.world.policy.questions[0].required = false;
            door
        },
        ticket: plain,
        steps: &[
            (Enter, NOON, Reason::NeedsAnswer),
            (Say(""), NOON, Reason::Ok),
        ],
        queued: 1,
    },
    Scenario {
        numbers: "S59",
        door: || asking(None),
        ticket: plain,
        steps: &[
            (Say("swords"), NOON, Reason::NeedsAnswer),
            (Say(""), NOON, Reason::NeedsAnswer),
        ],
        queued: 0,
    },
    Scenario {
        numbers: "S98",
        door: || with(EntryLimit::Once, ListFlags::ID_CHECK, None),
        ticket: |ticket| Payload {
            class: VIP,
            ..ticket
        },
        steps: &[(Enter, NOON, Reason::NeedsId), (Confirm, NOON, Reason::Ok)],
        queued: 1,
    },
];
