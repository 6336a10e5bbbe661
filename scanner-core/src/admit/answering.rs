//! Questions to a guest, and what becomes of the answers.

use shared::admission::answers::{self, Answer, Demand};
use shared::admission::{Direction, Outcome, Presented, Reason, Verdict};
use shared::log::LogId;
use shared::sync::Answered;
use shared::ticket::Payload;
use shared::trust::QuestionPolicy;

use super::ScanOptions;
use super::scanner::Scanner;
use crate::cache::Cache;
use crate::error::Cause;

impl Scanner {
    /// What to ask, when that is what stands between the guest and the gate.
    pub(super) fn questions(
        &self,
        presented: &Presented,
        verdict: &Verdict,
        given: &[Answer],
    ) -> Vec<QuestionPolicy> {
        let asks = verdict.reason == Reason::NeedsAnswer
            || verdict.also.contains(&Reason::NeedsAnswer) && verdict.verdict == Outcome::Attention;
        let (Presented::Ticket { payload, .. }, Some(snapshot), true) =
            (presented, &self.book.snapshot, asks)
        else {
            return Vec::new();
        };
        let row = self.book.row(payload.serial);
        let open = answers::open(&snapshot.policy, payload.class, row.as_ref(), given);
        open.into_iter().map(|open| open.question.clone()).collect()
    }

    /// The good ones among the answers, as they are kept. Nobody is asked on the way out.
    pub(super) fn good_answers(
        &self,
        payload: &Payload,
        options: ScanOptions,
        given: &[Answer],
    ) -> Vec<Answer> {
        let Some(snapshot) = &self.book.snapshot else {
            return Vec::new();
        };
        if given.is_empty() || options.direction == Direction::Out {
            return Vec::new();
        }
        let (questions, timezone) = (&snapshot.policy.questions, &snapshot.policy.timezone);
        answers::check(questions, timezone, payload.class, given, Demand::Optional).answers
    }
}

/// Stores what was said at admissions that are about to be written.
pub(super) fn keep<'a>(
    cache: &mut Cache,
    log: LogId,
    said: impl Iterator<Item = (u32, &'a Vec<Answer>)>,
) -> Result<(), Cause> {
    let answered: Vec<Answered> = said
        .filter(|(_, answers)| !answers.is_empty())
        .map(|(seq, answers)| Answered {
            log,
            seq,
            answers: answers.clone(),
        })
        .collect();
    if answered.is_empty() {
        return Ok(());
    }
    cache.store_answers(&answered)
}
