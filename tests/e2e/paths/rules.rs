//! Custom rules over hours and days: S29 to S52, and S109 on the server.

use serde_json::{Value, json};
use tests::journey::text;

use super::Act::{Elsewhere, Enter, Leave};
use super::Row;
use super::show::{Show, World};

fn under(world: &World, rule: &Value) -> Show {
    Show::long(world).rule(rule).buys(0)
}

/// By a moment of the show's own calendar.
fn by(world: &World, when: &str, rule: fn(&Value) -> Value) -> Show {
    let show = Show::long(world);
    let moment = json!({ "buildTime": ["custom", show.at(when)] });
    show.rule(&rule(&moment)).buys(0)
}

fn among(variable: &str, id: &str) -> Value {
    let it = json!({ "objectList": [{ "lookup": [variable, id, "it"] }] });
    json!({ "inList": [{ "var": variable }, it] })
}

fn now(operator: &str, moment: &Value, tolerance: &Value) -> Value {
    json!({ operator: [{ "var": "now" }, moment, tolerance] })
}

fn of_class(world: &World, variable: &str, shown: usize) -> Show {
    let show = Show::long(world);
    let rule = among(variable, &show.classes[0]);
    show.rule(&rule).buys(shown)
}

/// Gate B is wanted, at gate A and at gate B.
fn of_gate(world: &World) -> Show {
    let show = Show::long(world);
    let rules = json!([{ "name": "House rule", "logic": among("gate", &show.gates[1]) }]);
    let settings = json!({ "rules": rules });
    show.settings(&settings).buys(0)
}

fn tokyo(world: &World, rule: &Value) -> Show {
    Show::long_in_tokyo(world).rule(rule).buys(0)
}

/// Doors open an hour before the start, or at the start.
fn doors(world: &World, when: Option<&str>) -> Show {
    let show = Show::long(world);
    let after = now(
        "isAfter",
        &json!({ "buildTime": ["date_admission"] }),
        &Value::Null,
    );
    let rules = json!([{ "name": "Doors", "logic": after }]);
    let list = json!({
        "name": "Main", "gateIds": [show.gates[0]], "entries": "UNLIMITED", "rules": rules,
    });
    let mut settings = json!({ "lists": [list] });
    if let Some(when) = when {
        settings["doorsDate"] = json!(show.at(when));
    }
    show.settings(&settings).buys(0)
}

fn until_the_end(world: &World, tolerance: &Value) -> Show {
    under(
        world,
        &now("isBefore", &json!({ "buildTime": ["date_to"] }), tolerance),
    )
}

/// Once before five on each day, and once from then on.
fn before_and_after_five(world: &World) -> Show {
    let five = json!({ "buildTime": ["customtime", "17:00"] });
    let midnight = json!({ "buildTime": ["customtime", "00:00:00"] });
    let once = |since: &Value| json!({ "<": [{ "entries_since": [since] }, 1] });
    let rule = json!({ "if": [now("isAfter", &five, &Value::Null), once(&five), once(&midnight)] });
    under(world, &rule)
}

