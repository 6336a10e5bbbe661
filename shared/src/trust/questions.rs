//! Questions that staff ask at the gate, as they travel signed with the policy.
//!
//! What answers to them are good is in `admission::answers`, one place for gate and server.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::lists::check_classes;
use super::snapshot::{Policy, within};
use super::statement::TrustError;
use crate::limits::TITLE_CHARS_MAX;

pub const QUESTIONS_MAX: usize = 32;
/// Choices of one question.
pub const OPTIONS_MAX: usize = 64;
/// Of a question or an option: what answers name it by.
pub const QUESTION_ID_CHARS_MAX: usize = 40;

/// What an answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuestionKind {
    Text,
    /// A required one must be answered with yes: "I have read the house rules".
    YesNo,
    Number,
    /// One of the options.
    Choice,
    /// Any of the options.
    Choices,
    Date,
    Time,
    DateTime,
    Email,
}

/// Asked at the gate unless the order answered it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionPolicy {
    /// Letters, digits, `-` and `_`; stays when the text is reworded.
    pub id: String,
    pub text: String,
    /// As in a list.
    pub classes: Option<Vec<u8>>,
    pub kind: QuestionKind,
    /// Asked and left empty is not enough.
    pub required: bool,
    /// Id and text of each; only of choices.
    pub options: Vec<(String, String)>,
}

impl QuestionPolicy {
    pub fn concerns(&self, class: u8) -> bool {
        let classes = self.classes.as_ref();
        classes.is_none_or(|classes| classes.contains(&class))
    }

    /// Whether a text may name a question or an option.
    pub fn is_id(text: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=QUESTION_ID_CHARS_MAX).contains(&text.len()) && text.chars().all(plain)
    }

    fn check(&self, policy: &Policy) -> Result<(), TrustError> {
        let texts = self.options.iter().map(|(_, text)| text);
        for text in texts.chain([&self.text]) {
            within(text.chars().count(), TITLE_CHARS_MAX, "question too long")?;
        }
        check_classes(self.classes.as_deref(), policy)?;
        within(self.options.len(), OPTIONS_MAX, "too many options")?;
        let ids = self.options.iter().map(|(id, _)| id);
        if !ids.chain([&self.id]).all(|id| Self::is_id(id)) {
            return Err(TrustError::Malformed("not the id of a question"));
        }
        let distinct: BTreeSet<_> = self.options.iter().map(|(id, _)| id).collect();
        if distinct.len() != self.options.len() {
            return Err(TrustError::Malformed("an option is listed twice"));
        }
        let chooses = matches!(self.kind, QuestionKind::Choice | QuestionKind::Choices);
        if chooses == self.options.is_empty() {
            return Err(TrustError::Malformed("options do not go with the question"));
        }
        Ok(())
    }
}

/// The questions' part of [`Policy::check`].
pub(super) fn check(policy: &Policy) -> Result<(), TrustError> {
    within(policy.questions.len(), QUESTIONS_MAX, "too many questions")?;
    for question in &policy.questions {
        question.check(policy)?;
    }
    let ids: BTreeSet<_> = policy.questions.iter().map(|of| &of.id).collect();
    if ids.len() != policy.questions.len() {
        return Err(TrustError::Malformed("a question is listed twice"));
    }
    Ok(())
}
