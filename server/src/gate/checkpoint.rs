//! Signing off, after the event, where its logs end (gossip.md 3, ADR 0081).
//!
//! Invariants: the ends are read in the commit that stores the checkpoint, so it names what is
//! durable and no sync slips in between; roster's and snapshot's key both sign; what comes later is
//! taken as before and stands in the next one; who signs is told which devices are missing and has
//! to name those that are not waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shared::api::gate::{
    CheckpointState, CheckpointView, DeviceStatus, MissingDevice, MissingReason, SignedOffDevice,
};
use shared::ids::{DeviceId, EventId, JournalId, UserId};
use shared::sync::message::LOGS_MAX;
use shared::sync::{CheckpointRequest, CheckpointResponse};
use shared::time::Timestamp;
use shared::trust::{Checkpoint, Opened, Root, StatementKind};

use super::keys::EventKeys;
use super::model::{GateDevice, GateLog, StoredStatement};
use super::office::office_of;
use super::statements::{self, Races};
use super::sync::authenticate;
use super::{Error, publish, roster};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{DbError, LIMIT_MAX, Query, Tx, Versioned};
use crate::platform::http::Caller;
use crate::platform::journal::{self, Actor};

const KIND: StatementKind = StatementKind::Checkpoint;
/// It tells what was, so there is nothing to renew: archives are read after years.
const EXPIRES_SECS: i64 = 10 * 365 * 86_400;

/// Idempotent: what says the same as the newest is the newest.
pub(super) async fn sign(
    app: &App,
    caller: &Caller,
    event: EventId,
    without: Vec<DeviceId>,
    now: Timestamp,
) -> Result<CheckpointState, Error> {
    let event = events::owned_event(&app.db, caller, event)
        .await?
        .into_inner();
    let mut races = Races::default();
    loop {
        match attempt(app, caller.user, event.id, &without, now).await {
            Ok(()) => return state(app, &event, now).await,
            Err(error) => races.lost(error)?,
        }
    }
}

/// What was signed off last, and who is missing now.
pub(super) async fn show(
    app: &App,
    caller: &Caller,
    event: EventId,
    now: Timestamp,
) -> Result<CheckpointState, Error> {
    let event = events::owned_event(&app.db, caller, event)
        .await?
        .into_inner();
    state(app, &event, now).await
}

/// For a device that asks: `wire` is a `SignedRequest` of a `CheckpointRequest`, the answer a
/// `CheckpointResponse`.
pub(super) async fn give(app: &App, wire: &[u8]) -> Result<Vec<u8>, Error> {
    let (_, request) = authenticate(app, wire).await?;
    let CheckpointRequest::V1 {} = CheckpointRequest::from_wire(&request.body)?;
    let newest = statements::latest(&app.db, request.event, KIND).await?;
    let checkpoint = newest.map(|stored| stored.signed()).transpose()?;
    Ok(CheckpointResponse::V1 { checkpoint }.to_wire())
}

async fn attempt(
    app: &App,
    user: UserId,
    event: EventId,
    without: &[DeviceId],
    now: Timestamp,
) -> Result<(), Error> {
    let published = publish::refresh(app, event, now).await?;
    let trust = &published.trust;
    let signing = Signing {
        event,
        user,
        keys: Arc::clone(&trust.keys),
        root: statements::read::<Root>(&trust.root, &trust.keys.root)?.body,
        versions: (trust.roster.version, published.snapshot.version),
        without: without.iter().copied().collect(),
        line: JournalId::new(now, app.entropy.id10()),
        now,
    };
    app.db.write(move |tx| signing.store(tx)).await
}

struct Signing {
    event: EventId,
    user: UserId,
    keys: Arc<EventKeys>,
    root: Root,
    /// Of roster and snapshot.
    versions: (u64, u64),
    without: BTreeSet<DeviceId>,
    line: JournalId,
    now: Timestamp,
}

impl Signing {
    fn store(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let event = tx.get::<Event>(&self.event.to_string())?;
        let event = event.ok_or(Error::NotFound("event"))?;
        if self.now < event.end {
            return Err(Error::EventNotOver);
        }
        self.refuse_while_missing(tx, &event)?;
        let mut logs: Vec<_> = logs_in(tx, self.event)?
            .iter()
            .map(|log| (log.log(), log.head()))
            .collect();
        logs.sort_unstable_by_key(|(log, _)| *log);
        let body = Checkpoint {
            roster_version: self.versions.0,
            snapshot_version: self.versions.1,
            logs,
        };
        body.check()?;
        let newest = statements::latest_in(tx, self.event, KIND)?;
        if let Some(newest) = &newest
            && says_the_same(&open(newest, &self.root)?.body, &body)
        {
            return Ok(());
        }
        let details = serde_json::json!({
            "logs": body.logs.len(),
            "entries": body.entries(),
            "without": self.without,
        });
        let until = self.now.plus_secs(EXPIRES_SECS);
        let stored = statements::next_by(
            newest.as_ref(),
            KIND,
            self.event,
            (self.now, until),
            body,
            &[&self.keys.roster, &self.keys.snapshot],
        )?;
        // As every reader will.
        open(&stored, &self.root)?;
        tx.insert(&stored)?;
        let entry = journal::Entry::new(
            self.line,
            self.now,
            Actor::User(self.user),
            "event.checkpoint_signed",
            journal::subject("event", self.event),
            details,
        );
        journal::record(tx, &entry)?;
        Ok(())
    }

