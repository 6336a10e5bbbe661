//! What people answer, what is kept of it, and what is refused.

use jiff::tz::TimeZone;
use shared::admission::answers::{Answer, Demand, Wrong, check, normal};
use shared::trust::{QuestionKind, QuestionPolicy};

use crate::fixture::{STANDARD, VIP, World};

fn question(kind: QuestionKind, required: bool) -> QuestionPolicy {
    let option = |id: &str, text: &str| (id.to_owned(), text.to_owned());
    QuestionPolicy {
        id: "q".to_owned(),
        text: "What do you say?".to_owned(),
        classes: None,
        kind,
        required,
        options: match kind {
            QuestionKind::Choice | QuestionKind::Choices => {
                vec![
                    option("s", "Small"),
                    option("m", "Medium"),
                    option("l", "Large"),
                ]
            }
            _ => Vec::new(),
        },
    }
}

/// What is kept of an answer to a required question, on the clock of Saigon.
fn kept(kind: QuestionKind, given: &str) -> Result<Option<String>, Wrong> {
    let zone = TimeZone::get("Asia/Ho_Chi_Minh").expect("a zone");
    normal(&question(kind, true), given, Demand::AsAsked, &zone)
}

#[test]
fn every_kind_of_answer_is_kept_in_one_form_or_refused() {
    // S93 S127
    use QuestionKind::{Choice, Choices, Date, DateTime, Email, Number, Text, Time, YesNo};
    let good = [
        (YesNo, "True", "yes"),
        (YesNo, "true", "yes"),
        (YesNo, "on", "yes"),
        (YesNo, "1", "yes"),
        (Text, " Two of us ", "Two of us"),
        (Text, "0", "0"),
        (Number, "3", "3"),
        (Number, "+03.50", "3.5"),
        (Number, "-0", "0"),
        (Number, "-12.00", "-12"),
        (Choice, "m", "m"),
        (Choice, "Medium", "m"),
        (Choices, "l, s", "s,l"),
        (Choices, "Small,m,s", "s,m"),
        (Date, "2012-02-29", "2012-02-29"),
        (Time, "17:30", "17:30"),
        (Time, "07:05:00", "07:05"),
        (Time, "17:30:15", "17:30:15"),
        (DateTime, "2026-05-02T17:30", "2026-05-02T10:30:00.000Z"),
        (DateTime, "2026-05-02 17:30:20", "2026-05-02T10:30:20.000Z"),
        (
            DateTime,
            "2026-05-02T17:30:00+02:00",
            "2026-05-02T15:30:00.000Z",
        ),
        (Email, "mai@example.org", "mai@example.org"),
    ];
    for (kind, given, expected) in good {
        let value = kept(kind, given).expect(given).expect("something was said");
        assert_eq!(value, expected, "{kind:?} {given}");
        assert_eq!(
            kept(kind, &value),
            Ok(Some(value)),
            "{kind:?}: kept as it is"
        );
    }
    let bad = [
        (YesNo, "maybe", Wrong::NotYesNo),
        (Number, "abc", Wrong::NotANumber),
        (Number, "1,5", Wrong::NotANumber),
        (Number, "1e9", Wrong::NotANumber),
        (Number, ".", Wrong::NotANumber),
        (Choice, "xl", Wrong::NotAnOption),
        (Choice, "s,m", Wrong::NotAnOption),
        (Choices, "s,xl", Wrong::NotAnOption),
        (Date, "2013-02-29", Wrong::NotADate),
        (Date, "foobar", Wrong::NotADate),
        (Date, "2012-02-29T10:00", Wrong::NotADate),
        (Time, "25:30", Wrong::NotATime),
        (Time, "half past", Wrong::NotATime),
        (DateTime, "2026-02-30T10:00", Wrong::NotAMoment),
        (DateTime, "2026-05-02T25:30", Wrong::NotAMoment),
        (Email, "foobar", Wrong::NotAnEmail),
        (Email, "a b@example.org", Wrong::NotAnEmail),
    ];
    for (kind, given, wrong) in bad {
        assert_eq!(kept(kind, given), Err(wrong), "{kind:?} {given}");
    }
    assert_eq!(kept(Text, &"x".repeat(501)), Err(Wrong::TooLong));
    assert_eq!(kept(Number, &"9".repeat(31)), Err(Wrong::NotANumber));
}