pub(super) const ROWS: &[Row] = &[
    Row {
        numbers: "S29",
        open: |world| under(world, &json!(true)),
        steps: &[(Enter, "0 18:00", "ok"), (Leave, "0 18:01", "ok")],
    },
    Row {
        numbers: "S29",
        open: |world| {
            // Somebody let it in before.
            let show = under(world, &json!(false));
            let path = format!("/claimed-tickets/{}/force", text(&show.ticket, "id"));
            let gate = json!({ "gateId": show.gates[0] });
            show.event.api.post(&path, &gate).ok();
            show
        },
        steps: &[
            (Enter, "0 18:00", "rule"),
            (Leave, "0 18:01", "ok"),
            (Enter, "0 18:02", "rule"),
        ],
    },
    Row {
        numbers: "S30 S109",
        open: |world| of_class(world, "product", 0),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S30 S109",
        open: |world| of_class(world, "product", 1),
        steps: &[(Enter, "0 18:00", "rule")],
    },
    Row {
        numbers: "S31 S109",
        open: |world| of_class(world, "variation", 0),
        steps: &[(Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S31 S109",
        open: |world| of_class(world, "variation", 1),
        steps: &[(Enter, "0 18:00", "rule")],
    },
    Row {
        numbers: "S32 S34",
        open: of_gate,
        steps: &[(Enter, "0 18:00", "rule"), (Elsewhere, "0 18:01", "ok")],
    },
    Row {
        numbers: "S35 S109",
        open: |world| under(world, &json!({ "<": [{ "var": "entries_number" }, 3] })),
        steps: &[
            (Enter, "0 18:00", "ok"),
            (Enter, "0 18:10", "ok"),
            (Leave, "0 18:20", "ok"),
            (Enter, "0 18:30", "ok"),
            (Enter, "0 18:40", "rule"),
        ],
    },
    Row {
        numbers: "S37 S109",
        open: |world| tokyo(world, &json!({ "<": [{ "var": "entries_today" }, 3] })),
        steps: &[
            (Enter, "1 00:10", "ok"),
            (Enter, "1 00:20", "ok"),
            (Enter, "1 10:00", "ok"),
            (Enter, "1 10:10", "rule"),
            (Enter, "1 23:59:59", "rule"),
            (Enter, "2 00:00", "ok"),
            (Enter, "2 00:10", "ok"),
            (Enter, "2 00:20", "ok"),
            (Enter, "2 00:30", "rule"),
        ],
    },
    Row {
        numbers: "S38 S109",
        open: |world| {
            let today = json!({ ">": [{ "var": "entries_today" }, 0] });
            let days = json!({ "<": [{ "var": "entries_days" }, 2] });
            tokyo(world, &json!({ "or": [today, days] }))
        },
        steps: &[
            (Enter, "1 00:10", "ok"),
            (Enter, "1 12:00", "ok"),
            (Enter, "3 00:00", "ok"),
            (Enter, "3 23:00", "ok"),
            (Enter, "4 00:00", "rule"),
        ],
    },
    Row {
        numbers: "S40",
        open: before_and_after_five,
        steps: &[
            (Enter, "0 16:50", "ok"),
            (Enter, "0 16:51", "rule"),
            (Enter, "0 17:10", "ok"),
            (Enter, "0 17:11", "rule"),
            (Enter, "1 16:50", "ok"),
            (Enter, "1 16:51", "rule"),
            (Enter, "1 17:10", "ok"),
            (Enter, "1 17:11", "rule"),
        ],
    },
    Row {
        numbers: "S41",
        open: |world| by(world, "0 18:00", came_early),
        steps: &[(Enter, "0 17:59", "ok"), (Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S41",
        open: |world| by(world, "0 18:00", came_early),
        steps: &[(Enter, "0 18:00", "rule")],
    },
    Row {
        numbers: "S43",
        open: |world| by(world, "2 00:00", two_days_before),
        steps: &[
            (Enter, "0 17:00", "ok"),
            (Enter, "0 19:00", "ok"),
            (Enter, "2 00:00", "rule"),
        ],
    },
    Row {
        numbers: "S43",
        open: |world| by(world, "2 00:00", two_days_before),
        steps: &[
            (Enter, "0 17:00", "ok"),
            (Enter, "1 23:59:59", "ok"),
            (Enter, "2 00:00", "ok"),
        ],
    },
    Row {
        numbers: "S109",
        open: |world| {
            let since = json!({ "entries_days_since": [{ "buildTime": ["date_from"] }] });
            under(world, &json!({ "<": [since, 1] }))
        },
        steps: &[
            (Enter, "0 17:00", "ok"),
            (Enter, "0 18:00", "ok"),
            (Enter, "0 18:00:01", "rule"),
        ],
    },
    Row {
        numbers: "S45 S109",
        open: |world| {
            let first = json!({ "var": "minutes_since_first_entry" });
            under(
                world,
                &json!({ "or": [{ "<": [first, 0] }, { "<": [first, 180] }] }),
            )
        },
        steps: &[
            (Enter, "0 17:00", "ok"),
            (Enter, "0 19:55", "ok"),
            (Enter, "0 20:01", "rule"),
        ],
    },
    Row {
        numbers: "S109",
        open: |world| {
            let last = json!({ "var": "minutes_since_last_entry" });
            under(
                world,
                &json!({ "or": [{ "==": [last, -1] }, { ">=": [last, 30] }] }),
            )
        },
        steps: &[
            (Enter, "0 17:00", "ok"),
            (Enter, "0 17:29:59", "rule"),
            (Enter, "0 17:30", "ok"),
            (Enter, "0 17:45", "rule"),
        ],
    },
    Row {
        numbers: "S47 S48 S110",
        open: |world| doors(world, Some("0 17:00")),
        steps: &[
            (Enter, "0 16:51", "rule"),
            (Enter, "0 17:00", "ok"),
            (Enter, "0 17:10", "ok"),
        ],
    },
    // Without a time of its own, the start.
    Row {
        numbers: "S47 S48 S110",
        open: |world| doors(world, None),
        steps: &[(Enter, "0 17:51", "rule"), (Enter, "0 18:00", "ok")],
    },
    Row {
        numbers: "S49",
        open: |world| until_the_end(world, &json!(10)),
        steps: &[(Enter, "0 23:05", "ok"), (Enter, "0 23:15", "rule")],
    },
    Row {
        numbers: "S50",
        open: |world| until_the_end(world, &Value::Null),
        steps: &[(Enter, "0 22:55", "ok"), (Enter, "0 23:05", "rule")],
    },
    Row {
        numbers: "S51 S110",
        open: |world| by(world, "0 18:30", |at| now("isAfter", at, &Value::Null)),
        steps: &[(Enter, "0 18:21", "rule"), (Enter, "0 18:31", "ok")],
    },
    Row {
        numbers: "S52 S110",
        open: |world| {
            let half_past_six = json!({ "buildTime": ["customtime", "18:30"] });
            under(world, &now("isAfter", &half_past_six, &Value::Null))
        },
        steps: &[
            (Enter, "0 18:29", "rule"),
            (Enter, "0 18:31", "ok"),
            // The next day begins again.
            (Enter, "1 00:31", "rule"),
        ],
    },
    // Every show begins on a Saturday.
    Row {
        numbers: "S109",
        open: |world| under(world, &json!({ "==": [{ "var": "now_isoweekday" }, 6] })),
        steps: &[
            (Enter, "0 23:59:59", "ok"),
            (Enter, "1 00:00", "rule"),
            (Enter, "6 23:59:59", "rule"),
            (Enter, "7 00:00", "ok"),
        ],
    },
    Row {
        numbers: "S109",
        open: |world| {
            under(
                world,
                &json!({ "==": [{ "var": "entry_status" }, "absent"] }),
            )
        },
        steps: &[
            (Enter, "0 18:00", "ok"),
            (Enter, "0 18:05", "rule"),
            (Leave, "0 18:10", "ok"),
            (Enter, "0 18:20", "ok"),
        ],
    },
];

/// Whoever came before then may come after.
fn came_early(moment: &Value) -> Value {
    let before = json!({ ">=": [{ "entries_before": [moment] }, 1] });
    json!({ "or": [now("isBefore", moment, &Value::Null), before] })
}

fn two_days_before(moment: &Value) -> Value {
    let days = json!({ ">=": [{ "entries_days_before": [moment] }, 2] });
    json!({ "or": [now("isBefore", moment, &Value::Null), days] })
}
