//! The screen without a terminal: what it asks for, shows and forgets.

use scanner_core::{Outcome, QuestionKind, QuestionPolicy};
use shared::time::Timestamp;

use super::*;
use crate::run::wedge::Stroke;

const MS: u64 = 1000;
const SECOND: u64 = 1_000_000;

pub(crate) fn verdict(outcome: Outcome, reason: Reason, serial: u32) -> Verdict {
    Verdict {
        verdict: outcome,
        reason,
        also: Vec::new(),
        serial: Some(serial),
        generation: Some(1),
        class: Some("VIP".to_owned()),
        seat: Some("A-12".to_owned()),
        holder: Some("Nguyễn Thị Ánh".to_owned()),
        explanation: match outcome {
            Outcome::Admit => "Welcome.",
            Outcome::Refuse => "Used at 18:02 at Gate B.",
            Outcome::Attention => "Look at an ID: the name must be the same.",
        }
        .to_owned(),
        earlier: None,
        at: Timestamp::from_secs(1_790_000_000),
        durable: outcome == Outcome::Admit,
        us: 400,
    }
}

/// A screen and its time.
pub(crate) struct Played {
    pub(crate) screen: Screen,
    pub(crate) at: u64,
}

impl Played {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            screen: Screen::new(direction),
            at: SECOND,
        }
    }

    pub(crate) fn on(&mut self, event: Event) -> Vec<Effect> {
        self.screen.on(event, self.at)
    }

    /// Lets time go by, as the loop does: tick by tick.
    pub(crate) fn pass(&mut self, micros: u64) -> Vec<Effect> {
        let until = self.at + micros;
        let mut effects = Vec::new();
        while let Some(due) = self.screen.due().filter(|due| *due <= until) {
            self.at = self.at.max(due);
            effects.extend(self.screen.tick(self.at));
        }
        self.at = until;
        effects.extend(self.screen.tick(until));
        effects
    }

    /// At a machine's speed, with CR at the end.
    pub(crate) fn wedge(&mut self, text: &str) -> Vec<Effect> {
        self.pass(SECOND / 2);
        let mut effects = self.keys(text, MS);
        effects.extend(self.on(Event::Stroke(Stroke::End)));
        effects
    }

    /// By hand.
    pub(crate) fn keys(&mut self, text: &str, gap: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        for c in text.chars() {
            effects.extend(self.on(Event::Stroke(Stroke::Char(c))));
            effects.extend(self.pass(gap));
        }
        effects
    }

    pub(crate) fn press(&mut self, key: Key) -> Vec<Effect> {
        self.pass(SECOND);
        let mut effects = self.on(Event::Stroke(Stroke::Command(key)));
        effects.extend(self.pass(SECOND / 10));
        effects
    }

    pub(crate) fn answer(&mut self, verdict: Verdict) -> Vec<Effect> {
        self.on(Event::Answered(Box::new(Answer {
            verdict,
            error: None,
            notes: Vec::new(),
            questions: Vec::new(),
        })))
    }

    /// Scanned and admitted.
    pub(crate) fn admit(&mut self, serial: u32) -> Vec<Effect> {
        self.wedge(&ticket(serial));
        self.answer(verdict(Outcome::Admit, Reason::Ok, serial))
    }

    fn face(&self) -> Option<Face> {
        self.screen.shown().map(|of| of.face)
    }
}

pub(crate) fn ticket(serial: u32) -> String {
    format!("{serial:0202}")
}

fn scan(text: &str) -> Effect {
    Effect::Scan(Ask {
        text: text.to_owned(),
        ..Ask::default()
    })
}

fn bells(effects: &[Effect]) -> usize {
    effects
        .iter()
        .filter(|effect| **effect == Effect::Bell)
        .count()
}

#[test]
fn a_code_is_asked_about_and_its_answer_shown_until_its_time_is_over() {
    // V8
    let mut gate = Played::new(Direction::In);
    assert_eq!(gate.wedge(&ticket(7)), [scan(&ticket(7))]);
    assert_eq!((gate.screen.waiting(), gate.face()), (1, None));
    let effects = gate.answer(verdict(Outcome::Admit, Reason::Ok, 7));
    assert!(matches!(&effects[0], Effect::Passed(of) if of.serial == Some(7)));
    assert_eq!(gate.face(), Some(Face::Admit));
    gate.pass(5 * SECOND);
    assert_eq!(gate.face(), Some(Face::Admit));
    gate.pass(SECOND);
    assert_eq!(gate.face(), None, "ready again");
}

