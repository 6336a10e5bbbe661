//! What the gate's screen does: keys, codes and answers in, effects out. Pure: it holds no
//! terminal, no clock and no device, so that every moment of it can be tested.
//!
//! Invariants: an answer is shown as the core gave it and never before; codes are answered in the
//! order in which they came and none is dropped in silence; the same ticket read twice in a moment
//! is one reading; everything that is remembered is bounded.

use std::collections::VecDeque;

use scanner_core::{Direction, Hit, Reason, Subject, Verdict};

use super::acts::{
    Answer, Ask, Effect, Event, Face, Finding, Mode, Past, Questioning, Shown, Touch,
};
use super::news::News;
use super::supervise::Act;
use super::wedge::{Key, Typed, Wedge};

/// Codes that wait for their answer. More than any queue of guests between two looks at the screen.
pub(crate) const ASKED_MAX: usize = 512;
/// Within this time of an admission the same text is the same guest, still holding it there.
const READ_AGAIN_MICROS: u64 = 2_500_000;
/// Within this time a second reading of an admitted ticket is rather the same guest again.
const READ_TWICE_MICROS: u64 = 10_000_000;
/// A question that nobody goes on with.
const PROMPT_STAYS_MICROS: u64 = 60_000_000;
const TROUBLE_STAYS_MICROS: u64 = 60_000_000;
pub(crate) const TROUBLES_MAX: usize = 3;
pub(crate) const HISTORY_MAX: usize = 8;
const BELL_EVERY_MICROS: u64 = 180_000;

/// The latest that passed.
#[derive(Debug)]
struct Passed {
    text: String,
    serial: Option<u32>,
    at: u64,
}

/// What an answer is about.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) ask: Ask,
    /// A ticket without a code in hand.
    pub(super) subject: Option<Subject>,
    pub(super) note: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Screen {
    direction: Direction,
    wedge: Wedge,
    mode: Mode,
    mode_since: u64,
    shown: Option<Shown>,
    asked: VecDeque<Ask>,
    passed: Option<Passed>,
    history: VecDeque<Past>,
    troubles: VecDeque<(String, u64)>,
    news: Option<Box<News>>,
    refused: u64,
    muted: bool,
    bells: u8,
    bell_at: u64,
}

impl Screen {
    pub(crate) fn new(direction: Direction) -> Self {
        Self {
            direction,
            wedge: Wedge::default(),
            mode: Mode::Gate,
            mode_since: 0,
            shown: None,
            asked: VecDeque::new(),
            passed: None,
            history: VecDeque::new(),
            troubles: VecDeque::new(),
            news: None,
            refused: 0,
            muted: false,
            bells: 0,
            bell_at: 0,
        }
    }

    pub(crate) fn on(&mut self, event: Event, at: u64) -> Vec<Effect> {
        let mut effects = self.tick(at);
        match event {
            Event::Stroke(stroke) => {
                self.mode_since = at;
                for typed in self.wedge.stroke(stroke, at) {
                    self.typed(typed, at, &mut effects);
                }
            }
            Event::Seen(text) => self.code(text, at, &mut effects),
            Event::Touched(touch) => self.touched(touch, at, &mut effects),
            Event::Answered(answer) => self.answered(*answer, at, &mut effects),
            Event::Found(found) => self.found(found, &mut effects),
            Event::Considered(serial, about) => {
                if let Mode::Search(finding) = &mut self.mode {
                    finding.considered = Some((serial, about));
                }
            }
            Event::Decided(outcome) => self.decided(outcome, at, &mut effects),
            Event::News(news) => self.news = Some(news),
            Event::Trouble(what) => self.trouble(what, at),
            Event::Resized => {}
            Event::Stop => effects.push(Effect::Quit),
        }
        effects
    }

