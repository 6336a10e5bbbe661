//! Answers: given ahead over REST, and given at a device. The same are taken, in the same form, and the
//! same are refused.

use scanner_core::{Answer, Direction, ScanOptions};
use serde_json::{Value, json};
use tests::journey::text;

use super::show::{Show, World};

/// Kind, whether it is required, what is said, and what is kept of it; `None`: refused.
type Case = (&'static str, bool, &'static str, Option<&'static str>);

/// S91 S92 S93 S101 S127.
const CASES: &[Case] = &[
    ("YES_NO", true, "True", Some("yes")),
    ("YES_NO", true, "no", None),
    ("YES_NO", false, "0", Some("no")),
    ("TEXT", true, " Two of us ", Some("Two of us")),
    ("TEXT", true, "  ", None),
    ("NUMBER", true, "+03.50", Some("3.5")),
    ("NUMBER", true, "abc", None),
    ("NUMBER", true, "1e9", None),
    ("CHOICE", true, "m", Some("m")),
    ("CHOICE", true, "Medium", Some("m")),
    ("CHOICE", true, "xl", None),
    ("CHOICES", true, "Large, s", Some("s,l")),
    ("CHOICES", true, "s,xl", None),
    ("DATE", true, "2012-02-29", Some("2012-02-29")),
    ("DATE", true, "2013-02-29", None),
    ("TIME", true, "07:05:00", Some("07:05")),
    ("TIME", true, "25:30", None),
    (
        "DATE_TIME",
        true,
        "2026-05-02T17:30",
        Some("2026-05-02T10:30:00.000Z"),
    ),
    ("DATE_TIME", true, "2026-05-02T25:30", None),
    ("EMAIL", true, "mai@example.org", Some("mai@example.org")),
    ("EMAIL", true, "foobar", None),
];

pub(super) fn tell(world: &World) {
    let mut show = Show::evening(world);
    show.is("0 18:00");
    let mut tickets = Vec::new();
    for _ in 0..3 {
        tickets.extend(show.bought(0, 10));
    }
    for case in CASES {
        ask(&show, case);
        let ahead = tickets.pop().expect("enough");
        let there = tickets.pop().expect("enough");
        let spare = judge(&mut show, case, &ahead, &there);
        if spare {
            // Nothing was taken of them.
            tickets.extend([ahead, there]);
        }
    }
}

fn ask(show: &Show, (kind, required, ..): &Case) {
    let mut question = json!({ "id": "it", "text": "Well?", "kind": kind, "required": required });
    if kind.starts_with("CHOICE") {
        let sizes = [("s", "Small"), ("m", "Medium"), ("l", "Large")];
        question["options"] = sizes
            .map(|(id, text)| json!({ "id": id, "text": text }))
            .into();
    }
    show.set(&json!({ "questions": [question] }));
}

/// S58 S59 S128: one ticket is answered for ahead, the other at the gate. Gives whether both still wait
/// for an answer.
fn judge(show: &mut Show, case: &Case, ahead: &Value, there: &Value) -> bool {
    let (.., said, kept) = case;
    let answer = json!({ "answers": [{ "question": "it", "value": said }] });
    let path = format!("/claimed-tickets/{}/answers", text(ahead, "id"));
    let set = show.world.buyer.put(&path, &answer);
    let at_gate = Answer {
        question: "it".to_owned(),
        value: (*said).to_owned(),
    };
    show.ticket = there.clone();
    show.sync();
    let scanned = show.scan(ScanOptions::default(), &[at_gate]).verdict;
    let Some(kept) = kept else {
        assert_eq!((set.status, set.code()), (400, "validation"), "{case:?}");
        assert!(
            set.json["details"]["it"].is_string(),
            "{case:?}: {}",
            set.text
        );
        assert_eq!(scanned.reason.word(), "needs_answer", "{case:?}");
        for ticket in [ahead, there] {
            show.ticket = ticket.clone();
            let asked = show.both(0, Direction::In, &format!("{case:?}"));
            assert_eq!(asked.verdict.reason.word(), "needs_answer", "{case:?}");
            assert_eq!(asked.questions[0].id, "it", "{case:?}");
        }
        return true;
    };
    assert_eq!(set.status, 200, "{case:?}: {}", set.text);
    assert_eq!(scanned.reason.word(), "ok", "{case:?}: {scanned:?}");
    show.sync();
    for ticket in [ahead, there] {
        let path = format!("/claimed-tickets/{}/answers", text(ticket, "id"));
        let view = show.event.api.get(&path).ok();
        assert_eq!(view["answers"][0]["value"], *kept, "{case:?}: {view}");
    }
    for (ticket, reason) in [(ahead, "ok"), (there, "already_used")] {
        show.ticket = ticket.clone();
        let verdict = show.both(0, Direction::In, &format!("{case:?}")).verdict;
        assert_eq!(verdict.reason.word(), reason, "{case:?}");
    }
    false
}
