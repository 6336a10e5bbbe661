//! The rule language: values, errors, bounds.
// S94

use shared::admission::rules::{RULE_BYTES_MAX, RULE_DEPTH_MAX, Rule, RuleError, Value};
use shared::admission::rules::{Variable, Variables};
use shared::admission::{Outcome, Reason};

use crate::fixture::Door;

/// A gate, 2 entries, no class.
struct Known;

impl Variables for Known {
    fn value(&self, variable: Variable) -> Value {
        match variable {
            Variable::GateName => Value::Text("North".to_owned()),
            Variable::EntriesNumber => Value::Number(2.0),
            Variable::Now => Value::Number(1_790_000_000.0),
            _ => Value::Null,
        }
    }
}

fn ask(rule: &str) -> Result<bool, RuleError> {
    Rule::parse(rule)?.holds(&Known)
}

#[test]
fn rules_hold_or_not() {
    let cases = [
        ("true", true),
        ("false", false),
        ("1", true),
        ("0", false),
        (r#""""#, false),
        (r#""0""#, true),
        ("[]", false),
        ("[0]", true),
        ("null", false),
        (r#"{"==": [1, 1]}"#, true),
        (r#"{"==": [1, "1"]}"#, true),
        (r#"{"==": [0, false]}"#, true),
        (r#"{"==": ["", 0]}"#, true),
        (r#"{"==": ["x", 0]}"#, false),
        (r#"{"==": ["inf", "inf"]}"#, true),
        (r#"{"==": [null, 0]}"#, false),
        (r#"{"==": [null, null]}"#, true),
        (r#"{"===": [1, "1"]}"#, false),
        (r#"{"===": [-0.0, 0]}"#, true),
        (r#"{"!=": [1, 2]}"#, true),
        (r#"{"!==": [1, "1"]}"#, true),
        (r#"{"!": [true]}"#, false),
        (r#"{"!": 0}"#, true),
        (r#"{"!!": ["x"]}"#, true),
        (r#"{"and": [true, 1, "x"]}"#, true),
        (r#"{"and": [true, 0]}"#, false),
        (r#"{"or": [false, 0, "x"]}"#, true),
        (r#"{"or": [false, 0]}"#, false),
        (r#"{"if": [false, false, true]}"#, true),
        (r#"{"if": [true, false, true]}"#, false),
        (r#"{"if": [false, 1, true, 0, 1]}"#, false),
        (r#"{"if": [false, 1]}"#, false),
        (r#"{"<": [1, 2]}"#, true),
        (r#"{"<": [2, 2]}"#, false),
        (r#"{"<": [1, 2, 3]}"#, true),
        (r#"{"<": [1, 4, 3]}"#, false),
        (r#"{"<=": [1, 1, 1]}"#, true),
        (r#"{">": ["10", 9]}"#, true),
        (r#"{">": ["10", "9"]}"#, false),
        (r#"{">=": [2, 2]}"#, true),
        (r#"{">": ["x", 1]}"#, false),
        (r#"{"<=": ["x", 1]}"#, false),
        (r#"{"in": ["or", "North"]}"#, true),
        (r#"{"in": ["x", ["x", "y"]]}"#, true),
        (r#"{"in": [1, ["1"]]}"#, false),
        (r#"{"in": ["x", null]}"#, false),
        (r#"{"==": [{"+": [1, "2", 3]}, 6]}"#, true),
        (r#"{"==": [{"+": "7"}, 7]}"#, true),
        (r#"{"==": [{"-": [7, 2]}, 5]}"#, true),
        (r#"{"==": [{"-": [7]}, -7]}"#, true),
        (r#"{"==": [{"*": [2, 3, 4]}, 24]}"#, true),
        (r#"{"==": [{"min": [3, 1, 2]}, 1]}"#, true),
        (r#"{"==": [{"max": [3, 1, 2]}, 3]}"#, true),
        (r#"{"==": [{"var": "gate_name"}, "North"]}"#, true),
        (r#"{"==": [{"var": ["class", "none"]}, "none"]}"#, true),
        (r#"{"==": [{"var": ["gate_name", "none"]}, "North"]}"#, true),
        (r#"{"<": [{"var": "entries_number"}, 3]}"#, true),
        (
            r#"{"in": [{"var": "gate_name"}, ["South", "North"]]}"#,
            true,
        ),
        (r#"{">": [{"var": "now"}, 1789999999]}"#, true),
    ];
    for (rule, expected) in cases {
        assert_eq!(ask(rule), Ok(expected), "{rule}");
    }
}

#[test]
fn what_cannot_be_evaluated_is_an_error() {
    let operator = |name: &str| RuleError::Operator(name.to_owned());
    let variable = |name: &str| RuleError::Variable(name.to_owned());
    let cases = [
        ("", RuleError::Malformed),
        ("{", RuleError::Malformed),
        ("true false", RuleError::Malformed),
        ("{}", RuleError::Malformed),
        (r#"{"==": [1, 1], "!": 1}"#, RuleError::Malformed),
        (r#"{"isAfter": [{"var": "now"}, 1]}"#, operator("isAfter")),
        (r#"{"method": ["x", "y"]}"#, operator("method")),
        (r#"{"var": "age"}"#, variable("age")),
        (r#"{"var": "Gate"}"#, variable("Gate")),
        (r#"{"var": ["age", 1]}"#, variable("age")),
        (r#"{"var": ""}"#, variable("")),
        (r#"{"var": 1}"#, RuleError::Malformed),
        (r#"{"var": {"+": ["a"]}}"#, RuleError::Malformed),
        (r#"{"var": []}"#, RuleError::Malformed),
        // Even where it would not be asked: a rule fails for everybody or nobody.
        (r#"{"or": [true, {"var": "age"}]}"#, variable("age")),
        (r#"{"if": [true, true, {"log": 1}]}"#, operator("log")),
        (r#"{"==": [1]}"#, RuleError::Arguments("==")),
        (r#"{"==": [1, 2, 3]}"#, RuleError::Arguments("==")),
        (r#"{"<": [1, 2, 3, 4]}"#, RuleError::Arguments("<")),
        (r#"{"and": []}"#, RuleError::Arguments("and")),
        (r#"{"max": []}"#, RuleError::Arguments("max")),
        (r#"{"+": [1, "x"]}"#, RuleError::Undefined("+")),
        (r#"{"+": [1, [2]]}"#, RuleError::Undefined("+")),
        (r#"{"max": [1, "x"]}"#, RuleError::Undefined("max")),
        (r#"{"*": [1e308, 10]}"#, RuleError::Undefined("*")),
        (r#"{"<": [[1], 2]}"#, RuleError::Undefined("<")),
    ];
    for (rule, expected) in cases {
        assert_eq!(ask(rule), Err(expected), "{rule}");
    }
}

#[test]
fn length_and_depth_are_bounded() {
    let nested = |levels: usize| {
        format!(
            "{}true{}",
            r#"{"!!": ["#.repeat(levels),
            "]}".repeat(levels)
        )
    };
    assert_eq!(ask(&nested(RULE_DEPTH_MAX)), Ok(true));
    assert_eq!(ask(&nested(RULE_DEPTH_MAX + 1)), Err(RuleError::TooDeep));
    // Deeper than the JSON reader goes, and lists instead of operators.
    assert_eq!(ask(&nested(500)), Err(RuleError::Malformed));
    let lists = format!("{}{}", "[".repeat(60), "]".repeat(60));
    assert_eq!(ask(&lists), Err(RuleError::TooDeep));
    let instead = format!("{}1{}", r#"{"var": ["class", "#.repeat(40), "]}".repeat(40));
    assert_eq!(ask(&instead), Err(RuleError::TooDeep));
    let long = format!("\"{}\"", "x".repeat(RULE_BYTES_MAX));
    assert_eq!(ask(&long), Err(RuleError::TooLong));
    let fits = format!("\"{}\"", "x".repeat(RULE_BYTES_MAX - 2));
    assert_eq!(ask(&fits), Ok(true));
}

#[test]
fn a_broken_rule_refuses_and_is_named() {
    let mut door = Door::with_rule(r#"{"var": "age"}"#);
    let ticket = door.world.ticket();
    let verdict = door.enter(&ticket, "2026-05-02T11:00:00Z");
    assert_eq!(
        (verdict.verdict, verdict.reason),
        (Outcome::Refuse, Reason::Rule)
    );
    assert_eq!(
        verdict.explanation,
        "The rule “House rule” could not be checked. Please ask the staff."
    );
    // The first that does not allow is the one that is named.
    door.world.policy.rules = [("Open", "true"), ("Members", "false"), ("Broken", "{")]
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .to_vec();
    let verdict = door.enter(&ticket, "2026-05-02T11:00:00Z");
    assert_eq!(verdict.explanation, "Not allowed by the rule “Members”.");
    assert_eq!(verdict.also, []);
}

#[test]
fn every_variable_has_a_value_at_the_gate() {
    let rules = [
        r#"{"==": [{"var": "product"}, "01010101-0101-0101-0101-010101010101"]}"#,
        r#"{"==": [{"var": "class"}, "Standard"]}"#,
        r#"{"==": [{"var": "gate"}, "a0a0a0a0-a0a0-a0a0-a0a0-a0a0a0a0a0a0"]}"#,
        r#"{"==": [{"var": "gate_name"}, "Gate A"]}"#,
        r#"{"==": [{"var": "now"}, 1777739400]}"#,
        // 2 May 2026, 16:30 UTC, is a Saturday in Saigon.
        r#"{"==": [{"var": "now_isoweekday"}, 6]}"#,
        r#"{"==": [{"var": "entries_number"}, 1]}"#,
        r#"{"==": [{"var": "entries_today"}, 1]}"#,
        r#"{"==": [{"var": "entries_days"}, 1]}"#,
        r#"{"==": [{"var": "minutes_since_first_entry"}, 30]}"#,
        r#"{"==": [{"var": "minutes_since_last_entry"}, 30]}"#,
        r#"{"==": [{"var": "entry_status"}, "present"]}"#,
    ];
    for rule in rules {
        let mut door = Door::with_rule(rule);
        door.record(shared::log::EntryKind::Admit, 0, 1, "2026-05-02T16:00:00Z");
        let ticket = door.world.ticket();
        let verdict = door.enter(&ticket, "2026-05-02T16:30:00Z");
        assert!(!verdict.also.contains(&Reason::Rule), "{rule}");
        assert_ne!(verdict.reason, Reason::Rule, "{rule}");
    }
    // Before the first entry.
    for (rule, expected) in [
        (
            r#"{"==": [{"var": "minutes_since_last_entry"}, -1]}"#,
            Reason::Ok,
        ),
        (r#"{"==": [{"var": "entry_status"}, "absent"]}"#, Reason::Ok),
        (r#"{"==": [{"var": "entries_today"}, 0]}"#, Reason::Ok),
    ] {
        let mut door = Door::with_rule(rule);
        let ticket = door.world.ticket();
        assert_eq!(
            door.enter(&ticket, "2026-05-02T11:00:00Z").reason,
            expected,
            "{rule}"
        );
    }
}
