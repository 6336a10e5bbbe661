//! Every sentence in every language, read by a human when it changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use shared::admission::explain::{Details, RuleAnswer, Setting, explain, languages, speaks};
use shared::admission::rules::Obstacle;
use shared::admission::{EarlierUse, Reason, Untimely, Verdict};

use shared::time::Timestamp;

use crate::fixture::{Door, World, at};

const REASONS: [Reason; 25] = [
    Reason::Ok,
    Reason::NotATicket,
    Reason::Misread,
    Reason::UnknownEvent,
    Reason::UnknownKey,
    Reason::BadSignature,
    Reason::Revoked,
    Reason::Reissued,
    Reason::Blocked,
    Reason::Cancelled,
    Reason::Unpaid,
    Reason::Expired,
    Reason::TooEarly,
    Reason::TooLate,
    Reason::WrongGate,
    Reason::WrongClass,
    Reason::Rule,
    Reason::AlreadyUsed,
    Reason::NotInside,
    Reason::NeedsId,
    Reason::NeedsAnswer,
    Reason::NeedsPayment,
    Reason::SnapshotTooOld,
    Reason::DeviceEvicted,
    Reason::RateLimited,
];

fn setting(language: &str) -> Setting<'_> {
    Setting {
        language,
        timezone: "Asia/Ho_Chi_Minh",
        now: at("2026-05-02T11:30:00Z"),
    }
}

const USED_UP_OR_EARLY: [Obstacle; 2] = [
    Obstacle::Entries,
    Obstacle::From(Timestamp::from_secs(1_777_730_400)),
];
const LATE_OR_WRONG_DAY: [Obstacle; 2] = [
    Obstacle::Until(Timestamp::from_secs(1_777_644_000)),
    Obstacle::Weekday,
];

/// Name of a variant, and what the sentence may mention in it.
fn variants(earlier: &EarlierUse) -> Vec<(&'static str, Details<'_>)> {
    let full = Details {
        leaving: false,
        opens: Some(at("2026-05-02T10:00:00Z")),
        closes: Some(at("2026-05-03T01:00:00Z")),
        earlier: None,
        suspect: None,
        rule: Some(("Members before six", RuleAnswer::Refused)),
        obstacles: &[],
        gates: vec!["Gate A", "Gate B"],
        add_ons: Vec::new(),
        known_class: true,
        questions: vec!["Have you read the house rules?"],
        adult: false,
        untimely: None,
    };
    let code = |untimely| Details {
        untimely: Some((untimely, at("2026-05-02T11:02:10Z"))),
        ..full.clone()
    };
    vec![
        ("nothing known", Details::default()),
        ("all known", full.clone()),
        (
            "used before",
            Details {
                earlier: Some(earlier),
                adult: true,
                rule: Some(("Members before six", RuleAnswer::Broken)),
                ..full.clone()
            },
        ),
        (
            "used perhaps",
            Details {
                suspect: Some(earlier),
                ..full.clone()
            },
        ),
        ("screenshot", code(Untimely::Past)),
        ("clock ahead", code(Untimely::Ahead)),
        ("code again", code(Untimely::Repeated)),
        (
            "way past 1",
            Details {
                obstacles: &USED_UP_OR_EARLY,
                ..full.clone()
            },
        ),
        (
            "way past 2",
            Details {
                obstacles: &LATE_OR_WRONG_DAY,
                ..full.clone()
            },
        ),
        (
            "way past 3",
            Details {
                obstacles: &[Obstacle::Gate, Obstacle::Class],
                ..full.clone()
            },
        ),
        (
            "leaving",
            Details {
                leaving: true,
                ..full.clone()
            },
        ),
    ]
}

fn word(reason: Reason) -> String {
    let json = serde_json::to_value(reason).expect("json");
    json.as_str().expect("a word").to_owned()
}

fn used() -> EarlierUse {
    EarlierUse {
        at: at("2026-05-01T11:02:00Z"),
        gate: "Gate B".to_owned(),
    }
}

#[test]
fn all_sentences() {
    let mut text = String::new();
    for language in languages() {
        for reason in REASONS {
            let mut seen = BTreeSet::new();
            for (variant, details) in variants(&used()) {
                let sentence = explain(reason, &setting(language), &details);
                // Only what a variant changes.
                if seen.insert(sentence.clone()) {
                    let word = word(reason);
                    writeln!(text, "{language} {word:<16} {variant:<13} {sentence}")
                        .expect("a string takes all");
                }
            }
        }
    }
    insta::assert_snapshot!("sentences", text);
}

#[test]
fn a_language_is_named_by_its_tag_with_or_without_a_region() {
    // V8
    for tag in ["en", "vi", "VI", "en-GB", "vi-VN-x-hanoi"] {
        assert!(speaks(tag), "{tag}");
    }
    let long = format!("vi{}", "-aaaaaaaa".repeat(4));
    for tag in [
        "",
        "v",
        "vie",
        "fr",
        "-vi",
        "vi-",
        "vi--VN",
        "vi_VN",
        "vi-V\u{1ec7}t",
        &long,
    ] {
        assert!(!speaks(tag), "{tag}");
    }
}

