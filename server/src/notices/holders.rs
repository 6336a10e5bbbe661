//! What everybody who has a ticket for an event is told (E16): news by the organizer, another date, a
//! reminder the day before.
//!
//! An announcement is one row, written in the commit of what it tells about. A chain of jobs walks the
//! tickets, so many at a time; each reader gets one mail, whatever the jobs' luck, because its name
//! is made of announcement and address.

use std::collections::BTreeSet;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::ids::{EventId, JobId, UserId};
use shared::limits::ANNOUNCEMENT_CHARS_MAX;
use shared::time::Timestamp;

use super::{Mail, Outgoing};
use crate::app::{App, AppState};
use crate::error::ApiError;
use crate::events::{self, model::Event};
use crate::inventory::model::IssuedTicket;
use crate::orders::model::Order;
use crate::platform::db::{
    Collection, DbError, Entity, Field, Index, IndexValue, LIMIT_MAX, Query, Tx,
};
use crate::platform::http::Caller;
use crate::platform::jobs::{self, NewJob, Priority, Runner};
use crate::tickets::ClaimedTicket;

const TELL: &str = "mail.holders";
const REMIND: &str = "mail.remind";
/// Tickets in one job.
const BATCH: u32 = 200;
const REMIND_EVERY_SECS: i64 = 3_600;
const REMIND_BEFORE_SECS: i64 = 24 * 3_600;

/// Something that all holders are told, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// `news:<id>`, `changed:<event>:<revision>`, `soon:<event>`.
    pub id: String,
    pub event: EventId,
    pub mail: Mail,
    pub at: Timestamp,
    pub by: Option<UserId>,
}

impl Entity for Announcement {
    const COLLECTION: Collection = Collection {
        name: "announcements",
        fields: &[Field::text("event_id"), Field::int("at")],
        indexes: &[Index::on("by_event", &["event_id", "at"])],
    };
    fn id(&self) -> String {
        self.id.clone()
    }
    fn index(&self) -> Vec<IndexValue> {
        vec![self.event.into(), self.at.into()]
    }
}

/// Writes it down and begins to tell. Idempotent.
pub fn announce(tx: &mut Tx<'_>, what: &Announcement, job: JobId) -> Result<(), DbError> {
    if tx.get::<Announcement>(&what.id)?.is_none() {
        tx.insert(what)?;
        jobs::enqueue(tx, tell(job, &what.id, None, what.at))?;
    }
    Ok(())
}

fn tell(job: JobId, announcement: &str, after: Option<&str>, at: Timestamp) -> NewJob {
    let payload = json!({ "announcement": announcement, "after": after });
    NewJob::new(job, TELL, payload, at).priority(Priority::Low)
}

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(TELL, |app, payload| async move {
        let id = payload["announcement"]
            .as_str()
            .context("no announcement")?;
        tell_some(&app, id, payload["after"].as_str()).await?;
        Ok(())
    });
    runner.register(REMIND, |app, _payload| async move {
        remind(&app).await?;
        let next = app.clock.now().plus_secs(REMIND_EVERY_SECS);
        schedule(&app, next).await?;
        Ok(())
    });
}

/// News by the event's people.
pub(super) async fn news(
    app: &App,
    caller: &Caller,
    event: EventId,
    words: &str,
) -> Result<Announcement, ApiError> {
    let words = words.trim();
    let chars = words.chars().count();
    if chars == 0 || chars > ANNOUNCEMENT_CHARS_MAX {
        let why = format!("must have 1 to {ANNOUNCEMENT_CHARS_MAX} characters");
        return Err(ApiError::field("words", why));
    }
    let event = events::owned_event(&app.db, caller, event).await?;
    let now = app.clock.now();
    let job = JobId::new(now, app.entropy.id10());
    let what = Announcement {
        id: format!("news:{job}"),
        event: event.id,
        mail: Mail::EventNews {
            event: event.id,
            title: event.title.clone(),
            words: words.to_owned(),
        },
        at: now,
        by: Some(caller.user),
    };
    let told = what.clone();
    app.db.write(move |tx| announce(tx, &told, job)).await?;
    Ok(what)
}

/// Plans the look for events that are near; one that waits already is enough.
pub async fn schedule(app: &App, at: Timestamp) -> Result<(), DbError> {
    let now = app.clock.now();
    let id = JobId::new(now, app.entropy.id10());
    let job = NewJob::new(id, REMIND, Value::Null, now).run_at(at);
    let job = job.priority(Priority::Low).dedupe(REMIND);
    app.db.write(move |tx| jobs::enqueue(tx, job.clone())).await
}

/// Announces each published event that begins within a day, once.
pub(super) async fn remind(app: &App) -> Result<(), DbError> {
    let now = app.clock.now();
    let until = now.plus_secs(REMIND_BEFORE_SECS);
    let query = Query::on("by_end").eq("PUBLISHED").more_than(now);
    for event in app.db.list::<Event>(&query.limit(LIMIT_MAX)).await? {
        if event.start <= now || event.start > until {
            continue;
        }
        let what = Announcement {
            id: format!("soon:{}", event.id),
            event: event.id,
            mail: Mail::EventSoon {
                event: event.id,
                title: event.title.clone(),
                when: event.in_words(event.start),
            },
            at: now,
            by: None,
        };
        let job = JobId::new(now, app.entropy.id10());
        app.db.write(move |tx| announce(tx, &what, job)).await?;
    }
    Ok(())
}

async fn tell_some(app: &App, id: &str, after: Option<&str>) -> Result<(), DbError> {
    let Some(what) = app.db.get::<Announcement>(id).await? else {
        return Ok(());
    };
    let query = Query::on("by_serial").eq(what.event).limit(BATCH);
    let page = app.db.page::<IssuedTicket>(&query.after(after)).await?;
    let mut readers = BTreeSet::new();
    for ticket in &page.items {
        readers.extend(readers_of(app, ticket).await?);
    }
    let now = app.clock.now();
    let mails: Vec<_> = readers
        .iter()
        .map(|reader| {
            let hash = blake3::derive_key("gatehouse announcement reader", reader.as_bytes());
            let hash = data_encoding::HEXLOWER.encode(&hash[..16]);
            Outgoing::new(app, format!("{id}:{hash}"), reader, what.mail.clone(), now)
        })
        .collect();
    let job = JobId::new(now, app.entropy.id10());
    let next = page.next.map(|cursor| tell(job, id, Some(&cursor), now));
    app.db
        .write(move |tx| {
            for mail in &mails {
                mail.post(tx)?;
            }
            match &next {
                Some(next) => jobs::enqueue(tx, next.clone()),
                None => Ok(()),
            }
        })
        .await
}

/// Who bought the ticket, and who will come with it.
async fn readers_of(app: &App, ticket: &IssuedTicket) -> Result<Vec<String>, DbError> {
    let Some(order) = ticket.order_id.filter(|_| ticket.is_sold()) else {
        return Ok(Vec::new());
    };
    let order = app.db.get::<Order>(&order.to_string()).await?;
    let query = Query::on("by_ticket").eq(ticket.id).limit(1);
    let claimed = app.db.list::<ClaimedTicket>(&query).await?;
    let readers = order.map(|order| order.into_inner().buyer.email);
    let readers = readers.into_iter();
    let readers = readers.chain(claimed.into_iter().map(|of| of.into_inner().attendee.email));
    Ok(readers
        .map(|reader| reader.trim().to_ascii_lowercase())
        // Whose data was erased.
        .filter(|reader| !reader.ends_with("@invalid"))
        .collect())
}