    fn refuse_while_missing(&self, tx: &mut Tx<'_>, event: &Event) -> Result<(), Error> {
        let query = Query::on("by_event").eq(self.event).limit(LIMIT_MAX);
        let devices: Vec<GateDevice> = (tx.list::<GateDevice>(&query)?.into_iter())
            .map(Versioned::into_inner)
            .collect();
        let known: BTreeSet<DeviceId> = devices.iter().map(|device| device.id).collect();
        if !self.without.is_subset(&known) {
            return Err(Error::Field(
                "without",
                "names a device that the event does not have",
            ));
        }
        let mut missing = missing(event, &self.keys, &devices);
        missing.retain(|of| !self.without.contains(&of.device_id));
        if missing.is_empty() {
            return Ok(());
        }
        let told = missing.into_iter().map(|of| (of.device_id, of.device));
        Err(Error::DevicesMissing(told.collect()))
    }
}

fn logs_in(tx: &mut Tx<'_>, event: EventId) -> Result<Vec<Versioned<GateLog>>, DbError> {
    tx.list::<GateLog>(&logs_of(event))
}

/// One more than there may be: a checkpoint that leaves one out must not come to be.
fn logs_of(event: EventId) -> Query {
    let limit = u32::try_from(LOGS_MAX + 1).unwrap_or(u32::MAX);
    Query::on("by_event").eq(event).limit(limit)
}

/// A snapshot is signed again from day to day, which is nothing new about the gates.
fn says_the_same(one: &Checkpoint, other: &Checkpoint) -> bool {
    (one.roster_version, &one.logs) == (other.roster_version, &other.logs)
}

fn open(stored: &StoredStatement, root: &Root) -> Result<Opened<Checkpoint>, Error> {
    let signed = stored.signed()?;
    let opened = Checkpoint::open(&signed, root, stored.event, stored.created, None);
    Ok(opened?)
}

async fn state(app: &App, event: &Event, now: Timestamp) -> Result<CheckpointState, Error> {
    let trust = statements::ensure(app, event, now).await?;
    let devices = roster::devices(&app.db, event.id).await?;
    let newest = statements::latest(&app.db, event.id, KIND).await?;
    let checkpoint = match newest {
        None => None,
        Some(newest) => {
            let root = statements::read::<Root>(&trust.root, &trust.keys.root)?.body;
            let logs = app.db.list::<GateLog>(&logs_of(event.id)).await?;
            Some(view(&open(&newest, &root)?, &devices, &logs))
        }
    };
    Ok(CheckpointState {
        ends_at: event.end,
        checkpoint,
        missing: missing(event, &trust.keys, &devices),
    })
}

fn view(
    newest: &Opened<Checkpoint>,
    devices: &[GateDevice],
    logs: &[Versioned<GateLog>],
) -> CheckpointView {
    let mut of_devices: BTreeMap<DeviceId, (u64, u64)> = BTreeMap::new();
    for log in logs {
        let end = newest.body.end_of(log.log()).map_or(0, |end| end.next_seq);
        let counts = of_devices.entry(log.device).or_default();
        counts.0 += u64::from(end);
        counts.1 += u64::from(log.next_seq.saturating_sub(end));
    }
    let counted = devices.iter().filter_map(|device| {
        let (entries, since) = of_devices.get(&device.id).copied()?;
        Some(SignedOffDevice {
            device_id: device.id,
            device: device.name.clone(),
            entries,
            since,
        })
    });
    CheckpointView {
        version: newest.header.version,
        signed_at: newest.header.created,
        logs: newest.body.logs.len(),
        entries: newest.body.entries(),
        devices: counted.collect(),
    }
}

/// Who may still have something to tell. The office is the server itself.
fn missing(event: &Event, keys: &EventKeys, devices: &[GateDevice]) -> Vec<MissingDevice> {
    let office = office_of(event, keys);
    let waited_for = devices
        .iter()
        .filter(|device| device.status == DeviceStatus::Enrolled && device.id != office);
    let told = waited_for.filter_map(|device| {
        let pending = device.report.as_ref().map_or(0, |report| report.pending);
        let reason = if device.last_seen_at.is_none_or(|seen| seen < event.end) {
            MissingReason::NotHeard
        } else if pending > 0 {
            MissingReason::EntriesPending
        } else {
            return None;
        };
        Some(MissingDevice {
            device_id: device.id,
            device: device.name.clone(),
            reason,
            last_seen_at: device.last_seen_at,
            pending,
        })
    });
    told.collect()
}
