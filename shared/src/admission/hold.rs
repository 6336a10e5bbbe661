//! Strict tickets: nobody enters before the ticket's homes have granted the entry (gossip.md 6).
//!
//! Invariant: what was not granted is a refusal that a supervisor may overrule, never an admission
//! and never a step that anybody at the gate may take.

use super::explain::{held_words, taken_words};
use super::verdict::{Outcome, Reason, Verdict};

/// Why an entry was not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ungranted {
    /// Another gate was granted it, perhaps in this moment.
    Taken,
    /// Too few homes answered.
    Unreached,
}

/// Turns an admission into the refusal that it is without a grant. Others stay as they are.
pub fn hold(verdict: &mut Verdict, language: &str, why: Ungranted) {
    if verdict.verdict != Outcome::Admit {
        return;
    }
    verdict.verdict = Outcome::Refuse;
    let (reason, words) = match why {
        Ungranted::Taken => (Reason::AlreadyUsed, taken_words(language)),
        // Of the reasons that there are: a rule of the event that cannot be evaluated now.
        Ungranted::Unreached => (Reason::Rule, held_words(language)),
    };
    verdict.reason = reason;
    words.clone_into(&mut verdict.explanation);
}