#[test]
fn keys_are_kept_while_an_answer_is_being_made() {
    let mut gate = Played::new(Direction::In);
    let mut asked = Vec::new();
    for serial in 1..=3 {
        asked.extend(gate.wedge(&ticket(serial)));
    }
    assert_eq!(asked, [1, 2, 3].map(|serial| scan(&ticket(serial))));
    assert_eq!(gate.screen.waiting(), 3);
    for serial in 1..=3 {
        gate.answer(verdict(Outcome::Admit, Reason::Ok, serial));
        let shown = gate.screen.shown().expect("an answer");
        assert_eq!(shown.answer.verdict.serial, Some(serial));
    }
    let past: Vec<_> = gate
        .screen
        .history()
        .map(|past| past.verdict.serial)
        .collect();
    assert_eq!(past, [Some(3), Some(2), Some(1)]);
}

#[test]
fn one_bell_for_yes_three_for_no_two_for_look() {
    // V8
    for (outcome, reason, times) in [
        (Outcome::Admit, Reason::Ok, 1),
        (Outcome::Refuse, Reason::AlreadyUsed, 3),
        (Outcome::Attention, Reason::NeedsId, 2),
    ] {
        let mut gate = Played::new(Direction::In);
        gate.wedge(&ticket(1));
        let mut effects = gate.answer(verdict(outcome, reason, 1));
        assert_eq!(bells(&effects), 1, "at once");
        effects.extend(gate.pass(2 * SECOND));
        assert_eq!(bells(&effects), times, "{outcome:?}");
        // Muted.
        gate.press(Key::Function(3));
        assert!(gate.screen.is_muted());
        gate.wedge(&ticket(2));
        let mut effects = gate.answer(verdict(outcome, reason, 2));
        effects.extend(gate.pass(2 * SECOND));
        assert_eq!(bells(&effects), 0);
    }
}

#[test]
fn a_ticket_read_twice_in_a_moment_is_one_reading() {
    let mut gate = Played::new(Direction::In);
    gate.wedge(&ticket(7));
    assert_eq!(gate.wedge(&ticket(7)), [], "while it is being decided");
    gate.answer(verdict(Outcome::Admit, Reason::Ok, 7));
    gate.pass(SECOND);
    let effects = gate.wedge(&ticket(7));
    assert_eq!(effects, [], "no scan, no bell");
    let shown = gate.screen.shown().expect("the answer stays");
    assert_eq!(
        shown.note.as_deref(),
        Some("Read again: one ticket, counted once.")
    );
    // Not for longer: a copy of it is asked about.
    gate.pass(2 * SECOND);
    assert_eq!(gate.wedge(&ticket(7)), [scan(&ticket(7))]);
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 7));
    let shown = gate.screen.shown().expect("an answer");
    assert_eq!(shown.face, Face::Refuse);
    assert_eq!(
        shown.note.as_deref(),
        Some("Admitted here a moment ago. Was it read twice?")
    );
    gate.pass(10 * SECOND);
    gate.wedge(&ticket(7));
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 7));
    assert_eq!(gate.screen.shown().expect("an answer").note, None);
}

#[test]
fn a_code_that_turns_in_front_of_the_reader_is_the_same_guest() {
    // T7
    let mut gate = Played::new(Direction::In);
    gate.admit(7);
    gate.wedge(&ticket(70));
    let effects = gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 7));
    assert_eq!(effects, []);
    assert_eq!(gate.screen.refused(), 0);
}

#[test]
fn a_misread_may_be_shown_again_at_once() {
    let mut gate = Played::new(Direction::In);
    gate.wedge(&ticket(7));
    gate.answer(verdict(Outcome::Refuse, Reason::BadSignature, 7));
    assert_eq!(gate.wedge(&ticket(7)), [scan(&ticket(7))]);
}