    /// When `tick` has something to do.
    pub(crate) fn due(&self) -> Option<u64> {
        let shown = self.shown.as_ref().map(|of| of.at + of.face.stays_micros());
        let mode = (self.mode != Mode::Gate).then(|| self.mode_since + PROMPT_STAYS_MICROS);
        let trouble = self
            .troubles
            .front()
            .map(|(_, at)| at + TROUBLE_STAYS_MICROS);
        let bell = (self.bells > 0).then_some(self.bell_at);
        [self.wedge.due(), shown, mode, trouble, bell]
            .into_iter()
            .flatten()
            .min()
    }

    pub(crate) fn tick(&mut self, at: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        for typed in self.wedge.tick(at) {
            self.typed(typed, at, &mut effects);
        }
        let over = |since: u64, stays: u64| at.saturating_sub(since) >= stays;
        if self
            .shown
            .as_ref()
            .is_some_and(|of| over(of.at, of.face.stays_micros()))
        {
            self.shown = None;
        }
        if self.mode != Mode::Gate && over(self.mode_since, PROMPT_STAYS_MICROS) {
            self.enter(Mode::Gate, at);
        }
        while self
            .troubles
            .front()
            .is_some_and(|(_, since)| over(*since, TROUBLE_STAYS_MICROS))
        {
            self.troubles.pop_front();
        }
        if self.bells > 0 && at >= self.bell_at {
            self.bells -= 1;
            self.bell_at = at + BELL_EVERY_MICROS;
            if !self.muted {
                effects.push(Effect::Bell);
            }
        }
        effects
    }

    fn typed(&mut self, typed: Typed, at: u64, effects: &mut Vec<Effect>) {
        match typed {
            Typed::Code(text) => self.code(text, at, effects),
            // No code is that long: the core says so, as it does about every other text.
            Typed::TooLong => self.code(String::new(), at, effects),
            Typed::Secret(pin) => self.pin_typed(pin, effects),
            Typed::NotByHand => {
                self.ask_pin_again(
                    "That came from a reader: a PIN is typed by hand. Nothing was tried.",
                );
            }
            Typed::Line(text) => match &mut self.mode {
                Mode::Search(finding) => {
                    if !text.trim().is_empty() {
                        *finding = Finding {
                            asked: Some(text.clone()),
                            ..Finding::default()
                        };
                        effects.push(Effect::Search(text));
                    }
                }
                Mode::Question(questioning) => {
                    if let Some(ask) = questioning.answer(&text) {
                        self.enter(Mode::Gate, at);
                        self.ask(ask, at, effects);
                    }
                }
                Mode::Gate | Mode::Help | Mode::Devices | Mode::Done(_) => {
                    self.code(text, at, effects);
                }
                // There a line is a secret.
                Mode::Quit | Mode::Supervise(_) => self.enter(Mode::Gate, at),
            },
            Typed::Lone(c) => self.lone(c, at, effects),
            Typed::Command(key) => self.command(key, at, effects),
        }
    }

    fn lone(&mut self, c: char, at: u64, effects: &mut Vec<Effect>) {
        match (&self.mode, c) {
            (Mode::Quit, 'y' | 'Y') => effects.push(Effect::Quit),
            (Mode::Quit, _) => self.enter(Mode::Gate, at),
            (Mode::Gate | Mode::Help | Mode::Devices | Mode::Done(_), '/') => {
                self.enter(Mode::Search(Finding::default()), at);
            }
            (Mode::Gate, '?') => self.enter(Mode::Help, at),
            (
                Mode::Gate
                | Mode::Help
                | Mode::Devices
                | Mode::Done(_)
                | Mode::Search(_)
                | Mode::Question(_)
                | Mode::Supervise(_),
                _,
            ) => {}
        }
    }

