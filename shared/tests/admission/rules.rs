//! The rule language: values, errors, bounds.
// S94

use shared::admission::rules::{Counter, Moment, RULE_STEPS_MAX, Variable, Variables};
use shared::admission::rules::{RULE_BYTES_MAX, RULE_DEPTH_MAX, Rule, RuleError, Value};
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
    fn moment(&self, moment: &Moment) -> Value {
        match moment {
            Moment::Custom(at) => {
                Value::Number(f64::from(u32::try_from(at.as_secs()).expect("after 1970")))
            }
            _ => Value::Number(1_790_000_600.0),
        }
    }
    /// One entry an hour before now, one a minute before.
    fn count(&self, counter: Counter, moment: f64) -> Value {
        let entries = [1_789_996_400.0, 1_789_999_940.0];
        let since = entries.iter().filter(|at| **at >= moment).count();
        let wanted = match counter {
            Counter::EntriesSince => since,
            Counter::EntriesBefore => entries.len() - since,
            Counter::EntriesDaysSince | Counter::EntriesDaysBefore => return Value::Null,
        };
        Value::Number(f64::from(u8::try_from(wanted).expect("two")))
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

/// Operators of ours, at `Known`.
const OURS: &[(&str, bool)] = &[
    // Ten minutes before the moment; the moment itself is after.
    (
        r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_from"]}]}"#,
        false,
    ),
    (
        r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_from"]}, null]}"#,
        false,
    ),
    (
        r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_from"]}, 10]}"#,
        false,
    ),
    (
        r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_from"]}, 11]}"#,
        true,
    ),
    (
        r#"{"isAfter": [{"var": "now"}, {"buildTime": ["date_from"]}, "11"]}"#,
        true,
    ),
    (r#"{"isAfter": [{"var": "now"}, 1790000000]}"#, true),
    (r#"{"isBefore": [{"var": "now"}, 1790000000]}"#, false),
    (
        r#"{"isBefore": [{"var": "now"}, {"buildTime": ["date_to"]}]}"#,
        true,
    ),
    // A custom operator inside another: the innermost is asked first.
    (
        r#"{"isAfter": [{"var": "now"}, {"if": [{"inList": [{"var": "gate_name"}, {"objectList": [{"lookup": ["gate", "North", "Northern gate"]}]}]}, {"buildTime": ["custom", "2026-09-21T14:00:00Z"]}, {"buildTime": ["date_to"]}]}]}"#,
        true,
    ),
    (
        r#"{"==": [{"entries_since": [{"buildTime": ["custom", "2026-09-21T14:00:00Z"]}]}, 1]}"#,
        true,
    ),
    (
        r#"{"==": [{"entries_before": [{"buildTime": ["custom", "2026-09-21T14:00:00Z"]}]}, 1]}"#,
        true,
    ),
    (
        r#"{"==": [{"missing": ["gate_name", "class", "nonsense"]}, ["class", "nonsense"]]}"#,
        true,
    ),
    (
        r#"{"some": [["South", "North"], {"==": [{"var": ""}, "North"]}]}"#,
        true,
    ),
];

#[test]
fn our_operators_ask_about_times_and_entries() {
    for (rule, expected) in OURS {
        assert_eq!(ask(rule), Ok(*expected), "{rule}");
    }
}

/// A rule, and what in it is no time.
const NO_TIMES: &[(&str, &str)] = &[
    (r#"{"isAfter": [{"var": "now"}, "17:00"]}"#, r#""17:00""#),
    (r#"{"isBefore": [null, {"var": "now"}]}"#, "null"),
    (r#"{"entries_since": ["2026-09-21"]}"#, r#""2026-09-21""#),
    (
        r#"{"buildTime": ["date_of_birth"]}"#,
        r#"["date_of_birth"]"#,
    ),
    (r#"{"buildTime": ["custom"]}"#, r#"["custom"]"#),
    (
        r#"{"buildTime": ["custom", "tomorrow"]}"#,
        r#"["custom","tomorrow"]"#,
    ),
    (
        r#"{"buildTime": ["custom", "2026-02-29T10:00:00"]}"#,
        r#"["custom","2026-02-29T10:00:00"]"#,
    ),
    (
        r#"{"buildTime": ["customtime", "25:30"]}"#,
        r#"["customtime","25:30"]"#,
    ),
    (
        r#"{"buildTime": ["customtime", "17:00+07:00"]}"#,
        r#"["customtime","17:00+07:00"]"#,
    ),
    (r#"{"buildTime": [{"var": "gate"}]}"#, r#"[{"var":"gate"}]"#),
];

#[test]
fn what_our_operators_cannot_use_is_an_error() {
    for (rule, wrong) in NO_TIMES {
        let expected = RuleError::Time((*wrong).to_owned());
        assert_eq!(ask(rule), Err(expected), "{rule}");
    }
    let cases = [
        (
            r#"{"isAround": [{"var": "now"}, 1]}"#,
            RuleError::Operator("isAround".to_owned()),
        ),
        (
            r#"{"some": [["x"], {"hash": [1]}]}"#,
            RuleError::Operator("hash".to_owned()),
        ),
        (
            r#"{"isAfter": [{"var": "now"}]}"#,
            RuleError::Arguments("isAfter"),
        ),
        (
            r#"{"isAfter": [{"var": "now"}, {"var": "gate_name"}]}"#,
            RuleError::Undefined("isAfter"),
        ),
        (
            r#"{"isAfter": [{"var": "now"}, 1, "soon"]}"#,
            RuleError::Undefined("isAfter"),
        ),
        (
            r#"{"inList": ["x", "xyz"]}"#,
            RuleError::Undefined("inList"),
        ),
        (r#"{"/": [1, 0]}"#, RuleError::Undefined("/")),
        (
            r#"{"cat": [{"map": [[1], {"var": "a"}]}, {"+": ["x"]}]}"#,
            RuleError::Undefined("+"),
        ),
    ];
    for (rule, expected) in cases {
        assert_eq!(ask(rule), Err(expected), "{rule}");
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
    // What a loop builds up is bounded, too: twice as long in each of 40 rounds.
    let rounds = (0..40).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    for twice in [
        r#"{"cat": [{"var": "accumulator"}, {"var": "accumulator"}]}"#,
        r#"{"merge": [{"var": "accumulator"}, {"var": "accumulator"}]}"#,
        r#"[{"var": "accumulator"}, {"var": "accumulator"}]"#,
    ] {
        let rule = format!(r#"{{"reduce": [[{rounds}], {twice}, ["x"]]}}"#);
        assert_eq!(ask(&rule), Err(RuleError::TooMuch), "{rule}");
    }
    let list = (0..RULE_STEPS_MAX / 40)
        .map(|n| n.to_string())
        .collect::<Vec<_>>();
    let nested = format!(
        r#"{{"some": [[{0}], {{"some": [[{0}], {{"==": [{{"var": ""}}, -1]}}]}}]}}"#,
        list.join(",")
    );
    assert_eq!(ask(&nested), Err(RuleError::TooMuch));
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