#[test]
fn a_check_is_confirmed_by_a_key_alone_and_never_by_a_code() {
    // V11
    let mut gate = Played::new(Direction::In);
    gate.wedge(&ticket(7));
    gate.answer(verdict(Outcome::Attention, Reason::NeedsId, 7));
    // A reader that ends with CR LF sends a second end.
    assert_eq!(gate.on(Event::Stroke(Stroke::End)), []);
    // A barcode that spells F5, with the reader's end behind it.
    gate.pass(SECOND);
    gate.on(Event::Stroke(Stroke::Command(Key::Function(5))));
    gate.on(Event::Stroke(Stroke::End));
    assert_eq!(bells(&gate.pass(SECOND)), 0);
    assert_eq!(gate.screen.waiting(), 0);
    let effects = gate.press(Key::Function(5));
    assert_eq!(
        effects,
        [Effect::Scan(Ask {
            text: ticket(7),
            confirmed: true,
            ..Ask::default()
        })]
    );
    gate.answer(verdict(Outcome::Admit, Reason::Ok, 7));
    assert_eq!(gate.face(), Some(Face::Admit));
    assert_eq!(
        gate.press(Key::Function(5)),
        [],
        "there is nothing to confirm"
    );
}

#[test]
fn a_band_at_the_reader_is_decided_as_a_chip_and_read_again_counts_once() {
    // T7 S78 S81
    let uid =
        shared::ticket::ChipUid::new(&[4, 0xA2, 0x24, 0x5A, 0x71, 0x6C, 0x80]).expect("a number");
    let band = || scanner_core::chip::Chip {
        uid,
        ticket: Some(vec![7; 83]),
    };
    let mut gate = Played::new(Direction::In);
    let ask = Ask {
        text: "04A2245A716C80".to_owned(),
        touch: Some(Ok(band())),
        ..Ask::default()
    };
    assert_eq!(
        gate.on(Event::Touched(Ok(band()))),
        [Effect::Scan(ask.clone())]
    );
    gate.answer(verdict(Outcome::Admit, Reason::Ok, 7));
    assert_eq!(gate.face(), Some(Face::Admit));
    // Lifted and put down again at once.
    assert_eq!(gate.on(Event::Touched(Ok(band()))), []);
    assert_eq!(gate.screen.waiting(), 0);
    gate.pass(60 * SECOND);
    assert_eq!(gate.on(Event::Touched(Ok(band()))), [Effect::Scan(ask)]);
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 7));
    let shown = gate.screen.shown().expect("an answer");
    assert_eq!(
        shown.subject,
        Some(Subject::Serial(7)),
        "what a supervisor would let in: a band's number is no code"
    );

    let why = "Taken away too soon: hold it until the answer".to_owned();
    let ask = Ask {
        touch: Some(Err(why.clone())),
        ..Ask::default()
    };
    assert_eq!(gate.on(Event::Touched(Err(why))), [Effect::Scan(ask)]);
}

fn asking(id: &str, kind: QuestionKind) -> QuestionPolicy {
    QuestionPolicy {
        id: id.to_owned(),
        text: format!("{id}?"),
        classes: None,
        kind,
        required: true,
        options: match kind {
            QuestionKind::Choice => ["veg", "fish"]
                .map(|id| (id.to_owned(), id.to_uppercase()))
                .to_vec(),
            _ => Vec::new(),
        },
    }
}

#[test]
fn questions_are_asked_one_after_the_other_and_their_answers_go_with_the_ticket() {
    // S58
    let mut gate = Played::new(Direction::In);
    gate.wedge(&ticket(7));
    gate.on(Event::Answered(Box::new(Answer {
        verdict: verdict(Outcome::Attention, Reason::NeedsAnswer, 7),
        error: None,
        notes: Vec::new(),
        questions: vec![
            asking("meal", QuestionKind::Choice),
            asking("rules", QuestionKind::YesNo),
        ],
    })));
    assert_eq!(gate.press(Key::Function(5)), []);
    gate.keys("2", 100 * MS);
    assert_eq!(gate.on(Event::Stroke(Stroke::End)), []);
    gate.keys("y", 100 * MS);
    let said = |question: &str, value: &str| scanner_core::Answer {
        question: question.to_owned(),
        value: value.to_owned(),
    };
    assert_eq!(
        gate.on(Event::Stroke(Stroke::End)),
        [Effect::Scan(Ask {
            text: ticket(7),
            touch: None,
            confirmed: false,
            answers: vec![said("meal", "fish"), said("rules", "yes")],
        })]
    );
    assert_eq!(*gate.screen.mode(), Mode::Gate);
}

