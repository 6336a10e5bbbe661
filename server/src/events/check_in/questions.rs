//! The questions among the settings: checked, and as gates and answers know them. Pure.

use std::collections::BTreeSet;

use shared::api::check_in::{AnswerKind, CheckInQuestion};
use shared::limits::TITLE_CHARS_MAX;
use shared::trust::questions::OPTIONS_MAX;
use shared::trust::{QuestionKind, QuestionPolicy};

use crate::events::model::TicketClass;
use crate::platform::fields::Fields;

/// Fills in the ids that were left out, so that what is stored names every question.
pub(super) fn check(questions: &mut [CheckInQuestion], fields: &mut Fields) {
    let mut ids = BTreeSet::new();
    for (at, question) in questions.iter_mut().enumerate() {
        let name = format!("questions[{at}]");
        let field = format!("{name}.text");
        question.text = fields.line(field, &question.text, 1, TITLE_CHARS_MAX);
        let id = question
            .id
            .take()
            .unwrap_or_else(|| made_of(&question.text));
        check_id(&format!("{name}.id"), &id, &mut ids, fields);
        question.id = Some(id);
        // A gate sees tickets, not orders.
        question.at_gate &= !question.per_order;
        check_options(&name, question, fields);
    }
}

fn check_options(name: &str, question: &mut CheckInQuestion, fields: &mut Fields) {
    let options = format!("{name}.options");
    let chooses = matches!(question.kind, AnswerKind::Choice | AnswerKind::Choices);
    if chooses && !(1..=OPTIONS_MAX).contains(&question.options.len()) {
        fields.wrong(&options, format!("must be from 1 to {OPTIONS_MAX}"));
    } else if !chooses && !question.options.is_empty() {
        fields.wrong(&options, "go with choices only");
    }
    let mut ids = BTreeSet::new();
    for (at, option) in question.options.iter_mut().enumerate() {
        let field = format!("{options}[{at}]");
        option.text = fields.line(format!("{field}.text"), &option.text, 1, TITLE_CHARS_MAX);
        let id = option.id.take().unwrap_or_else(|| (at + 1).to_string());
        check_id(&format!("{field}.id"), &id, &mut ids, fields);
        option.id = Some(id);
    }
}

fn check_id(field: &str, id: &str, ids: &mut BTreeSet<String>, fields: &mut Fields) {
    if !QuestionPolicy::is_id(id) {
        fields.wrong(field, "must be 1 to 40 letters, digits, - or _");
    } else if !ids.insert(id.to_owned()) {
        fields.wrong(field, "is already used");
    }
}

/// The same text gives the same id, whatever is asked before it.
fn made_of(text: &str) -> String {
    let hash = blake3::hash(text.as_bytes());
    format!("q-{}", &hash.to_hex()[..8])
}

/// The questions with every id: settings that were stored before questions had ids get them here.
pub fn identified(questions: Vec<CheckInQuestion>) -> Vec<CheckInQuestion> {
    let named = questions.into_iter().map(|mut question| {
        question.id = Some(id_of(&question));
        for (at, option) in question.options.iter_mut().enumerate() {
            option.id.get_or_insert_with(|| (at + 1).to_string());
        }
        question
    });
    named.collect()
}

fn id_of(question: &CheckInQuestion) -> String {
    let id = question.id.clone();
    id.unwrap_or_else(|| made_of(&question.text))
}

/// The questions as the policy carries them, in their order.
pub fn question_policies<'a>(
    questions: impl IntoIterator<Item = &'a CheckInQuestion>,
    classes: &[&TicketClass],
) -> Vec<QuestionPolicy> {
    let questions = questions.into_iter();
    questions
        .map(|question| policy_of(question, classes))
        .collect()
}

/// An answer in the words of the options.
pub fn in_words(question: &QuestionPolicy, value: &str) -> String {
    let text = |id: &str| {
        let option = question.options.iter().find(|(of, _)| of == id);
        option.map_or_else(|| id.to_owned(), |(_, text)| text.clone())
    };
    match question.kind {
        QuestionKind::Choice | QuestionKind::Choices => {
            let chosen: Vec<_> = value.split(',').map(text).collect();
            chosen.join("; ")
        }
        QuestionKind::Text
        | QuestionKind::YesNo
        | QuestionKind::Number
        | QuestionKind::Date
        | QuestionKind::Time
        | QuestionKind::DateTime
        | QuestionKind::Email => value.to_owned(),
    }
}

fn policy_of(question: &CheckInQuestion, classes: &[&TicketClass]) -> QuestionPolicy {
    let wanted = question.class_ids.as_ref();
    let options = question.options.iter().enumerate();
    QuestionPolicy {
        id: id_of(question),
        text: question.text.clone(),
        classes: wanted.map(|wanted| {
            let listed = classes.iter().filter(|class| wanted.contains(&class.id));
            listed.map(|class| class.index).collect()
        }),
        kind: match question.kind {
            AnswerKind::Text => QuestionKind::Text,
            AnswerKind::YesNo => QuestionKind::YesNo,
            AnswerKind::Number => QuestionKind::Number,
            AnswerKind::Choice => QuestionKind::Choice,
            AnswerKind::Choices => QuestionKind::Choices,
            AnswerKind::Date => QuestionKind::Date,
            AnswerKind::Time => QuestionKind::Time,
            AnswerKind::DateTime => QuestionKind::DateTime,
            AnswerKind::Email => QuestionKind::Email,
        },
        required: question.required,
        options: options
            .map(|(at, option)| {
                let id = option.id.clone().unwrap_or_else(|| (at + 1).to_string());
                (id, option.text.clone())
            })
            .collect(),
    }
}
