//! The supervisor's page without a terminal: what is a PIN, what is a ticket, and what becomes of both.

use scanner_core::{Direction, Hit, Outcome, Overruled, Reading, Reason, Subject, Undone};
use shared::time::Timestamp;

use super::super::acts::{Answer, Ask, Effect, Event, Face, Mode};
use super::super::screen::tests::{Played, ticket, verdict};
use super::super::wedge::{Key, Stroke};
use super::*;

const MS: u64 = 1000;
const SECOND: u64 = 1_000_000;
const PIN: &str = "482913";

/// A gate that has refused a ticket as used.
fn refused() -> Played {
    let mut gate = Played::new(Direction::In);
    gate.wedge(&ticket(7));
    gate.answer(verdict(Outcome::Refuse, Reason::AlreadyUsed, 7));
    gate
}

/// By hand, with Enter.
fn type_pin(gate: &mut Played, pin: &str) -> Vec<Effect> {
    gate.keys(pin, 150 * MS);
    gate.on(Event::Stroke(Stroke::End))
}

fn request(act: Act, subject: Option<Subject>) -> Effect {
    Effect::Supervise(Request {
        act,
        subject,
        pin: Secret::new(Zeroizing::new(PIN.to_owned())),
    })
}

fn code(serial: u32) -> Subject {
    Subject::Code(Reading::from(ticket(serial)))
}

fn let_in(serial: u32) -> Event {
    let overruled = Overruled {
        verdict: verdict(Outcome::Admit, Reason::Ok, serial),
        supervisor: "Linh".to_owned(),
    };
    Event::Decided(Ok(Decided::LetIn(Box::new(overruled), code(serial))))
}

fn page(gate: &Played) -> &Supervising {
    match gate.screen.mode() {
        Mode::Supervise(page) => page,
        mode => panic!("{mode:?}"),
    }
}

fn troubles(gate: &Played) -> String {
    gate.screen.troubles().collect::<Vec<_>>().join("; ")
}

#[test]
fn a_refused_guest_is_let_in_on_a_supervisors_word() {
    // V11
    let mut gate = refused();
    assert_eq!(gate.press(Key::Function(6)), []);
    let guest = page(&gate).guest.as_ref().expect("a guest");
    assert_eq!(
        guest.against,
        ["Used at 18:02 at Gate B."],
        "why it was refused"
    );
    assert_eq!(
        type_pin(&mut gate, PIN),
        [request(Act::LetIn, Some(code(7)))]
    );
    assert!(page(&gate).is_sent);
    assert_eq!(type_pin(&mut gate, PIN), [], "one at a time");
    let effects = gate.on(let_in(7));
    assert!(matches!(&effects[0], Effect::Passed(of) if of.serial == Some(7)));
    let shown = gate.screen.shown().expect("an answer");
    assert_eq!(
        (shown.face, shown.note.as_deref()),
        (Face::Admit, Some("Decided by Linh."))
    );
    // The guest still holds it there.
    assert_eq!(gate.wedge(&ticket(7)), []);
}

#[test]
fn a_wrong_pin_is_told_and_asked_for_again() {
    // V11
    let mut gate = refused();
    gate.press(Key::Function(7));
    type_pin(&mut gate, "000000");
    gate.on(Event::Decided(Err("This PIN is nobody's.".to_owned())));
    assert_eq!(page(&gate).told.as_deref(), Some("This PIN is nobody's."));
    assert_eq!(
        type_pin(&mut gate, PIN),
        [request(Act::TakeBack, Some(code(7)))]
    );
    gate.on(Event::Decided(Ok(Decided::TakenBack(Box::new(Undone {
        serial: 7,
        undone: "admit",
        at: Timestamp::UNIX_EPOCH,
        gate: "Gate B".to_owned(),
        supervisor: "Linh".to_owned(),
        explanation: "The entry at Gate B was taken back.".to_owned(),
        durable: true,
    })))));
    let Mode::Done(done) = gate.screen.mode() else {
        panic!("{:?}", gate.screen.mode());
    };
    assert!(done.lines.contains(&"Decided by Linh.".to_owned()));
}

#[test]
fn what_a_reader_types_is_never_a_pin() {
    // V11: a wrong PIN is counted; a bottle's barcode must not lock supervisors out.
    let mut gate = refused();
    gate.press(Key::Function(6));
    for short in ["4006381333931", PIN] {
        gate.pass(SECOND);
        gate.keys(short, 5 * MS);
        assert_eq!(gate.on(Event::Stroke(Stroke::End)), []);
        let told = page(&gate).told.as_deref().expect("told");
        assert!(told.contains("came from a reader"), "{told}");
    }
    let pasted = Event::Stroke(Stroke::Paste(format!("{PIN}\r")));
    assert_eq!(gate.on(pasted), []);
    gate.pass(SECOND);
    assert_eq!(
        type_pin(&mut gate, PIN),
        [request(Act::LetIn, Some(code(7)))]
    );
}

