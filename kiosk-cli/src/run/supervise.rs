//! The supervisor's page: what is to be done, for whom, and the PIN that it takes (V11). Pure.
//!
//! Invariants: a PIN is what a hand typed while this page asked for it; it is shown by nobody, is
//! sent once and wiped when the page goes; a ticket that is scanned meanwhile is judged like any other.

use scanner_core::{Overruled, Pin, Reading, Reason, Subject, Undone, Verdict};
use zeroize::Zeroizing;

use super::acts::{Answer, Ask, Done, Effect, Mode, Shown};
use super::screen::{About, Screen};
use super::view::who;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    LetIn,
    TakeBack,
    /// Allows typed codes again.
    Unlock,
}

/// What was typed for a PIN.
#[derive(PartialEq, Eq)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn new(typed: Zeroizing<String>) -> Self {
        Self(typed)
    }

    pub(super) fn pin(&self) -> Pin {
        Pin::new(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The ticket that a supervisor decides about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) subject: Subject,
    /// Who it is.
    pub(crate) lines: Vec<String>,
    /// What speaks against it.
    pub(crate) against: Vec<String>,
}

impl Guest {
    /// Whose answer fills the screen; `None` when no ticket was shown.
    pub(super) fn of_shown(shown: &Shown) -> Option<Self> {
        let verdict = &shown.answer.verdict;
        verdict.serial?;
        let subject = match &shown.subject {
            Some(subject) => subject.clone(),
            None => Subject::Code(Reading::from(shown.ask.text.as_str())),
        };
        Some(Self::new(subject, verdict))
    }

    /// One who was found without a code.
    pub(super) fn of_found(serial: u32, answer: &Answer) -> Self {
        Self::new(Subject::Serial(serial), &answer.verdict)
    }

    fn new(subject: Subject, verdict: &Verdict) -> Self {
        let serial = verdict.serial.map(|serial| format!("{serial:04}"));
        let told = [Some(who(verdict)), serial.map(|of| format!("No. {of}"))];
        let first: Vec<String> = told
            .into_iter()
            .flatten()
            .filter(|of| !of.is_empty())
            .collect();
        let mut lines = vec![first.join(" · ")];
        lines.extend(verdict.holder.clone());
        Self {
            subject,
            lines,
            against: reasons(verdict),
        }
    }

    fn is_read_as(&self, text: &str) -> bool {
        matches!(&self.subject, Subject::Code(reading) if reading.text == text)
    }
}

/// The sentence for the guest, then what else speaks against it.
fn reasons(verdict: &Verdict) -> Vec<String> {
    let mut told = vec![verdict.explanation.clone()];
    let also = verdict.also.iter().filter(|reason| **reason != Reason::Ok);
    let also: Vec<&str> = also.map(|reason| in_short(*reason)).collect();
    if !also.is_empty() {
        told.push(format!("Also: {}.", also.join(", ")));
    }
    told
}

/// For staff; the guest's sentence is the core's.
const fn in_short(reason: Reason) -> &'static str {
    match reason {
        Reason::Ok => "in order",
        Reason::NotATicket => "no ticket",
        Reason::Misread => "misread",
        Reason::UnknownEvent => "of another event",
        Reason::UnknownKey => "signed by an unknown key",
        Reason::BadSignature => "not genuine",
        Reason::Revoked => "revoked",
        Reason::Reissued => "replaced by a newer ticket",
        Reason::Blocked => "blocked",
        Reason::Cancelled => "cancelled",
        Reason::Unpaid => "not paid",
        Reason::Expired => "expired",
        Reason::TooEarly => "too early",
        Reason::TooLate => "too late",
        Reason::WrongGate => "of another gate",
        Reason::WrongClass => "of a class that does not enter here",
        Reason::Rule => "against a rule of the event",
        Reason::AlreadyUsed => "used already",
        Reason::NotInside => "not inside",
        Reason::NeedsId => "an ID to be looked at",
        Reason::NeedsAnswer => "a question to be answered",
        Reason::NeedsPayment => "something to be paid",
        Reason::SnapshotTooOld => "this device's list is too old",
        Reason::DeviceEvicted => "this device was removed",
        Reason::RateLimited => "too many wrong codes",
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Supervising {
    pub(crate) act: Act,
    pub(crate) guest: Option<Guest>,
    /// Why the PIN is asked for again.
    pub(crate) told: Option<String>,
    /// It was sent and is being looked at.
    pub(crate) is_sent: bool,
}

impl Supervising {
    pub(super) fn new(act: Act, guest: Option<Guest>) -> Self {
        Self {
            act,
            guest,
            told: None,
            is_sent: false,
        }
    }

    /// The same guest still holds the ticket there.
    pub(super) fn is_about(&self, text: &str) -> bool {
        self.guest
            .as_ref()
            .is_some_and(|guest| guest.is_read_as(text))
    }

    /// Nothing while an earlier one is looked at.
    pub(super) fn send(&mut self, pin: Secret) -> Option<Request> {
        if self.is_sent {
            return None;
        }
        self.is_sent = true;
        self.told = None;
        Some(Request {
            act: self.act,
            subject: self.guest.as_ref().map(|guest| guest.subject.clone()),
            pin,
        })
    }

    pub(super) fn ask_again(&mut self, why: String) {
        self.is_sent = false;
        self.told = Some(why);
    }
}

/// For the core to decide.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(super) act: Act,
    pub(super) subject: Option<Subject>,
    pub(super) pin: Secret,
}

