//! Looking at the gates for what no incident tells: every minute, at each event that is on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::api::live::{AlertKind, LiveAlert};
use shared::ids::{EventId, JobId};
use shared::time::Timestamp;

use super::super::live::{Facts, Named, alerts, facts};
use super::super::model::GateDevice;
use super::mail::with_watch;
use super::model::{News, Watch, begins, is_of_incident};
use super::tell::{Telling, derived, over, tell};
use crate::app::{App, AppState};
use crate::events::{check_in::check_in_of, model::Event};
use crate::platform::db::{DbError, Query, Tx, Versioned};
use crate::platform::jobs::{self, NewJob, Priority, Runner};

/// Finds the events that are on: one job for all servers.
const LOOK: &str = "gate.look";
/// Looks at one.
const LOOK_AT: &str = "gate.look_at";
const EVERY_SECS: i64 = 60;
/// Doors may open so long before an event's start; when they do, its settings say.
const MAY_BEGIN_BEFORE_SECS: i64 = 2 * 86_400;
/// Events in one read.
const PAGE: u32 = 500;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    event: EventId,
}

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(LOOK, |app: AppState, _payload| async move {
        // The next one first: a look that fails is made up for by that one.
        let next = app.clock.now().plus_secs(EVERY_SECS);
        schedule(&app, next).await?;
        look(&app).await?;
        Ok(())
    });
    runner.register(LOOK_AT, |app: AppState, payload| async move {
        let Payload { event } = serde_json::from_value(payload)?;
        look_at(&app, event).await
    });
}

/// Plans the next look; one that waits already is enough.
pub async fn schedule(app: &App, at: Timestamp) -> Result<(), DbError> {
    let now = app.clock.now();
    let id = JobId::new(now, app.entropy.id10());
    let job = NewJob::new(id, LOOK, Value::Null, now).run_at(at);
    let job = job.priority(Priority::Low).dedupe(LOOK);
    app.db.write(move |tx| jobs::enqueue(tx, job.clone())).await
}

async fn look(app: &App) -> Result<(), DbError> {
    let now = app.clock.now();
    let mut cursor: Option<String> = None;
    loop {
        let on = Query::on("by_end")
            .eq("PUBLISHED")
            .at_least(now)
            .limit(PAGE);
        let page = app.db.page::<Event>(&on.after(cursor.as_deref())).await?;
        let mut ids = Vec::new();
        for event in &page.items {
            let is_near = event.start.plus_secs(-MAY_BEGIN_BEFORE_SECS) <= now;
            if is_near && has_devices(app, event.id).await? {
                ids.push(event.id);
            }
        }
        if !ids.is_empty() {
            app.db.write(move |tx| enqueue(tx, &ids, now)).await?;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(()),
        }
    }
}

async fn has_devices(app: &App, event: EventId) -> Result<bool, DbError> {
    let one = Query::on("by_event").eq(event).limit(1);
    Ok(!app.db.list::<GateDevice>(&one).await?.is_empty())
}

fn enqueue(tx: &mut Tx<'_>, events: &[EventId], now: Timestamp) -> Result<(), DbError> {
    for event in events {
        let name = format!("{LOOK_AT}:{event}");
        let id = JobId::new(now, derived("gatehouse gate look", &name));
        let payload = serde_json::to_value(Payload { event: *event })?;
        let job = NewJob::new(id, LOOK_AT, payload, now);
        jobs::enqueue(tx, job.priority(Priority::Low).dedupe(name))?;
    }
    Ok(())
}

async fn look_at(app: &App, event: EventId) -> anyhow::Result<()> {
    let now = app.clock.now();
    let facts = facts(app, event, now).await?;
    let doors = check_in_of(&app.db, event).await?.doors_date;
    let begins = begins(facts.event.start, doors);
    if now < begins || now > facts.event.end {
        return Ok(());
    }
    let found = found(&facts, begins, now);
    app.db
        .write(move |tx| {
            let named = Named::new(&facts.devices, &facts.gates);
            note(tx, event, (&found, &named), now)
        })
        .await?;
    Ok(())
}

/// What the live view warns of, without what is told as an incident. A device that has not spoken since
/// the event's hours began is in a drawer still: nobody at the gates misses it.
fn found(facts: &Facts, begins: Timestamp, now: Timestamp) -> Vec<LiveAlert> {
    let is_missed = |alert: &LiveAlert| alert.kind != AlertKind::SilentDevice || alert.at >= begins;
    alerts(facts, now)
        .into_iter()
        .filter(|alert| !is_of_incident(alert.kind) && is_missed(alert))
        .collect()
}

/// Tells what is new, in the commit that remembers that it stands.
fn note(
    tx: &mut Tx<'_>,
    event: EventId,
    (found, named): (&[LiveAlert], &Named<'_>),
    now: Timestamp,
) -> Result<(), DbError> {
    let names: BTreeSet<String> = found.iter().map(|alert| alert.id.clone()).collect();
    let stored = tx.get::<Watch>(&event.to_string())?;
    let mut watch = stored.map_or_else(|| Watch::new(event), Versioned::into_inner);
    if watch.look(&names, now) == News::default() {
        return Ok(());
    }
    let news = with_watch(tx, event, |watch| watch.look(&names, now))?;
    for (about, told_at) in &news.over {
        over(tx, event, about, *told_at, now)?;
    }
    let begun = found.iter().filter(|alert| news.begun.contains(&alert.id));
    for alert in begun {
        let told = Telling {
            event,
            alert: alert.clone(),
            told_at: now,
            over_at: None,
        };
        tell(tx, told, named, now)?;
    }
    Ok(())
}