#[test]
fn no_sentence_speaks_of_our_machinery() {
    let jargon = [
        "signature",
        "token",
        "serial",
        "snapshot",
        "device",
        "generation",
        "log",
        "sync",
        "key",
        "verify",
        "invalid",
        "error",
        "{",
        "}",
    ];
    for language in languages() {
        for reason in REASONS {
            for (_, details) in variants(&used()) {
                let sentence = explain(reason, &setting(language), &details);
                let lower = sentence.to_lowercase();
                for word in jargon {
                    assert!(!lower.contains(word), "{word}: {sentence}");
                }
                // A question at the end is the organizer's.
                assert!(sentence.ends_with(['.', '?']), "{sentence}");
                assert!(sentence.chars().count() <= 160, "{sentence}");
            }
        }
    }
}

#[test]
fn times_are_on_the_events_clock_with_the_date_when_it_is_another_day() {
    let opens = |timezone, now, opens| {
        let setting = Setting {
            language: "en",
            timezone,
            now: at(now),
        };
        let details = Details {
            opens: Some(at(opens)),
            ..Details::default()
        };
        explain(Reason::TooEarly, &setting, &details)
    };
    let saigon = "Asia/Ho_Chi_Minh";
    let five = "2026-05-02T10:00:00Z";
    assert_eq!(
        opens(saigon, "2026-05-02T09:00:00Z", five),
        "Opens at 17:00."
    );
    // 23:59 the evening before and 00:00 of the day, there.
    assert_eq!(
        opens(saigon, "2026-05-01T16:59:00Z", five),
        "Opens at 17:00 on 2 May."
    );
    assert_eq!(
        opens(saigon, "2026-05-01T17:00:00Z", five),
        "Opens at 17:00."
    );
    assert_eq!(
        opens(saigon, "2025-05-02T09:00:00Z", five),
        "Opens at 17:00 on 2 May 2026."
    );
    // Summer time begins in Berlin on 29 March 2026 at 02:00.
    let berlin = "Europe/Berlin";
    let night = "2026-03-29T00:00:00Z";
    assert_eq!(
        opens(berlin, night, "2026-03-29T00:30:00Z"),
        "Opens at 01:30."
    );
    assert_eq!(
        opens(berlin, night, "2026-03-29T01:30:00Z"),
        "Opens at 03:30."
    );
    assert_eq!(
        opens("America/St_Johns", five, "2026-05-02T20:00:00Z"),
        "Opens at 17:30."
    );
    // A zone that nobody knows: UTC, and the sentence says so.
    assert_eq!(
        opens("Mars/Olympus", "2026-05-02T09:00:00Z", five),
        "Opens at 10:00 UTC."
    );
}

#[test]
fn languages_are_found_by_their_first_part_and_fall_back_to_english() {
    let misread = |language| explain(Reason::Misread, &setting(language), &Details::default());
    let english = misread("en");
    for language in ["en-GB", "EN", "de", "", "-", "vie", "x-vi", "日本語"] {
        assert_eq!(misread(language), english, "{language}");
    }
    assert_ne!(misread("vi"), english);
    for language in ["vi-VN", "VI", "vi_VN", "vi-Latn-VN"] {
        assert_eq!(misread(language), misread("vi"), "{language}");
    }
}

#[test]
fn names_cannot_bring_blanks_of_their_own() {
    let details = Details {
        rule: Some(("{rule}{time} {", RuleAnswer::Refused)),
        ..Details::default()
    };
    assert_eq!(
        explain(Reason::Rule, &setting("en"), &details),
        "Not allowed by the rule “{rule}{time} {”."
    );
}

#[test]
fn verdicts_speak_the_events_language() {
    // S137
    let mut door = Door::new(World::new());
    door.world.policy.language = "vi-VN".to_owned();
    let ticket = door.world.ticket();
    let early = door.enter(&ticket, "2026-05-02T09:00:00Z");
    assert_eq!(early.explanation, "Mở cửa lúc 17:00.");
    let admitted = door.enter(&ticket, "2026-05-02T11:00:00Z");
    assert_eq!(admitted.explanation, "Xin mời vào.");
    let again = door.enter(&ticket, "2026-05-02T11:05:00Z");
    assert_eq!(again.explanation, "Đã dùng lúc 18:00 tại Gate A.");
}

#[test]
fn the_json_words_are_the_contract() {
    let mut door = Door::new(World::new());
    let ticket = door.world.ticket();
    door.enter(&ticket, "2026-05-02T11:02:00Z");
    let verdict = door.enter(&ticket, "2026-05-02T11:05:00Z");
    let json = serde_json::to_value(&verdict).expect("json");
    assert_eq!(
        json,
        serde_json::json!({
            "verdict": "refuse",
            "reason": "already_used",
            "also": [],
            "serial": 48213,
            "generation": 1,
            "class": "Standard",
            "seat": "A-12",
            "holder": "An Nguyen",
            "explanation": "Used at 18:02 at Gate A.",
            "earlier": { "at": "2026-05-02T11:02:00.000Z", "gate": "Gate A" },
            "at": "2026-05-02T11:05:00.000Z",
            "durable": false,
            "us": 0,
        })
    );
    assert_eq!(
        serde_json::from_value::<Verdict>(json).expect("back"),
        verdict
    );
    let words: Vec<_> = REASONS.into_iter().map(word).collect();
    assert_eq!(
        words.join(" "),
        "ok not_a_ticket misread unknown_event unknown_key bad_signature revoked reissued blocked \
         cancelled unpaid expired too_early too_late wrong_gate wrong_class rule already_used \
         not_inside needs_id needs_answer needs_payment snapshot_too_old device_evicted \
         rate_limited"
    );
}
