//! The first step, and how far the rest is.

use serde_json::json;
use shared::api::cancellation::{CancelEvent, CancellationView};
use shared::api::hooks::HookKind;
use shared::api::payments::RefundStatus;
use shared::api::tickets::TicketStatus;
use shared::ids::{EventId, JobId, JournalId};
use shared::limits::TITLE_CHARS_MAX;

use super::Error;
use super::jobs::WALK;
use super::model::{Cancellation, Left, Phase};
use crate::app::App;
use crate::events::model::Action;
use crate::events::{classes_of, owned_event, owned_event_in};
use crate::hooks::{self, Told};
use crate::inventory::model::{IssuedTicket, status_key};
use crate::payments::ledger::Refund;
use crate::platform::db::{DbError, LIMIT_MAX, Query};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob, Priority};
use crate::platform::journal::{self, Actor};

/// Tickets that are held, or that somebody has.
const LIVE: [TicketStatus; 4] = [
    TicketStatus::Held,
    TicketStatus::Paid,
    TicketStatus::Claimed,
    TicketStatus::Validated,
];

/// By the event's organizer. Again it says how far it is.
pub(super) async fn start(
    app: &App,
    caller: &Caller,
    id: EventId,
    wanted: CancelEvent,
) -> Result<CancellationView, Error> {
    let now = app.clock.now();
    let mut fields = Fields::default();
    let reason = fields.line("reason", &wanted.reason, 1, TITLE_CHARS_MAX);
    fields.done(())?;
    let job = JobId::new(now, app.entropy.id10());
    let line = JournalId::new(now, app.entropy.id10());
    let caller = *caller;
    let cancellation = app
        .db
        .write(move |tx| {
            let mut event = owned_event_in(tx, &caller, id)?;
            if let Some(known) = tx.get::<Cancellation>(&id.to_string())? {
                return Ok(known.value);
            }
            event.apply(Action::Cancel, now)?;
            tx.replace(&mut event)?;
            let cancellation = Cancellation {
                event: id,
                event_title: event.title.clone(),
                reason: reason.clone(),
                by: caller.user,
                started_at: now,
                phase: Phase::Walking { walk: 1, serial: 0 },
                repairs: 0,
                finished_at: None,
            };
            tx.insert(&cancellation)?;
            let walk = NewJob::new(job, WALK, json!({ "eventId": id }), now);
            jobs::enqueue(tx, walk.priority(Priority::High))?;
            let entry = journal::Entry::new(
                line,
                now,
                Actor::User(caller.user),
                "event.cancelled",
                journal::subject("event", id),
                json!({}),
            );
            journal::record(tx, &entry)?;
            let told = Told {
                kind: HookKind::EventCancelled,
                event: id,
                subject: id.to_string(),
            };
            hooks::announce(tx, &told, now)?;
            Ok::<_, Error>(cancellation)
        })
        .await?;
    let left = left(app, id).await?;
    Ok(cancellation.view(left))
}

pub(super) async fn show(
    app: &App,
    caller: &Caller,
    id: EventId,
) -> Result<CancellationView, Error> {
    owned_event(&app.db, caller, id).await?;
    let found = app.db.get::<Cancellation>(&id.to_string()).await?;
    let found = found.ok_or(Error::None)?;
    Ok(found.view(left(app, id).await?))
}

/// Counted, not kept: what was done is where it was done.
pub(super) async fn left(app: &App, event: EventId) -> Result<Left, DbError> {
    let mut left = Left::default();
    for class in classes_of(&app.db, event).await? {
        for status in LIVE {
            let query = Query::on("stock").eq(event).eq(class.id);
            let query = query.eq(status_key(status));
            left.tickets += app.db.count::<IssuedTicket>(&query).await?;
        }
    }
    let due = Query::on("by_due").eq(event).at_least(0_i64);
    let due = app.db.list::<Refund>(&due.limit(LIMIT_MAX)).await?;
    for refund in due.iter().filter(|of| of.status == RefundStatus::Due) {
        if refund.is_by_hand() {
            left.by_hand += 1;
        } else if !refund.contested {
            // A bank takes weeks, and nobody here can hurry it.
            left.refunds += 1;
        }
    }
    Ok(left)
}
