//! What holders answered to the questions of their event: in the order, or at a gate (S56, S58).
//!
//! Invariants: kept in the one form of `shared::admission::answers`; the latest word on a question
//! counts; a ticket that has answered all that a gate asks says so in its row, so no gate asks
//! again. A question that is added later is not asked of whoever had answered before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::admission::answers::Answer;
use shared::api::tickets::{AnswersView, SetAnswers};
use shared::ids::{ClaimedTicketId, DeviceId, EventId};
use shared::time::Timestamp;

use super::asked::Asked;
use super::find::{may_see, may_see_in};
use super::{ClaimedTicket, Error};
use crate::app::App;
use crate::events;
use crate::events::model::Event;
use crate::gate;
use crate::orders::form::{OrderForm, ensure_form};
use crate::platform::db::{Collection, Db, DbError, Entity, IndexValue, Tx, Versioned};
use crate::platform::http::Caller;

/// All answers of one ticket, by the id of the question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketAnswers {
    pub ticket: ClaimedTicketId,
    pub event: EventId,
    pub given: Answers,
}

/// Answers by the id of their question.
pub type Answers = BTreeMap<String, Given>;

/// Empty where an optional question was left open on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub value: String,
    pub at: Timestamp,
    /// Where it was said; `None` in the order.
    pub device: Option<DeviceId>,
    /// The question as it was put: whoever rewords it changes nothing of what was answered.
    #[serde(default)]
    pub text: Option<String>,
    /// The answer in the words of the options as they were.
    #[serde(default)]
    pub words: Option<String>,
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
    let event = event.ok_or(Error::NotFound)?;
    if !may_see(&app.db, caller, &ticket, &event).await? {
        return Err(Error::NotFound);
    }
    let settings = events::check_in_of(&app.db, event.id).await?;
    let classes = events::classes_of(&app.db, event.id).await?;
    let asked = Asked::new(settings, &classes, &event);
    let record = Record::read(&app.db, &ticket).await?;
    Ok(AnswersView {
        answers: asked.answers(record.given()),
        open: asked.open(ticket.class_index, &record),
    })
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
            if ticket.user_id == caller.user
                && let Some(until) = asked.until.filter(|until| now >= *until)
            {
                return Err(Error::AnswersClosed { until });
            }
            let good = asked.checked(ticket.class_index, &wanted.answers)?;
            let mut record = Record::find(tx, &ticket)?;
            record.put(&asked, good, now, None);
            record.save(tx, &ticket)?;
            note_answered(tx, &mut ticket, &asked, &record, now)?;
            Ok(AnswersView {
                answers: asked.answers(record.given()),
                open: asked.open(ticket.class_index, &record),
            })
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
    let mut record = Record::find(tx, &ticket)?;
    record.put(&asked, answers, at, Some(device));
    record.save(tx, &ticket)?;
    note_answered(tx, &mut ticket, &asked, &record, now)
}

/// The ticket is for somebody else now, who has said nothing yet. What a gate heard stays: it is of
/// an admission that was. The caller stores the ticket.
pub(super) fn set_aside(tx: &mut Tx<'_>, ticket: &mut ClaimedTicket) -> Result<(), Error> {
    let Record::Stored(mut stored) = Record::find(tx, ticket)? else {
        return Ok(());
    };
    stored.given.retain(|_, given| given.device.is_some());
    tx.replace(&mut stored)?;
    let event = events::event_in(tx, ticket.event_id)?;
    let asked = Asked::of(tx, &event)?;
    ticket.answered = asked.is_answered(ticket.class_index, &Record::Stored(stored));
    Ok(())
}

/// What the order said for a ticket that is claimed now becomes the ticket's own. The caller stores the
/// ticket.
pub(super) fn carry_over(tx: &mut Tx<'_>, ticket: &mut ClaimedTicket) -> Result<(), Error> {
    let form = tx.get::<OrderForm>(&ticket.order_id.to_string())?;
    let said = form.as_ref().and_then(|form| form.of(ticket.ticket_id));
    let Some(said) = said.filter(|said| !said.given.is_empty()) else {
        return Ok(());
    };
    let record = TicketAnswers {
        ticket: ticket.id,
        event: ticket.event_id,
        given: said.given.clone(),
    };
    tx.insert(&record)?;
    let event = events::event_in(tx, ticket.event_id)?;
    let asked = Asked::of(tx, &event)?;
    ticket.answered = asked.is_answered(ticket.class_index, &Record::New(record));
    Ok(())
}

