//! Questions to a guest, and what becomes of the answers.

use shared::admission::answers::{self, Answer, Demand};
use shared::admission::{Direction, Outcome, Reason, Verdict};
use shared::log::LogId;
use shared::sync::Answered;
use shared::trust::{QuestionPolicy, TicketRow, TicketRowStatus};

use super::ScanOptions;
use super::scanner::Scanner;
use crate::cache::Cache;
use crate::error::Cause;

impl Scanner {
    /// What to ask, when that is what stands between the guest and the gate.
    pub(super) fn questions(&self, verdict: &Verdict, given: &[Answer]) -> Vec<QuestionPolicy> {
        let asks = verdict.reason == Reason::NeedsAnswer
            || verdict.also.contains(&Reason::NeedsAnswer) && verdict.verdict == Outcome::Attention;
        let (Some((row, class)), Some(snapshot), true) =
            (self.meant(verdict), &self.book.snapshot, asks)
        else {
            return Vec::new();
        };
        let open = answers::open(&snapshot.policy, class, row.as_ref(), given);
        open.into_iter().map(|open| open.question.clone()).collect()
    }

    /// The good ones among the answers, as they are kept. Nobody is asked on the way out.
    pub(super) fn good_answers(
        &self,
        verdict: &Verdict,
        options: ScanOptions,
        given: &[Answer],
    ) -> Vec<Answer> {
        let (Some((_, class)), Some(snapshot)) = (self.meant(verdict), &self.book.snapshot) else {
            return Vec::new();
        };
        if given.is_empty() || options.direction == Direction::Out {
            return Vec::new();
        }
        let (questions, timezone) = (&snapshot.policy.questions, &snapshot.policy.timezone);
        answers::check(questions, timezone, class, given, Demand::Optional).answers
    }

    /// Row and class of the ticket that a verdict is about: a ticket that was claimed after the
    /// snapshot has no row, and its class is told by its name.
    pub(super) fn meant(&self, verdict: &Verdict) -> Option<(Option<TicketRow>, u8)> {
        let claimed = |row: &TicketRow| row.status != TicketRowStatus::Unclaimed;
        let row = self.book.row(verdict.serial?).filter(claimed);
        if let Some(row) = row {
            return Some((Some(row), row.class));
        }
        let classes = &self.book.snapshot.as_ref()?.policy.classes;
        let name = verdict.class.as_deref()?;
        let class = classes.iter().position(|class| class.name == name)?;
        Some((None, u8::try_from(class).ok()?))
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
