//! Checking in ahead on the ticket's page (V7): what is said of it, and its form. Pure.
//!
//! Invariants: complete without script; what was typed and refused is there again, with the reason
//! beside it; nobody takes it for the entry.

use std::collections::BTreeMap;

use maud::{Markup, html};
use shared::admission::answers::ANSWER_CHARS_MAX;
use shared::api::check_in::{AnswerKind, AnswerOption, CheckInQuestion};
use shared::api::pre_check_in::{PreCheckInState, PreCheckInView};
use shared::limits::EMAIL_CHARS_MAX;
use shared::time::Timestamp;

use super::times;

/// A form that came back: what was sent, and what is wrong with it by question.
#[derive(Debug, Default)]
pub(super) struct Refused {
    said: BTreeMap<String, String>,
    wrong: BTreeMap<String, String>,
}

impl Refused {
    pub(super) fn new(form: Vec<(String, String)>, wrong: Vec<(String, String)>) -> Self {
        let mut said: BTreeMap<String, String> = BTreeMap::new();
        for (question, value) in form {
            let said = said.entry(question).or_default();
            if !said.is_empty() {
                said.push(',');
            }
            said.push_str(&value);
        }
        let wrong = wrong.into_iter().collect();
        Self { said, wrong }
    }
}

/// Nothing where the event has none, or nobody comes in by the ticket.
pub(super) fn section(
    view: &PreCheckInView,
    refused: Option<&Refused>,
    now: Timestamp,
    zone: &str,
) -> Markup {
    let (Some(opens), Some(closes), None) = (view.opens_at, view.closes_at, view.barred) else {
        return html! {};
    };
    let until = times::short(closes, now, zone);
    let content = match (view.state, view.done_at) {
        (PreCheckInState::Off, _) => return html! {},
        (PreCheckInState::Early, _) => html! {
            p { "Check-in ahead opens on " (times::long(opens, zone)) "." }
        },
        (PreCheckInState::Open, None) => html! {
            p { "Until " (until) ". At the entrance you only show your code." }
            (form(view, refused, zone, "Check in"))
        },
        (PreCheckInState::Open, Some(_)) if view.questions.is_empty() => done(),
        (PreCheckInState::Open, Some(_)) => html! {
            (done())
            details open[refused.is_some()] {
                summary { "Change your answers, until " (until) }
                (form(view, refused, zone, "Save"))
            }
        },
        (PreCheckInState::Closed, None) => html! {
            p { "Check-in ahead is over. Come to the entrance with your code; staff ask you there." }
        },
        (PreCheckInState::Closed, Some(_)) => done(),
    };
    html! {
        section.card.ahead aria-labelledby="ahead" {
            h2 #ahead { "Check in ahead" }
            (content)
        }
    }
}

/// At the top of the page, while there is something to do below.
pub(super) fn hint(view: &PreCheckInView) -> Markup {
    let waits = view.state == PreCheckInState::Open && view.barred.is_none();
    html! {
        @if waits && view.done_at.is_none() {
            p.ahead { a href="#ahead" { "Check in ahead" } ": then the entrance asks you nothing." }
        }
    }
}

fn done() -> Markup {
    html! {
        p.done role="status" { strong { "You are checked in ahead." } }
        p { "Show your code at the entrance: it is not used up yet." }
    }
}

/// It is sent to the page's own address, and what comes of it is looked at in its place.
fn form(view: &PreCheckInView, refused: Option<&Refused>, zone: &str, send: &str) -> Markup {
    let general = refused.filter(|refused| {
        let known = |id: &String| view.questions.iter().any(|of| of.id.as_ref() == Some(id));
        !refused.wrong.keys().all(known)
    });
    html! {
        form method="post" action="#ahead" {
            @if refused.is_some() {
                p.wrong role="alert" { "Please look at your answers again." }
            }
            @if general.is_some() {
                p.wrong { "The questions have changed meanwhile." }
            }
            @for question in &view.questions {
                (field(&Field::new(question, view, refused), zone))
            }
            button type="submit" { (send) }
        }
    }
}

/// A question with what stands in its field.
struct Field<'a> {
    question: &'a CheckInQuestion,
    id: &'a str,
    value: &'a str,
    wrong: Option<&'a str>,
}

