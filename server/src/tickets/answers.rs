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
use crate::platform::db::{Collection, Db, DbError, Entity, IndexValue, Tx, Versioned};
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
    let event = event.ok_or(Error::NotFound)?;
    if !may_see(&app.db, caller, &ticket, &event).await? {
        return Err(Error::NotFound);
    }
    let settings = events::check_in_of(&app.db, event.id).await?;
    let classes = events::classes_of(&app.db, event.id).await?;
    let asked = Asked::new(settings, &classes, &event);
    let record = Record::read(&app.db, &ticket).await?;
    Ok(AnswersView {
        answers: asked.answers(&record),
        open: asked.open(&ticket, &record),
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
            let good = asked.checked(&ticket, &wanted.answers)?;
            let mut record = Record::find(tx, &ticket)?;
            record.put(good, now, None);
            record.save(tx)?;
            note_answered(tx, &mut ticket, &asked, &record, now)?;
            Ok(AnswersView {
                answers: asked.answers(&record),
                open: asked.open(&ticket, &record),
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
    record.put(answers, at, Some(device));
    record.save(tx)?;
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
    ticket.answered = asked.is_answered(ticket, &Record::Stored(stored));
    Ok(())
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

    pub(super) fn save(&mut self, tx: &mut Tx<'_>) -> Result<(), DbError> {
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

    pub(super) const fn given(&self) -> &BTreeMap<String, Given> {
        match self {
            Self::Stored(stored) => &stored.value.given,
            Self::New(new) => &new.given,
        }
    }

    /// A word that is older than the one that is kept changes nothing: devices report late.
    pub(super) fn put(&mut self, answers: Vec<Answer>, at: Timestamp, device: Option<DeviceId>) {
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
    let answered = asked.is_answered(ticket, record);
    if ticket.answered != answered {
        ticket.answered = answered;
        tx.replace(ticket)?;
        gate::mark_changed(tx, ticket.event_id, ticket.serial, now)?;
    }
    Ok(())
}
