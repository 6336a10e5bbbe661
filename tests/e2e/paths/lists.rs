//! Check-in lists: classes, own counts, passes, questions, check-out, notes.

use serde_json::{Value, json};

use super::Act::{Confirm, Elsewhere, Enter, Leave};
use super::Row;
use super::show::{Show, World};

/// Gate A takes these classes, by their places.
fn limited(world: &World, classes: &[usize], shown: usize) -> Show {
    let show = Show::evening(world);
    let ids: Vec<&String> = classes.iter().map(|at| &show.classes[*at]).collect();
    let list = json!({ "classIds": ids });
    show.list(&list).buys(shown)
}

fn listed(world: &World, list: &Value) -> Show {
    Show::long(world).list(list).buys(0)
}

/// Gate A is of the list "Main", gate B of the event's own.
fn two_lists(world: &World) -> Show {
    listed(world, &json!({ "entries": "ONCE" }))
}

fn asking(world: &World, more: &Value) -> Show {
    let mut question = json!({ "id": "workshop", "text": "Which workshop?" });
    for (name, value) in more.as_object().expect("fields") {
        question[name] = value.clone();
    }
    Show::evening(world)
        .settings(&json!({ "questions": [question] }))
        .buys(0)
}

/// Everybody inside counts as gone at four in the morning.
fn nightly(world: &World) -> Show {
    listed(world, &json!({ "reEntry": true, "checkOutAt": "04:00" }))
}

/// A list for day 1 only.
fn sunday(world: &World) -> Show {
    let show = Show::long(world);
    let moment = |when| json!({ "buildTime": ["custom", show.at(when)] });
    let from = json!({ "isAfter": [{ "var": "now" }, moment("1 00:00"), null] });
    let until = json!({ "isBefore": [{ "var": "now" }, moment("2 00:00"), null] });
    let rules = json!([{ "name": "Sunday", "logic": { "and": [from, until] } }]);
    show.list(&json!({ "rules": rules, "entries": "UNLIMITED" }))
        .buys(0)
}

pub(super) const ROWS: &[Row] = &[
    Row {
        numbers: "S18 S26 S98",
        open: |world| limited(world, &[1], 0),
        steps: &[
            (Enter, "0 18:00", "wrong_class"),
            (Elsewhere, "0 18:01", "ok"),
        ],
    },
    Row {
        numbers: "S98",
        open: |world| limited(world, &[0, 1], 0),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    // Its place among the event's classes is not its id, and the list goes by the place.
    Row {
        numbers: "S2 S67",
        open: |world| limited(world, &[1], 1),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S124",
        open: |world| limited(world, &[], 0),
        steps: &[(Enter, "0 18:00", "wrong_class")],
    },
    Row {
        numbers: "S99",
        open: sunday,
        steps: &[
            (Enter, "0 18:00", "rule"),
            (Enter, "1 00:00", "ok"),
            (Enter, "2 00:00", "rule"),
        ],
    },
    Row {
        numbers: "S22 S99 S104",
        open: |world| listed(world, &json!({ "entries": "UNLIMITED" })),
        steps: &[(Enter, "0 18:00", "ok"), (Enter, "1 18:00", "ok")],
    },
    // The entry at gate B is of another list.
    Row {
        numbers: "S19 S122",
        open: two_lists,
        steps: &[
            (Elsewhere, "0 17:30", "ok"),
            (Enter, "0 18:00", "ok"),
            (Enter, "0 18:10", "already_used"),
            (Elsewhere, "0 18:20", "already_used"),
        ],
    },
    Row {
        numbers: "S24 S108",
        open: |world| listed(world, &json!({ "reEntry": true })),
        steps: &[
            (Enter, "0 18:00", "ok"),
            (Leave, "0 18:10", "ok"),
            (Enter, "0 18:20", "ok"),
            (Enter, "0 18:30", "already_used"),
        ],
    },
    // A pass for several days: once on each day of the event's calendar.
    Row {
        numbers: "S104",
        open: |world| listed(world, &json!({ "entries": "ONCE_PER_DAY" })),
        steps: &[
            (Enter, "0 18:00", "ok"),
            (Leave, "0 18:30", "ok"),
            (Enter, "0 23:59:59", "already_used"),
            (Enter, "1 00:00", "ok"),
            (Enter, "1 18:00", "already_used"),
            (Enter, "2 18:00", "ok"),
        ],
    },
    // Never entered, already out, and after the hour: untouched. Inside at the hour: gone.
    Row {
        numbers: "S113",
        open: nightly,
        steps: &[(Leave, "1 04:30", "not_inside")],
    },
    Row {
        numbers: "S113",
        open: nightly,
        steps: &[
            (Enter, "0 18:00", "ok"),
            (Enter, "1 03:59:59", "already_used"),
            (Leave, "1 04:00", "not_inside"),
            (Enter, "1 04:00:01", "ok"),
            (Enter, "2 03:59:59", "already_used"),
            (Leave, "2 03:59:59", "ok"),
            (Enter, "2 04:00", "ok"),
        ],
    },
    Row {
        numbers: "S54",
        open: |world| asking(world, &json!({ "classIds": [] })),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S55",
        open: |world| asking(world, &json!({ "atGate": false })),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S56 S101",
        open: |world| {
            let answers = json!({ "answers": [{ "question": "workshop", "value": "Knots" }] });
            let show = asking(world, &json!({}));
            let id = tests::journey::text(&show.ticket, "id");
            show.world
                .buyer
                .put(&format!("/claimed-tickets/{id}/answers"), &answers)
                .ok();
            show
        },
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S57 S101",
        open: |world| asking(world, &json!({})).unattended(),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    // Staff decide that the guest need not answer.
    Row {
        numbers: "S58 S101",
        open: |world| asking(world, &json!({})),
        steps: &[
            (Enter, "0 18:00", "needs_answer"),
            (Confirm, "0 18:00", "ok"),
        ],
    },
    // Asked although it is optional.
    Row {
        numbers: "S101",
        open: |world| asking(world, &json!({ "required": false })),
        steps: &[(Enter, "0 18:00", "needs_answer")],
    },
    Row {
        numbers: "S98",
        open: |world| listed(world, &json!({ "idCheck": true })),
        steps: &[(Enter, "0 18:00", "needs_id"), (Confirm, "0 18:00", "ok")],
    },
    Row {
        numbers: "S125",
        open: |world| {
            let show = Show::evening(world);
            let note = json!({ "classId": show.classes[0], "text": "Blue wristband" });
            let show = show.settings(&json!({ "classNotes": [note] })).buys(0);
            show.put("note", &json!({ "text": "Wheelchair: side door" }))
        },
        steps: &[(Enter, "0 18:00", "ok")],
    },
];