#[test]
fn a_ticket_that_is_scanned_meanwhile_is_judged_and_the_page_gives_way() {
    // V11
    let mut gate = refused();
    gate.press(Key::Function(6));
    gate.keys("48", 150 * MS);
    // The next guest is quick: less than a pause after the last key.
    let mut effects = gate.keys(&ticket(8), MS);
    effects.extend(gate.on(Event::Stroke(Stroke::End)));
    let ask = Ask {
        text: ticket(8),
        ..Ask::default()
    };
    assert_eq!(effects, [Effect::Scan(ask)], "and no key of the PIN in it");
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    assert!(troubles(&gate).contains("nothing was done by it"));
    assert_eq!(gate.screen.wedge().text(), "");
}

#[test]
fn the_same_ticket_read_again_leaves_the_page_open() {
    let mut gate = refused();
    gate.press(Key::Function(6));
    gate.keys("48", 150 * MS);
    assert_eq!(gate.wedge(&ticket(7)), []);
    let told = page(&gate).told.as_deref().expect("told");
    assert!(told.contains("Type the PIN from its beginning"), "{told}");
    assert_eq!(gate.on(Event::Seen(ticket(7))), []);
    assert_eq!(
        type_pin(&mut gate, PIN),
        [request(Act::LetIn, Some(code(7)))]
    );
}

#[test]
fn an_answer_in_the_middle_of_a_reading_costs_no_key() {
    let mut gate = refused();
    gate.press(Key::Function(6));
    type_pin(&mut gate, PIN);
    gate.pass(SECOND);
    let next = ticket(8);
    gate.keys(&next[..100], MS);
    gate.on(let_in(7));
    let mut effects = gate.keys(&next[100..], MS);
    effects.extend(gate.on(Event::Stroke(Stroke::End)));
    let scanned = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Scan(ask) if ask.text == next));
    assert!(scanned, "{effects:?}");
}

#[test]
fn a_word_that_was_given_is_told_though_the_page_was_left() {
    // V11
    let mut gate = refused();
    gate.press(Key::Function(9));
    assert_eq!(type_pin(&mut gate, PIN), [request(Act::Unlock, None)]);
    gate.press(Key::Escape);
    gate.on(Event::Decided(Ok(Decided::Unlocked)));
    assert_eq!(troubles(&gate), "Codes may be typed again.");
    gate.on(Event::Decided(Err("This PIN is nobody's.".to_owned())));
    assert!(troubles(&gate).contains("This PIN is nobody's."));
}

#[test]
fn without_a_ticket_there_is_nobody_to_let_in() {
    let mut gate = Played::new(Direction::In);
    gate.press(Key::Function(6));
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    assert!(troubles(&gate).contains("there is no ticket on the screen"));
    // Nor while the next guest's code waits for its answer.
    let mut gate = refused();
    gate.wedge(&ticket(8));
    gate.press(Key::Function(6));
    assert_eq!(*gate.screen.mode(), Mode::Gate);
}

#[test]
fn a_page_that_is_left_forgets_what_was_typed() {
    // V11
    let mut gate = refused();
    gate.press(Key::Function(6));
    gate.keys(PIN, 150 * MS);
    assert_eq!(gate.screen.wedge().length(), PIN.len());
    gate.pass(61 * SECOND);
    assert_eq!(*gate.screen.mode(), Mode::Gate);
    assert_eq!(gate.screen.wedge().text(), "");
    let effect = request(Act::Unlock, None);
    assert!(!format!("{effect:?}").contains(PIN), "{effect:?}");
}

#[test]
fn a_guest_who_was_found_is_let_in_by_the_same_word() {
    // V11 V12
    let mut gate = Played::new(Direction::In);
    gate.press(Key::Function(2));
    gate.keys("nguyen", 200 * MS);
    gate.on(Event::Stroke(Stroke::End));
    let hit = |serial| Hit {
        serial,
        generation: 1,
        status: "active",
        class: None,
        seat: None,
        holder: Some("Nguyễn Thị Ánh".to_owned()),
        inside: false,
        earlier: None,
        explanation: None,
    };
    let effects = gate.on(Event::Found(Ok(vec![hit(3), hit(4)])));
    assert_eq!(effects, [Effect::Consider(3)]);
    assert_eq!(gate.press(Key::Down), [Effect::Consider(4)]);
    let answer = |serial| {
        Box::new(Answer {
            verdict: verdict(Outcome::Attention, Reason::NeedsId, serial),
            error: None,
            notes: vec!["Wheelchair".to_owned()],
            questions: Vec::new(),
        })
    };
    // What was said about another is not about this one.
    gate.on(Event::Considered(3, Ok(answer(3))));
    gate.press(Key::Function(6));
    assert!(matches!(gate.screen.mode(), Mode::Search(_)));
    gate.on(Event::Considered(4, Ok(answer(4))));
    gate.press(Key::Function(6));
    assert_eq!(
        type_pin(&mut gate, PIN),
        [request(Act::LetIn, Some(Subject::Serial(4)))]
    );
}
