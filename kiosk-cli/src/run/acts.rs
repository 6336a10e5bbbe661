//! What can happen to the screen, what it shows, and what it wants done. Values only.

use std::collections::VecDeque;

use scanner_core::chip::Chip;
use scanner_core::{Direction, Hit, Outcome, QuestionKind, QuestionPolicy, Subject, Verdict};

use super::news::News;
use super::supervise::{Decided, Request, Supervising};
use super::wedge::Stroke;

const ADMIT_STAYS_MICROS: u64 = 6_000_000;
const REFUSE_STAYS_MICROS: u64 = 15_000_000;
/// Somebody looks at an ID meanwhile.
const ATTENTION_STAYS_MICROS: u64 = 120_000_000;
/// Typed where a guest does not answer.
pub(super) const SKIP: &str = "-";

/// What happens to the screen.
#[derive(Debug)]
pub(crate) enum Event {
    Stroke(Stroke),
    /// A code that the camera saw, each once while it stays in sight.
    Seen(String),
    /// A chip at the reader, each once while it lies there; or why it cannot be read.
    Touched(Touch),
    Answered(Box<Answer>),
    Found(Result<Vec<Hit>, String>),
    /// What the gate would say about a ticket that was found.
    Considered(u32, Result<Box<Answer>, String>),
    /// What became of a supervisor's word.
    Decided(Result<Decided, String>),
    News(Box<News>),
    /// A command, the camera or a sync has failed, in words.
    Trouble(String),
    Resized,
    /// The system wants this program to end.
    Stop,
}

/// A chip, or why it cannot be read, in words for whoever holds it there.
pub(crate) type Touch = Result<Chip, String>;

/// What the core said about a code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// What is wrong with the device, when the ticket is not to blame.
    pub(crate) error: Option<String>,
    /// For staff: about this ticket, then about its class.
    pub(crate) notes: Vec<String>,
    /// What the guest is to be asked.
    pub(crate) questions: Vec<QuestionPolicy>,
}

/// A code to decide about, and what staff did and heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Of a chip its number.
    pub(crate) text: String,
    pub(crate) touch: Option<Touch>,
    /// The human step that an attention verdict asks for has been done.
    pub(crate) confirmed: bool,
    pub(crate) answers: Vec<scanner_core::Answer>,
}

/// What the screen wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Decide; answers come back in this order.
    Scan(Ask),
    Search(String),
    /// What would be said about this serial.
    Consider(u32),
    /// On a supervisor's word.
    Supervise(Request),
    /// Somebody was admitted or let out: open the turnstile, print the label.
    Passed(Box<Verdict>),
    Bell,
    SyncNow,
    Quit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Admit,
    Out,
    Refuse,
    Attention,
}

impl Face {
    pub(crate) fn of(verdict: &Verdict, direction: Direction) -> Self {
        match (verdict.verdict, direction) {
            (Outcome::Admit, Direction::In) => Self::Admit,
            (Outcome::Admit, Direction::Out) => Self::Out,
            (Outcome::Refuse, _) => Self::Refuse,
            (Outcome::Attention, _) => Self::Attention,
        }
    }

    pub(super) const fn stays_micros(self) -> u64 {
        match self {
            Self::Admit | Self::Out => ADMIT_STAYS_MICROS,
            Self::Refuse => REFUSE_STAYS_MICROS,
            Self::Attention => ATTENTION_STAYS_MICROS,
        }
    }

    /// One for yes, three for no, two for "look".
    pub(super) const fn bells(self) -> u8 {
        match self {
            Self::Admit | Self::Out => 1,
            Self::Refuse => 3,
            Self::Attention => 2,
        }
    }
}

/// The answer that fills the screen.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) face: Face,
    pub(crate) answer: Answer,
    pub(crate) note: Option<String>,
    /// The ticket, when it was found without a code.
    pub(super) subject: Option<Subject>,
    pub(super) ask: Ask,
    pub(super) at: u64,
}

/// An earlier answer, in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) face: Face,
    pub(crate) verdict: Verdict,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Gate,
    Help,
    /// Ends the program at "y".
    Quit,
    Search(Finding),
    /// Puts the event's questions to a guest, one after the other.
    Question(Questioning),
    /// Asks for a supervisor's PIN.
    Supervise(Supervising),
    /// Tells what was done, until the next code.
    Done(Done),
    /// The other devices.
    Devices,
}

/// What a supervisor's word did, when it is no answer about a guest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) word: &'static str,
    pub(crate) lines: Vec<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) asked: Option<String>,
    pub(crate) hits: Vec<Hit>,
    pub(crate) failed: Option<String>,
    pub(crate) at: usize,
    /// What the gate would say about one of them.
    pub(super) considered: Option<(u32, Result<Box<Answer>, String>)>,
}

impl Finding {
    pub(crate) fn chosen(&self) -> Option<&Hit> {
        self.hits.get(self.at)
    }

    /// What is known about the chosen one by now.
    pub(crate) fn about_chosen(&self) -> Option<&Result<Box<Answer>, String>> {
        let chosen = self.chosen()?.serial;
        let (serial, answer) = self.considered.as_ref()?;
        (*serial == chosen).then_some(answer)
    }
}

/// A guest in front of whom staff reads questions aloud.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Questioning {
    pub(super) ask: Ask,
    pub(super) open: VecDeque<QuestionPolicy>,
}

impl Questioning {
    pub(crate) fn question(&self) -> Option<&QuestionPolicy> {
        self.open.front()
    }

    /// Takes what the guest said: of choices, their numbers. Gives all of it after the last one.
    pub(super) fn answer(&mut self, said: &str) -> Option<Ask> {
        if let Some(question) = self.open.pop_front() {
            self.ask.answers.retain(|of| of.question != question.id);
            self.ask.answers.push(scanner_core::Answer {
                value: value(&question, said.trim()),
                question: question.id,
            });
        }
        self.open.is_empty().then(|| std::mem::take(&mut self.ask))
    }
}

/// As the rule wants it; what it does not want it asks for again.
fn value(question: &QuestionPolicy, said: &str) -> String {
    let said = if said == SKIP { "" } else { said };
    let option = |number: &str| {
        let at = number.trim().parse::<usize>().ok()?.checked_sub(1)?;
        question.options.get(at).map(|(id, _)| id.clone())
    };
    match question.kind {
        QuestionKind::YesNo if said.eq_ignore_ascii_case("y") => "yes".to_owned(),
        QuestionKind::YesNo if said.eq_ignore_ascii_case("n") => "no".to_owned(),
        QuestionKind::Choice => option(said).unwrap_or_else(|| said.to_owned()),
        QuestionKind::Choices => {
            let each = said.split(',');
            let ids: Vec<String> = each
                .map(|one| option(one).unwrap_or_else(|| one.trim().to_owned()))
                .collect();
            ids.join(",")
        }
        QuestionKind::YesNo
        | QuestionKind::Text
        | QuestionKind::Number
        | QuestionKind::Date
        | QuestionKind::Time
        | QuestionKind::DateTime
        | QuestionKind::Email => said.to_owned(),
    }
}
