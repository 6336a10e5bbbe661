//! All answers of an event as a table: a line an answer, in the wording in which it was asked.

use axum::body::{Body, Bytes};
use futures::stream::try_unfold;
use shared::api::orders::{OrderAnswersView, TicketAnswersView};
use shared::api::tickets::AnswerView;
use shared::ids::EventId;

use super::view::Reader;
use crate::app::{App, AppState};
use crate::events::owned_event;
use crate::orders::error::Error;
use crate::platform::csv;
use crate::platform::db::DbError;
use crate::platform::http::Caller;

/// Orders that are read at once: memory stays small however large the event is.
const PAGE: u32 = 50;
const HEADINGS: [&str; 13] = [
    "order",
    "status",
    "buyer",
    "buyer e-mail",
    "ticket",
    "class",
    "seat",
    "attendee",
    "attendee e-mail",
    "question id",
    "question",
    "answer",
    "answered at",
];

/// Where the export is: what comes next.
enum At {
    Start,
    Page(Option<String>),
    End,
}

/// For the organizer: written as it is read.
pub(super) async fn export(app: &AppState, caller: &Caller, event: EventId) -> Result<Body, Error> {
    let event = owned_event(&app.db, caller, event).await?;
    let reader = Reader::new(&app.db, &event, app.clock.now()).await?;
    let app = AppState::clone(app);
    let lines = try_unfold((app, reader, At::Start), |(app, reader, at)| async move {
        let (text, next) = match at {
            At::Start => (csv::start(&HEADINGS), At::Page(None)),
            At::Page(cursor) => page(&app, &reader, cursor.as_deref()).await?,
            At::End => return Ok(None),
        };
        Ok::<_, DbError>(Some((Bytes::from(text), (app, reader, next))))
    });
    Ok(Body::from_stream(lines))
}

async fn page(app: &App, reader: &Reader, cursor: Option<&str>) -> Result<(String, At), DbError> {
    let (orders, next) = reader.page(&app.db, PAGE, cursor).await?;
    let mut text = String::new();
    for order in &orders {
        lines(order, &mut text);
    }
    Ok((text, next.map_or(At::End, |next| At::Page(Some(next)))))
}

fn lines(order: &OrderAnswersView, text: &mut String) {
    for answer in &order.answers {
        line(order, None, Some(answer), text);
    }
    for ticket in &order.tickets {
        for answer in &ticket.answers {
            line(order, Some(ticket), Some(answer), text);
        }
        // A name is worth a line too.
        if ticket.answers.is_empty() && ticket.attendee.is_some() {
            line(order, Some(ticket), None, text);
        }
    }
}

fn line(
    order: &OrderAnswersView,
    ticket: Option<&TicketAnswersView>,
    answer: Option<&AnswerView>,
    text: &mut String,
) {
    let attendee = ticket.and_then(|ticket| ticket.attendee.as_ref());
    let status = format!("{:?}", order.status).to_uppercase();
    let cells = [
        order.order_id.to_string(),
        status,
        order.buyer.name.clone(),
        order.buyer.email.clone(),
        ticket
            .map(|of| of.ticket_id.to_string())
            .unwrap_or_default(),
        ticket.map(|of| of.class_name.clone()).unwrap_or_default(),
        ticket.and_then(|of| of.seat.clone()).unwrap_or_default(),
        attendee.map(|of| of.name.clone()).unwrap_or_default(),
        attendee.map(|of| of.email.clone()).unwrap_or_default(),
        answer.map(|of| of.question.clone()).unwrap_or_default(),
        answer.and_then(|of| of.text.clone()).unwrap_or_default(),
        answer
            .map(|of| of.words.clone().unwrap_or_else(|| of.value.clone()))
            .unwrap_or_default(),
        answer.map(|of| of.at.to_string()).unwrap_or_default(),
    ];
    csv::line(&cells, text);
}
