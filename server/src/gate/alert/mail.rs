//! The mail to an event's people: what was told since the one before, gathered.

use serde::{Deserialize, Serialize};
use shared::api::organizations::Right;
use shared::ids::{EventId, JobId};
use shared::time::Timestamp;

use super::model::{Alert, MAIL_EVERY_SECS, Mailing, WAITS, Watch, is_mailed};
use super::tell::derived;
use crate::app::{App, AppState};
use crate::events::{self, check_in::check_in_in, model::Event};
use crate::notices::{self, AlertLine, GateAlertsMail, Mail};
use crate::platform::db::{DbError, Query, Tx};
use crate::platform::jobs::{self, NewJob, Runner};

/// Writes the mail that is due.
const MAIL: &str = "gate.alert_mail";
/// Alerts in one mail; the others come with the next.
const ALERTS_MAX: usize = 100;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    event: EventId,
}

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(MAIL, |app: AppState, payload| async move {
        let Payload { event } = serde_json::from_value(payload)?;
        mail(&app, event).await?;
        Ok(())
    });
}

/// Changes the event's watch, as it is stored or as it begins.
pub(super) fn with_watch<T>(
    tx: &mut Tx<'_>,
    event: EventId,
    change: impl FnOnce(&mut Watch) -> T,
) -> Result<T, DbError> {
    if let Some(mut stored) = tx.get::<Watch>(&event.to_string())? {
        let changed = change(&mut stored);
        tx.replace(&mut stored)?;
        return Ok(changed);
    }
    let mut fresh = Watch::new(event);
    let changed = change(&mut fresh);
    tx.insert(&fresh)?;
    Ok(changed)
}

/// In the commit that tells the alert `name`: the next mail will have it.
///
/// The watch is written although nothing in it changes. The job that mails writes it too, so of the two
/// commits the second sees the first: either the mail has the alert, or a job for the next mail is made.
pub(super) fn plan_mail(
    tx: &mut Tx<'_>,
    event: EventId,
    name: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    let at = with_watch(tx, event, |watch| watch.mail_at(now))?;
    enqueue(tx, event, name, (now, at))
}

fn enqueue(
    tx: &mut Tx<'_>,
    event: EventId,
    name: &str,
    (now, at): (Timestamp, Timestamp),
) -> Result<(), DbError> {
    let job = JobId::new(now, derived("gatehouse gate alert mail", name));
    let payload = serde_json::to_value(Payload { event })?;
    let job = NewJob::new(job, MAIL, payload, now).run_at(at);
    jobs::enqueue(tx, job.dedupe(format!("{MAIL}:{event}")))
}

async fn mail(app: &App, event: EventId) -> Result<(), DbError> {
    let now = app.clock.now();
    app.db.write(move |tx| write(tx, event, now)).await
}

/// One commit: the mail is in the outbox, or what it would tell still waits.
fn write(tx: &mut Tx<'_>, event: EventId, now: Timestamp) -> Result<(), DbError> {
    let Some(event) = tx.get::<Event>(&event.to_string())? else {
        return Ok(());
    };
    let limit = u32::try_from(ALERTS_MAX + 1).unwrap_or(u32::MAX);
    let waits = Query::on("by_mail").eq(event.id).eq(WAITS).limit(limit);
    let mut waiting = tx.list::<Alert>(&waits)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let name = format!("gate_alerts:{}:{}", event.id, now.as_millis());
    let last = with_watch(tx, event.id, |watch| watch.mail_after())?;
    if let Some(at) = last.filter(|at| *at > now) {
        return enqueue(tx, event.id, &name, (now, at));
    }
    let more = waiting.len() > ALERTS_MAX;
    waiting.truncate(ALERTS_MAX);
    let contact = events::contact_in(tx, &event, Right::Gates)?;
    // The settings may have changed since.
    let wanted = check_in_in(tx, event.id)?.alert_mails;
    let mut lines = Vec::with_capacity(waiting.len());
    for alert in &mut waiting {
        alert.mail = Mailing::Never;
        if contact.is_some() && is_mailed(wanted, alert.alert.kind) {
            alert.mail = Mailing::Told { at: now };
            lines.push(line(&event, alert));
        }
        tx.replace(alert)?;
    }
    if let Some(contact) = contact.filter(|_| !lines.is_empty()) {
        let mail = Mail::GateAlerts(GateAlertsMail {
            name: contact.username.clone(),
            event: event.id,
            title: event.title.clone(),
            alerts: lines,
            more,
        });
        notices::tell(tx, name.clone(), &contact.email, mail, now)?;
        with_watch(tx, event.id, |watch| watch.mailed_at = Some(now))?;
    }
    if more {
        let next = now.plus_secs(MAIL_EVERY_SECS);
        enqueue(tx, event.id, &name, (now, next))?;
    }
    Ok(())
}

fn line(event: &Event, alert: &Alert) -> AlertLine {
    AlertLine {
        at: event.in_words(alert.alert.at),
        gate: alert.gate.clone(),
        says: alert.alert.message.clone(),
        over: alert.over_at.map(|at| event.in_words(at)),
    }
}
