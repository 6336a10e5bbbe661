//! Custom rules at the door, by the numbers of `checkin-scenarios.md`.

use shared::admission::Reason;
use shared::ids::ClassId;
use shared::log::EntryKind;
use shared::ticket::{Flags, Payload};

use crate::fixture::{
    Door, GATE_A, GATE_B, GATE_C, STANDARD, VIP, assert_admitted, assert_refused,
};

const EVENING: &str = "2026-05-02T11:00:00Z";

#[test]
fn s29_constant_rules() {
    // S29
    let mut door = Door::with_rule("true");
    let ticket = door.world.ticket();
    assert_admitted(&door.enter(&ticket, EVENING));
    let mut door = Door::with_rule("false");
    let verdict = door.enter(&ticket, EVENING);
    assert_refused(&verdict, Reason::Rule, &[]);
    assert_eq!(verdict.explanation, "Not allowed by the rule “House rule”.");
    // Whoever is inside may leave, whatever the rule says.
    door.record(EntryKind::Admit, GATE_A, 1, EVENING);
    assert_admitted(&door.leave(&ticket, EVENING));
}

#[test]
fn s30_s32_s34_rules_on_class_and_gate() {
    // S30 S32 S34
    let vip = ClassId::from_bytes([2; 16]);
    let cases = [
        (
            format!(r#"{{"in": [{{"var": "product"}}, ["{vip}"]]}}"#),
            VIP,
            Some(GATE_A),
            true,
        ),
        (
            format!(r#"{{"in": [{{"var": "product"}}, ["{vip}"]]}}"#),
            STANDARD,
            Some(GATE_A),
            false,
        ),
        (
            r#"{"==": [{"var": "class"}, "Standard"]}"#.to_owned(),
            STANDARD,
            None,
            true,
        ),
        (
            r#"{"in": [{"var": "gate_name"}, ["Gate A", "Gate B"]]}"#.to_owned(),
            VIP,
            Some(GATE_B),
            true,
        ),
        (
            r#"{"in": [{"var": "gate_name"}, ["Gate A", "Gate B"]]}"#.to_owned(),
            VIP,
            Some(GATE_C),
            false,
        ),
        // A device without a gate is at none of them.
        (
            r#"{"in": [{"var": "gate_name"}, ["Gate A", "Gate B"]]}"#.to_owned(),
            VIP,
            None,
            false,
        ),
        (
            r#"{"in": [{"var": "gate"}, ["c0c0c0c0-c0c0-c0c0-c0c0-c0c0c0c0c0c0"]]}"#.to_owned(),
            VIP,
            Some(GATE_C),
            true,
        ),
    ];
    for (rule, class, gate, admitted) in cases {
        let mut door = Door::with_rule(&rule);
        door.gate = gate;
        let ticket = Payload {
            class,
            ..door.world.ticket()
        };
        let verdict = door.enter(&ticket, EVENING);
        let expected = if admitted { Reason::Ok } else { Reason::Rule };
        assert_eq!(verdict.reason, expected, "{rule} at {gate:?}");
    }
}

#[test]
fn s35_entries_are_counted_and_exits_are_not() {
    // S35
    let mut door = Door::with_rule(r#"{"<": [{"var": "entries_number"}, 3]}"#);
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        ..door.world.ticket()
    };
    for minute in [0, 10, 20] {
        let entered = format!("2026-05-02T11:{minute:02}:00Z");
        let left = format!("2026-05-02T11:{:02}:00Z", minute + 5);
        assert_admitted(&door.enter(&ticket, &entered));
        assert_admitted(&door.leave(&ticket, &left));
    }
    assert_refused(
        &door.enter(&ticket, "2026-05-02T11:30:00Z"),
        Reason::Rule,
        &[],
    );
}

#[test]
fn s37_s38_days_are_the_events_days() {
    // S37 S38: in Tokyo, UTC+9, the day begins at 15:00 UTC.
    let mut door = Door::with_rule(r#"{"<": [{"var": "entries_today"}, 2]}"#);
    door.world.policy.timezone = "Asia/Tokyo".to_owned();
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        not_before: 0,
        not_after: 90 * 4,
        ..door.world.ticket()
    };
    for now in ["2026-05-01T15:10:00Z", "2026-05-02T01:00:00Z"] {
        assert_admitted(&door.enter(&ticket, now));
        assert_admitted(&door.leave(&ticket, now));
    }
    // Late on the same local day, then after local midnight.
    assert_refused(
        &door.enter(&ticket, "2026-05-02T14:59:59Z"),
        Reason::Rule,
        &[],
    );
    assert_admitted(&door.enter(&ticket, "2026-05-02T15:00:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T15:00:01Z"));
    // S38: any two days.
    let rule =
        r#"{"or": [{">": [{"var": "entries_today"}, 0]}, {"<": [{"var": "entries_days"}, 2]}]}"#;
    door.world.policy.rules = vec![("Two days".to_owned(), rule.to_owned())];
    assert_admitted(&door.enter(&ticket, "2026-05-02T16:00:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T16:30:00Z"));
    assert_refused(
        &door.enter(&ticket, "2026-05-03T15:00:00Z"),
        Reason::Rule,
        &[],
    );
}

#[test]
fn s45_minutes_since_the_first_entry() {
    // S45
    let rule = r#"{"or": [
        {"<": [{"var": "minutes_since_first_entry"}, 0]},
        {"<": [{"var": "minutes_since_first_entry"}, 180]}
    ]}"#;
    let mut door = Door::with_rule(rule);
    let ticket = Payload {
        flags: Flags::RE_ENTRY,
        ..door.world.ticket()
    };
    assert_admitted(&door.enter(&ticket, "2026-05-02T10:00:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T10:01:00Z"));
    assert_admitted(&door.enter(&ticket, "2026-05-02T12:55:00Z"));
    assert_admitted(&door.leave(&ticket, "2026-05-02T12:56:00Z"));
    assert_refused(
        &door.enter(&ticket, "2026-05-02T13:01:00Z"),
        Reason::Rule,
        &[],
    );
}