    fn command(&mut self, key: Key, at: u64, effects: &mut Vec<Effect>) {
        match key {
            Key::Escape => {
                self.wedge.clear();
                if self.mode == Mode::Gate {
                    self.shown = None;
                }
                self.enter(Mode::Gate, at);
            }
            Key::Function(1) => self.enter(Mode::Help, at),
            Key::Function(2) => self.enter(Mode::Search(Finding::default()), at),
            Key::Function(3) => {
                self.muted = !self.muted;
                self.bells = 0;
            }
            Key::Function(4) => self.enter(Mode::Devices, at),
            Key::Function(5) => self.confirm(at, effects),
            Key::Function(6) => self.supervise(Act::LetIn, at),
            Key::Function(7) => self.supervise(Act::TakeBack, at),
            Key::Function(9) => self.supervise(Act::Unlock, at),
            Key::Function(8) => effects.push(Effect::SyncNow),
            Key::Function(10) | Key::Quit => self.enter(Mode::Quit, at),
            Key::Function(_) => {}
            Key::Up | Key::Down => {
                if let Mode::Search(finding) = &mut self.mode {
                    let last = finding.hits.len().saturating_sub(1);
                    finding.at = match key {
                        Key::Up => finding.at.saturating_sub(1),
                        _ => (finding.at + 1).min(last),
                    };
                    effects.extend(finding.chosen().map(|hit| Effect::Consider(hit.serial)));
                }
            }
        }
    }

    /// The human step that an attention verdict asks for has been done.
    fn confirm(&mut self, at: u64, effects: &mut Vec<Effect>) {
        let waits = self.asked.is_empty() && self.mode == Mode::Gate;
        let Some(shown) = self
            .shown
            .as_ref()
            .filter(|of| waits && of.face == Face::Attention)
        else {
            return;
        };
        let ask = shown.ask.clone();
        if shown.answer.questions.is_empty() {
            let confirmed = true;
            self.ask(Ask { confirmed, ..ask }, at, effects);
        } else {
            let open = shown.answer.questions.iter().cloned().collect();
            self.enter(Mode::Question(Questioning { ask, open }), at);
        }
    }

    /// A reading, from a barcode reader, a hand or the camera: whatever the focus was on.
    fn code(&mut self, text: String, at: u64, effects: &mut Vec<Effect>) {
        let ask = Ask {
            text,
            ..Ask::default()
        };
        self.shown_to_reader(ask, at, effects);
    }

    fn touched(&mut self, touch: Touch, at: u64, effects: &mut Vec<Effect>) {
        let number = touch.as_ref().map(|chip| chip.uid.to_hex());
        let ask = Ask {
            text: number.unwrap_or_default(),
            touch: Some(touch),
            ..Ask::default()
        };
        self.shown_to_reader(ask, at, effects);
    }

    fn shown_to_reader(&mut self, ask: Ask, at: u64, effects: &mut Vec<Effect>) {
        let text = ask.text.clone();
        if self.reads_again_while_supervised(&text, at) {
            return;
        }
        self.enter(Mode::Gate, at);
        let waits = self.asked.iter().any(|asked| asked.text == text);
        let passed = self
            .passed
            .as_ref()
            .is_some_and(|of| of.text == text && at.saturating_sub(of.at) < READ_AGAIN_MICROS);
        if !text.is_empty() && (waits || passed) {
            if let Some(shown) = self.shown.as_mut().filter(|of| of.ask.text == text) {
                shown.note = Some("Read again: one ticket, counted once.".to_owned());
            }
            return;
        }
        self.ask(ask, at, effects);
    }

    fn ask(&mut self, ask: Ask, at: u64, effects: &mut Vec<Effect>) {
        if self.asked.len() >= ASKED_MAX {
            self.trouble(
                "Too many codes at once: scan the last ones again.".to_owned(),
                at,
            );
            if self.bells == 0 {
                self.ring(Face::Refuse.bells(), at);
            }
            return;
        }
        // What is on the screen is not about this guest.
        if self.asked.is_empty() {
            self.shown = None;
        }
        self.asked.push_back(ask.clone());
        effects.push(Effect::Scan(ask));
    }

    fn answered(&mut self, answer: Answer, at: u64, effects: &mut Vec<Effect>) {
        let ask = self.asked.pop_front().unwrap_or_default();
        let verdict = &answer.verdict;
        let again = self.since_passed(verdict, at);
        if again.is_some_and(|since| since < READ_AGAIN_MICROS) {
            // A turning code that turned in front of the reader.
            return;
        }
        let note = again
            .filter(|since| *since < READ_TWICE_MICROS)
            .map(|_| "Admitted here a moment ago. Was it read twice?".to_owned());
        // A supervisor names the ticket: what a chip holds is no code.
        let of_chip = ask.touch.as_ref().and(verdict.serial);
        let subject = of_chip.map(Subject::Serial);
        self.show(answer, About { ask, subject, note }, at, effects);
    }

