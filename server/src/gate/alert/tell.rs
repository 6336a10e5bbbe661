//! Telling one alert: its row, its webhooks and its place in the next mail, in one commit.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use shared::api::hooks::HookKind;
use shared::api::live::LiveAlert;
use shared::ids::{EventId, JobId};
use shared::time::Timestamp;

use super::super::incident::Incident;
use super::super::live::{Named, of_incident};
use super::super::model::GateDevice;
use super::mail::plan_mail;
use super::model::{Alert, Mailing, is_mailed};
use crate::app::{App, AppState};
use crate::events::{check_in::check_in_in, gates_in};
use crate::hooks;
use crate::platform::db::{DbError, Entity as _, Tx, Versioned};
use crate::platform::jobs::{self, Job, NewJob, Runner};

/// Tells of an incident.
const TELL: &str = "gate.tell";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    incident: String,
    at: Timestamp,
}

pub(super) fn register(runner: &mut Runner<AppState>) {
    runner.register(TELL, |app: AppState, payload| async move {
        let Payload { incident, at } = serde_json::from_value(payload).context("no incident")?;
        tell_incident(&app, incident, at).await?;
        Ok(())
    });
}

/// In the commit that stores the incident. That is a device's sync, which others wait for, so it writes
/// one job and leaves the rest to it.
pub(in super::super) fn tell_later(tx: &mut Tx<'_>, incident: &Incident) -> Result<(), DbError> {
    let payload = Payload {
        incident: incident.id(),
        at: incident.at,
    };
    let random = derived("gatehouse gate tell", &payload.incident);
    let job = JobId::new(incident.at, random);
    // Over and begun again within one moment is one piece of news.
    if tx.get::<Job>(&job.to_string())?.is_some() {
        return Ok(());
    }
    let payload = serde_json::to_value(payload)?;
    jobs::enqueue(tx, NewJob::new(job, TELL, payload, incident.at))
}

/// In the commit that resolves the incident.
pub(in super::super) fn incident_over(tx: &mut Tx<'_>, incident: &Incident) -> Result<(), DbError> {
    let Some(resolved_at) = incident.resolved_at else {
        return Ok(());
    };
    let about = of_incident(incident, &Named::default()).id;
    // Before its job has run there is no row, and the job finds the incident resolved.
    over(tx, incident.event, &about, incident.at, resolved_at)
}

/// Notes that an alert which was told is over.
pub(super) fn over(
    tx: &mut Tx<'_>,
    event: EventId,
    about: &str,
    told_at: Timestamp,
    now: Timestamp,
) -> Result<(), DbError> {
    match tx.get::<Alert>(&Alert::name(event, about, told_at))? {
        Some(mut alert) => {
            alert.over_at = Some(now);
            tx.replace(&mut alert)
        }
        None => Ok(()),
    }
}

async fn tell_incident(app: &App, id: String, at: Timestamp) -> Result<(), DbError> {
    let now = app.clock.now();
    app.db
        .write(move |tx| {
            let Some(incident) = tx.get::<Incident>(&id)? else {
                return Ok(());
            };
            // As it was when this job was made: it may have been over and begun again since.
            let mut incident = incident.into_inner();
            incident.at = at;
            let devices = devices_of(tx, &incident)?;
            let gates = gates_in(tx, incident.event)?;
            let named = Named::new(&devices, &gates);
            let told = Telling {
                event: incident.event,
                alert: of_incident(&incident, &named),
                told_at: at,
                over_at: incident.resolved_at,
            };
            tell(tx, told, &named, now)
        })
        .await
}

fn devices_of(tx: &mut Tx<'_>, incident: &Incident) -> Result<Vec<GateDevice>, DbError> {
    let mut devices = Vec::new();
    for device in incident.first.iter().chain([&incident.device]) {
        let stored = tx.get::<GateDevice>(&device.to_string())?;
        devices.extend(stored.map(Versioned::into_inner));
    }
    Ok(devices)
}

/// What is told, and when it began to be.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) event: EventId,
    pub(super) alert: LiveAlert,
    pub(super) told_at: Timestamp,
    pub(super) over_at: Option<Timestamp>,
}

/// Idempotent.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    told: Telling,
    named: &Named<'_>,
    now: Timestamp,
) -> Result<(), DbError> {
    let Telling {
        event,
        alert,
        told_at,
        over_at,
    } = told;
    let subject = Alert::name(event, &alert.id, told_at);
    if tx.get::<Alert>(&subject)?.is_some() {
        return Ok(());
    }
    let wanted = check_in_in(tx, event)?.alert_mails;
    let is_mailed = is_mailed(wanted, alert.kind);
    let row = Alert {
        event,
        told_at,
        gate: alert
            .gate_id
            .and_then(|id| named.gate(id))
            .map(str::to_owned),
        device: alert
            .device_id
            .and_then(|id| named.device(id))
            .map(str::to_owned),
        mail: if is_mailed {
            Mailing::Waits
        } else {
            Mailing::Never
        },
        over_at,
        alert,
    };
    tracing::info!(event.id = %event, alert.kind = ?row.alert.kind, "a gate alert is told");
    tx.insert(&row)?;
    let heard = hooks::Told {
        kind: HookKind::GateAlert,
        event,
        subject,
    };
    hooks::announce(tx, &heard, now)?;
    if is_mailed {
        plan_mail(tx, event, &row.id(), now)?;
    }
    Ok(())
}

/// In place of randomness: what is named happens once at a time.
pub(super) fn derived(purpose: &str, name: &str) -> [u8; 10] {
    let hash = blake3::derive_key(purpose, name.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    random
}