#[test]
fn a_required_yes_is_a_yes_unless_somebody_waives_it() {
    // S91 S93
    let zone = TimeZone::UTC;
    let required = question(QuestionKind::YesNo, true);
    for no in ["no", "False", "0", ""] {
        let refused = normal(&required, no, Demand::AsAsked, &zone);
        assert_eq!(refused, Err(Wrong::MustBeYes), "{no:?}");
        let waived = normal(&required, no, Demand::Optional, &zone);
        assert_eq!(waived, Ok(Some("no".to_owned())), "{no:?}");
        let optional = question(QuestionKind::YesNo, false);
        let taken = normal(&optional, no, Demand::AsAsked, &zone);
        assert_eq!(taken, Ok(Some("no".to_owned())), "{no:?}");
    }
}

#[test]
fn a_required_text_is_not_empty_unless_somebody_waives_it() {
    // S92 S127
    let zone = TimeZone::UTC;
    for kind in [
        QuestionKind::Text,
        QuestionKind::Number,
        QuestionKind::Choice,
    ] {
        let required = question(kind, true);
        let refused = normal(&required, "  ", Demand::AsAsked, &zone);
        assert_eq!(refused, Err(Wrong::Missing), "{kind:?}");
        assert_eq!(normal(&required, "  ", Demand::Optional, &zone), Ok(None));
        let optional = question(kind, false);
        assert_eq!(normal(&optional, "", Demand::AsAsked, &zone), Ok(None));
        // Nobody waives that an answer is one.
        if kind != QuestionKind::Text {
            assert!(normal(&required, "abc", Demand::Optional, &zone).is_err());
        }
    }
}

#[test]
fn a_time_that_the_clock_leaves_out_is_the_one_after_the_gap() {
    // S93 V3
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let asked = question(QuestionKind::DateTime, true);
    let taken = normal(&asked, "2026-03-29T02:30", Demand::AsAsked, &zone);
    assert_eq!(taken, Ok(Some("2026-03-29T01:30:00.000Z".to_owned())));
}

#[test]
fn each_question_of_the_class_is_open_until_it_is_answered() {
    // S54 S58 S59 S101
    let mut world = World::new();
    let named = |id: &str, kind, classes| QuestionPolicy {
        id: id.to_owned(),
        classes,
        ..question(kind, true)
    };
    world.policy.questions = vec![
        named("rules", QuestionKind::YesNo, None),
        named("table", QuestionKind::Number, Some(vec![VIP])),
        QuestionPolicy {
            required: false,
            ..named("note", QuestionKind::Text, None)
        },
    ];
    let say = |question: &str, value: &str| Answer {
        question: question.to_owned(),
        value: value.to_owned(),
    };
    let (questions, zone) = (&world.policy.questions, &world.policy.timezone);
    let open = |class, given: &[Answer]| {
        let checked = check(questions, zone, class, given, Demand::AsAsked);
        let open = checked.open.iter();
        open.map(|open| (open.question.id.clone(), open.wrong))
            .collect::<Vec<_>>()
    };
    let missing = |id: &str| (id.to_owned(), Wrong::Missing);
    assert_eq!(open(STANDARD, &[]), [missing("rules"), missing("note")]);
    assert_eq!(
        open(VIP, &[say("rules", "yes"), say("table", "twelve")]),
        [("table".to_owned(), Wrong::NotANumber), missing("note")]
    );
    let given = [say("gone", "x"), say("note", ""), say("rules", "True")];
    let checked = check(questions, zone, STANDARD, &given, Demand::AsAsked);
    assert_eq!(checked.open, []);
    assert_eq!(checked.answers, [say("rules", "yes"), say("note", "")]);
    // Waived: nothing is open, and what was said is still checked.
    let waived = check(questions, zone, VIP, &[say("table", "x")], Demand::Optional);
    assert_eq!(waived.answers, []);
    assert_eq!(waived.open.len(), 1);
}