#[test]
fn the_next_guests_wristband_is_no_answer_of_the_one_before() {
    // S58 S81
    let mut gate = Played::new(Direction::In);
    gate.wedge(&ticket(7));
    gate.on(Event::Answered(Box::new(Answer {
        verdict: verdict(Outcome::Attention, Reason::NeedsAnswer, 7),
        error: None,
        notes: Vec::new(),
        questions: vec![asking("plate", QuestionKind::Text)],
    })));
    gate.press(Key::Function(5));
    assert!(matches!(gate.screen.mode(), Mode::Question(_)));
    assert_eq!(gate.wedge("04A22B9A5C6180"), [scan("04A22B9A5C6180")]);
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    // Nor a name that is looked for.
    let mut gate = Played::new(Direction::In);
    gate.press(Key::Function(2));
    assert_eq!(gate.wedge("04A22B9A"), [scan("04A22B9A")]);
}

#[test]
fn the_end_needs_a_yes_from_a_hand() {
    let mut gate = Played::new(Direction::In);
    assert_eq!(gate.press(Key::Quit), []);
    assert_eq!(*gate.screen.mode(), Mode::Quit);
    // A barcode that says y.
    gate.pass(SECOND);
    gate.on(Event::Stroke(Stroke::Char('y')));
    assert_eq!(gate.on(Event::Stroke(Stroke::End)), []);
    assert_eq!(gate.pass(SECOND), []);
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    gate.press(Key::Quit);
    gate.keys("n", SECOND);
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    gate.press(Key::Quit);
    assert_eq!(gate.keys("y", SECOND), [Effect::Quit]);
}

#[test]
fn a_guest_is_found_by_name_and_a_ticket_is_read_all_the_same() {
    // V12
    let mut gate = Played::new(Direction::In);
    gate.pass(SECOND);
    gate.keys("/", SECOND);
    assert!(matches!(gate.screen.mode(), Mode::Search(_)));
    gate.keys("nguyen", 200 * MS);
    assert_eq!(
        gate.on(Event::Stroke(Stroke::End)),
        [Effect::Search("nguyen".to_owned())]
    );
    gate.on(Event::Found(Ok(Vec::new())));
    let Mode::Search(finding) = gate.screen.mode() else {
        panic!("{:?}", gate.screen.mode());
    };
    assert_eq!(finding.asked.as_deref(), Some("nguyen"));
    // The focus is on the question; the ticket is a ticket.
    gate.keys("ng", 200 * MS);
    assert_eq!(gate.wedge(&ticket(3)), [scan(&ticket(3))]);
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    assert_eq!(gate.screen.wedge().text(), "");
}

#[test]
fn a_typed_code_is_a_scan_like_any_other() {
    // T6
    let mut gate = Played::new(Direction::In);
    assert_eq!(gate.keys("1234 5678 9012 34", 150 * MS), []);
    assert_eq!(
        gate.on(Event::Stroke(Stroke::End)),
        [scan("1234 5678 9012 34")]
    );
}

#[test]
fn too_many_codes_are_told_and_not_dropped_in_silence() {
    let mut gate = Played::new(Direction::In);
    let mut asked = 0;
    for serial in 0..600 {
        asked += gate.on(Event::Seen(ticket(serial))).len();
    }
    assert_eq!(asked, ASKED_MAX + 1, "and one bell");
    assert_eq!(gate.screen.waiting(), ASKED_MAX);
    let told: Vec<_> = gate.screen.troubles().collect();
    assert_eq!(told, ["Too many codes at once: scan the last ones again."]);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut gate = Played::new(Direction::In);
    for serial in 0..5000 {
        gate.on(Event::Seen(ticket(serial)));
        gate.answer(verdict(Outcome::Admit, Reason::Ok, serial));
        gate.on(Event::Trouble(format!("trouble {serial}")));
    }
    assert_eq!(gate.screen.history().count(), HISTORY_MAX);
    assert_eq!(gate.screen.troubles().count(), TROUBLES_MAX);
    assert_eq!(gate.screen.waiting(), 0);
    gate.pass(61 * SECOND);
    assert_eq!(gate.screen.troubles().count(), 0, "and not told for ever");
}

#[test]
fn a_question_that_nobody_goes_on_with_is_closed() {
    let mut gate = Played::new(Direction::In);
    for key in [Key::Function(1), Key::Function(2), Key::Quit] {
        gate.press(key);
        assert_ne!(*gate.screen.mode(), Mode::Gate);
        gate.pass(61 * SECOND);
        assert_eq!(*gate.screen.mode(), Mode::Gate);
    }
}

#[test]
fn the_system_ends_the_gate_without_a_question() {
    let mut gate = Played::new(Direction::In);
    assert_eq!(gate.on(Event::Stop), [Effect::Quit]);
}