/// What a supervisor's word did.
#[derive(Debug)]
pub(crate) enum Decided {
    LetIn(Box<Overruled>, Subject),
    TakenBack(Box<Undone>),
    Unlocked,
}

impl Screen {
    /// Opens the page about whoever is on the screen.
    pub(super) fn supervise(&mut self, act: Act, at: u64) {
        let supervised = self.news().is_none_or(|news| news.status.supervised);
        if !supervised {
            let why = "this event has no supervisors: the organizer sets their PINs";
            self.trouble(why.to_owned(), at);
            return;
        }
        let guest = self.guest_at_hand().filter(|_| act != Act::Unlock);
        if guest.is_none() && act != Act::Unlock {
            let why = "there is no ticket on the screen: scan it or find the guest first";
            self.trouble(why.to_owned(), at);
            return;
        }
        self.enter(Mode::Supervise(Supervising::new(act, guest)), at);
    }

    fn guest_at_hand(&self) -> Option<Guest> {
        match self.mode() {
            Mode::Search(finding) => {
                let answer = finding.about_chosen()?.as_ref().ok()?;
                Some(Guest::of_found(finding.chosen()?.serial, answer))
            }
            // A code that waits for its answer is another guest's.
            Mode::Gate if self.waiting() == 0 => Guest::of_shown(self.shown()?),
            Mode::Gate
            | Mode::Help
            | Mode::Quit
            | Mode::Question(_)
            | Mode::Supervise(_)
            | Mode::Done(_)
            | Mode::Devices => None,
        }
    }

    pub(super) fn pin_typed(&mut self, pin: Secret, effects: &mut Vec<Effect>) {
        if let Mode::Supervise(of) = self.mode_mut() {
            effects.extend(of.send(pin).map(Effect::Supervise));
        }
    }

    pub(super) fn ask_pin_again(&mut self, why: &str) {
        if let Mode::Supervise(of) = self.mode_mut()
            && !of.is_sent
        {
            of.ask_again(why.to_owned());
        }
    }

    /// A code came in while the page was open. The ticket that it is about is still held there; any
    /// other is the next guest's, and the page gives way to it.
    pub(super) fn reads_again_while_supervised(&mut self, text: &str, at: u64) -> bool {
        let Mode::Supervise(of) = self.mode_mut() else {
            return false;
        };
        if of.is_about(text) {
            if !of.is_sent {
                of.ask_again(
                    "Read again: it is this ticket. Type the PIN from its beginning.".to_owned(),
                );
            }
            return true;
        }
        if !of.is_sent {
            let told = "another ticket was scanned: the supervisor's page was closed, nothing was done by it";
            self.trouble(told.to_owned(), at);
        }
        false
    }

    pub(super) fn decided(
        &mut self,
        outcome: Result<Decided, String>,
        at: u64,
        effects: &mut Vec<Effect>,
    ) {
        let is_open = matches!(self.mode(), Mode::Supervise(of) if of.is_sent);
        match outcome {
            Ok(Decided::LetIn(overruled, subject)) => {
                if is_open {
                    self.enter(Mode::Gate, at);
                }
                let Overruled {
                    verdict,
                    supervisor,
                } = *overruled;
                let text = match &subject {
                    Subject::Code(reading) => reading.text.clone(),
                    Subject::Serial(_) => String::new(),
                };
                let about = About {
                    ask: Ask {
                        text,
                        ..Ask::default()
                    },
                    subject: Some(subject),
                    note: Some(format!("Decided by {supervisor}.")),
                };
                let answer = Answer {
                    verdict,
                    error: None,
                    notes: Vec::new(),
                    questions: Vec::new(),
                };
                self.show(answer, about, at, effects);
            }
            Ok(Decided::TakenBack(undone)) => {
                let Undone {
                    serial,
                    explanation,
                    supervisor,
                    ..
                } = *undone;
                let lines = vec![
                    format!("No. {serial:04}"),
                    explanation,
                    format!("Decided by {supervisor}."),
                ];
                self.done("BACK", lines, is_open, at);
            }
            Ok(Decided::Unlocked) => {
                let lines = vec!["Codes may be typed again.".to_owned()];
                self.done("DONE", lines, is_open, at);
            }
            Err(why) => match self.mode_mut() {
                Mode::Supervise(of) if of.is_sent => of.ask_again(why),
                // The next guest was served meanwhile; it is told all the same.
                _ => self.trouble(why, at),
            },
        }
    }

    fn done(&mut self, word: &'static str, lines: Vec<String>, is_open: bool, at: u64) {
        if is_open {
            self.enter(Mode::Done(Done { word, lines }), at);
        } else {
            self.trouble(lines.join(" "), at);
        }
    }
}

#[cfg(test)]
#[path = "supervise_tests.rs"]
mod tests;
