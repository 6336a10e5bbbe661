//! What guests answered at a device, on its way to the server: `POST /api/v1/gate/answers`, a
//! `SignedRequest` like the others.
//!
//! Entries have no room for it, and other devices have no need of it: answers go from the device
//! that took them to the server and nowhere else. Every list has a bound, kept while reading.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::strict::{self, StrictError, bounded};
use crate::admission::answers::{ANSWER_CHARS_MAX, Answer};
use crate::limits::SYNC_BODY_BYTES_MAX;
use crate::log::LogId;
use crate::trust::QuestionPolicy;
use crate::trust::questions::QUESTIONS_MAX;

/// Admissions with answers in one message.
pub const ANSWERED_MAX: usize = 256;

/// The answers that came with one admission, which names the ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub log: LogId,
    pub seq: u32,
    #[serde(deserialize_with = "bounded::<QUESTIONS_MAX, _, _>")]
    pub answers: Vec<Answer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswersRequest {
    V1 {
        #[serde(deserialize_with = "bounded::<ANSWERED_MAX, _, _>")]
        answered: Vec<Answered>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswersResponse {
    /// The admissions whose answers are kept now; the device need not keep them any more.
    V1 {
        #[serde(deserialize_with = "bounded::<ANSWERED_MAX, _, _>")]
        kept: Vec<(LogId, u32)>,
    },
}

impl AnswersRequest {
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_wire(self)
    }
    /// Strict reading, then `check`.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, StrictError> {
        let message: Self = strict::from_wire(bytes, SYNC_BODY_BYTES_MAX)?;
        message.check()?;
        Ok(message)
    }

    /// Bounds that senders and readers keep.
    pub fn check(&self) -> Result<(), StrictError> {
        let Self::V1 { answered } = self;
        if answered.len() > ANSWERED_MAX {
            return Err(StrictError::Bounds("admissions with answers"));
        }
        let places: BTreeSet<_> = answered.iter().map(|of| (of.log, of.seq)).collect();
        if places.len() != answered.len() {
            return Err(StrictError::Bounds("an admission is listed twice"));
        }
        answered.iter().try_for_each(check_answers)
    }
}

fn check_answers(answered: &Answered) -> Result<(), StrictError> {
    let answers = &answered.answers;
    let questions: BTreeSet<_> = answers.iter().map(|answer| &answer.question).collect();
    if answers.len() > QUESTIONS_MAX || questions.len() != answers.len() {
        return Err(StrictError::Bounds("answers"));
    }
    for answer in answers {
        if !QuestionPolicy::is_id(&answer.question) {
            return Err(StrictError::Bounds("the id of a question"));
        }
        if answer.value.chars().count() > ANSWER_CHARS_MAX {
            return Err(StrictError::Bounds("an answer"));
        }
    }
    Ok(())
}

impl AnswersResponse {
    pub fn to_wire(&self) -> Vec<u8> {
        strict::to_wire(self)
    }
    /// Strict reading.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, StrictError> {
        strict::from_wire(bytes, SYNC_BODY_BYTES_MAX)
    }
}
