//! Inviting a device (V6): a one-time code, shown once, and the link that carries it.
//!
//! "Once" means one answer: the same `Idempotency-Key` brings it back, because an answer that got
//! lost would leave a device nobody can enrol. Until then it rests sealed by the vault: the database
//! has the hash of a code, and a copy of the database must not be enough to enrol a gate.

use sha2::{Digest as _, Sha256};
use shared::api::gate::{CreateDevice, DeviceEnrolment, DeviceStatus};
use shared::ids::{DeviceId, EventId};
use shared::limits::NAME_CHARS_MAX;
use shared::time::Timestamp;
use shared::trust::RootPin;
use shared::trust::enrolment::{CODE_BYTES, EnrolmentLink, code_from_random, display_code};

use super::model::GateDevice;
use super::{Error, roster, statements, told};
use crate::app::App;
use crate::events::{self, model::Event};
use crate::platform::db::{Query, Tx, Versioned};
use crate::platform::fields::Fields;
use crate::platform::http::Caller;
use crate::platform::http::attempt::{Attempt, Sealed};
use crate::platform::journal::{self, Actor};
use crate::tickets::link_svg;

/// The stored form of a code. 80 random bits need no slow hash.
pub(super) fn code_hash(code: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(code.as_bytes()))
}

/// A new device of the event, and the code that enrols it once.
pub(super) async fn invite(
    app: &App,
    caller: &Caller,
    event: EventId,
    wanted: CreateDevice,
    attempt: Attempt,
    now: Timestamp,
) -> Result<DeviceEnrolment, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    if let Some(shown) = shown_before(app, &attempt, now).await? {
        return Ok(shown);
    }
    let mut fields = Fields::default();
    let name = fields.line("name", &wanted.name, 1, NAME_CHARS_MAX);
    let gates = events::gates_of(&app.db, event.id).await?;
    let gate = gates.iter().find(|gate| gate.id == wanted.gate_id);
    if gate.is_none_or(|gate| gate.archived.is_some()) {
        fields.wrong("gateId", "is not a gate of this event");
    }
    let name = fields.done(name)?;
    if app.db.count::<GateDevice>(&of_event(event.id)).await? >= roster::DEVICES_MAX {
        return Err(Error::TooManyDevices);
    }
    let code = draw_code(app);
    let device = GateDevice {
        id: DeviceId::new(now, app.entropy.id10()),
        event: event.id,
        name,
        gate: wanted.gate_id,
        zones: gate.map_or(0, |gate| gate.zones),
        role: wanted.role,
        attended: wanted.attended,
        status: DeviceStatus::Invited,
        created_at: now,
        code_hash: Some(code_hash(&code)),
        code_expires_at: code_expiry(app, now),
        public_key: None,
        enrolled_at: None,
        evicted_at: None,
        cut: Vec::new(),
        adopted: Vec::new(),
        last_seen_at: None,
        clock_offset_ms: 0,
        app_version: String::new(),
        report: None,
        transcript_code: None,
        entries: 0,
    };
    let shown = show(app, &event, &device, &code, now).await?;
    let actor = Actor::User(caller.user);
    let entry = told::entry(app, actor, "device.invited", &device, now);
    remembered(app, attempt, shown, now, move |tx| {
        tx.insert(&device)?;
        journal::record(tx, &entry)?;
        Ok(())
    })
    .await
}

/// A new code for a device that never enrolled; the old one ends.
pub(super) async fn invite_again(
    app: &App,
    caller: &Caller,
    event: EventId,
    device: DeviceId,
    attempt: Attempt,
    now: Timestamp,
) -> Result<DeviceEnrolment, Error> {
    let event = events::owned_event(&app.db, caller, event).await?;
    if let Some(shown) = shown_before(app, &attempt, now).await? {
        return Ok(shown);
    }
    let mut found = find(app, event.id, device).await?;
    if found.status != DeviceStatus::Invited {
        return Err(Error::AlreadyEnrolled);
    }
    let code = draw_code(app);
    found.code_hash = Some(code_hash(&code));
    found.code_expires_at = code_expiry(app, now);
    let shown = show(app, &event, &found, &code, now).await?;
    let actor = Actor::User(caller.user);
    let entry = told::entry(app, actor, "device.invited", &found, now);
    remembered(app, attempt, shown, now, move |tx| {
        tx.replace(&mut found.clone())?;
        journal::record(tx, &entry)?;
        Ok(())
    })
    .await
    // Enrolled, or invited again, in this very moment.
    .map_err(|error| {
        if error.is_race() {
            Error::AlreadyEnrolled
        } else {
            error
        }
    })
}

/// The answer that the same attempt got before.
async fn shown_before(
    app: &App,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Option<DeviceEnrolment>, Error> {
    let sealed: Option<Option<Sealed>> = attempt.recall::<_, Error>(&app.db, now).await?;
    sealed
        .flatten()
        .map(|sealed| attempt.unseal(&app.vault, &sealed))
        .transpose()
}

/// Does `work` in one commit with the sealed answer. Of two of the same attempt that race, both
/// give the answer of the one that came first.
async fn remembered(
    app: &App,
    attempt: Attempt,
    shown: DeviceEnrolment,
    now: Timestamp,
    work: impl Fn(&mut Tx<'_>) -> Result<(), Error> + Send + Sync + 'static,
) -> Result<DeviceEnrolment, Error> {
    let ours: Option<Sealed> = attempt.seal::<Error>(&app.vault, &shown)?;
    let keyed = attempt.clone();
    let sealed = app
        .db
        .write(move |tx| {
            keyed.once(tx, now, |tx| -> Result<_, Error> {
                work(tx)?;
                Ok(ours.clone())
            })
        })
        .await?;
    match sealed {
        Some(sealed) => attempt.unseal(&app.vault, &sealed),
        None => Ok(shown),
    }
}

/// A device of that event.
pub(super) async fn find(
    app: &App,
    event: EventId,
    device: DeviceId,
) -> Result<Versioned<GateDevice>, Error> {
    let found = app.db.get::<GateDevice>(&device.to_string()).await?;
    found
        .filter(|found| found.event == event)
        .ok_or(Error::NotFound("device"))
}

fn of_event(event: EventId) -> Query {
    Query::on("by_event").eq(event)
}

fn draw_code(app: &App) -> String {
    let mut random = [0; CODE_BYTES];
    app.entropy.fill(&mut random);
    code_from_random(random)
}

fn code_expiry(app: &App, now: Timestamp) -> Timestamp {
    now.plus_secs(i64::try_from(app.config.enrolment_ttl_secs).unwrap_or(i64::MAX))
}

async fn show(
    app: &App,
    event: &Event,
    device: &GateDevice,
    code: &str,
    now: Timestamp,
) -> Result<DeviceEnrolment, Error> {
    let trust = statements::ensure(app, event, now).await?;
    let link = EnrolmentLink {
        hub: app.config.public_url.clone(),
        code: code.to_owned(),
        pin: Some(RootPin::of(&trust.root.signed()?)),
        event: Some(event.id),
    };
    let url = link.to_url();
    Ok(DeviceEnrolment {
        device_id: device.id,
        enrolment_code: display_code(code),
        qr: link_svg(&url)?,
        enrolment_url: url,
        expires_at: device.code_expires_at,
    })
}
