//! What holders answered to the questions of their event: in the order, or at a gate (S56, S58).
//!
//! Invariants: kept in the one form of `shared::admission::answers`; the latest word on a question
//! counts; a ticket that has answered all that a gate asks says so in its row, so no gate asks
//! again. A question that is added later is not asked of whoever had answered before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::admission::answers::{Answer, Demand, Wrong, check};
use shared::api::check_in::CheckInQuestion;
use shared::api::tickets::{AnswerView, AnswersView, SetAnswers};
use shared::ids::{ClaimedTicketId, DeviceId, EventId};
use shared::time::Timestamp;
use shared::trust::QuestionPolicy;
use shared::trust::questions::QUESTIONS_MAX;

use super::find::may_see;
use super::{ClaimedTicket, Error};
use crate::app::App;
use crate::events::check_in::{check_in_in, question_policies};
use crate::events::model::{Event, TicketClass};
use crate::events::{self, classes_in};
use crate::gate;
use crate::platform::db::{Collection, Entity, IndexValue, Tx, Versioned};
use crate::platform::fields::{Fields, Invalid};
use crate::platform::http::Caller;

/// All answers of one ticket, by the id of the question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketAnswers {
    pub ticket: ClaimedTicketId,
    pub event: EventId,
    pub given: BTreeMap<String, Given>,
}

/// Empty where an optional question was left open on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub value: String,
    pub at: Timestamp,
    /// Where it was said; `None` in the order.
    pub device: Option<DeviceId>,
}

impl Entity for TicketAnswers {
    const COLLECTION: Collection = Collection {
        name: "ticket_answers",
        fields: &[],
        indexes: &[],
    };
    fn id(&self) -> String {
        self.ticket.to_string()
    }
    fn index(&self) -> Vec<IndexValue> {
        Vec::new()
    }
}

