//! What an event asks of a ticket, and what of it is answered. Pure, but for reading the questions.

use shared::admission::answers::{Answer, Demand, Wrong, check};
use shared::api::check_in::{CheckInQuestion, CheckInSettings};
use shared::api::pre_check_in::PreCheckInWindow;
use shared::api::tickets::AnswerView;
use shared::trust::QuestionPolicy;
use shared::trust::questions::QUESTIONS_MAX;

use super::answers::Record;
use super::{ClaimedTicket, Error};
use crate::events::check_in::{check_in_in, question_policies};
use crate::events::classes_in;
use crate::events::model::{Event, TicketClass};
use crate::platform::db::Tx;
use crate::platform::fields::{Fields, Invalid};

/// What the event asks, and when it may be answered as a pre-check-in.
pub(super) struct Asked {
    pub(super) window: Option<PreCheckInWindow>,
    questions: Vec<CheckInQuestion>,
    /// The same, in the same order.
    all: Vec<QuestionPolicy>,
    at_gate: Vec<QuestionPolicy>,
    timezone: String,
}

impl Asked {
    pub(super) fn of(tx: &mut Tx<'_>, event: &Event) -> Result<Self, Error> {
        let settings = check_in_in(tx, event.id)?;
        let classes = classes_in(tx, event.id)?;
        Ok(Self::new(settings, &classes, event))
    }

    pub(super) fn new(settings: CheckInSettings, classes: &[TicketClass], event: &Event) -> Self {
        let classes: Vec<_> = classes.iter().collect();
        let questions = settings.questions;
        Self {
            window: settings.pre_check_in,
            all: question_policies(&questions, &classes, false),
            at_gate: question_policies(&questions, &classes, true),
            timezone: event.timezone.clone(),
            questions,
        }
    }

    /// Good answers in their normal form, or all that is wrong with them. What is left out now is
    /// asked later.
    pub(super) fn checked(
        &self,
        ticket: &ClaimedTicket,
        given: &[Answer],
    ) -> Result<Vec<Answer>, Invalid> {
        let mut fields = self.named(ticket, given);
        let is_given = |id: &str| given.iter().any(|answer| answer.question == id);
        let checked = self.check(&self.all, ticket, given);
        for (question, wrong) in checked.1 {
            if wrong != Wrong::Missing || is_given(&question) {
                fields.wrong(question, wrong.to_string());
            }
        }
        fields.done(checked.0)
    }

    /// An answer to everything, or all that is wrong. What is left out has the answer in `kept`, and
    /// without one it is left open on purpose.
    pub(super) fn whole(
        &self,
        ticket: &ClaimedTicket,
        given: &[Answer],
        kept: Option<&Record>,
    ) -> Result<Vec<Answer>, Invalid> {
        let mut fields = self.named(ticket, given);
        let mut whole = given.to_vec();
        for question in self.all.iter().filter(|of| of.concerns(ticket.class_index)) {
            if whole.iter().any(|answer| answer.question == question.id) {
                continue;
            }
            let kept = kept.and_then(|kept| kept.given().get(&question.id));
            whole.push(Answer {
                question: question.id.clone(),
                value: kept.map_or_else(String::new, |kept| kept.value.clone()),
            });
        }
        let (answers, open) = self.check(&self.all, ticket, &whole);
        for (question, wrong) in open {
            fields.wrong(question, wrong.to_string());
        }
        fields.done(answers)
    }

    /// Whether a gate has nothing left to ask. Where it asks nothing, there is nothing to tell it.
    pub(super) fn is_answered(&self, ticket: &ClaimedTicket, record: &Record) -> bool {
        let (answers, open) = self.check(&self.at_gate, ticket, &record.answers());
        open.is_empty() && !answers.is_empty()
    }

    /// All that is kept, also answers to what is not asked any more.
    pub(super) fn answers(&self, record: &Record) -> Vec<AnswerView> {
        let text = |id: &str| {
            let asked = self.all.iter().find(|question| question.id == id);
            asked.map(|question| question.text.clone())
        };
        let given = record.given().iter();
        given
            .map(|(id, given)| AnswerView {
                question: id.clone(),
                text: text(id),
                value: given.value.clone(),
                at: given.at,
                device_id: given.device,
            })
            .collect()
    }

    /// What has no answer, or none that is good for the question as it is now.
    pub(super) fn open(&self, ticket: &ClaimedTicket, record: &Record) -> Vec<CheckInQuestion> {
        let (_, open) = self.check(&self.all, ticket, &record.answers());
        self.those(|policy| open.iter().any(|(id, _)| *id == policy.id))
    }

    /// What is asked of this ticket.
    pub(super) fn questions(&self, ticket: &ClaimedTicket) -> Vec<CheckInQuestion> {
        self.those(|policy| policy.concerns(ticket.class_index))
    }

    /// Settings that were stored before questions had ids get them here.
    fn those(&self, wanted: impl Fn(&QuestionPolicy) -> bool) -> Vec<CheckInQuestion> {
        let both = self.questions.iter().zip(&self.all);
        both.filter(|(_, policy)| wanted(policy))
            .map(|(question, policy)| {
                let mut question = question.clone();
                question.id = Some(policy.id.clone());
                for (option, (id, _)) in question.options.iter_mut().zip(&policy.options) {
                    option.id = Some(id.clone());
                }
                question
            })
            .collect()
    }

    /// Whether the answers are to questions of this ticket, each once.
    fn named(&self, ticket: &ClaimedTicket, given: &[Answer]) -> Fields {
        let mut fields = Fields::default();
        if given.len() > QUESTIONS_MAX {
            fields.wrong("answers", format!("must be at most {QUESTIONS_MAX}"));
        }
        let concerns = |id: &str| {
            let mut all = self.all.iter();
            all.any(|question| question.id == id && question.concerns(ticket.class_index))
        };
        let mut seen = Vec::new();
        for Answer { question, .. } in given {
            if !concerns(question) {
                fields.wrong(question, "is not asked of this ticket");
            } else if seen.contains(&question) {
                fields.wrong(question, "is answered twice");
            }
            seen.push(question);
        }
        fields
    }

    /// Good answers, and what is open with the reason.
    fn check(
        &self,
        questions: &[QuestionPolicy],
        ticket: &ClaimedTicket,
        given: &[Answer],
    ) -> (Vec<Answer>, Vec<(String, Wrong)>) {
        let class = ticket.class_index;
        let checked = check(questions, &self.timezone, class, given, Demand::AsAsked);
        let open = checked.open.iter();
        let open = open.map(|open| (open.question.id.clone(), open.wrong));
        (checked.answers, open.collect())
    }
}