    /// Fills the screen with an answer, rings, and opens what is to be opened.
    pub(super) fn show(
        &mut self,
        answer: Answer,
        about: About,
        at: u64,
        effects: &mut Vec<Effect>,
    ) {
        let About { ask, subject, note } = about;
        let verdict = &answer.verdict;
        let face = Face::of(verdict, self.direction);
        if matches!(face, Face::Admit | Face::Out) && verdict.durable {
            self.passed = Some(Passed {
                text: ask.text.clone(),
                serial: verdict.serial,
                at,
            });
            effects.push(Effect::Passed(Box::new(verdict.clone())));
        }
        if face == Face::Refuse {
            self.refused += 1;
        }
        if self.history.len() == HISTORY_MAX {
            self.history.pop_back();
        }
        self.history.push_front(Past {
            face,
            verdict: verdict.clone(),
        });
        if let Some(error) = &answer.error {
            self.trouble(error.clone(), at);
        }
        self.shown = Some(Shown {
            face,
            answer,
            note,
            subject,
            ask,
            at,
        });
        self.ring(face.bells(), at);
        effects.extend(self.tick(at));
    }

    /// How long ago this very ticket passed here, when it is refused for that.
    fn since_passed(&self, verdict: &Verdict, at: u64) -> Option<u64> {
        let passed = self.passed.as_ref()?;
        let used = matches!(verdict.reason, Reason::AlreadyUsed | Reason::NotInside);
        let same = verdict.serial.is_some() && passed.serial == verdict.serial;
        (used && same).then(|| at.saturating_sub(passed.at))
    }

    fn found(&mut self, found: Result<Vec<Hit>, String>, effects: &mut Vec<Effect>) {
        // The answer to a question that was left is nobody's.
        if let Mode::Search(finding) = &mut self.mode {
            match found {
                Ok(hits) => finding.hits = hits,
                Err(why) => finding.failed = Some(why),
            }
            effects.extend(finding.chosen().map(|hit| Effect::Consider(hit.serial)));
        }
    }

    pub(super) fn enter(&mut self, mode: Mode, at: u64) {
        if self.mode != mode {
            // What was typed for the one is not for the other.
            let secret = matches!(mode, Mode::Supervise(_));
            self.wedge.ask_for(secret, at);
            self.mode = mode;
        }
        self.mode_since = at;
    }

    /// Newest last; the same trouble again is the same trouble.
    pub(super) fn trouble(&mut self, what: String, at: u64) {
        self.troubles.retain(|(known, _)| *known != what);
        if self.troubles.len() == TROUBLES_MAX {
            self.troubles.pop_front();
        }
        self.troubles.push_back((what, at));
    }

    fn ring(&mut self, times: u8, at: u64) {
        self.bells = times;
        self.bell_at = at;
    }

    pub(crate) fn direction(&self) -> Direction {
        self.direction
    }
    pub(crate) fn mode(&self) -> &Mode {
        &self.mode
    }
    pub(super) fn mode_mut(&mut self) -> &mut Mode {
        &mut self.mode
    }
    pub(crate) fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }
    pub(crate) fn wedge(&self) -> &Wedge {
        &self.wedge
    }
    pub(crate) fn waiting(&self) -> usize {
        self.asked.len()
    }
    pub(crate) fn history(&self) -> impl Iterator<Item = &Past> {
        self.history.iter()
    }
    pub(crate) fn troubles(&self) -> impl Iterator<Item = &str> {
        self.troubles.iter().map(|(what, _)| what.as_str())
    }
    pub(crate) fn news(&self) -> Option<&News> {
        self.news.as_deref()
    }
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }
    pub(crate) fn is_muted(&self) -> bool {
        self.muted
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
pub(crate) mod tests;