impl<'a> Field<'a> {
    fn new(
        question: &'a CheckInQuestion,
        view: &'a PreCheckInView,
        refused: Option<&'a Refused>,
    ) -> Self {
        let id = question.id.as_deref().unwrap_or_default();
        let kept = view.answers.iter().find(|answer| answer.question == id);
        let value = match refused {
            Some(refused) => refused.said.get(id).map(String::as_str),
            None => kept.map(|answer| answer.value.as_str()),
        };
        let wrong = refused.and_then(|refused| refused.wrong.get(id));
        Self {
            question,
            id,
            value: value.unwrap_or_default(),
            wrong: wrong.map(String::as_str),
        }
    }

    fn has(&self, option: &AnswerOption) -> bool {
        let mut taken = self.value.split(',');
        taken.any(|taken| option.id.as_deref() == Some(taken))
    }
}

fn field(field: &Field<'_>, zone: &str) -> Markup {
    let (question, name) = (field.question, field.id);
    let (id, hint) = (format!("q-{name}"), format!("w-{name}"));
    let described = field.wrong.map(|_| hint.as_str());
    let invalid = field.wrong.map(|_| "true");
    let text = html! {
        (question.text)
        @if !question.required && question.kind != AnswerKind::YesNo {
            span.quiet { " (if you like)" }
        }
    };
    let wrong = html! {
        @if let Some(why) = field.wrong { p.wrong id=(hint) { "This " (why) "." } }
    };
    match question.kind {
        AnswerKind::YesNo => html! {
            div.field {
                label.tick {
                    input type="checkbox" name=(name) value="yes" id=(id) checked[field.value == "yes"]
                        required[question.required] aria-describedby=[described] aria-invalid=[invalid];
                    span { (text) }
                }
                (wrong)
            }
        },
        AnswerKind::Choices => html! {
            fieldset.field aria-describedby=[described] aria-invalid=[invalid] {
                legend { (text) }
                @for option in &question.options {
                    label.tick {
                        input type="checkbox" name=(name) value=[&option.id] checked[field.has(option)];
                        span { (option.text) }
                    }
                }
                (wrong)
            }
        },
        AnswerKind::Choice => html! {
            div.field {
                label for=(id) { (text) }
                select id=(id) name=(name) required[question.required]
                    aria-describedby=[described] aria-invalid=[invalid] {
                    option value="" { "Please choose" }
                    @for option in &question.options {
                        option value=[&option.id] selected[field.has(option)] { (option.text) }
                    }
                }
                (wrong)
            }
        },
        kind => html! {
            div.field {
                label for=(id) { (text) }
                (input(kind, field, &id, zone))
                (wrong)
            }
        },
    }
}

/// A field of one line, with the keyboard that goes with it.
fn input(kind: AnswerKind, field: &Field<'_>, id: &str, zone: &str) -> Markup {
    let (kind, mode, value) = match kind {
        AnswerKind::Date => ("date", None, field.value.to_owned()),
        AnswerKind::Time => ("time", None, field.value.to_owned()),
        AnswerKind::DateTime => {
            // Kept in UTC, asked for on the event's clock.
            let at = field.value.parse::<Timestamp>();
            let local = at.map_or_else(|_| field.value.to_owned(), |at| times::typed(at, zone));
            ("datetime-local", None, local)
        }
        AnswerKind::Email => ("email", None, field.value.to_owned()),
        AnswerKind::Number => ("text", Some("decimal"), field.value.to_owned()),
        AnswerKind::Text | AnswerKind::YesNo | AnswerKind::Choice | AnswerKind::Choices => {
            ("text", None, field.value.to_owned())
        }
    };
    let longest = match kind {
        "email" => Some(EMAIL_CHARS_MAX),
        "text" => Some(ANSWER_CHARS_MAX),
        _ => None,
    };
    let described = field.wrong.map(|_| format!("w-{}", field.id));
    html! {
        input type=(kind) id=(id) name=(field.id) value=(value) inputmode=[mode] maxlength=[longest]
            required[field.question.required] aria-describedby=[described]
            aria-invalid=[field.wrong.map(|_| "true")];
    }
}
