//! What an event asks of a ticket or of an order, and what of it is answered. Pure, but for reading the
//! questions.

use shared::admission::answers::{Answer, Demand, Wrong, check};
use shared::api::check_in::{CheckInQuestion, CheckInSettings};
use shared::api::pre_check_in::PreCheckInWindow;
use shared::api::tickets::AnswerView;
use shared::ids::ClassId;
use shared::time::Timestamp;
use shared::trust::QuestionPolicy;
use shared::trust::questions::QUESTIONS_MAX;

use super::answers::{Answers, Record};
use super::error::Error;
use crate::events::check_in::{check_in_in, identified, in_words, question_policies};
use crate::events::classes_in;
use crate::events::model::{Event, TicketClass};
use crate::platform::db::Tx;
use crate::platform::fields::{Fields, Invalid};

/// Questions of an order concern it whatever its classes are.
pub const ANY_CLASS: u8 = 0;

/// What the event asks, and when it may be answered as a pre-check-in.
pub struct Asked {
    pub(super) window: Option<PreCheckInWindow>,
    /// Until when holders change their answers.
    pub(super) until: Option<Timestamp>,
    questions: Vec<CheckInQuestion>,
    /// The same, in the same order.
    all: Vec<QuestionPolicy>,
    at_gate: Vec<QuestionPolicy>,
    timezone: String,
    /// Of what it is asked, for people.
    subject: &'static str,
}

impl Asked {
    pub fn of(tx: &mut Tx<'_>, event: &Event) -> Result<Self, Error> {
        let settings = check_in_in(tx, event.id)?;
        let classes = classes_in(tx, event.id)?;
        Ok(Self::new(settings, &classes, event))
    }

    /// Of a ticket.
    pub fn new(settings: CheckInSettings, classes: &[TicketClass], event: &Event) -> Self {
        let mut asked = Self::all_of(settings, classes, event, |question| !question.per_order);
        asked.subject = "this ticket";
        asked
    }

    /// Of an order that has tickets of these classes. Its questions are of no class any more: ask with
    /// [`ANY_CLASS`].
    pub fn of_order(mut settings: CheckInSettings, bought: &[ClassId], event: &Event) -> Self {
        settings.questions.retain_mut(|question| {
            let classes = question.class_ids.take();
            classes.is_none_or(|classes| classes.iter().any(|class| bought.contains(class)))
        });
        Self::all_of(settings, &[], event, |question| question.per_order)
    }

    fn all_of(
        settings: CheckInSettings,
        classes: &[TicketClass],
        event: &Event,
        is_meant: impl Fn(&CheckInQuestion) -> bool,
    ) -> Self {
        let classes: Vec<_> = classes.iter().collect();
        let mut questions = identified(settings.questions);
        questions.retain(is_meant);
        let at_gate = questions.iter().filter(|of| of.at_gate);
        Self {
            window: settings.pre_check_in,
            until: settings.answers_until,
            all: question_policies(&questions, &classes),
            at_gate: question_policies(at_gate, &classes),
            timezone: event.timezone.clone(),
            questions,
            subject: "this order",
        }
    }

    /// Good answers in their normal form, or all that is wrong with them. What is left out now is
    /// asked later.
    pub fn checked(&self, class: u8, given: &[Answer]) -> Result<Vec<Answer>, Invalid> {
        self.checked_but(class, given, |_| false)
    }

    /// As [`checked`](Self::checked), and what is asked as tickets are bought must be there.
    pub fn bought(&self, class: u8, given: &[Answer]) -> Result<Vec<Answer>, Invalid> {
        self.checked_but(class, given, |id| {
            let mut asked = self.questions.iter();
            // An optional one that is left out is asked later.
            asked.any(|of| of.id.as_deref() == Some(id) && of.at_checkout && of.required)
        })
    }

    fn checked_but(
        &self,
        class: u8,
        given: &[Answer],
        is_due: impl Fn(&str) -> bool,
    ) -> Result<Vec<Answer>, Invalid> {
        let mut fields = self.named(class, given);
        let is_given = |id: &str| given.iter().any(|answer| answer.question == id);
        let (answers, open) = self.check(&self.all, class, given);
        for (question, wrong) in open {
            if wrong != Wrong::Missing || is_given(&question) || is_due(&question) {
                fields.wrong(question, wrong.to_string());
            }
        }
        fields.done(answers)
    }