/// Adds answers in the wording of now. A word that is older than the one that is kept changes nothing:
/// devices report late.
pub fn keep(
    given: &mut Answers,
    asked: &Asked,
    answers: Vec<Answer>,
    at: Timestamp,
    device: Option<DeviceId>,
) {
    for answer in answers {
        let kept = given.get(&answer.question);
        if kept.is_some_and(|kept| kept.at > at) {
            continue;
        }
        let (text, words) = asked.wording(&answer).unzip();
        let value = answer.value;
        given.insert(
            answer.question,
            Given {
                value,
                at,
                device,
                text,
                words,
            },
        );
    }
}

fn visible(
    tx: &mut Tx<'_>,
    caller: &Caller,
    id: ClaimedTicketId,
) -> Result<(Versioned<ClaimedTicket>, Event), Error> {
    let ticket = tx.get::<ClaimedTicket>(&id.to_string())?;
    let ticket = ticket.ok_or(Error::NotFound)?;
    let event = events::event_in(tx, ticket.event_id)?.into_inner();
    if !may_see_in(tx, caller, &ticket, &event)? {
        return Err(Error::NotFound);
    }
    Ok((ticket, event))
}

/// The stored answers, or a record that is not stored yet.
pub(super) enum Record {
    Stored(Versioned<TicketAnswers>),
    New(TicketAnswers),
}

impl Record {
    pub(super) async fn read(db: &Db, ticket: &ClaimedTicket) -> Result<Self, DbError> {
        let found = db.get::<TicketAnswers>(&ticket.id.to_string()).await?;
        Ok(Self::of(found, ticket))
    }

    pub(super) fn find(tx: &mut Tx<'_>, ticket: &ClaimedTicket) -> Result<Self, DbError> {
        let found = tx.get::<TicketAnswers>(&ticket.id.to_string())?;
        Ok(Self::of(found, ticket))
    }

    /// The order knows that something was answered for it.
    pub(super) fn save(&mut self, tx: &mut Tx<'_>, ticket: &ClaimedTicket) -> Result<(), DbError> {
        ensure_form(tx, ticket.order_id, ticket.event_id)?;
        match self {
            Self::Stored(stored) => tx.replace(stored),
            Self::New(new) => tx.insert(new).map(drop),
        }
    }

    fn of(found: Option<Versioned<TicketAnswers>>, ticket: &ClaimedTicket) -> Self {
        let new = || TicketAnswers {
            ticket: ticket.id,
            event: ticket.event_id,
            given: BTreeMap::new(),
        };
        found.map_or_else(|| Self::New(new()), Self::Stored)
    }

    pub(super) const fn given(&self) -> &Answers {
        match self {
            Self::Stored(stored) => &stored.value.given,
            Self::New(new) => &new.given,
        }
    }

    pub(super) fn put(
        &mut self,
        asked: &Asked,
        answers: Vec<Answer>,
        at: Timestamp,
        device: Option<DeviceId>,
    ) {
        let given = match self {
            Self::Stored(stored) => &mut stored.value.given,
            Self::New(new) => &mut new.given,
        };
        keep(given, asked, answers, at, device);
    }

    pub(super) fn answers(&self) -> Vec<Answer> {
        let given = self.given().iter();
        given
            .map(|(question, given)| Answer {
                question: question.clone(),
                value: given.value.clone(),
            })
            .collect()
    }
}

/// Tells the gates when a ticket has answered all that they ask, or no longer has.
pub(super) fn note_answered(
    tx: &mut Tx<'_>,
    ticket: &mut Versioned<ClaimedTicket>,
    asked: &Asked,
    record: &Record,
    now: Timestamp,
) -> Result<(), Error> {
    let answered = asked.is_answered(ticket.class_index, record);
    if ticket.answered != answered {
        ticket.answered = answered;
        tx.replace(ticket)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    Ok(())
}