/// For the holder, the organizer and administrators; 404 for others.
pub(super) async fn show(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<AnswersView, Error> {
    let ticket = super::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    let event = app.db.get::<Event>(&ticket.event_id.to_string()).await?;
    let event = event.filter(|event| may_see(caller, &ticket, event));
    let event = event.ok_or(Error::NotFound)?;
    let settings = events::check_in_of(&app.db, event.id).await?.questions;
    let classes = events::classes_of(&app.db, event.id).await?;
    let asked = Asked::new(settings, &classes, &event);
    let found = app.db.get::<TicketAnswers>(&id.to_string()).await?;
    Ok(asked.view(&ticket, &Record::of(found, &ticket)))
}

/// Answers some or all questions, ahead of the gate. The others stay as they are.
pub(super) async fn set(
    app: &App,
    caller: &Caller,
    id: ClaimedTicketId,
    wanted: SetAnswers,
    now: Timestamp,
) -> Result<AnswersView, Error> {
    let caller = *caller;
    app.db
        .write(move |tx| {
            let (mut ticket, event) = visible(tx, &caller, id)?;
            let asked = Asked::of(tx, &event)?;
            let good = asked.checked(&ticket, &wanted.answers)?;
            let mut stored = stored(tx, &ticket)?;
            stored.put(good, now, None);
            save(tx, &mut stored)?;
            note_answered(tx, &mut ticket, &asked, &stored, now)?;
            Ok(asked.view(&ticket, &stored))
        })
        .await
}

/// Keeps what a device took at an admission, in the words in which it took it: whoever is inside
/// cannot be asked again.
pub fn keep_answers(
    tx: &mut Tx<'_>,
    id: ClaimedTicketId,
    answers: Vec<Answer>,
    device: DeviceId,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
    let mut ticket = ticket.ok_or(Error::NotFound)?;
    let event = events::event_in(tx, ticket.event_id)?;
    let asked = Asked::of(tx, &event)?;
    let mut stored = stored(tx, &ticket)?;
    stored.put(answers, at, Some(device));
    save(tx, &mut stored)?;
    note_answered(tx, &mut ticket, &asked, &stored, now)
}

fn visible(
    tx: &mut Tx<'_>,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<(Versioned<ClaimedTicket>, Event), Error> {
    let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
    let ticket = ticket.ok_or(Error::NotFound)?;
    let event = events::event_in(tx, ticket.event_id)?.into_inner();
    if !may_see(caller, &ticket, &event) {
        return Err(Error::NotFound);
    }
    Ok((ticket, event))
}

/// The stored answers, or a record that is not stored yet.
enum Record {
    Stored(Versioned<TicketAnswers>),
    New(TicketAnswers),
}

fn stored(tx: &mut Tx<'_>, ticket: &ClaimedTicket) -> Result<Record, Error> {
    let found = tx.get::<TicketAnswers>(&ticket.id.to_string())?;
    Ok(Record::of(found, ticket))
}

fn save(tx: &mut Tx<'_>, record: &mut Record) -> Result<(), Error> {
    match record {
        Record::Stored(stored) => tx.replace(stored)?,
        Record::New(new) => {
            tx.insert(new)?;
        }
    }
    Ok(())
}

impl Record {
    fn of(found: Option<Versioned<TicketAnswers>>, ticket: &ClaimedTicket) -> Self {
        let new = || TicketAnswers {
            ticket: ticket.id,
            event: ticket.event_id,
            given: BTreeMap::new(),
        };
        found.map_or_else(|| Self::New(new()), Self::Stored)
    }

    const fn given(&self) -> &BTreeMap<String, Given> {
        match self {
            Self::Stored(stored) => &stored.value.given,
            Self::New(new) => &new.given,
        }
    }

    /// A word that is older than the one that is kept changes nothing: devices report late.
    fn put(&mut self, answers: Vec<Answer>, at: Timestamp, device: Option<DeviceId>) {
        let given = match self {
            Self::Stored(stored) => &mut stored.value.given,
            Self::New(new) => &mut new.given,
        };
        for Answer { question, value } in answers {
            if given.get(&question).is_none_or(|kept| kept.at <= at) {
                given.insert(question, Given { value, at, device });
            }
        }
    }

    fn answers(&self) -> Vec<Answer> {
        let given = self.given().iter();
        given
            .map(|(question, given)| Answer {
                question: question.clone(),
                value: given.value.clone(),
            })
            .collect()
    }
}

/// What the event asks.
struct Asked {
    settings: Vec<CheckInQuestion>,
    all: Vec<QuestionPolicy>,
    at_gate: Vec<QuestionPolicy>,
    timezone: String,
}

impl Asked {
    fn of(tx: &mut Tx<'_>, event: &Event) -> Result<Self, Error> {
        let settings = check_in_in(tx, event.id)?.questions;
        let classes = classes_in(tx, event.id)?;
        Ok(Self::new(settings, &classes, event))
    }

    fn new(settings: Vec<CheckInQuestion>, classes: &[TicketClass], event: &Event) -> Self {
        let classes: Vec<_> = classes.iter().collect();
        Self {
            all: question_policies(&settings, &classes, false),
            at_gate: question_policies(&settings, &classes, true),
            timezone: event.timezone.clone(),
            settings,
        }
    }

    /// Good answers in their normal form, or all that is wrong with them.
    fn checked(&self, ticket: &ClaimedTicket, given: &[Answer]) -> Result<Vec<Answer>, Invalid> {
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
        let checked = self.check(&self.all, ticket, given, Demand::AsAsked);
        for (question, wrong) in checked.1 {
            // What is left out now is asked later.
            if wrong != Wrong::Missing || seen.iter().any(|of| **of == question) {
                fields.wrong(question, wrong.to_string());
            }
        }
        fields.done(checked.0)
    }

    fn check(
        &self,
        questions: &[QuestionPolicy],
        ticket: &ClaimedTicket,
        given: &[Answer],
        demand: Demand,
    ) -> (Vec<Answer>, Vec<(String, Wrong)>) {
        let checked = check(questions, &self.timezone, ticket.class_index, given, demand);
        let open = checked.open.iter();
        let open = open.map(|open| (open.question.id.clone(), open.wrong));
        (checked.answers, open.collect())
    }

    fn view(&self, ticket: &ClaimedTicket, record: &Record) -> AnswersView {
        let text = |id: &str| {
            let asked = self.all.iter().find(|question| question.id == id);
            asked.map(|question| question.text.clone())
        };
        let (_, open) = self.check(&self.all, ticket, &record.answers(), Demand::AsAsked);
        let is_open = |question: &&CheckInQuestion| {
            let mut open = open.iter();
            open.any(|(id, _)| question.id.as_deref() == Some(id))
        };
        let given = record.given().iter();
        AnswersView {
            answers: given
                .map(|(id, given)| AnswerView {
                    question: id.clone(),
                    text: text(id),
                    value: given.value.clone(),
                    at: given.at,
                    device_id: given.device,
                })
                .collect(),
            open: self.settings.iter().filter(is_open).cloned().collect(),
        }
    }
}

/// Tells the gates when a ticket has answered all that they ask, or no longer has.
fn note_answered(
    tx: &mut Tx<'_>,
    ticket: &mut Versioned<ClaimedTicket>,
    asked: &Asked,
    record: &Record,
    now: Timestamp,
) -> Result<(), Error> {
    let (answers, open) = asked.check(&asked.at_gate, ticket, &record.answers(), Demand::AsAsked);
    let answered = open.is_empty() && !answers.is_empty();
    if ticket.answered != answered {
        ticket.answered = answered;
        tx.replace(ticket)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    Ok(())
}
