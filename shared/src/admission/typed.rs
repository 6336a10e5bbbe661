//! What is said about a typed code that finds no ticket.
//!
//! Invariant: a wrong code has one sentence, whatever is near it.

use super::explain::{old_news_words, typed_words};
use super::present::Presented;
use super::verdict::{Outcome, Reason, Verdict};

/// A typed code is weak evidence, and dies with a generation of which old news is late: past the
/// amber age of the list it takes a supervisor, while a ticket that is scanned still proves itself.
pub fn refuse_on_old_news(verdict: &mut Verdict, language: &str) {
    if verdict.serial.is_none() || verdict.also.contains(&Reason::SnapshotTooOld) {
        return;
    }
    match verdict.verdict {
        Outcome::Refuse if verdict.reason == Reason::SnapshotTooOld => {}
        Outcome::Refuse => verdict.also.push(Reason::SnapshotTooOld),
        Outcome::Admit | Outcome::Attention => {
            if verdict.reason != Reason::Ok {
                verdict.also.insert(0, verdict.reason);
            }
            verdict.verdict = Outcome::Refuse;
            verdict.reason = Reason::SnapshotTooOld;
            old_news_words(language).clone_into(&mut verdict.explanation);
        }
    }
}

/// Why a typed code was not even looked at, or found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untyped {
    /// The check digits do not fit: a slip of the finger.
    Misread,
    /// No ticket has it.
    Unknown,
    /// After too many wrong ones: wait so long.
    Wait { secs: u32 },
    /// After far too many: a supervisor must look at it.
    Supervisor,
    /// Nobody stands beside this entrance.
    Unattended,
}

impl Untyped {
    pub const fn presented(self) -> Presented {
        Presented::Refused(match self {
            Self::Misread => Reason::Misread,
            Self::Unknown => Reason::NotATicket,
            Self::Wait { .. } | Self::Supervisor => Reason::RateLimited,
            Self::Unattended => Reason::WrongGate,
        })
    }

    /// The sentence, in place of the one for scanned codes.
    pub fn explain(self, language: &str) -> String {
        typed_words(language, self)
    }
}