    /// An answer to everything, or all that is wrong. What is left out has the answer in `kept`, and
    /// without one it is left open on purpose.
    pub(super) fn whole(
        &self,
        class: u8,
        given: &[Answer],
        kept: Option<&Record>,
    ) -> Result<Vec<Answer>, Invalid> {
        let mut fields = self.named(class, given);
        let mut whole = given.to_vec();
        for question in self.all.iter().filter(|of| of.concerns(class)) {
            if whole.iter().any(|answer| answer.question == question.id) {
                continue;
            }
            let kept = kept.and_then(|kept| kept.given().get(&question.id));
            whole.push(Answer {
                question: question.id.clone(),
                value: kept.map_or_else(String::new, |kept| kept.value.clone()),
            });
        }
        let (answers, open) = self.check(&self.all, class, &whole);
        for (question, wrong) in open {
            fields.wrong(question, wrong.to_string());
        }
        fields.done(answers)
    }

    /// Whether a gate has nothing left to ask. Where it asks nothing, there is nothing to tell it.
    pub(super) fn is_answered(&self, class: u8, record: &Record) -> bool {
        let (answers, open) = self.check(&self.at_gate, class, &record.answers());
        open.is_empty() && !answers.is_empty()
    }

    /// All that is kept, also answers to what is not asked any more.
    pub fn answers(&self, given: &Answers) -> Vec<AnswerView> {
        let text = |id: &str| {
            let asked = self.all.iter().find(|question| question.id == id);
            asked.map(|question| question.text.clone())
        };
        let given = given.iter();
        given
            .map(|(id, given)| AnswerView {
                question: id.clone(),
                text: given.text.clone().or_else(|| text(id)),
                value: given.value.clone(),
                words: given.words.clone(),
                at: given.at,
                device_id: given.device,
            })
            .collect()
    }

    /// The question as it is put now, and an answer to it in words.
    pub fn wording(&self, answer: &Answer) -> Option<(String, String)> {
        let mut all = self.all.iter();
        let question = all.find(|question| question.id == answer.question)?;
        Some((question.text.clone(), in_words(question, &answer.value)))
    }

    /// What has no answer, or none that is good for the question as it is now.
    pub(super) fn open(&self, class: u8, record: &Record) -> Vec<CheckInQuestion> {
        let (_, open) = self.check(&self.all, class, &record.answers());
        self.those(|policy| open.iter().any(|(id, _)| *id == policy.id))
    }

    /// What is asked of this ticket.
    pub(super) fn questions(&self, class: u8) -> Vec<CheckInQuestion> {
        self.those(|policy| policy.concerns(class))
    }

    fn those(&self, wanted: impl Fn(&QuestionPolicy) -> bool) -> Vec<CheckInQuestion> {
        let both = self.questions.iter().zip(&self.all);
        both.filter(|(_, policy)| wanted(policy))
            .map(|(question, _)| question.clone())
            .collect()
    }

    /// Whether the answers are to questions of this ticket, each once.
    fn named(&self, class: u8, given: &[Answer]) -> Fields {
        let mut fields = Fields::default();
        if given.len() > QUESTIONS_MAX {
            fields.wrong("answers", format!("must be at most {QUESTIONS_MAX}"));
        }
        let concerns = |id: &str| {
            let mut all = self.all.iter();
            all.any(|question| question.id == id && question.concerns(class))
        };
        let mut seen = Vec::new();
        for Answer { question, .. } in given {
            if !concerns(question) {
                fields.wrong(question, format!("is not asked of {}", self.subject));
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
        class: u8,
        given: &[Answer],
    ) -> (Vec<Answer>, Vec<(String, Wrong)>) {
        let checked = check(questions, &self.timezone, class, given, Demand::AsAsked);
        let open = checked.open.iter();
        let open = open.map(|open| (open.question.id.clone(), open.wrong));
        (checked.answers, open.collect())
    }
}
