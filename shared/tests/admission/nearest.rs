//! The nearest way in: what a guest is told whom a rule refused.
// S110

use shared::admission::Reason;

use crate::fixture::{Door, VIP, assert_refused};

fn said(rule: &str, now: &str) -> String {
    let mut door = Door::many_with_rule(rule);
    let ticket = shared::ticket::Payload {
        not_before: 0,
        not_after: 15 * 96,
        ..door.world.ticket()
    };
    door.record(shared::log::EntryKind::Admit, 0, 1, "2026-05-01T02:00:00Z");
    let verdict = door.enter(&ticket, now);
    assert_refused(&verdict, Reason::Rule, &[]);
    let start = "Not allowed by the rule “House rule”. ";
    let rest = verdict.explanation.strip_prefix(start).expect("the rule");
    // What is told of the earlier entry is not about the rule.
    rest.split(" Used at").next().unwrap_or(rest).to_owned()
}

/// From eight to nine and from twelve to one, in Saigon.
const TWO_WINDOWS: &str = r#"{"or": [
    {"and": [
        {"isAfter": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T08:00:00+07:00"]}]},
        {"isBefore": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T09:00:00+07:00"]}]}]},
    {"and": [
        {"isAfter": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T12:00:00+07:00"]}]},
        {"isBefore": [{"var": "now"}, {"buildTime": ["custom", "2026-05-02T13:00:00+07:00"]}]}]}
]}"#;

#[test]
fn the_nearest_window_is_told_at_four_moments() {
    // S110
    assert_eq!(
        said(TWO_WINDOWS, "2026-05-02T00:00:00Z"),
        "Allowed from 08:00."
    );
    assert_eq!(
        said(TWO_WINDOWS, "2026-05-02T02:10:00Z"),
        "It was allowed until 09:00."
    );
    assert_eq!(
        said(TWO_WINDOWS, "2026-05-02T04:30:00Z"),
        "Allowed from 12:00."
    );
    assert_eq!(
        said(TWO_WINDOWS, "2026-05-02T07:00:00Z"),
        "It was allowed until 13:00."
    );
}

#[test]
fn time_is_told_before_the_class_and_entries_before_time() {
    // S110
    let vip = r#"{"==": [{"var": "class"}, "VIP"]}"#;
    let gate = r#"{"==": [{"var": "gate_name"}, "Gate B"]}"#;
    let time = r#"{"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "17:00"]}]}"#;
    let entries = r#"{"<": [{"var": "entries_number"}, 1]}"#;
    let sunday = r#"{"==": [{"var": "now_isoweekday"}, 7]}"#;
    let now = "2026-05-02T09:00:00Z";
    let or = |parts: &[&str]| format!(r#"{{"or": [{}]}}"#, parts.join(","));
    let and = |parts: &[&str]| format!(r#"{{"and": [{}]}}"#, parts.join(","));
    let cases = [
        (or(&[vip, time]), "Allowed from 17:00."),
        (or(&[time, vip]), "Allowed from 17:00."),
        (or(&[vip, time, entries]), "All its entries are used."),
        (or(&[vip, gate]), "Please go to another entrance."),
        (or(&[vip, gate, sunday]), "Please come on another day."),
        (or(&[vip]), "It is for another kind of ticket."),
        (
            and(&[vip, time, "true"]),
            "It is for another kind of ticket. Allowed from 17:00.",
        ),
        (
            or(&[&and(&[vip, entries]), &and(&[time, sunday])]),
            "Allowed from 17:00. Please come on another day.",
        ),
        (
            format!(
                r#"{{"!": [{}]}}"#,
                r#"{"isBefore": [{"var": "now"}, {"buildTime": ["date_from"]}]}"#
            ),
            "Allowed from 18:00.",
        ),
        (
            format!(
                r#"{{"!": [{}]}}"#,
                or(&[
                    r#"{"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "15:00"]}]}"#,
                    "false"
                ])
            ),
            "It was allowed until 15:00.",
        ),
        (
            r#"{"isBefore": [{"buildTime": ["date_from"]}, {"var": "now"}]}"#.to_owned(),
            "Allowed from 18:00.",
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(said(&rule, now), expected, "{rule}");
    }
}

#[test]
fn where_no_way_can_be_told_only_the_rule_is() {
    // S110
    for rule in [
        "false",
        r#"{"==": [1, 2]}"#,
        r#"{"and": [false, {"==": [{"var": "class"}, "VIP"]}]}"#,
    ] {
        let mut door = Door::with_rule(rule);
        let ticket = door.world.ticket();
        let verdict = door.enter(&ticket, "2026-05-02T11:00:00Z");
        assert_eq!(
            verdict.explanation, "Not allowed by the rule “House rule”.",
            "{rule}"
        );
    }
}

#[test]
fn clocks_that_change_are_the_events_clocks() {
    // S52: in Berlin the night of 29 March 2026 has no 02:30, that of 25 October has it twice.
    let rule = r#"{"isAfter": [{"var": "now"}, {"buildTime": ["customtime", "02:30"]}]}"#;
    let cases = [
        // 03:15 in summer time: half past two would have been a quarter to, so it is 03:30.
        ("2026-03-29T01:15:00Z", Reason::Rule),
        ("2026-03-29T01:30:00Z", Reason::Ok),
        // The first half past two.
        ("2026-10-25T00:29:59Z", Reason::Rule),
        ("2026-10-25T00:30:00Z", Reason::Ok),
        ("2026-10-25T01:15:00Z", Reason::Ok),
    ];
    for (now, expected) in cases {
        let mut door = Door::with_rule(rule);
        door.world.policy.timezone = "Europe/Berlin".to_owned();
        door.world.policy.red_after_secs = u32::MAX;
        door.world.keyring.keys[0].not_before = crate::fixture::at("2026-01-01T00:00:00Z");
        door.world.keyring.keys[0].not_after = crate::fixture::at("2027-01-01T00:00:00Z");
        door.world.policy.epoch = crate::fixture::at("2026-03-20T00:00:00Z");
        let ticket = shared::ticket::Payload {
            class: VIP,
            not_before: 0,
            not_after: 250 * 96,
            ..door.world.ticket()
        };
        assert_eq!(door.enter(&ticket, now).reason, expected, "{now}");
    }
}
